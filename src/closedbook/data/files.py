"""Reads text files, compressed or not. Every error names the file, the line and what to do.

A corpus is plain text, one document a line, or JSON Lines (`.jsonl`) with a title and a text field; either may be
compressed (`.gz`, `.zst`). Other field names are given after the path: `wiki.jsonl:title=name,text=body`.

Files may come from strangers. So their kind is checked before they are opened, since a pipe or a device might never
end; and they are read in blocks, with a bound on what is held in memory (closedbook.environment, LONGEST_LINE).
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import gzip
import io
import os
import re
import secrets
import stat
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from closedbook.data.decompression import Hashing, decompressed
from closedbook.environment import most_read, raise_it
from closedbook.errors import DataError
from closedbook.validation import parse_json

LONGEST_LINE = 1 << 20
"""How many characters a line, that is a document or a question, may have."""
KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}

BYTE_ORDER_MARK = "\ufeff"
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
SHOWN = 40  # an error shows so many characters of a value


@dataclass(frozen=True)
class Source:
    """A file as the user names it: its path, its compression, and its fields if it is JSON Lines."""

    path: Path
    compression: str = ""  # or "gz", "zst"
    fields: tuple[str, str] | None = None  # of the title and of the text

    @classmethod
    def of(cls, name: str | Path) -> Source:
        """Raises DataError if fields are named for a file that is not JSON Lines."""
        front, named = named_fields(name, "title", "text")
        path = Path(front)
        names = path.name.lower().split(".")
        compression = names.pop() if len(names) > 1 and names[-1] in ("gz", "zst") else ""
        if names[-1] in ("jsonl", "ndjson"):
            return cls(path, compression, (named.get("title", "title"), named.get("text", "text")))
        if named:
            raise DataError(f"{path}: fields are named for .jsonl files (and .jsonl.gz, .jsonl.zst) only")
        return cls(path, compression)

    def parse(self, line: str, number: int) -> tuple[str | None, str]:
        """(title, document) of one line; the title is None if it has to be found in the text. Raises DataError."""
        line = line.removesuffix("\r")  # as it stands in a file with Windows line ends
        if self.fields is None:
            return None, line
        line = line.removeprefix(BYTE_ORDER_MARK)
        where = f"{self.path}:{number}"
        try:
            entry = parse_json(line)
        except ValueError as error:
            raise DataError(f"{where}: cannot be read as JSON ({error}); write one object a line") from None
        if not isinstance(entry, dict):
            raise DataError(f"{where}: is not a JSON object; write {{{self.fields[0]!r}: …, {self.fields[1]!r}: …}}")
        fields = []
        for role, field in zip(("title", "text"), self.fields, strict=True):
            if field not in entry:
                raise DataError(
                    f"{where}: has no field {field!r} (there are: {first_few(entry)}); "
                    f"name it: {self.path}:{role}=FIELD"
                )
            if not isinstance(entry[field], str) or not entry[field].strip():
                raise DataError(f"{where}: the field {field!r} holds no text; write a string that is not empty")
            spaced = " ".join(entry[field].split())
            if not is_storable(spaced):
                raise DataError(f"{where}: the field {field!r} holds a NUL or half a surrogate pair; remove it")
            fields.append(spaced)
        title, text = fields
        return title, text if text.startswith(f"{title}. ") else f"{title}. {text}"


def named_fields(name: str | Path, *roles: str) -> tuple[str, dict[str, str]]:
    """(path, field of each role) of a file as the user names it: `wiki.jsonl:title=name,text=body`."""
    front, _, behind = str(name).rpartition(":")
    field = rf"({'|'.join(roles)})=([^,=]+)"
    match = re.fullmatch(f"{field}(?:,{field})?", behind)
    if not front or match is None or os.path.exists(name):
        return str(name), {}
    return front, {match[1]: match[2], **({match[3]: match[4]} if match[3] else {})}


def is_storable(text: str) -> bool:
    """Whether a text holds neither a NUL nor half a surrogate pair, which cannot be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def cut(text: str) -> str:
    """The beginning of a text, for a message."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def first_few(names: Collection[str]) -> str:
    """The first few of some names, for a message."""
    return ", ".join([*map(cut, islice(names, 8)), *(["…"] if len(names) > 8 else [])]) or "none"


def check_kind(path: str | Path) -> os.stat_result:
    """The `os.stat` of a file. Raises OSError if it is missing, or a pipe, a device or a folder."""
    try:
        status = os.stat(path)
    except ValueError:  # a NUL, say, in a path that a file names
        raise OSError(errno.EINVAL, "no file has such a name", str(path)) from None
    if not stat.S_ISREG(status.st_mode):
        raise _not_a_file(status)
    return status


def _not_a_file(status: os.stat_result) -> OSError:
    kind = KINDS.get(stat.S_IFMT(status.st_mode), "no file")
    return OSError(errno.EINVAL, f"it is {kind}, and only files are read; write its content to a file first")


def open_file(path: str | Path) -> io.BufferedReader:
    """Open a file to read its bytes. Its kind is checked first, because opening a pipe may wait for ever.

    Raises OSError, as `check_kind` does.
    """
    check_kind(path)
    # A pipe may have taken its place since the check, so opening must not wait either.
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        file.close()
        raise _not_a_file(status)
    return file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_file(path: str | Path) -> bytes:
    """The content of a file as it is. Raises OSError, also if it is not a file or exceeds what is read into memory."""
    with open_file(path) as file:
        most = most_read()
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
    if content is None or len(content) > most:
        raise OSError(errno.EFBIG, f"it holds more than {most / 1e6:,.0f} MB; {raise_it()}")
    return content


def create_beside(path: Path) -> tuple[IO[bytes], Path]:
    """A new file to write what will take the place of `path`, with the permissions of the file that is there.

    It is created exclusively, under a name that nobody can foresee: what somebody has put there before, a link
    to another file, say, is neither followed nor overwritten. (`tempfile` would do the same, but its files can be
    read by nobody else, and they would stay so.) Raises OSError.
    """
    while True:
        partial = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.partial")
        with contextlib.suppress(FileExistsError):
            file = open(partial, "xb")  # noqa: SIM115
            break
    with contextlib.suppress(OSError):
        before = os.lstat(path)
        if stat.S_ISREG(before.st_mode) and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
    return file, partial


class LineTooLongError(DataError):
    """A line that is longer than LONGEST_LINE; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is longer than {LONGEST_LINE:,} characters; {BREAK_IT}")
        self.line = line


