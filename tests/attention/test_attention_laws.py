"""The laws of the random claims: Kolmogorov–Smirnov on 10,000 draws, right laws accepted and wrong ones rejected."""

from __future__ import annotations

import math

import pytest
import scipy.stats
import torch

from closedbook.attention.bounds import ks_distance, ks_p_value
from closedbook.attention.claim import load
from closedbook.attention.claims.noise import law
from closedbook.attention.claims.two_heads import miss_chance

LENGTHS = [0.5, 20.0, 3000.0]
VARIANCES = [1e-9, 1e-3, 0.5]


def score_difference(id, t, alpha, **more):
    claim = load(id)
    return claim.construct(
        claim.settings({"t": t, "alpha": alpha, "samples": 10_000, "seed": LENGTHS.index(t), **more})
    ).log_ratio()


def p_value(sample, deviation):
    return scipy.stats.kstest(sample.numpy(), scipy.stats.norm(scale=deviation).cdf).pvalue


LAWS = {
    "1c.i": lambda t, alpha: t * math.sqrt(4 * alpha),
    "1c.ii": lambda t, alpha: t * math.sqrt(0.5 + 4 * alpha),
    "1c.ii-both": lambda t, alpha: t * math.sqrt(1 + 4 * alpha),
}


@pytest.mark.parametrize("alpha", VARIANCES)
@pytest.mark.parametrize("t", LENGTHS)
@pytest.mark.parametrize("id", LAWS)
def test_the_right_law_is_accepted(id, t, alpha, record_property):
    p = p_value(score_difference(id, t, alpha), LAWS[id](t, alpha))
    record_property("p_value", float(p))
    assert p > 0.001, p


@pytest.mark.parametrize("t", LENGTHS)
def test_a_half_taken_as_standard_deviation_is_rejected(t, record_property):
    p = p_value(score_difference("1c.ii", t, 1e-3), t * math.sqrt(0.25 + 4e-3))
    record_property("p_value", float(p))
    assert p < 1e-9


@pytest.mark.parametrize("alpha", VARIANCES)
@pytest.mark.parametrize("t", LENGTHS)
def test_the_law_for_both_lengths_is_rejected_on_draws_of_one(t, alpha, record_property):
    p = p_value(score_difference("1c.ii", t, alpha), LAWS["1c.ii-both"](t, alpha))
    record_property("p_value", float(p))
    assert p < 1e-5


def test_saturated_weights_would_hide_the_law_that_scores_show():
    sample = score_difference("1c.ii", 3000.0, 1e-3)
    weights = torch.sigmoid(sample)
    assert int(((weights == 0) | (weights == 1)).sum()) > 8000  # the weights say next to nothing
    assert p_value(sample, LAWS["1c.ii"](3000.0, 1e-3)) > 0.001


@pytest.mark.parametrize("size", [100, 10_000])
@pytest.mark.parametrize("wrong", [1.0, 1.02, 1.1])
def test_our_kolmogorov_smirnov_agrees_with_scipy(size, wrong):
    sample = torch.randn(size, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    theirs = scipy.stats.kstest(sample.numpy(), scipy.stats.norm(scale=wrong).cdf)
    distance = ks_distance(sample, wrong)
    assert distance == pytest.approx(theirs.statistic, abs=1e-12)
    assert ks_p_value(distance, size) == pytest.approx(theirs.pvalue, rel=0.02, abs=1e-4)


def test_no_noise_is_said_not_tested():
    assert "no noise" in str(law(torch.zeros(5), 0.0))


@pytest.mark.parametrize("n", [2, 6, 64])
@pytest.mark.parametrize("t1", [1.0, 5.0, 40.0])
def test_1d_ii_head_1_misses_as_often_as_predicted(n, t1):
    claim = load("1d.ii")
    draws = claim.construct(claim.settings({"n": n, "d": n, "t1": t1, "alpha": 0, "samples": 10_000}))
    missed = int((draws.log_weights[0, :, 0] < math.log(0.5)).sum())
    assert scipy.stats.binomtest(missed, 10_000, miss_chance(n, t1)).pvalue > 0.001


def test_1d_ii_the_limit_is_phi_of_minus_root_two_from_above():
    limit = scipy.stats.norm.cdf(-math.sqrt(2))
    chances = [miss_chance(6, 10.0**k) for k in range(1, 7)]
    assert chances == sorted(chances, reverse=True)
    assert 0 < chances[-1] - limit < 1e-5
    assert miss_chance(2, 0.1) == pytest.approx(limit)


def test_1d_ii_spreads_are_those_of_the_derivation():
    details = load("1d.ii").check({"t": 1e5, "t1": 1e5, "t2": 1e5, "alpha": 0}).measurement.details
    p, n = scipy.stats.norm.cdf(-math.sqrt(2)), 6
    assert details["one head: spread of c, same draws"] == pytest.approx(math.sqrt(0.5), abs=0.005)
    assert details["two heads: spread of c"] == pytest.approx(0.5 * math.sqrt(p * (1 - p) * n / (n - 1)), abs=0.005)
