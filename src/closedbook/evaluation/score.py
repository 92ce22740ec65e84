"""Scores answers: exact match, strict and normalised, token F1, and the interval of an accuracy.

This project calls an answer right if it matches strictly. Normalised match and F1 are SQuAD's (Rajpurkar et al. 2016
and 2018), which open-domain question answering uses: case, ASCII punctuation, English articles and spaces are ignored.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

from closedbook.data.questions import Questions

CONFIDENCE = 0.95
PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")


def exact_match(prediction: str, gold: str) -> bool:
    """Whether an answer is right: equal to the gold answer, which was trimmed when it was read."""
    return prediction == gold


def normalised(text: str) -> str:
    """A text as SQuAD's script compares it: in lower case, without ASCII punctuation, articles and extra spaces."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def normalised_match(prediction: str, accepted: Iterable[str]) -> bool:
    """Whether an answer, normalised, is one of the accepted answers, normalised."""
    answer = normalised(prediction)
    return any(answer == normalised(gold) for gold in accepted)


def token_f1(prediction: str, accepted: Iterable[str]) -> float:
    """The best F1 of an answer's normalised words against an accepted answer's, from 0 to 1.

    With p the share of its words that stand there and r the share of those words that it has, 2pr/(p + r). Where one of
    the two has no words, 1 if the other has none either, else 0 (as SQuAD 2.0 has it).
    """
    return max((_f1(normalised(prediction).split(), normalised(gold).split()) for gold in accepted), default=0.0)


def _f1(answer: Sequence[str], gold: Sequence[str]) -> float:
    if not answer or not gold:
        return float(answer == gold)
    shared = (Counter(answer) & Counter(gold)).total()
    return 2 * shared / (len(answer) + len(gold))


def wilson(correct: int, total: int) -> tuple[float, float]:
    """The interval, within 0 to 1, of true shares that `correct` of `total` does not contradict (Wilson 1927).

    It holds every p from which the observed share p̂ lies at most z standard errors away, those of p itself:
    (p̂ − p)² ≤ z² p(1 − p)/n. As a quadratic in p that is (1 + z²/n) p² − (2p̂ + z²/n) p + p̂² ≤ 0, so its ends
    are the two roots. Unlike p̂ ± z·√(p̂(1 − p̂)/n) it never leaves 0 to 1 and never has width zero.

    Raises:
        ValueError: not 0 ≤ correct ≤ total, or total is 0.
    """
    if not 0 <= correct <= total or total == 0:
        raise ValueError(f"{correct} correct of {total} is no share")
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, lean = correct / total, z * z / total
    middle = share + lean / 2
    reach = math.sqrt(lean * (share * (1 - share) + lean / 4))
    low, high = (middle - reach) / (1 + lean), (middle + reach) / (1 + lean)
    # Where nothing or everything is right one root is 0 or 1; rounding must not put it elsewhere.
    return (0.0 if correct == 0 else low), (1.0 if correct == total else high)


@dataclass(frozen=True)
class Score:
    """How many of `total` answers are right; `correct` is None without gold answers.

    `normalised_match` is the share that is right if case, punctuation and articles are ignored, `f1` the mean token F1,
    both from 0 to 1; None if texts were not compared.
    """

    correct: int | None
    total: int
    normalised_match: float | None = None
    f1: float | None = None

    @property
    def accuracy(self) -> float | None:
        """From 0 to 1; None without gold answers, or without questions."""
        return None if self.correct is None or not self.total else self.correct / self.total

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval of the accuracy, for other questions of the same kind."""
        return None if self.correct is None or not self.total else wilson(self.correct, self.total)

    def to_json(self) -> dict[str, Any]:
        """correct, total, accuracy and interval, null if unknown; normalised match and F1 if compared."""
        interval = self.interval
        compared = {"normalised_match": self.normalised_match, "f1": self.f1} if self.f1 is not None else {}
        return {
            "correct": self.correct,
            "total": self.total,
            "accuracy": self.accuracy,
            "interval": None if interval is None else list(interval),
            **compared,
        }


def score(predictions: Sequence[str], questions: Questions) -> Score:
    """Score one prediction per question, in the file's order. Raises ValueError if their numbers differ."""
    if len(predictions) != len(questions):
        raise ValueError(f"{len(predictions)} predictions for {len(questions)} questions")
    if not questions.answered:
        return Score(None, len(questions))
    pairs = list(zip(predictions, questions.accepted, strict=True))
    strict = tally(any(exact_match(prediction, gold) for gold in accepted) for prediction, accepted in pairs)
    n = max(1, len(pairs))
    loose = sum(normalised_match(*pair) for pair in pairs) / n
    return replace(strict, normalised_match=loose, f1=sum(token_f1(*pair) for pair in pairs) / n)


def tally(right: Iterable[bool]) -> Score:
    """The score of answers that are already marked right or wrong."""
    outcomes = list(right)
    return Score(sum(outcomes), len(outcomes))
