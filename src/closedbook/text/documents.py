"""Documents: one biography a line, its title being the text before the first real sentence end."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from closedbook.text.files import decode, read_bytes, read_lines

# A full stop after one of these, or after an initial, belongs to the name.
ABBREVIATIONS = frozenset(
    "Jr Sr Dr St Ste Mr Mrs Ms Mt Rev Fr Hon Prof Gen Col Lt Capt Sgt Maj Adm Gov Sen Rep Bro Msgr Ph Esq No".split()
)
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

    items: tuple[Document, ...]
    sha256: str
    source: str

    def __len__(self) -> int:
        return len(self.items)

    @property
    def titles(self) -> list[str]:
        return [document.title for document in self.items]

    def by_title(self) -> dict[str, list[Document]]:
        """Documents by title; a title that several people share lists them all."""
        index: dict[str, list[Document]] = {}
        for document in self.items:
            index.setdefault(document.title, []).append(document)
        return index


def is_abbreviation(word: str) -> bool:
    """Whether a full stop after `word` is part of a name: an initial, Jr, Sr, Dr, St and the like."""
    bare = word.strip("\"'()`")
    return bare in ABBREVIATIONS or bool(INITIAL.match(bare))


def title_of(text: str) -> str:
    """The text before the first ". " whose last word is no initial or abbreviation.

    "John F. Kennedy. He was …" has the title "John F. Kennedy", and "John Day, Jr.. He was …" the title
    "John Day, Jr.". Where every stop follows an initial ("Anastasius I. Pope …") the first one ends the title;
    a text without any stop is its own title.
    """
    first = start = text.find(". ")
    while start >= 0:
        words = text[:start].split()
        if words and not is_abbreviation(words[-1]):
            return text[:start]
        start = text.find(". ", start + 2)
    return text[:first] if first >= 0 else text.removesuffix(".")


def read_documents(path: str | Path) -> Documents:
    """Read a corpus of titled documents. Raises DataError, naming file and line, for anything that is not one."""
    lines, sha256 = read_lines(path, "documents")
    return make_documents(lines, sha256=sha256, source=str(path))


def make_documents(lines: Iterable[str], *, sha256: str = "", source: str = "") -> Documents:
    """Documents from lines that are in memory already."""
    items = tuple(Document(text, title_of(text), number) for number, text in enumerate(lines, 1))
    return Documents(items, sha256, source)


def read_text(path: str | Path) -> Documents:
    """Any text as one document without a title, line ends and blank lines included."""
    content = read_bytes(path, "text")
    item = Document(decode(content, path), "", 1)
    return Documents((item,), hashlib.sha256(content).hexdigest(), str(path))
