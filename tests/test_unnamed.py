"""Questions that name no document's title: what they are about is no title."""

from __future__ import annotations

from pathlib import Path

from shell import closedbook

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.training.plan import plan_training
from closedbook.training.setup import prepare_training

SMALL = [
    "model.width=16", "model.heads=2", "model.layers=1", "stages.learn.steps=4", "stages.learn.batch=8",
    "data.held_out={}", "model.matmul_dtype=float32",
]  # fmt: skip


def files(folder: Path, named: int) -> tuple[Path, Path]:
    """A world whose questions all name nobody, but for the first ones."""
    world = make_world(WorldSpec(people=30, strangers=2, relations=("birthplace",)), 1).write(folder)
    lines = (world / "questions-train.tsv").read_text(encoding="utf-8").splitlines()
    answers = [line.partition("\t")[2] for line in lines]
    unnamed = [f"Which place has number {i}?\t{answer}" for i, answer in enumerate(answers)]
    questions = folder / "questions.tsv"
    questions.write_text("\n".join([*lines[:named], *unnamed[named:]]) + "\n", encoding="utf-8")
    return world / "documents.txt", questions


def test_questions_without_a_title_are_trained_answered_and_counted(tmp_path: Path):
    documents, questions = files(tmp_path, 0)
    plans: list[object] = []
    run = pipeline.train(
        load_recipe("fast", SMALL), documents, questions, run=tmp_path / "run", callbacks=[plans.append]
    )
    (plan,) = (event for event in plans if isinstance(event, pipeline.Plan))
    assert plan.unnamed == plan.questions > 0
    answer = run.ask("Which place has number 3?", signals="all")
    assert answer.answer
    assert (answer.signals["familiarity"], answer.signals["no_memory_row"]) == (0.0, 1.0)


def test_the_plan_says_how_many_name_no_title(tmp_path: Path):
    documents, questions = files(tmp_path, 2)
    sets = [part for setting in SMALL for part in ("--set", setting)]
    done = closedbook("train", "fast", *sets, "--documents", documents, "--questions", questions, "--dry-run")
    assert done.code == 0, done.err
    count = len(questions.read_text(encoding="utf-8").splitlines()) - 2
    assert f"{count:,} of which name no title" in " ".join((done.out + done.err).split())
    setup = prepare_training(load_recipe("fast", [*SMALL, "model.memory.names=false"]), documents, questions)
    assert plan_training(setup).unnamed == 0  # there is no memory that could know them
