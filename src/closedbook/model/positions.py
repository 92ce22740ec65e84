"""Positions: how the network knows where a token stands. One class each; a recipe names one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.shapes import Hidden, Tokens
from closedbook.typing import Float


class Positions(nn.Module):
    """A vector to add to the embedding, or a rotation of queries and keys, or neither.

    A rotation is a unit complex number for each pair of a head's dimensions: (batch or 1, time, head width / 2).
    """

    def __init__(self, recipe: ModelRecipe) -> None:
        super().__init__()

    def embed(self, positions: Tokens) -> Hidden | None:
        return None

    def rotation(self, positions: Tokens) -> Tensor | None:
        return None


class NoPositions(Positions):
    """Order reaches the network through the causal mask alone."""


class Learned(Positions):
    """A trained vector per position, starting at 0 as in the course."""

    def __init__(self, recipe: ModelRecipe) -> None:
        super().__init__(recipe)
        self.table = nn.Parameter(torch.zeros(recipe.context_length, recipe.width))

    def embed(self, positions: Tokens) -> Hidden:
        return F.embedding(positions, self.table)


class Rotary(Positions):
    """Rotary positions (Su et al. 2021): adjacent pairs of each head turn by position · 10000^(−2(i−1)/d_h)."""

    turns: Tensor

    def __init__(self, recipe: ModelRecipe) -> None:
        super().__init__(recipe)
        head_width = recipe.width // recipe.heads
        if head_width % 2:
            raise RecipeError(f"rotary positions turn pairs: model.width / model.heads = {head_width} must be even")
        self.register_buffer("turns", _turns(recipe.context_length, head_width), persistent=False)

    def rotation(self, positions: Tokens) -> Tensor:
        if torch.compiler.is_exporting():  # graphs for other tools know no complex numbers
            return torch.view_as_real(self.turns)[positions]
        return self.turns[positions]


def _turns(length: int, head_width: int) -> Tensor:
    if torch.get_default_device().type == "meta":  # shapes alone: arithmetic there would load a compiler, for 2 s
        return torch.empty(length, head_width // 2, dtype=torch.complex64)
    frequencies = 10_000.0 ** (-torch.arange(0, head_width, 2, dtype=torch.float64) / head_width)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * frequencies
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)


def rotate(x: Float[Tensor, "batch time *head d"], rotation: Tensor) -> Float[Tensor, "batch time *head d"]:
    """Turn each adjacent pair of the last dimension by its position's angle: as complex numbers, one product."""
    if x.dtype == torch.bfloat16:  # has no complex numbers
        return rotate(x.float(), rotation).bfloat16()
    if torch.compiler.is_exporting():
        real, imaginary = rotation.reshape(*rotation.shape[:2], *[1] * (x.ndim - 3), *rotation.shape[2:]).unbind(-1)
        first, second = x.unflatten(-1, (-1, 2)).unbind(-1)
        turned = (first * real - second * imaginary, first * imaginary + second * real)
        return torch.stack(turned, -1).flatten(-2)
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    rotation = rotation.reshape(*rotation.shape[:2], *[1] * (x.ndim - 3), rotation.shape[-1]).to(pairs.dtype)
    return torch.view_as_real(pairs * rotation).flatten(-2)
