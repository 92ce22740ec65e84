"""The index of a large corpus: its arrays in files that are mapped into memory, built once, in parallel.

A corpus is read twice. A survey hashes it and keeps a bounded sample of its lines, of which the vocabulary is made.
Then it is read in chunks of whole lines, each encoded in a worker process, and what comes back is appended in the
order of the file. A journal says how far every file is after each chunk, and what checksum the chunk's part of it has,
so a build that was killed goes on behind the last whole one, and an index that is opened is held to what was written.
The folder's name is a hash of everything the arrays depend on: another corpus, vocabulary or question
file is another index.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import mmap
import multiprocessing
import os
import sys
import threading
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from closedbook.data.arrays import Ragged, offsets
from closedbook.data.corpus import SpanTable, salience_of
from closedbook.data.documents import Document, Documents, parse
from closedbook.data.encoding import Salience, encode, mark
from closedbook.data.files import Chunk, Source, chunks, opened, split_lines
from closedbook.data.questions import Questions, names_in
from closedbook.data.scan import Lexicon, Scan, pieces
from closedbook.data.spans import as_words
from closedbook.data.vocabulary import MASK_CHARACTER, PAD_CHARACTER, Characters, Vocabulary
from closedbook.data.vocabulary_builder import make_vocabulary, vocabulary_from_json
from closedbook.data.word_vocabulary import Words
from closedbook.errors import DataError, RunError
from closedbook.runs.folder import digest, file_lock, write_atomically

FORMAT = 3
LARGE = 32 << 20
"""Bytes of text from which a corpus is indexed on disk."""
CHUNK = 2 << 20
"""Bytes that one task encodes."""
SAMPLE = 16
"""Chunks that the vocabulary is made of."""
MOST_WORDS = 1 << 17
"""Words, and phrases, of a vocabulary whose size is not given."""
LEXICON = 1 << 20
"""Different words that a worker remembers before it begins anew."""
SOME_TITLES = 10_000
HELD_WHOLE = 1 << 28
"""Bytes of an index that are all held to their checksums when it is opened; of a larger one, PARTS of each file."""
PARTS = 16
BLOCK = 4 << 20
"""Bytes of a part, of files that are not written chunk by chunk."""

Tell = Callable[[str], None]

# What is in the files. A "starts" array has one entry more than it has sequences.
TYPES: dict[str, Any] = {
    "tokens": None,  # the narrowest type that holds the vocabulary
    "token_starts": np.int64,
    "title_tokens": None,
    "title_starts": np.int64,
    "bodies": np.int32,
    "marks": np.uint8,
    "span_starts": np.int64,
    "span_document": np.int32,
    "span_first": np.int32,
    "span_last": np.int32,
    "span_number": np.bool_,
    "span_answer": np.bool_,
    "span_nested": np.bool_,
    "said": np.int32,
    "said_starts": np.int64,
    "line_starts": np.int64,
    "names": np.uint8,
    "name_starts": np.int64,
    "name_keys": np.uint64,
}


# The survey -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Survey:
    """What one reading of a corpus gives."""

    sha256: str  # of the file as it is
    bytes: int  # uncompressed
    sample: tuple[Chunk, ...]  # in the order of the file
    characters: frozenset[str]  # all of it, where the vocabulary is of characters
    titles: frozenset[str]  # those that were asked for


def is_large(path: str | Path) -> bool:
    """Whether a corpus has so much text that it is indexed on disk. Raises DataError where it cannot be read."""
    source = Source.of(path)
    if not source.compression:
        try:
            return source.path.is_file() and source.path.stat().st_size >= LARGE
        except OSError:  # whoever reads it says why
            return False
    with opened(source, "documents") as (stream, _):
        size = 0
        while size < LARGE and (block := stream.read(1 << 20)):
            size += len(block)
    return size >= LARGE


def survey(source: Source, characters: bool = False, names: Collection[str] = ()) -> Survey:
    """Hash a corpus, see which of some names are titles, and draw a sample of its chunks, each as likely as any other
    (Vitter's algorithm R).
    """
    titles: set[str] = set()
    rng = np.random.default_rng(0)
    sample: list[Chunk] = []
    size = 0
    seen = np.zeros(sys.maxunicode + 1 if characters else 0, bool)
    with opened(source, "documents") as (stream, sha256):
        for number, chunk in enumerate(chunks(stream, CHUNK)):
            size += len(chunk.content)
            if characters or names:
                lines = split_lines(chunk.content, source.path, "documents", chunk.line)
                items = parse(source, lines, chunk.line)
                titles.update(item.title for item in items if item.title in names)
                if characters:
                    text = "\n".join(item.text for item in items)
                    seen[np.frombuffer(text.encode("utf-32-le"), np.uint32)] = True
                    if seen[[ord(PAD_CHARACTER), ord(MASK_CHARACTER)]].any():
                        Characters.train([*[""] * (chunk.line - 1), text])  # says what is wrong, and where
            place = number if number < SAMPLE else int(rng.integers(number + 1))
            if place < SAMPLE:
                sample[place : place + 1] = [chunk]
        digest = sha256()
    sample.sort(key=lambda chunk: chunk.line)
    return Survey(digest, size, tuple(sample), frozenset(map(chr, np.flatnonzero(seen).tolist())), frozenset(titles))


# Building -------------------------------------------------------------------------------------------------------


class TokenIndex:
    """An index that is whole: the arrays of its corpus, mapped into memory. It is what `Corpus.indexed` takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.about = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            if self.about.pop("seal") != digest(self.about):
                raise ValueError("index.json is not what was written")
            self.vocabulary = vocabulary_from_json(self.about["vocabulary"])
            self._types = {name: np.dtype(kind) for name, kind in self.about["types"].items()}
            for name, size in self.about["bytes"].items():
                if (folder / f"{name}.bin").stat().st_size != size:
                    raise ValueError(f"{name}.bin is not as long as it was")
            whole = sum(self.about["bytes"].values()) <= HELD_WHOLE
            for name, parts in self.about["parts"].items():
                chosen = range(len(parts)) if whole else {len(parts) * i // PARTS for i in range(PARTS)}
                if not _holds(folder / f"{name}.bin", parts, chosen):
                    raise ValueError(f"{name}.bin is not what was written")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, RunError) as error:
            raise RunError(f"{folder} is damaged ({error}); remove the folder, and it is built anew") from None

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            path = self.folder / f"{name}.bin"
            empty = path.stat().st_size == 0
            kind = self._types[name]
            self._arrays[name] = np.zeros(0, kind) if empty else np.memmap(path, kind, "r")
        return self._arrays[name]

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        return {}

    @cached_property
    def tokens(self) -> Ragged:
        return Ragged(self["tokens"], self["token_starts"])

    @cached_property
    def titles(self) -> Ragged:
        return Ragged(self["title_tokens"], self["title_starts"])

    @property
    def bodies(self) -> np.ndarray:
        return self["bodies"]

    @property
    def marks(self) -> np.ndarray:
        return self["marks"]

    @cached_property
    def spans(self) -> SpanTable:
        document, first, last, number, answer, nested = (
            self[f"span_{name}"] for name in ("document", "first", "last", "number", "answer", "nested")
        )
        said = Ragged(self["said"], self["said_starts"])
        return SpanTable(document, first, last, number, answer, nested, said, self["span_starts"])

    def release(self) -> None:
        """Let go of the mapped pages; they stay in the system's cache while it has room for them."""
        for array in self._arrays.values():
            mapped = getattr(array, "_mmap", None)
            if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)

    def name(self, document: int) -> str:
        """A document's title."""
        a, b = self["name_starts"][document : document + 2]
        return bytes(self["names"][a:b]).decode()

    @cached_property
    def documents(self) -> IndexedDocuments:
        """The documents of the corpus, none of them in memory."""
        return IndexedDocuments(_Items(self), self.about["sha256"], self.about["source"], None, self)


