"""Answer a file of questions and score the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from closedbook.data.questions import Questions
from closedbook.evaluation.confidence_report import confidence_report
from closedbook.evaluation.score import score
from closedbook.inference.run import Run
from closedbook.verdicts.verdict import PRECISION


def evaluate(
    run: Run,
    questions: Questions,
    progress: Callable[[int], None] | None = None,
    *,
    blind: bool = False,
    precision: float = PRECISION,
    signals: str = "pass",
) -> dict[str, Any]:
    """Answer a file of questions and score it: the object that `evaluate --json` prints and evaluation.json holds."""
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
