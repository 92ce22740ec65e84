"""What a verdict is worth: results/verdict.json, cell by cell, on the course's data and on built-in worlds.

    python benchmarks/verdict.py --data ../shared/data/cs224n --seeds 0 1 2
    python benchmarks/verdict.py --data … --only "course seed 0" lookups

A cell "course seed S" trains `fast`, or takes the run that --runs has of it, and reads dev when the run is trained,
indexed and calibrated; "world seed S" does the same with `demo` on the world of that seed. "course taken out" and
"world taken out" are `study ablation`: people whose pages were taken out before training against people kept. "lookups"
times a corpus of a million lines, "strange questions" asks some of the run of the first seed. A cell that is there is
not run again, and inside the ablations no model is. --set changes the recipes of all cells, --quick all sizes: it
proves the script, not a claim.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from record import RESULTS, Cells

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.config.schema import Recipe
from closedbook.data.documents import read_documents, title_of
from closedbook.data.questions import Questions, read_questions
from closedbook.evaluation import metrics
from closedbook.inference.run import Run
from closedbook.runs.folder import RunFolder
from closedbook.studies.ablation import Design, run_ablation
from closedbook.studies.fluency import run_fluency
from closedbook.studies.reversal import run_reversal
from closedbook.studies.strangers import run_strangers
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.training.setup import prepare_training
from closedbook.verdicts.evidence_store import EvidenceStore
from closedbook.verdicts.evidence_writer import build_index

PRECISIONS = (0.8, 0.9, 0.95)
STRANGE = (
    "?", "Where was", "Hector " * 1430, "Wo wurde Marie Curie geboren?", "Ada\x07\x1b[31m Berg\tborn?",
    "How high is Mount Everest?", "where was {0} born?", "Where were {0} and {1} born?", "Who wrote about {0}?",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", help="these cells only")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--threads", type=int)
    parser.add_argument(
        "--runs", type=Path, help="where accuracy.py --keep left runs of fast, judged anew instead of trained anew"
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--name", default="verdict", help="of the results file")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # unknown words of strangers' names
    cells = Cells(f"{arguments.name}.json")
    plans: dict[str, Callable[[], dict[str, Any]]] = {}
    for seed in arguments.seeds:
        plans[f"course seed {seed}"] = lambda seed=seed: course(arguments, seed)
        plans[f"world seed {seed}"] = lambda seed=seed: world(arguments, seed)
    plans["course taken out"] = lambda: course_taken_out(arguments)
    plans["world taken out"] = lambda: world_taken_out(arguments)
    plans["lookups"] = lambda: lookups(arguments.data, 20_000 if arguments.quick else 1_000_000)
    for name, run in plans.items():
        if name in cells or (arguments.only and name not in arguments.only):
            continue
        began = time.perf_counter()
        result = run()
        cells.add(name, {**result, "seconds": round(time.perf_counter() - began, 1)})
        print(f"{name}: {cells[name]['seconds']} s", flush=True)
        cells.save(summary=summary(cells.data["cells"]))
    for line in cells.data.get("summary", {}).items():
        print(*line)


def course(arguments: argparse.Namespace, seed: int) -> dict[str, Any]:
    """`fast` on the course's data; dev is read last."""
    steps = ["stages.learn.steps=150", "data.held_out={calibrate=0.1}"] if arguments.quick else []
    with tempfile.TemporaryDirectory() as folder:
        recipe = load_recipe("fast", [*steps, *arguments.set, f"seed={seed}"])
        inputs = (arguments.data / "wiki.txt", arguments.data / "birth_places_train.tsv")
        kept = arguments.runs and arguments.runs / f"accuracy-fast-{seed}"
        run = _judged_anew(kept, recipe, Path(folder) / "run", *inputs) if kept and kept.is_dir() else None
        if run is None:
            run = pipeline.train(recipe, *inputs, run=Path(folder) / "run", threads=arguments.threads)
        dev = read_questions(arguments.data / "birth_dev.tsv", need_answers=True)
        studies = RESULTS / "studies" if seed == arguments.seeds[0] and not arguments.quick else Path(folder)
        return {**judged(run, dev, studies / "course"), "set": arguments.set}


