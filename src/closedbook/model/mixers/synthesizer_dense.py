"""The dense Synthesizer (Tay et al. 2020, equation 4), as the course defines it.

Cost: for each token 3·d² multiplications for A, V and the last map, and T·d each for scores and sum: one map and d²
fewer than softmax attention. Decoding keeps the values: d numbers, 4·d bytes, for each token and layer.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.model.kv_cache import Cache
from closedbook.model.linear import Linear
from closedbook.model.mixers.attention_mixer import AttentionMixer
from closedbook.model.packing import STEP, Packing, attend_packed
from closedbook.model.shapes import Packed


class DenseScores(AttentionMixer):
    """The scores ReLU(X Aᵢ + b₁) B + b₂ of the dense Synthesizer.

    A is one d×d map split over the heads; B (d/h, block − 1) and b₂ (block − 1) are shared by the heads, since x
    has block − 1 positions.
    """

    def __init__(self, config: AttentionMixer.Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        self.A = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)
        self.B = nn.Parameter(torch.empty(recipe.width // recipe.heads, recipe.context_length - 1))
        self.b2 = nn.Parameter(torch.zeros(recipe.context_length - 1))
        nn.init.uniform_(self.B, -0.001, 0.001)

    def scores(self, x: Tensor, rotation: Tensor | None, cache: Cache | None) -> Tensor:
        _, keys = self.query_positions(x, cache)
        return self.split(F.relu(self.A(x))) @ self.B[:, :keys] + self.b2[:keys]


class SynthesizerDense(DenseScores):
    """softmax(ReLU(X Aᵢ + b₁) B + b₂) (X Vᵢ): the weights at a position depend on its own content alone."""

    def forward_packed(self, x: Packed, rotation: Tensor | None, packing: Packing) -> Packed:
        """The output of rows laid end to end."""
        qv = torch.cat([F.relu(self.A.product(x)), self.value.product(x)], 1)
        more = -len(self.b2) % STEP  # a chunk may have places that no row reaches
        keys, bias = F.pad(self.B.T, (0, 0, 0, more)), F.pad(self.b2, (0, more))
        dropout = self.dropout if self.training else 0.0
        return self.out.product(attend_packed(qv, packing, self.heads, dropout, keys, bias))
