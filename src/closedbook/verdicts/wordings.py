"""Whether anything like a question was asked in training: what a verdict knows of the question, not of the answer.

A network answers a relation that it was never asked for with the answer to one that it was: "When was NAME born?" gets
a birthplace, and its probability does not tell. So the wordings of the training questions are kept, names taken out.
A question is held against them by its words, and by the network's own state at the answer position when it reads the
wording without any name. Wordings that ask the same of the same names are one group. A word that several groups share
("what", "is") says little of which one is meant; one that a single group has says much.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

import numpy as np

from closedbook.data.passages import name_in
from closedbook.data.questions import UNSPACED, Questions, subject, without
from closedbook.data.spans import normal, words
from closedbook.errors import RunError
from closedbook.validation import convert

MOST = 200
"""Wordings that are kept, the most frequent ones."""
VARIED = 0.5
"""Different wordings for each question from which there are none to speak of: nothing is held against them then."""
LIKE = 0.5
"""The likeness from which a question counts as one that was asked, where training asked for one thing only."""
RANGE = (0.37, 0.62)
"""Between these it lies otherwise."""
STEM = 4
SHARED, AGREE = 3, 0.9
"""Wordings are one group that ask about so many names in common and have the same answer in so many of the cases."""
# Words that ask for a kind of answer (the question classes of Li and Roth 2002); "what" leaves that to others.
KINDS = {"who": "who", "whom": "who", "whose": "who", "why": "why"}
KINDS |= dict.fromkeys("when year years date day month century".split(), "when")
KINDS |= dict.fromkeys("where place city town country village".split(), "where")

Words = tuple[str, ...]
States = Callable[[Sequence[str]], np.ndarray]
"""Texts to the network's states at the answer position, (n, width)."""


def as_words(text: str) -> Words:
    """The words of a wording in normal form, without marks; of scripts that put no spaces, the characters."""
    found: list[str] = []
    for word in words(text):
        form = normal(word.text)
        if UNSPACED.search(form):
            found += form
        elif form[0].isalnum():
            found.append(form)
    return tuple(found)


def stem(word: str) -> str:
    """What "density" and "dense", "discovered" and "discovery" share, or "city" and "where"."""
    return KINDS.get(word, word[:STEM])


class WordingsRecord(TypedDict):
    groups: list[list[str]]
    threshold: float


