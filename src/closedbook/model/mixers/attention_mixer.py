"""What mixers share whose weights are a softmax of scores: masking, cache, dropout, values, and the last map.

A mixer of this kind says in `scores` what its scores are, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.attend import attend, causal, weigh
from closedbook.model.kv_cache import Cache
from closedbook.model.linear import Linear
from closedbook.model.positions import rotate
from closedbook.model.shapes import Heads, Hidden, Scores
from closedbook.typing import Float, Int


class AttentionMixer(nn.Module):
    """softmax(scores) (X Vᵢ) over the positions up to each one's own; heads side by side, through `out`."""

    supports_rotary = False  # whether rotary positions have something to turn

    @dataclass(frozen=True)
    class Config:
        pass

    def __init__(self, config: Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__()
        if recipe.positions == "rotary" and not self.supports_rotary:
            raise RecipeError(
                f'the mixer "{recipe.mixer.name}" has no queries and keys for rotary positions to turn; '
                'set model.positions = "learned" or "none"'
            )
        self.layer, self.heads, self.dropout = layer, recipe.heads, recipe.dropout
        self.value = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)
        self.out = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)

    def scores(
        self, x: Hidden, rotation: Tensor | None, cache: Cache | None
    ) -> Float[Tensor, "some_batch some_head query key"]:
        """The score of every key for every query; batch and head may be 1. What a query must not see is masked later.

        With a cache, x are the next tokens only, the keys all positions so far: see `query_positions` and `cached`.
        """
        raise NotImplementedError

    def forward(self, x: Hidden, rotation: Tensor | None = None, cache: Cache | None = None) -> Hidden:
        v = self.cached("v", self.split(self.value(x)), cache)
        scores = self.scores(x, rotation, cache)
        if cache is not None:
            y = weigh(scores, cache.visible) @ v
        elif torch.compiler.is_exporting():  # a graph for every size has no pieces
            y = weigh(scores, causal(x)) @ v
        else:
            y = attend(v, bias=scores, dropout=self.dropout if self.training else 0.0)
        return self.out(y.transpose(1, 2).flatten(2))

    def weights(self, x: Hidden, rotation: Tensor | None = None) -> Scores:
        """softmax(scores), causal: the share of each position's value that a position takes. Without dropout."""
        return weigh(self.scores(x, rotation, None), causal(x)).expand(len(x), self.heads, -1, -1)

    def split(self, x: Hidden) -> Heads:
        """The width dealt out to the heads."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def cached(self, name: str, new: Heads, cache: Cache | None) -> Float[Tensor, "batch head key d"]:
        """What belongs to every key: of these positions, or with a cache of all positions so far."""
        return new if cache is None else cache.extend(self.layer, name, new)

    def query_positions(self, x: Hidden, cache: Cache | None) -> tuple[Int[Tensor, "some time"], int]:
        """The positions of x, and how many keys there are."""
        if cache is None:
            return torch.arange(x.shape[1], device=x.device)[None], x.shape[1]
        return cache.positions, cache.visible.shape[-1]


class MixedWithSoftmax(AttentionMixer):
    """α₁ S + α₂ QKᵀ/√d_h: the scores S of the mixer behind it, and softmax attention's (Tay et al. 2020, section 3.3).

    α is the softmax of two learned numbers, both 0 at first. Rotary positions turn Q and K.
    """

    supports_rotary = True

    def __init__(self, config: AttentionMixer.Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        self.qk = Linear(recipe.width, 2 * recipe.width, recipe.bias, recipe.matmul_dtype)  # side by side
        self.mixture = nn.Parameter(torch.zeros(2))

    def scores(self, x: Tensor, rotation: Tensor | None, cache: Cache | None) -> Tensor:
        q, k = self.qk(x).unflatten(-1, (2 * self.heads, -1)).split(self.heads, 2)
        if rotation is not None:
            q, k = rotate(q, rotation), rotate(k, rotation)
        k = self.cached("k", k.transpose(1, 2), cache)
        by_content = q.transpose(1, 2) * q.shape[-1] ** -0.5 @ k.mT
        own, vanilla = self.mixture.softmax(0)
        return own * super().scores(x, rotation, cache) + vanilla * by_content
