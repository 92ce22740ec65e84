"""Scaled dot-product attention with several heads (Vaswani et al. 2017), causal.

Cost: for each token 4·d² multiplications for Q, K, V and the last map and T·d each for scores and sum. Decoding keeps
keys and values: 2·d numbers, 8·d bytes, for each token and layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.model.attend import attend, causal, weigh
from closedbook.model.kv_cache import Cache
from closedbook.model.linear import Linear
from closedbook.model.network import at_targets
from closedbook.model.ops import rms_norm
from closedbook.model.packing import Packing, attend_packed
from closedbook.model.positions import rotate
from closedbook.model.shapes import Hidden, Packed, Scores, Targets
from closedbook.typing import Float


class Softmax(nn.Module):
    """softmax(QKᵀ/√d_h) V in each head, heads side by side, then a linear map."""

    @dataclass(frozen=True)
    class Config:
        qk_norm: bool = False  # queries and keys of each head to unit mean square (Henry et al. 2020)

    def __init__(self, config: Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__()
        self.layer, self.heads, self.dropout, self.qk_norm = layer, recipe.heads, recipe.dropout, config.qk_norm
        self.qkv = Linear(recipe.width, 3 * recipe.width, recipe.bias, recipe.matmul_dtype)
        self.out = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)

    def forward(self, x: Hidden, rotation: Tensor | None = None, cache: Cache | None = None) -> Hidden:
        q, k, v = self._queries_keys_values(x, rotation)
        if cache is not None:
            k, v = cache.extend(self.layer, "k", k), cache.extend(self.layer, "v", v)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=cache.visible)
        elif self.training and self.dropout and x.device.type == "cpu":  # where torch's own takes the plain formula
            y = attend(v, q * q.shape[-1] ** -0.5, k, dropout=self.dropout)
        else:
            dropout = self.dropout if self.training else 0.0
            y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(2))

    def forward_packed(self, x: Packed, rotation: Tensor | None, packing: Packing) -> Packed:
        """The output of rows laid end to end; `rotation` is each token's, (1, token, d/2)."""
        qkv = self.qkv.product(x)
        if self.qk_norm or rotation is not None:
            qk, v = qkv.unflatten(-1, (3, self.heads, -1)).split((2, 1), 1)
            if self.qk_norm:
                qk = rms_norm(qk)
            if rotation is not None:
                qk = rotate(qk[None], rotation)[0]
            qkv = torch.cat([qk, v], 1).flatten(1)
        return self.out.product(attend_packed(qkv, packing, self.heads, self.dropout if self.training else 0.0))

    def forward_at(
        self, x: Hidden, rotation: Tensor | None, target_positions: Targets
    ) -> Float[Tensor, "target width"]:
        """The output at the flat `target_positions` of (batch · time), ascending: the others' queries are left out.

        Of few positions this is a half of the work, and the gradient's.
        """
        batch, time, width = x.shape
        if self.dropout or 2 * len(target_positions) > batch * time:
            return at_targets(self(x, rotation), target_positions)
        row = target_positions // time
        first = torch.searchsorted(row, torch.arange(batch, device=row.device))
        number = torch.arange(len(row), device=row.device) - first[row]  # of a target in its row
        most = int(number.max()) + 1 if len(number) else 1
        q = self.qkv.rows(at_targets(x, target_positions), slice(0, width)).unflatten(-1, (self.heads, -1))
        k, v = self.qkv.rows(x, slice(width, None)).unflatten(-1, (2, self.heads, -1)).unbind(2)
        if self.qk_norm:
            q, k = rms_norm(q), rms_norm(k)
        if rotation is not None:
            target_rotation = rotation.expand(batch, *rotation.shape[1:]).flatten(0, 1)[target_positions]
            q, k = rotate(q[None], target_rotation[None])[0], rotate(k, rotation)
        queries = q.new_zeros(batch, most, *q.shape[1:]).index_put((row, number), q)
        last = target_positions.new_zeros(batch, most).index_put((row, number), target_positions % time)
        visible = torch.arange(time, device=row.device) <= last[:, None, :, None]
        k, v = k.transpose(1, 2), v.transpose(1, 2)
        y = F.scaled_dot_product_attention(queries.transpose(1, 2), k, v, attn_mask=visible)
        return self.out(y.transpose(1, 2)[row, number].flatten(1))

    def weights(self, x: Hidden, rotation: Tensor | None = None) -> Scores:
        """softmax(QKᵀ/√d_h), causal: the share of each position's value that a position takes. Without dropout."""
        q, k, _ = self._queries_keys_values(x, rotation)
        return weigh(q @ k.mT / math.sqrt(q.shape[-1]), causal(x))

    def _queries_keys_values(self, x: Tensor, rotation: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """(batch, head, time, d) each."""
        if not self.qk_norm:  # in thirds at once: their gradients are put together in one pass
            q, k, v = (part.unflatten(-1, (self.heads, -1)) for part in self.qkv(x).chunk(3, -1))
            if rotation is not None:
                q, k = rotate(q, rotation), rotate(k, rotation)
            return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
        qk, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).split((2, 1), 2)
        qk = rms_norm(qk)
        if rotation is not None:
            qk = rotate(qk, rotation)
        q, k = qk.transpose(1, 3).unbind(2)
        return q, k, v.squeeze(2).transpose(1, 2)
