"""Why does pretraining help? Ask about the same people with and without their documents in the corpus.

Every model is trained on a random half of the people, and every person is in exactly half of the models. All train for
the same number of steps, so that each document is seen equally often. The effect of a person's documents is the
accuracy of the models that had them minus that of the models that did not: counterfactual memorisation (Feldman and
Zhang 2020, section 2). The same models show how well `met` separates people who were in the corpus from real people who
were not. One cell is one model.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from closedbook import pipeline
from closedbook.config.schema import Recipe, encode
from closedbook.data.documents import Documents, read_documents
from closedbook.data.questions import Questions, read_questions, split_by_name, subject
from closedbook.errors import DataError, RunError
from closedbook.evaluation import metrics
from closedbook.formatting import decimal, interval, markdown_table, percent, points
from closedbook.inference.run import Run
from closedbook.runs.records import AblationCell
from closedbook.runs.store import write_atomically
from closedbook.studies import study_report
from closedbook.studies.experiment import Experiment
from closedbook.studies.probe_baselines import names_only
from closedbook.verdicts.evidence_store import EvidenceStore
from closedbook.verdicts.evidence_writer import build_index

FORMAT = 1
HEADLINE = "What documents do for answers about their title"
PERMUTATIONS = 2000
SALT = "closedbook ablation"


@dataclass(frozen=True)
class Design:
    """What is varied and what is held still."""

    documents: Path
    questions: Path
    recipe: Recipe
    models: int = 8
    seed: int = 0
    asked: float = 0.3  # share of the questions' people who are asked about and never trained on

    def __post_init__(self) -> None:
        if self.models < 2 or self.models % 2 or not 0 < self.asked < 1:
            raise DataError(
                f"study ablation needs an even number of models, 2 or more, and asked between 0 and 1; "
                f"got models = {self.models}, asked = {self.asked}"
            )

    def to_json(self, documents: Documents, questions: Questions) -> dict[str, Any]:
        return {
            "documents_sha256": documents.sha256,
            "questions_sha256": questions.sha256,
            "recipe": encode(self.recipe),
            "models": self.models,
            "seed": self.seed,
            "asked": self.asked,
        }


def halves(titles: Sequence[str], models: int, seed: int) -> list[frozenset[str]]:
    """The people of each model: a random half, and the other half for the next model."""
    names = sorted(set(titles))
    groups = []
    for pair in range(models // 2):
        order = np.random.default_rng([seed, 4, pair]).permutation(len(names))
        half = frozenset(names[i] for i in order[: len(names) // 2])
        groups += [half, frozenset(names) - half]
    return groups


def run_ablation(
    design: Design, folder: Path, *, begin: Callable[[int], None] = lambda model: None, **training: Any
) -> dict[str, Any]:
    """Train the models that are missing, and return the record; it, the figure and the page are written to `folder`.

    `begin` is called with each model's number; `training` is for `pipeline.train`, such as threads and callbacks.
    Raises RunError where the folder holds another study, DataError where nobody can be asked about.
    """
    study_report.need_matplotlib()
    documents = read_documents(design.documents)
    questions = read_questions(design.questions, need_answers=True)
    plan = design.to_json(documents, questions)
    titles = set(documents.titles)
    split = split_by_name(questions, titles, {"asked": design.asked}, salt=SALT)
    named = [i for i in split["asked"] if subject(questions.items[i].text, titles) is not None]
    if not named or not split["train"]:
        raise DataError(f"{questions.source}: too few questions about people with documents to ask about some")
    test, trained = questions.only(named), questions.only(split["train"])
    names = [subject(item.text, titles) or "" for item in test.items]  # whom each question is about
    study = _Models(folder, plan, len(names))
    people = halves(documents.titles, design.models, design.seed)

    def run_cell(number: int) -> dict[str, Any]:
        """One model, trained on its people's documents and questions and tested on `test` without the index."""
        begin(number)
        work, own = folder / f"model-{number}", people[number]
        shutil.rmtree(work, ignore_errors=True)  # left by an interrupted cell
        work.mkdir(parents=True)
        lines = [item.text for item in documents.items if item.title in own]
        pairs = [f"{item.text}\t{item.answer}" for item in trained.items if subject(item.text, titles) in own]
        for name, content in (("documents.txt", lines), ("questions.tsv", pairs)):
            write_atomically(work / name, "".join(f"{line}\n" for line in content).encode())
        run = pipeline.train(
            replace(design.recipe, seed=design.seed + number), work / "documents.txt", work / "questions.tsv",
            run=work / "run", **training,
        )  # fmt: skip
        answers = _answers(run, test, [name in own for name in names])
        seconds = run.folder.record()["train_seconds"]
        shutil.rmtree(work)
        sizes = {"documents": len(lines), "questions": len(pairs)}
        return {"model": number, **sizes, "seconds": seconds, "answers": answers}

    study.run_cells(range(design.models), run_cell)
    if remaining := study.missing(range(design.models)):
        raise RunError(
            f"another process is at {len(remaining)} models of {folder}; the same command tells the rest later"
        )
    cells = [study.record["cells"][str(number)] for number in range(design.models)]
    record = {
        "study": "ablation",
        "format": FORMAT,
        "design": plan,
        "documents": len(documents),
        "people": len(titles),
        "asked": len(test),
        "asked_people": len(set(names)),
        "cells": [{k: v for k, v in cell.items() if k != "answers"} for cell in cells],
        "summary": summary(cells, names, _mentioned(documents, list(dict.fromkeys(names)), folder), design.seed),
    }
    study_report.write_report(folder, "ablation", record, HEADLINE, page, draw)
    return record


