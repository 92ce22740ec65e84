"""Exact match, and how sure a share of right answers is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from closedbook.data.questions import Questions

CONFIDENCE = 0.95


def exact_match(prediction: str, gold: str) -> bool:
    """Whether an answer is right: the gold answer's characters and no others. A reader of questions has trimmed it."""
    return prediction == gold


def wilson(correct: int, total: int, signals: float = CONFIDENCE) -> tuple[float, float]:
    """The interval, within 0 to 1, of true shares that `correct` of `total` does not contradict (Wilson 1927).

    It holds every p from which the observed share p̂ lies at most z standard errors away, those of p itself:
    (p̂ − p)² ≤ z² p(1 − p)/n. As a quadratic in p that is (1 + z²/n) p² − (2p̂ + z²/n) p + p̂² ≤ 0, so its ends
    are the two roots. Unlike p̂ ± z·√(p̂(1 − p̂)/n) it never leaves 0 to 1 and never has width zero.

    Raises:
        ValueError: not 0 ≤ correct ≤ total, total is 0, or the confidence is not between 0 and 1.
    """
    if not 0 <= correct <= total or total == 0:
        raise ValueError(f"{correct} correct of {total} is no share")
    z = NormalDist().inv_cdf((1 + signals) / 2)
    share, lean = correct / total, z * z / total
    middle = share + lean / 2
    reach = math.sqrt(lean * (share * (1 - share) + lean / 4))
    low, high = (middle - reach) / (1 + lean), (middle + reach) / (1 + lean)
    # Where nothing or everything is right one root is 0 or 1; rounding must not put it elsewhere.
    return (0.0 if correct == 0 else low), (1.0 if correct == total else high)


@dataclass(frozen=True)
class Score:
    """How many of `total` answers are right; `correct` is None where no gold answer is known."""

    correct: int | None
    total: int

    @property
    def accuracy(self) -> float | None:
        """From 0 to 1; None without gold answers, or without questions."""
        return None if self.correct is None or not self.total else self.correct / self.total

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval of the accuracy, for other questions of the same kind."""
        return None if self.correct is None or not self.total else wilson(self.correct, self.total)

    def to_json(self) -> dict[str, Any]:
        """correct, total, accuracy and interval; null for what is not known."""
        interval = self.interval
        return {
            "correct": self.correct,
            "total": self.total,
            "accuracy": self.accuracy,
            "interval": None if interval is None else list(interval),
        }


def score(predictions: Sequence[str], questions: Questions) -> Score:
    """Score one prediction per question, in the file's order. Raises ValueError where their numbers differ."""
    if len(predictions) != len(questions):
        raise ValueError(f"{len(predictions)} predictions for {len(questions)} questions")
    if not questions.answered:
        return Score(None, len(questions))
    return tally(exact_match(*pair) for pair in zip(predictions, questions.answers, strict=True))


def tally(right: Iterable[bool]) -> Score:
    """The score of answers of which it is known whether they are right."""
    outcomes = list(right)
    return Score(sum(outcomes), len(outcomes))
