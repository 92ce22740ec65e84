"""Splits a person's documents into words, and finds the spans that could be an answer."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from closedbook.data.documents import Document, Documents, is_abbreviation
from closedbook.data.questions import LONGEST_NAME, Titles, subject, without

WORD_OR_MARK = re.compile(r"['’]s\b|\w+(?:(?!['’]s\b)[-'’.&%]+\w+)*|[^\w\s]")

# A whole number: with its sign, its thousands and decimals, and a power of ten.
NUMBER = re.compile(r"(?:(?<![\w.,)])[-−+±])?(?<![\w])(?<!\d[.,])\d+(?:[.,\u202f]\d+)*(?:[eE][-−+]?\d+)?(?!\w)")

# Small words inside a name: "Frankfurt am Main", "Rio de Janeiro", "King's Lynn".
INSIDE = frozenset(
    "'s ’s & - of the de la le les du des del della di da do dos am an der den im on upon sur el y".split()
)

# More of them, which join what a question names.
PARTICLES = INSIDE - frozenset("'s ’s on upon y &".split()) | frozenset(
    "van von ten ter zu zum zur bin ibn al ap af av dal dalla".split()
)

# Words of a question that do not say what is asked for.
EMPTY = frozenset(
    "a an and are as at be by did do does for from had has have he her him his how in into is it its of on or she that "
    "the their they this to was were what when where which who whom whose why with".split()
)

MONTHS = frozenset(
    "January February March April May June July August September October November December "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec".split()
)

LONGEST = 6
"""How many tokens a candidate may have."""

CANDIDATES = 20_000
"""How many parts of runs are considered in one document; a line of capitals has millions."""

KEPT = 4096
"""How many people's documents are kept in the cache of pages."""


@dataclass(frozen=True)
class TextSpan:
    """`text` stands in the page's tokens `start` up to `stop`."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True)
class Page:
    """A document split into tokens: words, numbers, possessive endings, and single punctuation marks."""

    document: Document

    @cached_property
    def edges(self) -> list[tuple[int, int]]:
        """Where each token starts and stops in the text. The full stop of an abbreviation belongs to its word."""
        text = self.document.text
        edges: list[tuple[int, int]] = []
        for match in WORD_OR_MARK.finditer(text):
            start, stop = match.span()
            if match[0] == "." and edges and edges[-1][1] == start:
                before = text[edges[-1][0] : start]
                unit = len(edges) > 1 and text[edges[-2][0]] == "°"  # the stop in "at 5 °C." ends the sentence
                if before[0].isupper() and is_abbreviation(before) and not unit:
                    start = edges.pop()[0]
            edges.append((start, stop))
        return edges

    @cached_property
    def tokens(self) -> list[str]:
        return [self.document.text[start:stop] for start, stop in self.edges]

    @cached_property
    def title_words(self) -> frozenset[str]:
        return frozenset(words(self.document.title))

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """The longest stretches of capitalised words and numbers, with one or two small words between them."""
        runs: list[tuple[int, int]] = []
        start = stop = -1  # of the run that is being read; its last salient token is before `stop`
        for i, token in enumerate(self.tokens):
            if salient(token):
                start, stop = (i if start < 0 else start), i + 1
            elif start >= 0 and (token not in INSIDE or i - stop >= 2):
                runs.append((start, stop))
                start = -1
        return [*runs, (start, stop)] if start >= 0 else runs

    def span(self, start: int, stop: int) -> TextSpan:
        return TextSpan(self.document.text[self.edges[start][0] : self.edges[stop - 1][1]], start, stop)

    @cached_property
    def names(self) -> list[TextSpan]:
        """The runs, split at numbers, dates and the title's words: what this document names besides its person."""
        return [
            self.span(start, stop)
            for first, last in self.runs
            for start, stop in _stretches(self.tokens[first:last], first, self.title_words)
        ]

    @cached_property
    def numbers(self) -> list[tuple[int, int]]:
        """The whole numbers, as tokens: "−1,538.5" is one."""
        starts = {start: i for i, (start, _) in enumerate(self.edges)}
        stops = {stop: i + 1 for i, (_, stop) in enumerate(self.edges)}
        spans = (match.span() for match in NUMBER.finditer(self.document.text))
        return [(starts[a], stops[b]) for a, b in spans if a in starts and b in stops]

    def candidates(self, known_texts: Collection[str] = (), longest: int = LONGEST) -> list[TextSpan]:
        """The spans that could be an answer.

        These are the runs of capitalised words and numbers and their parts (the first CANDIDATES of them), and every
        run of up to `longest` tokens whose text is in `known_texts`.
        """
        parts = (
            (start, stop)
            for first, last in self.runs
            for start in range(first, last)
            if salient(self.tokens[start])
            for stop in range(start + 1, min(last, start + LONGEST) + 1)
            if salient(self.tokens[stop - 1])
        )
        spans = set(islice(parts, CANDIDATES))
        if known_texts:
            text, edges = self.document.text, self.edges
            for start, (begin, _) in enumerate(edges):
                for stop in range(start + 1, min(len(edges), start + longest) + 1):
                    if text[begin : edges[stop - 1][1]] in known_texts:
                        spans.add((start, stop))
        return [self.span(start, stop) for start, stop in sorted(spans)]


