"""Opens the token index of a large corpus: Arrow files that are built once and mapped into memory.

The folder is named by a hash of everything the arrays depend on, so another corpus, vocabulary or question file gets
another index. index.json is written last: an index that has it is complete. For the contents of the files see
`closedbook.data.token_index_builder`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from closedbook.data import token_index_builder as builder
from closedbook.data.arrays import Ragged, offsets
from closedbook.data.arrow_columns import MappedStream, pyarrow
from closedbook.data.documents import Document, Documents
from closedbook.data.encoding import SpanTable
from closedbook.data.files import Source, chunks, opened, read_file
from closedbook.data.questions import Questions
from closedbook.data.vocabulary_builder import vocabulary_from_json
from closedbook.errors import RunError
from closedbook.runs.store import HASHED_WHOLE, digest, fingerprint, write_atomically
from closedbook.validation import Count, convert, parse_json

FORMAT = 6
LARGE = 32 << 20
"""A corpus with at least so many bytes of text is indexed on disk."""
SOME_TITLES = 10_000


class IndexRecord(TypedDict):
    """index.json."""

    settings: dict[str, Any]
    source: str
    sha256: str
    text_bytes: Count
    documents: Count
    different_titles: Count
    batches: list[tuple[Count, Count]]  # (end in bytes, CRC-32) of each record batch of tokens.arrows
    titles: list[tuple[Count, Count]]  # the same of parts of titles.arrows
    vocabulary: dict[str, Any]


class TokenIndex:
    """The memory-mapped arrays of a corpus, for `Corpus.indexed`; `source` is what the corpus is called now.

    Raises RunError if its files are not what was written.
    """

    def __init__(self, folder: Path, source: str = "") -> None:
        self.folder = folder
        builder.check_kinds(folder)
        try:
            self.about = parse_json(read_file(folder / "index.json"))
            if self.about.pop("seal") != digest(self.about):
                raise ValueError("index.json is not what was written")
            if _key(self.about["settings"], self.about["sha256"]) != folder.name:
                raise ValueError("index.json is another index's")
            convert(IndexRecord, self.about, "index.json", RunError)
            self.vocabulary = vocabulary_from_json(self.about["vocabulary"])
            documents, titles = builder.schemas(self.vocabulary)
            self._tokens = MappedStream(folder / "tokens.arrows", documents, self.about["batches"])
            self._titles = MappedStream(folder / "titles.arrows", titles, self.about["titles"], single_batch=True)
            self.columns = self._tokens.columns()
            self.hashes, self.by_hash = (column.to_numpy() for column in self._titles.batches[0].columns)
            if {len(self.hashes), len(self["body"])} != {self.about["documents"]}:
                raise ValueError("titles.arrows is of other documents")
        except Exception as error:  # a damaged index can fail in any way
            raise RunError(f"{folder} is damaged ({error}); remove the folder, and it is built anew") from None
        self.tokens = Ragged(self["tokens.token"], self["tokens.starts"])
        self.titles = Ragged(self["title"], self["title.starts"])
        self.bodies, self.marks = self["body"], self["tokens.mark"]
        document, first, last = (self[f"spans.{name}"] for name in ("document", "first", "last"))
        number, answer, nested = (self[f"spans.{name}"].as_bool() for name in ("number", "answer", "nested"))
        outputs = Ragged(self["spans.said"], self["spans.said.starts"])
        self.spans = SpanTable(document, first, last, number, answer, nested, outputs, self["spans.starts"])
        self.documents = IndexedDocuments(
            _Items(self), self.about["sha256"], source or self.about["source"], None, self
        )

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    @property
    def checked(self) -> str:
        """How much of it was compared with its checksums."""
        return f"{len(self._tokens.checked)} of its {self._tokens.parts} parts"

    def release(self) -> None:
        """Release the mapped pages; the system may keep them in its cache."""
        self._tokens.release()
        self._titles.release()

    def names(self) -> Iterator[str]:
        """Every document's title, part by part."""
        for batch in self._tokens.batches:
            yield from batch["name"].to_pylist()

    def name(self, document: int) -> str:
        """A document's title."""
        first = self["body"].first
        batch = int(first.searchsorted(document, "right")) - 1
        return str(self._tokens.batches[batch]["name"][document - int(first[batch])].as_py())


