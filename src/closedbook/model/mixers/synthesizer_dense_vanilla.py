"""The dense Synthesizer mixed with softmax attention (Tay et al. 2020, section 3.3).

Cost: for each token 5·d² multiplications for A, Q, K, V and the last map, 2·T·d for both kinds of scores, 2·h·T to mix
them, T·d for the sum. Decoding keeps keys and values: 2·d numbers, 8·d bytes, for each token and layer.
"""

from __future__ import annotations

from closedbook.model.mixers.attention_mixer import MixedWithSoftmax
from closedbook.model.mixers.synthesizer_dense import DenseScores


class SynthesizerDenseVanilla(MixedWithSoftmax, DenseScores):
    """softmax(α₁ (ReLU(X Aᵢ + b₁) B + b₂) + α₂ QKᵀ/√d_h) (X Vᵢ), with the dense Synthesizer's A, B and b₂."""
