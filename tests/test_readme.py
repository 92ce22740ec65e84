"""The README says what the results say, and its commands are commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from closedbook.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [line.split(" #")[0].strip() for line in README.splitlines() if line.startswith("closedbook ")]


def test_figures_in_the_readme_are_those_of_the_results() -> None:
    script = ROOT / "benchmarks" / "readme.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", LINES)
def test_commands_in_the_readme_exist_with_their_options(line: str) -> None:
    words = shlex.split(line)[1:]
    depth = 2 if words[0] in ("show", "list", "study") else 1
    assert words[0] in COMMANDS
    helped = subprocess.run(
        [sys.executable, "-m", "closedbook", *words[: 1 if words[0] == "list" else depth], "--help"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    for option in re.findall(r"--[a-z-]+", line):
        assert option in helped, f"{option} is not in the help of: {line}"
