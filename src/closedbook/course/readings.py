"""Readings of the 2023 Perceiver, whose handout leaves open the norms and residuals around the cross-attention.

All readings have the same parameter names and shapes, so only the loss on the corpus shows which one a file was
trained with.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from closedbook.data.vocabulary import PAD, Vocabulary
from closedbook.model.gpt import GPT

LEARNED = 0.6  # of the loss of guessing; a network above it has not learned this corpus in any reading
CLEARLY = 0.2  # nats by which another reading must be better


@dataclass(frozen=True)
class Reading:
    """What happens to the two inputs of both cross-attention layers; the mlp is the usual one in all of them."""

    name: str
    norm_asking: bool | None = None  # of what asks: ln1 in both blocks; None: on C, not on the input
    norm_source: bool | None = None  # of what is attended to; None: not on the input, on y
    residual: bool = True


ASSUMED = Reading("ln1 on C and on y, residuals")
READINGS = (
    ASSUMED,
    Reading("ln1 on all inputs of both attentions, residuals", True, True),
    Reading("ln1 on what asks only (C, and x_input above), residuals", True, False),
    Reading("no norm before the attentions, residuals", False, False),
    Reading("ln1 on C and on y, no residual around the attentions", residual=False),
    Reading("ln1 on all inputs of both attentions, no residual around them", True, True, residual=False),
)


def check_reading(model: GPT, vocabulary: Vocabulary, texts: Sequence[str], source: str) -> None:
    """Warn if another reading fits a network and its corpus better than the one assumed for its answers."""
    losses = {reading.name: loss(model, vocabulary, texts, reading) for reading in READINGS}
    best = min(losses, key=lambda name: losses[name])
    learned_corpus = losses[best] < LEARNED * math.log(vocabulary.size)
    if learned_corpus and losses[best] < losses[ASSUMED.name] - CLEARLY:
        warnings.warn(
            f"{source}: was trained with another reading of the Perceiver: {best} (loss on the corpus "
            f"{losses[best]:.2f}, with the one assumed here {losses[ASSUMED.name]:.2f}). The answers are not those of "
            "the model that was trained; see docs/course.md",
            stacklevel=2,
        )


def loss(model: GPT, vocabulary: Vocabulary, texts: Sequence[str], reading: Reading) -> float:
    """The loss, in nats per character, on the beginnings of some texts under a reading."""
    length = min(model.recipe.context_length - 1, 100)
    rows = [torch.from_numpy(np.asarray(vocabulary.encode(text[:length])[0], np.int64)) for text in texts]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)  # causal: what is behind is unseen
    with read_as(model, reading), torch.no_grad():
        return F.cross_entropy(model.logits(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten(), ignore_index=PAD).item()


@contextmanager
def read_as(model: GPT, reading: Reading) -> Iterator[None]:
    """Temporarily switch a Perceiver's two cross-attention blocks to another reading."""
    stack: Any = model.stack
    down, up = stack.blocks[0], stack.blocks[-1]
    norm_basis = reading.norm_asking is None or reading.norm_asking
    norm_latents = reading.norm_source is None or reading.norm_source

    def as_down(basis: Tensor, tokens: Tensor, rotation: Any, cache: Any) -> Tensor:
        asking = down.attn_norm(basis) if norm_basis else basis
        source = down.attn_norm(tokens) if reading.norm_source else tokens
        return down.add(basis * reading.residual, down.mixer(asking, rotation, cache, source=source))

    def as_up(x: Tensor, latents: Tensor, rotation: Any, cache: Any, most: int, target_positions: Any = None) -> Tensor:
        asking = up.attn_norm(x) if reading.norm_asking else x
        source = up.attn_norm(latents) if norm_latents else latents
        return up.add(
            x * reading.residual, up.mixer(asking, rotation, cache, source=source, most=most), target_positions
        )

    down.forward, up.forward = as_down, as_up  # on these two objects only
    try:
        yield
    finally:
        del down.forward, up.forward
