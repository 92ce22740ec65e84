"""The random Synthesizer whose weights are never trained (Tay et al. 2020, section 3.2, "fixed").

Cost: as the trained one's, without R's gradient. R is drawn by the run's seed and stored with the weights; it counts as
no parameter.
"""

from __future__ import annotations

from closedbook.config.schema import ModelRecipe
from closedbook.model.mixers.synthesizer_random import SynthesizerRandom


class SynthesizerFixed(SynthesizerRandom):
    """softmax(R) (X Vᵢ), with R (h, block − 1, block − 1) drawn once from N(0, 1) and left alone."""

    def __init__(self, config: SynthesizerRandom.Config, recipe: ModelRecipe, layer: int) -> None:
        super().__init__(config, recipe, layer)
        scores = self.R.detach()
        del self.R
        self.register_buffer("R", scores)
