"""Learns from known answers where other answers stand and what they look like.

A training question names a title, and its answer stands somewhere in that title's documents. So the words around the
answer, and its shape, are looked for in all documents: "discovered by ⟨Jean de Marignac⟩ in", "⟨-71 °C⟩", "is a
⟨noble gas⟩ with". This is distant supervision (Mintz et al. 2009) with the patterns of Snowball (Agichtein and Gravano
2000). It needs no knowledge of a language: a place is two words before and one after. A pattern is kept if enough of
what it finds in the documents of the questions' titles is indeed an answer.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from closedbook.data.questions import Titles, subject
from closedbook.data.scan import CAPITALISED, DIGIT, STOP, Lexicon, Scan, paired
from closedbook.data.spans import SENTENCE_END, UNSPACED, is_number, normal, words

NUMBER, NAME, TITLE, ANY, EDGE = "N", "A", "T", "*", "|"  # what stands for a word; forms of words are in lower case
BREAKS = frozenset(",;:.!?，、；：。！？।،؛؟")
LONGEST_SHAPE = 40
LONGEST_PLACE = 60  # words of an answer that is found by what stands around it
ONE_UNSPACED = re.compile(f"[{UNSPACED}]")
MOST_DOCUMENTS = 20_000  # that patterns are learned from
PRECISE = 0.3  # the share of answers among what a place finds, for the place to be kept
SHAPED = 0.1  # the same for a shape
NESTED = 0.05  # the share of a shape's spans that hold a smaller answer, for the smaller one to be asked for too


@dataclass(frozen=True)
class Found:
    """Spans of some documents' bodies, in order: their first word, the word after their last, and what each is."""

    first: np.ndarray
    last: np.ndarray
    learned: np.ndarray  # bool: it stands where answers stand, or looks as they do
    nested: np.ndarray  # bool: it stands inside another


class Place(NamedTuple):
    """What the answers that follow two words have in common."""

    longest: int  # words that one may have
    after: frozenset[str]  # words that follow one
    broken: bool  # whether one holds a break, such as a comma
    begin: frozenset[str]  # what they begin with: NUMBER, NAME, or ANY other word
    whole: bool = False  # whether all end in a sentence's stop, so that no word inside a sentence ends one


