"""Linear maps, in float32 or with their three products (forward and both gradients) in bfloat16."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Linear(nn.Linear):
    """`nn.Linear`, whose products may be taken in bfloat16; weights, inputs and outputs stay float32.

    CPUs with bfloat16 instructions multiply about twice as fast so; others are slower (`closedbook doctor` says).
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True, products: str = "float32") -> None:
        super().__init__(inputs, outputs, bias=bias)
        self.low = products == "bfloat16"

    def forward(self, x: Tensor) -> Tensor:
        if not self.low:
            return F.linear(x, self.weight, self.bias)
        y = low_product(x, self.weight)
        return y if self.bias is None else y + self.bias

    def rows(self, x: Tensor, outputs: Tensor) -> Tensor:
        """The outputs at these places only; for maps without bias."""
        weight = self.weight.index_select(0, outputs)
        return low_product(x, weight) if self.low else F.linear(x, weight)


class _LowProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        x, weight = x.bfloat16(), weight.bfloat16()
        ctx.save_for_backward(x, weight)
        return (x @ weight.T).float()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        gradient = gradients[0].bfloat16()
        return (gradient @ weight).float(), (gradient.flatten(0, -2).T @ x.flatten(0, -2)).float()


def low_product(x: Tensor, weight: Tensor) -> Tensor:
    """x weightᵀ with the products in bfloat16."""
    return _LowProduct.apply(x, weight)
