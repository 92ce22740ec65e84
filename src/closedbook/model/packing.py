"""Rows of different lengths end to end: what works position by position sees no padding, and attention only a little.

A batch of the course's is more than half padding. Packed, it is one array (token, width) for every product and every
element-wise step, so that there is one call of each and not one for every slice. Only attention has to know which
tokens are of one row: there rows go in chunks of CHUNK, of a length that is a multiple of STEP, and QUERIES of them see
the keys up to their own end. So few shapes occur, whatever the lengths, and the library compiles few kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from closedbook.data.arrays import enumerate_ragged, offsets
from closedbook.model.dropout import draw, gain
from closedbook.model.linear import few
from closedbook.model.shapes import Packed
from closedbook.typing import Float

CHUNK = 16  # rows worked on at once, in attention
STEP = 32
QUERIES = 64  # worked on at once


@dataclass(frozen=True)
class Packing:
    """Which token is where. After the `tokens` come some of no row, at least one, up to a round number N of them.

    A place is a position of a chunk; chunks lie one after another and have P places in all.
    """

    tokens: int
    positions: Tensor  # (N,) int64: of a token in its row
    source: Tensor  # (P,) int64: the token of a place, N − 1 where there is none
    places: Tensor  # (tokens,) int64: the place of a token
    chunks: tuple[tuple[int, int, int], ...]  # (first place, rows, time) of each

    @classmethod
    def of(cls, lengths: Sequence[int] | np.ndarray, few_shapes: bool = True) -> Packing:
        """Of rows of these lengths; ascending ones have the least padding. Chunks are of `few_shapes`, or fit."""
        lengths = np.asarray(lengths, np.int64)
        row, position = enumerate_ragged(lengths)
        tokens = len(row)
        total = few(tokens + 1)
        step = STEP if few_shapes else 1
        first = range(0, len(lengths), CHUNK)
        times = np.array([-(-int(lengths[a : a + CHUNK].max()) // step) * step for a in first], np.int64)
        rows = np.array([CHUNK if few_shapes else min(CHUNK, len(lengths) - a) for a in first], np.int64)
        starts = offsets(rows * times)
        places = starts[row // CHUNK] + row % CHUNK * times[row // CHUNK] + position
        source = np.full(starts[-1], total - 1, np.int64)
        source[places] = np.arange(tokens)
        positions = np.zeros(total, np.int64)
        positions[:tokens] = position
        chunks = tuple(zip(starts[:-1].tolist(), rows.tolist(), times.tolist(), strict=True))
        return cls(tokens, torch.from_numpy(positions), torch.from_numpy(source), torch.from_numpy(places), chunks)

    def pad(self, x: Packed) -> Float[Tensor, "place width"]:
        """Every token at its place; where there is none, the last one, which is of no row."""
        return x.index_select(0, self.source)

    def unpad(self, x: Float[Tensor, "place width"]) -> Packed:
        """The inverse; tokens of no row are 0."""
        y = x.new_empty(len(self.positions), x.shape[1])
        torch.index_select(x, 0, self.places, out=y[: self.tokens])
        y[self.tokens :].zero_()
        return y

    def pad_gradient(self, gradient: Packed) -> Float[Tensor, "place width"]:
        """Of what `unpad` gave; `gradient` is written to. Where there is no token it is 0."""
        gradient[self.tokens :].zero_()
        return self.pad(gradient)


@dataclass(frozen=True)
class PackedBatch:
    """Some examples of a batch, laid end to end."""

    packing: Packing
    tokens: Tensor  # (N,) int64
    target_positions: Tensor | None  # (T,) int64: the tokens that are asked for something, and a few more; None: all
    labels: Tensor  # (T,) or (N,) int64: what they should say, NONE where nothing is asked


def by_chunk(
    packing: Packing,
    x: Packed,
    rotation: Tensor | None,
    work: Callable[[Float[Tensor, "row time width"], Tensor | None], Float[Tensor, "row time width"]],
) -> Packed:
    """What `work` makes of the rows in chunks of about one length, padded, and each chunk's part of the rotation."""
    padded, parts = _Pad.apply(x, packing), []
    for first, rows, time in packing.chunks:
        places = slice(first, first + rows * time)
        turns = None if rotation is None else rotation[0, packing.source[places]].view(rows, time, -1)
        parts.append(work(padded[places].view(rows, time, -1), turns).flatten(0, 1))
    return _Unpad.apply(torch.cat(parts), packing)


