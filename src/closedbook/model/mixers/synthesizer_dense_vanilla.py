"""The dense Synthesizer mixed with softmax attention (Tay et al. 2020, section 3.3).

Cost: for each token 5·d² multiplications for A, Q, K, V and the last map, 2·T·d for both kinds of scores, 2·h·T to mix
them, T·d for the sum. Decoding keeps keys and values: 2·d numbers, 8·d bytes, for each token and layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.model.kv_cache import Cache
from closedbook.model.linear import Linear
from closedbook.model.mixers.attention_mixer import AttentionMixer
from closedbook.model.mixers.synthesizer_dense import DenseScores


class SynthesizerDenseVanilla(DenseScores):
    """softmax(α₁ (ReLU(X Aᵢ + b₁) B + b₂) + α₂ QKᵀ/√d_h) (X Vᵢ), α = softmax of two learned numbers, both 0 at first.

    A, B and b₂ are the dense Synthesizer's. Rotary positions turn Q and K.
    """

    supports_rotary = True

    def __init__(self, config: AttentionMixer.Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        self.qk = Linear(recipe.width, 2 * recipe.width, recipe.bias, recipe.matmul_dtype)
        self.mixture = nn.Parameter(torch.zeros(2))

    def scores(self, x: Tensor, rotation: Tensor | None, cache: Cache | None) -> Tensor:
        dense, vanilla = self.mixture.softmax(0)
        return dense * super().scores(x, rotation, cache) + vanilla * self.query_key_scores(self.qk, x, rotation, cache)
