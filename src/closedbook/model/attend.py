"""softmax(q kᵀ + bias) v over the positions up to each query's own, in pieces that stay in the processor's cache.

The plain formula writes and reads a (batch, head, query, key) array about ten times. Here a few examples and a block
of queries go through all steps at once, keys after the block are never touched, and dropout takes sixteen random bits
for each weight. Tests hold values and gradients to the plain formula.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from closedbook.model.dropout import draw, gain
from closedbook.model.shapes import Heads, Hidden, Scores
from closedbook.typing import Bool, Float

PIECE = 2**19  # scores worked on at once: 2 MiB
BLOCK = 128  # queries worked on at once


def attend(
    v: Float[Tensor, "batch head time d_v"],
    q: Heads | None = None,
    k: Heads | None = None,
    bias: Float[Tensor, "some_batch some_head time time"] | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "batch head time d_v"]:
    """softmax(q kᵀ + bias) v, causal and without a scale. q and k, or `bias`, may be None; `bias` broadcasts.

    `dropout` is the chance that a weight is set to 0, to the next of dropout.PARTS; the others are raised by as much.
    """
    if torch.is_autocast_enabled(v.device.type):  # inside, everything is of one type
        q, k, bias = (None if x is None else x.to(v.dtype) for x in (q, k, bias))
        with torch.autocast(v.device.type, enabled=False):
            return _Attend.apply(v, q, k, bias, dropout)
    return _Attend.apply(v, q, k, bias, dropout)


def weigh(scores: Scores, visible: Bool[Tensor, ...]) -> Scores:
    """softmax of the scores over the keys that `visible` (broadcast) says yes to."""
    return scores.masked_fill(~visible, -math.inf).softmax(-1)


def causal(x: Hidden) -> Bool[Tensor, "time time"]:
    """Each position sees itself and those before it."""
    return torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, v: Tensor, q: Tensor | None, k: Tensor | None, bias: Tensor | None, dropout: float) -> Tensor:
        y = v.new_empty(v.shape)
        future = torch.full((BLOCK, BLOCK), -math.inf, dtype=v.dtype, device=v.device).triu_(1)
        ctx.pieces = []
        for rows, a, b in _pieces(v):
            if q is None or k is None:
                assert bias is not None
                scores = _cut(bias, rows, a, b).clone()
            else:
                scores = q[rows, :, a:b] @ k[rows, :, :b].mT
                if bias is not None:
                    scores += _cut(bias, rows, a, b)
            scores[..., a:b] += future[: b - a, : b - a]
            weights = scores.softmax(-1)
            keep = draw((*v[rows].shape[:2], b - a, b), dropout, v) if dropout else None
            y[rows, :, a:b] = _drop(weights, keep) @ v[rows, :, :b]
            ctx.pieces.append((rows, a, b, weights, keep))
        ctx.save_for_backward(v, q, k, bias)
        ctx.gain = gain(dropout)
        return y.mul_(ctx.gain)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        v, q, k, bias = ctx.saved_tensors
        gradients_of: list[Any] = [None if x is None else torch.zeros_like(x) for x in (v, q, k, bias)]
        dv, dq, dk, dbias = gradients_of
        raised = gradients[0] * ctx.gain
        for rows, a, b, weights, keep in ctx.pieces:
            dy = raised[rows, :, a:b]
            dv[rows, :, :b] += _drop(weights, keep).mT @ dy
            dweights = _drop(dy @ v[rows, :, :b].mT, keep).sum_to_size(weights.shape)
            dscores = torch.ops.aten._softmax_backward_data(dweights, weights, -1, weights.dtype)
            if q is not None:
                dq[rows, :, a:b] = dscores @ k[rows, :, :b]
                dk[rows, :, :b] += dscores.mT @ q[rows, :, a:b]
            if bias is not None:
                into = _cut(dbias, rows, a, b)
                into += dscores.sum_to_size(into.shape)
        return dv, dq, dk, dbias, None


def _pieces(v: Tensor) -> Iterator[tuple[slice, int, int]]:
    """(examples, first query, last query + 1) of each piece."""
    batch, heads, time, _ = v.shape
    examples = max(1, PIECE // (heads * min(time, BLOCK) * time))
    for row in range(0, batch, examples):
        for start in range(0, time, BLOCK):
            yield slice(row, row + examples), start, min(start + BLOCK, time)


def _cut(bias: Tensor, rows: slice, a: int, b: int) -> Tensor:
    """A view of the part of `bias` that belongs to some examples, the queries from a to b and the keys before b."""
    return (bias[rows] if bias.shape[0] > 1 else bias)[:, :, a:b, :b]


def _drop(weights: Tensor, keep: Tensor | None) -> Tensor:
    return weights if keep is None else weights * keep
