"""How often training asked for each fact, counted by drawing the batches' random numbers once more.

The counts are kept in the evidence index, so that a verdict can say how often an answer was practised.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from closedbook.data.questions import subject
from closedbook.data.span_reader import Derived
from closedbook.objectives import Corpus
from closedbook.objectives.question import QuestionAnswer
from closedbook.objectives.sampler import BatchSampler


class Fact(NamedTuple):
    """A statement about a document's title, and how often training asked for it with the title in context."""

    title: str
    answer: str
    exposures: int  # training examples that asked for the answer
    statements: int  # spans that state it, in all documents with that title


@dataclass(frozen=True)
class Counts:
    """How often training asked for what, as the evidence index keeps it."""

    facts: Iterable[Fact] = ()
    asked: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (title, answer): examples made of questions
    golds: Mapping[str, int] = field(default_factory=dict)  # training questions by their answer

    @classmethod
    def of(cls, corpus: Corpus, samplers: Sequence[BatchSampler], steps: Sequence[int | None] = ()) -> Counts:
        """Count every example of every step: only the stages' random numbers are drawn again, nothing is trained.

        `steps` are the steps done in each stage; None, or no entry, where the stage ran to its end.
        """
        questions, documents = corpus.questions, corpus.documents
        exposed: list[np.ndarray] = []
        trained = len(questions) if questions else 0
        most = max((len(derived.answers) for derived in corpus.derived), default=0)
        times_asked = np.zeros((trained + len(corpus.derived), most + 1), np.int64)  # for each answer, and for none
        for sampler, done in itertools.zip_longest(samplers, steps):
            for objective, items, u in sampler.iter_examples(done):
                if isinstance(objective, QuestionAnswer):
                    np.add.at(times_asked, (items, objective.ranks(items, u)), 1)
                else:
                    exposed.append(objective.exposed_spans(items, u))
        by_title: Counter[tuple[str, str]] = Counter()
        for question, times in zip(questions.items if questions else (), times_asked[:trained, 0], strict=True):
            if (title := subject(question.text, documents.known_titles)) is not None:
                by_title[title, question.answer or ""] += int(times)
        of_derived: Counter[tuple[str, str]] = Counter()
        for derived, times in zip(corpus.derived, times_asked[trained:].tolist(), strict=True):
            for answer, asked in zip(derived.answers, times, strict=False):
                of_derived[derived.title, answer] += asked
        facts = _facts(corpus, np.concatenate([np.zeros(0, np.int64), *exposed]), of_derived)
        return cls(facts, by_title, Counter(questions.answers) if questions else {})

    def and_later(self, facts: Iterable[Fact], questions: Iterable[Derived]) -> Counts:
        """With what was learned after the training, and the training questions that were about it."""
        golds = Counter(self.golds) + Counter(question.answer for question in questions)
        return Counts([*self.facts, *facts], self.asked, golds)


def _facts(corpus: Corpus, exposed: np.ndarray, derived: Mapping[tuple[str, str], int]) -> list[Fact]:
    """Every fact of the documents that have an exposed span, and of other documents with the same titles.

    `exposed` lists the number of a span once for each exposure; `derived` has those of (title, answer) by questions.
    """
    spans = corpus.spans
    exposed_spans, counts = np.unique(exposed, return_counts=True)
    exposures_of = dict(zip(exposed_spans.tolist(), counts.tolist(), strict=True))
    documents = corpus.documents.namesakes(np.unique(spans.document[exposed_spans]))
    totals: dict[tuple[str, str], list[int]] = {}  # exposures and statements of each (title, answer)
    owners, numbers = spans.of(documents)
    outputs, titles = spans.output.take(numbers), corpus.documents.titles
    for i, (owner, span) in enumerate(zip(owners.tolist(), numbers.tolist(), strict=True)):
        fact = (titles[documents[owner]], corpus.vocabulary.answer(outputs[i]))
        total = totals.setdefault(fact, [derived.get(fact, 0), 0])
        total[0] += exposures_of.get(span, 0)
        total[1] += 1
    return [Fact(*fact, *total) for fact, total in totals.items()]