class _Models(Experiment):
    """The models of a study; one that did not answer every question is trained anew."""

    def __init__(self, folder: Path, design: Mapping[str, Any], asked: int) -> None:
        record = {"study": "ablation", "format": FORMAT, "design": design}
        super().__init__(folder, "models.json", record, AblationCell)
        self.asked = asked

    def fits(self, cell: int, stored: Mapping[str, Any]) -> bool:
        return len(stored["answers"]) == self.asked


def _answers(run: Run, test: Questions, inside: Sequence[bool]) -> list[dict[str, Any]]:
    """A model's answers to the test questions, without the index; `inside` says whose documents it was trained on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names of people who were left out have unknown words
        kinds = {kind: run.answer(test.items, blind=True, signals=kind) for kind in ("pass", "all")}
    keys = ("right", "answer", "probability", "met")
    return [
        {"in": trained, **{key: getattr(cheap, key) for key in keys}, "met_all": full.met, "verdict": cheap.verdict}
        for trained, cheap, full in zip(inside, kinds["pass"], kinds["all"], strict=True)
    ]


def _mentioned(documents: Documents, names: Sequence[str], folder: Path) -> np.ndarray:
    """(n,) bool: whether each person is named in somebody else's document."""
    path = folder / "whole.sqlite"
    build_index(path, documents)
    index = EvidenceStore(path)
    mentioned = np.array([index.evidence(f"{name}?", "").mention_count > 0 for name in names], dtype=bool)
    index.close()
    path.unlink()
    return mentioned


def summary(cells: Sequence[dict[str, Any]], names: Sequence[str], mentioned: np.ndarray, seed: int) -> dict[str, Any]:
    """The effect of a page, for all people and for those named elsewhere or not; and what `met` is worth.

    `names` has each question's person, `mentioned` (people,) is in the order in which they are first asked about.
    """
    inside = by_person(cells, names, "in") > 0.5
    right = by_person(cells, names, "right")
    groups = {"all": np.ones(len(mentioned), bool), "named elsewhere": mentioned, "not named elsewhere": ~mentioned}
    effects = {name: effect(right[:, rows], inside[:, rows], seed) for name, rows in groups.items() if rows.any()}
    return {"effect": effects, "met": _met(cells, names, inside, right, seed)}


def by_person(cells: Sequence[dict[str, Any]], names: Sequence[str], key: str) -> np.ndarray:
    """(model, person): the mean over a person's questions, so that who is asked three things counts once."""
    people, place = np.unique(names, return_inverse=True)
    order = np.argsort(np.unique(place, return_index=True)[1])  # as they are first asked about
    values = np.array([[float(answer[key]) for answer in cell["answers"]] for cell in cells])
    sums = np.stack([np.bincount(place, row, len(people)) for row in values])
    return np.asarray(sums / np.bincount(place))[:, order]


