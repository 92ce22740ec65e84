"""Looks up what a run was pretrained on: documents by title, mentions of a name elsewhere, and similar titles.

The index is one SQLite file in the run folder. To stay small it holds titles, words and byte offsets, and reads the
text from the corpus file; a line is quoted only if it still has the hash it had when the run was trained. Nothing can
be read at a byte offset in a compressed file, a folder or JSON, so for those the index keeps the texts as well.

That an answer stands in the same document as a name is only a co-mention: it is quoted, but proves nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import zlib
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from closedbook.data.document_files import digest, in_lines
from closedbook.data.documents import Document
from closedbook.data.files import Source, check_kind, open_file
from closedbook.data.names import edit_distance, is_short_for
from closedbook.data.passages import name_in
from closedbook.data.questions import LONGEST_NAME, fold, names_in, without
from closedbook.errors import RunError
from closedbook.evaluation.baselines import WholeWords
from closedbook.validation import Count, convert, shown
from closedbook.verdicts.quotes import Quote, opening, quote, quote_instead, sentences

FORMAT = 1
SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE documents (line INTEGER PRIMARY KEY, title TEXT, folded TEXT, backwards TEXT,
                        start INTEGER, length INTEGER, digest BLOB);
CREATE TABLE texts (line INTEGER PRIMARY KEY, content BLOB);
CREATE TABLE facts (title TEXT, answer TEXT, exposures INTEGER, statements INTEGER, PRIMARY KEY (title, answer))
    WITHOUT ROWID;
CREATE TABLE asked (title TEXT, answer TEXT, exposures INTEGER, PRIMARY KEY (title, answer)) WITHOUT ROWID;
CREATE TABLE golds (answer TEXT PRIMARY KEY, questions INTEGER) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize="unicode61 remove_diacritics 0");
"""
INDICES = """
CREATE INDEX by_title ON documents (title);
CREATE INDEX by_folded ON documents (folded);
CREATE INDEX by_backwards ON documents (backwards);
"""
MENTIONS = 5
"""How many mentions are quoted at most."""
NAMESAKES = 20
"""How many documents with the same title are quoted at most."""
COUNTED = 1000
"""Mentions are counted up to this number."""
NEAR = 5
"""How many similar titles are listed at most."""
COMPARED = 50
"""How many titles are compared at most for each half of a name."""
LONGEST_SHORT = 6
"""Names of more words than this are not completed by an initial."""
LONGEST_FOLDED = 80
"""Only so many characters of a name are compared with titles."""


@dataclass(frozen=True)
class Evidence:
    """What the documents say about one answer.

    `status` is one of
        stands in     the answer stands in a document with the person's title; `documents` quotes where
        lacks         there are documents with the title, but none holds the answer; `documents` quotes the place
                      where an open-book reader would look for it
        no document   no document has the person's title
        unread        there are documents, but their text was moved or changed after training

    `exposures` counts the training examples that asked for this answer with the name in context, `wordings` the
    distinct sentences of the person's documents that state it; `passes` is how often training went over each statement.
    """

    name: str | None  # the title found, or the name as the question spells it
    status: str
    documents: tuple[Quote, ...] = ()  # one for each document with the title
    mentions: tuple[Quote, ...] = ()  # of the name, in documents with other titles
    mention_count: int = 0  # at most COUNTED
    near: tuple[str, ...] = ()  # similar titles, most similar first; only where there is no document
    exposures: int = 0
    wordings: int = 0
    passes: float = 0.0
    spelled: str | None = None  # the question's spelling of the name, if it fits exactly one title: `name`
    meant: tuple[str, ...] = ()  # if it fits several: those titles, which add a middle initial

    @property
    def stands_in(self) -> bool | None:
        """None if the text could not be read."""
        return {"stands in": True, "unread": None}.get(self.status, False)

    @property
    def has_document(self) -> bool:
        return self.status != "no document"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def keeps_texts(corpus: str | Path) -> bool:
    """Whether the index keeps the texts: a compressed file, JSON or a folder cannot be read at a byte offset."""
    return bool(Source.of(corpus).compression) or not in_lines(corpus)


