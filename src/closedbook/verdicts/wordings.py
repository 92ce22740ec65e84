"""Whether training asked anything like a question. A verdict needs this beside what it knows about the answer.

Asked for a relation that it never trained on, a network answers with one that it did: "When was NAME born?" gets a
birthplace, and the probability does not show it. So a run keeps the wordings of its training questions, without names.

A question is compared with them by its words, and by the network's state at the answer position when it reads the
wording without a name. Wordings that get the same answers for the same names form a group. A word that several groups
share ("what", "is") says little about which one is meant; a word that only one group has says much.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

import numpy as np

from closedbook.data.paraphrase import about, subjects
from closedbook.data.passages import name_in
from closedbook.data.questions import UNSPACED, Questions, subject, without
from closedbook.data.spans import normal, words
from closedbook.errors import RunError
from closedbook.validation import convert

MOST = 200
"""How many wordings are kept: the most frequent ones."""
VARIED = 0.5
"""Where questions have more distinct wordings than this share of their number, wordings are not compared at all."""
LIKE = 0.5
"""The likeness from which a question counts as trained, if training asked for one relation only."""
RANGE = (0.37, 0.62)
"""Where there are several groups, the threshold is calibrated and lies between these."""
STEM = 4
SHARED, AGREE = 3, 0.9
"""Two wordings are one group if they share at least SHARED names and have the same answer for AGREE of those."""
# Words that ask for a kind of answer (the question classes of Li and Roth 2002); "what" alone asks for none.
KINDS = {"who": "who", "whom": "who", "whose": "who", "why": "why"}
KINDS |= dict.fromkeys("when year years date day month century birthday birthdate".split(), "when")
KINDS |= dict.fromkeys("where place city town country village birthplace hometown".split(), "where")

Words = tuple[str, ...]
States = Callable[[Sequence[str]], np.ndarray]
"""From n texts to the network's states at the answer position, (n, width)."""


def as_words(text: str) -> Words:
    """The words of a text in normal form, without punctuation; the characters where a script puts no spaces."""
    forms: list[str] = []
    for word in words(text):
        form = normal(word.text)
        if UNSPACED.search(form):
            forms += form
        elif form[0].isalnum():
            forms.append(form)
    return tuple(forms)


def stem(word: str) -> str:
    """A word's first letters, as "discovered" and "discovery" share them, or its kind, as "city" and "where" do."""
    return KINDS.get(word, word[:STEM])


class WordingsRecord(TypedDict):
    groups: list[list[str]]
    threshold: float


