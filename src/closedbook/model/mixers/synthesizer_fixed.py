"""The random Synthesizer whose weights are never trained (Tay et al. 2020, section 3.2, "fixed").

Cost: as the trained one's, without R's gradient. R is drawn by the run's seed and stored with the weights; it counts as
no parameter.
"""

from __future__ import annotations

import torch
from torch import Tensor

from closedbook.config.schema import ModelRecipe
from closedbook.model.kv_cache import Cache
from closedbook.model.mixers.attention_mixer import AttentionMixer
from closedbook.model.mixers.synthesizer_random import look_up


class SynthesizerFixed(AttentionMixer):
    """softmax(R) (X Vᵢ), with R (h, block − 1, block − 1) drawn once from N(0, 1) and left alone."""

    R: Tensor

    def __init__(self, config: AttentionMixer.Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        self.register_buffer("R", torch.randn(recipe.heads, recipe.context_length - 1, recipe.context_length - 1))

    def scores(self, x: Tensor, rotation: Tensor | None, cache: Cache | None) -> Tensor:
        return look_up(self.R, *self.query_positions(x, cache))
