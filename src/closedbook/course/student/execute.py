"""Execute a student's file within limits and check it; `closedbook.course.check` starts this.

    python -m closedbook.course.student.execute FILE SECONDS MEGABYTES

The first line of standard input is a secret word. Findings are printed as JSON, one
a line, each with that word; the output of the file itself is discarded.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from closedbook.course.student import CHECKED
from closedbook.course.student.attention_checks import cross_attention, self_attention, synthesizer_attention
from closedbook.course.student.dataset_checks import corruption
from closedbook.course.student.device import OnCPU
from closedbook.course.student.findings import Checks, explained, judge
from closedbook.course.student.perceiver_checks import down, up
from closedbook.course.student.rotary_checks import rotary

ALL = (corruption, synthesizer_attention, self_attention, cross_attention, rotary, down, up)
CHECKS: dict[str, Callable[[Any], Checks]] = dict(zip(CHECKED, ALL, strict=True))


def main(file: Path, seconds: int, megabytes: int) -> None:
    """Limit this process, import the file and check every class and function of the course that it has."""
    word = sys.stdin.readline().strip()
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    limit(seconds, megabytes)
    count = 0

    def report(name: str, held: bool | None, why: str | None) -> None:
        nonlocal count
        count += 1
        lines.write(json.dumps({"word": word, "name": name, "held": held, "why": why}) + "\n")
        lines.flush()

    with OnCPU(file) as on_cpu:
        examine(file, report)
    if on_cpu.lines:
        where = ", ".join(map(str, sorted(on_cpu.lines)))
        report(
            "the file runs on any device", None,
            f"it moves tensors to a GPU by itself (line {where}), and would fail without one; it was checked on the "
            "CPU. Use the device of the input: x.device",
        )  # fmt: skip
    lines.write(json.dumps({"word": word, "end": count}) + "\n")
    lines.flush()


def examine(file: Path, report: Callable[[str, bool | None, str | None], None]) -> None:
    """Import the file, and run the checks of everything in CHECKED that it defines."""
    try:
        module = load(file)
    except BaseException as error:
        report("the file can be imported", False, explained(error, file))
        return
    report("the file can be imported", True, None)
    names = [name for name in CHECKED if defines(module, name)]
    if not names:
        report("the file has something to check", False, f"none of {', '.join(CHECKED)} is defined in it")
    for name in names:
        judge(CHECKS[name](module), file, report)


def defines(module: ModuleType, name: str) -> bool:
    """Whether the file itself defines `name`; imports are checked with their own file."""
    return hasattr(module, name) and getattr(getattr(module, name), "__module__", module.__name__) == module.__name__


def load(file: Path) -> ModuleType:
    """Import the file with its folder on the path, as if it were run from there."""
    sys.path.insert(0, str(file.parent))
    sys.argv = [str(file)]
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def limit(seconds: int, megabytes: int) -> None:
    """Limit CPU time, memory and file sizes, where the system can."""
    torch.set_num_threads(1)
    try:
        import resource
    except ImportError:
        return
    limits = [
        (resource.RLIMIT_CPU, seconds + math.ceil(time.process_time())),  # torch has used some already
        (resource.RLIMIT_DATA, megabytes << 20),
        (resource.RLIMIT_FSIZE, 16 << 20),
        (resource.RLIMIT_CORE, 0),
    ]
    with contextlib.suppress(OSError, ValueError, IndexError):  # Linux: shared maps count here, not under RLIMIT_DATA
        mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        limits.append((resource.RLIMIT_AS, mapped + (megabytes << 20)))
    for kind, most in limits:
        with contextlib.suppress(OSError, ValueError):  # macOS refuses some
            resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