def open_index(
    path: str | Path,
    kind: str,
    size: int = 0,
    questions: Questions | None = None,
    trained: Callable[[Collection[str]], Questions | None] | None = None,
    *,
    root: Path | None = None,
    about: Mapping[str, Any] | None = None,
    processes: int | None = None,
    tell: Tell = lambda _: None,
    phrases: int = 0,
) -> TokenIndex:
    """The index of a corpus for a vocabulary of this kind and size and these questions; built if need be.

    `trained` picks the questions to train on, by the titles there are; all of them if left out. What it goes by must
    stand in `about`, as all that the arrays depend on. `root` is the folder that indexes are kept in: beside the
    corpus if left out, or in the user's cache where that cannot be written. Raises DataError for a corpus that cannot
    be used, RunError where the index cannot be written.
    """
    source = Source.of(path)
    root = root or default_root(source.path)
    made_of = {
        "format": FORMAT, "fields": source.fields, "kind": kind, "size": size, "questions": _digest(questions),
        "chunk": CHUNK, "sample": SAMPLE, "most": MOST_WORDS, **(about or {}),
    }  # fmt: skip
    if (known := _known(root, source)) is not None:
        folder = root / _key(made_of, known)
        if (folder / "index.json").is_file():
            return _current(TokenIndex(folder), path)
    else:
        tell(f"reading {source.path} to see what is in it")
    names = {name for item in questions.items for name in names_in(item.text)} if questions is not None else ()
    found = survey(source, kind == Characters.kind, names)
    if not found.bytes:
        raise DataError(f"{source.path}: is empty; it should hold documents, one a line")
    folder = root / _key(made_of, found.sha256)
    with _held(folder):
        if not (folder / "index.json").is_file():
            if trained is not None:
                questions = trained(found.titles)
            _build(folder, source, str(path), found, (kind, size, questions, phrases), processes, tell)
        _remember(root, source, found.sha256)
    return _current(TokenIndex(folder), path)


