"""Slices: a batch cut into pieces of similar length, each trimmed to its longest example.

PAD is ignored in the loss and attention is causal, so trailing PAD changes no gradient: cutting it off, and
dividing the summed loss by the whole batch's targets, is the padded batch's mathematics at a fraction of the work
(a test holds the gradients to it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from closedbook.data.arrays import NONE, Examples, enumerate_ragged
from closedbook.data.vocabulary import PAD
from closedbook.model.linear import few
from closedbook.model.packing import PackedBatch, Packing

BATCH_COST = 128  # of one more slice on a CPU, in positions: kernel launches against a position's arithmetic


@dataclass(frozen=True)
class Slice:
    """Some examples of a batch, as the network takes them."""

    tokens: Tensor  # (rows, time) int64: inputs, padded on the right
    target_positions: Tensor  # (targets,) int64: flat positions in (rows · time) that are asked for something
    target: Tensor  # (targets,) int64: what they should say
    kinds: Tensor  # (rows,) int8: which objective each row came from

    def to(self, device: torch.device) -> Slice:
        return Slice(*(tensor.to(device, non_blocking=True) for tensor in vars(self).values()))


def shard(batch: Sequence[Examples], rank: int, processes: int, at_once: int) -> Iterator[tuple[int, Slice]]:
    """One process's rows of every piece of a batch, with the piece's number, trimmed again.

    The whole batch's rows, shortest first, go to the processes by turns, so that all have as many of each length.
    With `at_once` a slice has no more positions than that, unless it is a single row; slices' gradients add up.
    """
    before = 0
    for number, piece in enumerate(batch):
        rows = np.arange((rank - before) % processes, len(piece), processes)
        before += len(piece)
        if not len(rows):
            continue
        longest = int(piece.inputs.lengths[rows[-1]])
        count = -(-len(rows) // max(1, at_once // longest)) if at_once else 1
        for some in np.array_split(rows, count):
            yield number, pad(piece.take(some))


def pack(
    examples: Examples, rank: int = 0, processes: int = 1, at_once: int = 0, few_shapes: bool = True
) -> Iterator[PackedBatch]:
    """One process's rows of a batch, laid end to end.

    The rows that are asked for something, shortest first, go to the processes by turns, so that all have as many of
    each length. With `at_once` there are several parts, of about so many positions each; their gradients add up.
    """
    rows = np.flatnonzero(examples.has_target)
    lengths = examples.inputs.lengths
    rows = rows[np.argsort(lengths[rows], kind="stable")][rank::processes]
    count = max(1, -(-int(lengths[rows].sum()) // at_once)) if at_once else 1
    for part in range(count):
        if len(some := rows[part::count]):
            yield _packed(examples.take(some), few_shapes)


def _packed(examples: Examples, few_shapes: bool) -> PackedBatch:
    packing = Packing.of(examples.inputs.lengths, few_shapes)
    total = len(packing.positions)
    tokens, labels = np.full(total, PAD, np.int64), np.full(total, NONE, np.int64)
    tokens[: packing.tokens], labels[: packing.tokens] = examples.inputs.values, examples.labels
    targets = np.flatnonzero(labels != NONE)
    if few(len(targets)) > total // 2:  # then it is not worth it to take them out
        return PackedBatch(packing, torch.from_numpy(tokens), None, torch.from_numpy(labels))
    positions = np.full(few(len(targets)), total - 1, np.int64)
    positions[: len(targets)] = targets
    return PackedBatch(packing, *map(torch.from_numpy, (tokens, positions, labels[positions])))


def bucket(examples: Examples, batch_cost: int = BATCH_COST) -> list[Examples]:
    """The pieces of a batch that minimise padded positions plus `batch_cost` for each, rows ascending in length.

    Examples asked for nothing are left out.
    """
    examples = examples.take(np.flatnonzero(examples.has_target))
    if not len(examples):
        return []
    lengths = examples.inputs.lengths
    order = np.argsort(lengths, kind="stable")
    bounds = _best_cuts(lengths[order], batch_cost)
    return [examples.take(order[a:b]) for a, b in pairwise(bounds)]


def _best_cuts(lengths: np.ndarray, batch_cost: int) -> list[int]:
    """Boundaries of the cheapest partition of ascending lengths, by dynamic programming over distinct lengths."""
    distinct, first = np.unique(lengths, return_index=True)
    ends = np.append(first[1:], len(lengths))
    starts = np.append(first, len(lengths))
    cost = np.zeros(len(distinct) + 1)
    back = np.zeros(len(distinct) + 1, np.int64)
    for i, (length, end) in enumerate(zip(distinct, ends, strict=True)):
        options = cost[: i + 1] + (end - starts[: i + 1]) * length + batch_cost
        back[i + 1] = options.argmin()
        cost[i + 1] = options[back[i + 1]]
    cuts = [len(distinct)]
    while cuts[-1]:
        cuts.append(int(back[cuts[-1]]))
    return [int(starts[i]) for i in reversed(cuts)]


def pad(examples: Examples, width: int = 0) -> Slice:
    """Examples as the network takes them, padded to `width` positions, or to the longest of them."""
    lengths = examples.inputs.lengths
    width = width or int(lengths.max())
    row, column = enumerate_ragged(lengths)
    padded = np.full((len(lengths), width), PAD, np.int64)
    padded[row, column] = examples.inputs.values
    is_target = examples.labels != NONE
    target_positions = row[is_target] * width + column[is_target]
    target = examples.labels[is_target].astype(np.int64)
    return Slice(*map(torch.from_numpy, (padded, target_positions, target, examples.kinds)))
