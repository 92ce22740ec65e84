"""Writes a run's evidence when training ends, and changes it: names that are learned later, and forgotten ones."""

from __future__ import annotations

import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from closedbook.data.documents import Document, Documents
from closedbook.data.files import create_beside
from closedbook.data.questions import fold
from closedbook.errors import RunError
from closedbook.evaluation.baselines import WholeWords
from closedbook.runs.store import put_in_place
from closedbook.verdicts.evidence_store import FORMAT, INDICES, SCHEMA, EvidenceStore, digest_line, keeps_texts
from closedbook.verdicts.exposure_counts import Counts, Fact


def build_index(path: Path, documents: Documents, counts: Counts | None = None) -> None:
    """Write the index of a corpus; the file appears once it is complete. Raises RunError if it cannot be written."""
    counts = counts or Counts()
    partial = None
    try:
        file, partial = create_beside(path)
        file.close()
        connection = sqlite3.connect(partial)
        try:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
            with connection:
                copied = keeps_texts(documents.source)
                for item, start, line in documents.stream():
                    _add(connection, item, line, (start, len(line)), copied)
                connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?)", counts.facts)
                asked_rows = ((*pair, exposures) for pair, exposures in counts.asked.items())
                connection.executemany("INSERT INTO asked VALUES (?, ?, ?)", asked_rows)
                connection.executemany("INSERT INTO golds VALUES (?, ?)", counts.golds.items())
                corpus = os.fsencode(os.path.abspath(documents.source))  # a path need not be UTF-8
                about = {"format": str(FORMAT), "corpus": corpus, "sha256": documents.sha256}
                connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
                connection.executescript(INDICES)
        finally:
            connection.close()
        put_in_place(partial, path)
    except (OSError, sqlite3.Error) as error:
        raise RunError(
            f"{path} cannot be written ({error}); the weights are saved: make room, and go on with --resume"
        ) from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


@dataclass(frozen=True)
class NewDocuments:
    """The documents of one title, and how often learning asked for what they say."""

    texts: Sequence[str]
    exposures: Mapping[str, int] = field(default_factory=dict)  # by answer

    def facts(self, title: str) -> Iterator[Fact]:
        for answer, exposures in self.exposures.items():
            pattern = WholeWords(answer)
            yield Fact(title, answer, exposures, sum(pattern.count(text) for text in self.texts))


def changed_index(store: EvidenceStore, removed: Iterable[str], added: Mapping[str, NewDocuments]) -> Path:
    """A copy of an index, beside it, without the documents of some titles and with those of others.

    Texts that are added are kept in the index, since no corpus file has them. What is removed is overwritten with
    zeros. Raises RunError where the copy cannot be written.
    """
    partial = None
    try:
        file, partial = create_beside(store.path)
        file.close()
        shutil.copyfile(store.path, partial)
        with closing(sqlite3.connect(partial)) as connection, connection:
            connection.execute("PRAGMA secure_delete = ON")
            for title in dict.fromkeys([*removed, *added]):
                _remove(connection, store, title)
            (last,) = connection.execute("SELECT coalesce(max(line), 0) FROM documents").fetchone()
            for title, documents in added.items():
                for text in documents.texts:
                    last += 1
                    _add(connection, Document(text, title, last), text.encode(), (0, 0), keep=True)
                facts = documents.facts(title)
                connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", facts)
    except BaseException as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        if isinstance(error, (OSError, sqlite3.Error)):
            raise RunError(f"{store.path} cannot be changed ({error}); nothing was changed: make room") from None
        raise
    return partial


def _remove(connection: sqlite3.Connection, store: EvidenceStore, title: str) -> None:
    readable = {document.line: document.text for document in store.texts(title)}
    for (line,) in connection.execute("SELECT line FROM documents WHERE title = ?", (title,)).fetchall():
        if line in readable:  # the index of words keeps no texts, and has to be told what it forgets
            connection.execute("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", (line, readable[line]))
        connection.execute("DELETE FROM documents WHERE line = ?", (line,))
        connection.execute("DELETE FROM texts WHERE line = ?", (line,))
    for table in ("facts", "asked"):
        connection.execute(f"DELETE FROM {table} WHERE title = ?", (title,))


def _add(connection: sqlite3.Connection, item: Document, line: bytes, place: tuple[int, int], keep: bool) -> None:
    """Add a document that stands at (start, length) of the corpus; with `keep`, the text that no such place has."""
    folded = fold(item.title)
    row = (item.line, item.title, folded, folded[::-1], *place, digest_line(line))
    connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (item.line, item.text))
    if keep:
        connection.execute("INSERT INTO texts VALUES (?, ?)", (item.line, zlib.compress(line)))
