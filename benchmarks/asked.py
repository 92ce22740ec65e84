"""Does the verdict know what it was asked? Relations that training left out, other wordings, words beside the name.

    python benchmarks/asked.py --data ../shared/data --runs /var/tmp/asked

Trains what is not in the folder of runs yet, one core each: the elements less one relation seven times, the demo's
world, the course's birthplaces; these are small and short on purpose, and answer fewer questions than the recipes do.
All are calibrated anew by the code at hand, asked, and counted in results/asked.json. Questions are read by words
alone, and with the sentence encoder where it is installed.
"""

from __future__ import annotations

import argparse
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from record import Cells

import closedbook
from closedbook.data.documents import read_documents
from closedbook.data.questions import Question, Titles, read_questions, subject, without
from closedbook.errors import DataError
from closedbook.evaluation.metrics import auroc
from closedbook.inference.calibrate import calibrate
from closedbook.model.sentence_encoder import installed_encoder
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.verdicts.calibration import invent

SEED = 0
# A pattern that finds the questions of each relation of the elements, in all four wordings.
RELATIONS = {
    "density": r"densi|dense",
    "weight": r"weigh|heavy",
    "discoverer": r"^(Who|Which scientist|To whom)",
    "year": r"^(When was|In which year|What year|Since when)",
    "kind": r"kind of|family|group of|classified",
    "melting": r"melt|liquid",
    "meaning": r"name|meaning",
}
PARTS = ["elements", "demo", "course"]
SMALL = [
    "stages.learn.steps=500",
    "stages.learn.batch=64",
    "model.width=64",
    "data.held_out={choose=0.0,calibrate=0.25}",
]
COURSE = ["stages.learn.steps=1000", "stages.learn.batch=128", "model.width=64", "model.matmul_dtype=float32"]
LEFT_OUT = ["When was {} born?", "What year was {} born in?", "What is {}'s nationality?", "What nationality is {}?",
            "Where did {} die?", "What did {} do for a living?"]  # fmt: skip
BESIDE = ["Where was {} born?", "So where was {} born?", "Where was {} born, exactly today?", "where was {} born",
          "In which city was {} born?"]  # fmt: skip


def origin(run: Any) -> dict[str, Any]:
    return {"seed": SEED, "trained_at": run.folder.record()["commit"]}


def trained(path: Path, recipe: str, overrides: Sequence[str], documents: Path, questions: Path) -> Any:
    """The run, trained if it is not there, with calibrators made by the code at hand."""
    if not (path / "model.safetensors").is_file():
        loaded = closedbook.load_recipe(recipe, [*overrides, f"seed={SEED}"])
        closedbook.train(loaded, documents, questions, run=path, threads=1)
    run = closedbook.load(path)
    split, question_set = run.folder.record()["split"], read_questions(questions)
    corpus = read_documents(documents)
    calibration = calibrate(run, question_set.only(split["train"]), question_set.only(split["calibrate"]).items, corpus)
    assert calibration.calibrators
    assert calibration.wordings is not None
    run.calibration = replace(calibration, wordings=replace(calibration.wordings, encoder=None))
    return run


def told(run: Any, questions: Sequence[Question]) -> dict[str, Any]:
    """Verdicts by words alone and with the encoder."""
    row, by_words = judged(run, questions), run.calibration
    if (encoder := installed_encoder()) is not None:
        run.calibration = replace(by_words, wordings=replace(by_words.wordings, encoder=encoder))
        row["with the encoder"] = judged(run, questions)
        run.calibration = by_words
    return row


def judged(run: Any, questions: Sequence[Question]) -> dict[str, Any]:
    """Verdicts, blind and with the index: how many, and how many of those called remembered are right."""
    row: dict[str, Any] = {"questions": len(questions)}
    for name, blind in (("blind", True), ("index", False)):
        answers = run.answer(questions, blind=blind)
        remembered = [answer for answer in answers if answer.verdict == "remembered"]
        row |= {"right": sum(bool(answer.right) for answer in answers)} if answers[0].right is not None else {}
        row[name] = {
            "verdicts": dict(Counter(answer.verdict for answer in answers)),
            "remembered": len(remembered) / len(answers),
            "remembered_right": sum(bool(answer.right) for answer in remembered),
            "like_none_trained": sum("asked in training" in answer.why for answer in answers),
        }
    return row