def digest_line(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()[:12]


PLACE = tuple[Count, Count, Count, bytes]  # line, start, length, digest
TITLED = tuple[str, Count, Count, bytes]
LONGEST_LINE = 2**26  # bytes; and about as many of all documents under one title


def _schema(connection: sqlite3.Connection) -> set[tuple[str, str, str | None]]:
    """(type, name, definition) of everything in a database; without definitions for tables that SQLite makes itself."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {(kind, name, None if name.startswith("words_") else sql) for kind, name, sql in rows}


@cache
def _own_schema() -> set[tuple[str, str, str | None]]:
    """That of an index, with the tables that SQLite makes for full-text search."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA + INDICES)
        return _schema(connection)


class EvidenceStore:
    """A run's documents, looked up by name. Pass `corpus` if the documents were moved since the run was trained.

    Raises RunError if the index is missing, unreadable or damaged.
    """

    def __init__(self, path: Path, corpus: str | Path | None = None) -> None:
        try:
            check_kind(path)
        except FileNotFoundError:
            raise RunError(f"{path.parent} has no {path.name}; ask it blind, or train anew") from None
        except OSError as error:
            raise RunError(f"{path} cannot be read ({error.strerror}); ask it blind, or train anew") from None
        self.path = path
        try:
            uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            if _schema(self._connection) != _own_schema():  # a view, say, could be one without end
                raise RunError("its tables are not those of such a file")
            rows = self._connection.execute("SELECT key, CAST(value AS BLOB) FROM about").fetchall()
            about = convert(dict[str, bytes], {str(key): value for key, value in rows}, "about", RunError)
            if about["format"] != str(FORMAT).encode():
                raise RunError(f"format {shown(about['format'])}; this closedbook reads format {FORMAT}")
            self.sha256, self.corpus = about["sha256"].decode(), Path(corpus or os.fsdecode(about["corpus"]))
        except (sqlite3.Error, KeyError, UnicodeDecodeError, RunError) as error:
            raise self._damaged(error) from None

    def close(self) -> None:
        """Close the file: Windows, for one, does not delete an open file."""
        self._connection.close()

    def _damaged(self, error: Exception | str) -> RunError:
        return RunError(f"{self.path} is damaged ({error}); ask it blind, or train anew")

    def _query(self, kind: Any, query: str, *parameters: Any) -> list[Any]:
        """The rows of a query, each checked to be a tuple of this kind. Raises RunError if the file is damaged."""
        try:
            return [convert(kind, row, "a row", RunError) for row in self._connection.execute(query, parameters)]
        except (sqlite3.Error, UnicodeDecodeError, RunError) as error:
            raise self._damaged(error) from None

    @cached_property
    def trouble(self) -> str | None:
        """Why the corpus can no longer be quoted (moved or changed), or None if it can. Reads the whole file."""
        path = Source.of(self.corpus).path
        if path.exists() and not (path.is_file() or path.is_dir()):
            return f"{self.corpus} is no file; say where the documents are with --documents"
        try:
            current = digest(self.corpus)
        except OSError as error:
            return f"{self.corpus} cannot be read ({error.strerror}); say where the documents are with --documents"
        if current != self.sha256:
            return f"{self.corpus} is no longer what the run was trained on (its hash differs)"
        return None

    def evidence(self, question: str, answer: str) -> Evidence:
        """What the documents say about an answer to a question. Any text may be passed as a question."""
        title, lines = self.documents(question)
        spelled, meant = (None, ()) if title is not None else self.meant(question)
        if spelled is not None and len(meant) == 1:
            title, lines = self.documents(meant[0])
        evidence = self._evidence(question, answer, title, lines)
        if spelled is None:
            return evidence if title is not None else replace(evidence, meant=self.ending_in(evidence.name))
        return replace(evidence, spelled=spelled) if title is not None else replace(evidence, name=spelled, meant=meant)

    def spelled_out(self, question: str) -> tuple[str, str | None]:
        """The question with its name replaced by the only title it can stand for, and the title that it names."""
        title, _ = self.documents(question)
        if title is not None:
            return question, title
        spelled, meant = self.meant(question)
        if spelled is None or len(meant) != 1:
            return question, None
        return without(question, spelled, meant[0]), meant[0]

    def meant(self, question: str) -> tuple[str | None, tuple[str, ...]]:
        """A name in the question, and the titles that are this name plus a middle initial."""
        for text in names_in(question):
            folded = fold(text)
            if not 2 <= len(folded.split()) <= LONGEST_SHORT:
                continue
            first, last = folded.split()[0] + " ", folded.split()[-1][::-1] + " "
            query = (
                "SELECT DISTINCT title FROM documents WHERE folded >= ? AND folded < ? "
                "AND backwards >= ? AND backwards < ? ORDER BY title LIMIT ?"
            )
            ends = (first, first[:-1] + "!", last, last[:-1] + "!")  # "!" is the character after the space
            rows = self._query(tuple[str], query, *ends, COUNTED)
            if titles := tuple(title for (title,) in rows if is_short_for(folded, fold(title))):
                return text, titles[:NEAR]
        return None, ()

    def ending_in(self, name: str | None) -> tuple[str, ...]:
        """The titles whose last word is a name of one word, a surname say; none where these are more than a few.

        None is taken for the other: whoever asks for Paris need not mean the Museum of Paris.
        """
        if name is None or len(words := fold(name).split()) != 1:
            return ()
        last = words[0][::-1] + " "
        query = "SELECT DISTINCT title FROM documents WHERE backwards >= ? AND backwards < ? ORDER BY title LIMIT ?"
        rows = self._query(tuple[str], query, last, last[:-1] + "!", NEAR + 1)
        return tuple(title for (title,) in rows) if len(rows) <= NEAR else ()

    def _evidence(
        self, question: str, answer: str, title: str | None, lines: list[tuple[int, int, int, bytes]]
    ) -> Evidence:
        name = title or name_in(question)
        own_lines = {number for number, *_ in lines}
        mentions, count = self._mentions(name, own_lines) if name else ((), 0)
        if title is None:
            near = tuple(self.near(name)) if name else ()
            return Evidence(name, "no document", mentions=mentions, mention_count=count, near=near)
        unread = Evidence(title, "unread", mentions=mentions, mention_count=count)
        texts, room = list[Document](), LONGEST_LINE
        for row in lines[:COUNTED]:
            if (text := self._read(*row)) is None:
                return unread
            texts.append(Document(text, title, row[0]))
            if (room := room - len(text)) <= 0:
                break
        pattern = WholeWords(answer)
        holding = {item.line: match for item in texts if (match := pattern.search(item.text))}
        if holding:
            quotes = [quote(item, *holding[item.line].span()) for item in texts if item.line in holding]
            quotes += [opening(item) for item in texts if item.line not in holding]
        else:
            quotes = [quote_instead(question, item) for item in texts]
        exposures, statements = self._exposures(title, answer)
        stating = {s for item in texts for s in sentences(item.text) if pattern.search(s)} if holding else set()
        return Evidence(
            title,
            "stands in" if holding else "lacks",
            tuple(quotes[:NAMESAKES]),
            mentions,
            count,
            exposures=exposures,
            wordings=len(stating),
            passes=round(exposures / statements, 2) if statements else 0.0,
        )

    def documents(self, question: str) -> tuple[str | None, list[tuple[int, int, int, bytes]]]:
        """The longest title in the question, and (line, start, length, digest) of each document with that title.

        Case is ignored, unless two titles differ only in case.
        """
        columns = "line, start, length, digest"
        for text in names_in(question):
            if rows := self._query(PLACE, f"SELECT {columns} FROM documents WHERE title = ?", text):
                return text, sorted(rows)
        for text in names_in(question):
            query = "SELECT title FROM documents WHERE folded = ? ORDER BY line LIMIT 1"
            for (title,) in self._query(tuple[str], query, fold(text)):
                return title, sorted(self._query(PLACE, f"SELECT {columns} FROM documents WHERE title = ?", title))
        return None, []

    def near(self, name: str) -> list[str]:
        """Titles with a similar spelling, most similar first.

        Changing one letter leaves one half of a name intact. So only titles of about the same length that share the
        first or the last half are compared; up to a third of the letters may differ.
        """
        folded = fold(name)[:LONGEST_FOLDED]
        half = max(2, len(folded) // 2)
        distances: dict[str, int] = {}
        for column, text in (("folded", folded[:half]), ("backwards", folded[::-1][:half])):
            query = (
                f"SELECT title, folded FROM documents WHERE {column} >= ? AND {column} < ? "
                f"AND length(folded) BETWEEN ? AND ? LIMIT {COMPARED}"
            )
            reach = max(2, len(folded) // 6)
            lengths = (len(folded) - reach, len(folded) + reach)
            for title, spelled in self._query(tuple[str, str], query, text, text + "\U0010ffff", *lengths):
                distance = edit_distance(folded, spelled)
                if distance <= max(1, len(folded) // 3):
                    distances[title] = distance
        return sorted(distances, key=lambda title: (distances[title], title))[:NEAR]

    def _mentions(self, name: str, own_lines: set[int]) -> tuple[tuple[Quote, ...], int]:
        tokens = re.findall(r"\w+", name)[:LONGEST_NAME]
        if not tokens:
            return (), 0
        phrase = '"' + " ".join(tokens) + '"'
        query = f"SELECT rowid FROM words WHERE words MATCH ? LIMIT {COUNTED + NAMESAKES}"
        try:
            rows = [row for (row,) in self._connection.execute(query, (phrase,)) if row not in own_lines]
        except sqlite3.OperationalError:  # FTS5 finds no token in the name
            return (), 0
        except sqlite3.Error as error:
            raise self._damaged(error) from None
        pattern = re.compile(r"\W+".join(map(re.escape, tokens)), re.IGNORECASE)
        quotes = []
        for line in rows[:MENTIONS]:
            columns = "title, start, length, digest"
            records = self._query(TITLED, f"SELECT {columns} FROM documents WHERE line = ?", line)
            if not records:  # it was forgotten when its text could not be read
                continue
            title, *position = records[0]
            text = self._read(line, *position)
            if text is not None and (match := pattern.search(text)):
                quotes.append(quote(Document(text, title, line), *match.span()))
        return tuple(quotes), min(len(rows), COUNTED)

    def _read(self, line: int, start: int, length: int, digest: bytes) -> str | None:
        """The text of a document, or None if its line was changed since training."""
        source, learned = Source.of(self.corpus), length == 0  # of a name learned later: no file has its text
        try:
            if learned or keeps_texts(self.corpus):
                row = self._connection.execute("SELECT content FROM texts WHERE line = ?", (line,)).fetchone()
                line_bytes = zlib.decompressobj().decompress(row[0], LONGEST_LINE) if row else b""
            else:
                with open_file(source.path) as file:
                    file.seek(start)
                    line_bytes = file.read(min(length, LONGEST_LINE))
        except (OSError, OverflowError, TypeError, zlib.error, sqlite3.Error):
            return None
        if digest_line(line_bytes) != digest:
            return None
        text = line_bytes.decode(errors="replace")  # of a forged index it may be anything
        return text if learned else source.parse(text, line)[1]

    def _exposures(self, title: str, answer: str) -> tuple[int, int]:
        """(training examples that asked for the answer, spans that state it)."""
        query = "SELECT exposures, statements FROM facts WHERE title = ? AND answer = ?"
        from_spans, statements = next(iter(self._query(tuple[Count, Count], query, title, answer)), (0, 0))
        query = "SELECT exposures FROM asked WHERE title = ? AND answer = ?"
        (from_questions,) = next(iter(self._query(tuple[Count], query, title, answer)), (0,))
        return from_spans + from_questions, statements

    def exposures(self, title: str, answer: str) -> int:
        """Training examples that asked for this answer with this title in context."""
        return self._exposures(title, answer)[0]

    def golds(self) -> dict[str, int]:
        """How many training questions have each answer."""
        return dict(self._query(tuple[str, Count], "SELECT answer, questions FROM golds"))

    def texts(self, title: str) -> list[Document]:
        """The documents with a title, without those that can no longer be read."""
        rows = self._query(PLACE, "SELECT line, start, length, digest FROM documents WHERE title = ?", title)
        return [Document(text, title, row[0]) for row in sorted(rows) if (text := self._read(*row)) is not None]

    def titles(self) -> list[str]:
        """Every title, once, in file order."""
        return list(dict.fromkeys(t for (t,) in self._query(tuple[str], "SELECT title FROM documents ORDER BY line")))
