"""Check a student's file against the handout, in a process with limits. Not a sandbox: it has the user's rights."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import closedbook
from closedbook.course.student import CHECKED
from closedbook.errors import DataError

WARNING = (
    "checking a file runs it, with all your rights: it could read, change or send your files. The limits stop "
    "accidents, not malice. Check only what you would run yourself, or in a container (docs/course.md has a line)."
)
DEFINES = re.compile(rf"^\s*(?:class|def)\s+(?:{'|'.join(CHECKED)})\b", re.MULTILINE)
SKIPPED = frozenset({"__pycache__", "venv", "env", "node_modules", "site-packages"})
MAX_REPORT_BYTES = 1 << 20  # a usual report has some kilobytes
MAX_FILE_BYTES = 64 << 20  # in the folder that the file runs in


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    `held` is None if the check cannot decide and a teacher should look; `why` says what is wrong or undecided.
    """

    name: str
    held: bool | None
    why: str | None

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The Python files to check: files themselves, and the files in folders that define what the course asks for.

    Raises DataError for anything but a Python file, and for a folder without one. Nothing is executed.
    """
    files = []
    for path in paths:
        if path.is_dir():
            inside = [file for file in sorted(_python_files(path)) if DEFINES.search(_text(file))]
            if not inside:
                raise DataError(f"{path} holds no Python file that defines any of {', '.join(CHECKED)}")
            files += inside
        elif path.suffix == ".py" and path.is_file():
            files.append(path)
        else:
            kind = "is no Python file" if path.exists() else "does not exist"
            raise DataError(f"{path} {kind}; give a student's dataset.py, attention.py or model.py, or their folder")
    return list(dict.fromkeys(files))


def _python_files(folder: Path) -> Iterator[Path]:
    for root, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if name not in SKIPPED and not name.startswith(".")]
        yield from (Path(root, name) for name in names if name.endswith(".py") and Path(root, name).is_file())


def _text(file: Path) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as content:
            return content.read(1 << 20)
    except OSError:
        return ""


def check(file: Path, *, seconds: int = 60, megabytes: int = 2048) -> list[Finding]:
    """Execute a student's dataset.py, attention.py or model.py and check its classes and functions.

    The limits are `seconds` of processor time (and 2 · seconds + 30 of wall time) and `megabytes` of memory per
    process. Breaking a limit, exiting early, forging findings and leaving processes behind are findings too.
    Raises DataError if there is no such file.
    """
    files_in([file])
    if seconds < 1 or megabytes < 512:
        raise DataError(f"--seconds {seconds} must be at least 1, and --megabytes {megabytes} at least 512")
    work = Path(tempfile.mkdtemp(prefix="closedbook-"))
    word = secrets.token_hex(16)
    command = [sys.executable, "-B", "-m", "closedbook.course.student.execute", file.resolve(), seconds, megabytes]
    inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    package = str(Path(closedbook.__file__).parents[1])
    environment = {
        **inherited, "PYTHONPATH": package, "HOME": str(work), "TMPDIR": str(work), "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "", "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    try:
        with _adopting() as end_orphans:
            process = subprocess.Popen(
                [str(part) for part in command], cwd=work, env=environment, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            output = _PipeReader(process.stdout)
            try:
                why = _wait(process, word, output, work, seconds)
            finally:
                _end(process)
            left = end_orphans()
        output.close()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    findings, foreign, ended = _read(output.content, word)
    code = process.returncode
    if why is None and code in (-getattr(signal, "SIGXCPU", 24), -getattr(signal, "SIGKILL", 9)):
        why = f"it used up {seconds} s of processor time; is there a loop without an end? Or raise --seconds"
    elif why is None and (code != 0 or not ended):
        why = f"the process ended with code {code} before all was checked; was it out of memory, or did it call exit?"
    if why is not None:
        findings.append(Finding("the file comes to an end", False, why))
    if foreign:
        why = f"{foreign} lines of the report were not written by the checker: the file wrote findings itself"
        findings.append(Finding("the report is the checker's own", False, why))
    if left:
        why = f"it left {left} process{'es' * (left > 1)} running, which were ended"
        findings.append(Finding("nothing goes on running", False, why))
    return findings


def _wait(process: subprocess.Popen[bytes], word: str, output: _PipeReader, work: Path, seconds: int) -> str | None:
    """Wait for the process; return which limit it broke, or None."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.write(word.encode() + b"\n")
        process.stdin.close()
    until = time.monotonic() + 2 * seconds + 30
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            return None
        if time.monotonic() > until:
            waited = 2 * seconds + 30
            return f"it was stopped after {waited} s by the clock; is there a loop without an end? Or raise --seconds"
        if output.too_much:
            return f"it was stopped: it wrote more than {MAX_REPORT_BYTES >> 20} MB into the report"
        if _size(work) > MAX_FILE_BYTES:
            return f"it was stopped: it wrote more than {MAX_FILE_BYTES >> 20} MB into files"


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(root, name))
                total += getattr(status, "st_blocks", status.st_size >> 9) << 9
    return total


