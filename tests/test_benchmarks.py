"""Scripts of benchmarks/ say what they take."""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_that_can_be_started_takes_help(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "__main__" not in text or "ArgumentParser(" in text
