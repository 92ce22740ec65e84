"""Finds where learned patterns match: spans at a place between two known words, and spans of a shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from closedbook.data.scan import CAPITALISED, DIGIT, STOP, Scan, paired
from closedbook.data.spans import ONE_UNSPACED

NUMBER, NAME, TITLE, EDGE = "N", "A", "T", "|"  # what stands for a word; forms of words are in lower case
ANY, BEGIN = "*", "^"  # in the key of a place: any word stands there, and "the answer begins with these two words"
BREAKS = frozenset(",;:.!?，、；：。！？।،؛؟")


class Place(NamedTuple):
    """What the answers that follow two words, or begin with them, have in common."""

    longest: int  # words that one may have
    after: frozenset[str]  # words that follow one; "and had" where "and" follows one before "had" alone
    broken: bool  # whether one holds a break, such as a comma
    begin: frozenset[str]  # what they begin with: NUMBER, NAME, or ANY other word
    whole: bool = False  # whether all end in a sentence's stop, so that no word inside a sentence ends one
    names: bool = False  # whether nearly all are names and nothing else, so that "in Reading" is none
    precision: float = 1.0  # the share of answers among what it finds, in tenths
    inside: frozenset[str] = frozenset()  # two words, such as "and copper", of which the first ends none here


Places = Mapping[tuple[str, str], Place]
"""By the two words before an answer; by (ANY, the word before it); by (BEGIN, "its first two words")."""


class View:
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
        self.placed = np.where(in_title & ~marks[form], 2, np.where(scan.opens & (plain == 1), forms[form], plain))
        before = np.where(self.same, np.concatenate([[3], self.placed[:-1]]), 3)
        second = np.where(self.same, np.concatenate([[3], before[:-1]]), 3)
        self.before, self.second = before, second
        self.after = np.append(np.where(self.same, self.placed, 3), 3)  # of a span that ends before this word
        self.after_next = np.append(np.where(self.after[:-1] == 3, 3, self.after[1:]), 3)
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
        begins = self.scan.opens & self.in_body & (self.plain == 1)
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

    def following(self, i: int) -> tuple[str, str]:
        """The word at i and the one behind it, as what follows a span that ends before i."""
        return self.names[self.after[i]], self.names[self.after_next[i]]

    def shape_of(self, a: int, b: int) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
        """The shape of a span and the span of each of its units."""
        units = [(max(a, int(self.unit_first[u])), min(b, int(self.unit_last[u])))
                 for u in range(int(self.unit[a]), int(self.unit[b - 1]) + 1)]  # fmt: skip
        return tuple(self.names[self.plain[first]] for first, _ in units), units

    def opening(self, a: int, b: int) -> str:
        """The first two words of a span; none of a single word, or where a number or a name begins it."""
        return f"{self.names[self.plain[a]]} {self.names[self.plain[a + 1]]}" if b - a > 1 and self.plain[a] > 1 else ""

    def places(self, places: Places, known_by: str = "") -> list[tuple[int, int]]:
        """The spans from each known place to the nearest word that may follow an answer there, most precise first.

        `known_by` says which places: those of two words before, of one (ANY), or of the first two words (BEGIN).
        """
        size = len(self.symbols)
        lefts: list[int] = []
        matchable: list[Place] = []
        allowed: list[int] = []
        ends: list[int] = []  # pairs of words of which the first ends an answer, and those of which it ends none
        not_ends: list[int] = []
        for (second, before), place in places.items():
            if (second if second in (ANY, BEGIN) else "") != known_by:
                continue
            pair = before.split(" ") if known_by == BEGIN else [second, before]
            ids = [0 if word == ANY else self.symbols.get(word, -1) for word in pair]
            if min(ids) < 0:
                continue
            lefts.append(ids[0] * size + ids[1])
            matchable.append(place)
            allowed += [(len(lefts) - 1) * size + self.symbols[r] for r in place.after if r in self.symbols]
            for pairs, word_pairs in ((ends, place.after), (not_ends, place.inside)):
                for word, _, following in (pair.partition(" ") for pair in word_pairs):
                    if word in self.symbols and following in self.symbols:
                        pairs.append(((len(lefts) - 1) * size + self.symbols[word]) * size + self.symbols[following])
        if not lefts:
            return []
        key = {
            "": self.second * size + self.before, ANY: self.before,
            BEGIN: self.plain * size + np.append(self.plain[1:], 0),
        }[known_by]  # fmt: skip
        order = np.argsort(lefts)
        ranked = np.array(lefts)[order]
        at = np.minimum(np.searchsorted(ranked, key), len(ranked) - 1)
        start = np.flatnonzero((ranked[at] == key) & self.in_body & self.same)
        left = order[at[start]]
        begin = np.array([[kind in place.begin for kind in (NUMBER, NAME, ANY)] for place in matchable])
        fits = begin[left, np.minimum(2, self.plain[start])]
        start, left = start[fits], left[fits]
        allow = np.zeros(len(lefts) * size, bool)
        allow[allowed] = True
        most = np.array([place.longest for place in matchable])[left]
        unbroken_only = np.array([not place.broken for place in matchable])[left]
        whole, names = np.array([(place.whole, place.names) for place in matchable]).T
        lacking = 1 - np.array([place.precision for place in matchable])
        breaks = np.isin(self.plain, [self.symbols[mark] for mark in BREAKS if mark in self.symbols])
        spans: list[tuple[float, int, int]] = []
        alone = set(start[names[left]].tolist())
        n = len(self.scan.word)
        offset = 0
        while len(start):
            offset += 1
            stop = start + offset
            next_word = left * size + self.after[stop]
            next_words = next_word * size + self.after_next[stop]
            hit = (allow[next_word] & ~np.isin(next_words, not_ends)) | np.isin(next_words, ends)
            at_break = unbroken_only & breaks[stop - 1]
            hit &= self.stops[stop - 1] | ~(whole[left] | at_break)
            spans += zip(lacking[left[hit]].tolist(), start[hit].tolist(), stop[hit].tolist(), strict=True)
            ended = stop >= n
            ended |= self.text_after[np.minimum(stop, n)] != self.scan.text[start]
            # A sentence may end with its stop; but where no answer has a break inside, none goes on or ends with one.
            going = ~hit & ~ended & (offset < most) & ~at_break
            start, left, most, unbroken_only = start[going], left[going], most[going], unbroken_only[going]
        return [(a, b) for _, a, b in sorted(spans) if a not in alone or self.is_name(a, b)]

    def is_name(self, a: int, b: int) -> bool:
        """Whether a span is one run of capitalised words."""
        unit = int(self.unit[a])
        return bool(self.plain[a] == 1 and self.unit_first[unit] == a and self.unit_last[unit] == b)

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

    def answer_spans(self, answers: Collection[tuple[str, ...]], base: np.ndarray) -> list[tuple[int, int]]:
        """The spans of known answers of several words that do not cut through a salient span; the longest ones win."""
        several = {text for text in answers if len(text) > 1}
        if not several:
            return []
        longest = max(map(len, several))
        begin = self.scan.begins({text[0] for text in several})
        inner = np.zeros(len(self.scan.word) + 1, bool)  # words inside a salient span that do not begin it
        for a, b in base.tolist():
            inner[a + 1 : b] = True
        spans = []
        for i in np.flatnonzero(begin & self.in_body & ~inner[:-1]).tolist():
            for j in range(min(i + longest, len(self.scan.word)), i + 1, -1):
                if (
                    self.scan.text[j - 1] == self.scan.text[i] and not inner[j]
                    and any(words in several for words in self.scan.written(i, j))
                ):  # fmt: skip
                    spans.append((i, j))
                    break
        return spans