def _judged_anew(kept: Path, recipe: Recipe, path: Path, documents: Path, questions: Path) -> Run | None:
    """A copy of a trained run with the index and calibrators of today; None where it was trained in another way.

    What is kept out may be divided otherwise between choosing and calibrating; what was trained on must be the same.
    Which products were the faster where it was trained does not matter.
    """
    opened = pipeline.load(kept)
    recipe = replace(recipe, model=replace(recipe.model, matmul_dtype=opened.recipe.model.matmul_dtype))
    setup = prepare_training(recipe, documents, questions)
    trained = opened.folder.record()["split"]["train"]
    if replace(opened.recipe, data=recipe.data) != recipe or trained != setup.split["train"]:
        return None
    shutil.copytree(kept, path)
    run = Run(RunFolder(path), recipe, opened.first_vocabulary, opened.model)
    pipeline.finish(run, setup)
    return run


def world(arguments: argparse.Namespace, seed: int) -> dict[str, Any]:
    """`demo` on a world of which everything is known: what is right is true, not only labelled so."""
    steps = ["stages.learn.steps=150"] if arguments.quick else []
    synthetic = make_world(WorldSpec.demo(), seed)
    with tempfile.TemporaryDirectory() as folder:
        files = synthetic.write(Path(folder) / "world")
        recipe = load_recipe("demo", [*steps, *arguments.set, f"seed={seed}"])
        inputs = (files / "documents.txt", files / "questions-train.tsv")
        run = pipeline.train(recipe, *inputs, run=Path(folder) / "run", threads=arguments.threads)
        questions = read_questions(files / "questions-test.tsv", need_answers=True)
        per_relation = len(questions) // len(synthetic.spec.relations)
        by_relation = {
            relation: judged(
                run,
                questions.only(range(i * per_relation, (i + 1) * per_relation)),
                Path(folder) / relation,
                brief=i > 0,
            )
            for i, relation in enumerate(synthetic.spec.relations)
        }
        main = by_relation[synthetic.spec.relations[0]]
        strangers = read_questions(files / "strangers.tsv").items
        people = run.answer(questions.items[:per_relation], blind=True)
        also = run.answer(strangers[: len(strangers) // len(synthetic.spec.relations)], blind=True)
        met = np.array([answer.met for answer in [*people, *also]], dtype=float)
        label = np.arange(len(met)) < len(people)
        return {
            **main,
            "by_relation": by_relation,
            "world_strangers": {
                "auroc": metrics.auroc(label, met),
                "interval": metrics.auroc_interval(label, met, seed),
            },
            "set": arguments.set,
        }


def judged(run: Run, questions: Questions, folder: Path, *, brief: bool = False) -> dict[str, Any]:
    """Every figure of one run on questions with known answers. The label of right and wrong is the gold answer."""
    row: dict[str, Any] = {"questions": len(questions)}
    for signals in ("pass", "all"):
        report = pipeline.evaluate(run, questions, blind=True, signals=signals)["confidence"]
        blind = {key: report[key] for key in ("probability", "model_probability", "verdicts")}
        blind["given"] = {f"{precision:g}": _realised(run, questions, precision, signals) for precision in PRECISIONS}
        own, ours = blind["model_probability"], blind["probability"]
        blind["excess_aurc_ratio"] = ours["excess_aurc"] / own["excess_aurc"] if own["excess_aurc"] else None
        blind["calibration_gap"] = ours["calibration_error"] - ours["calibration_error_if_perfect"]
        row[f"blind, {signals}"] = blind
    report = pipeline.evaluate(run, questions)["confidence"]
    remembered = report["right_by_verdict"].get("remembered")
    answers = run.answer(questions.items)
    fooled = [answer.answer for answer in answers if not answer.right and answer.evidence and answer.evidence.stands_in]
    called = [answer for answer in answers if not answer.right and answer.verdict == "remembered"]
    row["with the index"] = {
        **{key: value for key, value in report.items() if key not in ("probability", "model_probability")},
        "remembered": remembered,
        "wrong_but_stands_in": len(fooled),
        "wrong_but_remembered": len(called),
    }
    if not brief:
        strangers = run_strangers(run, questions, folder, count=200)
        row["strangers"] = {
            "invented": strangers["invented"],
            "groups": {name: judge["met_against_known"] for name, judge in strangers["groups"].items()},
            "called_met": {name: judge["called_met"] for name, judge in strangers["groups"].items()},
        }
        fluency = run_fluency(run, questions, folder)
        row["judges"] = {name: judge["auroc"] for name, judge in fluency["judges"].items()}
        reversal = run_reversal(run, questions, folder)
        row["reversal"] = {key: reversal[key] for key in ("forward", "backward", "sayable")}
        row["strange_questions"] = strange(run)
    return row


def _realised(run: Run, questions: Questions, precision: float, signals: str) -> dict[str, Any]:
    answers = run.answer(questions.items, blind=True, precision=precision, signals=signals)
    right = np.array([bool(answer.right) for answer in answers])
    result = metrics.given_precision(right, np.array([not answer.abstained for answer in answers]), precision)
    low, high = result["interval"] or (0.0, 1.0)
    # Where everything that is likelier right than wrong can be given, precision cannot be as low as asked for.
    return {**result, "asked_lies_in_interval": low <= precision <= high, "asked_is_below_interval": precision < low}


def strange(run: Run) -> list[dict[str, Any]]:
    """What is said to questions that are none."""
    assert run.index is not None
    names = run.index.titles()[:2]
    questions = [text.format(*names) if "{" in text else text for text in STRANGE]
    return [
        {"question": text[:60], "characters": len(text), **{
            key: run.ask(text, blind=blind).verdict for key, blind in (("with the index", False), ("blind", True))}}
        for text in questions
    ]  # fmt: skip


def course_taken_out(arguments: argparse.Namespace) -> dict[str, Any]:
    """Eight models of the course's data, each without half of the people."""
    steps = 100 if arguments.quick else 1000
    recipe = load_recipe("fast", ["data.held_out={calibrate=0.1}", *arguments.set, f"stages.learn.steps={steps}"])
    inputs = (arguments.data / "wiki.txt", arguments.data / "birth_places_train.tsv")
    folder = RESULTS / "studies" / f"{arguments.name}-ablation-course"
    return _taken_out(Design(*inputs, recipe, 2 if arguments.quick else 8), folder, arguments.threads)


def world_taken_out(arguments: argparse.Namespace) -> dict[str, Any]:
    """Six models of a built-in world, each without half of the people."""
    steps = 100 if arguments.quick else 800
    recipe = load_recipe("demo", ["data.held_out={calibrate=0.15}", *arguments.set, f"stages.learn.steps={steps}"])
    folder = RESULTS / "studies" / f"{arguments.name}-ablation-world"
    spec = WorldSpec(people=1000, biographies_per_person=2, strangers=0, relations=("birthplace",))
    with tempfile.TemporaryDirectory() as work:
        files = make_world(spec, 0).write(Path(work))
        inputs = (files / "documents.txt", files / "questions-train.tsv")
        return _taken_out(Design(*inputs, recipe, 2 if arguments.quick else 6), folder, arguments.threads)


def _taken_out(design: Design, folder: Path, threads: int | None) -> dict[str, Any]:
    record = run_ablation(
        design, folder, threads=threads, begin=lambda n: print(f"{folder.name}: model {n}", flush=True)
    )
    return {"models": design.models, "asked": record["asked"], **record["summary"]}


def lookups(data: Path, lines: int) -> dict[str, Any]:
    """How long the evidence for one answer takes in a corpus of so many lines, names drawn from real halves."""
    rng = random.Random(0)
    texts = (data / "wiki.txt").read_text(encoding="utf-8").splitlines()
    titles = [title_of(text) for text in texts]
    firsts, lasts = ([title.split()[place] for title in titles] for place in (0, -1))
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "documents.txt"
        with corpus.open("w", encoding="utf-8") as file:
            for _ in range(lines):
                i = rng.randrange(len(texts))
                name = f"{rng.choice(firsts)} {chr(65 + rng.randrange(26))}. {rng.choice(lasts)}"
                file.write(texts[i].replace(titles[i], name) + "\n")
        documents = read_documents(corpus)
        began = time.perf_counter()
        build_index(Path(folder) / "evidence.sqlite", documents)
        built = time.perf_counter() - began
        drawn = [rng.choice(documents.items).title for _ in range(300)]
        del documents
        index = EvidenceStore(Path(folder) / "evidence.sqlite")
        strangers = [f"{rng.choice(firsts)} Q. {rng.choice(lasts)}x" for _ in range(300)]
        return {
            "lines": lines,
            "build_seconds": round(built, 1),
            "index_mb": round((Path(folder) / "evidence.sqlite").stat().st_size / 1e6, 1),
            "milliseconds": {kind: _timed(index, names) for kind, names in (("known", drawn), ("unknown", strangers))},
        }


def _timed(index: EvidenceStore, names: Sequence[str]) -> dict[str, float]:
    times = []
    for name in names:
        began = time.perf_counter()
        index.evidence(f"Where was {name} born?", "London")
        times.append(1000 * (time.perf_counter() - began))
    return {"median": round(statistics.median(times), 2), "p95": round(float(np.quantile(times, 0.95)), 2)}


def summary(cells: dict[str, Any]) -> dict[str, Any]:
    """Each target beside what was measured, a value for each seed, and whether all of them reach it."""
    targets: dict[str, Any] = {}

    def hold(name: str, target: str, values: Sequence[float | None], holds: Callable[[float], bool]) -> None:
        numbers = [value for value in values if value is not None]
        if numbers:
            targets[name] = {"target": target, "values": numbers, "reached": all(map(holds, numbers))}

    for where in ("course", "world"):
        rows = [cell for name, cell in cells.items() if name.startswith(f"{where} seed")]
        for signals in ("pass", "all"):
            blind = [row[f"blind, {signals}"] for row in rows]
            key = f"{where}, blind, {signals}"
            ours = [part["probability"] for part in blind]
            hold(f"{key}: accuracy", "beside it", [part["accuracy"] for part in ours], lambda x: True)
            hold(f"{key}: AUROC right", ">= 0.90", [part["auroc"] for part in ours], lambda x: x >= 0.9)
            hold(f"{key}: AUROC right, own probability", "beside it",
                 [part["model_probability"]["auroc"] for part in blind], lambda x: True)  # fmt: skip
            hold(
                f"{key}: excess AURC to own",
                "<= 0.5",
                [part["excess_aurc_ratio"] for part in blind],
                lambda x: x <= 0.5,
            )
            hold(f"{key}: calibration error − expected", "<= 0.03", [part["calibration_gap"] for part in blind],
                 lambda x: x <= 0.03)  # fmt: skip
            hold(f"{key}: Brier to the constant's", "< 1",
                 [part["brier"] / part["brier_of_the_constant"] for part in ours if part["brier_of_the_constant"]],
                 lambda x: x < 1)  # fmt: skip
            for precision in PRECISIONS if blind else ():
                quotas = [part["given"][f"{precision:g}"] for part in blind]
                targets[f"{key}: precision {precision:g}"] = {
                    "target": "asked for lies in the interval, or below it where all likely answers are given",
                    "values": [[part["precision"], part["interval"]] for part in quotas],
                    "reached": all(part["asked_lies_in_interval"] and part["answered"] for part in quotas),
                    "below": [part["asked_is_below_interval"] for part in quotas],
                }
        invented = [row["strangers"]["invented"]["met_against_known"]["auroc"] for row in rows]
        hold(f"{where}: AUROC met, invented", ">= 0.98", invented, lambda x: x >= 0.98)
        hold(f"{where}: remembered answers that are right", "reported",
             [(row["with the index"]["remembered"] or {}).get("accuracy") for row in rows], lambda x: True)  # fmt: skip
        if met := cells.get(f"{where} taken out", {}).get("met"):
            names = met["auroc"]["names only"]["by_model"]
            for signals in ("pass", "all"):
                values = met["auroc"][signals]["by_model"]
                hold(f"{where}: AUROC met, pages taken out, {signals}", "reported", values, lambda x: True)
                lead = [a - b for a, b in zip(values, names, strict=True)]
                hold(f"{where}: AUROC met above names only, {signals}", ">= 0.10", lead, lambda x: x >= 0.1)
    return targets


if __name__ == "__main__":
    main()
