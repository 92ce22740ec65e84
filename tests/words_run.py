"""A run of the fast method on a tiny world, seconds of training, with calibrators."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import closedbook
from closedbook.inference.run import Run
from closedbook.synthetic.world import World, WorldSpec, make_world

SMALL = [
    "data.held_out={choose=0.0, calibrate=0.3}", "model.width=32", "model.heads=2",
    "stages.learn.steps=120", "stages.learn.batch=64", "stages.learn.negatives=200", "model.matmul_dtype=float32",
]  # fmt: skip


def make_words_run(folder: Path, more: Sequence[str] = ()) -> tuple[Run, World, Path]:
    """(run, the world it was trained on, the world's files)."""
    world = make_world(WorldSpec(people=80, biographies_per_person=2, strangers=40, relations=("birthplace",)), 3)
    files = world.write(folder / "world")
    recipe = closedbook.load_recipe("fast", [*SMALL, *more])
    run = closedbook.train(
        recipe, files / "documents.txt", files / "questions-train.tsv", run=folder / "run", threads=1
    )
    return run, world, files
