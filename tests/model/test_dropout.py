"""Dropout from few random bits: how often, by how much, and the same again."""

from __future__ import annotations

import math

import pytest
import torch

from closedbook.model.dropout import PARTS, Dropout, drawing_from


@pytest.mark.parametrize("chance", [0.1, 0.5, 0.97])
def test_as_many_are_dropped_as_asked_and_the_rest_is_raised_by_as_much(chance):
    torch.manual_seed(0)
    exact = round(chance * PARTS) / PARTS
    x = torch.ones(400_001)  # no multiple of the four draws in 64 bits
    y = Dropout(chance)(x)
    assert abs(float((y == 0).double().mean()) - exact) < 4 * math.sqrt(exact * (1 - exact) / len(x))
    assert torch.allclose(y[y != 0], torch.tensor(1 / (1 - exact)))


def test_what_is_dropped_has_no_pattern():
    torch.manual_seed(0)
    kept = (Dropout(0.5)(torch.ones(100_000, 4)) != 0).double()  # the four draws of each 64 bits, side by side
    assert (torch.corrcoef(kept.T) - torch.eye(4, dtype=torch.float64)).abs().max() < 4 / math.sqrt(len(kept))
    ahead = torch.corrcoef(torch.stack([kept.flatten()[:-1], kept.flatten()[1:]]))[0, 1]
    assert abs(ahead) < 4 / math.sqrt(kept.numel())


def test_the_gradient_goes_through_what_stayed():
    torch.manual_seed(0)
    x = torch.randn(50, 7, dtype=torch.float64, requires_grad=True)
    y = Dropout(0.3)(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.allclose(gradient * x, y)
    assert 0 < (gradient == 0).double().mean() < 1


def test_a_seed_drops_the_same_again_and_the_next_call_others():
    dropout, x = Dropout(0.5), torch.ones(1000)
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)
    assert torch.equal(dropout(x), first)
    assert not torch.equal(first, second)


def test_nothing_is_dropped_in_evaluation_nor_at_chance_0_nor_at_one_too_small_to_draw():
    x = torch.randn(1000)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)
    assert torch.equal(Dropout(1e-9)(x), x)


def test_a_thread_s_own_seed_decides_whatever_others_draw_from_torch_s_generator():
    x, drop = torch.ones(1000), Dropout(0.5)
    with drawing_from(3):
        dropped = drop(x)
    torch.rand(17)
    with drawing_from(3):
        assert torch.equal(drop(x), dropped)
        assert not torch.equal(drop(x), dropped)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with drawing_from(4):
        assert not torch.equal(drop(x), dropped)
    assert torch.equal(torch.get_rng_state(), before)