# Finding --------------------------------------------------------------------------------------------------------


def is_large(path: str | Path) -> bool:
    """Whether a corpus has so much text that it is indexed on disk. Raises DataError if it cannot be read."""
    source = Source.of(path)
    if not source.compression:
        try:
            return source.path.is_file() and source.path.stat().st_size >= LARGE
        except OSError:  # reading the file will report it
            return False
    with opened(source, "documents") as (stream, _):
        size = 0
        while size < LARGE and (block := stream.read(1 << 20)):
            size += len(block)
    return size >= LARGE


def open_index(
    path: str | Path, kind: str, size: int = 0, questions: Questions | None = None,
    trained: builder.Choose | None = None, *, root: Path | None = None, about: Mapping[str, Any] | None = None,
    processes: int | None = None, progress: builder.Progress = lambda _: None, phrases: int = 0,
) -> TokenIndex:  # fmt: skip
    """The index of a corpus for a vocabulary of this kind and size and these questions; built if it does not exist.

    `trained` picks the questions to train on, given the titles; by default all. Whatever it depends on must be in
    `about`, like everything else that the arrays depend on. `root` is the folder for indexes: by default beside the
    corpus, or in the user's cache if that cannot be written. `tell` is called with the progress of a build, and with
    the name of an existing index that is opened.

    Raises DataError if the corpus cannot be used or pyarrow is not installed, and RunError if the index is damaged or
    cannot be written.
    """
    pyarrow()
    source = Source.of(path)
    root = root or default_root(source.path)
    pairs = [(item.text, item.answer) for item in questions.items] if questions is not None else []
    settings = {
        "format": FORMAT, "fields": source.fields, "kind": kind, "size": size, "phrases": phrases,
        "chunk": builder.CHUNK, "sample": builder.SAMPLE, "most": builder.MOST_WORDS,
        "questions": hashlib.sha256(json.dumps(pairs).encode()).hexdigest(), **(about or {}),
    }  # fmt: skip
    settings = json.loads(json.dumps(settings))
    with opened(source, "documents") as (_, hexdigest):
        status, content = source.path.stat(), fingerprint(source.path)  # of all of it, or a sample of a large one
        stamp = json.dumps([str(source.path.absolute()), status.st_size, status.st_mtime_ns, content])
        stamps, hashed_whole = _stamps(root), status.st_size <= HASHED_WHOLE
        if not hashed_whole and stamp not in stamps:
            progress(f"reading {source.path} to see whether it was indexed before")
        sha256 = content if hashed_whole else stamps.get(stamp) or hexdigest()
    folder = root / _key(settings, sha256)
    if os.path.lexists(folder / "index.json"):
        index = TokenIndex(folder, str(path))
        checked = "all" if hashed_whole or stamp not in stamps else "64 MB"
        progress(
            f"opening the index in {folder}, which was there{'' if stamp in stamps else ' and is new to this place'}: "
            f"{checked} of {source.path} is what it was made of, {index.checked} are what was written"
        )
    else:
        with builder.building(folder):
            if not os.path.lexists(folder / "index.json"):
                builder.build(folder, source, settings, sha256, questions, trained, processes, progress)
        index = TokenIndex(folder, str(path))
    if stamp not in stamps:
        with contextlib.suppress(RunError):  # where it cannot be written, the corpus is hashed whole the next time
            write_atomically(root / "corpora.json", json.dumps({**stamps, stamp: sha256}, indent=1).encode())
    return index


