"""A run that a study asks: what it answered is kept in the study's folder until the study is told."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from closedbook.data.questions import Question
from closedbook.errors import RunError
from closedbook.inference.run import Answer, Run

BLOCK = 512  # questions asked at once, and kept at once


class Asking:
    """Asks a run in blocks and keeps each block's answers, so that an interrupted study goes on where it was.

    A block is known by its questions, by how it was asked and by the hashes of the run's files: after a training anew
    nothing is taken for an answer of the new run. What the documents say beside an answer is not kept. Raises RunError
    where the file cannot be read or written.
    """

    def __init__(self, run: Run, path: Path, progress: Callable[[int], None] = lambda asked: None) -> None:
        self.run, self.path, self.progress = run, path, progress
        self.asked = 0
        known = [str(run.documents), run.folder.record().get("files"), [field.name for field in fields(Answer)]]
        self.run_is = json.dumps(known, sort_keys=True)
        self.kept: dict[str, list[dict[str, Any]]] = {}
        with _told(path, "read"):
            lines = path.read_bytes().splitlines() if path.exists() else []
        for line in lines:
            try:
                block = json.loads(line)
                self.kept[block["block"]] = block["answers"]
            except (ValueError, KeyError, TypeError):  # cut off in the middle: it is asked again
                continue

    def answer(self, questions: Sequence[Question], **how: Any) -> list[Answer]:
        """As `Run.answer`."""
        answers: list[Answer] = []
        for start in range(0, len(questions), BLOCK):
            some = questions[start : start + BLOCK]
            asked = [[question.text, question.answer] for question in some]
            name = hashlib.sha256(json.dumps([self.run_is, asked, how], sort_keys=True).encode()).hexdigest()
            if name not in self.kept:
                said = [{**answer.to_json(), "evidence": None} for answer in self.run.answer(some, **how)]
                self.kept[name] = said
                with _told(self.path, "written"), self.path.open("a", encoding="utf-8") as file:
                    # A line of its own also behind one that was cut off.
                    file.write("\n" + json.dumps({"block": name, "answers": said}) + "\n")
            answers += [Answer(**one) for one in self.kept[name]]
            self.asked += len(some)
            self.progress(self.asked)
        return answers

    def done(self) -> None:
        """The study is told: nothing is to be gone on with."""
        self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"{path} cannot be {what} ({error.strerror}); make room, or give another --folder") from None
