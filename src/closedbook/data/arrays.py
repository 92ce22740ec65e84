"""Stores sequences of different lengths in one array, and training examples made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

BLOCK = 1 << 16  # entries of a long array that are read at once
NONE = -1  # the label of a position that has no target

Rows = np.ndarray | slice  # which sequences; a slice with both ends


@dataclass(frozen=True)
class Ragged:
    """n sequences end to end: sequence i is `values[starts[i]:starts[i + 1]]`."""

    values: np.ndarray  # (total,)
    starts: np.ndarray  # (n + 1,) int64

    @classmethod
    def of(cls, sequences: Sequence[np.ndarray]) -> Ragged:
        """These sequences, as int32."""
        values = np.concatenate([np.zeros(0, np.int32), *sequences]).astype(np.int32)
        return cls(values, offsets(np.fromiter(map(len, sequences), np.int64, len(sequences))))

    @classmethod
    def join(cls, parts: Sequence[Ragged]) -> Ragged:
        """All sequences of the first part, then those of the next."""
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(np.concatenate([part.values for part in parts]), offsets(lengths))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        return self.values[self.starts[i] : self.starts[i + 1]]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)

    @property
    def longest(self) -> int:
        """The length of the longest sequence."""
        blocks = range(0, len(self), BLOCK)
        return max((int(np.diff(self.starts[a : a + BLOCK + 1]).max()) for a in blocks), default=0)

    def lengths_of(self, rows: Rows) -> np.ndarray:
        """The lengths of the sequences at these rows."""
        if isinstance(rows, slice):
            return np.diff(self.starts[rows.start : rows.stop + 1])
        return np.asarray(self.starts[rows + 1] - self.starts[rows])

    def take(self, rows: np.ndarray) -> Ragged:
        """The sequences at these rows, read into memory."""
        lengths = self.lengths_of(rows)
        owner, within = enumerate_ragged(lengths)
        values = self.values[self.starts[rows][owner] + within]
        return Ragged(values.astype(np.int32) if values.dtype.itemsize < 4 else values, offsets(lengths))


def offsets(lengths: np.ndarray) -> np.ndarray:
    """(n,) lengths to (n + 1,) starts."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def enumerate_ragged(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For sequences of these lengths, laid end to end: (which sequence, which position in it) of every value."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return owner, np.arange(len(owner)) - offsets(lengths)[:-1][owner]


class Repeated:
    """`np.repeat(np.arange(n), times)`, entry by entry, without writing it out: `times` gives the counts of a stretch.

    To save memory only one number for every `step` entries is kept; the rest is counted again when needed.
    """

    def __init__(self, n: int, times: Callable[[Rows], np.ndarray], step: int = 128) -> None:
        self.n, self.times, self.step = n, times, step
        counts = [np.zeros(0, np.int64)]
        for first in range(0, n, BLOCK):
            chunk_counts = times(slice(first, min(n, first + BLOCK)))
            counts.append(np.add.reduceat(chunk_counts, np.arange(0, len(chunk_counts), step), dtype=np.int64))
        self.before = offsets(np.concatenate(counts))

    def __len__(self) -> int:
        return int(self.before[-1])

    def __getitem__(self, places: np.ndarray) -> np.ndarray:
        """The entries at these places, all below `len`."""
        group = np.searchsorted(self.before, places, "right") - 1
        number = group[..., None] * self.step + np.arange(self.step)
        within = np.minimum(number, self.n - 1)
        times = np.where(number < self.n, self.times(within.ravel()).reshape(within.shape), 0)
        passed = np.cumsum(times, -1, dtype=np.int64) <= (places - self.before[group])[..., None]
        return np.asarray(group * self.step + passed.sum(-1))


@dataclass(frozen=True)
class Examples:
    """Training examples of different lengths: what the network reads, and what it should predict at each position.

    `labels[j]` is the token to predict after input j, or NONE. `kinds` says which objective of the stage each example
    came from.
    """

    inputs: Ragged  # int32
    labels: np.ndarray  # (total,) int32, beside inputs.values
    kinds: np.ndarray  # (n,) int8

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def targets(self) -> int:
        """How many positions have a target."""
        return int((self.labels != NONE).sum())

    @property
    def target_tokens(self) -> np.ndarray:
        """(targets,) int64: the target tokens."""
        return self.labels[self.labels != NONE].astype(np.int64)

    @property
    def has_target(self) -> np.ndarray:
        """(n,) bool: whether an example has a target."""
        before = offsets(self.labels != NONE)
        return before[self.inputs.starts[1:]] > before[self.inputs.starts[:-1]]

    @classmethod
    def of(cls, inputs: Ragged, labels: np.ndarray) -> Examples:
        """Examples of one objective."""
        return cls(inputs, labels.astype(np.int32), np.zeros(len(inputs), np.int8))

    @classmethod
    def next_token(cls, tokens: Ragged, target_mask: np.ndarray | None = None) -> Examples:
        """Predict every token from those before it, or those in `target_mask` (bool, beside tokens.values) only."""
        keep = np.ones(len(tokens.values), bool)
        keep[tokens.starts[1:] - 1] = False  # the last token of an example is never an input
        seen = np.flatnonzero(keep)
        labels = tokens.values[seen + 1]
        if target_mask is not None:
            labels = np.where(target_mask[seen + 1], labels, NONE)
        return cls.of(Ragged(tokens.values[seen], offsets(tokens.lengths - 1)), labels)

    @classmethod
    def join(cls, parts: Sequence[Examples]) -> Examples:
        """All examples of several objectives; `kinds` numbers the parts."""
        kinds = np.repeat(np.arange(len(parts), dtype=np.int8), [len(part) for part in parts])
        labels = np.concatenate([part.labels for part in parts])
        return cls(Ragged.join([part.inputs for part in parts]), labels, kinds)

    def take(self, rows: np.ndarray) -> Examples:
        """The examples at these rows."""
        labels = Ragged(self.labels, self.inputs.starts).take(rows)
        return Examples(self.inputs.take(rows), labels.values, self.kinds[rows])


def concatenate(parts: Sequence[Ragged]) -> Ragged:
    """Row by row: sequence i of the result is sequence i of each part, one after another."""
    lengths = np.stack([part.lengths for part in parts])  # (parts, n)
    starts = offsets(lengths.sum(0))
    values = np.empty(starts[-1], dtype=parts[0].values.dtype)
    before = starts[:-1]
    for part, length in zip(parts, lengths, strict=True):
        owner, within = enumerate_ragged(length)
        values[before[owner] + within] = part.values
        before = before + length
    return Ragged(values, starts)


def constant(value: int, n: int) -> Ragged:
    """n sequences that hold this one token."""
    return Ragged(np.full(n, value, np.int32), np.arange(n + 1))


def select(values: np.ndarray, mask: np.ndarray) -> Ragged:
    """Row by row, the values of an (n, k) array at which `mask` is true."""
    return Ragged(values[mask].astype(np.int32), offsets(mask.sum(1)))
