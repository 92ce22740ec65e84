"""Builds a token index: the corpus is read in two passes and encoded by several processes.

The first pass hashes the corpus and keeps a bounded sample of its lines, from which the vocabulary is made. The second
one splits it into chunks of whole lines. Worker processes encode these, and each becomes a record batch of
tokens.arrows, which has one row per document. batches.txt lists the end and the checksum of every batch, so that a
build that was killed can continue after its last complete batch. titles.arrows holds the sorted hashes of the titles.
index.json is written last: without it an index is incomplete.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from closedbook.data.arrow_columns import MappedStream, pyarrow
from closedbook.data.documents import Document, parse
from closedbook.data.encoding import Salience, encode, mark
from closedbook.data.files import Chunk, Source, chunks, opened, split_lines
from closedbook.data.questions import Questions, names_in
from closedbook.data.scan import Lexicon, Scan
from closedbook.data.vocabulary import MASK_CHARACTER, PAD_CHARACTER, Characters, Vocabulary
from closedbook.data.vocabulary_builder import make_vocabulary, vocabulary_from_json
from closedbook.data.word_vocabulary import Words
from closedbook.errors import DataError, RunError
from closedbook.processes import process_pool
from closedbook.runs.store import digest, file_lock, write_atomically

CHUNK = 2 << 20
"""How many bytes of text go into a record batch."""
SAMPLE = 16
"""How many chunks the vocabulary is made from."""
MOST_WORDS = 1 << 17
"""How many words, and how many phrases, a vocabulary has at most if its size is not given."""
LEXICON = 1 << 20
"""How many distinct words a worker remembers before it starts over, to bound its memory."""
PART = 4 << 20
"""How many bytes of titles.arrows have a checksum of their own."""

Progress = Callable[[str], None]
Choose = Callable[[Collection[str]], Questions | None]


def schemas(vocabulary: Vocabulary) -> tuple[Any, Any]:
    """The schemas of tokens.arrows and titles.arrows. They are fixed here and never taken from an index."""
    pa = pyarrow()
    number, byte, size = pa.int32(), pa.uint8(), vocabulary.size
    token = pa.uint8() if size <= 1 << 8 else pa.uint16() if size <= 1 << 16 else number
    span = {"document": number, "first": number, "last": number, "number": byte, "answer": byte, "nested": byte}
    documents = {
        "tokens": pa.list_(pa.struct({"token": token, "mark": byte})), "title": pa.list_(token), "body": number,
        "spans": pa.list_(pa.struct({**span, "said": pa.list_(token)})), "name": pa.string(), "name_hash": pa.uint64(),
    }  # fmt: skip
    return pa.schema(documents), pa.schema({"name_hash": pa.uint64(), "document": pa.int64()})


class Survey(NamedTuple):
    """What one pass over a corpus finds."""

    sha256: str  # of the file as it is
    bytes: int  # uncompressed
    sample: list[Chunk]  # in the order of the file
    characters: set[str]  # all of it, where the vocabulary is of characters
    titles: set[str]  # those that were asked for


def survey(source: Source, characters: bool = False, names: Collection[str] = ()) -> Survey:
    """Hash a corpus, find which names are titles, and draw a uniform sample of its chunks (Vitter's algorithm R)."""
    titles: set[str] = set()
    seen: set[str] = set()
    sample: list[Chunk] = []
    rng, size = np.random.default_rng(0), 0
    with opened(source, "documents") as (stream, sha256):
        for number, chunk in enumerate(chunks(stream, CHUNK)):
            size += len(chunk.content)
            if characters or names:
                items = documents_of(source, chunk)
                titles.update(item.title for item in items if item.title in names)
            if characters:
                seen.update(*(item.text for item in items))
                if seen & {PAD_CHARACTER, MASK_CHARACTER}:
                    Characters.train([*[""] * (chunk.line - 1), *(item.text for item in items)])  # says where
            place = number if number < SAMPLE else int(rng.integers(number + 1))
            if place < SAMPLE:
                sample[place : place + 1] = [chunk]
        return Survey(sha256(), size, sorted(sample, key=lambda chunk: chunk.line), seen, titles)


def documents_of(source: Source, chunk: Chunk) -> tuple[Document, ...]:
    return parse(source, split_lines(chunk.content, source.path, "documents", chunk.line), chunk.line)


@contextlib.contextmanager
def building(folder: Path) -> Iterator[None]:
    """Create the folder of an index and lock it while it is built. Raises RunError if another process has it."""
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            check_kinds(folder)
            locked = stack.enter_context(file_lock(folder / ".lock"))
        except OSError as error:
            raise RunError(f"{folder} cannot be written ({error.strerror}); say where with --index FOLDER") from None
        if not locked:
            raise RunError(f"{folder}: another process is building this index; wait for it")
        yield


def build(
    folder: Path, source: Source, settings: dict[str, Any], sha256: str, questions: Questions | None,
    trained: Choose | None, processes: int | None, progress: Progress,
) -> None:  # fmt: skip
    """Write an index, continuing an earlier build that was interrupted."""
    progress(f"reading {source.path} to see what is in it")
    names = {name for item in questions.items for name in names_in(item.text)} if questions is not None else set()
    surveyed = survey(source, settings["kind"] == Characters.kind, names)
    if not surveyed.bytes:
        raise DataError(f"{source.path}: is empty; it should hold documents, one a line")
    progress(
        f"making the vocabulary of {source.path} from {sum(len(c.content) for c in surveyed.sample) / 1e6:.0f} MB of it"
    )
    vocabulary, terms = _terms(source, settings, surveyed, questions if trained is None else trained(surveyed.titles))
    documents, titles = schemas(vocabulary)
    header = documents.serialize().to_pybytes()
    batches = _whole_batches(folder, len(header))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = max(1, min(processes or cores, 16))
    behind = f", going on behind {len(batches)} parts of {CHUNK / 1e6:.0f} MB that were there" if batches else ""
    progress(f"indexing {surveyed.bytes / 1e6:,.0f} MB in {workers} processes into {folder}{behind}")
    tenths_told = 0
    try:
        # Workers read what they need from a file: a process that ends before it has taken its arguments would block us.
        (folder / "terms.json").write_text(json.dumps(terms), encoding="utf-8")
        write_atomically(folder / "batches.txt", b"".join(b"%d %d\n" % batch for batch in batches))
        with (
            open(folder / "tokens.arrows", "r+b" if batches else "w+b") as file,
            open(folder / "batches.txt", "ab") as log,
        ):
            file.write(header)
            file.truncate(batches[-1][0] if batches else len(header))
            file.seek(0, os.SEEK_END)
            for chunk, content in _encoded(source, sha256, len(batches), (folder / "terms.json", source), workers):
                file.write(content)
                file.flush()
                batches.append((file.tell(), zlib.crc32(content)))
                log.write(b"%d %d\n" % batches[-1])
                log.flush()
                passed = chunk.start + len(chunk.content)
                if (tenth := passed * 10 // surveyed.bytes) > tenths_told:
                    tenths_told = tenth
                    progress(f"indexed {passed / 1e6:,.0f} of {surveyed.bytes / 1e6:,.0f} MB")
            os.fsync(file.fileno())
        hashes = np.asarray(MappedStream(folder / "tokens.arrows", documents, batches).columns()["name_hash"])
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        with open(folder / "titles.arrows", "w+b") as file:
            with pyarrow().ipc.new_stream(file, titles) as writer:
                writer.write_batch(pyarrow().record_batch([hashes, order], schema=titles))
            file.flush()
            os.fsync(file.fileno())
            file.seek(len(titles.serialize()))
            parts = [(zlib.crc32(part), file.tell())[::-1] for part in iter(lambda: file.read(PART), b"")]
    except OSError as error:
        reason = error.strerror or error
        raise RunError(f"{folder} cannot be written ({reason}); do it again once there is room") from None
    about = {
        "settings": settings, "source": str(source.path), "sha256": sha256, "text_bytes": surveyed.bytes,
        "documents": len(hashes), "different_titles": int((np.diff(hashes) != 0).sum()) + 1, "batches": batches,
        "titles": parts, "vocabulary": vocabulary.to_json(),
    }  # fmt: skip
    about = json.loads(json.dumps(about))
    write_atomically(folder / "index.json", json.dumps({**about, "seal": digest(about)}).encode())


def _terms(source: Source, settings: Any, surveyed: Survey, questions: Questions | None) -> tuple[Vocabulary, Any]:
    """The vocabulary, and what the worker processes need, as JSON."""
    items = [item for chunk in surveyed.sample for item in documents_of(source, chunk)]
    sample, titles = [item.text for item in items], [item.title for item in items]
    texts, answers = (questions.texts, questions.answers) if questions is not None else ([], [])
    kind, size = settings["kind"], settings["size"]
    if kind == Characters.kind:
        vocabulary: Vocabulary = Characters.train(["".join(sorted(surveyed.characters))])
    else:
        size = size or MOST_WORDS * (kind == Words.kind)
        vocabulary = make_vocabulary(kind, sample, size, texts, answers, titles, settings["phrases"])
    lower, golds = sorted(Lexicon.of(sample).lower_case()), sorted(set(answers))
    return vocabulary, {"vocabulary": vocabulary.to_json(), "lower": lower, "golds": golds}


def _whole_batches(folder: Path, start: int) -> list[tuple[int, int]]:
    """(end, CRC-32) of the record batches that an earlier build finished and that are undamaged."""
    batches: list[tuple[int, int]] = []
    with contextlib.suppress(OSError, ValueError), open(folder / "tokens.arrows", "rb") as file:
        file.seek(start)
        for line in (folder / "batches.txt").read_bytes().splitlines(keepends=True):
            end, checksum = map(int, line.split())
            if line[-1:] != b"\n" or end <= file.tell() or zlib.crc32(file.read(end - file.tell())) != checksum:
                break
            batches.append((end, checksum))
    return batches


def _encoded(
    source: Source, sha256: str, done: int, state: tuple[Path, Source], workers: int
) -> Iterator[tuple[Chunk, bytes]]:
    """The chunks after the first `done` with their record batches, in order; at most two wait for each worker.

    Raises DataError at the end if the file does not have this hash.
    """
    with opened(source, "documents") as (stream, hexdigest):
        todo = islice(chunks(stream, CHUNK), done, None)
        if workers == 1:
            _begin(*state)
            yield from ((chunk, _work(chunk)) for chunk in todo)
        else:
            waiting: deque[tuple[Chunk, Future[bytes]]] = deque()
            with process_pool(workers, "indexing", _begin, *state) as pool:
                while True:
                    more = islice(todo, 2 * workers + 1 - len(waiting))
                    waiting.extend((chunk, pool.submit(_work, chunk)) for chunk in more)
                    if not waiting:
                        break
                    chunk, future = waiting.popleft()
                    yield chunk, future.result()
        if hexdigest() != sha256:
            raise DataError(f"{source.path} was altered while it was indexed; do it again")


_state: dict[str, Any] = {}


def _begin(terms: Path, source: Source) -> None:
    saved = json.loads(terms.read_text(encoding="utf-8"))
    salience = Salience(set(saved["lower"]), set(saved["golds"]))
    vocabulary = vocabulary_from_json(saved["vocabulary"])
    _state.update(source=source, vocabulary=vocabulary, salience=salience, lexicon=Lexicon())


def _work(chunk: Chunk) -> bytes:
    """The record batch of a chunk, as it stands in the file."""
    source, vocabulary = _state["source"], _state["vocabulary"]
    if len(_state["lexicon"]) > LEXICON:
        _state["lexicon"] = Lexicon()
    documents = documents_of(source, chunk)
    scan = Scan.of([item.text for item in documents], _state["lexicon"])
    encoded = encode(documents, vocabulary, str(source.path), scan)
    marks, table = mark(documents, encoded, vocabulary, _state["salience"], scan)
    pa, schema = pyarrow(), schemas(vocabulary)[0]

    def lists(kind: Any, starts: np.ndarray, **columns: Any) -> Any:
        """Lists that start at these places: of values, or of structs if there are several columns."""
        of = list(kind.value_type) if pa.types.is_struct(kind.value_type) else [kind.value_field]
        arrays = [pa.array(column, field.type) for field, column in zip(of, columns.values(), strict=True)]
        values = pa.StructArray.from_arrays(arrays, fields=of) if len(of) > 1 else arrays[0]
        return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), values)

    tokens, title, _, spans = schema.types[:4]
    columns = {
        "tokens": lists(tokens, encoded.tokens.starts, token=encoded.tokens.values, mark=marks),
        "title": lists(title, encoded.titles.starts, token=encoded.titles.values),
        "body": encoded.bodies,
        "spans": lists(
            spans, table.starts, document=chunk.line - 1 + table.document, first=table.first, last=table.last,
            number=table.number.view("u1"), answer=table.answer.view("u1"), nested=table.nested.view("u1"),
            said=lists(spans.value_type.field("said").type, table.output.starts, token=table.output.values),
        ),
        "name": [item.title for item in documents],
        "name_hash": hashes_of(item.title for item in documents),
    }  # fmt: skip
    return bytes(pa.record_batch(columns, schema=schema).serialize())


def hashes_of(names: Iterable[str]) -> np.ndarray:
    """A 64-bit hash of each name. Among a billion names two have the same with a probability of 3 %."""
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def check_kinds(folder: Path) -> None:
    """Raise RunError for a pipe, a device or a link in place of a file: none is ever opened."""
    for entry in os.scandir(folder):
        if not entry.is_file(follow_symlinks=False):
            raise RunError(f"{entry.path} is not a plain file, as those of an index are; remove {folder}")
