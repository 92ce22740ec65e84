"""Does the output alone tell memory from invention? How plausible wrong answers are, and who can tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from closedbook.data.questions import Questions
from closedbook.errors import DataError
from closedbook.evaluation import metrics
from closedbook.evaluation.baselines import whole_words
from closedbook.formatting import decimal, interval, markdown_table, percent
from closedbook.inference.run import Run
from closedbook.studies import study_report
from closedbook.studies.answer_cache import Asking
from closedbook.studies.probe_baselines import output_only
from closedbook.verdicts.signals import FULL

FORMAT = 1
HEADLINE = "Can a reader tell a remembered answer from an invented one?"
PRECISIONS = (0.5, 0.8, 0.9, 0.95, 0.99)
LOWER_IS_SURER = {"entropy", "no_memory_row", "unknown", "reworded_entropy", "sampled_entropy"}


def run_fluency(
    run: Run, questions: Questions, folder: Path, *, progress: Callable[[int], None] = lambda asked: None
) -> dict[str, Any]:
    """Ask a run questions with known answers, and write the record, the figure and the page to `folder`.

    Raises DataError where no answers are known, or all are right or all wrong.
    """
    study_report.need_matplotlib()
    study_report.make_folder(folder)
    golds = questions.answers
    if run.index is None:
        raise DataError(f"{run.path} has no index of its documents; train it anew")
    asking = Asking(run, folder / "fluency-answers.jsonl", progress)
    answers = asking.answer(questions.items, signals="all")
    right = np.array([bool(answer.right) for answer in answers])
    if right.all() or not right.any():
        raise DataError("all answers are right, or all wrong: nothing to tell apart; ask more questions")
    seed, frequency = run.recipe.seed, run.index.golds()
    said = [answer.answer for answer in answers]
    judges = {
        name: np.array([a.signals[name] for a in answers]) * (-1 if name in LOWER_IS_SURER else 1) for name in FULL
    }
    judges |= {
        "the model's own probability": np.array([answer.model_probability for answer in answers]),
        "calibrated probability": np.array([answer.probability for answer in answers]),
        "a reader of the output alone": output_only(said, right, frequency, seed),
    }
    record = {
        "study": "fluency",
        "format": FORMAT,
        "run": str(run.path),
        "questions": len(answers),
        "questions_sha256": questions.sha256,
        "label": "right: equals the gold answer",
        "right": int(right.sum()),
        "plausible": {
            name: _plausible(run, [i for i, r in enumerate(right) if r == wanted], said, questions, frequency)
            for name, wanted in (("right", True), ("wrong", False))
        },
        "gold_answers_known": sum(gold in frequency for gold in golds) / len(golds),
        "judges": {name: metrics.ranking(right, score, seed) for name, score in judges.items()},
        "service": [_service(asking, questions, precision) for precision in PRECISIONS],
        "common_wrong": Counter(text for text, r in zip(said, right, strict=True) if not r).most_common(10),
    }
    study_report.tell(folder, "fluency", record, HEADLINE, page(record), lambda slide: draw(slide, record))
    asking.done()
    return record


def _plausible(
    run: Run, rows: list[int], said: list[str], questions: Questions, frequency: dict[str, int]
) -> dict[str, float | int]:
    """What a reader would think of these answers: are they of the right kind, and do they stand in the page at all?"""
    assert run.index is not None
    texts = []
    for i in rows:
        title = run.index.documents(questions.items[i].text)[0]
        texts.append([document.text for document in run.index.texts(title)] if title else [])
    stands = [any(whole_words(said[i]).search(text) for text in each) for i, each in zip(rows, texts, strict=True)]
    return {
        "answers": len(rows),
        "is_a_training_answer": float(np.mean([said[i] in frequency for i in rows])),
        "stands_in_the_page": float(np.mean(stands)),
        "median_training_questions": float(np.median([frequency.get(said[i], 0) for i in rows])),
    }


def _service(asking: Asking, questions: Questions, precision: float) -> dict[str, Any]:
    """What a system that answers only where it is sure enough would get wrong, with the index and blind."""
    given = {}
    for name, blind in (("with the index", False), ("blind", True)):
        answers = asking.answer(questions.items, precision=precision, blind=blind)
        right = np.array([bool(answer.right) for answer in answers])
        given[name] = metrics.given_precision(right, np.array([not a.abstained for a in answers]), precision)
    return {"precision": precision, **given}


def page(record: dict[str, Any]) -> str:
    judges = sorted(record["judges"].items(), key=lambda item: -(item[1]["auroc"] or 0))
    ranked = markdown_table(
        ["judge", "AUROC", "95 % interval", "excess AURC"],
        [[name, decimal(one["auroc"]), interval(one["auroc_interval"]),
          decimal(one["excess_aurc"], 4)] for name, one in judges],
    )  # fmt: skip
    plausible = markdown_table(
        ["", "answers", "is some training answer", "stands in the person's page", "training questions, median"],
        [[name, one["answers"], percent(one["is_a_training_answer"]),
          percent(one["stands_in_the_page"]),
                    f"{one['median_training_questions']:g}"] for name, one in record["plausible"].items()],
    )  # fmt: skip
    service = markdown_table(
        ["asked for", "judge", "answered", "wrong among them", "precision", "95 % interval"],
        [[percent(one["precision"]), name, percent(one[name]["coverage"]),
          one[name]["answered"] - one[name]["correct"], percent(one[name]["precision"]),
          interval(one[name]["interval"])]
         for one in record["service"] for name in ("with the index", "blind")],
    )  # fmt: skip
    common = ", ".join(f"{text or '(nothing)'} ({count})" for text, count in record["common_wrong"])
    return f"""\
{record["questions"]:,} questions, {record["right"]:,} answered right (equal to the gold answer).

## How plausible wrong answers are

{plausible}

The most frequent wrong answers: {common}.

## Who can tell

Each judge ranks the answers; the area under the curve is the chance that a right one is ranked above a wrong one. The
reader of the output alone knows how often each answer occurs among the training questions and sees the answer's text.

{ranked}

## What a service would get wrong

{service}
"""


def draw(slide: Any, record: dict[str, Any]) -> None:
    """AUROC of each judge with its interval."""
    (ax,) = slide.panels(1)
    judges = sorted(record["judges"].items(), key=lambda item: item[1]["auroc"] or 0)
    for row, (name, one) in enumerate(judges):
        tone = 1 if "output alone" in name else 0 if "probability" in name else 3
        ax.plot(one["auroc_interval"], [row, row], color=slide.theme.tones[tone], linewidth=2.4)
        slide.dots(ax, [one["auroc"]], [row], tone)
    ax.axvline(0.5, color=slide.theme.ink, linewidth=1.1, linestyle=(0, (2, 2)))
    ax.set_yticks(range(len(judges)), [name.replace("_", " ") for name, _ in judges])
    ax.set_xlabel("AUROC, right against wrong, with its 95 % interval; 0.5 is guessing")
