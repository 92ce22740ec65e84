"""precompute_rotary_emb and apply_rotary_emb, the task of 2024. Each is tried by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from closedbook.course.student.findings import Checks, HandoutError, close, same
from closedbook.course.student.steps import CACHES, TURNS, cache, turn

DIM, MOST = 8, 16
SMALL = 4, 6  # where a theta that grows gives angles small enough for float32 to tell


def rotary(module: Any) -> Checks:
    def precompute() -> None:
        output = module.precompute_rotary_emb(DIM, MOST)
        if isinstance(output, Tensor) and output.is_complex():
            raise HandoutError("the result must be real, of shape (max_positions, dim/2, 2): torch.view_as_real(…)")
        if not isinstance(output, Tensor) or not same(output.float(), cache(DIM, MOST)):
            small = module.precompute_rotary_emb(*SMALL)
            for mistake, wrong in CACHES.items():
                if isinstance(small, Tensor) and same(small.float(), wrong(*SMALL)):
                    raise HandoutError(mistake)
        close(output, cache(DIM, MOST), "(cos, sin) of t · 10000^(-2(i-1)/dim), t from 0")

    def apply() -> None:
        """With a right cache, so that the other function's mistakes are not blamed on this one."""
        output = cache(DIM, MOST)
        for length in (MOST, 5):
            x = torch.randn(2, 3, length, DIM)
            try:
                compare(module.apply_rotary_emb, x, output)
            except Exception as error:  # the handout leaves open how batch, head and time are laid out
                layouts = (
                    (module.apply_rotary_emb, x.flatten(0, 1)),
                    (lambda y, c: module.apply_rotary_emb(y.transpose(1, 2), c).transpose(1, 2), x),
                )
                for apply, laid_out in layouts:
                    with contextlib.suppress(Exception):
                        compare(apply, laid_out, output)
                        break
                else:
                    raise error from None

    yield "precompute_rotary_emb: (max_positions, dim/2, 2), cos and sin", precompute
    if hasattr(module, "apply_rotary_emb"):
        yield "apply_rotary_emb: adjacent pairs turned, shorter inputs too", apply


def compare(apply: Callable[[Tensor, Tensor], Any], x: Tensor, cos_sin: Tensor) -> None:
    output = apply(x.clone(), cos_sin.clone())
    expected = turn(x, cos_sin)
    if isinstance(output, Tensor) and not same(output, expected):
        for mistake, forms in TURNS.items():
            if any(same(output, wrong(x, cos_sin)) for wrong in ([forms] if callable(forms) else forms)):
                raise HandoutError(mistake)
    close(output, expected, f"x with each adjacent pair turned by its position (length {x.shape[-2]})")
