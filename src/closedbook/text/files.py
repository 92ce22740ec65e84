"""Reading text files line by line, with every complaint naming the file, the line and what to do."""

from __future__ import annotations

import hashlib
from pathlib import Path

from closedbook.errors import DataError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_bytes(path: str | Path, what: str) -> bytes:
    """The content of a file that holds `what` ("documents", say).

    Raises DataError where it is missing, a folder, unreadable or empty.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise DataError(f"{path} is a folder; name the file of {what} in it")
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file of {what}; check the path (you are in {Path.cwd()})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if not content.strip():
        raise DataError(f"{path}: is empty; it should hold {what}, one a line")
    return content


def decode(content: bytes, path: str | Path) -> str:
    """UTF-8 text without byte-order mark or carriage returns; raises DataError with the line otherwise."""
    if content.startswith(BYTE_ORDER_MARK):
        raise DataError(f"{path}:1: starts with a byte-order mark; save it as UTF-8 without one")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise DataError(
            f"{path}:{line}: byte 0x{byte:02x} is not UTF-8; convert it: iconv -f latin1 -t utf-8 OLD > NEW"
        ) from None
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + 1
        raise DataError(f"{path}:{line}: has a carriage return (Windows line end); convert it: tr -d '\\r' < OLD > NEW")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}:{line}: has a NUL character; is this a text file?")
    return text


def read_lines(path: str | Path, what: str) -> tuple[list[str], str]:
    """(lines, SHA-256 of the file). The last line may or may not end in a newline; no line may be blank."""
    content = read_bytes(path, what)
    lines = decode(content, path).removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise DataError(f"{path}:{number}: is blank; remove it, {what} stand one a line")
    return lines, hashlib.sha256(content).hexdigest()
