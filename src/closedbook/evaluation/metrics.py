"""Measures how well probabilities and verdicts separate right answers from wrong ones. Each figure names its label.

`right` is (n,) bool; `score` is (n,), any numbers that should be higher for right answers; `probability` is (n,) in
[0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from closedbook.evaluation.score import CONFIDENCE, tally, wilson

PRECISIONS = (0.9, 0.95, 0.97, 0.99)
BINS = 10
DRAWS = 1000
"""How many bootstrap samples to draw, and how many outcomes to simulate for the expected calibration error."""


def auroc(right: np.ndarray, score: np.ndarray) -> float | None:
    """The probability that a right answer scores above a wrong one, ties counting half (Mann and Whitney 1947).

    None if all answers are right, or none.
    """
    positives = int(right.sum())
    negatives = len(right) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # from 1; equal scores share their mean rank
    return float((ranks[right].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auroc_interval(right: np.ndarray, score: np.ndarray, seed: int = 0) -> list[float] | None:
    """Percentile bootstrap interval of the AUROC over questions; None if the AUROC is None."""
    rng = np.random.default_rng([seed, 1])
    draws = (rng.integers(0, len(right), len(right)) for _ in range(DRAWS if auroc(right, score) is not None else 0))
    values = [value for rows in draws if (value := auroc(right[rows], score[rows])) is not None]
    edges = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    return [float(x) for x in np.quantile(values, edges)] if values else None


def risk_coverage(right: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(coverage, risk) if the k highest scores are answered, for k = 1 … n; risk is the share of wrong answers.

    The order of equal scores is arbitrary, so wrong answers are spread evenly over them.
    """
    _, place = np.unique(-score, return_inverse=True)
    wrong = np.bincount(place, ~right) / np.bincount(place)
    answered = np.arange(1, len(right) + 1)
    return answered / len(right), np.cumsum(wrong[np.sort(place)]) / answered


def aurc(right: np.ndarray, score: np.ndarray) -> float:
    """The area under the risk-coverage curve: the mean risk over all coverages (Geifman and El-Yaniv 2017)."""
    return float(risk_coverage(right, score)[1].mean())


def excess_aurc(right: np.ndarray, score: np.ndarray) -> float:
    """The AURC less that of a perfect ranking of the same answers (Geifman, Uziel and El-Yaniv 2019)."""
    return aurc(right, score) - aurc(right, right.astype(float))


def coverage_at(right: np.ndarray, score: np.ndarray, precision: float) -> float:
    """The largest share of questions that can be answered, best scores first, at this precision or better."""
    coverage, risk = risk_coverage(right, score)
    ends = np.append(np.diff(np.sort(-score)) > 0, True)  # a threshold cannot part equal scores
    return float(coverage[ends & (risk <= 1 - precision + 1e-12)].max(initial=0.0))


def brier(right: np.ndarray, probability: np.ndarray) -> float:
    """The mean squared difference between probability and outcome (Brier 1950)."""
    return float(((probability - right) ** 2).mean())


def calibration_error(right: np.ndarray, probability: np.ndarray) -> float:
    """The mean gap between probability and share of right answers, over bins with equally many answers."""
    gaps = [abs(float(probability[rows].mean()) - float(right[rows].mean())) * len(rows) for rows in _bins(probability)]
    return sum(gaps) / len(right)


def expected_calibration_error(probability: np.ndarray, seed: int = 0) -> float:
    """The calibration error of a perfectly calibrated probability on as many questions: small samples show one too."""
    rng = np.random.default_rng([seed, 2])
    rows = _bins(probability)
    outcomes = rng.random((DRAWS, len(probability))) < probability
    gaps = [np.abs(outcomes[:, r].mean(1) - probability[r].mean()) * len(r) for r in rows]
    return float(np.sum(gaps, 0).mean() / len(probability))


def _bins(probability: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(probability, kind="stable")
    return [rows for rows in np.array_split(order, min(BINS, len(order))) if len(rows)]


def penalised(right: np.ndarray, answered: np.ndarray, precision: float) -> float:
    """The mean score if a right answer counts 1, silence 0 and a wrong answer −t/(1−t), where t is the precision.

    Answering then pays exactly if the probability to be right is above t (Kalai, Nachum, Vempala and Zhang 2025).
    """
    cost = precision / (1 - precision)
    return float(np.where(answered, np.where(right, 1.0, -cost), 0.0).mean())


def ranking(right: np.ndarray, score: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """How one score ranks right answers over wrong ones."""
    return {
        "auroc": _rounded(auroc(right, score)),
        "auroc_interval": _rounded(auroc_interval(right, score, seed)),
        "aurc": _rounded(aurc(right, score)),
        "excess_aurc": _rounded(excess_aurc(right, score)),
        "coverage_at": {f"{p:g}": _rounded(coverage_at(right, score, p)) for p in PRECISIONS},
    }


def quality(right: np.ndarray, probability: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """Ranking and calibration of a probability. The label is `right`: the answer equals the gold answer."""
    coverage, risk = risk_coverage(right, probability)
    points = np.unique(np.linspace(0, len(right) - 1, 51).astype(int))
    error, expected = calibration_error(right, probability), expected_calibration_error(probability, seed)
    accuracy = float(right.mean())
    return {
        "label": "right: equals the gold answer",
        "accuracy": accuracy,
        **ranking(right, probability, seed),
        "brier": _rounded(brier(right, probability)),
        "brier_of_the_constant": _rounded(accuracy * (1 - accuracy)),
        "calibration_error": _rounded(error),
        "calibration_error_if_perfect": _rounded(expected),
        "risk_coverage": [[_rounded(float(coverage[i])), _rounded(float(risk[i]))] for i in points],
    }


def by_group(right: np.ndarray, groups: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The score of each group, sorted by name."""
    names = np.array(groups)
    return {str(name): tally(right[names == name].tolist()).to_json() for name in sorted(set(groups))}


def mcnemar(only_first: int, only_second: int) -> float:
    """The p-value of McNemar's exact test, from the numbers of questions that only the first or second got right."""
    total = only_first + only_second
    tail = sum(math.comb(total, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**total)


def given_precision(right: np.ndarray, is_given: np.ndarray, precision: float) -> dict[str, Any]:
    """How many questions were answered, and how many of those answers are right."""
    answered, correct = int(is_given.sum()), int(right[is_given].sum())
    return {
        "asked_precision": precision,
        "answered": answered,
        "coverage": answered / len(is_given),
        "correct": correct,
        "precision": correct / answered if answered else None,
        "interval": list(wilson(correct, answered)) if answered else None,
        "penalised_score": _rounded(penalised(right, is_given, precision)),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return None if value is None else round(float(value), 5)
