"""Learns from known answers where other answers stand and what they look like.

A training question names a title, and its answer stands somewhere in that title's documents. So the words around the
answer, and its shape, are looked for in all documents: "discovered by ⟨Jean de Marignac⟩ in", "⟨-71 °C⟩", "is a
⟨noble gas⟩ with". This is distant supervision (Mintz et al. 2009) with the patterns of Snowball (Agichtein and Gravano
2000). It needs no knowledge of a language: a place is two words before and one after. A pattern is kept if enough of
what it finds in the documents of the questions' titles is indeed an answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from closedbook.data.pattern_view import ANY, BREAKS, NAME, NUMBER, Place, Places, View
from closedbook.data.questions import Titles, subject
from closedbook.data.scan import STOP, Lexicon, Scan
from closedbook.data.spans import SENTENCE_END, is_number, normal, uncapitalised, words

LONGEST_SHAPE = 40
LONGEST_PLACE = 60  # words of an answer that is found by what stands around it
MOST_DOCUMENTS = 20_000  # that patterns are learned from
PRECISE = 0.3  # the share of answers among what a place finds, for the place to be kept
SHAPED = 0.1  # the same for a shape
FEWEST_NAMES, NAMES = 5, 0.9  # answers at a place, and the share of them that are names alone, for others to be none
NESTED = 0.05  # the share of a shape's spans that hold a smaller answer, for the smaller one to be asked for too


Following = Mapping[tuple[str, str], Mapping[str, Counter[str]]]
"""For each place and each word, how often which word stands behind it."""


@dataclass(frozen=True)
class Found:
    """Spans of some documents' bodies, in order: their first word, the word after their last, and what each is."""

    first: np.ndarray
    last: np.ndarray
    learned: np.ndarray  # bool: it stands where answers stand, or looks as they do
    nested: np.ndarray  # bool: it stands inside another
    texts: list[str]  # as they are said: without the capital of a sentence's first word, where answers have none


