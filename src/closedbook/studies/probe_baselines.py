"""Judges from outside: classifiers that see only names, or only answers, to hold the model's own signals against."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from closedbook.verdicts.calibration import Logistic

FOLDS = 5
BUCKETS = 256
NAMES_PENALTY, OUTPUT_PENALTY = 5.0, 1.0


def names_only(names: Sequence[str], labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """(n,) cross-validated chances of a label that a name's spelling alone gives: its letter pairs and triples."""
    return cross_fitted(spelling(names), labels, NAMES_PENALTY, seed, names)


def output_only(answers: Sequence[str], right: np.ndarray, frequency: Mapping[str, int], seed: int = 0) -> np.ndarray:
    """(n,) cross-validated chances to be right that a reader gives who sees the answer's text and nothing else.

    It knows how often each answer occurs among the training questions, and sees its length, words and figures.
    """
    columns = [
        [np.log1p(frequency.get(a, 0)), a in frequency, len(a), len(a.split()), any(c.isdigit() for c in a)]
        for a in answers
    ]
    return cross_fitted(np.array(columns, dtype=float), right, OUTPUT_PENALTY, seed)


def spelling(names: Sequence[str]) -> np.ndarray:
    """(n, BUCKETS) counts of each name's letter pairs and triples, hashed."""
    counts = np.zeros((len(names), BUCKETS))
    for row, name in enumerate(names):
        text = f" {name.casefold()} "
        for size in (2, 3):
            for i in range(len(text) - size + 1):
                counts[row, zlib.crc32(text[i : i + size].encode()) % BUCKETS] += 1
    return counts


def cross_fitted(
    columns: np.ndarray, labels: np.ndarray, penalty: float, seed: int = 0, groups: Sequence[str] | None = None
) -> np.ndarray:
    """(n,) chances, each from a logistic regression on the other folds; rows of one group are in one fold."""
    _, first, place = np.unique(groups or np.arange(len(labels)), return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))[place]  # groups by where they first stand
    fold = (np.random.default_rng([seed, 3]).permutation(len(first)) % FOLDS)[rank]
    measured = {f"{i}": column for i, column in enumerate(columns.T) if np.ptp(column) > 0}
    chances = np.full(len(labels), 0.5)

    def part(rows: np.ndarray) -> dict[str, np.ndarray]:
        return {name: column[rows] for name, column in measured.items()}

    for number in range(FOLDS):
        inside, outside = fold != number, fold == number
        if measured and outside.any() and inside.any():
            fitted = Logistic.fit(part(inside), dict.fromkeys(measured, 0.0), labels[inside], penalty)
            chances[outside] = fitted(part(outside))
    return chances
