"""Files that are never half written, and locks: what run folders, indexes and studies are kept with."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from closedbook.data.files import check_kind, create_beside, open_file
from closedbook.errors import RunError

HASHED_WHOLE = 2**28  # bytes; of a larger file, samples are hashed
SAMPLED = "sampled:"


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[bool]:
    """Hold a lock file while this lasts, and then remove it; False where another process holds it.

    The lock is the system's, and ends with the process however that ends. Raises OSError where the file cannot be
    written, or is none.
    """
    with contextlib.suppress(FileNotFoundError):
        check_kind(path)
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    except NotImplementedError:  # a file system without locks
        warnings.warn(f"{path.parent} cannot be locked; train in it once at a time", stacklevel=4)
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # while it is still held: who waits for it opens a new one
        lock.release()


def digest(record: Mapping[str, Any]) -> str:
    """A hash of a JSON object, to be kept in it."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def fingerprint(content: Path | bytes) -> str:
    """SHA-256 of a file, or of what one holds; of more than HASHED_WHOLE, of its size and 64 MB spread over it."""
    with io.BytesIO(content) if isinstance(content, bytes) else open_file(content) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if size <= HASHED_WHOLE:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest, block = hashlib.sha256(str(size).encode()), min(2**20, size)
        for number in range(64):
            file.seek((size - block) * number // 63)
            digest.update(file.read(block))
        return f"{SAMPLED}{digest.hexdigest()}"


def to_json(data: Any, indent: int | None = None) -> str:
    """JSON with readable letters; a file name that is no UTF-8 is escaped rather than refused."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(data, indent=indent)
    return text


def write_atomically(path: Path, content: bytes, keep: Path | None = None) -> None:
    """Write beside the file, then put it in place: a reader sees the old content or the new, never a part.

    `keep` is where the old file goes. The new one has the old one's permissions. A link or a pipe in its place is
    replaced, not followed. Raises RunError where the file cannot be written.
    """
    temporary = None
    try:
        file, temporary = create_beside(path)
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.is_file():
            os.replace(path, keep)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        if isinstance(error, OSError):
            full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))
            advice = "make room" if full else "check the folder"
            raise RunError(
                f"{path} cannot be written ({error.strerror}); {advice}: what was saved before is still there"
            ) from None
        raise


def write_output(path: Path, content: bytes) -> None:
    """Write what a user asked for: into a device or a pipe (/dev/stdout) as it is, else at once, as all files here."""
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(content)
    else:
        write_atomically(path, content)


def put_in_place(partial: Path, path: Path) -> None:
    """Give a file that was written beside its place its name, once it is on the disk. Raises OSError."""
    with open(partial, "r+b") as file:
        os.fsync(file.fileno())
    os.replace(partial, path)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """Make the names in a folder outlast a power failure, where the system has a way."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