Places = Mapping[tuple[str, str], Place]


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
            [*left, place.longest, sorted(place.after), place.broken, sorted(place.begin), place.whole]
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
        return cls(
            {
                (a, b): Place(longest, frozenset(after), broken, frozenset(begin), whole)
                for a, b, longest, after, broken, begin, whole in data["places"]
            },
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
            return Found(first, last, no, no)
        view = _View(scan, titles, lower)
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
        return Found(all_spans[order, 0], all_spans[order, 1], learned[order], nested[order])

    def _inner(self, view: _View, chosen: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
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
    openers = _View(scan, lengths, lower).openers()
    lower = {*lower, *openers}
    view = _View(scan, lengths, lower)
    tuples = {answer: tuple(word.text for word in words(answer)) for _, answer in trained}
    # Where the answers stand.
    hits: dict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)  # place → (form, title)
    longest: Counter[tuple[str, str]] = Counter()
    broken: set[tuple[str, str]] = set()  # places where an answer holds a break
    parts: set[tuple[str, str]] = set()  # places where an answer is no whole sentence
    begins: dict[tuple[str, str], set[str]] = defaultdict(set)
    right: dict[tuple[int, int], set[str]] = defaultdict(set)  # span → forms that it answers
    for document, i in enumerate(chosen):
        title = titles[i]
        spelled = view.words_of(document)
        begin = view.begin(document)
        where: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(spelled):
            where[word].append(at)
        for form, golds in answers_of[title].items():
            for gold in golds:
                text = tuples[gold]
                if not text or len(text) > LONGEST_PLACE:
                    continue
                for at in where.get(text[0], ()):
                    a, b = begin + at, begin + at + len(text)
                    if tuple(spelled[at : at + len(text)]) == text and view.in_body[a]:
                        right[a, b].add(form)
                        second, before, after = view.around(a, b)
                        for left in ((second, before), (ANY, before)):
                            hits[(*left, after)].add((form, title))
                            longest[left] = max(longest[left], len(text))
                            begins[left].add(view.beginning(a))
                            if BREAKS & set(text[:-1]):
                                broken.add(left)
                            if text[-1] not in SENTENCE_END:
                                parts.add(left)
    forms_of = {place: {form for form, _ in occurrences} for place, occurrences in hits.items()}
    often = {
        place
        for place, occurrences in hits.items()
        if len({title for _, title in occurrences}) >= (2 if place[0] != ANY else 4)
    }
    places = _gathered(often, longest, broken, begins, parts)
    # Which of them find what is asked for.
    patterns = Patterns(openers=openers)
    good: set[tuple[str, str, str]] = set()
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
        good |= {
            place for place, count in counted.items() if correct[place] >= (0.6 if any_second else PRECISE) * count
        }
    patterns.places = _gathered(good, longest, broken, begins, parts)
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
) -> Places:
    after: dict[tuple[str, str], set[str]] = defaultdict(set)
    for second, before, right in sorted(places):
        after[second, before].add(right)
    return {
        left: Place(
            min(LONGEST_PLACE, longest[left] + longest[left] // 2 + 2),
            frozenset(right),
            left in broken,
            frozenset(begins[left]),
            left not in parts,
        )
        for left, right in after.items()
    }


def shape_of_words(text: Sequence[str], lower: Collection[str]) -> tuple[str, ...]:
    """The shape of an answer: NUMBER for numbers, NAME for runs of capitalised words, else the words' normal forms."""
    shape: list[str] = []
    for word in text:
        form = normal(word)
        kind = NUMBER if is_number(word) else NAME if word[0].isupper() and form not in lower else form
        if not (kind == NAME and shape[-1:] == [NAME]):
            shape.append(kind)
    return tuple(shape)


class _View:
    """The words of a scan as patterns see them."""

    def __init__(self, scan: Scan, titles: Sequence[int], lower: Collection[str]) -> None:
        self.scan, self.titles = scan, titles
        lexicon = scan.lexicon
        self.symbols: dict[str, int] = {NUMBER: 0, NAME: 1, TITLE: 2, EDGE: 3}
        forms = np.array(
            [self.symbols.setdefault(form, len(self.symbols)) for form in lexicon.form_ids] or [0], np.int64
        )
        self.names = list(self.symbols)
        n = len(scan.word)
        flags, form = lexicon.flags[scan.word], lexicon.forms[scan.word]
        in_lower = np.fromiter((name in lower for name in lexicon.form_ids), bool, len(lexicon.form_ids))
        plain = forms[form]
        capital = (flags & CAPITALISED > 0) & ~in_lower[form]
        plain = np.where(flags & DIGIT > 0, 0, np.where(capital, 1, plain))
        self.plain = plain
        end = (scan.edges[:-1] + np.asarray(titles, np.int64))[scan.text]
        self.in_body = scan.start > end
        in_title = paired(scan.text, form, scan.text[~self.in_body], form[~self.in_body])
        # Alone, one character of a name that is written without spaces is any word's.
        beside = np.append(in_title[1:], False) | np.append(False, in_title[:-1])
        unspaced = np.fromiter(map(bool, map(ONE_UNSPACED.fullmatch, lexicon.form_ids)), bool, len(in_lower))
        in_title &= beside | ~unspaced[form]
        marks = np.fromiter((not any(c.isalnum() for c in name) for name in lexicon.form_ids), bool, len(in_lower))
        text = scan.text
        self.same = np.concatenate([[False], text[1:] == text[:-1]]) if n else np.zeros(0, bool)
        # What opens a sentence is capitalised by grammar, and goes by its form.
        self.stops = flags & STOP > 0
        self.opens = opens = ~self.same | np.concatenate([[False], self.stops[:-1]])
        self.placed = np.where(in_title & ~marks[form], 2, np.where(opens & (plain == 1), forms[form], plain))
        before = np.where(self.same, np.concatenate([[3], self.placed[:-1]]), 3)
        second = np.where(self.same, np.concatenate([[3], before[:-1]]), 3)
        self.before, self.second = before, second
        self.after = np.append(np.where(self.same, self.placed, 3), 3)  # of a span that ends before this word
        self.text_after = np.append(text, -1)
        # Units: runs of names as one.
        starts = ~(self.same & (plain == 1) & np.concatenate([[False], plain[:-1] == 1]))
        self.unit_first = np.flatnonzero(starts)
        self.unit_last = np.append(self.unit_first[1:], n)
        self.unit = np.cumsum(starts) - 1

    def openers(self) -> frozenset[str]:
        """Forms that begin sentences in a tenth of the texts (at least five) and stand nowhere else."""
        form = self.scan.lexicon.forms[self.scan.word]
        count = len(self.scan.lexicon.form_ids)
        begins = self.opens & self.in_body & (self.plain == 1)
        texts = np.unique(self.scan.text[begins] * count + form[begins])
        often = np.bincount(texts % count, minlength=count) >= max(5, len(self.titles) / 10)
        often[form[~begins]] = False
        names = list(self.scan.lexicon.form_ids)
        return frozenset(names[i] for i in np.flatnonzero(often).tolist())

    def words_of(self, document: int) -> list[str]:
        a, b = np.searchsorted(self.scan.text, [document, document + 1])
        return [self.scan.lexicon.words[i] for i in self.scan.word[a:b].tolist()]

    def begin(self, document: int) -> int:
        return int(np.searchsorted(self.scan.text, document))

    def beginning(self, a: int) -> str:
        return (NUMBER, NAME, ANY)[min(2, int(self.plain[a]))]

    def around(self, a: int, b: int) -> tuple[str, str, str]:
        return self.names[self.second[a]], self.names[self.before[a]], self.names[self.after[b]]

    def shape_of(self, a: int, b: int) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
        """The shape of a span and the span of each of its units."""
        units = [(max(a, int(self.unit_first[u])), min(b, int(self.unit_last[u])))
                 for u in range(int(self.unit[a]), int(self.unit[b - 1]) + 1)]  # fmt: skip
        return tuple(self.names[self.plain[first]] for first, _ in units), units

    def places(self, places: Places, any_second: bool) -> list[tuple[int, int]]:
        """The spans from each known place to the nearest word that may follow an answer there."""
        size = len(self.symbols)
        lefts, allowed, longest, unbroken, begin, whole = [], [], [], [], [], []
        for (second, before), place in places.items():
            if (second == ANY) != any_second:
                continue
            ids = [0 if any_second else self.symbols.get(second, -1), self.symbols.get(before, -1)]
            if min(ids) < 0:
                continue
            lefts.append(ids[0] * size + ids[1])
            longest.append(place.longest)
            unbroken.append(not place.broken)
            whole.append(place.whole)
            begin.append([kind in place.begin for kind in (NUMBER, NAME, ANY)])
            allowed += [(len(lefts) - 1) * size + self.symbols[r] for r in place.after if r in self.symbols]
        if not lefts:
            return []
        key = self.before if any_second else self.second * size + self.before
        order = np.argsort(lefts)
        ranked = np.array(lefts)[order]
        at = np.minimum(np.searchsorted(ranked, key), len(ranked) - 1)
        start = np.flatnonzero((ranked[at] == key) & self.in_body & self.same)
        left = order[at[start]]
        fits = np.array(begin)[left, np.minimum(2, self.plain[start])]
        start, left = start[fits], left[fits]
        allow = np.zeros(len(lefts) * size, bool)
        allow[allowed] = True
        most, unbroken_only = np.array(longest)[left], np.array(unbroken)[left]
        breaks = np.isin(self.plain, [self.symbols[mark] for mark in BREAKS if mark in self.symbols])
        spans: list[tuple[int, int]] = []
        n = len(self.scan.word)
        offset = 0
        while len(start):
            offset += 1
            stop = start + offset
            hit = allow[left * size + self.after[stop]] & (self.stops[stop - 1] | ~np.array(whole)[left])
            spans += zip(start[hit].tolist(), stop[hit].tolist(), strict=True)
            ended = stop >= n
            ended |= self.text_after[np.minimum(stop, n)] != self.scan.text[start]
            # An answer may end with a break, a sentence with its stop, but none stands inside.
            going = ~hit & ~ended & (offset < most) & ~(unbroken_only & breaks[stop - 1])
            start, left, most, unbroken_only = start[going], left[going], most[going], unbroken_only[going]
        return sorted(spans)

    def shape(self, shape: Sequence[str]) -> list[tuple[int, int]]:
        """The spans that have this shape, from left to right."""
        ids = [self.symbols.get(part, -1) for part in shape]
        count = len(self.unit_first) - len(ids) + 1
        if min(ids) < 0 or count <= 0:
            return []
        kind, text = self.plain[self.unit_first], self.scan.text[self.unit_first]
        match = (text[:count] == text[len(ids) - 1 :]) & self.in_body[self.unit_first[:count]]
        for number, symbol in enumerate(ids):
            match &= kind[number : number + count] == symbol
        at = np.flatnonzero(match)
        return list(zip(self.unit_first[at].tolist(), self.unit_last[at + len(ids) - 1].tolist(), strict=True))

    def known(self, answers: Collection[tuple[str, ...]], base: np.ndarray) -> list[tuple[int, int]]:
        """The spans of known answers of several words that do not cut through a salient span; the longest ones win."""
        several = {text for text in answers if len(text) > 1}
        if not several:
            return []
        lexicon = self.scan.lexicon
        longest = max(map(len, several))
        begins = {text[0] for text in several}
        begin = np.fromiter((word in begins for word in lexicon.words), bool, len(lexicon.words))
        spelled = lexicon.words
        inner = np.zeros(len(self.scan.word) + 1, bool)  # words inside a salient span that do not begin it
        for a, b in base.tolist():
            inner[a + 1 : b] = True
        spans = []
        for i in np.flatnonzero(begin[self.scan.word] & self.in_body & ~inner[:-1]).tolist():
            for j in range(min(i + longest, len(self.scan.word)), i + 1, -1):
                if (
                    self.scan.text[j - 1] == self.scan.text[i] and not inner[j]
                    and tuple(spelled[w] for w in self.scan.word[i:j].tolist()) in several
                ):  # fmt: skip
                    spans.append((i, j))
                    break
        return spans


def _any_in(taken: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Whether any word of each span is taken."""
    before = np.concatenate([[0], np.cumsum(taken)])
    return np.asarray(before[spans[:, 1]] > before[spans[:, 0]])
