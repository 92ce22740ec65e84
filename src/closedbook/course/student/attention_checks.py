"""attention.py: SynthesizerAttention (2021-22), CausalCrossAttention (2023), CausalSelfAttention with rope (2024)."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from closedbook.course.student.dropout_checks import dropout
from closedbook.course.student.findings import (
    BLOCK,
    CONFIG,
    WIDTH,
    Checks,
    HandoutError,
    UnsureError,
    causal,
    finite,
    lively,
    maker,
    need,
    same,
    shaped,
    steady,
)
from closedbook.course.student.steps import MISTAKES, RIGHT, Steps, attention, cache, named, synthesizer, turn

HEAD = WIDTH // CONFIG["n_head"]
LENGTHS = (BLOCK - 1, 5)
COMMON = {"split", "hide", "normalise", "weigh", "merge", "project"}

# A layer's outputs for some inputs, a function that computes them from steps, and the names of the steps it uses.
Sample = tuple[list[Tensor], Callable[[Steps], list[Tensor]], set[str]]


def parts(layer: Any, *names: str) -> list[Any]:
    """The layer's linear maps by their names in the course's code. Raises UnsureError if one is missing."""
    if lacking := [name for name in names if not isinstance(getattr(layer, name, None), nn.Module)]:
        there = ", ".join(name for name, module in layer.named_children() if isinstance(module, nn.Linear)) or "none"
        raise UnsureError(
            f"the formula cannot be compared: the course's layer has {', '.join(names)}, this one has no "
            f"{', '.join(lacking)} (its linear maps: {there}); look at it yourself"
        )
    return [getattr(layer, name) for name in names]


def compare(sample: Sample, formula: str) -> None:
    """Raise HandoutError, naming the mistake if it is a known one, unless the layer computes the formula."""
    outputs, compute, used = sample
    expected = compute(RIGHT)
    for output, target in zip(outputs, expected, strict=True):
        shaped(output, target.shape)
    if all(map(same, outputs, expected)):
        return
    if (mistake := named(outputs, compute, used)) is not None:
        raise HandoutError(mistake)
    for output in outputs:
        finite(output)
    worst = max((output - target).abs().max().item() for output, target in zip(outputs, expected, strict=True))
    lengths = " and ".join(str(output.shape[1]) for output in outputs)
    raise HandoutError(f"the result differs from {formula} by up to {worst:.2g} (at lengths {lengths})")


def causal_or_why(layer: Any, sample: Callable[[Any], Sample]) -> None:
    """`causal`, with the name of the mistake appended if it is a known one."""
    try:
        causal(layer, BLOCK - 1)
    except HandoutError as error:
        mistake = None
        try:
            outputs, compute, used = sample(layer)
            mistake = named(outputs, compute, used)
        except Exception:  # the formula check reports this error
            pass
        raise HandoutError(f"{error}: {mistake}" if mistake else str(error)) from None


def reuse(layer: Any, *inputs: Tensor) -> None:
    """Raise if one layer has two names, or is applied more than once."""
    names: dict[int, list[str]] = {}
    for name, module in layer.named_modules(remove_duplicate=False):
        if isinstance(module, nn.Linear | nn.LayerNorm):
            names.setdefault(id(module), []).append(name)
    shared = [" and ".join(several) for several in names.values() if len(several) > 1]
    need(not shared, f"{shared[0] if shared else ''} are one and the same layer; make a layer of its own for each")
    counts: Counter[str] = Counter()
    hooks = [
        module.register_forward_hook(lambda *_, name=name: counts.update([name]))
        for name, module in layer.named_modules()
        if isinstance(module, nn.Linear | nn.LayerNorm)
    ]
    try:
        layer(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    several = {name: count for name, count in counts.items() if count > 1}
    if several:
        uses = ", ".join(f"{name} {count} times" for name, count in several.items())
        raise UnsureError(f"a layer is used several times in one pass: {uses}; is that meant?")


def learns(layer: Any, *inputs: Tensor) -> None:
    """Every parameter gets a gradient."""
    layer(*inputs).square().sum().backward()
    idle = [name for name, p in layer.named_parameters() if p.grad is None or not p.grad.any()]
    need(not idle, f"no gradient reaches {', '.join(idle)}: is it used, and without .data, .item() or no_grad?")


# SynthesizerAttention -------------------------------------------------------------------------------------------


def synthesizer_attention(module: Any) -> Checks:
    """softmax(ReLU(X A_i + b1) B + b2)(X V_i), with A and b1 in w1, B = w2."""
    name = "SynthesizerAttention"
    make = maker(module, name)

    def parameters() -> None:
        have = {name: list(parameter.shape) for name, parameter in make().named_parameters()}
        square = {f"{part}.{kind}": [WIDTH] * (1 + (kind == "weight")) for part in ("w1", "value", "proj")
                  for kind in ("weight", "bias")}  # fmt: skip
        want = {"w2": [HEAD, BLOCK - 1], "b2": [BLOCK - 1], **square}
        for name, shape in want.items():
            need(name in have, f"the parameter {name} of shape {shape} is missing; there are: {', '.join(have)}")
            need(have[name] == shape, f"the parameter {name} must be of shape {shape}, not {have[name]}")
        extra = sorted(set(have) - set(want))
        need(not extra, f"there are parameters that a Synthesizer has not: {', '.join(extra)}")

    def sample(layer: Any) -> Sample:
        w1, value, proj = parts(layer, "w1", "value", "proj")
        xs = [torch.randn(2, length, WIDTH) for length in LENGTHS]

        def compute(steps: Steps) -> list[Tensor]:
            return [synthesizer(steps, w1(x), layer.w2, layer.b2, value(x), proj) for x in xs]

        return [steady(layer, x) for x in xs], compute, COMMON | {"synthesise"}

    x = torch.randn(2, BLOCK - 1, WIDTH)
    yield f"{name}: parameters w1, w2, b2, value, proj and their shapes", parameters
    yield f"{name}: causal", lambda: causal_or_why(lively(make()), sample)
    formula = "softmax(ReLU(X A_i + b1) B + b2)(X V_i)"
    yield f"{name}: the formula, shorter inputs too", lambda: compare(sample(lively(make())), formula)
    yield f"{name}: every parameter learns", lambda: learns(lively(make()), x)
    yield f"{name}: each layer is used once", lambda: reuse(lively(make()), x)
    yield from dropout(name, make, lambda batch: [torch.randn(batch, BLOCK - 1, WIDTH)])


# CausalSelfAttention --------------------------------------------------------------------------------------------


def self_attention(module: Any) -> Checks:
    """softmax(QKᵀ/√d_h) V, with rotary positions where the file has them."""
    name = "CausalSelfAttention"
    make = maker(module, name)

    def sampler(turning: Callable[[Tensor], Tensor] | None) -> Callable[[Any], Sample]:
        def sample(layer: Any) -> Sample:
            query, key, value, proj = parts(layer, "query", "key", "value", "proj")
            xs = [torch.randn(2, length, WIDTH) for length in LENGTHS]

            def compute(steps: Steps) -> list[Tensor]:
                return [attention(steps, query(x), key(x), value(x), proj, turning or (lambda y: y)) for x in xs]

            return [steady(layer, x) for x in xs], compute, COMMON | {"score"} | ({"turn"} if turning else set())

        return sample

    def rope() -> None:
        """With correct rotary functions or the student's own, whose mistakes have checks of their own."""
        formula = "softmax(QK^T/sqrt(d_h)) V with queries and keys turned"
        right = sampler(lambda y: turn(y, cache(y.shape[-1], max(BLOCK, y.shape[-2]))))
        own = sampler(lambda y: as_student(module, y))
        try:
            compare(right(lively(make(rope=True))), formula)
        except HandoutError as error:
            try:
                compare(own(lively(make(rope=True))), formula)
                return
            except HandoutError as other:
                if str(other) in MISTAKES:
                    raise other from None
            except Exception:  # the functions themselves fail
                pass
            raise error from None

    x = torch.randn(2, BLOCK - 1, WIDTH)
    plain = sampler(None)
    yield f"{name}: causal", lambda: causal_or_why(lively(make()), plain)
    yield f"{name}: the formula", lambda: compare(plain(lively(make())), "softmax(QK^T/sqrt(d_h)) V")
    if hasattr(module, "apply_rotary_emb"):
        yield f"{name}: the formula with rope", rope
    yield f"{name}: each layer is used once", lambda: reuse(lively(make()), x)
    yield from dropout(name, make, lambda batch: [torch.randn(batch, BLOCK - 1, WIDTH)])