class _PipeReader:
    """Reads a pipe in a thread, at most MAX_REPORT_BYTES, because the file could write without end."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self.pipe, self.content, self.too_much = pipe, b"", False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self.pipe.fileno(), 1 << 16):
                if len(self.content) + len(chunk) > MAX_REPORT_BYTES:
                    self.too_much = True
                    return
                self.content += chunk

    def close(self) -> None:
        """Close after the last writer; if some process still writes, keep what was read so far."""
        self.thread.join(1)
        if not self.thread.is_alive():
            self.pipe.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and its group."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


@contextlib.contextmanager
def _adopting() -> Iterator[Callable[[], int]]:
    """On Linux, adopt orphans for a while, also those that left their session (prctl PR_SET_CHILD_SUBREAPER).

    Yields a function that kills them, and their own orphans, and returns how many there were.
    """
    libc = None
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None)
            libc.prctl(36, 1, 0, 0, 0)
    before = _children()

    def end() -> int:
        ended = 0
        until = time.monotonic() + 5
        while time.monotonic() < until:
            strays = {pid: state for pid, state in _children().items() if pid not in before}
            if not strays:
                break
            for pid, state in strays.items():
                with contextlib.suppress(OSError):
                    ended += state != "Z"  # a zombie only has to be reaped
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
        return ended

    try:
        yield end
    finally:
        if libc is not None:
            libc.prctl(36, 0, 0, 0, 0)


def _children() -> dict[int, str]:
    """States of children in another session, by their ids; what this program starts itself stays in its own session."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            state, parent, _, session = stat.read_text(encoding="latin-1").rpartition(")")[2].split()[:4]
            if int(parent) == os.getpid() and int(session) != os.getsid(0):
                children[int(stat.parent.name)] = state
    return children


def _read(content: bytes, word: str) -> tuple[list[Finding], int, bool]:
    """(findings, lines without the secret word, whether all findings arrived). Skips a truncated last line."""
    findings: list[Finding] = []
    foreign, end = 0, None
    lines = content.decode("utf-8", errors="replace").split("\n")
    for line in lines[:-1]:
        try:
            entry = json.loads(line)
            if not secrets.compare_digest(str(entry["word"]).encode(), word.encode()):
                raise ValueError("another word")
            if "end" in entry:
                end = entry["end"]
                continue
            why = None if entry["why"] is None else _printable(str(entry["why"]))
            held = entry["held"] if isinstance(entry["held"], bool) else None
            findings.append(Finding(_printable(str(entry["name"])), held, why))
        except (ValueError, KeyError, TypeError, RecursionError):
            foreign += 1
    return findings, foreign, end == len(findings)


def _printable(text: str) -> str:
    """Escape control characters, so that the terminal does not obey them."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
