"""Finds the spans that are worth asking for: what stands where known answers stand, or looks as they do.

`closedbook.data.pattern_learning` learns where and how that is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from closedbook.data.arrays import offsets
from closedbook.data.pattern_view import ANY, BEGIN, Place, Places, View
from closedbook.data.scan import STOP, Lexicon, Scan
from closedbook.data.span_reader import SURE, CandidateSpans, Derived, SpanReader
from closedbook.data.spans import as_words, normal, uncapitalised


@dataclass(frozen=True)
class SalientSpans:
    """Spans of some documents' bodies, in order: their first word, the word after their last, and what each is."""

    first: np.ndarray
    last: np.ndarray
    learned: np.ndarray  # bool: it stands where answers stand, or looks as they do
    nested: np.ndarray  # bool: it stands inside another
    texts: list[str]  # as they are said: without the capital of a sentence's first word, where answers have none


@dataclass(frozen=True)
class Patterns:
    """The learned patterns.

    `places` maps the words before an answer, or its first ones, to what is known about the answers there. `shapes` are
    sequences of forms, NUMBER and NAME (a run of capitalised words). `inside` holds the (shape, position in it) of
    smaller answers that stand inside larger ones.
    """

    places: Places = field(default_factory=dict)
    shapes: list[tuple[str, ...]] = field(default_factory=list)
    inside: set[tuple[tuple[str, ...], int]] = field(default_factory=set)
    openers: frozenset[str] = frozenset()
    """Words that begin sentences in many documents and stand nowhere else: only grammar capitalises them."""
    reader: SpanReader | None = None
    """Tells which of the spans answers a form of question."""

    def to_json(self) -> dict[str, Any]:
        places = [
            [*left, *(sorted(value) if isinstance(value, frozenset) else value for value in place)]
            for left, place in self.places.items()
        ]
        return {
            "places": places,
            "shapes": [list(shape) for shape in self.shapes],
            "openers": sorted(self.openers),
            "inside": sorted([list(shape), at] for shape, at in self.inside),
            "reader": self.reader.to_json() if self.reader is not None else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Patterns:
        def place(values: Iterable[Any]) -> Place:
            fields: list[Any] = [frozenset(value) if isinstance(value, list) else value for value in values]
            return Place(*fields)

        return cls(
            {(second, before): place(values) for second, before, *values in data["places"]},
            [tuple(shape) for shape in data["shapes"]],
            {(tuple(shape), at) for shape, at in data["inside"]},
            frozenset(data["openers"]),
            SpanReader.from_json(reader) if (reader := data.get("reader")) is not None else None,
        )

    def find(
        self, scan: Scan, titles: Sequence[int], lower: Collection[str], known_answers: Collection[tuple[str, ...]] = ()
    ) -> SalientSpans:
        """The spans of all bodies: those that match a pattern, and the salient ones that none of these overlaps."""
        lower = {*lower, *self.openers} if self.openers else lower
        first, last = scan.spans(titles, lower, known_answers)
        base = np.stack([first, last], 1)
        if not (self.places or self.shapes) or not len(scan.word):
            no = np.zeros(len(first), bool)
            return SalientSpans(first, last, no, no, _texts(scan, first, last, lower, known_answers))
        view = View(scan, titles, lower)
        taken = np.zeros(len(scan.word), bool)
        chosen: list[tuple[int, int]] = []
        sources = [view.places(self.places, known_by) for known_by in ("", ANY, BEGIN)]
        sources += [view.answer_spans(known_answers, base)]
        sources += [view.shape(shape) for shape in sorted(self.shapes, key=len, reverse=True)]
        for spans in sources:
            for a, b in spans:
                if not taken[a:b].any():
                    taken[a:b] = True
                    chosen.append((a, b))
        taken_before = offsets(taken)
        free = base[taken_before[last] == taken_before[first]]
        inner = list(self._inner(view, chosen))
        all_spans = np.array([*chosen, *free.tolist(), *inner], np.int64).reshape(-1, 2)
        nested = np.repeat([False, True], [len(chosen) + len(free), len(inner)])
        learned = nested | (np.arange(len(all_spans)) < len(chosen))
        order = np.lexsort((all_spans[:, 0], nested, scan.text[all_spans[:, 0]]))
        first, last = all_spans[order, 0], all_spans[order, 1]
        return SalientSpans(first, last, learned[order], nested[order], _texts(scan, first, last, lower, known_answers))

    def spans(
        self, texts: Sequence[str], titles: Sequence[str], lower: Collection[str], answers: Iterable[str]
    ) -> tuple[CandidateSpans, list[str]]:
        """The spans of documents, by title, and the titles in their order."""
        lengths, known_answers = [len(title) for title in titles], as_words(answers)
        scan = Scan.of(texts, Lexicon())
        salient = self.find(scan, lengths, lower, known_answers)
        numbers = {title: i for i, title in enumerate(dict.fromkeys(titles))}
        of_documents = np.array([numbers[title] for title in titles], np.int64)
        view = View(scan, lengths, {*lower, *self.openers})
        return CandidateSpans.of(view, salient.first, salient.last, salient.texts, of_documents), list(numbers)

    def derive(
        self, texts: Sequence[str], titles: Sequence[str], lower: Collection[str], answers: Iterable[str],
        skip: Iterable[str] = (), sure: float = SURE,
    ) -> list[Derived]:  # fmt: skip
        """What training asks of some titles, asked of all titles of these documents, as far as these answer it.

        `lower` and `answers` are the vocabulary's; `skip` and `sure` are those of `SpanReader.read`.
        """
        if self.reader is None or not texts:
            return []
        spans, names = self.spans(texts, titles, lower, answers)
        return self.reader.read(spans, names, skip, sure)

    def _inner(self, view: View, chosen: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        if self.inside:
            for a, b in chosen:
                shape, units = view.shape_of(a, b)
                yield from (unit for number, unit in enumerate(units) if (shape, number) in self.inside)


def _texts(
    scan: Scan, first: np.ndarray, last: np.ndarray, lower: Collection[str], known_answers: Collection[tuple[str, ...]]
) -> list[str]:
    """The texts of spans: "limestone" where "Limestone was used", if a training answer is or begins like that.

    A training answer with the capital keeps it, and so does a whole sentence.
    """
    begin, end = scan.start[first].tolist(), scan.stop[last - 1].tolist()
    texts = [scan.joined[a:b] for a, b in zip(begin, end, strict=True)]
    begins = {text[0] for text in known_answers if text}
    for i in np.flatnonzero(scan.opens[first] & scan.begins(begins)[first]).tolist():
        spelled, *without = scan.written(first[i], last[i])
        behind = scan.word[last[i] : last[i] + 1]
        whole = scan.opens[last[i] : last[i] + 1].all() or (scan.lexicon.flags[behind] & STOP > 0).all()
        part = not whole and spelled[0] not in begins and normal(spelled[0]) in lower
        if spelled not in known_answers and any(words in known_answers or part for words in without):
            texts[i] = uncapitalised(texts[i])
    return texts
