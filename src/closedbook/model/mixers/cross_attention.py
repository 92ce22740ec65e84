"""Causal attention from one sequence to another, as the course's Perceiver has it (2023). No mixer by itself.

Cost: 2·d² multiplications for each query's own maps, 2·d² for each key's, and for each pair d each for score and sum.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.model.attend import weigh
from closedbook.model.dropout import drop
from closedbook.model.kv_cache import Cache
from closedbook.model.linear import Linear
from closedbook.model.positions import rotate
from closedbook.model.shapes import Scores
from closedbook.typing import Bool, Float


class Cross(nn.Module):
    """softmax(QKᵀ/√d_h) V with Q from one sequence, K and V from `source`: position i sees the source's up to i."""

    def __init__(self, recipe: ModelRecipe, layer: int) -> None:
        super().__init__()
        self.layer, self.heads, self.dropout = layer, recipe.heads, recipe.dropout
        self.query = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)
        self.key = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)
        self.value = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)
        self.out = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)

    def forward(
        self,
        x: Float[Tensor, "batch query width"],
        rotation: Tensor | None = None,
        cache: Cache | None = None,
        *,
        source: Float[Tensor, "batch key width"],
        most: int | None = None,
    ) -> Float[Tensor, "batch query width"]:
        """`rotation` reaches to the longer of the two. With a cache both are the next ones, and the source's are kept.

        `most`: the source has no more positions than so many; what stands beyond is seen by nobody.
        """
        q, k, v = self._queries_keys_values(x, rotation, source)
        visible = _tril(q, k)
        if cache is not None:
            new = cache.first(source.shape[1])
            k, v = new.extend(self.layer, "k", k)[:, :, :most], new.extend(self.layer, "v", v)[:, :, :most]
            visible = cache.visible[..., :most]
        if self.training and self.dropout:  # where torch's own takes the plain formula
            y = drop(weigh(q * q.shape[-1] ** -0.5 @ k.mT, visible), self.dropout) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=visible)
        return self.out(y.transpose(1, 2).flatten(2))

    def weights(
        self,
        x: Float[Tensor, "batch query width"],
        rotation: Tensor | None = None,
        *,
        source: Float[Tensor, "batch key width"],
        most: int | None = None,
    ) -> Scores:
        """softmax(QKᵀ/√d_h), causal: the share of each source position's value that a position takes. No dropout."""
        q, k, _ = self._queries_keys_values(x, rotation, source)
        return weigh(q * q.shape[-1] ** -0.5 @ k.mT, _tril(q, k))

    def _queries_keys_values(self, x: Tensor, rotation: Tensor | None, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(batch, head, time, d) each."""
        maps = ((self.query, x), (self.key, source), (self.value, source))
        q, k, v = (linear(sequence).unflatten(-1, (self.heads, -1)) for linear, sequence in maps)
        if rotation is not None:
            q, k = rotate(q, rotation[:, : q.shape[1]]), rotate(k, rotation[:, : k.shape[1]])
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)


def _tril(q: Float[Tensor, "batch head query d"], k: Float[Tensor, "batch head key d"]) -> Bool[Tensor, "query key"]:
    return torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()
