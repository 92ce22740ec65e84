"""A tiny pretrained base that is taught a tiny world, in a second or two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shell import Tiny, make_tiny
from tiny_base import make_base

import closedbook as package

SETS = [
    "stages.learn.steps=30", "stages.learn.batch=8", "stages.learn.group=1", "model.context_length=96",
    "model.matmul_dtype=float32", 'stages.learn.optimiser={name="rows", rate=0.02, row_rate=0.3}', "pretrained.rank=2",
    "data.held_out.choose=0", "data.held_out.calibrate=0.5", "answer.length=6",
]  # fmt: skip


def make_tiny_with_base(folder: Path, kind: str = "llama") -> Tiny:
    """A tiny world's files; the base is in folder / "base"."""
    tiny = make_tiny(folder)
    make_base(tiny.folder / "base", kind, tiny.documents.read_text(encoding="utf-8").splitlines())
    return tiny


def teach(tiny: Tiny, run: Path, *more: str, **options: Any) -> Any:
    recipe = package.load_recipe("teach", [f"pretrained.model={tiny.folder / 'base'}", *SETS, *more])
    return package.train(recipe, tiny.documents, tiny.questions, run=run, threads=1, **options)
