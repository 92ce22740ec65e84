"""The random Synthesizer (Tay et al. 2020, section 3.2): weights that are learned and depend on no content.

Cost: for each token 2·d² multiplications for V and the last map and T·d for the sum; scores take none, but h·(block−1)²
parameters in each layer. Decoding keeps the values: d numbers, 4·d bytes, for each token and layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.model.kv_cache import Cache
from closedbook.model.mixers.attention_mixer import AttentionMixer
from closedbook.typing import Float, Int


class SynthesizerRandom(AttentionMixer):
    """softmax(R) (X Vᵢ): one trained score for each head and pair of positions.

    R is (h, block − 1, block − 1) and starts from N(0, 1), so that the weights start uneven.
    """

    def __init__(self, config: AttentionMixer.Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        self.R = nn.Parameter(torch.randn(recipe.heads, recipe.context_length - 1, recipe.context_length - 1))

    def scores(self, x: Tensor, rotation: Tensor | None, cache: Cache | None) -> Tensor:
        return look_up(self.R, *self.query_positions(x, cache))


def look_up(
    table: Float[Tensor, "head length length"], query_positions: Int[Tensor, "some time"], keys: int
) -> Float[Tensor, "some head time key"]:
    """The rows of a table of scores that belong to these positions."""
    return table[:, query_positions, :keys].transpose(0, 1)
