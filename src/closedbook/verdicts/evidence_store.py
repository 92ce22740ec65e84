"""What a run was pretrained on, looked up: the documents about a person, who else mentions them, and near names.

The index is one SQLite file in the run folder. It holds titles, words and byte offsets but not the text, which is read
from the corpus file; every line that is quoted is held to the hash it had when the run was trained. Of a compressed
corpus, a folder or JSON, in which no line can be sought, it keeps the texts too. That an answer
stands beside a name is co-mention, and is quoted as that: it proves nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from closedbook.data.document_files import digest, in_lines
from closedbook.data.documents import Document, Documents, is_abbreviation
from closedbook.data.files import Source, check_kind, create_beside, open_file
from closedbook.data.passages import Library, name_in
from closedbook.data.questions import LONGEST_NAME, fold, names_in, subject, without
from closedbook.errors import RunError
from closedbook.evaluation.baselines import RuleReader, whole_words
from closedbook.objectives import Corpus
from closedbook.objectives.question import QuestionAnswer
from closedbook.objectives.sampler import BatchSampler
from closedbook.runs.store import put_in_place
from closedbook.validation import Count, convert, shown

FORMAT = 1
MENTIONS = 5
"""The most mentions that are quoted."""
NAMESAKES = 20
"""The most documents of one title that are quoted."""
COUNTED = 1000
"""Mentions are counted up to here."""
NEAR = 5
"""The most near names."""
COMPARED = 50
"""The most titles that are compared for each half of a name."""
LONGEST_SHORT = 6
"""Words of a name that may lack an initial."""
LONGEST_FOLDED = 80
"""Characters of a name that near names are looked for by."""

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


class Fact(NamedTuple):
    """What a document says of its person, and how often training asked for it with the name in context."""

    title: str
    answer: str
    exposures: int
    statements: int  # how many spans say it in the documents of that title


@dataclass(frozen=True)
class Counts:
    """How often training showed what, for the index to keep."""

    facts: Iterable[Fact] = ()
    asked: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (title, answer): examples made of questions
    golds: Mapping[str, int] = field(default_factory=dict)  # training questions by their answer

    @classmethod
    def of(cls, corpus: Corpus, samplers: Sequence[BatchSampler], steps: Sequence[int | None] = ()) -> Counts:
        """Every example of every step counted; the stages' random numbers are drawn again, nothing else is repeated.

        `steps` are the steps done in each stage, where one was stopped early.
        """
        questions, documents = corpus.questions, corpus.documents
        seen: list[np.ndarray] = []
        asked = np.zeros(len(questions) if questions else 0, np.int64)
        for sampler, done in itertools.zip_longest(samplers, steps):
            for objective, items, u in sampler.iter_examples(done):
                if isinstance(objective, QuestionAnswer):
                    asked += np.bincount(items, minlength=len(asked))
                else:
                    seen.append(objective.exposed_spans(items, u))
        by_name: Counter[tuple[str, str]] = Counter()
        for item, times in zip(questions.items if questions else (), asked, strict=True):
            if (name := subject(item.text, documents.known_titles)) is not None:
                by_name[name, item.answer or ""] += int(times)
        facts = _facts(corpus, np.concatenate([np.zeros(0, np.int64), *seen]))
        return cls(facts, by_name, Counter(questions.answers) if questions else {})


def _facts(corpus: Corpus, exposed: np.ndarray) -> list[Fact]:
    """What documents say whose spans were exposed, and others of their titles; a span is listed once an exposure."""
    spans = corpus.spans
    shown, counts = np.unique(exposed, return_counts=True)
    times = dict(zip(shown.tolist(), counts.tolist(), strict=True))
    documents = corpus.documents.namesakes(np.unique(spans.document[shown]))
    said: dict[tuple[str, str], list[int]] = {}
    owner, span = spans.of(documents)
    outputs, titles = spans.output.take(span), corpus.documents.titles
    for i, (place, number) in enumerate(zip(owner.tolist(), span.tolist(), strict=True)):
        pair = (titles[documents[place]], corpus.vocabulary.answer(outputs[i]))
        entry = said.setdefault(pair, [0, 0])
        entry[0] += times.get(number, 0)
        entry[1] += 1
    return [Fact(*pair, *entry) for pair, entry in said.items()]


@dataclass(frozen=True)
class Quote:
    """A sentence of a document. `line` counts from 1; `start` and `stop` mark the words in question within it."""

    title: str
    line: int
    sentence: str
    start: int | None = None
    stop: int | None = None


@dataclass(frozen=True)
class Evidence:
    """What the documents say about one answer.

    `status` is one of
        stands in     the answer stands in a document with the person's title; `documents` quotes where
        lacks         there are documents with the title, and none holds the answer; `documents` quotes what stands
                      where an open-book reader looks for the answer
        no document   no document has the person's title
        unread        there are documents, but their text was moved or altered since training

    `exposures` are training examples that asked for this answer with the name in context; `wordings` the distinct
    sentences that say it in the person's documents; `passes` how often training went over each of these statements.
    """

    name: str | None  # the title found, or the name as the question spells it
    status: str
    documents: tuple[Quote, ...] = ()  # one for each document with the title
    mentions: tuple[Quote, ...] = ()  # of the name, in documents with other titles
    mention_count: int = 0  # at most COUNTED
    near: tuple[str, ...] = ()  # titles spelled nearly so, nearest first; only where there is no document
    exposures: int = 0
    wordings: int = 0
    passes: float = 0.0
    spelled: str | None = None  # the name as the question has it, where `name` is the one title it can stand for
    meant: tuple[str, ...] = ()  # the titles it can stand for, where they are several: they have a middle initial more

    @property
    def stands_in(self) -> bool | None:
        """None where it cannot be told."""
        return {"stands in": True, "unread": None}.get(self.status, False)

    @property
    def has_document(self) -> bool:
        return self.status != "no document"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def build_index(path: Path, documents: Documents, counts: Counts | None = None) -> None:
    """Write the index of a corpus. It is put in place whole, or not at all."""
    counts = counts or Counts()
    partial = None
    try:
        file, partial = create_beside(path)
        file.close()
        connection = sqlite3.connect(partial)
        try:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
            with connection:
                copied = _copied(documents.source)
                for item, start, line in documents.stream():
                    folded = fold(item.title)
                    row = (item.line, item.title, folded, folded[::-1], start, len(line), _digest(line))
                    connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                    connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (item.line, item.text))
                    if copied:
                        connection.execute("INSERT INTO texts VALUES (?, ?)", (item.line, zlib.compress(line)))
                connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?)", counts.facts)
                asked = ((*pair, exposures) for pair, exposures in counts.asked.items())
                connection.executemany("INSERT INTO asked VALUES (?, ?, ?)", asked)
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


def _copied(corpus: str | Path) -> bool:
    """Whether the index keeps the documents' texts: no place can be sought in a compressed file, JSON or a folder."""
    return bool(Source.of(corpus).compression) or not in_lines(corpus)


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()[:12]


