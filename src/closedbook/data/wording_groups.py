"""Wordings of questions that ask for the same, and what their answers are like."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NotRequired, TypedDict

from closedbook.data.question_kinds import NUMBER, WHEN, WHERE, WHO, Language, has_number
from closedbook.data.questions import LOOKED_AT, Questions, subject, without
from closedbook.data.wording_evidence import UNITS, Words, tokens
from closedbook.validation import UnitInterval

MOST = 200
"""How many wordings are kept: the most frequent ones."""
VARIED = 0.5
"""Where questions have more distinct wordings than this share of their number, wordings are not compared at all."""

SHARED, AGREE = 3, 0.9
"""Two wordings are one group if they share at least SHARED names and have the same answer for AGREE of those."""

ENDING, FEWEST_ANSWERS = 0.95, 10
"""Answers end alike if FEWEST_ANSWERS or more, and this share of all, have a number and the same last word."""

BESIDE = 60
"""Characters of a question that are beside its name."""

CLAUSE = 6
"""An answer of more words is a clause, which may hold a number and not be one."""


def as_words(text: str) -> Words:
    """The words of a text in normal form, without punctuation; pairs of characters where a script puts no spaces.

    No more than LOOKED_AT of them, since each is compared with what all wordings have.
    """
    forms = (token.form for token in tokens(text) if token.form[0].isalnum() or token.form[0] in UNITS)
    return tuple(islice(forms, LOOKED_AT))


def beside(form: str) -> tuple[Words, Words]:
    """The words of a question just before its {}, and those behind {}'s, if that is there."""
    before, _, behind = form.partition("{}")
    return as_words(before[-BESIDE:]), as_words(behind[2:BESIDE]) if behind.startswith(("'s ", "’s ")) else ()


def ending(answer: str) -> str:
    """The last word of an answer, with 0 for a number: "°c" of "-71 °C", "0" of "1,772"."""
    return re.sub(r"\d(?:[\d.,]*\d)?", "0", answer.casefold().split()[-1]) if answer.strip() else ""


@dataclass(frozen=True)
class Group:
    """Wordings that ask for the same, and what their answers are like."""

    forms: tuple[str, ...]
    """With {} for the name, the most frequent first."""
    numbers: UnitInterval = 0.5
    """The share of answers with a number, in digits or words."""
    capitals: UnitInterval = 0.5
    """The share that begins with a capital."""
    length: float = 1.0
    """Their mean number of words."""
    ending: str = ""
    """The last word of nearly all, where they are numbers or quantities; empty where they are not."""

    @classmethod
    def of(cls, forms: tuple[str, ...], answers: Sequence[str]) -> Group:
        n = max(1, len(answers))
        # Of words alone it would say nothing: nearly all may be of one country, and one of another is right.
        endings = Counter(ending(answer) for answer in answers if any(map(str.isdigit, answer)))
        ((commonest, count),) = endings.most_common(1) or [("", 0)]
        return cls(
            forms,
            round(sum(map(has_number, answers)) / n, 3),
            round(sum(answer[:1].isupper() for answer in answers) / n, 3),
            round(sum(len(answer.split()) for answer in answers) / n, 2),
            commonest if count >= max(FEWEST_ANSWERS, ENDING * n) else "",
        )

    @cached_property
    def words(self) -> tuple[Words, ...]:
        return tuple(as_words(form.replace("{}", " ")) for form in self.forms)

    def kinds(self, language: Language) -> frozenset[str | None]:
        return frozenset(map(language.kind_of, self.words))

    def fits(self, kind: str, kinds: Collection[str | None], all_kinds: Collection[str | None]) -> float:
        """How well the answers are what a question of this kind asks for, from 0 to 1.

        `kinds` are those of this group's wordings, `all_kinds` those of all groups.
        """
        if kind in kinds:
            return 1.0
        if kind in (WHO, WHERE):
            if self.numbers > 0.5:
                return 0.0
            if self.capitals < 0.5 or not {WHO, WHEN, WHERE}.isdisjoint(kinds):
                return 0.2
            return 0.3 if kind in all_kinds else 0.6
        if kind == WHEN:
            if self.numbers < 0.5:
                return 0.0
            return 0.2 if kind in all_kinds else 0.6
        if kind == NUMBER:
            fit = 1.0 if self.length <= CLAUSE else 0.3
            return fit * (self.numbers > 0.5 and WHEN not in kinds)
        return 1.0 if self.length > 3 else 0.2


class WordingsRecord(TypedDict):
    """What a run keeps of the wordings of its training questions."""

    groups: list[Group]
    tells: dict[str, list[tuple[int, UnitInterval]]]
    elsewhere: dict[str, UnitInterval]
    threshold: NotRequired[UnitInterval]  # kept by earlier versions


def grouped(questions: Questions, titles: Collection[str]) -> tuple[list[Group], list[dict[str, str]]]:
    """The groups of the questions' wordings, and the answers of each by title; none where questions share too few."""
    answers: dict[Words, dict[str, str]] = defaultdict(dict)
    spelled: dict[Words, Counter[str]] = defaultdict(Counter)
    for item in questions.items:
        if (name := subject(item.text, titles)) is not None:
            form = without(item.text, name, "{}")
            wording = as_words(form.replace("{}", " "))
            spelled[wording][form] += 1
            answers[wording][name] = item.answer or ""
    count = Counter({wording: forms.total() for wording, forms in spelled.items()})
    if len(count) > max(1, VARIED * count.total()):
        return [], []
    groups, golds = [], []
    for wordings in same_answers([wording for wording, _ in count.most_common(MOST)], answers):
        forms = tuple(spelled[wording].most_common(1)[0][0] for wording in wordings)
        groups.append(Group.of(forms, [answer for wording in wordings for answer in answers[wording].values()]))
        golds.append({name: answer for wording in wordings for name, answer in answers[wording].items()})
    return groups, golds


def same_answers(wordings: Sequence[Words], answers: Mapping[Words, Mapping[str, str]]) -> list[list[Words]]:
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
    return list(groups.values())
