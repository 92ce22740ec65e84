"""Attention as part 1 writes it: c = Σ αᵢvᵢ, α = softmax(Kq), without the usual 1/√d. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from closedbook.typing import Float


@dataclass(frozen=True)
class Head:
    """The inputs of one head: keys, a query, and values."""

    keys: Float[Tensor, "n d"]
    query: Float[Tensor, " d"]
    values: Float[Tensor, "n d_v"]


def log_weights(keys: Float[Tensor, "*batch n d"], query: Float[Tensor, "*#batch d"]) -> Float[Tensor, "*batch n"]:
    """log α = log softmax(Kq), in nats. Its differences are differences of scores, which never saturate. Source: 1a."""
    return torch.log_softmax((keys @ query.unsqueeze(-1)).squeeze(-1), dim=-1)


def self_attention(
    x: Float[Tensor, "*#batch n d"],
    K: Float[Tensor, "*#batch d d"] | None = None,
    Q: Float[Tensor, "*#batch d d"] | None = None,
    V: Float[Tensor, "*#batch d d"] | None = None,
) -> tuple[Float[Tensor, "*#batch n d"], Float[Tensor, "*#batch n n"]]:
    """cᵢ = Σⱼ αᵢⱼ V xⱼ with αᵢⱼ = softmaxⱼ((K xⱼ)·(Q xᵢ)): (outputs, weights). A matrix left out is I. Source: 1e."""
    keys, queries, values = (x if M is None else x @ M.mT for M in (K, Q, V))
    weights = torch.softmax(queries @ keys.mT, dim=-1)
    return weights @ values, weights


def synthesizer(
    x: Float[Tensor, "*batch n d"],
    A: Float[Tensor, "d h"],
    b1: Float[Tensor, " h"],
    B: Float[Tensor, "h n"],
    b2: Float[Tensor, " n"],
    V: Float[Tensor, "d d_v"],
) -> Float[Tensor, "*batch n d_v"]:
    """Synthesizer: softmax(ReLU(x A + b₁) B + b₂)(x V); the weights at i depend on xᵢ alone. Source: 2g, and
    Tay et al. 2020 (arXiv:2005.00743), the dense form."""
    return torch.softmax(torch.relu(x @ A + b1) @ B + b2, dim=-1) @ (x @ V)


def miss(
    weights: Float[Tensor, "*batch n"], values: Float[Tensor, "n d_v"], target: Float[Tensor, " d_v"]
) -> Float[Tensor, "*batch"]:
    """‖c − target‖ / ‖target‖, summed as Σ αᵢ(vᵢ − target): c − target itself would cancel to rounding noise.

    The norm is taken in float64, where the squares of small errors do not underflow.
    """
    return ((weights @ (values - target)).double().norm(dim=-1) / target.norm()).to(weights.dtype)
