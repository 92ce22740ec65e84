"""Reads documents, by default one a line. A document's title is the text before its first sentence end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from closedbook.data.document_files import check_lines, in_lines, read_titled
from closedbook.data.files import BYTE_ORDER_MARK, Source, decode, read_hashed, split_lines
from closedbook.data.questions import Titles

# A full stop after one of these, or after an initial, does not end a sentence.
ABBREVIATIONS = frozenset(
    "Jr Sr Dr St Ste Mr Mrs Ms Mt Rev Fr Hon Prof Gen Col Lt Capt Sgt Maj Adm Gov Sen Rep Bro Msgr Ph Esq No".split()
)
LONGEST_ABBREVIATION = 100  # characters; matching initials against a longer word would take too long
OTHER_STOP = re.compile("[。।۔]")  # the full stops of other scripts, which no initial has
# One letter ("J"), letters with stops or hyphens between ("J.R", "Ph.D", "J.-P").
INITIAL = re.compile(r"^\w(?:\w?[.-]+\w)*$")


@dataclass(frozen=True)
class Document:
    """One line of the corpus. `line` counts from 1."""

    text: str
    title: str
    line: int


@dataclass(frozen=True)
class Documents:
    """A corpus in file order, with the hash of the file it was read from."""

    items: Sequence[Document]
    sha256: str
    source: str
    raw: tuple[bytes, ...] | None = None  # the file's lines, if these differ from the texts

    def __len__(self) -> int:
        return len(self.items)

    def of(self, titles: Collection[str]) -> Documents:
        """The documents with these titles, in file order."""
        return replace(self, items=tuple(item for item in self.items if item.title in titles), raw=None)

    @property
    def titles(self) -> list[str]:
        return [document.title for document in self.items]

    @cached_property
    def known_titles(self) -> Collection[str]:
        """The set of all titles."""
        return Titles(self.titles)

    def some_titles(self) -> list[str]:
        """Distinct titles, sorted: all of them, or a part of very many."""
        return sorted(self.known_titles)

    def namesakes(self, documents: np.ndarray) -> np.ndarray:
        """All documents with the same titles as these; may include more."""
        return np.arange(len(self.items))

    def stream(self) -> Iterator[tuple[Document, int, bytes]]:
        """Every document, the byte of the uncompressed file at which its line starts, and that line."""
        start = 0
        for i, item in enumerate(self.items):
            line = item.text.encode() if self.raw is None else self.raw[i]
            yield item, start, line
            start += len(line) + 1

    def by_title(self) -> dict[str, list[Document]]:
        """All documents of each title; several people may share one."""
        index: dict[str, list[Document]] = {}
        for document in self.items:
            index.setdefault(document.title, []).append(document)
        return index


def is_abbreviation(word: str) -> bool:
    """Whether a full stop after `word` is part of a name: an initial, Jr, Sr, Dr, St and the like."""
    if len(word) > LONGEST_ABBREVIATION:
        return False
    bare = word.strip("\"'()`")
    return bare in ABBREVIATIONS or bool(INITIAL.match(bare))


def title_of(text: str) -> str:
    """The text before the first ". " whose last word is no initial or abbreviation.

    "John F. Kennedy. He was …" has the title "John F. Kennedy", and "John Day, Jr.. He was …" the title
    "John Day, Jr.". Where every stop follows an initial ("Anastasius I. Pope …") the first one ends the title;
    a text without any stop is its own title.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    first = start = text.find(". ")
    other_stop = OTHER_STOP.search(text)
    if other_stop and 0 < other_stop.start() < (first if first >= 0 else len(text)):
        return text[: other_stop.start()]
    part_start = 0  # the last word before a stop is looked for from here, so that no text is read twice
    while start >= 0:
        words = text[part_start:start].split()
        # A part without a word follows another stop, and what ends in a stop is no abbreviation.
        if (words and not is_abbreviation(words[-1])) or (not words and part_start):
            return text[:start]
        part_start = start + 2
        start = text.find(". ", part_start)
    return text[:first] if first >= 0 else text.removesuffix(".")


def read_documents(path: str | Path) -> Documents:
    """Read a corpus of titled documents whole: a file of lines, a folder, or JSON (`closedbook.data.document_files`).

    Raises DataError, naming file and line, for anything that is not one.
    """
    if not in_lines(path):
        titled, sha256 = read_titled(path)
        items = tuple(Document(text, title, number) for number, (title, text) in enumerate(titled, 1))
        return Documents(items, sha256, str(path))
    source = Source.of(path)
    content, sha256 = read_hashed(path, "documents")
    lines = split_lines(content, source.path, "documents")
    if source.fields is None:
        check_lines(source.path, lines)
    items = parse(source, lines)
    raw = tuple(content.removesuffix(b"\n").split(b"\n")) if source.fields or b"\r" in content else None
    return Documents(items, sha256, str(path), raw)


def parse(source: Source, lines: Iterable[str], first: int = 1) -> tuple[Document, ...]:
    """Documents from a file's lines, numbered from `first`."""
    items = []
    for number, line in enumerate(lines, first):
        title, text = source.parse(line, number)
        items.append(Document(text, title_of(text) if title is None else title, number))
    return tuple(items)


def make_documents(lines: Iterable[str], *, sha256: str = "", source: str = "") -> Documents:
    """Documents from lines in memory."""
    items = tuple(Document(text, title_of(text), number) for number, text in enumerate(lines, 1))
    return Documents(items, sha256, source)


def read_text(path: str | Path) -> Documents:
    """A plain text file as one document without a title, line ends included; other formats with their texts joined."""
    source = Source.of(path)
    if in_lines(path) and not source.fields:
        content, sha256 = read_hashed(path, "text")
        text = decode(content, source.path)
    else:
        documents = read_documents(path)
        text, sha256 = "\n".join(item.text for item in documents.items), documents.sha256
    return Documents((Document(text, "", 1),), sha256, str(path))
