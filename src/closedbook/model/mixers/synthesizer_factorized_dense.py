"""The factorized dense Synthesizer (Tay et al. 2020, section 3.2.1): the scores are products of two short predictions.

Cost: for each token 3·d² multiplications for W, V and the last map, (a + b)·d for the two factors, h·T for their
products and T·d for the sum. B of the dense one, d/h·(block−1) parameters, becomes d/h·(a + b), about d/h·2·√block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.kv_cache import Cache
from closedbook.model.linear import Linear
from closedbook.model.mixers.attention_mixer import AttentionMixer
from closedbook.validation import Count


class SynthesizerFactorizedDense(AttentionMixer):
    """softmax(C) (X Vᵢ), C = tile_b(A(xᵢ)) ∗ tile_a(B(xᵢ)): a and b values of a position's own content, ab = block.

    A(x) = ReLU(x W + b₁) Bₐ + bₐ, and B alike; W is split over the heads, the rest shared by them, as in the dense one.
    A is tiled as a whole and B value by value, so that all ab products differ. B's bias starts at 1: were both factors
    near 0, neither would learn.
    """

    @dataclass(frozen=True)
    class Config(AttentionMixer.Config):
        a: Count = 0  # must divide the block; 0: its largest divisor up to the square root

    def __init__(self, config: Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        length, head_width = recipe.context_length, recipe.width // recipe.heads
        a = config.a or max(n for n in range(1, math.isqrt(length) + 1) if length % n == 0)
        if length % a:
            raise RecipeError(
                f"mixer synthesizer-factorized-dense: a = {a} does not divide model.context_length = {length}; "
                "leave a out, or choose a divisor"
            )
        b = length // a
        self.W = Linear(recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)
        self.Ba, self.ba = nn.Parameter(torch.empty(head_width, a)), nn.Parameter(torch.zeros(a))
        self.Bb, self.bb = nn.Parameter(torch.empty(head_width, b)), nn.Parameter(torch.ones(b))
        nn.init.uniform_(self.Ba, -0.001, 0.001)
        nn.init.uniform_(self.Bb, -0.001, 0.001)

    def scores(self, x: Tensor, rotation: Tensor | None, cache: Cache | None) -> Tensor:
        _, keys = self.query_positions(x, cache)
        hidden = self.split(F.relu(self.W(x)))
        tiles = -(-keys // len(self.ba))  # as many as there are keys for
        A, B = hidden @ self.Ba + self.ba, hidden @ self.Bb[:, :tiles] + self.bb[:tiles]
        return (B[..., :, None] * A[..., None, :]).flatten(-2)[..., :keys]  # score j is A[j mod a] · B[j // a]
