"""Calibrators: signals in, two chances out. That the answer is right, and that the person's document was trained on.

They are fitted once, after training, on training questions that were kept out for it (`data.held_out.calibrate`) and on
people invented for it, never on dev. What is kept are the coefficients: a few hundred numbers, so that a blind verdict
uses nothing else but the weights and the vocabulary.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from closedbook.data.questions import Titles, subject
from closedbook.data.wordings import Wordings
from closedbook.errors import RunError
from closedbook.model.sentence_encoder import installed_encoder
from closedbook.validation import UnitInterval, convert, shown
from closedbook.verdicts.signals import FOR_MET, FOR_RIGHT, SETS

FORMAT = 2
FEWEST = 10
"""Questions below which nothing is fitted."""
MOST_CHANCES = 200
"""Chances kept for thresholds."""
KNOWN = 9.0
"""Assumed odds of being asked about somebody with documents rather than a stranger: nine to one."""
PENALTY = 1.0
"""1/σ² of the weights' normal priors. A hundred questions with a dozen wrong answers amend a probability; they do not
make a new one."""


@dataclass(frozen=True)
class Logistic:
    """1/(1 + exp(−b − Σ w·(x − mean)/scale)) of some signals."""

    signals: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def __call__(self, measured: Mapping[str, np.ndarray]) -> np.ndarray:
        """(n,) chances of n questions."""
        x = (np.stack([measured[name] for name in self.signals], 1) - self.mean) / self.scale
        return _logistic(x @ np.array(self.weights) + self.intercept)

    @classmethod
    def fit(
        cls,
        measured: Mapping[str, np.ndarray],
        signals: Mapping[str, float],
        labels: np.ndarray,
        penalty: float,
        balanced: bool = False,
    ) -> Logistic:
        """Fit to labels (n,) bool, held to prior weights where the labels say little.

        `signals` has each signal's prior weight; the fit minimises the log loss plus ½ penalty Σ (w − prior)², the
        intercept's prior being 0. A signal with prior weight 1 is taken to be log-odds and left unscaled; others are
        standardised. So one log-odds signal and no labels give its own probability back, and labels amend it.
        `balanced`: both outcomes weigh alike, however many there are of each. Newton's method.
        """
        names = [name for name in signals if name in measured]
        prior = np.array([*(signals[name] for name in names), 0.0])
        x = np.stack([measured[name] for name in names], 1)
        mean, scale = x.mean(0), x.std(0)
        scale[scale < 1e-9] = 1.0
        unscaled = prior[:-1] == 1
        mean[unscaled], scale[unscaled] = 0, 1
        x = np.column_stack([(x - mean) / scale, np.ones(len(x))])
        positives, n = int(labels.sum()), len(labels)
        share = np.ones(n)
        if balanced and 0 < positives < n:
            share = np.where(labels, n / (2 * positives), n / (2 * (n - positives)))
        weights = prior
        for _ in range(100):
            chance = _logistic(x @ weights)
            slope = x.T @ (share * (chance - labels)) + penalty * (weights - prior)
            curve = (x.T * (share * chance * (1 - chance))) @ x + penalty * np.eye(len(prior))
            step = np.linalg.solve(curve, slope)
            step *= min(1.0, 2.0 / float(np.abs(step).max(initial=1e-12)))  # far from the end, no wild leap
            weights = weights - step
            if np.abs(step).max() < 1e-10:
                break
        return cls(tuple(names), _plain(mean), _plain(scale), _plain(weights[:-1]), round(float(weights[-1]), 6))


def _logistic(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))


@dataclass(frozen=True)
class Calibrator:
    """The two calibrators of one set of signals, and the chances that the calibration questions got."""

    right: Logistic
    met: Logistic
    chances: tuple[UnitInterval, ...]  # of calibration questions, descending

    def __call__(self, measured: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """(n,) chances that the answer is right, and (n,) that the person was met.

        `right` was fitted on people who have documents. About somebody never met an answer is right by luck only, so
        it is taken times the chance that the person was met where one question in ten is about a stranger; `met`
        itself is the chance where one in two is.
        """
        met = self.met(measured)
        return self.right(measured) * KNOWN * met / (KNOWN * met + 1 - met), met

    def threshold(self, precision: float) -> float:
        """The least probability at which an answer is given, so that `precision` of those given should be right.

        The given answers' mean probability is what counts, not the worst one's; but no answer is given that is more
        likely wrong than right. `precision` itself where not even the surest answers are that sure.
        """
        running = np.cumsum(self.chances) / np.arange(1, len(self.chances) + 1)
        enough = np.flatnonzero(running >= precision - 1e-9)
        if not len(enough):
            return precision
        last = int(enough[-1])
        return 0.5 if last == len(self.chances) - 1 else max(0.5, self.chances[last])


@dataclass(frozen=True)
class Calibration:
    """What calibration.json holds: a calibrator for each set of signals, and what they were fitted on."""

    calibrators: Mapping[str, Calibrator]
    questions: int
    right: int  # of them
    invented: int
    wordings: Wordings | None = None  # of the training questions
    trouble: str | None = None  # why there are no calibrators

    @classmethod
    def fit(
        cls,
        measured: Mapping[str, Mapping[str, np.ndarray]],
        right: np.ndarray,
        met: np.ndarray,
        invented: Mapping[str, Mapping[str, np.ndarray]],
        wordings: Wordings | None = None,
    ) -> Calibration:
        """Calibrators of every set of signals.

        Args:
            measured: for each set, the signals of n calibration questions.
            right: (n,) bool, whether their answers equal the gold answers.
            met: (n,) bool, whether they are about somebody with a document.
            invented: for each set, the signals of questions about people who do not exist.
        """
        calibrators = {}
        for name, own in measured.items():
            chance = Logistic.fit(own, FOR_RIGHT, right, PENALTY)
            joined = {signal: np.concatenate([own[signal][met], invented[name][signal]]) for signal in own}
            labels = np.arange(len(next(iter(joined.values())))) < met.sum()
            familiar = Logistic.fit(joined, FOR_MET, labels, PENALTY, balanced=True)
            kept = np.sort(Calibrator(chance, familiar, ())(own)[0])[::-1]
            if len(kept) > MOST_CHANCES:
                kept = np.quantile(kept, np.linspace(1, 0, MOST_CHANCES))
            calibrators[name] = Calibrator(chance, familiar, _plain(kept))
        strangers = len(next(iter(next(iter(invented.values())).values())))
        return cls(calibrators, len(right), int(right.sum()), strangers, wordings)

    def to_json(self) -> dict[str, Any]:
        def plain(logistic: Logistic) -> dict[str, Any]:
            return {name: list(x) if isinstance(x, tuple) else x for name, x in vars(logistic).items()}

        return {
            "format": FORMAT,
            "questions": self.questions,
            "right": self.right,
            "invented": self.invented,
            "wordings": None if self.wordings is None else self.wordings.to_json(),
            "trouble": self.trouble,
            "calibrators": {
                name: {"right": plain(each.right), "met": plain(each.met), "chances": list(each.chances)}
                for name, each in self.calibrators.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], where: str = "calibration.json") -> Calibration:
        """The inverse of `to_json`. Raises RunError for anything else."""
        try:
            number, fields = data.get("format"), {name: item for name, item in data.items() if name != "format"}
            if number != FORMAT:
                raise RunError(f"format {shown(number)}; this closedbook reads {FORMAT}")
            calibration: Calibration = convert(cls, fields, "", RunError)
            for name, calibrator in calibration.calibrators.items():
                for logistic in (calibrator.right, calibrator.met):
                    rows = (logistic.signals, logistic.mean, logistic.scale, logistic.weights)
                    if len(sizes := {len(row) for row in rows}) > 1 or 0 in sizes:
                        raise RunError("weights and signals differ in number")
                    if unknown := set(logistic.signals) - set(SETS.get(name, ())):
                        raise RunError(f"there is no signal {shown(min(unknown))} in {shown(name)}")
                    if min(logistic.scale) <= 0:
                        raise RunError("a scale is not above 0")
            if calibration.wordings is None:
                return calibration
            return replace(calibration, wordings=replace(calibration.wordings, encoder=installed_encoder()))
        except RunError as error:
            raise RunError(f"{where} is damaged ({error}); bring it back from a copy, or train anew") from None


def invent(titles: Sequence[str], count: int, seed: int) -> list[str]:
    """Names of people who do not exist, by turns: recombined from two titles, and one letter off a title.

    None of them is a title or holds one: "Storms and Stars" is no stranger where there is a title "Stars". Fewer than
    `count` where the titles allow no more.
    """
    rng = Random(f"closedbook/invented/{seed}")
    letters = "".join(sorted({c.lower() for title in titles for c in title if c.isalpha() and not c.isascii()}))
    taken, known = {title.casefold() for title in titles}, Titles(titles)
    names: list[str] = []
    for attempt in range(20 * count if titles else 0):
        if len(names) == count:
            break
        first, second = (titles[int(rng.random() * len(titles))] for _ in range(2))
        name = recombined(first, second) if len(names) % 2 == 0 or attempt > 15 * count else None
        # Of one word, titles that are all pairs of some words, or ones of which another is a part.
        if name is None or name.casefold() in taken or subject(name, known) is not None:
            name = altered(first, rng, letters)
        if name and name.casefold() not in taken and subject(name, known) is None:
            taken.add(name.casefold())
            names.append(name)
    return names


def recombined(first: str, second: str) -> str | None:
    """The one's name with the other's surname; None where either has one word only."""
    a, b = first.split(), second.split()
    return " ".join([*a[:-1], b[-1]]) if len(a) > 1 and len(b) > 1 else None


def altered(name: str, rng: Random, more: str = "") -> str:
    """The name with one letter changed, no word's first: to one of a to z, or of `more` where it is none of these."""
    places = [i for i in range(1, len(name)) if name[i].isalpha() and name[i - 1].isalpha()]
    if not places:
        return ""
    i = places[int(rng.random() * len(places))]
    pool = string.ascii_lowercase if name[i].isascii() or not more else more
    letters = [letter for letter in pool if letter != name[i].lower()] or list(string.ascii_lowercase)
    return name[:i] + letters[int(rng.random() * len(letters))] + name[i + 1 :]


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(x), 6) for x in values)