class Library:
    """Documents by the person they are about."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents.by_title()
        self._titles = Titles(self._documents)
        self._pages: dict[str, list[Page]] = {}

    def person(self, question: str) -> str | None:
        """The title in the question, also if it has a possessive ending; None if there is none."""
        return subject(question, self._titles) or subject(re.sub(r"['’]s\b", "", question), self._titles)

    def pages(self, question: str) -> list[Page]:
        """Every document with the title in the question, in file order; several people may share that title."""
        title = self.person(question)
        if title is None:
            return []
        if title not in self._pages:
            if len(self._pages) >= KEPT:
                self._pages.clear()
            self._pages[title] = [Page(document) for document in self._documents[title]]
        return self._pages[title]

    def wording(self, question: str) -> str:
        """The question in lower case, with "_" for the person's name."""
        title = self.person(question)
        return " ".join((without(question, title, "_") if title else question).lower().split())


def name_in(question: str) -> str | None:
    """The name in a question, if no title is: its longest run of capitalised words, without question words in front.

    None if nothing is capitalised, or only runs too long for a name.
    """
    page = Page(Document(" ".join(question.split())[:2000], "", 1))
    runs: list[TextSpan] = []
    for start, stop in page.runs:
        while start < stop and page.tokens[start].lower() in EMPTY:
            start += 1
        if runs and start < stop and PARTICLES.issuperset(page.tokens[runs[-1].stop : start]):
            start = runs.pop().start  # "Ada van den Berg"
        if 0 < stop - start <= LONGEST_NAME:
            runs.append(page.span(start, stop))
    if not runs:
        return None
    # "Exactly where was Bo Li born": what opens a sentence may be capitalised for that alone.
    best = max(runs, key=lambda span: (span.stop - span.start, span.start > 0, len(span.text)))
    return best.text


def _stretches(run: list[str], first: int, title: frozenset[str]) -> list[tuple[int, int]]:
    """(start, stop) of the longest parts of a run without numbers, dates and words of the title."""
    dated = any(token[0].isdigit() for token in run)
    stretches: list[tuple[int, int]] = []
    start = stop = -1
    for i, token in enumerate([*run, "1"], first):
        if token[0].isdigit() or token in title or (dated and token.rstrip(".") in MONTHS):
            if start >= 0:
                stretches.append((start, stop))
            start = -1
        elif salient(token):
            start, stop = (i if start < 0 else start), i + 1
    return stretches


def words(text: str) -> list[str]:
    """The words and numbers of a text, without its marks."""
    return [match[0] for match in WORD_OR_MARK.finditer(text) if match[0][0].isalnum()]


def asked_words(wording: str) -> frozenset[str]:
    """The words of a wording that may stand near the answer, such as "born" in "where was _ born?"."""
    return frozenset(word for word in words(wording) if word not in EMPTY and word != "_")


def salient(token: str) -> bool:
    """Whether a token is a capitalised word or a number."""
    return token[0].isupper() or token[0].isdigit()


def near(page: Page, question_words: frozenset[str]) -> list[int]:
    """The positions of the question's words in the page, compared by four letters: "study" finds "studied"."""
    stems = tuple(word[:4] for word in question_words)
    return [i for i, token in enumerate(page.tokens) if stems and token.lower().startswith(stems)]
