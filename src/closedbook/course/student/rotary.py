"""precompute_rotary_emb and apply_rotary_emb, the task of 2024. Each is tried by itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from closedbook.course.student.findings import Checks, HandoutError, close, same
from closedbook.course.student.steps import CACHES, TURNS, cache, turn

DIM, MOST = 8, 16
SMALL = 4, 6  # where a theta that grows gives angles small enough for float32 to tell


def rotary(module: Any) -> Checks:
    def precompute() -> None:
        made = module.precompute_rotary_emb(DIM, MOST)
        if isinstance(made, Tensor) and made.is_complex():
            raise HandoutError("the result must be real, of shape (max_positions, dim/2, 2): torch.view_as_real(…)")
        if not isinstance(made, Tensor) or not same(made.float(), cache(DIM, MOST)):
            small = module.precompute_rotary_emb(*SMALL)
            for mistake, wrong in CACHES.items():
                if isinstance(small, Tensor) and same(small.float(), wrong(*SMALL)):
                    raise HandoutError(mistake)
        close(made, cache(DIM, MOST), "(cos, sin) of t · 10000^(-2(i-1)/dim), t from 0")

    def apply() -> None:
        """With a right cache, so that the other function's mistakes are not blamed on this one."""
        made = cache(DIM, MOST)
        for length in (MOST, 5):
            x = torch.randn(2, 3, length, DIM)
            try:
                compare(module, x, made)
            except Exception as error:  # the handout leaves open whether batch and head are one dimension
                try:
                    compare(module, x.flatten(0, 1), made)
                except Exception:
                    raise error from None

    yield "precompute_rotary_emb: (max_positions, dim/2, 2), cos and sin", precompute
    if hasattr(module, "apply_rotary_emb"):
        yield "apply_rotary_emb: adjacent pairs turned, shorter inputs too", apply


def compare(module: Any, x: Tensor, made: Tensor) -> None:
    given = module.apply_rotary_emb(x.clone(), made.clone())
    expected = turn(x, made)
    if isinstance(given, Tensor) and not same(given, expected):
        for mistake, wrong in TURNS.items():
            if same(given, wrong(x, made)):
                raise HandoutError(mistake)
    close(given, expected, f"x with each adjacent pair turned by its position (length {x.shape[-2]})")
