"""Quotes from a document: the sentence that an answer or a name stands in, or the one where it should."""

from __future__ import annotations

import re
from dataclasses import dataclass

from closedbook.data.documents import Document, Documents, is_abbreviation
from closedbook.data.passages import Library
from closedbook.evaluation.baselines import RuleReader, WholeWords


@dataclass(frozen=True)
class Quote:
    """A sentence of a document. `line` counts from 1; `start` and `stop` are where the quoted words stand in it."""

    title: str
    line: int
    sentence: str
    start: int | None = None
    stop: int | None = None


def sentences(text: str) -> list[str]:
    """The sentences of a text. A full stop after an initial or an abbreviation does not end one."""
    return [text[start:stop].strip() for start, stop in _sentence_edges(text)]


STOPS = re.compile(r"[.!?]+")


def _sentence_edges(text: str) -> list[tuple[int, int]]:
    edges, start = [], 0
    part_start, has_word = 0, False  # where the text after the last stop begins; whether the sentence has a word yet
    for match in STOPS.finditer(text):
        stop = match.end()
        if stop < len(text) and not text[stop].isspace():
            continue
        words = text[part_start : match.start()].split()
        goes_on = bool(words) and match.group() == "." and text[match.start() - 1] != " " and is_abbreviation(words[-1])
        has_word = has_word or bool(words)
        if has_word and not goes_on:
            edges.append((start, stop))
            start, has_word = stop, False
        else:
            has_word = True  # the stop itself
        part_start = stop
    if text[start:].strip():
        edges.append((start, len(text)))
    return edges


def quote(document: Document, start: int, stop: int) -> Quote:
    """The sentence around some characters of a document, or the sentences if they span more than one."""
    edges = _sentence_edges(document.text)
    first = max((a for a, _ in edges if a <= start), default=0)
    last = min((b for _, b in edges if b >= stop), default=len(document.text))
    first += len(document.text[first:last]) - len(document.text[first:last].lstrip())
    return Quote(document.title, document.line, document.text[first:last].rstrip(), start - first, stop - first)


def opening(document: Document) -> Quote:
    """The first sentence of a document after its title."""
    body = document.text[len(document.title) + 1 :]
    return Quote(document.title, document.line, next(iter(sentences(body)), ""))


def quote_instead(question: str, document: Document) -> Quote:
    """The sentence in which a rule-based reader finds its own answer, or the opening if it finds none."""
    spelled = re.sub(re.escape(document.title), lambda _: document.title, question, flags=re.IGNORECASE)
    reader_answer = RuleReader(Library(Documents((document,), "", ""))).answer(spelled)
    match = WholeWords(reader_answer).search(document.text, len(document.title)) if reader_answer else None
    return quote(document, *match.span()) if match else opening(document)
