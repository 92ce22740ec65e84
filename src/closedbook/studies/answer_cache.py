"""Answers that a study collects from a run, cached in the study's folder until the study is written."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from closedbook.data.files import read_file
from closedbook.data.questions import Question
from closedbook.errors import DataError, RunError
from closedbook.inference.answer import Answer
from closedbook.inference.run import Run
from closedbook.validation import convert, parse_json
from closedbook.verdicts.evidence_store import EvidenceStore

BLOCK = 512  # questions that are answered, and cached, at a time


def index_of(run: Run) -> EvidenceStore:
    """Raises DataError for a run that has no index of its documents."""
    if run.index is None:
        raise DataError(f"{run.path} has no index of its documents; train it anew")
    return run.index


class AnswerCache:
    """Answers questions in blocks and caches each block, so that an interrupted study resumes where it stopped.

    A block's key covers its questions, the options and the hashes of the run's files, so that a retrained run never
    gets the old run's answers. Evidence is not cached. As a context manager it removes its file at the end, unless
    there was an error. Raises RunError if the file cannot be read or written.
    """

    def __init__(self, run: Run, path: Path, progress: Callable[[int], None] = lambda count: None) -> None:
        self.run, self.path, self.progress = run, path, progress
        self.count = 0  # questions answered
        identity = [str(run.documents), run.folder.record().get("files"), [field.name for field in fields(Answer)]]
        self.run_key = json.dumps(identity, sort_keys=True)
        self.blocks: dict[str, list[Answer]] = {}
        lines: list[bytes] = []
        if path.exists():
            with _file_errors(path, "read"):
                lines = read_file(path).splitlines()
        for line in lines:
            try:
                entry = parse_json(line)
                self.blocks[entry["block"]] = convert(list[Answer], entry["answers"], "answers", RunError)
            except (ValueError, KeyError, TypeError, RunError):  # a truncated line: its questions are asked again
                continue

    def __enter__(self) -> AnswerCache:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            self.path.unlink(missing_ok=True)

    def answer(self, questions: Sequence[Question], **options: Any) -> list[Answer]:
        """As `Run.answer`."""
        answers: list[Answer] = []
        for start in range(0, len(questions), BLOCK):
            block = questions[start : start + BLOCK]
            content = [self.run_key, [[question.text, question.answer] for question in block], options]
            key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
            if len(self.blocks.get(key, ())) != len(block):
                rows = [{**answer.to_json(), "evidence": None} for answer in self.run.answer(block, **options)]
                self.blocks[key] = [Answer(**row) for row in rows]
                with _file_errors(self.path, "written"), self.path.open("a", encoding="utf-8") as file:
                    # The leading newline ends a line that was truncated.
                    file.write("\n" + json.dumps({"block": key, "answers": rows}) + "\n")
            answers += self.blocks[key]
            self.count += len(block)
            self.progress(self.count)
        return answers


@contextlib.contextmanager
def _file_errors(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"{path} cannot be {verb} ({error.strerror}); make room, or give another --folder") from None