def _current(index: TokenIndex, path: str | Path) -> TokenIndex:
    """The index under the path by which its corpus goes now."""
    index.about["source"] = str(path)
    return index


def default_root(corpus: Path) -> Path:
    """Beside the corpus; in the user's cache where that folder cannot be written."""
    beside = corpus.with_name(f"{corpus.name}.index")
    if beside.is_dir() or os.access(corpus.absolute().parent, os.W_OK):
        return beside
    cache = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(cache) / "closedbook" / "indexes"


def _digest(questions: Questions | None) -> str:
    pairs = [(item.text, item.answer) for item in questions.items] if questions is not None else []
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()


def _key(made_of: dict[str, Any], sha256: str) -> str:
    return hashlib.sha256(json.dumps([made_of, sha256], sort_keys=True).encode()).hexdigest()[:16]


def _stamp(source: Source) -> list[Any]:
    found = source.path.stat()
    return [str(source.path.absolute()), found.st_size, found.st_mtime_ns]


def _known(root: Path, source: Source) -> str | None:
    """The hash of a corpus that was surveyed and has, by its size and time, not been changed since."""
    try:
        stamps = json.loads((root / "corpora.json").read_text(encoding="utf-8"))
        return str(stamps[json.dumps(_stamp(source))])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(root: Path, source: Source, sha256: str) -> None:
    try:
        stamps = dict(json.loads((root / "corpora.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        stamps = {}
    stamps[json.dumps(_stamp(source))] = sha256
    write_atomically(root / "corpora.json", json.dumps(stamps, indent=1).encode())


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The folder of an index, made and held while it is built."""
    with contextlib.ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            ours = held.enter_context(file_lock(folder / ".lock"))
        except OSError as error:
            raise RunError(f"{folder} cannot be written ({error.strerror}); say where with --index FOLDER") from None
        if not ours:
            raise RunError(f"{folder}: another process is building this index; wait for it")
        yield


def _build(
    folder: Path,
    source: Source,
    given: str,
    found: Survey,
    wanted: tuple[str, int, Questions | None, int],
    processes: int | None,
    tell: Tell,
) -> None:
    """Write every file of an index, going on behind what an earlier build left."""
    kind, size, questions, phrases = wanted
    tell(f"making the vocabulary of {source.path} from {sum(len(c.content) for c in found.sample) / 1e6:.0f} MB of it")
    documents = [
        item
        for chunk in found.sample
        for item in parse(source, split_lines(chunk.content, source.path, "documents", chunk.line), chunk.line)
    ]
    sample, titles = [item.text for item in documents], [item.title for item in documents]
    texts, answers = (questions.texts, questions.answers) if questions is not None else ([], [])
    if kind == Characters.kind:
        vocabulary: Vocabulary = Characters.train(["".join(sorted(found.characters))])
    else:
        size = size or MOST_WORDS * (kind == Words.kind)
        vocabulary = make_vocabulary(kind, sample, size, texts, answers, titles, phrases)
    lexicon = Lexicon()
    for some in pieces(sample):
        Scan.of(some, lexicon)
    salience = salience_of(lexicon.lower_case(), questions)
    largest = max(vocabulary.size, 1)
    narrow = np.uint8 if largest <= 1 << 8 else np.uint16 if largest <= 1 << 16 else np.int32
    types = {name: np.dtype(kind or narrow) for name, kind in TYPES.items()}

    journal = _journal(folder / "journal.jsonl")
    done = len(journal)
    ends = journal[-1]["ends"] if journal else {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = max(1, min(processes or cores, 16))
    tell(f"indexing {found.bytes / 1e6:,.0f} MB in {workers} processes into {folder}" + (
        f", going on behind {sum(entry['bytes'] for entry in journal) / 1e6:,.0f} MB" if done else ""))  # fmt: skip
    # Workers read what they need from a file: a process that ends before it has taken its arguments would block us.
    terms = {"vocabulary": vocabulary.to_json(), "lower": sorted(salience.lower), "golds": sorted(salience.golds)}
    state = (folder / "terms.json", source)
    try:
        with contextlib.ExitStack() as stack:  # within: closing a file writes what is left of it
            state[0].write_text(json.dumps(terms), encoding="utf-8")
            files = {name: stack.enter_context(_Appended(folder / f"{name}.bin", ends.get(name, 0))) for name in types}
            log = stack.enter_context(open(folder / "journal.jsonl", "r+b" if done else "wb"))
            log.truncate(sum(entry["length"] for entry in journal))
            log.seek(0, os.SEEK_END)
            totals = _Totals(types, files)
            passed = sum(entry["bytes"] for entry in journal)
            told = passed // (1 + found.bytes // 10)
            for chunk, arrays in _encoded(source, state, workers, done):
                checks = totals.append(arrays)
                for file in files.values():
                    file.flush()
                ends = {name: file.tell() for name, file in files.items()}
                entry = {"bytes": len(chunk.content), "ends": ends, "checks": checks}
                line = (json.dumps({**entry, "seal": digest(entry)}) + "\n").encode()
                journal.append({**entry, "length": len(line)})
                log.write(line)
                log.flush()
                passed += len(chunk.content)
                if passed // (1 + found.bytes // 10) > told:
                    told = passed // (1 + found.bytes // 10)
                    tell(f"indexed {passed / 1e6:,.0f} of {found.bytes / 1e6:,.0f} MB")
            if passed != found.bytes:
                raise DataError(f"{source.path} was altered while it was indexed; do it again")
            keys = np.fromfile(folder / "name_keys.bin", np.uint64)
            order = np.argsort(keys, kind="stable")
            order.astype(np.int64).tofile(folder / "name_order.bin")
            keys[order].tofile(folder / "name_sorted.bin")
            parts = {name: [(entry["ends"][name], entry["checks"][name]) for entry in journal] for name in files}
            parts |= {name: _parts(folder / f"{name}.bin") for name in ("name_order", "name_sorted")}
            different = int((np.diff(keys[order]) != 0).sum()) + 1
    except OSError as error:
        reason = error.strerror or error
        raise RunError(f"{folder} cannot be written ({reason}); do it again once there is room") from None
    types |= {"name_order": np.dtype(np.int64), "name_sorted": np.dtype(np.uint64)}
    about = {
        "format": FORMAT, "source": given, "sha256": found.sha256, "text_bytes": found.bytes, "documents": len(keys),
        "titles": different, "types": {name: kind.str for name, kind in types.items()},
        "bytes": {name: (folder / f"{name}.bin").stat().st_size for name in types}, "parts": parts,
        "vocabulary": vocabulary.to_json(),
    }  # fmt: skip
    about = json.loads(json.dumps(about))
    write_atomically(folder / "index.json", json.dumps({**about, "seal": digest(about)}).encode())


class _Appended:
    """A file that is written from a given place on, for `with`."""

    def __init__(self, path: Path, end: int) -> None:
        self.path, self.end = path, end

    def __enter__(self) -> Any:
        self.file = open(self.path, "r+b" if self.path.exists() else "w+b")
        self.file.truncate(self.end)
        self.file.seek(self.end)
        return self.file

    def __exit__(self, *_: object) -> None:
        with self.file:
            self.file.flush()
            os.fsync(self.file.fileno())


def _holds(path: Path, parts: Sequence[Sequence[int]], chosen: Iterable[int]) -> bool:
    """Whether these parts of a file, each (where it ends, its CRC-32), are what was written."""
    with open(path, "rb") as file:
        for number in chosen:
            end, check = parts[number]
            start = parts[number - 1][0] if number else 0
            file.seek(start)
            if zlib.crc32(file.read(end - start)) != check:
                return False
    return True


def _parts(path: Path) -> list[tuple[int, int]]:
    """The parts of a file, as `_holds` takes them; it is on the disk afterwards."""
    parts = []
    with open(path, "r+b") as file:
        while block := file.read(BLOCK):
            parts.append((file.tell(), zlib.crc32(block)))
        os.fsync(file.fileno())
    return parts


STARTS = {
    "token_starts": "tokens",
    "title_starts": "title_tokens",
    "span_starts": "span_first",
    "said_starts": "said",
    "name_starts": "names",
}


class _Totals:
    """Appends arrays that count within their chunk to files that count from the corpus's beginning."""

    def __init__(self, types: dict[str, np.dtype[Any]], files: dict[str, Any]) -> None:
        self.types, self.files = types, files

    def append(self, arrays: dict[str, np.ndarray]) -> dict[str, int]:
        """Returns the CRC-32 of what was written to each file."""
        checks = {}
        before = {name: file.tell() // self.types[name].itemsize for name, file in self.files.items()}
        for name, file in self.files.items():
            values = arrays[name]
            if name in STARTS:  # given as lengths
                values = before[STARTS[name]] + np.cumsum(values)
                values = values if before[name] else np.concatenate([[0], values])
            elif name == "span_document":
                values = values + before["bodies"]
            content = values.astype(self.types[name]).tobytes()
            file.write(content)
            checks[name] = zlib.crc32(content)
        return checks


def _journal(path: Path) -> list[dict[str, Any]]:
    """What earlier builds finished and is still there as it was written."""
    entries: list[dict[str, Any]] = []
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        for line in path.read_bytes().splitlines(keepends=True):
            entry = json.loads(line)
            if entry.pop("seal") != digest(entry) or not line.endswith(b"\n"):
                break
            parts = {
                name: [(entries[-1]["ends"][name] if entries else 0, 0), (end, entry["checks"][name])]
                for name, end in entry["ends"].items()
            }
            if not all(_holds(path.parent / f"{name}.bin", part, [1]) for name, part in parts.items()):
                break
            entries.append({**entry, "length": len(line)})
    return entries


def _encoded(
    source: Source, state: tuple[Any, ...], workers: int, done: int
) -> Iterator[tuple[Chunk, dict[str, np.ndarray]]]:
    """The chunks of a file behind the first `done`, encoded, in order. A worker more than two chunks ahead waits."""
    with opened(source, "documents") as (stream, _):
        todo = itertools.islice(chunks(stream, CHUNK), done, None)
        if workers == 1:
            _begin(*state)
            for chunk in todo:
                yield chunk, _work(chunk)
            return
        waiting: deque[tuple[Chunk, Future[dict[str, np.ndarray]]]] = deque()
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, initializer=_begin_worker, initargs=state)
        try:
            for chunk in todo:
                waiting.append((chunk, pool.submit(_work, chunk)))
                if len(waiting) > 2 * workers:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BrokenProcessPool:
            raise RunError(
                "a process that was indexing ended early: killed, or out of memory; the same command goes on where it "
                'stopped. (A script of your own needs its work under: if __name__ == "__main__")'
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_state: dict[str, Any] = {}


def _begin_worker(*state: Any) -> None:
    _begin(*state)
    parent = multiprocessing.parent_process()
    if parent is not None:  # nobody else tells a worker that the main process was killed

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


def _begin(terms: Path, source: Source) -> None:
    found = json.loads(terms.read_text(encoding="utf-8"))
    salience = Salience(set(found["lower"]), set(found["golds"]), as_words(found["golds"]))
    vocabulary = vocabulary_from_json(found["vocabulary"])
    _state.update(vocabulary=vocabulary, salience=salience, source=source, lexicon=Lexicon())


def _work(chunk: Chunk) -> dict[str, np.ndarray]:
    """The arrays of one chunk; a "starts" array as lengths."""
    source, salience = _state["source"], _state["salience"]
    vocabulary = _state["vocabulary"]
    if len(_state["lexicon"]) > LEXICON:
        _state["lexicon"] = Lexicon()
    documents = parse(source, split_lines(chunk.content, source.path, "documents", chunk.line), chunk.line)
    parts = []
    at = 0
    for some in pieces(item.text for item in documents):
        part = documents[at : at + len(some)]
        scan = Scan.of(some, _state["lexicon"])
        one = encode(part, vocabulary, str(source.path), scan)
        marked = mark(part, one, vocabulary, salience, scan)
        names = [item.title.encode() for item in part]
        parts.append(
            {
                "tokens": one.tokens, "token_starts": one.lengths, "title_tokens": one.title_tokens,
                "title_starts": one.title_lengths, "bodies": one.bodies, "marks": marked.marks,
                "span_starts": np.bincount(marked.document, minlength=len(part)),
                "span_document": marked.document + at, "span_first": marked.first, "span_last": marked.last,
                "span_number": marked.number,
                "span_answer": marked.answer, "span_nested": marked.nested, "said": marked.said,
                "said_starts": marked.said_lengths, "names": np.frombuffer(b"".join(names), np.uint8),
                "name_starts": np.fromiter(map(len, names), np.int64, len(names)), "name_keys": keys_of(names),
            }
        )  # fmt: skip
        at += len(part)
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    ends = np.flatnonzero(np.frombuffer(chunk.content, np.uint8) == ord("\n")) + 1
    arrays["line_starts"] = chunk.start + np.concatenate([[0], ends])[: len(documents)]
    return arrays


def keys_of(names: Iterable[bytes]) -> np.ndarray:
    """A number of 64 bits for each name. Two of a billion names share one with a chance of 3 %."""
    digests = b"".join(hashlib.blake2b(name, digest_size=8).digest() for name in names)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


# The documents --------------------------------------------------------------------------------------------------


class _Items(Sequence[Document]):
    """The documents of an index, read from the corpus file when they are asked for."""

    def __init__(self, index: TokenIndex) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.about["documents"])

    def __iter__(self) -> Iterator[Document]:
        return (item for item, _, _ in self._index.documents.stream())

    def __getitem__(self, i: Any) -> Any:
        source = Source.of(self._index.about["source"])
        if source.compression:
            raise DataError(f"{source.path} is compressed: its documents can only be read one after another")
        start = int(self._index["line_starts"][i])
        with open(source.path, "rb") as file:
            file.seek(start)
            line = file.readline().removesuffix(b"\n").decode()
        return parse(source, [line], i + 1)[0]


@dataclass(frozen=True)
class IndexedDocuments(Documents):
    """Documents that stay on disk."""

    index: TokenIndex | None = None

    @property
    def _index(self) -> TokenIndex:
        assert self.index is not None
        return self.index

    @property
    def titles(self) -> Sequence[str]:  # type: ignore[override]
        return _Titles(self._index)

    @cached_property
    def known_titles(self) -> Collection[str]:
        return _TitleSet(self._index)

    def some_titles(self) -> list[str]:
        """Up to SOME_TITLES titles, evenly spread."""
        places = np.unique(np.linspace(0, len(self) - 1, SOME_TITLES).astype(np.int64))
        return sorted({self._index.name(int(i)) for i in places})

    def namesakes(self, documents: np.ndarray) -> np.ndarray:
        """All documents whose titles are those of these documents."""
        keys = np.unique(self._index["name_keys"][documents])
        first = np.searchsorted(self._index["name_sorted"], keys)
        last = np.searchsorted(self._index["name_sorted"], keys, "right")
        rows = np.repeat(first - offsets(last - first)[:-1], last - first) + np.arange((last - first).sum())
        return np.sort(self._index["name_order"][rows])

    def stream(self) -> Iterator[tuple[Document, int, bytes]]:
        source = Source.of(self.source)
        with opened(source, "documents") as (stream, _):
            for chunk in chunks(stream, CHUNK):
                lines = split_lines(chunk.content, source.path, "documents", chunk.line)
                start = chunk.start
                raw = chunk.content.removesuffix(b"\n").split(b"\n")
                for item, line in zip(parse(source, lines, chunk.line), raw, strict=True):
                    yield item, start, line
                    start += len(line) + 1


class _Titles(Sequence[str]):
    def __init__(self, index: TokenIndex) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.about["documents"])

    def __getitem__(self, i: Any) -> Any:
        if not 0 <= i < len(self):
            raise IndexError(i)
        return self._index.name(int(i))


class _TitleSet(Collection[str]):
    def __init__(self, index: TokenIndex) -> None:
        self._index = index
        self._looked_up: dict[object, bool] = {}  # by stretches of questions: few, and each asked for again

    def __contains__(self, title: object) -> bool:
        if title not in self._looked_up:
            keys = self._index["name_sorted"]
            key = keys_of([str(title).encode()])[0]
            at = keys.searchsorted(key)
            self._looked_up[title] = bool(at < len(keys) and keys[at] == key)
        return self._looked_up[title]

    def __len__(self) -> int:
        return int(self._index.about["titles"])

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(_Titles(self._index)))