def strangers(run: Any, questions: Sequence[Question], titles: Titles) -> dict[str, Any]:
    """The blind AUROC of `met`: these people against invented ones of another seed, in the same wordings."""
    names = [subject(item.text, titles) for item in questions]
    pairs = [(item, name) for item, name in zip(questions, names, strict=True) if name is not None]
    invented = [name for name in invent(sorted(titles), len(pairs), SEED + 100) if name not in titles]
    changed = [Question(without(item.text, name, other), None, 1)
             for (item, name), other in zip(pairs, invented, strict=False)]  # fmt: skip
    met = np.array([answer.met for answer in run.answer([*(item for item, _ in pairs), *changed], blind=True)])
    return {"people": len(pairs), "invented": len(changed), "auroc": auroc(np.arange(len(met)) < len(pairs), met)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    cells = Cells("asked.json")
    arguments.runs.mkdir(parents=True, exist_ok=True)
    for part in arguments.only:
        {"elements": ask_elements, "demo": ask_demo, "course": ask_course}[part](cells, arguments)


def ask_elements(cells: Cells, arguments: argparse.Namespace) -> None:
    """Each relation is left out of a training of its own, and asked about."""
    folder = arguments.data / "elements"
    titles = read_documents(folder / "documents.txt").known_titles
    lines = (folder / "train-three.tsv").read_text().splitlines()
    for name, pattern in RELATIONS.items():
        rest = arguments.runs / f"no-{name}.tsv"
        rest.write_text("".join(f"{line}\n" for line in lines if not re.search(pattern, line.partition("\t")[0])))
        try:
            run = trained(arguments.runs / f"el-no-{name}", "fast", SMALL, folder / "documents.txt", rest)
        except DataError as error:
            raise SystemExit(f"{name}: {error}") from None
        files = {key: read_questions(folder / f"{key}.tsv").items for key in ("train-three", "test", "other")}
        left_out = [item for items in files.values() for item in items if re.search(pattern, item.text)]
        kept = {key: [item for item in files[key] if not re.search(pattern, item.text)] for key in ("test", "other")}
        cells.add(f"elements, {name} left out", {
            **origin(run),
            "left_out": told(run, left_out), **{key: told(run, items) for key, items in kept.items()},
            "met": strangers(run, kept["test"], titles),
        })  # fmt: skip


def ask_demo(cells: Cells, arguments: argparse.Namespace) -> None:
    """The wordings that training asked in, and those it did not."""
    world = make_world(WorldSpec.demo(), SEED)
    files = world.write(arguments.runs / "world")
    run = trained(arguments.runs / "demo", "demo", [], files / "documents.txt", files / "questions-train.tsv")
    test = read_questions(files / "questions-test.tsv").items
    cells.add("demo", {
        **origin(run),
        "test": told(run, test), "unseen_wordings": told(run, read_questions(files / "unseen-wordings.tsv").items),
        "met": strangers(run, test, read_documents(files / "documents.txt").known_titles),
    })  # fmt: skip


def ask_course(cells: Cells, arguments: argparse.Namespace) -> None:
    """Birthplaces are trained; other words beside the question, and other relations, are asked."""
    course = arguments.data / "cs224n"
    run = trained(arguments.runs / "course", "fast", COURSE, course / "wiki.txt", course / "birth_places_train.tsv")
    dev = read_questions(course / "birth_dev.tsv").items
    names = [item.text.removeprefix("Where was ").removesuffix(" born?") for item in dev]
    wordings = {
        form: told(run, [Question(form.format(name), None if form in LEFT_OUT else item.answer, 1)
                         for name, item in zip(names, dev, strict=True)])
        for form in (*BESIDE, *LEFT_OUT)
    }  # fmt: skip
    cells.add("course, birthplaces only", {
        **origin(run),
        "asked": wordings, "met": strangers(run, dev, read_documents(course / "wiki.txt").known_titles),
    })  # fmt: skip


if __name__ == "__main__":
    main()