def effect(right: np.ndarray, inside: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """Mean over people of accuracy with the page in minus accuracy with it out; both (model, person).

    `right` is the share of a person's answers that equal the gold answer, `inside` is bool. The permutation interval is
    that of effects which shuffling, person by person, which models had the page would give; the p-value the share of
    them that are as large.
    """

    def per_person(inside: np.ndarray) -> np.ndarray:
        with_page, without = inside.sum(0), (~inside).sum(0)
        return (right * inside).sum(0) / np.maximum(with_page, 1) - (right * ~inside).sum(0) / np.maximum(without, 1)

    rng = np.random.default_rng([seed, 5])
    own = per_person(inside)
    shuffled = [float(per_person(rng.permuted(inside, axis=0)).mean()) for _ in range(PERMUTATIONS)]
    people = rng.integers(0, len(own), (PERMUTATIONS, len(own)))
    return {
        "people": len(own),
        "accuracy_in": float(right[inside].mean()),
        "accuracy_out": float(right[~inside].mean()),
        "effect": float(own.mean()),
        "interval": [float(x) for x in np.quantile(own[people].mean(1), [0.025, 0.975])],
        "permutation_interval": [float(x) for x in np.quantile(shuffled, [0.025, 0.975])],
        "p_value": (1 + sum(value >= own.mean() for value in shuffled)) / (1 + PERMUTATIONS),
        "by_effect": np.histogram(own, bins=np.linspace(-1.125, 1.125, 10))[0].tolist(),
    }


def _met(
    cells: Sequence[dict[str, Any]], names: Sequence[str], inside: np.ndarray, right: np.ndarray, seed: int
) -> dict[str, Any] | None:
    """AUROC of `met`, model by model, beside a classifier of the names; None where models were not calibrated.

    The label is `in`: the person's documents were trained on. All are people who exist, and nobody was asked about in
    training. A person's `met` is the mean over the questions about them.
    """
    if any(answer["met"] is None for cell in cells for answer in cell["answers"]):
        return None
    people = list(dict.fromkeys(names))
    judges = {"pass": by_person(cells, names, "met"), "all": by_person(cells, names, "met_all")}
    judges["names only"] = np.array([names_only(people, label, seed + i) for i, label in enumerate(inside)])
    by_judge = {name: list(map(metrics.auroc, inside, values)) for name, values in judges.items()}
    pooled = judges["pass"].ravel()
    return {
        "label": "in: the person's documents were trained on",
        "accuracy_in": float(right[inside].mean()),
        "auroc": {name: {"by_model": values, "mean": float(np.mean(values))} for name, values in by_judge.items()},  # type: ignore[arg-type]
        "auroc_interval": metrics.auroc_interval(inside.ravel(), pooled, seed),
        "called_met": {"in": float((pooled[inside.ravel()] >= 0.5).mean()),
                       "out": float((pooled[~inside.ravel()] >= 0.5).mean())},
    }  # fmt: skip


def page(record: dict[str, Any]) -> str:
    design, effects, met = record["design"], record["summary"]["effect"], record["summary"]["met"]
    table = markdown_table(
        ["titles", "of them", "documents in", "documents out", "effect", "95 % interval", "by chance", "p"],
        [
            [name, row["people"], percent(row["accuracy_in"]), percent(row["accuracy_out"]),
             points(row["effect"]), interval(row["interval"], points),
             interval(row["permutation_interval"], points), f"{row['p_value']:.4f}"]
            for name, row in effects.items()
        ],
    )  # fmt: skip
    text = f"""\
This page shows why pretraining helps, by experiment: the same titles are asked about with their documents in the
training text and with them taken out.

{design["models"]} models of the recipe `{design["recipe"]["name"]}`, each trained on the documents of a random half
of {record["people"]:,} titles, so that every title is in exactly half of the models. All models train for the same
number of steps, so each document that is left in is seen equally often. No model was trained on a question about the
{record["asked_people"]:,} titles that were asked about ({record["asked"]:,} questions). A title counts once, with the
share of the answers about it that is right.

{table}

An answer is right if it equals the gold answer. The effect is the accuracy with the documents in minus the accuracy
with them out, in points, as the mean over titles. "By chance" is where the effect lies, 19 times in 20, if for each
title it is drawn anew which models had its documents.
"""
    if met is None:
        return text
    scores = markdown_table(
        ["judge", "AUROC, mean over models", "lowest", "highest"],
        [[name, *(decimal(x) for x in (judge["mean"], min(judge["by_model"]), max(judge["by_model"])))]
         for name, judge in met["auroc"].items()],
    )  # fmt: skip
    return f"""{text}
## Has it met this title?

Can a model tell the titles whose documents it has read from those whose were taken out? No question about either was
trained on. The judges see no documents: *pass* goes by how the network answers once, *all* also by drawn answers and
thinned networks, and *names only* by the spelling of the names, cross-validated.

{scores}

Called met: {percent(met["called_met"]["in"])} of those who were, {percent(met["called_met"]["out"])} \
of those who were not.
"""


def draw(slide: Any, record: dict[str, Any]) -> None:
    """Accuracy with the page in and out for each group, and how the effects of single people spread."""
    effects = record["summary"]["effect"]
    bars, spread = slide.panels(2)
    for tone, key in enumerate(("accuracy_in", "accuracy_out")):
        places = [i + 0.2 * (2 * tone - 1) for i in range(len(effects))]
        heights = [100 * row[key] for row in effects.values()]
        label = "documents in" if tone == 0 else "documents out"
        bars.bar(places, heights, width=0.36, color=slide.theme.tones[tone], label=label)
    bars.set_xticks(range(len(effects)), [name.replace(" ", "\n", 1) for name in effects])
    bars.set_ylabel("right, % of titles asked about")
    slide.legend(bars, "upper right")
    counts = effects["all"]["by_effect"]
    spread.bar([(i - 4) / 4 for i in range(9)], counts, width=0.2, color=slide.theme.tones[0])
    spread.set_xlabel("effect of the documents on one title")
    spread.set_ylabel("titles")
