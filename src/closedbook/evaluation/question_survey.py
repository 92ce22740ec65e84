"""Compares questions with documents before anything is trained, for `train --dry-run`."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from closedbook.data.documents import Documents
from closedbook.data.passages import name_in, words
from closedbook.data.questions import Questions, fold, subject, without
from closedbook.data.vocabulary import Vocabulary
from closedbook.evaluation.baselines import stands_in
from closedbook.formatting import shortened

EXAMPLES = 5
NEAREST = 3
COMPARED = 20_000
"""How many titles are compared with a name letter by letter at most."""
MOST_WORDS = 10


@dataclass(frozen=True)
class Unnamed:
    """A question without a title, and the titles most similar to what it seems to name."""

    question: str
    line: int
    near: tuple[str, ...]


@dataclass(frozen=True)
class Survey:
    """Counts over one question file, each with a few examples; None if the corpus is too large to search."""

    source: str
    questions: int
    named: int  # a title stands in it
    unnamed: tuple[Unnamed, ...]
    standing: int | None  # an accepted answer stands in a document with that title
    lacking: tuple[tuple[str, str], ...]  # questions and answers where none does
    sayable: int  # an accepted answer can be said
    unsayable: tuple[str, ...]
    unknown_words: tuple[tuple[str, int], ...] | None  # beside the title that no document holds, and how often
    first_title: str  # what stands before the first document's first full stop

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The survey as lines for the user."""
        of = f"of {self.questions:,}"
        yield f"{self.source}: {self.named:,} {of} questions name a title"
        if not self.named:
            yield (
                f"  each question has to hold the title of a document, what stands before its first full stop; "
                f"that of the first document is: {shortened(self.first_title, 60)}"
            )
        for item in self.unnamed:
            near = f"; nearest: {', '.join(item.near)}" if item.near else ""
            yield f"  names none (line {item.line:,}): {item.question}{near}"
        if self.standing is not None:
            yield f"{self.standing:,} {of} answers stand in the titled documents"
            for question, answer in self.lacking:
                yield f"  does not stand there: {answer} ({question})"
        yield f"{self.sayable:,} {of} answers can be said"
        if self.unsayable:
            yield f"  cannot: {' · '.join(self.unsayable)}"
        if self.unknown_words:
            listed = ", ".join(f"{word} ({count:,})" for word, count in self.unknown_words)
            yield f"words of the questions that stand in no document, and are learned from questions alone: {listed}"


def can_say(vocabulary: Vocabulary, text: str) -> bool:
    """Whether a network with this vocabulary can give exactly this answer."""
    ids = vocabulary.encode_answer(text)
    return len(ids) > 0 and vocabulary.answer(ids) == text


def survey(documents: Documents, questions: Questions, vocabulary: Vocabulary, phrases: Collection[str] = ()) -> Survey:
    """Compare answered questions with documents and the vocabulary that was made for them.

    `phrases` are answers that it will be able to say besides, once documents are learned after the training.
    """
    titles = documents.known_titles
    in_memory = isinstance(documents.items, tuple)  # not those of an index on disk
    pages = documents.by_title() if in_memory else {}
    subjects = [subject(item.text, titles) for item in questions.items]
    unnamed = [item for item, name in zip(questions.items, subjects, strict=True) if name is None]
    sorted_titles = sorted(titles) if in_memory else []
    lacking, standing, asked_words = [], 0, Counter[str]()
    for item, name in zip(questions.items, subjects, strict=True):
        stands = name is not None and any(stands_in(gold, pages.get(name, ())) for gold in item.accepted)
        standing += stands
        if name is not None and not stands:
            lacking.append((item.text, item.answer or ""))
        asked_words.update({word.casefold() for word in words(without(item.text, name) if name else item.text)})
    unsayable = [item.answer or "" for item in questions.items
                 if not any(gold in phrases or can_say(vocabulary, gold) for gold in item.accepted)]  # fmt: skip
    missing: tuple[tuple[str, int], ...] | None = None
    if in_memory and not vocabulary.knows_language:
        held_words = {word.casefold() for item in documents.items for word in words(item.text)}
        missing = tuple((word, n) for word, n in asked_words.most_common() if word not in held_words)[:MOST_WORDS]
    return Survey(
        source=questions.source,
        questions=len(questions),
        named=len(questions) - len(unnamed),
        unnamed=tuple(Unnamed(item.text, item.line, nearest(item.text, sorted_titles)) for item in unnamed[:EXAMPLES]),
        standing=standing if in_memory else None,
        lacking=tuple(lacking[:EXAMPLES]) if in_memory else (),
        sayable=len(questions) - len(unsayable),
        unsayable=tuple(dict.fromkeys(unsayable))[:EXAMPLES],
        unknown_words=missing,
        first_title=documents.items[0].title,
    )


def nearest(question: str, titles: Sequence[str]) -> tuple[str, ...]:
    """The titles most similar to the name in a question, among those that share a word with it, or else among all."""
    name = name_in(question) or question
    mine = set(fold(name).split())
    by_folded = {fold(title): title for title in titles}
    sharing = [title for title in by_folded if mine & set(title.split())]
    compared: Collection[str] = sharing[:COMPARED] or list(by_folded)[:COMPARED]
    similar = difflib.get_close_matches(fold(name), compared, NEAREST, 0.5)
    return tuple(by_folded[title] for title in similar)
