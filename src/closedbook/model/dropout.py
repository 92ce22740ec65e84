"""Dropout from sixteen random bits for each number; torch's own takes three times as long on a CPU."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
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


def drop(x: Float[Tensor, "*shape"], chance: float) -> Float[Tensor, "*shape"]:
    """What Dropout does to x in training."""
    if not chance:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, chance)
    return x * draw(x.shape, chance, x).mul_(gain(chance))


def add_dropped(x: Float[Tensor, "*shape"], y: Float[Tensor, "*shape"], chance: float) -> Float[Tensor, "*shape"]:
    """x + drop(y, chance) on a CPU, of x's type; y may be of a lower one, and its gradient is."""
    return _AddDropped.apply(x, y, chance)


class _AddDropped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, chance: float) -> Tensor:
        ctx.keep = draw(y.shape, chance, y) if chance else None
        ctx.gain, ctx.dtype = gain(chance), y.dtype
        return torch.add(x, (y if ctx.keep is None else y * ctx.keep).to(x.dtype), alpha=ctx.gain)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        (gradient,) = gradients
        dy = gradient.to(ctx.dtype)
        return gradient, dy if ctx.keep is None else (dy * ctx.keep).mul_(ctx.gain), None


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
    count, on_cpu = math.prod(shape), like.device.type == "cpu"
    words = -(-count // 4)
    bits = torch.empty(1 if on_cpu else words, dtype=torch.int64, device=like.device)
    bits.random_(-(2**63), None, generator=getattr(_here, "generator", None))
    if on_cpu:  # torch draws the seed, and NumPy the rest: in less than half of the time
        drawn = np.random.Generator(np.random.SFC64(int(bits) % 2**64)).integers(0, 2**64, words, np.uint64)
        bits = torch.from_numpy(drawn.view(np.int64))
    keep = torch.empty(shape, dtype=like.dtype, device=like.device)
    last = _staying(chance) - PARTS // 2 - 1  # the largest draw that keeps: within 16 bits even where none is dropped
    return torch.le(bits.view(torch.int16)[:count].view(shape), last, out=keep)


def gain(chance: float) -> float:
    """What the numbers that stay are multiplied by, so that the mean stays: 1 / (1 − chance), the chance rounded."""
    return PARTS / _staying(chance)


def _staying(chance: float) -> int:
    return max(1, round((1 - chance) * PARTS))