def as_student(module: Any, x: Tensor) -> Tensor:
    """x (batch, head, time, d) turned by the file's own two functions."""
    cos_sin = module.precompute_rotary_emb(x.shape[-1], BLOCK)
    try:
        return shaped(module.apply_rotary_emb(x.clone(), cos_sin), x.shape)
    except Exception:  # the handout leaves open whether batch and head are one dimension
        flat = x.flatten(0, 1)
        return module.apply_rotary_emb(flat, cos_sin).unflatten(0, x.shape[:2])


# CausalCrossAttention -------------------------------------------------------------------------------------------


def cross_attention(module: Any) -> Checks:
    """(x_kv, x_q): queries from one sequence, keys and values from another; the course gives it to students."""
    name = "CausalCrossAttention"
    make = maker(module, name)

    def sampler(queries: int, keys: int, batch: int) -> Callable[[Any], Sample]:
        def sample(layer: Any) -> Sample:
            names = list(inspect.signature(layer.forward).parameters)[:2]
            need(names == ["x_kv", "x_q"], f"forward must take (x_kv, x_q), in this order, not ({', '.join(names)})")
            query, key, value, proj = parts(layer, "query", "key", "value", "proj")
            x_kv, x_q = torch.randn(2, keys, WIDTH), torch.randn(batch, queries, WIDTH)

            def compute(steps: Steps) -> list[Tensor]:
                q = query(x_q).expand(2, -1, -1)
                return [attention(steps, q, key(x_kv), value(x_kv), proj)]

            return [steady(layer, x_kv, x_q)], compute, COMMON | {"score"}

        return sample

    def formula(*sizes: int) -> Callable[[], None]:
        masked = "softmax(QK^T/sqrt(d_h)) V under the mask tril[:T_q, :T_k]"
        return lambda: compare(sampler(*sizes)(lively(make())), masked)

    def inputs(batch: int) -> Sequence[Tensor]:
        return [torch.randn(batch, BLOCK - 1, WIDTH), torch.randn(batch, 6, WIDTH)]

    yield f"{name}: down, fewer queries than keys, one basis for the whole batch", formula(6, 15, 1)
    yield f"{name}: up, more queries than keys", formula(15, 6, 2)
    yield f"{name}: each layer is used once", lambda: reuse(lively(make()), *inputs(2))
    yield from dropout(name, make, inputs, official=True)
