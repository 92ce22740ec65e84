"""Random choices by `Random.random()` alone, the only method that stays the same between versions of Python."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from random import Random
from typing import TypeVar

T = TypeVar("T")
_SCALE = 10**9


def pick(items: Sequence[T], rng: Random) -> T:
    return items[int(rng.random() * len(items))]


def shuffled(items: Sequence[T], rng: Random) -> list[T]:
    return sorted(items, key=lambda _: rng.random())


def power_law(count: int, exponent: float) -> list[int]:
    """Weights ∝ rank^-exponent; whole numbers, so that no platform rounds a sum of them otherwise."""
    return [max(1, round(1_000_000 * rank**-exponent)) for rank in range(1, count + 1)]


def apportion(total: int, weights: Sequence[int], least: int, most: int) -> list[int]:
    """Whole shares of a total by weight, each from `least` to `most`, the remainder going to the first ranks."""

    def shares(scale: int) -> list[int]:
        return [min(most, max(least, scale * weight // _SCALE)) for weight in weights]

    low, high = 0, _SCALE * most + 1  # shares(low) fit the total; every share of shares(high) is `most`
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sum(shares(middle)) <= total else (low, middle)
    result = shares(low)
    while left := total - sum(result):
        for rank in islice((rank for rank, share in enumerate(result) if share < most), left):
            result[rank] += 1
    return result


def repeated(values: Sequence[T], counts: Sequence[int], rng: Random) -> list[T]:
    """Each value as often as its count says, in random order."""
    return shuffled([value for value, count in zip(values, counts, strict=True) for _ in range(count)], rng)


def weighted_draws(values: Sequence[T], weights: Sequence[int], rng: Random) -> Iterator[T]:
    """Values by weight, without end."""
    sums = list(accumulate(weights))
    while True:
        yield values[bisect(sums, int(rng.random() * sums[-1]))]