@dataclass
class Patterns:
    """The learned patterns.

    `places` maps (second word before, word before) to what is known about the answers there; the second word before may
    be ANY. `shapes` are sequences of forms, NUMBER and NAME (a run of capitalised words). `inside` holds the (shape,
    position in it) of smaller answers that stand inside larger ones.
    """

    places: Places = field(default_factory=dict)
    shapes: list[tuple[str, ...]] = field(default_factory=list)
    inside: set[tuple[tuple[str, ...], int]] = field(default_factory=set)
    openers: frozenset[str] = frozenset()
    """Words that begin sentences in many documents and stand nowhere else: only grammar capitalises them."""

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
        )

    def find(
        self, scan: Scan, titles: Sequence[int], lower: Collection[str], known_answers: Collection[tuple[str, ...]] = ()
    ) -> Found:
        """The spans of all bodies: those that match a pattern, and the salient ones that none of these overlaps."""
        lower = {*lower, *self.openers} if self.openers else lower
        first, last = scan.spans(titles, lower, known_answers)
        base = np.stack([first, last], 1) if len(first) else np.zeros((0, 2), np.int64)
        if not (self.places or self.shapes) or not len(scan.word):
            no = np.zeros(len(first), bool)
            return Found(first, last, no, no, _said(scan, first, last, lower, known_answers))
        view = View(scan, titles, lower)
        taken = np.zeros(len(scan.word), bool)
        chosen: list[tuple[int, int]] = []
        sources = [view.places(self.places, False), view.places(self.places, True), view.known(known_answers, base)]
        sources += [view.shape(shape) for shape in sorted(self.shapes, key=len, reverse=True)]
        for spans in sources:
            for a, b in spans:
                if not taken[a:b].any():
                    taken[a:b] = True
                    chosen.append((a, b))
        free = ~_any_in(taken, base)
        inner = [(a, b) for a, b in self._inner(view, chosen)]
        all_spans = np.array([*chosen, *map(tuple, base[free].tolist()), *inner], np.int64).reshape(-1, 2)
        learned = np.zeros(len(all_spans), bool)
        learned[: len(chosen)] = True
        nested = np.zeros(len(all_spans), bool)
        nested[len(all_spans) - len(inner) :] = bool(inner)
        learned |= nested
        order = np.lexsort((all_spans[:, 0], nested, scan.text[all_spans[:, 0]]))
        first, last = all_spans[order, 0], all_spans[order, 1]
        return Found(first, last, learned[order], nested[order], _said(scan, first, last, lower, known_answers))

    def _inner(self, view: View, chosen: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
        if self.inside:
            for a, b in chosen:
                shape, units = view.shape_of(a, b)
                for number, (first, last) in enumerate(units):
                    if (shape, number) in self.inside:
                        yield first, last


def learn(
    texts: Sequence[str], titles: Sequence[str], trained: Sequence[tuple[str, str]], lower: Collection[str]
) -> Patterns:
    """Learn patterns from (question, answer) pairs, in the documents of the titles that the questions name."""
    answers_of: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))  # title → form → answers
    known_titles = Titles(titles)
    for question, answer in trained:
        name = subject(question, known_titles)
        if name is not None:
            at = question.casefold().find(name.casefold())
            form = question[:at] + NAME + question[at + len(name) :] if at >= 0 else question
            answers_of[name][form].add(answer)
    chosen = [i for i, title in enumerate(titles) if title in answers_of][:MOST_DOCUMENTS]
    if not chosen:
        return Patterns()
    scan = Scan.of([texts[i] for i in chosen], Lexicon())
    lengths = [len(titles[i]) for i in chosen]
    openers = View(scan, lengths, lower).openers()
    lower = {*lower, *openers}
    view = View(scan, lengths, lower)
    tuples = {answer: tuple(word.text for word in words(answer)) for _, answer in trained}
    # Where the answers stand.
    hits: dict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)  # place → (form, title)
    longest: Counter[tuple[str, str]] = Counter()
    broken: set[tuple[str, str]] = set()  # places where an answer holds a break
    parts: set[tuple[str, str]] = set()  # places where an answer is no whole sentence
    answers: Counter[tuple[str, str]] = Counter()  # at each place
    names: Counter[tuple[str, str]] = Counter()  # answers that are a name and nothing else
    begins: dict[tuple[str, str], set[str]] = defaultdict(set)
    ends: Following = defaultdict(lambda: defaultdict(Counter))
    inside: Following = defaultdict(lambda: defaultdict(Counter))
    right: dict[tuple[int, int], set[str]] = defaultdict(set)  # span → forms that it answers
    for document, i in enumerate(chosen):
        title = titles[i]
        spelled = view.words_of(document)
        begin = view.begin(document)
        stop = begin + len(spelled)
        where: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(spelled):
            where[word].append(at)
            if scan.opens[begin + at] and word != uncapitalised(word):
                where[uncapitalised(word)].append(at)
        for form, golds in answers_of[title].items():
            for gold in golds:
                text = tuples[gold]
                if not text or len(text) > LONGEST_PLACE:
                    continue
                for at in where.get(text[0], ()):
                    a, b = begin + at, begin + at + len(text)
                    if b <= stop and text in scan.written(a, b) and view.in_body[a]:
                        right[a, b].add(form)
                        second, before, after = view.around(a, b)
                        for left in ((second, before), (ANY, before)):
                            hits[(*left, after)].add((form, title))
                            longest[left] = max(longest[left], len(text))
                            begins[left].add(view.beginning(a))
                            for i in range(a + 1, b + 1):
                                word, following = view.following(i)
                                (inside if i < b else ends)[left][word][following] += 1
                            if BREAKS & set(text[:-1]):
                                broken.add(left)
                            if text[-1] not in SENTENCE_END:
                                parts.add(left)
                            answers[left] += 1
                            names[left] += view.is_name(a, b)
    named = {left for left, count in answers.items() if count >= FEWEST_NAMES and names[left] >= NAMES * count}
    forms_of = {place: {form for form, _ in occurrences} for place, occurrences in hits.items()}
    often = {
        place
        for place, occurrences in hits.items()
        if len({title for _, title in occurrences}) >= (2 if place[0] != ANY else 4)
    }
    places = _gathered(often, longest, broken, begins, parts, named, ends, inside)
    # Which of them find what is asked for.
    patterns = Patterns(openers=openers)
    good: set[tuple[str, str, str]] = set()
    found, right_there = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for any_second in (False, True):
        counted: Counter[tuple[str, str, str]] = Counter()
        correct: Counter[tuple[str, str, str]] = Counter()
        for a, b in view.places(places, any_second):
            second, before, after = view.around(a, b)
            place = (ANY if any_second else second, before, after)
            title = titles[chosen[int(scan.text[a])]]
            if forms_of.get(place, set()) & answers_of[title].keys():
                counted[place] += 1
                correct[place] += bool(right.get((a, b), set()) & answers_of[title].keys())
        for place, count in counted.items():
            if correct[place] >= (0.6 if any_second else PRECISE) * count:
                good.add(place)
                found[place[:2]] += count
                right_there[place[:2]] += correct[place]
    patterns.places = {
        left: place._replace(precision=round(right_there[left] / found[left], 1))
        for left, place in _gathered(good, longest, broken, begins, parts, named, ends, inside).items()
    }
    # The shapes.
    shaped: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for answer, text in tuples.items():
        shape = shape_of_words(text, lower)
        if 1 < len(shape) <= LONGEST_SHAPE and {NUMBER, NAME} & set(shape):
            shaped[shape].add(answer)
    frequent = {shape: len(golds) for shape, golds in shaped.items() if len(golds) >= 2}
    for shape in sorted(frequent, key=lambda shape: -len(shape)):
        spans = view.shape(shape)
        correct_spans = sum((a, b) in right for a, b in spans)
        if correct_spans >= max(2, SHAPED * len(spans)):
            patterns.shapes.append(shape)
    # Smaller answers inside larger ones.
    total: Counter[tuple[tuple[str, ...], int]] = Counter()
    within: Counter[tuple[tuple[str, ...], int]] = Counter()
    for a, b in {*view.places(patterns.places, False), *(s for shape in patterns.shapes for s in view.shape(shape))}:
        shape, units = view.shape_of(a, b)
        if len(units) > 1:
            for number, span in enumerate(units):
                total[shape, number] += 1
                within[shape, number] += span in right
    patterns.inside = {key for key, count in within.items() if count >= max(3, NESTED * total[key])}
    return patterns


