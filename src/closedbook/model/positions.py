"""Positions: how the network knows where a token stands. One class each; a recipe names one."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from closedbook.errors import RecipeError
from closedbook.recipe import ModelRecipe
from closedbook.shapes import Float, Int


class Rotation(NamedTuple):
    """cos and sin of the angle of each pair of dimensions at each position: (batch or 1, time, head width / 2)."""

    cos: Tensor
    sin: Tensor


class Positions(nn.Module):
    """A vector to add to the embedding, or a rotation of queries and keys, or neither."""

    def __init__(self, recipe: ModelRecipe) -> None:
        super().__init__()

    def embed(self, at: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time width"] | None:
        return None

    def rotation(self, at: Int[Tensor, "batch time"]) -> Rotation | None:
        return None


class NoPositions(Positions):
    """Order reaches the network through the causal mask alone."""


class Learned(Positions):
    """A trained vector per position, starting at 0 as in the course."""

    def __init__(self, recipe: ModelRecipe) -> None:
        super().__init__(recipe)
        self.table = nn.Parameter(torch.zeros(recipe.block, recipe.width))

    def embed(self, at: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time width"]:
        return self.table[at]


class Rotary(Positions):
    """Rotary positions (Su et al. 2021): adjacent pairs of each head turn by position · 10000^(−2(i−1)/d_h)."""

    frequencies: Tensor

    def __init__(self, recipe: ModelRecipe) -> None:
        super().__init__(recipe)
        head_width = recipe.width // recipe.heads
        if head_width % 2:
            raise RecipeError(f"rotary positions turn pairs: model.width / model.heads = {head_width} must be even")
        frequencies = 10_000.0 ** (-torch.arange(0, head_width, 2) / head_width)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def rotation(self, at: Int[Tensor, "batch time"]) -> Rotation:
        angle = at[..., None] * self.frequencies
        return Rotation(angle.cos(), angle.sin())


def rotate(x: Float[Tensor, "batch time head d"], rotation: Rotation) -> Float[Tensor, "batch time head d"]:
    """Turn each adjacent pair of the last dimension by the angle of its position."""
    cos, sin = rotation.cos[:, :, None], rotation.sin[:, :, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)
