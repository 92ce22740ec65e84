"""Stacks: how blocks are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from closedbook.model.cache import Cache
from closedbook.recipe import ModelRecipe
from closedbook.shapes import Float, Int


class Uniform(nn.Module):
    """The same kind of block, one after another."""

    @dataclass(frozen=True)
    class Config:
        pass

    def __init__(self, config: Config, recipe: ModelRecipe, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(
        self,
        x: Float[Tensor, "batch time width"],
        rotation: Tensor | None,
        cache: Cache | None,
        at: Int[Tensor, " target"] | None = None,
    ) -> Float[Tensor, ...]:
        """(batch, time, width) to the same; or to (target, width) at the flat positions `at`, after the last mixer."""
        *before, last = self.blocks
        for block in before:
            x = block(x, rotation, cache)
        return last(x, rotation, cache, at)
