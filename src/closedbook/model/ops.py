"""Element-wise steps with their gradients written out, where autograd's own take several passes over memory.

On a CPU a small network spends more time on these than on its matrix products; each here reads its input once or
twice. Tests hold them to the plain formulas.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class _RMSNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        scale = scale.square_().div_(x.shape[-1]).add_(EPSILON).rsqrt_()
        y = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        y, scale = ctx.saved_tensors
        (gradient,) = gradients
        along = torch.linalg.vecdot(gradient, y)[..., None].div_(-y.shape[-1])
        return torch.addcmul(gradient, y, along).mul_(scale)


class _SquaredReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        positive = x.clamp_min(0)
        ctx.save_for_backward(positive)
        return positive.square()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (positive,) = ctx.saved_tensors
        return (gradients[0] * positive).mul_(2)


EPSILON = 1e-7


def rms_norm(x: Tensor) -> Tensor:
    """x / √(mean(x²) + EPSILON) along the last dimension (Zhang and Sennrich 2019)."""
    return _RMSNorm.apply(x)


def gelu(x: Tensor) -> Tensor:
    """x Φ(x), exact (Hendrycks and Gimpel 2016).

    Of a contiguous array, torch gives it to oneDNN, which compiles a kernel for every new shape and keeps a thousand
    of them: slow where slices are of all lengths, and what is kept lies between the tensors and keeps their memory
    from being used again. Seen transposed, torch computes it itself.
    """
    return F.gelu(x.mT).mT


def squared_relu(x: Tensor) -> Tensor:
    """max(x, 0)² (So et al. 2021, Primer)."""
    return _SquaredReLU.apply(x)
