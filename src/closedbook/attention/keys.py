"""Samplers: orthonormal directions, and random keys around them. All randomness comes from the generator passed in."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from closedbook.attention.claim import Settings
from closedbook.attention.heads import log_weights
from closedbook.typing import Float

CHUNK = 8_000_000  # random numbers per chunk: memory stays near 200 MB for any number of samples


def generator(p: Settings) -> Generator:
    """A fresh generator for a claim's settings."""
    return torch.Generator().manual_seed(p.seed)


def precision(p: Settings) -> torch.dtype:
    """The torch dtype that a claim's settings ask for."""
    return torch.float32 if p.dtype == "float32" else torch.float64


def orthonormal(n: int, d: int, g: Generator) -> Float[Tensor, "n d"]:
    """n orthonormal rows in d ≥ n dimensions, in a uniformly random orientation, in float64."""
    Q, R = torch.linalg.qr(torch.randn(d, n, generator=g, dtype=torch.float64))
    return (Q * R.diagonal().sign()).T.contiguous()


def weigh(
    means: Float[Tensor, "n d"],
    queries: Float[Tensor, "queries d"],
    p: Settings,
    g: Generator,
    varied: Sequence[int] = (),
    spread: float = 0.5,
) -> Float[Tensor, "queries {p.samples} n"]:
    """The log weights that each query gives to `p.samples` draws of kᵢ ~ N(μᵢ, αI): the same draws for every query.

    Keys in `varied` have covariance αI + spread·μᵢμᵢᵀ. `spread` is a variance, in squared key lengths: the handout's
    ½, not a standard deviation. Source: 1c.
    """
    (n, d), dtype, chunks = means.shape, precision(p), []
    most = max(1, CHUNK // (n * d))
    for done in range(0, p.samples, most):
        draws = min(most, p.samples - done)
        keys = means + p.alpha**0.5 * torch.randn(draws, n, d, generator=g, dtype=means.dtype)
        for i in varied:
            keys[:, i] += spread**0.5 * torch.randn(draws, 1, generator=g, dtype=means.dtype) * means[i]
        keys = keys.to(dtype)
        chunks.append(torch.stack([log_weights(keys, query) for query in queries.to(dtype)]))
    return torch.cat(chunks, dim=1)