BREAK_IT = "break it: documents and questions stand one a line"


@contextlib.contextmanager
def opened(source: Source, what: str) -> Iterator[tuple[IO[bytes], Callable[[], str]]]:
    """(the uncompressed stream, a function that gives the file's SHA-256 once the stream was read to its end).

    Raises DataError where the file is missing, a folder, a pipe or a device, unreadable, or damaged or far too large
    while it is read.
    """
    path = source.path
    try:
        if path.is_dir():
            raise DataError(f"{path} is a folder; name the file of {what} in it")
        with open_file(path) as file:
            hashing = Hashing(file)
            yield decompressed(hashing, source.compression, path, most_read(), raise_it()), hashing.hexdigest
    except LineTooLongError as error:
        raise DataError(f"{path}:{error.line}: is longer than {LONGEST_LINE:,} characters; {BREAK_IT}") from None
    except FileNotFoundError:
        raise DataError(f"{path}: no such file of {what}; check the path (you are in {Path.cwd()})") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: is no whole gzip file ({error}); make it again, or get it anew") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


class Chunk(NamedTuple):
    """A run of complete lines of a file."""

    content: bytes
    line: int  # the number of its first one, from 1
    start: int  # the byte at which it starts, uncompressed


def chunks(stream: IO[bytes], size: int) -> Iterator[Chunk]:
    """Split a stream into chunks of about `size` bytes that end with a line. Raises DataError for a line too long."""
    line, start = 1, 0
    parts: list[bytes] = []
    while block := stream.read(size):
        head, newline, tail = block.rpartition(b"\n")
        if not newline:  # a line longer than this
            parts.append(block)
            if sum(map(len, parts)) > 4 * LONGEST_LINE:  # of at most 4 bytes a character
                raise LineTooLongError(line)
            continue
        content = b"".join([*parts, head, newline])
        yield Chunk(content, line, start)
        line, start, parts = line + content.count(b"\n"), start + len(content), [tail]
    if rest := b"".join(parts):
        yield Chunk(rest, line, start)


def read_bytes(path: str | Path, what: str) -> bytes:
    """The uncompressed content of a file that holds `what` ("documents", say).

    Raises DataError where it is missing, no file, unreadable, damaged, empty, or larger than what is read into memory.
    """
    return read_hashed(path, what)[0]


def read_hashed(path: str | Path, what: str) -> tuple[bytes, str]:
    """(uncompressed content, SHA-256 of the file as it is)."""
    source, most = Source.of(path), most_read()
    with opened(source, what) as (stream, sha256):
        parts, left = [], most + 1
        while left and (block := stream.read(min(left, 1 << 20))):
            parts.append(block)
            left -= len(block)
        if not left:
            raise DataError(
                f"{source.path}: holds more than {most / 1e6:,.0f} MB, the most of {what} that is read into memory; "
                f"{raise_it()}"
            )
        content = b"".join(parts)
        digest = sha256()
    if not content.strip():
        raise DataError(f"{source.path}: is empty; it should hold {what}")
    if content.startswith(LFS_POINTER):
        raise DataError(f"{source.path}: is a Git LFS pointer, not the file itself; fetch it: git lfs pull")
    return content, digest


def decode(content: bytes, path: str | Path, first: int = 1) -> str:
    """Decode UTF-8 text and normalise its line ends. Raises DataError, naming the line, if it is anything else.

    A byte-order mark is kept as a character: other programs that open a file as UTF-8 read it so, and a vocabulary of
    characters has to agree with them. `first` is the number of the content's first line.
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
    for unwanted, why in (
        ("\r", "has a carriage return within a line; remove it: tr -d '\\r' < OLD > NEW"),
        ("\0", "has a NUL character; is this a text file?"),
    ):
        if unwanted in text:
            line = text.count("\n", 0, text.index(unwanted)) + first
            raise DataError(f"{path}:{line}: {why}")
    return text


def universal_newlines(text: str) -> str:
    """Turn Windows and old Mac line ends into newlines, as Python does when it reads a text file."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_lines(content: bytes, path: str | Path, what: str, first: int = 1) -> list[str]:
    """The lines of some content; the last need not end in a newline. Raises DataError for blank or overlong lines."""
    lines = decode(content, path, first).removesuffix("\n").split("\n")
    for number, line in enumerate(lines, first):
        if not line.strip():
            raise DataError(f"{path}:{number}: is blank; remove it, {what} stand one a line")
        if len(line) > LONGEST_LINE:
            raise DataError(f"{path}:{number}: is longer than {LONGEST_LINE:,} characters; {BREAK_IT}")
    return lines


def read_lines(path: str | Path, what: str) -> list[str]:
    """The lines of a file that holds `what`. Raises DataError, as `read_bytes` and `split_lines` do."""
    return split_lines(read_bytes(path, what), path, what)