@dataclass(frozen=True)
class Wordings:
    """The grouped wordings of a run's training questions, and the likeness from which a question counts as trained."""

    groups: tuple[tuple[Words, ...], ...]
    threshold: float = LIKE

    @classmethod
    def of(cls, questions: Questions, titles: Collection[str], states: States | None = None) -> Wordings | None:
        """Collect and group the wordings; None if the questions share too few, as questions collected from people may.

        The threshold is chosen by comparing each group with the others, as if only those had been trained.
        """
        answers: dict[Words, dict[str, str]] = defaultdict(dict)
        count: Counter[Words] = Counter()
        for item in questions.items:
            if (name := subject(item.text, titles)) is not None:
                wording = as_words(without(item.text, name))
                count[wording] += 1
                answers[wording][name] = item.answer or ""
        if not count or len(count) > max(1, VARIED * count.total()):
            return None
        frequent = [wording for wording, _ in count.most_common(MOST)]
        wordings = cls(_grouped(frequent, answers))
        return wordings if states is None or len(wordings.groups) < 2 else wordings._calibrated(states)

    def _calibrated(self, states: States) -> Wordings:
        across_groups = []
        for i, group in enumerate(self.groups):
            rest = Wordings(self.groups[:i] + self.groups[i + 1 :])
            across_groups += rest.likeness([" ".join(wording) for wording in group], list(group), states).tolist()
        threshold = float(np.clip(np.quantile(across_groups, 0.95), *RANGE))
        return Wordings(self.groups, round(threshold, 4))

    @cached_property
    def _all(self) -> list[tuple[int, Words]]:
        return [(number, wording) for number, group in enumerate(self.groups) for wording in group]

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        """The weight of each stem: 1/n² where n groups have it."""
        count: Counter[str] = Counter()
        for group in self.groups:
            count.update({stem(word) for wording in group for word in wording})
        return {name: 1 / n**2 for name, n in count.items()}

    @cached_property
    def _about(self) -> list[frozenset[int]]:
        return [about(word for wording in group for word in wording) for group in self.groups]

    @cached_property
    def _kinds(self) -> list[set[str]]:
        return [{KINDS[word] for wording in group for word in wording if word in KINDS} for group in self.groups]

    def wording(self, question: str, title: str | None = None, names: Callable[[str], bool] | None = None) -> Words:
        """The question's words without the name it asks about.

        The name is `title` if given; otherwise whatever a trained wording leaves room for; otherwise the longest
        capitalised run; otherwise every word for which `names` is true.
        """
        if title is not None:
            return as_words(without(question, title))
        question_words = as_words(question)
        for _, wording in self._all:
            for i in range(len(wording), -1, -1):
                rest = len(wording) - i
                if (
                    len(question_words) > len(wording)
                    and question_words[:i] == wording[:i]
                    and question_words[len(question_words) - rest :] == wording[i:]
                ):
                    return wording
        name = name_in(question)
        if name is not None:
            return as_words(question.replace(name, " ", 1))
        return tuple(word for word in question_words if names is None or not names(word)) or question_words

    def has(self, wording: Words) -> bool:
        """Whether a training question had exactly this wording."""
        return any(wording == trained for _, trained in self._all)

    def likeness(self, texts: Sequence[str], wordings: Sequence[Words], states: States) -> np.ndarray:
        """How similar each wording is to the closest trained one: (n,) from 0 to 1. The network reads `texts`.

        It is 1 if the wording has all words of a trained one. Otherwise it is the geometric mean of two numbers: the
        weighted share of them that it has, or has a word of the same meaning for, and the cosine of the two states. It
        is 0 if the wording asks for a kind (who, when) that no wording of the group asks for, or about something else
        ("die", where the group has "born").
        """
        trained = [wording for _, wording in self._all]
        trained_states = _unit(states([" ".join(wording) for wording in trained]))
        question_states = _unit(states(list(texts)))
        cosines = np.clip(question_states @ trained_states.T, 0, 1)
        return np.array([self._like(wording, cosines[i]) for i, wording in enumerate(wordings)])

    def _like(self, wording: Words, cosines: np.ndarray) -> float:
        stems, kinds = {stem(word) for word in wording}, {KINDS[word] for word in wording if word in KINDS}
        meant = about(wording)
        best = 0.0
        for (group, trained), cosine in zip(self._all, cosines, strict=True):
            if set(trained) <= set(wording):
                return 1.0
            if kinds - self._kinds[group] or (meant and self._about[group] and not meant & self._about[group]):
                continue
            trained_stems = {stem(word) for word in trained}
            there = trained_stems & stems | {
                stem(word) for word in trained if meant & subjects().get(word, frozenset())
            }
            total = sum(self._weights[name] for name in trained_stems)
            share = sum(self._weights[name] for name in there) / total if total else 0.0
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


def _grouped(wordings: Sequence[Words], answers: Mapping[Words, Mapping[str, str]]) -> tuple[tuple[Words, ...], ...]:
    """Put wordings together that have the same answers for the same names."""
    group = {wording: i for i, wording in enumerate(wordings)}
    for i, later in enumerate(wordings):
        for earlier in wordings[:i]:
            common = answers[later].keys() & answers[earlier].keys()
            same = sum(answers[later][name] == answers[earlier][name] for name in common)
            if len(common) >= SHARED and same >= AGREE * len(common):
                old, new = group[later], group[earlier]
                group = {wording: new if number == old else number for wording, number in group.items()}
    groups: dict[int, list[Words]] = {}
    for wording in wordings:
        groups.setdefault(group[wording], []).append(wording)
    return tuple(map(tuple, groups.values()))
