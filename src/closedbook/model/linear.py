"""Linear maps, in float32 or with their three products (forward and both gradients) in bfloat16."""

from __future__ import annotations

import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.typing import Float


class Linear(nn.Linear):
    """`nn.Linear`, whose products may be taken in bfloat16 while training; what is stored stays float32.

    Outputs are then rounded to bfloat16's eight bits. CPUs with bfloat16 instructions multiply about twice as fast
    so; others many times slower (see `fastest`). Answers are always computed in float32.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True, matmul_dtype: str = "float32") -> None:
        super().__init__(inputs, outputs, bias=bias)
        self.low = matmul_dtype == "bfloat16"

    def forward(self, x: Tensor) -> Tensor:
        return self._map(x, self.weight, self.bias)

    def product(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """The same, left in the type of the products: bfloat16, or the weights' own."""
        if not (self.low and self.training):
            return F.linear(x, self.weight, self.bias)
        return _LowProduct.apply(x, self.weight, self.bias, True)

    def rows(self, x: Tensor, outputs: Tensor | slice) -> Tensor:
        """The outputs at these places only."""
        bias = None if self.bias is None else _rows(self.bias, outputs)
        return self._map(x, _rows(self.weight, outputs), bias)

    def _map(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not (self.low and self.training):
            return F.linear(x, weight, bias)
        y = _LowProduct.apply(x, weight, None, False)
        return y if bias is None else y + bias


def _rows(x: Tensor, which: Tensor | slice) -> Tensor:
    return x[which] if isinstance(which, slice) else x.index_select(0, which)


ROW_STEP = 64


def few(rows: int) -> int:
    """The next multiple of ROW_STEP; beyond 1,024, of an eighth of the power of two below.

    For a product of a new shape the CPU's library compiles a kernel, which takes milliseconds and is kept, a fifth of
    a megabyte each. So few sizes are allowed, at the price of at most an eighth more rows.
    """
    step = max(ROW_STEP, 1 << max(0, rows.bit_length() - 4))
    return -(-rows // step) * step


def _low(x: Tensor) -> Tensor:
    """(…, k) as a bfloat16 matrix (rows, k), zero rows added up to the next of few numbers."""
    flat = x.reshape(-1, x.shape[-1])
    rows = flat.shape[0]
    if rows == few(rows):
        return flat.bfloat16()
    low = torch.empty(few(rows), flat.shape[1], dtype=torch.bfloat16, device=x.device)
    low[:rows].copy_(flat)
    low[rows:].zero_()
    return low


class _LowProduct(torch.autograd.Function):
    """x weightᵀ + bias with the products in bfloat16; the outcome stays in it only where `stay_low`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stay_low: bool) -> Tensor:
        low, weight = _low(x), weight.bfloat16()
        ctx.save_for_backward(low, weight)
        ctx.shape, ctx.dtype, ctx.bias = x.shape, x.dtype, bias is not None
        y = F.linear(low, weight, None if bias is None else bias.bfloat16())[: x.numel() // x.shape[-1]]
        return (y if stay_low else y.float()).view(*x.shape[:-1], weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        low, weight = ctx.saved_tensors
        gradient = _low(gradients[0])
        rows = gradients[0].numel() // gradients[0].shape[-1]
        along = (gradient @ weight)[:rows].to(ctx.dtype).view(ctx.shape)
        # As a product, a long sum over rows takes half of the time.
        summed = (gradient.new_ones(1, len(gradient)) @ gradient)[0].float() if ctx.bias else None
        return along, (gradient.T @ low).float(), summed, None


def rate(matmul_dtype: str) -> float:
    """GFLOP/s of (m, k) by (k, n) products on this CPU in "float32" or "bfloat16": the best of eight."""
    m, k, n = 512, 128, 512
    dtype = getattr(torch, matmul_dtype)
    a, b = torch.ones(m, k, dtype=dtype), torch.ones(k, n, dtype=dtype)
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - began)
    return 2 * m * k * n / best / 1e9


def fastest(device: torch.device) -> str:
    """What this machine multiplies faster in; on a GPU "bfloat16", untried.

    Without bfloat16 instructions a CPU emulates them: 16 times slower than float32 on an AVX2 processor (EPYC 7001).
    """
    return "bfloat16" if device.type != "cpu" or rate("bfloat16") > rate("float32") else "float32"