class _Pad(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, packing: Packing) -> Tensor:
        ctx.packing = packing
        return packing.pad(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.packing.unpad(gradients[0]), None


class _Unpad(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, packing: Packing) -> Tensor:
        ctx.packing = packing
        return packing.unpad(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.packing.pad_gradient(gradients[0].clone()), None


def attend_packed(
    x: Float[Tensor, "token widths"],
    packing: Packing,
    heads: int,
    dropout: float = 0.0,
    keys: Float[Tensor, "time d"] | None = None,
    bias: Float[Tensor, " time"] | None = None,
) -> Packed:
    """softmax(q kᵀ/√d_h) v in each head, causal, among the tokens of a row. A token's q, k and v stand side by side.

    With `keys` and a `bias` it is softmax(q keysᵀ + bias) v, of q and v side by side: a position's key is the same in
    all rows and heads, and there must be one for every place of a chunk. `dropout` is the chance that a weight is set
    to 0; the others are raised by as much. Tests hold values and gradients to the plain formula.
    """
    return _AttendPacked.apply(x, keys, bias, packing, heads, dropout)


class _AttendPacked(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, keys: Tensor | None, bias: Tensor | None, packing: Packing, heads: int, dropout: float
    ) -> Tensor:
        parts = 3 if keys is None else 2
        width = x.shape[1] // parts
        scale = (width // heads) ** -0.5 if keys is None else 1.0
        padded = packing.pad(x)
        y = x.new_empty(len(padded), width)
        ctx.packing, ctx.scale, ctx.gain, ctx.heads, ctx.chunks = packing, scale, gain(dropout), heads, []
        ctx.parts, ctx.keys = parts, keys
        low_keys = None if keys is None else keys.to(x.dtype)
        visible: dict[tuple[int, int], Tensor] = {}
        for first, rows, time in packing.chunks:
            places = slice(first, first + rows * time)
            q, *k, v = _by_head(padded[places].view(rows, time, parts, heads, -1).permute(2, 0, 3, 1, 4))
            out, blocks = torch.empty_like(q), []
            for a in range(0, time, QUERIES):
                b = min(a + QUERIES, time)
                if (a, b) not in visible:
                    future = torch.full((b - a, b), -math.inf, dtype=x.dtype).triu_(a + 1)
                    visible[a, b] = future if bias is None else future + bias[:b].to(x.dtype)
                of_keys = k[0][:, :b].mT if low_keys is None else low_keys[:b].T.expand(len(q), -1, -1)
                scores = torch.baddbmm(visible[a, b].expand(len(q), -1, -1), q[:, a:b], of_keys, alpha=scale)
                weights = scores.softmax(-1)
                keep = draw(weights.shape, dropout, weights) if dropout else None
                out[:, a:b] = (weights if keep is None else weights * keep) @ v[:, :b]
                blocks.append((a, b, weights, keep))
            _places(y[places], rows, time, heads).copy_(out.view(rows, heads, time, -1))
            ctx.chunks.append((places, rows, time, q, *k, v, blocks))
        return packing.unpad(y).mul_(ctx.gain)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        packing, heads, parts, keys = ctx.packing, ctx.heads, ctx.parts, ctx.keys
        dy_padded = packing.pad_gradient(gradients[0] * ctx.gain)
        dx_padded = dy_padded.new_empty(len(dy_padded), parts * dy_padded.shape[1])
        low_keys = None if keys is None else keys.to(dy_padded.dtype)
        of_positions = [] if keys is None else [torch.zeros_like(keys), torch.zeros_like(keys[:, 0])]
        for places, rows, time, q, *k, v, blocks in ctx.chunks:
            dy = _places(dy_padded[places], rows, time, heads).reshape(rows * heads, time, -1)
            dx = dy.new_empty(parts, *dy.shape)
            dq, *dk, dv = dx
            for a, b, weights, keep in reversed(blocks):  # the last one has all keys
                dweights = dy[:, a:b] @ v[:, :b].mT
                if keep is not None:
                    dweights *= keep
                dscores = torch.ops.aten._softmax_backward_data(dweights, weights, -1, weights.dtype)
                first = b == time
                if low_keys is None:
                    dq[:, a:b] = torch.baddbmm(dq[:, a:b], dscores, k[0][:, :b], beta=0, alpha=ctx.scale)
                    args = dk[0][:, :b], dscores.mT, q[:, a:b]
                    dk[0][:, :b] = torch.baddbmm(*args, beta=0 if first else 1, alpha=ctx.scale)
                else:
                    of_all = dscores.flatten(0, 1)
                    dq[:, a:b] = (of_all @ low_keys[:b]).view(len(q), b - a, -1)
                    of_positions[0][:b] += of_all.T @ q[:, a:b].flatten(0, 1)
                    of_positions[1][:b] += (of_all.new_ones(1, len(of_all)) @ of_all)[0]
                dropped = weights if keep is None else weights * keep
                dv[:, :b] = torch.baddbmm(dv[:, :b], dropped.mT, dy[:, a:b], beta=0 if first else 1)
            into = dx_padded[places].view(rows, time, parts, heads, -1).permute(2, 0, 3, 1, 4)
            into.copy_(dx.view(parts, rows, heads, time, -1))
        return packing.unpad(dx_padded), *(of_positions or (None, None)), None, None, None


def _by_head(x: Tensor) -> Tensor:
    """(part, row, head, time, d), strided, to (part, row · head, time, d) in order."""
    return x.reshape(len(x), -1, *x.shape[3:])


def _places(x: Tensor, rows: int, time: int, heads: int) -> Tensor:
    """(row · time, width) seen as (row, head, time, d)."""
    return x.view(rows, time, heads, -1).transpose(1, 2)
