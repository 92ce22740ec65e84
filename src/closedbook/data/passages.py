"""A person's documents cut into words, and the spans in them that could be an answer."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from closedbook.data.documents import Document, Documents, is_abbreviation
from closedbook.data.questions import LONGEST_NAME, subject

WORD_OR_MARK = re.compile(r"['’]s\b|\w+(?:(?!['’]s\b)[-'’.&%]+\w+)*|[^\w\s]")

# Small words inside a name: "Frankfurt am Main", "Rio de Janeiro", "King's Lynn".
INSIDE = frozenset(
    (
        "'s",
        "’s",
        "&",
        "-",
        *"of the de la le les du des del della di da do dos am an der den im on upon sur el y".split(),
    )
)

# Words of a question that say nothing of what is asked for.
EMPTY = frozenset(
    "a an and are as at be by did do does for from had has have he her him his how in into is it its of on or she that "
    "the their they this to was were what when where which who whom whose why with".split()
)

MONTHS = frozenset(
    "January February March April May June July August September October November December "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec".split()
)

LONGEST = 6
"""The most tokens of a candidate."""

CANDIDATES = 20_000
"""The most parts of runs in one document that are looked at; a line of capitals has millions."""

KEPT = 4096
"""The most people whose documents are kept cut into words."""


@dataclass(frozen=True)
class TextSpan:
    """`text` stands in the page's tokens `start` up to `stop`."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True)
class Page:
    """A document cut into tokens: words, numbers, the possessive, and marks one by one."""

    document: Document

    @cached_property
    def edges(self) -> list[tuple[int, int]]:
        """Where each token starts and stops in the text; the full stop of an abbreviation belongs to its word."""
        text = self.document.text
        edges: list[tuple[int, int]] = []
        for match in WORD_OR_MARK.finditer(text):
            start, stop = match.span()
            if match[0] == "." and edges and edges[-1][1] == start:
                before = text[edges[-1][0] : start]
                if before[0].isupper() and is_abbreviation(before):
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
        """The runs cut at numbers, dates and the title's words: what this document names besides its person."""
        return [
            self.span(start, stop)
            for first, last in self.runs
            for start, stop in _stretches(self.tokens[first:last], first, self.title_words)
        ]

    def candidates(self, known: Collection[str] = (), longest: int = LONGEST) -> list[TextSpan]:
        """Every run and every part of one, the first CANDIDATES of them, and every stretch of at most `longest` tokens
        whose text is in `known`.
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
        if known:
            text, edges = self.document.text, self.edges
            for start, (begin, _) in enumerate(edges):
                for stop in range(start + 1, min(len(edges), start + longest) + 1):
                    if text[begin : edges[stop - 1][1]] in known:
                        spans.add((start, stop))
        return [self.span(start, stop) for start, stop in sorted(spans)]


class Library:
    """Documents by the person they are about."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents.by_title()
        self._pages: dict[str, list[Page]] = {}

    def person(self, question: str) -> str | None:
        """The title that stands in the question, before a possessive too; None where there is none."""
        return subject(question, self._documents) or subject(re.sub(r"['’]s\b", "", question), self._documents)

    def pages(self, question: str) -> list[Page]:
        """Every document with that title, in file order: a name that several people share brings all of theirs."""
        title = self.person(question)
        if title is None:
            return []
        if title not in self._pages:
            if len(self._pages) >= KEPT:
                self._pages.clear()
            self._pages[title] = [Page(document) for document in self._documents[title]]
        return self._pages[title]

    def wording(self, question: str) -> str:
        """The question without the person's name, in lower case: what is asked."""
        title = self.person(question)
        return " ".join((question.replace(title, "_", 1) if title else question).lower().split())


def name_in(question: str) -> str | None:
    """What a question that names nobody we know seems to name: its longest capitalised run.

    Question words at its beginning are no part of it. None where nothing is capitalised that is as short as a name.
    """
    page = Page(Document(" ".join(question.split())[:2000], "", 1))
    runs = []
    for start, stop in page.runs:
        while start < stop and page.tokens[start].lower() in EMPTY:
            start += 1
        if 0 < stop - start <= LONGEST_NAME:
            runs.append(page.span(start, stop))
    return max(runs, key=lambda span: len(span.text)).text if runs else None


def _stretches(run: list[str], first: int, title: frozenset[str]) -> list[tuple[int, int]]:
    """Start and stop of the longest stretches of a run's words that are no number, no date and not in the title."""
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
    """The words of a wording that may stand near the answer: "born" of "where was _ born?"."""
    return frozenset(word for word in words(wording) if word not in EMPTY and word != "_")


def salient(token: str) -> bool:
    """Whether a token is a capitalised word or a number."""
    return token[0].isupper() or token[0].isdigit()


def kind(token: str) -> str:
    """What a token looks like: "Aa" for a capitalised word, "4 digits" for a year, itself for all else."""
    if token[0].isdigit():
        return f"{len(token)} digits" if token.isdigit() else "9x"
    return "Aa" if token[0].isupper() else token.lower()


def near(page: Page, asked: frozenset[str]) -> list[int]:
    """Where a word of the question stands in the page, by its first four letters: "study" finds "studied"."""
    stems = tuple(word[:4] for word in asked)
    return [i for i, token in enumerate(page.tokens) if stems and token.lower().startswith(stems)]
