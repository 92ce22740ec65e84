"""A study made cell by cell: what is done is kept, the same command goes on with the rest, and processes may share."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from closedbook.data.files import read_file
from closedbook.errors import RunError
from closedbook.runs.records import StudyRecord
from closedbook.runs.store import file_lock
from closedbook.studies import study_report
from closedbook.validation import convert, parse_json


class Experiment:
    """A folder with one JSON record: `study`, `format`, `design` (what all cells share) and `cells` by their keys.

    A finished cell is never run again. One that another process is at is left to it.
    """

    def __init__(self, folder: Path, file: str, record: Mapping[str, Any]) -> None:
        """Open or begin. Raises RunError where the folder holds another design, or a file that is none of ours."""
        self.folder, self.path = folder, folder / file
        self.record: dict[str, Any] = {**record, "cells": {}}
        self.refresh()

    def key(self, cell: Any) -> str:
        """What a cell is called in the record."""
        return str(cell)

    def fits(self, cell: Any, stored: Mapping[str, Any]) -> bool:
        """Whether a stored cell is the one that would be made now."""
        return True

    def write(self) -> None:
        """Write the record after each cell, and whatever is told of it."""
        study_report.write_json(self.path, self.record)

    def missing(self, cells: Iterable[Any]) -> list[Any]:
        """The cells that are still to be run."""
        stored = self.record["cells"]
        return [
            cell
            for cell in dict.fromkeys(cells)
            if not (self.key(cell) in stored and self.fits(cell, stored[self.key(cell)]))
        ]

    def run_cells(self, cells: Iterable[Any], make: Callable[[Any], dict[str, Any] | None]) -> None:
        """Make the cells that are missing, one after another; one that `make` gives None for is left out."""
        study_report.make_folder(self.folder)
        for cell in self.missing(cells):
            with file_lock(self.lock(cell)) as ours:
                if not ours:
                    continue
                self.refresh()
                if not self.missing([cell]) or (made := make(cell)) is None:
                    continue
                with self.alone():
                    self.record["cells"][self.key(cell)] = made
                    self.write()
        self.refresh()

    def lock(self, cell: Any) -> Path:
        return self.folder / f".cell-{hashlib.sha256(self.key(cell).encode()).hexdigest()[:16]}.lock"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """With the record as it is on disk, which no other process changes meanwhile."""
        while True:
            with file_lock(self.folder / ".lock") as ours:
                if ours:
                    self.refresh()
                    yield
                    return
            time.sleep(0.1)

    def refresh(self) -> None:
        """Take in what is on disk, other processes' cells too."""
        if not self.path.exists():
            return
        try:
            stored = convert(StudyRecord, parse_json(read_file(self.path)), "", RunError)
            study, design, _ = (stored["study"], stored["format"]), stored["design"], {**stored["cells"]}
            differ = [key for key, value in self._design().items() if design.get(key) != value]
            differ += [key for key in design if key not in self.record["design"]]
        except (OSError, ValueError, KeyError, RunError):
            raise RunError(f"{self.path} is damaged or no study; remove it, or give another --folder") from None
        if study != (self.record["study"], self.record["format"]):
            raise RunError(f"{self.path} is another study or of another format; give another --folder")
        if differ:
            raise RunError(f"{self.path} was made with another {differ[0]}; give the same options, or another --folder")
        self.record = stored

    def _design(self) -> dict[str, Any]:
        """As it comes back from a file."""
        return dict(json.loads(json.dumps(self.record["design"])))
