"""The random Synthesizer mixed with softmax attention (Tay et al. 2020, section 3.3).

Cost: for each token softmax attention's 4·d² multiplications for the maps and T·d each for scores and sum, h·T to mix
the scores; h·(block−1)² more parameters a layer. Decoding keeps keys and values: 8·d bytes a token and layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.model.kv_cache import Cache
from closedbook.model.linear import Linear
from closedbook.model.mixers.attention_mixer import AttentionMixer
from closedbook.model.mixers.synthesizer_random import SynthesizerRandom


class SynthesizerRandomVanilla(SynthesizerRandom):
    """softmax(α₁ R + α₂ QKᵀ/√d_h) (X Vᵢ), α = softmax of two learned numbers, both 0 at first.

    R is the random Synthesizer's. Rotary positions turn Q and K.
    """

    supports_rotary = True

    def __init__(self, config: AttentionMixer.Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        self.qk = Linear(recipe.width, 2 * recipe.width, recipe.bias, recipe.matmul_dtype)
        self.mixture = nn.Parameter(torch.zeros(2))

    def scores(self, x: Tensor, rotation: Tensor | None, cache: Cache | None) -> Tensor:
        random, vanilla = self.mixture.softmax(0)
        by_content = self.query_key_scores(self.qk, x, rotation, cache)
        return random * super().scores(x, rotation, cache) + vanilla * by_content
