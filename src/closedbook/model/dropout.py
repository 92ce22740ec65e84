"""Dropout from sixteen random bits for each number; torch's own takes three times as long on a CPU."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.typing import Float

PARTS = 2**16  # a number is dropped by a draw among so many
_here = threading.local()  # .generator: what this thread draws from, instead of torch's own


class Dropout(nn.Module):
    """Set each number to 0 with probability `chance`, rounded to the next of PARTS, and raise the others by as much.

    In training only. Drawn from torch's own generator, so that a step that is seeded drops the same again. Off the CPU
    it is torch's, with the chance as given.
    """

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        return drop(x, self.chance) if self.training else x

    def extra_repr(self) -> str:
        return f"{self.chance:g}"


def drop(x: Float[Tensor, "*shape"], chance: float) -> Float[Tensor, "*shape"]:
    """What Dropout does to x in training."""
    if not chance:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, chance)
    return x * draw(x.shape, chance, x).mul_(gain(chance))


@contextlib.contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """In this thread, draw from a generator of its own: threads that share one drop something else each time."""
    _here.generator = torch.Generator().manual_seed(seed)
    try:
        yield
    finally:
        del _here.generator


def draw(shape: tuple[int, ...], chance: float, like: Tensor) -> Float[Tensor, ...]:
    """1 for each number that stays, 0 for the others: four draws from each 64 random bits.

    Numbers, not bools: multiplying by a bool takes thirty times as long on a CPU.
    """
    count = math.prod(shape)
    bits = torch.empty(-(-count // 4), dtype=torch.int64, device=like.device)
    bits.random_(-(2**63), None, generator=getattr(_here, "generator", None))
    keep = torch.empty(shape, dtype=like.dtype, device=like.device)
    last = _staying(chance) - PARTS // 2 - 1  # the largest draw that keeps: within 16 bits even where none is dropped
    return torch.le(bits.view(torch.int16)[:count].view(shape), last, out=keep)


def gain(chance: float) -> float:
    """What the numbers that stay are multiplied by, so that the mean stays: 1 / (1 − chance), the chance rounded."""
    return PARTS / _staying(chance)


def _staying(chance: float) -> int:
    return max(1, round((1 - chance) * PARTS))
