"""Streams of compressed files, hashed while they are read, which end where one expands out of proportion."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import IO, Any, cast

from closedbook.errors import DataError

EXPANDS = 100
"""How many times its size a compressed file may expand to, once it exceeds what is read into memory."""
FED = 2048
"""How many compressed bytes are decompressed at once. Few, because 4 bytes of zstd can stand for 128 kB."""


class Hashing:
    """Hashes a file while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest, self.size = file, hashlib.sha256(), 0

    def read(self, size: int) -> bytes:
        content = self.file.read(size)
        self.digest.update(content)
        self.size += len(content)
        return content

    def hexdigest(self) -> str:
        while self.read(1 << 20):  # what a decompressor left unread
            pass
        return self.digest.hexdigest()


def decompressed(file: Hashing, compression: str, path: Path, most: int, advice: str) -> Any:
    """A stream of a file's content: compression is "gz", "zst" or "" for none.

    It raises DataError, which ends with `advice`, where it gives more than `most` bytes and more than EXPANDS times
    what was read of the file.
    """
    if compression == "gz":
        return _Bounded(gzip.GzipFile(fileobj=cast(Any, file), mode="rb"), file, path, most, advice)
    if compression == "zst":
        try:
            return _Bounded(_Zstd(file, path), file, path, most, advice)
        except ImportError:
            raise DataError(f"{path}: reading zstd takes a package more: pip install zstandard") from None
    return file


class _Bounded:
    """A decompressed stream that raises DataError once it has grown out of proportion."""

    def __init__(self, stream: Any, file: Hashing, path: Path, most: int, advice: str) -> None:
        self.stream, self.file, self.path, self.size = stream, file, path, 0
        self.most, self.advice = most, advice

    def read(self, size: int) -> bytes:
        content: bytes = self.stream.read(size)
        self.size += len(content)
        if self.size > max(self.most, EXPANDS * self.file.size):
            raise DataError(
                f"{self.path}: expands to more than {self.most / 1e6:,.0f} MB, over {EXPANDS} times its size; "
                f"{self.advice}"
            )
        return content


class _Zstd:
    """A zstd stream of one or more frames. Unlike zstandard's own reader it notices when the end is missing."""

    def __init__(self, file: Hashing, path: Path) -> None:
        import zstandard

        self.file, self.path, self.zstandard = file, path, zstandard
        self.frame = zstandard.ZstdDecompressor().decompressobj()
        self.ready, self.taken = b"", 0  # what was decompressed, and how much of it was read

    def read(self, size: int) -> bytes:
        parts, length = [], 0
        while length < size:
            if self.taken == len(self.ready) and not self._more():
                break
            taken = self.ready[self.taken : self.taken + size - length]
            self.taken += len(taken)
            length += len(taken)
            parts.append(taken)
        return b"".join(parts)

    def _more(self) -> bool:
        """Decompress until there is some output; False at the end. Raises DataError if the file is damaged."""
        while block := self.file.read(FED):
            parts = []
            while block:
                if self.frame.eof:
                    self.frame = self.zstandard.ZstdDecompressor().decompressobj()
                try:
                    parts.append(self.frame.decompress(block))
                except self.zstandard.ZstdError as error:
                    raise self._damaged(error) from None
                block = self.frame.unused_data if self.frame.eof else b""
            if any(parts):
                self.ready, self.taken = b"".join(parts), 0
                return True
        if self.file.size and not self.frame.eof:
            raise self._damaged("its end is missing")
        return False

    def _damaged(self, why: object) -> DataError:
        return DataError(f"{self.path}: is no whole zstd file ({why}); make it again, or get it anew")
