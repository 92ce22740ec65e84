"""model.py of 2023: DownProjectBlock and UpProjectBlock.

The handout leaves their reading open: which inputs are normalised before the attention, and what is added to its
result. So another reading than the one that `closedbook cs224n evaluate perceiver` assumes is told, never blamed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from closedbook.course.student.attention_checks import learns
from closedbook.course.student.findings import (
    BLOCK,
    LATENTS,
    WIDTH,
    Checks,
    UnsureError,
    causal,
    lively,
    maker,
    need,
    same,
    shaped,
)


def down(module: Any) -> Checks:
    """DownProjectBlock(x): from the learned basis C to the input."""
    name = "DownProjectBlock"
    make, x = maker(module, name), torch.randn(2, BLOCK - 1, WIDTH)

    def basis() -> None:
        block = make()
        c: Any = getattr(block, "C", None)
        need(c is not None, "the basis must be self.C; there is none")
        need(
            isinstance(c, nn.Parameter),
            "C is no nn.Parameter, so it is neither trained nor saved: self.C = nn.Parameter(torch.empty(1, "
            "bottleneck_dim, n_embd))",
        )
        need(
            list(c.shape) == [1, LATENTS, WIDTH],
            f"C must be of shape [1, bottleneck_dim, n_embd] = [1, {LATENTS}, {WIDTH}], not {list(c.shape)}",
        )
        bound = math.sqrt(6 / (LATENTS * WIDTH + WIDTH))  # of nn.init.xavier_uniform_ on a tensor of this shape
        most = c.detach().abs().max().item()
        of_matrix = math.sqrt(6 / (LATENTS + WIDTH))  # the same, of a matrix of the last two dimensions
        if not 0.9 * bound < most <= bound * 1.0001 and 0.9 * of_matrix < most <= of_matrix * 1.0001:
            raise UnsureError(
                f"C starts Xavier-uniform as a matrix (bottleneck_dim, n_embd) does, within ±{of_matrix:.3f}; of the "
                f"parameter (1, bottleneck_dim, n_embd) itself it would be ±{bound:.3f}"
            )
        need(
            0.9 * bound < most <= bound * 1.0001,
            f"C must start Xavier-uniform, within ±{bound:.3f}; its largest entry is {most:.3g}: "
            "nn.init.xavier_uniform_(self.C)",
        )

    def shape() -> None:
        need("forward" in vars(module.DownProjectBlock), "it has no forward(x_input)")
        shaped(lively(make())(x), torch.Size([2, LATENTS, WIDTH]))

    def trained() -> None:
        shape()
        learns(lively(make()), x)

    def reading() -> None:
        shape()
        block = lively(make())
        _same_reading(block, block(x), block.C.expand(2, -1, -1), x, "C")

    yield f"{name}: C is a parameter, Xavier-uniform, of shape (1, bottleneck_dim, n_embd)", basis
    yield f"{name}: gives (batch, bottleneck_dim, n_embd)", shape
    yield f"{name}: every parameter learns", trained
    yield f"{name}: the reading that cs224n evaluate assumes", reading


def up(module: Any) -> Checks:
    """UpProjectBlock(y, x): from the input to what the blocks made of the latents."""
    name = "UpProjectBlock"
    make, y, x = maker(module, name), torch.randn(2, LATENTS, WIDTH), torch.randn(2, BLOCK - 1, WIDTH)

    def shape() -> None:
        need("forward" in vars(module.UpProjectBlock), "it has no forward(y, x_input)")
        names = list(inspect.signature(module.UpProjectBlock.forward).parameters)[1:3]
        output = lively(make())(y, x)
        need(
            not (isinstance(output, Tensor) and output.shape == y.shape),
            f"the result is as long as y: queries must come from x_input. forward takes ({', '.join(names)})",
        )
        shaped(output, x.shape)

    def reading() -> None:
        shape()
        block = lively(make())
        _same_reading(block, block(y, x), x, y, "x_input")

    def trained() -> None:
        shape()
        learns(lively(make()), y, x)

    def sees() -> None:
        if not hasattr(module, "DownProjectBlock"):
            return
        shape()
        first, last = lively(maker(module, "DownProjectBlock")()), lively(make())
        causal(lambda x: last(first(x), x), BLOCK - 1)

    yield f"{name}: gives (batch, time, n_embd)", shape
    yield f"{name}: every parameter learns", trained
    yield f"{name}: causal, behind the DownProjectBlock", sees
    yield f"{name}: the reading that cs224n evaluate assumes", reading


def readings(block: Any, q: Tensor, kv: Tensor, asks: str) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """Every known reading, the assumed one first: its name and a function that computes it. Queries come from q."""
    norms = {name: module for name, module in block.named_children() if isinstance(module, nn.LayerNorm)}
    crosses = [m for m in block.children() if list(inspect.signature(m.forward).parameters)[:2] == ["x_kv", "x_q"]]
    mlps = [module for module in block.children() if isinstance(module, nn.Sequential)]
    if len(norms) < 2 or len(crosses) != 1 or len(mlps) != 1:
        raise UnsureError("it has other layers than two layer norms, one CausalCrossAttention and one mlp: look at it")
    attend, mlp, (first, second, *_) = crosses[0], mlps[0], norms.values()
    ln1, ln2 = norms.get("ln1", first), norms.get("ln2", second)
    as_it_is: Callable[[Tensor], Tensor] = lambda t: t  # noqa: E731
    basis = asks == "C"
    for (nq, on_q), (nkv, on_kv), (na, added), (nm, rest) in product(
        sorted({"ln1 on": ln1, "no norm on": as_it_is}.items(), reverse=not basis),
        sorted({"ln1 on": ln1, "no norm on": as_it_is, "ln2 on": ln2}.items(), reverse=basis),
        {"residual": as_it_is, "the normalised residual": ln1, "no residual": torch.zeros_like}.items(),
        {"ln2": True, "ln2 without residual": False}.items(),
    ):

        def compute(on_q: Any = on_q, on_kv: Any = on_kv, added: Any = added, rest: bool = rest) -> Tensor:
            h = added(q) + attend(on_kv(kv), on_q(q))
            return h * rest + mlp(ln2(h))

        other = "the input" if basis else "y"
        yield f"{nq} {asks}, {nkv} {other}, {na} around the attention, {nm} before the mlp", compute


def _same_reading(block: Any, output: Tensor, q: Tensor, kv: Tensor, asks: str) -> None:
    """Compare a block's output with the readings; raise UnsureError unless it is the assumed one."""
    matching = [name for name, compute in readings(block, q, kv, asks) if same(output, compute())]
    assumed = {
        "C": "ln1 on C, no norm on the input, residual around the attention, ln2 before the mlp",
        "x_input": "no norm on x_input, ln1 on y, residual around the attention, ln2 before the mlp",
    }[asks]
    if assumed in matching:
        return
    what = f"it is another: {matching[0]}" if matching else "it is another, and none that we know"
    raise UnsureError(
        f"{what}. The handout leaves open what is normalised and added; cs224n evaluate perceiver assumes {assumed}, "
        "and gives other answers from parameters that were trained otherwise"
    )
