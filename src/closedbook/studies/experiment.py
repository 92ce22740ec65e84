"""A resumable grid of cells: finished ones are stored, and several processes may work on the rest."""

from __future__ import annotations

import contextlib
import hashlib
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

    A finished cell is never run again. A cell that another process is working on is left to that process.
    """

    def __init__(self, folder: Path, file: str, record: Mapping[str, Any], cell_type: Any) -> None:
        """Open the record, or start one. Raises RunError if the folder holds another design or another kind of file.

        `cell_type` is what a stored cell has to be (closedbook.runs.records).
        """
        self.folder, self.path, self.cell_type = folder, folder / file, cell_type
        self.record: dict[str, Any] = {**record, "cells": {}}
        self.refresh()

    def key(self, cell: Any) -> str:
        """The cell's key in the record."""
        return str(cell)

    def fits(self, cell: Any, stored: Mapping[str, Any]) -> bool:
        """Whether a stored cell is what running it now would give."""
        return True

    def summary(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a record's cells say together, for studies that keep it in the record; never taken from a file."""
        return None

    def write(self) -> None:
        """Write the record (and the report, in subclasses that have one); called after each cell."""
        study_report.write_json(self.path, self.record)

    def missing(self, cells: Iterable[Any]) -> list[Any]:
        """The cells still to be run."""
        stored = self.record["cells"]
        return [c for c in dict.fromkeys(cells) if self.key(c) not in stored or not self.fits(c, stored[self.key(c)])]

    def run_cells(self, cells: Iterable[Any], run_cell: Callable[[Any], dict[str, Any] | None]) -> None:
        """Run the missing cells in order; a cell for which `run_cell` returns None is not stored."""
        study_report.make_folder(self.folder)
        for cell in self.missing(cells):
            with file_lock(self.lock(cell)) as ours:
                if not ours:
                    continue
                self.refresh()
                if not self.missing([cell]) or (result := run_cell(cell)) is None:
                    continue
                with self.locked():
                    self.record["cells"][self.key(cell)] = result
                    self.write()
        self.refresh()

    def lock(self, cell: Any) -> Path:
        return self.folder / f".cell-{hashlib.sha256(self.key(cell).encode()).hexdigest()[:16]}.lock"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the record's lock, with the record as it is on disk."""
        while True:
            with file_lock(self.folder / ".lock") as ours:
                if ours:
                    self.refresh()
                    yield
                    return
            time.sleep(0.1)

    def refresh(self) -> None:
        """Read the record from disk, with the cells of other processes."""
        if not self.path.exists():
            return
        try:
            stored = convert(StudyRecord, parse_json(read_file(self.path)), "", RunError)
            stored = {key: value for key, value in stored.items() if key in StudyRecord.__annotations__}
            cells = stored["cells"].items()
            stored["cells"] = {key: convert(self.cell_type, cell, key, RunError) for key, cell in cells}
            if cells and (summary := self.summary(stored)) is not None:
                stored["summary"] = summary
        except (OSError, ValueError, ArithmeticError, LookupError, RunError):  # cells may not fit each other
            raise RunError(f"{self.path} is damaged or no study; remove it, or give another --folder") from None
        if any(stored[key] != self.record[key] for key in ("study", "format")):
            raise RunError(f"{self.path} is another study or of another format; give another --folder")
        design, ours = stored["design"], self.record["design"]
        differ = [key for key, value in ours.items() if design.get(key) != value]
        differ += [key for key in design if key not in ours]
        if differ:
            raise RunError(f"{self.path} was made with another {differ[0]}; give the same options, or another --folder")
        self.record = stored
