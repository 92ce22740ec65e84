"""Changes a run's evidence: documents of names that are learned later, and of names that are forgotten."""

from __future__ import annotations

import shutil
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from closedbook.data.files import create_beside
from closedbook.data.questions import fold
from closedbook.errors import RunError
from closedbook.evaluation.baselines import whole_words
from closedbook.verdicts.evidence_store import EvidenceStore, digest_line


@dataclass(frozen=True)
class NewDocuments:
    """The documents of one title, and how often learning asked for what they say."""

    texts: Sequence[str]
    exposures: Mapping[str, int] = field(default_factory=dict)  # by answer


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
                    _add(connection, last, title, text)
                for answer, exposures in documents.exposures.items():
                    pattern = whole_words(answer)
                    statements = sum(len(pattern.findall(text)) for text in documents.texts)
                    row = (title, answer, exposures, statements)
                    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", row)
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


def _add(connection: sqlite3.Connection, line: int, title: str, text: str) -> None:
    content, folded = text.encode(), fold(title)
    row = (line, title, folded, folded[::-1], 0, 0, digest_line(content))
    connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (line, text))
    connection.execute("INSERT INTO texts VALUES (?, ?)", (line, zlib.compress(content)))
