"""The dense Synthesizer (Tay et al. 2020), as the course defines it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.errors import RecipeError
from closedbook.model.cache import Cache
from closedbook.model.linear import Linear
from closedbook.recipe import ModelRecipe
from closedbook.shapes import Float


class SynthesizerDense(nn.Module):
    """softmax(ReLU(X Aᵢ + b₁) B + b₂) (X Vᵢ): the weights at a position depend on its own content alone.

    A is one d×d map split over the heads; B (d/h, block − 1) and b₂ (block − 1) are shared by the heads, since x
    has block − 1 positions.
    """

    @dataclass(frozen=True)
    class Config:
        pass

    def __init__(self, config: Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__()
        if recipe.positions == "rotary":
            raise RecipeError(
                'the mixer "synthesizer-dense" has no queries and keys for rotary positions to turn; '
                'set model.positions = "learned" or "none"'
            )
        self.layer, self.heads = layer, recipe.heads
        self.A = Linear(recipe.width, recipe.width, recipe.bias, recipe.products)
        self.B = nn.Parameter(torch.empty(recipe.width // recipe.heads, recipe.block - 1))
        self.b2 = nn.Parameter(torch.empty(recipe.block - 1))
        self.value = Linear(recipe.width, recipe.width, recipe.bias, recipe.products)
        self.out = Linear(recipe.width, recipe.width, recipe.bias, recipe.products)
        self.dropout = nn.Dropout(recipe.dropout)
        nn.init.uniform_(self.B, -0.001, 0.001)
        nn.init.zeros_(self.b2)

    def forward(
        self, x: Float[Tensor, "batch time width"], rotation: Tensor | None = None, cache: Cache | None = None
    ) -> Float[Tensor, "batch time width"]:
        v = self.value(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (batch, head, time, d)
        if cache is not None:
            v = cache.extend(self.layer, "v", v)
            visible = cache.visible
        else:
            visible = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        weights = self.dropout(self._weights(x, visible))
        return self.out((weights @ v).transpose(1, 2).flatten(2))

    def weights(
        self, x: Float[Tensor, "batch time width"], rotation: Tensor | None = None
    ) -> Float[Tensor, "batch head query key"]:
        """softmax(ReLU(X Aᵢ + b₁) B + b₂), causal: the share of each position's value taken. Without dropout."""
        return self._weights(x, torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril())

    def _weights(self, x: Tensor, visible: Tensor) -> Tensor:
        length = visible.shape[-1]
        hidden = F.relu(self.A(x)).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (batch, head, time, d)
        scores = hidden @ self.B[:, :length] + self.b2[:length]
        return scores.masked_fill(~visible, float("-inf")).softmax(-1)
