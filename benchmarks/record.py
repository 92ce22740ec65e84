"""Results with their origin, kept cell by cell so that a long experiment can be stopped and resumed."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from closedbook import __version__
from closedbook.runs.provenance import source_commit
from closedbook.runs.store import write_atomically

RESULTS = Path(__file__).parents[1] / "results"


def origin() -> dict[str, Any]:
    """Where a figure comes from: command, commit, versions, machine."""
    script = Path(sys.argv[0]).name
    return {
        "command": shlex.join(["python", f"benchmarks/{script}", *map(_portable, sys.argv[1:])]),
        "commit": source_commit(),
        "closedbook": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
    }


def processor() -> str:
    """The processor's name and what bears on speed."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.replace("\t", "").split(":", 1) for line in lines if ":" in line)
    flags = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in fields.get("flags", "").split()]
    return f"{fields.get('model name', '?').strip()} ({', '.join(flags)})"


class Cells:
    """A results file of named cells. A cell that is there is not run again.

    Two processes may fill one file, each with cells of its own: what the other has added is read again before a save.
    """

    def __init__(self, name: str) -> None:
        self.path = RESULTS / name
        self.data: dict[str, Any] = {"cells": {}}
        self.own: set[str] = set()  # the cells that this process added
        self._read()

    def _read(self) -> None:
        if self.path.exists():
            there = json.loads(self.path.read_text(encoding="utf-8"))
            own = {name: self.data["cells"][name] for name in self.own}
            self.data = there | self.data | {"cells": self.data["cells"] | there["cells"] | own}

    def __contains__(self, cell: str) -> bool:
        self._read()
        return cell in self.data["cells"]

    def __getitem__(self, cell: str) -> Any:
        return self.data["cells"][cell]

    def add(self, cell: str, value: Mapping[str, Any], **about: Any) -> None:
        """Keep one cell, with its origin, and whatever is said about the file as a whole."""
        self.data["cells"][cell] = {**value, "origin": origin()}
        self.own.add(cell)
        self.save(**about)

    def save(self, **about: Any) -> None:
        self._read()
        self.data |= about
        RESULTS.mkdir(exist_ok=True)
        write_atomically(self.path, (json.dumps(self.data, indent=1, ensure_ascii=False) + "\n").encode())


def _portable(argument: str) -> str:
    """An argument without this machine's folders: of a path, alone or behind "=", its last two parts."""
    before, mark, path = argument.rpartition("=")
    return f"{before}{mark}../{'/'.join(Path(path).parts[-2:])}" if Path(path).is_absolute() else argument


def run_timed(command: list[str]) -> dict[str, Any]:
    """Run one command to its end: seconds from start to exit, its peak memory in MB, its standard output."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if code := os.waitstatus_to_exitcode(status):
            raise SystemExit(f"{shlex.join(command)} failed with {code}")
        output.seek(0)
        return {
            "wall_seconds": round(seconds, 1),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
            "peak_memory_mb": round(usage.ru_maxrss / 1024),
            "output": output.read(),
        }
