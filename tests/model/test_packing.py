"""Rows laid end to end: nothing is lost or mixed up, and attention is the plain formula's, dropout included."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from closedbook.model.dropout import add_dropped, drop
from closedbook.model.packing import CHUNK, Packing, attend_packed, by_chunk

LENGTHS = [1, 3, 3, 17, 31, 32, 33, 64, 65, 100, 127, 130] * 2


@given(st.lists(st.integers(1, 140), min_size=1, max_size=40), st.booleans())
def test_every_token_has_a_place_of_its_own_and_comes_back(lengths, few_shapes):
    packing = Packing.of(lengths, few_shapes)
    x = torch.arange(1.0, 1 + len(packing.positions))[:, None].double()
    x[packing.tokens :] = 0
    padded = packing.pad(x)
    assert torch.equal(packing.unpad(padded), x)
    seen = []
    for first, rows, time in packing.chunks:
        for row in padded[first : first + rows * time].view(rows, time).tolist():
            real = [value for value in row if value]
            assert row == real + [0.0] * (time - len(real))
            seen += [real] if real else []
    expected = torch.arange(1.0, 1 + sum(lengths)).split(lengths)
    assert seen == [row.tolist() for row in expected]
    assert packing.positions[: packing.tokens].tolist() == [i for length in lengths for i in range(length)]


def test_few_shapes_are_few_and_others_fit():
    lengths = np.sort(np.random.default_rng(0).integers(1, 128, 100))
    assert {(rows, time) for _, rows, time in Packing.of(lengths).chunks} <= {
        (CHUNK, time) for time in (32, 64, 96, 128)
    }
    fitting = Packing.of(lengths, few_shapes=False).chunks
    assert [time for _, _, time in fitting] == [max(lengths[a : a + CHUNK]) for a in range(0, 100, CHUNK)]
    assert sum(rows for _, rows, _ in fitting) == 100


def plain(qkv, lengths, heads):
    """Row by row, head by head."""
    out = []
    for row in qkv[: sum(lengths)].split(lengths):
        q, k, v = row.view(len(row), 3, heads, -1).permute(1, 2, 0, 3)
        future = torch.ones(len(row), len(row), dtype=torch.bool).triu(1)
        weights = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(future, -math.inf).softmax(-1)
        out.append((weights @ v).transpose(0, 1).flatten(1))
    return torch.cat(out)


@pytest.mark.parametrize("few_shapes", [True, False])
def test_attention_among_packed_rows_is_the_plain_formula_with_its_gradient(few_shapes):
    torch.manual_seed(0)
    packing = Packing.of(LENGTHS, few_shapes)
    qkv = torch.randn(len(packing.positions), 3 * 2 * 4, dtype=torch.float64, requires_grad=True)
    attended, expected = attend_packed(qkv, packing, 2), plain(qkv, LENGTHS, 2)
    assert torch.allclose(attended[: packing.tokens], expected, atol=1e-12)
    assert not attended[packing.tokens :].any()
    along = torch.randn_like(attended)
    (gradient,) = torch.autograd.grad(attended, qkv, along)
    (other,) = torch.autograd.grad(expected, qkv, along[: packing.tokens])
    assert torch.allclose(gradient, other, atol=1e-11)


def test_gradients_through_dropped_weights_of_packed_rows_are_the_finite_differences():
    packing = Packing.of([2, 5, 70], few_shapes=False)
    qkv = torch.randn(len(packing.positions), 3 * 2, dtype=torch.float64, requires_grad=True)

    def run(qkv):
        torch.manual_seed(3)
        return attend_packed(qkv, packing, 1, 0.4)

    assert not torch.allclose(run(qkv), attend_packed(qkv, packing, 1))
    assert torch.autograd.gradcheck(run, (qkv,), fast_mode=True)


def test_in_bfloat16_it_is_close_to_float32_with_its_gradient():
    torch.manual_seed(0)
    packing = Packing.of(LENGTHS)
    qkv = torch.randn(len(packing.positions), 3 * 64, requires_grad=True)
    along = torch.randn(len(packing.positions), 64)
    exact = attend_packed(qkv, packing, 2)
    low = attend_packed(qkv.bfloat16(), packing, 2)
    assert low.dtype == torch.bfloat16
    for gradient, other in [
        (low.float(), exact),
        (torch.autograd.grad(low, qkv, along.bfloat16())[0], torch.autograd.grad(exact, qkv, along)[0]),
    ]:
        assert (gradient - other).norm() < 0.02 * other.norm()


@pytest.mark.parametrize("few_shapes", [True, False])
def test_packed_rows_with_a_key_for_each_position_are_the_plain_formula_with_all_gradients(few_shapes):
    torch.manual_seed(0)
    packing = Packing.of(LENGTHS, few_shapes)
    qv = torch.randn(len(packing.positions), 2 * 2 * 4, dtype=torch.float64, requires_grad=True)
    keys = torch.randn(160, 4, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(160, dtype=torch.float64, requires_grad=True)
    attended, expected = attend_packed(qv, packing, 2, 0.0, keys, bias), []
    for row in qv[: packing.tokens].split(LENGTHS):
        q, v = row.view(len(row), 2, 2, 4).permute(1, 2, 0, 3)
        future = torch.ones(len(row), len(row), dtype=torch.bool).triu(1)
        weights = (q @ keys[: len(row)].T + bias[: len(row)]).masked_fill(future, -math.inf).softmax(-1)
        expected.append((weights @ v).transpose(0, 1).flatten(1))
    assert torch.allclose(attended[: packing.tokens], torch.cat(expected), atol=1e-12)
    along = torch.randn_like(attended)
    gradients = torch.autograd.grad(attended, (qv, keys, bias), along)
    wanted = torch.autograd.grad(torch.cat(expected), (qv, keys, bias), along[: packing.tokens])
    for gradient, other in zip(gradients, wanted, strict=True):
        assert torch.allclose(gradient, other, atol=1e-10)


def test_work_by_chunk_sees_each_row_padded_with_its_turns_and_sends_its_gradient_back():
    packing = Packing.of(LENGTHS, few_shapes=False)
    x = torch.randn(len(packing.positions), 3, dtype=torch.float64, requires_grad=True)
    turns = packing.positions[None, :, None].double()
    y = by_chunk(packing, x, turns, lambda rows, turns: rows.cumsum(1) * turns)
    expected = torch.cat(
        [row.cumsum(0) * torch.arange(len(row))[:, None] for row in x[: packing.tokens].split(LENGTHS)]
    )
    assert torch.allclose(y[: packing.tokens], expected)
    (gradient,), (other,) = (torch.autograd.grad(z.sum(), x) for z in (y, expected))
    assert torch.allclose(gradient, other)


@pytest.mark.parametrize("chance", [0.0, 0.3])
def test_what_is_dropped_and_added_at_once_is_what_it_is_one_after_the_other(chance):
    x, y = (torch.randn(20, 30, dtype=torch.float64, requires_grad=True) for _ in range(2))
    torch.manual_seed(1)
    sums = add_dropped(x, y, chance)
    torch.manual_seed(1)
    expected = x + drop(y, chance)
    assert torch.allclose(sums, expected)
    along = torch.randn_like(x)
    for gradient, other in zip(
        torch.autograd.grad(sums, (x, y), along), torch.autograd.grad(expected, (x, y), along), strict=True
    ):
        assert torch.allclose(gradient, other)
    low = add_dropped(x.float(), y.bfloat16(), 0.0)
    assert low.dtype == torch.float32
