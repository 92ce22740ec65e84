"""benchmarks/fuzz.py runs, tells a fault with the file that shows it, and ends with 1 then."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
pytest.importorskip("resource")
import fuzz

from closedbook.errors import RunError


class Pipe:
    def send(self, told: object) -> None:
        self.told = told


def outcome(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, int], dict[str, str]]:
    monkeypatch.setattr(fuzz.resource, "setrlimit", lambda *_: None)
    pipe = Pipe()
    fuzz.try_reader(fuzz.Reader(st.binary(max_size=4), read), 0, 0.3, pipe, tmp_path / "last")
    return pipe.told


def test_what_is_used_or_refused_in_a_line_is_no_fault(tmp_path, monkeypatch):
    def read(content: bytes) -> None:
        if content:
            raise RunError("it is damaged; bring it back")

    counts, faults = outcome(read, tmp_path, monkeypatch)
    assert counts["tried"] == counts["used"] + counts["refused"]
    assert counts["refused"] > 0
    assert not faults


def test_another_error_is_a_fault_and_is_told_with_the_smallest_file(tmp_path, monkeypatch):
    def read(content: bytes) -> None:
        if content:
            raise KeyError("x")

    _, faults = outcome(read, tmp_path, monkeypatch)
    (fault,) = faults
    assert "KeyError at test_fuzz.py" in fault
    assert faults[fault] == repr(b"\x00")


def test_honest_json_is_changed_in_places_and_bytes_anywhere():
    @fuzz.settings(database=None, deadline=None, max_examples=50)
    @fuzz.given(fuzz.forged({"a": [1, {"b": 2}]}), fuzz.spoiled(b"honest"))
    def tried(data, content):
        seen.append((repr(data), content))

    seen: list[tuple[str, bytes]] = []
    tried()
    assert len(set(seen)) > 20
