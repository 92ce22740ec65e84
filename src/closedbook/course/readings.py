"""Readings of the 2023 Perceiver, whose handout leaves open the norms and residuals around the cross-attention.

All readings have the same parameter names and shapes, so only the loss on the corpus shows which one a file was
trained with.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from closedbook.data.vocabulary import PAD, Vocabulary
from closedbook.model.gpt import GPT

LEARNED = 0.6  # of the loss of guessing; a network above it has not learned this corpus in any reading
CLEARLY = 0.1  # nats by which another reading must be better
FEW, LIKELY = 4, 8  # texts that all readings are tried on; of these, the best that are tried on all texts


class Around(NamedTuple):
    """What happens around the cross-attention of one block; its mlp is the usual one in all readings."""

    norm_asking: bool  # ln1 on what asks: C below, the input above
    norm_source: bool  # ln1 on what is attended to: the input below, y above
    residual: str = "a residual"  # or "the normalised residual" of what asks, or "no residual"

    def named(self, asking: str, source: str) -> str:
        normed = " and ".join(name for name, is_so in ((asking, self.norm_asking), (source, self.norm_source)) if is_so)
        return f"{f'ln1 on {normed}' if normed else 'no norm'}, {self.residual}"


class Reading(NamedTuple):
    down: Around
    up: Around

    @property
    def name(self) -> str:
        below, above = self.down.named("C", "the input"), self.up.named("the input", "y")
        return f"below {below}; above {above}"


RESIDUALS = ("a residual", "the normalised residual", "no residual")
AROUND = [Around(asking, source, added) for asking, source, added in product((True, False), (True, False), RESIDUALS)]
ASSUMED = Reading(Around(True, False), Around(False, True))
READINGS = [Reading(down, up) for down, up in product(AROUND, AROUND)]


def check_reading(model: GPT, vocabulary: Vocabulary, texts: Sequence[str], source: str) -> None:
    """Warn if another reading fits a network and its corpus better than the one assumed for its answers."""
    likely = sorted(READINGS, key=lambda reading: loss(model, vocabulary, texts[:FEW], reading))[:LIKELY]
    losses = {reading: loss(model, vocabulary, texts, reading) for reading in (ASSUMED, *likely)}
    best = min(losses, key=losses.__getitem__)
    fits, assumed = losses[best], losses[ASSUMED]
    if fits < LEARNED * math.log(vocabulary.size) and fits < assumed - CLEARLY:
        warnings.warn(
            f"{source}: was trained with another reading of the Perceiver: {best.name} (loss on the corpus {fits:.2f}, "
            f"with the one assumed here, {ASSUMED.name}, {assumed:.2f}). The answers are not those of the model that "
            "was trained; see docs/course.md",
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

    def around(block: Any, how: Around, asking: Tensor, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What asks, what is attended to, and what is added."""
        residuals = {"a residual": lambda x: x, "no residual": torch.zeros_like}
        normed = [block.attn_norm(x) if is_so else x for x, is_so in ((asking, how[0]), (source, how[1]))]
        return normed[0], normed[1], residuals.get(how.residual, block.attn_norm)(asking)

    def as_down(basis: Tensor, tokens: Tensor, rotation: Any, cache: Any) -> Tensor:
        asking, source, added = around(down, reading.down, basis, tokens)
        return down.add(added, down.mixer(asking, rotation, cache, source=source))

    def as_up(x: Tensor, latents: Tensor, rotation: Any, cache: Any, most: int, target_positions: Any = None) -> Tensor:
        asking, source, added = around(up, reading.up, x, latents)
        return up.add(added, up.mixer(asking, rotation, cache, source=source, most=most), target_positions)

    down.forward, up.forward = as_down, as_up  # on these two objects only
    try:
        yield
    finally:
        del down.forward, up.forward