PLACE = tuple[Count, Count, Count, bytes]  # line, start, length, digest
TITLED = tuple[str, Count, Count, bytes]
LONGEST_LINE = 2**26  # bytes


class EvidenceStore:
    """A run's documents, looked up by name. `corpus` is where the file of documents is now, if it was moved."""

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
            rows = self._connection.execute("SELECT key, CAST(value AS BLOB) FROM about").fetchall()
            about = convert(dict[str, bytes], {str(key): value for key, value in rows}, "about", RunError)
            if about["format"] != str(FORMAT).encode():
                raise RunError(f"format {shown(about['format'])}; this closedbook reads format {FORMAT}")
            self.sha256, self.corpus = about["sha256"].decode(), Path(corpus or os.fsdecode(about["corpus"]))
        except (sqlite3.Error, KeyError, UnicodeDecodeError, RunError) as error:
            raise self._damaged(error) from None

    def close(self) -> None:
        """Let go of the file: some systems remove none that is open."""
        self._connection.close()

    def _damaged(self, error: Exception | str) -> RunError:
        return RunError(f"{self.path} is damaged ({error}); ask it blind, or train anew")

    def _query(self, kind: Any, query: str, *given: Any) -> list[Any]:
        """The rows of a query, each of this kind of tuple. Raises RunError where the file is damaged, or of others."""
        try:
            return [convert(kind, row, "a row", RunError) for row in self._connection.execute(query, given)]
        except (sqlite3.Error, UnicodeDecodeError, RunError) as error:
            raise self._damaged(error) from None

    @cached_property
    def trouble(self) -> str | None:
        """Why the corpus can no longer be quoted, or None: it was moved or altered. Reads the whole file."""
        path = Source.of(self.corpus).path
        if path.exists() and not path.is_file():
            return f"{self.corpus} is no file; say where the documents are with --documents"
        try:
            found = digest(self.corpus)
        except OSError as error:
            return f"{self.corpus} cannot be read ({error.strerror}); say where the documents are with --documents"
        if found != self.sha256:
            return f"{self.corpus} is no longer what the run was trained on (its hash differs)"
        return None

    def evidence(self, question: str, answer: str) -> Evidence:
        """What the documents say about an answer to a question. Any text is a safe question."""
        title, lines = self.documents(question)
        spelled, meant = (None, ()) if title is not None else self.meant(question)
        if spelled is not None and len(meant) == 1:
            title, lines = self.documents(meant[0])
        found = self._evidence(question, answer, title, lines)
        if spelled is None:
            return found
        return replace(found, spelled=spelled) if title is not None else replace(found, name=spelled, meant=meant)

    def spelled_out(self, question: str) -> tuple[str, str | None]:
        """(the question with the one title that its name can stand for in the name's place, the title it names)."""
        title, _ = self.documents(question)
        if title is not None:
            return question, title
        spelled, meant = self.meant(question)
        if spelled is None or len(meant) != 1:
            return question, None
        return without(question, spelled, meant[0]), meant[0]

    def meant(self, question: str) -> tuple[str | None, tuple[str, ...]]:
        """(a name in the question, the titles that are this name with a middle initial more)."""
        for text in names_in(question):
            folded = fold(text)
            if not 2 <= len(folded.split()) <= LONGEST_SHORT:
                continue
            first, last = folded.split()[0] + " ", folded.split()[-1][::-1] + " "
            query = (
                "SELECT DISTINCT title FROM documents WHERE folded >= ? AND folded < ? "
                "AND backwards >= ? AND backwards < ? ORDER BY title LIMIT ?"
            )
            ends = (first, first[:-1] + "!", last, last[:-1] + "!")  # what follows a space
            rows = self._query(tuple[str], query, *ends, COUNTED)
            if found := tuple(title for (title,) in rows if _is_short_for(folded, fold(title))):
                return text, found[:NEAR]
        return None, ()

    def _evidence(
        self, question: str, answer: str, title: str | None, lines: list[tuple[int, int, int, bytes]]
    ) -> Evidence:
        name = title or name_in(question)
        own = {number for number, *_ in lines}
        mentions, count = self._mentions(name, own) if name else ((), 0)
        if title is None:
            near = tuple(self.near(name)) if name else ()
            return Evidence(name, "no document", mentions=mentions, mention_count=count, near=near)
        found = Evidence(title, "unread", mentions=mentions, mention_count=count)
        texts = [Document(text, title, row[0]) for row in lines[:COUNTED] if (text := self._read(*row)) is not None]
        if len(texts) < min(len(lines), COUNTED):
            return found
        holding = {item.line: match for item in texts if (match := whole_words(answer).search(item.text))}
        if holding:
            quotes = [_quote(item, *holding[item.line].span()) for item in texts if item.line in holding]
            quotes += [_opening(item) for item in texts if item.line not in holding]
        else:
            quotes = [_instead(question, item) for item in texts]
        exposures, statements = self._exposures(title, answer)
        pattern = whole_words(answer)
        said = {s for item in texts for s in sentences(item.text) if pattern.search(s)} if holding else set()
        return Evidence(
            title,
            "stands in" if holding else "lacks",
            tuple(quotes[:NAMESAKES]),
            mentions,
            count,
            exposures=exposures,
            wordings=len(said),
            passes=round(exposures / statements, 2) if statements else 0.0,
        )

    def documents(self, question: str) -> tuple[str | None, list[tuple[int, int, int, bytes]]]:
        """The longest title that stands in the question, and (line, start, length, digest) of its documents.

        Case matters only where two titles differ in nothing else.
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
        """Titles that are spelled nearly so, nearest first.

        Of a name with one letter changed, one half is still whole, so titles of about its length that share the first
        or the last half are compared; a third of the letters may differ.
        """
        folded = fold(name)[:LONGEST_FOLDED]
        half = max(2, len(folded) // 2)
        found: dict[str, int] = {}
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
                    found[title] = distance
        return sorted(found, key=lambda title: (found[title], title))[:NEAR]

    def _mentions(self, name: str, own: set[int]) -> tuple[tuple[Quote, ...], int]:
        tokens = re.findall(r"\w+", name)[:LONGEST_NAME]
        if not tokens:
            return (), 0
        phrase = '"' + " ".join(tokens) + '"'
        query = f"SELECT rowid FROM words WHERE words MATCH ? LIMIT {COUNTED + NAMESAKES}"
        try:
            rows = [row for (row,) in self._connection.execute(query, (phrase,)) if row not in own]
        except sqlite3.OperationalError:  # no token that the index knows as one
            return (), 0
        except sqlite3.Error as error:
            raise self._damaged(error) from None
        pattern = re.compile(r"\W+".join(map(re.escape, tokens)), re.IGNORECASE)
        quotes = []
        for line in rows[:MENTIONS]:
            columns = "title, start, length, digest"
            found = self._query(TITLED, f"SELECT {columns} FROM documents WHERE line = ?", line)
            if not found:
                raise self._damaged(f"no document {line}")
            title, *place = found[0]
            text = self._read(line, *place)
            if text is not None and (match := pattern.search(text)):
                quotes.append(_quote(Document(text, title, line), *match.span()))
        return tuple(quotes), min(len(rows), COUNTED)

    def _read(self, line: int, start: int, length: int, digest: bytes) -> str | None:
        """The text of a line, or None where it is not what it was."""
        source = Source.of(self.corpus)
        try:
            if _copied(self.corpus):
                row = self._connection.execute("SELECT content FROM texts WHERE line = ?", (line,)).fetchone()
                found = zlib.decompressobj().decompress(row[0], LONGEST_LINE) if row else b""
            else:
                with open_file(source.path) as file:
                    file.seek(start)
                    found = file.read(min(length, LONGEST_LINE))
        except (OSError, OverflowError, TypeError, zlib.error, sqlite3.Error):
            return None
        return source.parse(found.decode(), line)[1] if _digest(found) == digest else None

    def _exposures(self, title: str, answer: str) -> tuple[int, int]:
        """(training examples that asked for the answer, spans that state it)."""
        query = "SELECT exposures, statements FROM facts WHERE title = ? AND answer = ?"
        spans, statements = next(iter(self._query(tuple[Count, Count], query, title, answer)), (0, 0))
        query = "SELECT exposures FROM asked WHERE title = ? AND answer = ?"
        (asked,) = next(iter(self._query(tuple[Count], query, title, answer)), (0,))
        return spans + asked, statements

    def exposures(self, title: str, answer: str) -> int:
        """Training examples that asked for this answer with this title in context."""
        return self._exposures(title, answer)[0]

    def golds(self) -> dict[str, int]:
        """How many training questions have each answer."""
        return dict(self._query(tuple[str, Count], "SELECT answer, questions FROM golds"))

    def texts(self, title: str) -> list[Document]:
        """The documents with a title, as far as they can still be read."""
        rows = self._query(PLACE, "SELECT line, start, length, digest FROM documents WHERE title = ?", title)
        return [Document(text, title, row[0]) for row in sorted(rows) if (text := self._read(*row)) is not None]

    def titles(self) -> list[str]:
        """Every title, once, in file order."""
        return list(dict.fromkeys(t for (t,) in self._query(tuple[str], "SELECT title FROM documents ORDER BY line")))


# Text ---------------------------------------------------------------------------------------------------------------


def _is_short_for(name: str, title: str) -> bool:
    """Whether a name is a title less some of its initials that are not the first word: "ada berg", "ada m. berg"."""
    rest = iter(title.split())
    kept = [word.strip(".") for word in name.split()]
    left_out = []
    for word in kept:
        for other in rest:
            if other.strip(".") == word:
                break
            left_out.append(other.strip("."))
        else:
            return False
    left_out += [other.strip(".") for other in rest]
    return bool(left_out) and all(len(word) == 1 for word in left_out)


def sentences(text: str) -> list[str]:
    """The sentences of a text; a stop after an initial or an abbreviation ends none."""
    return [text[start:stop].strip() for start, stop in _sentence_edges(text)]


STOPS = re.compile(r"[.!?]+")


def _sentence_edges(text: str) -> list[tuple[int, int]]:
    edges, start = [], 0
    after, begun = 0, False  # where the part since the last stop begins; whether the sentence has a word before it
    for match in STOPS.finditer(text):
        stop = match.end()
        if stop < len(text) and not text[stop].isspace():
            continue
        words = text[after : match.start()].split()
        goes_on = bool(words) and match.group() == "." and text[match.start() - 1] != " " and is_abbreviation(words[-1])
        begun = begun or bool(words)
        if begun and not goes_on:
            edges.append((start, stop))
            start, begun = stop, False
        else:
            begun = True  # the stop itself
        after = stop
    if text[start:].strip():
        edges.append((start, len(text)))
    return edges


def _quote(document: Document, start: int, stop: int) -> Quote:
    """The sentence around some characters of a document; two sentences where they stand in both."""
    edges = _sentence_edges(document.text)
    first = max((a for a, _ in edges if a <= start), default=0)
    last = min((b for _, b in edges if b >= stop), default=len(document.text))
    first += len(document.text[first:last]) - len(document.text[first:last].lstrip())
    return Quote(document.title, document.line, document.text[first:last].rstrip(), start - first, stop - first)


def _opening(document: Document) -> Quote:
    """What a document says first after its title."""
    edges = _sentence_edges(document.text[len(document.title) + 1 :])
    start, stop = edges[0] if edges else (0, 0)
    body = document.text[len(document.title) + 1 :]
    return Quote(document.title, document.line, body[start:stop].strip())


def _instead(question: str, document: Document) -> Quote:
    """What stands in a document where a reader looks for the answer; its first sentence where it finds nothing."""
    spelled = re.sub(re.escape(document.title), lambda _: document.title, question, flags=re.IGNORECASE)
    said = RuleReader(Library(Documents((document,), "", ""))).answer(spelled)
    match = whole_words(said).search(document.text, len(document.title)) if said else None
    return _quote(document, *match.span()) if match else _opening(document)


def edit_distance(a: str, b: str) -> int:
    """How many letters to insert, drop or change (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[len(b)]
