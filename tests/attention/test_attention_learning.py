"""1e's impossibility under an independent optimiser, 1e.ii's learned matrices, and 2g.ii's recall."""

from __future__ import annotations

import itertools
import math
import sys
from pathlib import Path

import pytest
import scipy.optimize
import torch

from closedbook.attention.claim import load
from closedbook.attention.claims.lookup import best_read_out, second_difference
from closedbook.attention.claims.matrices import Layer, hand_built
from closedbook.attention.claims.own_query import closest, distance, least_distance
from closedbook.attention.keys import orthonormal
from closedbook.attention.recall import accuracy, affine_ceiling, pairs, train

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from attention import bag_of_pairs, learn, transfer


@pytest.mark.parametrize("beta", [0.01, 0.5, 1.0, 2.0, 5.0])
def test_1e_i_an_independent_optimiser_gets_no_closer_than_the_bound(beta):
    claim = load("1e.i")
    inputs = claim.construct(claim.settings({"beta": beta}))

    def objective(at):
        lam, mu = torch.tensor(at)[:, None]
        return float(distance(inputs, lam, mu))

    starts = itertools.product((-4.0, -1.0, 0.0, 0.7, 3.0), repeat=2)
    least = min(scipy.optimize.minimize(objective, at, method="Nelder-Mead").fun for at in starts)
    assert least >= least_distance(beta) * (1 - 1e-9)
    assert closest(inputs)[0] == pytest.approx(least, rel=1e-5)


def test_1e_i_the_bound_is_sharp_at_both_ends():
    claim = load("1e.i")
    for beta, limit in ((0.01, math.sqrt(2) / 3), (8.0, math.sqrt(2))):
        nearest, _, _ = closest(claim.construct(claim.settings({"beta": beta})))
        assert nearest == pytest.approx(limit, rel=1e-3) == pytest.approx(least_distance(beta), rel=1e-3)


def test_1e_ii_gradient_descent_fits_the_inputs_but_only_varied_contents_teach_a_look_up():
    u = 3.0 * orthonormal(4, 8, torch.Generator().manual_seed(0))
    narrow, errors = learn(u, starts=4, steps=400, varied=False)
    assert float(errors.median()) < 1e-3
    assert float(transfer(narrow).median()) > 0.1
    wide, _ = learn(u, starts=4, steps=800, varied=True)
    assert float(transfer(wide).median()) < 0.5 * float(transfer(narrow).median())


def test_1e_ii_an_invertible_change_of_key_and_query_matrices_is_the_same_head():
    u = 3.0 * orthonormal(4, 8, torch.Generator().manual_seed(0))
    built = hand_built(u, 3.0)
    M = torch.randn(8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 4 * torch.eye(8)
    other = Layer(u, M @ built.K, torch.linalg.inv(M).T @ built.Q, built.V)
    claim = load("1e.ii")
    ours, theirs = (claim.measure(layer, claim.settings()).parts for layer in (built, other))
    assert [a.figure for a in ours] == pytest.approx([b.figure for b in theirs], rel=1e-6)


def test_2g_ii_softmax_attentions_second_differences_do_not_vanish():
    claim = load("2g.ii")
    rivals = claim.construct(claim.settings({"steps": 0, "t": 3}))
    assert second_difference(rivals.seeing, rivals.contents, rivals.changes) > 0.01
    assert second_difference(rivals.blind, rivals.contents, rivals.changes) < 1e-13


def test_2g_ii_no_affine_map_beats_the_constant_answer_and_attention_does():
    claim = load("2g.ii")
    rivals = claim.construct(claim.settings({"steps": 0}))
    assert best_read_out(rivals.blind, rivals.arrangements, rivals.answers) == pytest.approx(0.5)
    assert best_read_out(rivals.seeing, rivals.arrangements, rivals.answers) < 1e-6


def test_2g_ii_the_ceiling_holds_for_every_affine_answerer_tried_exhaustively():
    """n = 3: logits F_v(p) + G_v(place of v), F and G random; all places and all orders of the values."""
    n, g = 3, torch.Generator().manual_seed(0)
    orders = torch.tensor(list(itertools.permutations(range(n))))  # value at each place
    place_of = orders.argsort(1)
    best = 0.0
    for _ in range(1000):
        F, G = torch.randn(2, n, n, generator=g)
        additive = G[torch.arange(n), place_of]  # order, value
        answered = (F.T[None] + additive[:, None]).argmax(2)  # order, place asked for
        best = max(best, float((answered == orders).double().mean()))
    assert 0.5 < best <= affine_ceiling(n) + 1e-12
    assert affine_ceiling(1) == 1.0
    assert affine_ceiling(2) == 0.75
    assert affine_ceiling(4096) < math.e / math.sqrt(4096) * 1.05


def test_2g_ii_softmax_attention_learns_recall_and_the_synthesizer_does_not():
    assert train("softmax attention", 8, 32, 2000, 0, examples=4000).accuracy > 0.99
    assert train("Synthesizer", 8, 32, 300, 0, examples=4000).accuracy < 0.2


def hand_built_mlp(n, key_count):
    """An MLP with one hidden unit per key that answers from the bag. Source: 2g.ii (iii).

    Unit k holds the number (1 … n) of the value beside key k, and is pushed below 0 unless k is the query. The logits
    v·y − v²/2 are linear in the number y that remains, and largest at v = y.
    """
    numbers = torch.arange(1.0, n + 1)
    into = torch.kron(torch.eye(key_count), numbers[:, None])

    def answer(bag, query):
        hidden = torch.relu(bag @ into + (n + 1) * (query - 1))
        return hidden.sum(1, keepdim=True) * numbers - numbers**2 / 2

    return answer


@pytest.mark.parametrize(("n", "key_count"), [(2, 2), (7, 7), (8, 16)])
def test_2g_iii_an_mlp_with_one_unit_per_key_answers_from_the_bag(n, key_count):
    answer = hand_built_mlp(n, key_count)
    g = torch.Generator().manual_seed(0)
    assert accuracy(lambda batch: answer(*bag_of_pairs(batch, n, key_count)), n, key_count, 5000, g) == 1.0


def test_recall_draws_fresh_pairs_whose_answers_are_even():
    g = torch.Generator().manual_seed(0)
    batch, again = pairs(20_000, 4, 8, g), pairs(20_000, 4, 8, g)
    assert not torch.equal(batch.keys, again.keys)
    counts = torch.bincount(batch.answer, minlength=4) / 20_000
    assert float((counts - 0.25).abs().max()) < 0.015
    places = (batch.keys == batch.query[:, None]).nonzero()[:, 1]
    assert torch.equal(batch.values[torch.arange(20_000), places], batch.answer)