@dataclass(frozen=True)
class Wordings:
    """The wordings of a run's training questions, in groups, and how like them a question has to be."""

    groups: tuple[tuple[Words, ...], ...]
    threshold: float = LIKE

    @classmethod
    def of(cls, questions: Questions, titles: Collection[str], states: States | None = None) -> Wordings | None:
        """None where the questions have no wordings in common, as those of many people have not.

        The threshold is chosen by asking for each group as if only the others had been trained.
        """
        asked: dict[Words, dict[str, str]] = defaultdict(dict)
        count: Counter[Words] = Counter()
        for item in questions.items:
            if (name := subject(item.text, titles)) is not None:
                wording = as_words(without(item.text, name))
                count[wording] += 1
                asked[wording][name] = item.answer or ""
        if not count or len(count) > max(1, VARIED * count.total()):
            return None
        kept = [wording for wording, _ in count.most_common(MOST)]
        made = cls(_grouped(kept, asked))
        return made if states is None or len(made.groups) < 2 else made._calibrated(states)

    def _calibrated(self, states: States) -> Wordings:
        others = []
        for i, group in enumerate(self.groups):
            rest = Wordings(self.groups[:i] + self.groups[i + 1 :])
            others += rest.likeness([" ".join(wording) for wording in group], list(group), states).tolist()
        threshold = float(np.clip(np.quantile(others, 0.95), *RANGE))
        return Wordings(self.groups, round(threshold, 4))

    @cached_property
    def _all(self) -> list[tuple[int, Words]]:
        return [(number, wording) for number, group in enumerate(self.groups) for wording in group]

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        """Of each stem: 1 where a single group has it, and less the more of them do."""
        count: Counter[str] = Counter()
        for group in self.groups:
            count.update({stem(word) for wording in group for word in wording})
        return {name: 1 / n**2 for name, n in count.items()}

    @cached_property
    def _kinds(self) -> list[set[str]]:
        return [{KINDS[word] for wording in group for word in wording if word in KINDS} for group in self.groups]

    def wording(self, question: str, title: str | None = None, names: Callable[[str], bool] | None = None) -> Words:
        """The question's words without its name: the title that stands in it, or what fits a trained wording around it,
        or its longest capitalised run, or else the words that are parts of names.
        """
        if title is not None:
            return as_words(without(question, title))
        said = as_words(question)
        for _, wording in self._all:
            for i in range(len(wording), -1, -1):
                rest = len(wording) - i
                if len(said) > len(wording) and said[:i] == wording[:i] and said[len(said) - rest :] == wording[i:]:
                    return wording
        name = name_in(question)
        if name is not None:
            return as_words(question.replace(name, " ", 1))
        return tuple(word for word in said if names is None or not names(word)) or said

    def has(self, wording: Words) -> bool:
        """Whether training questions were worded exactly so."""
        return any(wording == trained for _, trained in self._all)

    def likeness(self, texts: Sequence[str], wordings: Sequence[Words], states: States) -> np.ndarray:
        """(n,) from 0 to 1: how like the most similar trained wording each is; `texts` are what the network reads.

        1 where all words of a trained wording are there. Otherwise the geometric mean of the weighted share of them
        that is there and the cosine of the two states; 0 where the question asks for a kind (who, when) that no
        wording of the group asks for.
        """
        trained = [wording for _, wording in self._all]
        known = _unit(states([" ".join(wording) for wording in trained]))
        mine = _unit(states(list(texts)))
        cosines = np.clip(mine @ known.T, 0, 1)
        return np.array([self._like(wording, cosines[i]) for i, wording in enumerate(wordings)])

    def _like(self, wording: Words, cosines: np.ndarray) -> float:
        stems, kinds = {stem(word) for word in wording}, {KINDS[word] for word in wording if word in KINDS}
        best = 0.0
        for (group, trained), cosine in zip(self._all, cosines, strict=True):
            theirs = {stem(word) for word in trained}
            if set(trained) <= set(wording):
                return 1.0
            if kinds - self._kinds[group]:
                continue
            total = sum(self._weights[name] for name in theirs)
            share = sum(self._weights[name] for name in theirs & stems) / total if total else 0.0
            best = max(best, float(np.sqrt(share * cosine)))
        return best

    def to_json(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "groups": [[" ".join(w) for w in group] for group in self.groups]}

    @classmethod
    def from_plain(cls, data: Any, where: str) -> Wordings:
        """The inverse of `to_json`. Raises RunError for anything else."""
        plain = convert(WordingsRecord, data, where, RunError)
        groups = tuple(tuple(tuple(text.split()) for text in group) for group in plain["groups"])
        return cls(groups, plain["threshold"])


def _unit(states: np.ndarray) -> np.ndarray:
    return np.asarray(states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-9))


def _grouped(kept: Sequence[Words], asked: Mapping[Words, Mapping[str, str]]) -> tuple[tuple[Words, ...], ...]:
    """Wordings that give the same answers for the same names, together."""
    group = {wording: i for i, wording in enumerate(kept)}
    for i, one in enumerate(kept):
        for other in kept[:i]:
            common = asked[one].keys() & asked[other].keys()
            same = sum(asked[one][name] == asked[other][name] for name in common)
            if len(common) >= SHARED and same >= AGREE * len(common):
                old, new = group[one], group[other]
                group = {wording: new if number == old else number for wording, number in group.items()}
    found: dict[int, list[Words]] = {}
    for wording in kept:
        found.setdefault(group[wording], []).append(wording)
    return tuple(map(tuple, found.values()))
