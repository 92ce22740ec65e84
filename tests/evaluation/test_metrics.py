"""Metrics against scikit-learn, against brute force, and at their ends."""

from __future__ import annotations

import numpy as np
import pytest

from closedbook.evaluation import metrics


def sample(seed: int, n: int = 200, levels: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    right = rng.random(n) < score
    return right, np.round(score * levels) / levels if levels else score


@pytest.mark.parametrize("levels", [0, 5])
def test_auroc_is_scikit_learn_s_with_ties_too(levels: int):
    theirs = pytest.importorskip("sklearn.metrics").roc_auc_score
    for seed in range(5):
        right, score = sample(seed, levels=levels)
        assert metrics.auroc(right, score) == pytest.approx(theirs(right, score))


def test_auroc_without_one_kind_is_none():
    for right in (np.ones(5, bool), np.zeros(5, bool)):
        assert metrics.auroc(right, np.arange(5.0)) is None
        assert metrics.auroc_interval(right, np.arange(5.0)) is None


def test_the_bootstrap_interval_holds_the_figure_and_narrows_with_more_questions():
    widths = []
    for n in (100, 1600):
        right, score = sample(1, n)
        low, high = metrics.auroc_interval(right, score) or (0, 0)
        assert low < (metrics.auroc(right, score) or 0) < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_risk_and_coverage_by_hand():
    right, score = np.array([True, False, True, True]), np.array([0.9, 0.8, 0.3, 0.1])
    coverage, risk = metrics.risk_coverage(right, score)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 4])
    assert metrics.aurc(right, score) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert metrics.excess_aurc(right, right.astype(float)) == pytest.approx(0)
    assert metrics.coverage_at(right, score, 0.7) == 1.0
    assert metrics.coverage_at(right, score, 0.9) == 0.25
    assert metrics.coverage_at(~right, score, 0.99) == 0.0


def test_equal_scores_are_in_no_order_and_cannot_be_parted():
    right = np.array([True, False] * 10)
    for order in (right, right[::-1], np.sort(right)):
        assert metrics.aurc(order, np.ones(20)) == pytest.approx(0.5)
        assert metrics.coverage_at(order, np.ones(20), 0.6) == 0.0


def test_a_calibrated_probability_has_about_the_error_that_is_expected_of_it():
    gaps = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        chance = rng.random(500)
        right = rng.random(500) < chance
        gaps.append(metrics.calibration_error(right, chance) - metrics.expected_calibration_error(chance, seed))
    assert abs(np.mean(gaps)) < 0.01
    chance = np.full(500, 0.9)
    right = np.arange(500) < 250
    assert metrics.calibration_error(right[np.random.default_rng(0).permutation(500)], chance) == pytest.approx(
        0.4, abs=0.02
    )


def test_brier_and_the_penalised_score_by_hand():
    right, chance = np.array([True, False]), np.array([0.8, 0.4])
    assert metrics.brier(right, chance) == pytest.approx((0.04 + 0.16) / 2)
    correct = np.array([True, True])
    assert metrics.penalised(right, correct, 0.75) == pytest.approx((1 - 3) / 2)
    assert metrics.penalised(right, ~correct, 0.75) == 0
    report = metrics.given_precision(right, correct, 0.75)
    assert (report["answered"], report["precision"], report["coverage"]) == (2, 0.5, 1.0)
    assert metrics.given_precision(right, ~correct, 0.75)["precision"] is None


def test_the_quality_report_names_its_label_and_holds_no_nan():
    for right, score in (sample(3), (np.ones(4, bool), np.full(4, 0.9)), (np.zeros(1, bool), np.ones(1))):
        report = metrics.quality(right, score)
        assert "gold" in report["label"]
        assert report["risk_coverage"][-1][0] == 1
        assert all(
            value is None or np.isfinite(value) for value in report.values() if not isinstance(value, (str, list, dict))
        )
