"""Answer a file of questions and score the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from closedbook.data.questions import Questions, read_questions
from closedbook.evaluation.confidence_report import confidence_report
from closedbook.evaluation.score import score
from closedbook.inference.run import Run, load
from closedbook.verdicts.verdict import PRECISION


def evaluate(
    run: Run | str | Path,
    questions: Questions | str | Path,
    progress: Callable[[int], None] | None = None,
    *,
    blind: bool = False,
    precision: float = PRECISION,
    signals: str = "pass",
) -> dict[str, Any]:
    """Answer a file of questions and score it: the object that `evaluate --json` prints and evaluation.json holds.

    Args:
        run: a run, or the folder of one.
        questions: questions with their answers, or the file that they are in.
        progress, blind, precision, signals: as for `Run.answer`.

    Returns:
        `correct`, `total`, `accuracy` from 0 to 1 with its 95 % Wilson `interval`, `normalised_match`, `f1`,
        `confidence`, and `answers`, one object for each question.

    Raises RunError for a folder that is no finished run, DataError for a file that cannot be used.
    """
    run = run if isinstance(run, Run) else load(run)
    questions = questions if isinstance(questions, Questions) else read_questions(questions, need_answers=True)
    began = time.perf_counter()
    answers = run.answer(questions.items, progress, blind=blind, precision=precision, signals=signals)
    seconds = time.perf_counter() - began
    scored = score([answer.answer for answer in answers], questions)
    return {
        **scored.to_json(),
        "confidence": confidence_report(run, answers, precision, signals),
        "seconds": round(seconds, 3),
        "run": str(run.path),
        "questions": questions.source,
        "questions_sha256": questions.sha256,
        "answers": [answer.to_json() for answer in answers],
    }
