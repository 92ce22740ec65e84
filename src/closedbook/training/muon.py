"""Muon for the matrices, AdamW for the rest, and a sparse Adam that touches only the rows a batch looked up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from closedbook.parallel import parallel_map, workers
from closedbook.runs.weights import split_names
from closedbook.training.optimisers import Moments
from closedbook.validation import Above0, Below1, NotNegative, Positive

# The quintic of Keller Jordan's Muon: singular values are driven to between about 0.7 and 1.2.
QUINTIC = (3.4445, -4.7750, 2.0315)
BETAS = (0.9, 0.98)  # of AdamW and of the sparse Adam


class Muon:
    """Muon (Jordan et al. 2024) on the stack's matrices, AdamW on the head and vectors, sparse Adam on tables.

    A table is a parameter with a sparse gradient: the embedding and the memory.
    """

    @dataclass(frozen=True)
    class Config:
        rate: Above0 = 0.02  # of Muon: the size of an update's singular values
        momentum: Below1 = 0.95
        iterations: Positive = 5
        head_rate: Above0 = 4e-3  # of AdamW
        table_rate: Above0 = 0.05  # of the sparse Adam
        decay: NotNegative = 0.0  # of AdamW, and of touched table rows

    def __init__(self, config: Config, model: nn.Module) -> None:
        self.config = config
        self.matrices: dict[str, nn.Parameter] = {}
        self.tables: dict[str, nn.Parameter] = {}
        rest: dict[str, nn.Parameter] = {}
        for name, parameter in model.named_parameters():
            if name.startswith("stack.") and parameter.ndim == 2:
                self.matrices[name] = parameter
            elif name == "memory.table" or (name == "embedding.weight" and model.embedding.sparse):  # type: ignore[union-attr]
                self.tables[name] = parameter
            else:
                rest[name] = parameter
        self.momenta = {name: torch.zeros_like(matrix) for name, matrix in self.matrices.items()}
        self.sparse = {name: SparseAdam(table, config.table_rate, config.decay) for name, table in self.tables.items()}
        self.adamw = Moments(rest, BETAS, config.decay)

    def step(self, multiplier: float) -> None:
        blocks = self._blocks()
        dealt = [blocks[first :: workers()] for first in range(min(len(blocks), workers()))]
        parts: list[Callable[[float], None]] = [functools.partial(self._turn, some) for some in dealt]
        parts += [lambda fraction: self.adamw.step(self.config.head_rate * fraction)]
        parts += [table.step for table in self.sparse.values()]
        parallel_map(lambda part: part(multiplier), parts)

    @torch.no_grad()
    def _blocks(self) -> list[tuple[Tensor, Tensor]]:
        """(view of a matrix's block, its gradient with Nesterov's momentum) of all blocks."""
        blocks: list[tuple[Tensor, Tensor]] = []
        for name, matrix in self.matrices.items():
            if matrix.grad is not None:
                momentum = self.momenta[name].lerp_(matrix.grad, 1 - self.config.momentum)
                nesterov = matrix.grad.lerp(momentum, self.config.momentum)
                blocks += zip(square_blocks(matrix), square_blocks(nesterov), strict=True)
        return blocks

    @torch.no_grad()
    def _turn(self, blocks: list[tuple[Tensor, Tensor]], multiplier: float) -> None:
        updates = orthogonalise([gradient for _, gradient in blocks], self.config.iterations)
        for (block, _), update in zip(blocks, updates, strict=True):
            # Tall maps make larger outputs: √(outputs / inputs) keeps an update's effect alike (block is wide).
            gain = max(1.0, block.shape[1] / block.shape[0]) ** 0.5 if block.stride(0) == 1 else 1.0
            block.add_(update, alpha=-self.config.rate * multiplier * gain)

    def tensors(self) -> dict[str, Tensor]:
        state = {f"momentum/{name}": momentum for name, momentum in self.momenta.items()}
        for name, sparse in self.sparse.items():
            state |= {f"sparse/{name}/{which}": value for which, value in sparse.tensors().items()}
        return state | {f"adamw/{name}": value for name, value in self.adamw.tensors().items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for name, momentum in self.momenta.items():
            momentum.copy_(tensors[f"momentum/{name}"])
        for name, sparse in self.sparse.items():
            sparse.load(split_names(tensors, f"sparse/{name}/"))
        self.adamw.load(split_names(tensors, "adamw/"))


class SparseAdam:
    """Adam whose moments move only for the rows that a batch touched; no bias correction.

    Rows that are seen rarely must learn much from each visit, so the rate is large (0.05 and more).
    """

    def __init__(self, table: nn.Parameter, rate: float, decay: float = 0.0) -> None:
        self.table, self.rate, self.decay = table, rate, decay
        self.first, self.second = torch.zeros_like(table), torch.zeros_like(table)

    @torch.no_grad()
    def step(self, multiplier: float) -> None:
        gradient, rate = self.table.grad, self.rate * multiplier
        if gradient is None or not gradient._nnz():
            return
        rows, inverse = gradient._indices()[0].unique(return_inverse=True)
        values = gradient._values()
        summed = values.new_zeros(len(rows), values.shape[1]).index_add_(0, inverse, values)
        moved = summed.any(1)  # rows that were only read have no gradient, and stay as they are
        rows, summed = rows[moved], summed[moved]
        first = self.first[rows].lerp_(summed, 1 - BETAS[0])
        second = self.second[rows].mul_(BETAS[1]).addcmul_(summed, summed, value=1 - BETAS[1])
        self.first[rows], self.second[rows] = first, second
        row = self.table.data[rows]
        if self.decay:
            row.mul_(1 - rate * self.decay)
        self.table.data[rows] = row.addcdiv_(first, second.sqrt_().add_(1e-10), value=-rate)

    def tensors(self) -> dict[str, Tensor]:
        return {"first": self.first, "second": self.second}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for which, value in self.tensors().items():
            value.copy_(tensors[which])


def square_blocks(matrix: Tensor) -> list[Tensor]:
    """Views of a matrix that Muon treats as one map each, wide or square: qkv falls into three, tall ones turn."""
    rows, columns = matrix.shape
    if rows == 3 * columns:
        return list(matrix.split(columns))
    return [matrix] if rows <= columns else [matrix.T]


def orthogonalise(matrices: list[Tensor], iterations: int = 5) -> list[Tensor]:
    """Each wide matrix G with its singular values driven to about 1 (Newton–Schulz), in float32.

    Every step of the iteration is a polynomial in GGᵀ times G. So the polynomials are multiplied up on the small
    square GGᵀ, all matrices of one height in a batch, and G is multiplied once at the end.
    """
    a, b, c = QUINTIC
    results: list[Tensor] = list(matrices)
    for height in {matrix.shape[0] for matrix in matrices}:
        places = [i for i, matrix in enumerate(matrices) if matrix.shape[0] == height]
        norms = torch.stack([matrices[i].norm() for i in places]).clamp_min(1e-7)
        gram = torch.stack([matrices[i] @ matrices[i].T for i in places]) / norms.square()[:, None, None]
        product = None
        for step in range(iterations):
            factor = torch.baddbmm(b * gram, gram, gram, alpha=c)
            factor.diagonal(dim1=1, dim2=2).add_(a)
            product = factor if product is None else factor @ product
            if step < iterations - 1:
                gram = gram @ (factor @ factor)
        assert product is not None
        for i, block, norm in zip(places, product, norms, strict=True):
            results[i] = (block @ matrices[i]).div_(norm)
    return results
