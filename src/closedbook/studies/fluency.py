"""Does the output alone reveal whether an answer was remembered? How plausible wrong answers are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from closedbook.data.questions import Questions
from closedbook.errors import DataError
from closedbook.evaluation import metrics
from closedbook.evaluation.baselines import WholeWords
from closedbook.formatting import decimal, interval, markdown_table, percent
from closedbook.inference.run import Run
from closedbook.studies import study_report
from closedbook.studies.answer_cache import AnswerCache, index_of
from closedbook.studies.probe_baselines import output_only
from closedbook.verdicts.signals import FULL

FORMAT = 1
HEADLINE = "Can a reader tell a remembered answer from an invented one?"
PRECISIONS = (0.5, 0.8, 0.9, 0.95, 0.99)
LOWER_IS_SURER = {"entropy", "no_memory_row", "unknown", "reworded_entropy", "sampled_entropy"}


def run_fluency(
    run: Run, questions: Questions, folder: Path, *, progress: Callable[[int], None] = lambda count: None
) -> dict[str, Any]:
    """Ask a run questions with known answers, and write the record, the figure and the page to `folder`.

    Raises DataError where no answers are known, or all are right or all wrong.
    """
    study_report.make_folder(folder)
    index_of(run)  # known to be there before anything is asked
    with AnswerCache(run, folder / "fluency-answers.jsonl", progress) as cache:
        record = measure(cache, questions)
        study_report.write_report(folder, "fluency", record, HEADLINE, page, draw)
    return record


def measure(cache: AnswerCache, questions: Questions) -> dict[str, Any]:
    """The record of the study."""
    run, golds = cache.run, questions.answers
    answers = cache.answer(questions.items, signals="all")
    right = np.array([bool(answer.right) for answer in answers])
    if right.all() or not right.any():
        raise DataError("all answers are right, or all wrong: nothing to tell apart; ask more questions")
    seed, frequency = run.recipe.seed, index_of(run).golds()
    texts = [answer.answer for answer in answers]
    signs = {name: -1 if name in LOWER_IS_SURER else 1 for name in FULL}
    judges = {name: sign * np.array([answer.signals[name] for answer in answers]) for name, sign in signs.items()}
    judges |= {
        "the model's own probability": np.array([answer.model_probability for answer in answers]),
        "calibrated probability": np.array([answer.probability for answer in answers]),
        "a reader of the output alone": output_only(texts, right, frequency, seed),
    }
    return {
        "study": "fluency",
        "format": FORMAT,
        "run": str(run.path),
        "questions": len(answers),
        "questions_sha256": questions.sha256,
        "label": "right: equals the gold answer",
        "right": int(right.sum()),
        "plausible": {
            name: _plausible(run, [i for i, r in enumerate(right) if r == wanted], texts, questions, frequency)
            for name, wanted in (("right", True), ("wrong", False))
        },
        "gold_answers_known": sum(gold in frequency for gold in golds) / len(golds),
        "judges": {name: metrics.ranking(right, score, seed) for name, score in judges.items()},
        "service": [_service(cache, questions, precision) for precision in PRECISIONS],
        "common_wrong": Counter(text for text, r in zip(texts, right, strict=True) if not r).most_common(10),
    }


def _plausible(
    run: Run, rows: list[int], answers: list[str], questions: Questions, frequency: dict[str, int]
) -> dict[str, float | int]:
    """How plausible these answers are: is each some training answer, and does it occur in the person's documents?"""
    index, pages = index_of(run), []
    for i in rows:
        title = index.documents(questions.items[i].text)[0]
        pages.append([document.text for document in index.texts(title)] if title else [])
    stands = [any(WholeWords(answers[i]).search(text) for text in page) for i, page in zip(rows, pages, strict=True)]
    return {
        "answers": len(rows),
        "is_a_training_answer": float(np.mean([answers[i] in frequency for i in rows])),
        "stands_in_the_page": float(np.mean(stands)),
        "median_training_questions": float(np.median([frequency.get(answers[i], 0) for i in rows])),
    }


def _service(cache: AnswerCache, questions: Questions, precision: float) -> dict[str, Any]:
    """The errors of a system that answers only above this precision, with the index and without it."""
    by_mode = {}
    for name, blind in (("with the index", False), ("blind", True)):
        answers = cache.answer(questions.items, precision=precision, blind=blind)
        right = np.array([bool(answer.right) for answer in answers])
        by_mode[name] = metrics.given_precision(right, np.array([not a.abstained for a in answers]), precision)
    return {"precision": precision, **by_mode}


def page(record: dict[str, Any]) -> str:
    judges = sorted(record["judges"].items(), key=lambda item: -(item[1]["auroc"] or 0))
    ranked = markdown_table(
        ["judge", "AUROC", "95 % interval", "excess AURC"],
        [[name, decimal(judge["auroc"]), interval(judge["auroc_interval"]), decimal(judge["excess_aurc"], 4)]
         for name, judge in judges],
    )  # fmt: skip
    plausible = markdown_table(
        ["", "answers", "is some training answer", "stands in the person's page", "training questions, median"],
        [[name, row["answers"], percent(row["is_a_training_answer"]), percent(row["stands_in_the_page"]),
          f"{row['median_training_questions']:g}"] for name, row in record["plausible"].items()],
    )  # fmt: skip
    service = markdown_table(
        ["asked for", "judge", "answered", "wrong among them", "precision", "95 % interval"],
        [[percent(entry["precision"]), name, percent(entry[name]["coverage"]),
          entry[name]["answered"] - entry[name]["correct"], percent(entry[name]["precision"]),
          interval(entry[name]["interval"])]
         for entry in record["service"] for name in ("with the index", "blind")],
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
    for row, (name, judge) in enumerate(judges):
        tone = 1 if "output alone" in name else 0 if "probability" in name else 3
        ax.plot(judge["auroc_interval"], [row, row], color=slide.theme.tones[tone], linewidth=2.4)
        slide.dots(ax, [judge["auroc"]], [row], tone)
    ax.axvline(0.5, color=slide.theme.ink, linewidth=1.1, linestyle=(0, (2, 2)))
    ax.set_yticks(range(len(judges)), [name.replace("_", " ") for name, _ in judges])
    ax.set_xlabel("AUROC, right against wrong, with its 95 % interval; 0.5 is guessing")
