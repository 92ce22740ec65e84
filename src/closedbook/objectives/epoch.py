"""One epoch of an objective: the order of its items, and the random numbers for each.

For a large corpus neither fits into memory. PCG64 can jump to any place of its stream (O'Neill 2014), so an item's
numbers are drawn when it is needed, and are the same as if all had been drawn at once. Above `SHUFFLED` items the order
is a Feistel network on the item numbers, repeated until the result is below their count (Black and Rogaway 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

SHUFFLED = 1 << 22  # items whose order is an array, of 32 MiB at most
KEPT = 1 << 22  # random numbers that are drawn at once and kept, 32 MiB at most
ROUNDS = 6


class Epoch:
    """The random numbers depend on `key` alone. With `in_order` the items come in the order of the file."""

    def __init__(self, key: Sequence[int], items: int, draws: int, in_order: bool) -> None:
        self.key, self.items, self.draws, self.in_order = key, items, draws, in_order

    def items_at(self, first: int, last: int) -> np.ndarray:
        """The items at positions `first` up to, but not including, `last`."""
        if self.in_order:
            return np.arange(first, last)
        if self.items <= SHUFFLED:
            return self._order[first:last]
        return feistel(np.arange(first, last), self.items, self._round_keys)

    def numbers(self, items: np.ndarray) -> np.ndarray:
        """(len(items), draws) in [0, 1): each item's random numbers, the same at every call."""
        if self.items * self.draws <= KEPT:
            return self._all[items]
        bits = np.random.PCG64(np.random.SeedSequence(self.key))
        generator = np.random.Generator(bits)
        rows = np.empty((len(items), self.draws))
        place = 0
        for row, item in zip(rows, items.tolist(), strict=True):
            bits.advance((item - place) * self.draws)
            generator.random(out=row)
            place = item + 1
        return rows

    @cached_property
    def _all(self) -> np.ndarray:
        return np.random.default_rng(self.key).random((self.items, self.draws))

    @cached_property
    def _order(self) -> np.ndarray:
        bits = np.random.PCG64(np.random.SeedSequence(self.key))
        bits.advance(self.items * self.draws)  # what follows the items' own numbers
        return np.random.Generator(bits).permutation(self.items)

    @cached_property
    def _round_keys(self) -> np.ndarray:
        return np.random.default_rng([*self.key, ROUNDS]).integers(0, 2**63, ROUNDS).astype(np.uint64)


def feistel(places: np.ndarray, count: int, keys: np.ndarray) -> np.ndarray:
    """Apply a permutation of range(count), chosen by the keys of its rounds, to these positions."""
    half = np.uint64((max(count - 1, 1).bit_length() + 1) // 2)
    mask = (np.uint64(1) << half) - np.uint64(1)
    permuted = places.astype(np.uint64)
    walking = np.ones(len(permuted), bool)
    while walking.any():
        left, right = permuted[walking] >> half, permuted[walking] & mask
        for key in keys:
            left, right = right, left ^ (_mixed(right ^ key) & mask)
        permuted[walking] = (left << half) | right
        walking = permuted >= count
    return permuted.astype(np.int64)


def _mixed(x: np.ndarray) -> np.ndarray:
    """Mix the bits (the finaliser of SplitMix64: Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))