def default_root(corpus: Path) -> Path:
    """The folder for indexes: beside the corpus, or in the user's cache if that folder cannot be written."""
    beside = corpus.with_name(f"{corpus.name}.index")
    if beside.is_dir() or os.access(corpus.absolute().parent, os.W_OK):
        return beside
    cache = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(cache) / "closedbook" / "indexes"


def _key(settings: dict[str, Any], sha256: str) -> str:
    return hashlib.sha256(json.dumps([settings, sha256], sort_keys=True).encode()).hexdigest()[:16]


def _stamps(root: Path) -> dict[str, str]:
    """The hashes of the corpora that were indexed, by their path, size, time and fingerprint."""
    try:
        stamps = parse_json(read_file(root / "corpora.json"))
        return {key: value for key, value in stamps.items() if isinstance(value, str)}
    except (OSError, ValueError, AttributeError):
        return {}


# The documents --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class IndexedDocuments(Documents):
    """Documents that stay on disk."""

    index: Any = None  # a TokenIndex

    @cached_property
    def titles(self) -> Sequence[str]:  # type: ignore[override]
        return _Titles(self.index)

    @cached_property
    def known_titles(self) -> Collection[str]:
        return _KnownTitles(self.index)

    def some_titles(self) -> list[str]:
        """Up to SOME_TITLES titles, evenly spread."""
        places = np.unique(np.linspace(0, len(self) - 1, SOME_TITLES).astype(np.int64))
        return sorted({self.index.name(int(i)) for i in places})

    def namesakes(self, documents: np.ndarray) -> np.ndarray:
        """All documents whose titles are those of these documents."""
        hashes = np.unique(self.index["name_hash"][documents])
        first, last = (self.index.hashes.searchsorted(hashes, side) for side in ("left", "right"))
        rows = np.repeat(first - offsets(last - first)[:-1], last - first) + np.arange((last - first).sum())
        return np.sort(self.index.by_hash[rows])

    def stream(self) -> Iterator[tuple[Document, int, bytes]]:
        """As of other documents; warns in the end where they are no longer those that were indexed."""
        source = Source.of(self.source)
        with opened(source, "documents") as (stream, hexdigest):
            for chunk in chunks(stream, builder.CHUNK):
                start, lines = chunk.start, chunk.content.removesuffix(b"\n").split(b"\n")
                for item, line in zip(builder.documents_of(source, chunk), lines, strict=True):
                    yield item, start, line
                    start += len(line) + 1
            if hexdigest() != self.sha256:
                warnings.warn(
                    f"{source.path} was changed after it was indexed: the index holds what it was (SHA-256 "
                    f"{self.sha256[:12]}…), what is looked up in it is another text; to index it anew, touch it",
                    stacklevel=2,
                )


class _Titles(Sequence[Any]):
    def __init__(self, index: TokenIndex) -> None:
        self._index = index

    def __iter__(self) -> Iterator[Any]:
        return self._index.names()

    def __len__(self) -> int:
        return len(self._index.bodies)

    def __getitem__(self, i: Any) -> Any:
        if not 0 <= i < len(self):
            raise IndexError(i)
        return self._index.name(int(i))


class _Items(_Titles):
    """The documents, read from the corpus one after another."""

    def __iter__(self) -> Iterator[Document]:
        return (item for item, _, _ in self._index.documents.stream())

    def __getitem__(self, i: Any) -> Any:
        return next(islice(self, i, None))


class _KnownTitles(Collection[str]):
    def __init__(self, index: TokenIndex) -> None:
        self._index = index

    def __contains__(self, title: object) -> bool:
        name_hash = builder.hashes_of([str(title)])[0]
        at = self._index.hashes.searchsorted(name_hash)
        return bool(at < len(self._index.hashes) and self._index.hashes[at] == name_hash)

    def __len__(self) -> int:
        return int(self._index.about["different_titles"])

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(_Titles(self._index)))
