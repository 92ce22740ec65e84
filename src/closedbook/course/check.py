"""A student's file held to the handout, in a process of its own with limits. No jail: it has the user's rights."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import closedbook
from closedbook.errors import DataError

WARNING = (
    "checking a file runs it, with all your rights: it could read, change or send your files. The limits stop "
    "accidents, not malice. Check only what you would run yourself, or do it in a container."
)


@dataclass(frozen=True)
class Finding:
    """One thing that the handout asks for; `why` says what is wrong, None where nothing is."""

    name: str
    why: str | None

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "held": self.why is None, "why": self.why}


def check(file: Path, *, seconds: int = 60, megabytes: int = 4096) -> list[Finding]:
    """Execute a student's dataset.py or attention.py and look at what it does.

    `seconds` of processor time (and twice as many by the clock, and 30), `megabytes` of memory. A file that breaks a
    limit or ends by itself has that as its last finding. Raises DataError where there is no such file.
    """
    if file.suffix != ".py" or not file.is_file():
        raise DataError(f"{file} is no Python file; give a student's dataset.py or attention.py")
    if seconds < 1 or megabytes < 512:
        raise DataError(f"--seconds {seconds} must be at least 1, and --megabytes {megabytes} at least 512")
    with tempfile.TemporaryDirectory(prefix="closedbook-") as work:
        result = Path(work) / "findings"
        result.touch()
        command = [sys.executable, "-B", "-m", "closedbook.course.student", file.resolve(), result, seconds, megabytes]
        known = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
        package = str(Path(closedbook.__file__).parents[1])
        environment = {**known, "PYTHONPATH": package, "HOME": work, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        with open(Path(work) / "said", "w+b") as output:
            process = subprocess.Popen(
                [str(word) for word in command], cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True,
            )  # fmt: skip
            try:
                code: int | None = process.wait(2 * seconds + 30)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                _end(process)
        findings, ended = _read(result)
    if code != 0 or not ended:
        findings.append(Finding("the file comes to an end", _ended(code, seconds)))
    return findings


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the process, and what it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _read(result: Path) -> tuple[list[Finding], bool]:
    """The findings, and whether all were made; a last line that was cut short is left out."""
    found, ended = [], False
    for line in result.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            ended = ended or "end" in entry
            found.append(Finding(str(entry["name"]), None if entry["why"] is None else _printable(str(entry["why"]))))
        except (ValueError, KeyError, TypeError):
            continue
    return found, ended


def _printable(text: str) -> str:
    """Control characters shown, not sent to the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _ended(code: int | None, seconds: int) -> str:
    if code is None:
        waited = 2 * seconds + 30
        return f"it was stopped after {waited} s by the clock; is there a loop without an end? Or raise --seconds"
    if code in (-getattr(signal, "SIGXCPU", 24), -getattr(signal, "SIGKILL", 9)):
        return f"it used up {seconds} s of processor time; is there a loop without an end? Or raise --seconds"
    return f"the process ended with code {code} before all was checked; was it out of memory, or did it call exit?"
