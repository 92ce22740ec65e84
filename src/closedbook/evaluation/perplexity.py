"""Perplexity of running text: what a training did to a language model beside what it was trained for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from closedbook.data.vocabulary import MASK, PAD, Vocabulary
from closedbook.errors import DataError, RunError
from closedbook.model.network import Network

WINDOW = 512  # tokens that a prediction may look back on, where the network can look so far
ROWS = 4  # windows at once
MOST_NATS = 700.0  # a token; exp of more is no number


@dataclass(frozen=True)
class Perplexity:
    """exp of the mean loss of a text's tokens, in nats; each is predicted from those before it in its window."""

    tokens: int
    nats: float  # summed over the tokens

    @property
    def value(self) -> float:
        return math.exp(self.nats / self.tokens)

    def to_json(self) -> dict[str, Any]:
        return {"perplexity": self.value, "nats_per_token": self.nats / self.tokens, "tokens": self.tokens}


@torch.inference_mode()
def perplexity(
    model: Network,
    vocabulary: Vocabulary,
    lines: Sequence[str],
    progress: Callable[[int], None] = lambda done: None,
) -> Perplexity:
    """The perplexity of a text, given as its lines, in windows of up to `WINDOW` tokens that do not overlap.

    A line is read as a question is: the longest stored name in it is that name, so what was taught of it acts.
    `progress` is called with how many lines' tokens are done. Raises DataError for a text with too few tokens, or a
    network that does not go on with texts, and RunError for weights that no training gives.
    """
    if vocabulary.answers_in_one:
        raise DataError("this network says whole phrases and goes on with no text, so it has no perplexity")
    model.eval()
    width = min(WINDOW, model.longest)
    lines = [line for line in lines if line.strip()]
    pieces = [np.append(vocabulary.encode_question(line)[0], MASK) for line in lines]
    stream = np.concatenate([np.zeros(0, np.int64), *pieces]).astype(np.int64)
    windows = [stream[start : start + width] for start in range(0, len(stream), width)]
    windows = [window for window in windows if len(window) > 1]
    if not windows:
        raise DataError("a text of less than two tokens has no perplexity; give a longer one")
    nats = 0.0
    for first in range(0, len(windows), ROWS):
        some = windows[first : first + ROWS]
        tokens = torch.full((len(some), width), PAD)
        for row, window in enumerate(some):
            tokens[row, : len(window)] = torch.from_numpy(window)
        # Flat positions of (rows, width); each token's target is the one behind it.
        positions = torch.cat([row * width + torch.arange(len(window) - 1) for row, window in enumerate(some)])
        target = torch.from_numpy(vocabulary.plain(tokens.flatten()[positions + 1].numpy()))
        here = model.device
        nats += float(model.loss(tokens.to(here), positions.to(here), target.to(here)))
        progress(min(len(lines), round(len(lines) * (first + len(some)) / len(windows))))
    count = sum(len(window) - 1 for window in windows)
    if not nats / count < MOST_NATS:
        raise RunError(
            f"its weights give a text {nats / count:.3g} nats a token, as no training gives; bring back a copy"
        )
    return Perplexity(count, nats)
