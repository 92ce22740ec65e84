"""Reading text files, compressed or not, with every complaint naming the file, the line and what to do.

A corpus is plain text, one document a line, or JSON Lines (`.jsonl`) with a title and a text in named fields; either
may be compressed (`.gz`, `.zst`). Fields of other names are named behind the path: `wiki.jsonl:title=name,text=body`.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from closedbook.errors import DataError

BYTE_ORDER_MARK = "\ufeff"
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
FIELDS = re.compile(r"(title|text)=([^,=]+)(?:,(title|text)=([^,=]+))?")


@dataclass(frozen=True)
class Source:
    """A file as a user names it: where it is, how it is compressed, and its fields where it is JSON Lines."""

    path: Path
    compression: str = ""  # or "gz", "zst"
    fields: tuple[str, str] | None = None  # of the title and of the text

    @classmethod
    def of(cls, given: str | Path) -> Source:
        """Raises DataError where fields are named for a file that has none."""
        text = str(given)
        front, _, behind = text.rpartition(":")
        match = FIELDS.fullmatch(behind) if front else None
        if match and os.path.exists(text):
            match = None
        path = Path(front if match else text)
        names = path.name.lower().split(".")
        compression = names.pop() if len(names) > 1 and names[-1] in ("gz", "zst") else ""
        fields = ("title", "text") if names[-1] in ("jsonl", "ndjson") else None
        if match:
            if fields is None:
                raise DataError(f"{path}: fields are named for .jsonl files (and .jsonl.gz, .jsonl.zst) only")
            named = {match[1]: match[2], **({match[3]: match[4]} if match[3] else {})}
            fields = (named.get("title", "title"), named.get("text", "text"))
        return cls(path, compression, fields)

    def parse(self, line: str, number: int) -> tuple[str | None, str]:
        """(title, document) of one line; None where the text alone says what the title is. Raises DataError."""
        line = line.removesuffix("\r")  # as it stands in a file with Windows line ends
        if self.fields is None:
            return None, line
        line = line.removeprefix(BYTE_ORDER_MARK)
        where = f"{self.path}:{number}"
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: is not JSON ({error}); write one object a line") from None
        if not isinstance(entry, dict):
            raise DataError(f"{where}: is not a JSON object; write {{{self.fields[0]!r}: …, {self.fields[1]!r}: …}}")
        found = []
        for role, field in zip(("title", "text"), self.fields, strict=True):
            if field not in entry:
                there = ", ".join(map(str, entry)) or "none"
                raise DataError(
                    f"{where}: has no field {field!r} (there are: {there}); name it: {self.path}:{role}=FIELD"
                )
            if not isinstance(entry[field], str) or not entry[field].strip():
                raise DataError(f"{where}: the field {field!r} holds no text; write a string that is not empty")
            spaced = " ".join(entry[field].split())
            if "\0" in spaced or not _is_unicode(spaced):
                raise DataError(f"{where}: the field {field!r} holds a NUL or half a surrogate pair; remove it")
            found.append(spaced)
        title, text = found
        return title, text if text.startswith(f"{title}. ") else f"{title}. {text}"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextlib.contextmanager
def opened(source: Source, what: str) -> Iterator[tuple[IO[bytes], Callable[[], str]]]:
    """(the uncompressed stream, a function that gives the file's SHA-256 once the stream was read to its end).

    Raises DataError where the file is missing, a folder, unreadable, or damaged while it is read.
    """
    path = source.path
    try:
        if path.is_dir():
            raise DataError(f"{path} is a folder; name the file of {what} in it")
        with open(path, "rb") as file:
            hashing = _Hashing(file)
            yield _decompressed(hashing, source), hashing.hexdigest
    except FileNotFoundError:
        raise DataError(f"{path}: no such file of {what}; check the path (you are in {Path.cwd()})") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: is no whole gzip file ({error}); make it again, or get it anew") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


class _Hashing:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self.file.read(size)
        self.digest.update(content)
        return content

    def hexdigest(self) -> str:
        while self.read(1 << 20):  # what a decompressor left behind the end
            pass
        return self.digest.hexdigest()


def _decompressed(file: _Hashing, source: Source) -> Any:
    if source.compression == "gz":
        return gzip.GzipFile(fileobj=cast(Any, file), mode="rb")
    if source.compression == "zst":
        try:
            return _Zstd(file, source.path)
        except ImportError:
            raise DataError(f"{source.path}: reading zstd takes a package more: pip install zstandard") from None
    return file


class _Zstd:
    """A zstd stream, of one frame or several; unlike zstandard's own reader it notices when the end is missing."""

    def __init__(self, file: _Hashing, path: Path) -> None:
        import zstandard

        self.file, self.path, self.errors = file, path, zstandard.ZstdError
        self.make = zstandard.ZstdDecompressor
        self.frame = self.make().decompressobj()
        self.fed = False  # whether the frame has begun
        self.ready = b""

    def read(self, size: int = -1) -> bytes:
        parts, length = [self.ready], len(self.ready)
        while (size < 0 or length < size) and (block := self.file.read(1 << 17)):
            while block:
                if self.frame.eof:
                    self.frame, self.fed = self.make().decompressobj(), False
                self.fed = True
                try:
                    parts.append(self.frame.decompress(block))
                except self.errors as error:
                    raise self._damaged(error) from None
                length += len(parts[-1])
                block = self.frame.unused_data if self.frame.eof else b""
        if not self.frame.eof and (size < 0 or (self.fed and not length)):
            raise self._damaged("its end is missing")
        content = b"".join(parts)
        size = len(content) if size < 0 else size
        self.ready = content[size:]
        return content[:size]

    def _damaged(self, why: object) -> DataError:
        return DataError(f"{self.path}: is no whole zstd file ({why}); make it again, or get it anew")


class Chunk(NamedTuple):
    """Some whole lines of a file."""

    content: bytes
    line: int  # the number of its first one, from 1
    start: int  # the byte at which it starts, uncompressed


def chunks(stream: IO[bytes], size: int) -> Iterator[Chunk]:
    """A stream in pieces of about `size` bytes that end with a line."""
    line, start = 1, 0
    parts: list[bytes] = []
    while block := stream.read(size):
        head, newline, tail = block.rpartition(b"\n")
        if not newline:  # a line longer than this
            parts.append(block)
            continue
        content = b"".join([*parts, head, newline])
        yield Chunk(content, line, start)
        line, start, parts = line + content.count(b"\n"), start + len(content), [tail]
    if rest := b"".join(parts):
        yield Chunk(rest, line, start)


def read_bytes(path: str | Path, what: str) -> bytes:
    """The uncompressed content of a file that holds `what` ("documents", say).

    Raises DataError where it is missing, a folder, unreadable, damaged or empty.
    """
    return read_hashed(path, what)[0]


def read_hashed(path: str | Path, what: str) -> tuple[bytes, str]:
    """(uncompressed content, SHA-256 of the file as it is)."""
    source = Source.of(path)
    with opened(source, what) as (stream, sha256):
        content = stream.read()
        digest = sha256()
    if not content.strip():
        raise DataError(f"{source.path}: is empty; it should hold {what}")
    if content.startswith(LFS_POINTER):
        raise DataError(f"{source.path}: is a Git LFS pointer, not the file itself; fetch it: git lfs pull")
    return content, digest


def decode(content: bytes, path: str | Path, first: int = 1) -> str:
    """UTF-8 text with plain line ends; raises DataError with the line where it is something else.

    A byte-order mark stays as the character that it is: programs that open a file as UTF-8 read it so, and a
    vocabulary of characters must be the same. `first` is the number of the content's first line.
    """
    if first == 1 and content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{path}:1: is UTF-16, not UTF-8; convert it: iconv -f utf-16 -t utf-8 OLD > NEW")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + first
        byte = content[error.start]
        raise DataError(
            f"{path}:{line}: byte 0x{byte:02x} is not UTF-8; convert it: iconv -f latin1 -t utf-8 OLD > NEW"
        ) from None
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + first
        raise DataError(f"{path}:{line}: has a carriage return within a line; remove it: tr -d '\\r' < OLD > NEW")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + first
        raise DataError(f"{path}:{line}: has a NUL character; is this a text file?")
    return text


def universal_newlines(text: str) -> str:
    """Windows and old Mac line ends as Python reads them from a text file."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_lines(content: bytes, path: str | Path, what: str, first: int = 1) -> list[str]:
    """The lines of some content. The last may or may not end in a newline; no line may be blank (DataError)."""
    lines = decode(content, path, first).removesuffix("\n").split("\n")
    for number, line in enumerate(lines, first):
        if not line.strip():
            raise DataError(f"{path}:{number}: is blank; remove it, {what} stand one a line")
    return lines


def read_lines(path: str | Path, what: str) -> tuple[list[str], str]:
    """(lines, SHA-256 of the file)."""
    content, sha256 = read_hashed(path, what)
    return split_lines(content, path, what), sha256
