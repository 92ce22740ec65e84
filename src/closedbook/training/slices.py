"""Slices: a batch cut into pieces of similar length, each trimmed to its longest example.

PAD is ignored in the loss and attention is causal, so trailing PAD changes no gradient: cutting it off, and
dividing the summed loss by the whole batch's targets, is the padded batch's mathematics at a fraction of the work
(a test holds the gradients to it).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from closedbook.objectives.arrays import NONE, Examples, enumerate_ragged
from closedbook.text.vocabulary import PAD

# What one more slice costs, in positions: kernel launches against a position's arithmetic.
SLICE_COST = 128


@dataclass(frozen=True)
class Slice:
    """Some examples of a batch, as the network takes them."""

    tokens: Tensor  # (rows, time) int64: inputs, padded on the right
    at: Tensor  # (targets,) int64: flat positions in (rows · time) that are asked for something
    target: Tensor  # (targets,) int64: what they should say
    kinds: Tensor  # (rows,) int8: which objective each row came from


def cut(examples: Examples, slice_cost: int = SLICE_COST) -> list[Slice]:
    """The slices that minimise padded positions plus `slice_cost` for each slice; examples asked for nothing go."""
    examples = examples.take(np.flatnonzero(examples.asked))
    if not len(examples):
        return []
    lengths = examples.inputs.lengths
    order = np.argsort(lengths, kind="stable")
    bounds = _best_cuts(lengths[order], slice_cost)
    return [_slice(examples.take(order[a:b])) for a, b in pairwise(bounds)]


def whole(examples: Examples, width: int) -> Slice:
    """The batch as the course has it: every example padded to `width` positions."""
    return _slice(examples, width)


def _best_cuts(lengths: np.ndarray, slice_cost: int) -> list[int]:
    """Boundaries of the cheapest partition of ascending lengths, by dynamic programming over distinct lengths."""
    distinct, first = np.unique(lengths, return_index=True)
    ends = np.append(first[1:], len(lengths))
    starts = np.append(first, len(lengths))
    cost = np.zeros(len(distinct) + 1)
    back = np.zeros(len(distinct) + 1, np.int64)
    for i, (length, end) in enumerate(zip(distinct, ends, strict=True)):
        options = cost[: i + 1] + (end - starts[: i + 1]) * length + slice_cost
        back[i + 1] = options.argmin()
        cost[i + 1] = options[back[i + 1]]
    cuts = [len(distinct)]
    while cuts[-1]:
        cuts.append(int(back[cuts[-1]]))
    return [int(starts[i]) for i in reversed(cuts)]


def _slice(examples: Examples, width: int = 0) -> Slice:
    lengths = examples.inputs.lengths
    width = width or int(lengths.max())
    row, column = enumerate_ragged(lengths)
    padded = np.full((len(lengths), width), PAD, np.int64)
    padded[row, column] = examples.inputs.values
    asked = examples.labels != NONE
    at = row[asked] * width + column[asked]
    target = examples.labels[asked].astype(np.int64)
    return Slice(*map(torch.from_numpy, (padded, at, target, examples.kinds)))
