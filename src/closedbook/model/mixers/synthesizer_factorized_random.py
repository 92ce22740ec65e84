"""The factorized random Synthesizer (Tay et al. 2020, section 3.2.1): a random one whose table has a low rank.

Cost: as the random one's and, once a step whatever the batch, h·k·T² multiplications for the table;
2·h·k·(block−1) parameters in each layer instead of h·(block−1)².
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.model.kv_cache import Cache
from closedbook.model.mixers.attention_mixer import AttentionMixer
from closedbook.model.mixers.synthesizer_random import look_up
from closedbook.validation import Positive


class SynthesizerFactorizedRandom(AttentionMixer):
    """softmax(R₁R₂ᵀ) (X Vᵢ): R₁ and R₂ are (h, block − 1, k), trained; R₁R₂ᵀ starts with variance 1."""

    @dataclass(frozen=True)
    class Config(AttentionMixer.Config):
        rank: Positive = 8  # k

    def __init__(self, config: Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        shape, spread = (recipe.heads, recipe.context_length - 1, config.rank), config.rank**-0.25
        self.R1 = nn.Parameter(spread * torch.randn(shape))
        self.R2 = nn.Parameter(spread * torch.randn(shape))

    def scores(self, x: Tensor, rotation: Tensor | None, cache: Cache | None) -> Tensor:
        positions, keys = self.query_positions(x, cache)
        return look_up(self.R1[:, : int(positions.max()) + 1] @ self.R2[:, :keys].mT, positions, keys)
