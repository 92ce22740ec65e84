"""The random Synthesizer mixed with softmax attention (Tay et al. 2020, section 3.3).

Cost: for each token softmax attention's 4·d² multiplications for the maps and T·d each for scores and sum, h·T to mix
the scores; h·(block−1)² more parameters a layer. Decoding keeps keys and values: 8·d bytes a token and layer.
"""

from __future__ import annotations

from closedbook.model.mixers.attention_mixer import MixedWithSoftmax
from closedbook.model.mixers.synthesizer_random import SynthesizerRandom


class SynthesizerRandomVanilla(MixedWithSoftmax, SynthesizerRandom):
    """softmax(α₁ R + α₂ QKᵀ/√d_h) (X Vᵢ), with the random Synthesizer's R."""