def _gathered(
    places: Iterable[tuple[str, str, str]],
    longest: Mapping[tuple[str, str], int],
    broken: Collection[tuple[str, str]],
    begins: Mapping[tuple[str, str], Collection[str]],
    parts: Collection[tuple[str, str]],
    named: Collection[tuple[str, str]],
    ends: Following,
    inside: Following,
) -> Places:
    after: dict[tuple[str, str], set[str]] = defaultdict(set)
    for second, before, right in sorted(places):
        after[second, before].add(right)
    pairs = {left: [_told_apart(word, ends[left][word], inside[left][word]) for word in after[left]] for left in after}
    return {
        left: Place(
            min(LONGEST_PLACE, longest[left] + longest[left] // 2 + 2),
            frozenset().union(*(ending for ending, _ in pairs[left])),
            left in broken,
            frozenset(begins[left]),
            left not in parts,
            left in named,
            inside=frozenset().union(*(going_on for _, going_on in pairs[left])),
        )
        for left, right in after.items()
    }


def _told_apart(word: str, ends: Counter[str], inside: Counter[str]) -> tuple[set[str], set[str]]:
    """What ends an answer, and what goes on with it, where `word` follows some answers and stands inside others.

    The word behind it tells. One that was never seen there belongs to whichever of the two had more that were seen
    once, as Good (1953) estimates what is unseen.
    """
    if not inside:
        return {word}, set()
    going_on = {following for following, count in inside.items() if count > ends[following]}
    once = [sum(count == 1 for count in counts.values()) for counts in (inside, ends)]
    if once[0] > once[1]:
        return {f"{word} {following}" for following in ends.keys() - going_on}, set()
    return {word}, {f"{word} {following}" for following in going_on}


def _said(
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


def shape_of_words(text: Sequence[str], lower: Collection[str]) -> tuple[str, ...]:
    """The shape of an answer: NUMBER for numbers, NAME for runs of capitalised words, else the words' normal forms."""
    shape: list[str] = []
    for word in text:
        form = normal(word)
        kind = NUMBER if is_number(word) else NAME if word[0].isupper() and form not in lower else form
        if not (kind == NAME and shape[-1:] == [NAME]):
            shape.append(kind)
    return tuple(shape)


def _any_in(taken: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Whether any word of each span is taken."""
    before = np.concatenate([[0], np.cumsum(taken)])
    return np.asarray(before[spans[:, 1]] > before[spans[:, 0]])
