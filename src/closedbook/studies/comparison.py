"""Compare mechanisms on the same data, steps and held-out training questions, paired by seed.

A budget in minutes is converted to steps once, by timing the reference, so that a slow machine gives the same weights
as a fast one. One cell is one mechanism and one seed; an interrupted cell resumes. Several processes may share one
folder. Dev and test questions are not used.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from closedbook import pipeline
from closedbook.config.loading import load_recipe, recipe_names
from closedbook.config.registry import CUSTOM_MIXERS, REGISTRIES, ComponentSpec
from closedbook.config.schema import Recipe, encode
from closedbook.data.files import read_bytes
from closedbook.data.questions import read_questions
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import DataError, DivergedError, RecipeError, RunError
from closedbook.evaluation.score import wilson
from closedbook.inference.run import Run
from closedbook.model.custom_mixers import use_mixer
from closedbook.model.devices import shapes_only
from closedbook.model.gpt import GPT
from closedbook.runs.folder import RunFolder
from closedbook.runs.records import ComparisonCell
from closedbook.studies import comparison_page, study_report
from closedbook.studies.comparison_page import label
from closedbook.studies.comparison_summary import summary
from closedbook.studies.experiment import Experiment
from closedbook.training.events import Step
from closedbook.training.plan import estimate
from closedbook.training.setup import prepare_training, set_threads

FORMAT = 1
FILE = "comparison.json"
HELD_OUT_SHARE = 0.1  # of the training questions, where the base recipe keeps fewer out to choose by
FINETUNING_AT_MOST = 0.5  # of the budget
WIDE = 0.2  # of an interval, from where it says little


def resolve(name: str, base: Recipe) -> Recipe:
    """The recipe that a name stands for: the base with another mixer, stack or positions; or a recipe of its own.

    Positions are learned except where rotary ones, or none, are the subject. Raises RecipeError for an unknown name.
    """
    if name in REGISTRIES["mixer"] or name in CUSTOM_MIXERS:
        mixer = base.model.mixer if base.model.mixer.name == name else ComponentSpec(name)
        model = replace(base.model, mixer=mixer, positions="learned")
    elif name in REGISTRIES["positions"]:
        model = replace(base.model, positions=name)
    elif name in REGISTRIES["stack"]:
        stack = base.model.stack if base.model.stack.name == name else ComponentSpec(name)
        model = replace(base.model, stack=stack, positions="learned")
    elif name in recipe_names() or name.endswith(".toml"):
        return load_recipe(name)
    else:
        names = ", ".join([*REGISTRIES["mixer"], *REGISTRIES["stack"], *REGISTRIES["positions"]])
        raise RecipeError(
            f'nothing to compare is called "{name}"; known: {names}, every recipe, and FILE.py:CLASS for your own mixer'
        )
    return replace(base, name=name, model=model)


def matched(recipe: Recipe, dense: int, vocabulary: Vocabulary) -> Recipe:
    """The recipe as wide as brings its parameters, a memory's left out, nearest to `dense`; as deep as it was.

    Raises RecipeError where the narrowest has more already.
    """

    def count(width: int) -> int:
        model = replace(recipe.model, width=width, memory=None)
        with shapes_only():
            return GPT(model, vocabulary.size, vocabulary.outputs).count_parameters()["dense"]

    step = recipe.model.heads * (2 if recipe.model.positions == "rotary" else 1)  # rotary positions turn pairs
    width = step
    if count(width) > dense:
        raise RecipeError(
            f"{label(recipe.name)} has {count(width):,} parameters even at width {width}, softmax {dense:,} in all; "
            f"compare with --match width"
        )
    while count(width + step) <= dense:
        width += step
    width = min((width, width + step), key=lambda each: abs(count(each) - dense))
    return replace(recipe, model=replace(recipe.model, width=width))


class Comparison(Experiment):
    """A folder with comparison.json, its figure and page, and the run of every cell."""

    def __init__(
        self,
        names: Sequence[str],
        base: Recipe,
        documents: Path,
        questions: Path,
        minutes: float,
        folder: Path,
        match: str = "width",
    ) -> None:
        """Open or start. Raises RunError if the folder holds another comparison, RecipeError for a bad name.

        With `match` = "parameters" the base's width is changed for each name until it has about as many dense
        parameters as softmax attention in the base; with "width" it is left alone. The depth is the same either way.
        """
        # FILE.py:CLASS is executed, and its key in the record is `CLASS@sha256`, as in its runs.
        self.names = list(dict.fromkeys(use_mixer(name) if ".py:" in name else name for name in names))
        self.match = match
        self.diverged: dict[tuple[str, int], str] = {}  # cells that could not be trained, with the error
        if not self.names or not 0 < minutes < math.inf:
            raise RecipeError("compare needs at least one name and a --budget above 0 minutes, such as --budget 5")
        self.documents, self.questions = documents, questions
        self.base, self.share = base, {**base.data.held_out}
        self.share["choose"] = max(HELD_OUT_SHARE, self.share.get("choose", 0))
        self.recipes = {name: _prepared(resolve(name, base), self.share) for name in self.names}
        self.digests = {name: _digest(recipe) for name, recipe in self.recipes.items()}
        self.minutes = minutes
        record = {
            "study": "compare",
            "format": FORMAT,
            "design": {
                "base": {key: value for key, value in encode(base).items() if key != "seed"},
                "documents": hashlib.sha256(read_bytes(documents, "text")).hexdigest(),
                "questions": hashlib.sha256(read_bytes(questions, "text")).hexdigest(),
                **({} if match == "width" else {"match": match}),
            },
            "budget": {"minutes": minutes},
        }
        super().__init__(folder, FILE, record, ComparisonCell)

    def refresh(self) -> None:
        super().refresh()
        budget = self.record.get("budget")
        if not isinstance(budget, dict) or budget.get("minutes") != self.minutes:
            raise RunError(f"{self.path} has another budget of minutes; give the same, or another --folder")

    def key(self, cell: tuple[str, int]) -> str:
        name, seed = cell
        return f"{name} {seed}"

    def fits(self, cell: tuple[str, int], stored: Mapping[str, Any]) -> bool:
        """A cell whose recipe has changed since is run again."""
        return stored.get("recipe", self.digests[cell[0]]) == self.digests[cell[0]]

    def cells(self, seeds: Sequence[int]) -> list[tuple[str, int]]:
        """A seed of every name before the next seed."""
        return [(name, seed) for seed in dict.fromkeys(seeds) for name in self.names]

    def left(self, seeds: Sequence[int]) -> list[tuple[str, int]]:
        """The cells still to be run."""
        return self.missing(self.cells(seeds))

    def _match(self) -> None:
        """Set each recipe's width for the comparison; complete recipes keep theirs."""
        if self.match == "width":
            return
        setup = prepare_training(_prepared(resolve("softmax", self.base), self.share), self.documents, self.questions)
        dense = setup.model.count_parameters()["dense"]
        for name, recipe in self.recipes.items():
            if recipe.stages == setup.recipe.stages:
                self.recipes[name] = matched(recipe, dense, setup.corpus.vocabulary)

    def settle(self, threads: int | None = None) -> dict[str, dict[str, int]]:
        """The steps of each name's stages: computed from the budget the first time, then read from the record.

        The base is always timed with softmax attention; a recipe with other stages is timed by itself.
        """
        budget = self.record["budget"]
        steps: dict[str, dict[str, int]] = budget.setdefault("steps", {})
        budget.setdefault("timed", {"name": "softmax", "threads": set_threads(threads)})
        base = _prepared(resolve("softmax", self.base), self.share)
        by_name = {}
        for name, recipe in self.recipes.items():
            kind = "base" if recipe.stages == base.stages else name
            if list(steps.get(kind, ())) != [stage.name for stage in recipe.stages]:
                steps[kind] = self._steps(base if kind == "base" else recipe, budget["minutes"])
            by_name[name] = steps[kind]
        return by_name

    def _steps(self, recipe: Recipe, minutes: float) -> dict[str, int]:
        """Stage name to steps (epochs, where the recipe counts those): as many as fit, finetuning before the rest."""
        left = 60 * minutes
        seconds, planned = {}, {}
        for stage in recipe.stages:
            setup = prepare_training(replace(recipe, stages=(stage,)), self.documents, self.questions)
            seconds[stage.name] = max(estimate(setup)[1], 0.1)
            planned[stage.name] = stage.epochs or setup.recipe.stages[0].steps  # a recipe may leave them to the data
        steps = {}
        asking = [s for s in recipe.stages if all(share.objective.name == "question" for share in s.objectives)]
        finetuning = asking if len(recipe.stages) > 1 else []
        for group, most in ((finetuning, FINETUNING_AT_MOST), ([s for s in recipe.stages if s not in finetuning], 1.0)):
            needed = sum(seconds[stage.name] for stage in group)
            fits = most * left / needed if needed else 0.0
            if group is finetuning:
                fits = min(1.0, fits)
            for stage in group:
                steps[stage.name] = max(1, round(planned[stage.name] * fits))
            left -= needed * fits
        return {stage.name: steps[stage.name] for stage in recipe.stages}

    def plan(self, seeds: Sequence[int]) -> dict[str, Any]:
        """What `run` would do. Raises the errors of recipes that cannot be built and data that cannot be read.

        Warns if so few questions are held out that an interval would be wider than WIDE.
        """
        self._match()
        held_out = 0
        for recipe in self.recipes.values():
            held_out = len(prepare_training(recipe, self.documents, self.questions).split["choose"])
        if not held_out:
            raise DataError(f"{self.questions}: no question is kept out to score by; give more questions")
        low, high = wilson(held_out // 2, held_out)
        if high - low > WIDE:
            warnings.warn(
                f"only {held_out} questions are kept out to score by: a 95 % interval will be up to "
                f"{100 * (high - low):.0f} points wide; keep more out with "
                "--set data.held_out.choose=0.3, or give more questions",
                stacklevel=2,
            )
        left = self.left(seeds)
        return {
            "cells": [
                {"name": name, "seed": seed, "done": (name, seed) not in left} for name, seed in self.cells(seeds)
            ],
            "minutes": self.minutes * len(left),
            "questions": held_out,
            "widest_interval": high - low,
        }

    def run(
        self,
        seeds: Sequence[int],
        *,
        threads: int | None = None,
        callbacks: Sequence[pipeline.Callback] = (),
        begin: Callable[[str, int], None] = lambda name, seed: None,
        command: str = "",
    ) -> dict[str, Any]:
        """Run the cells that are missing and return the record, written after each with its figure and table.

        `begin` is called with each cell's name and seed. Cells that another process is working on are left to it, and
        `left` lists them afterwards. A cell whose training diverges is recorded in `diverged` only.
        """
        self.plan(seeds)
        study_report.make_folder(self.folder / "runs")
        with self.locked():
            steps = self.settle(threads)
            self.write()

        def run_cell(cell: tuple[str, int]) -> dict[str, Any] | None:
            name, seed = cell
            recipe = replace(_of_length(self.recipes[name], steps[name]), seed=seed)
            file = f"{Path(name).stem}-{self.digests[name][:8]}" if name.endswith(".toml") else label(name)
            folder, clock = self.folder / "runs" / f"{file}-{seed}", _Clock()
            begin(name, seed)
            try:
                if (started := (folder / "run.json").is_file()) and RunFolder.open(folder).finished:
                    return self._cell(name, pipeline.load(folder), clock)
                run = pipeline.train(
                    recipe, self.documents, self.questions, run=folder, resume=started, threads=threads,
                    callbacks=[*callbacks, clock], command=command,
                )  # fmt: skip
                return self._cell(name, run, clock)
            except DivergedError as error:
                self.diverged[name, seed] = str(error)  # the others go on
                for callback in callbacks:
                    callback(pipeline.Message(f"{label(name)}, seed {seed}: {error}"))
                return None

        self.run_cells(self.cells(seeds), run_cell)
        return self.record

    def _cell(self, name: str, run: Run, clock: _Clock) -> dict[str, Any]:
        """What is recorded of a trained run: among others, how it answers the held-out questions."""
        recipe, record, lines = run.recipe, run.folder.record(), run.folder.metrics()
        by_stage = {stage.name: [line for line in lines if line["stage"] == stage.name] for stage in recipe.stages}
        held_out = read_questions(self.questions, need_answers=True).only(record["split"]["choose"])
        answers = run.answer(held_out.items, blind=True)
        provenance = ("parameters", "threads", "commit", "versions", "machine", "command")
        return {
            "name": name,
            "seed": recipe.seed,
            "recipe": self.digests[name],
            "right": [bool(answer.right) for answer in answers],
            "loss": {stage: _last_loss(some) for stage, some in by_stage.items()},
            "tokens": sum(line["tokens"] for line in lines),
            "tokens_per_second": clock.rate(),
            "steps": {stage: max(line["step"] for line in some) for stage, some in by_stage.items()},
            "model": {"layers": recipe.model.layers, "width": recipe.model.width},
            **{key: record[key] for key in provenance},
        }

    def summary(self, record: Mapping[str, Any]) -> dict[str, Any]:
        names = list(dict.fromkeys(cell["name"] for cell in record["cells"].values()))
        return summary(record, "softmax" if "softmax" in names else names[0])

    def write(self) -> None:
        """The record; its figure and its table, once there is a cell."""
        if not self.record["cells"]:
            return study_report.write_json(self.path, self.record)
        self.record["summary"] = self.summary(self.record)
        study_report.write_report(
            self.folder, "comparison", self.record, comparison_page.HEADLINE, comparison_page.body, comparison_page.draw
        )


class _Clock:
    """A callback that measures tokens per second of processor time, over training steps only.

    With one thread that is the wall time of an otherwise idle machine.
    """

    def __init__(self) -> None:
        self.tokens, self.seconds = 0, 0.0
        self.since: float | None = None  # when the last step ended, if nothing came between

    def __call__(self, event: pipeline.Event) -> None:
        if not isinstance(event, Step):
            self.since = None
            return
        if self.since is not None:
            self.tokens += event.tokens
            self.seconds += time.process_time() - self.since
        self.since = time.process_time()

    def rate(self) -> int | None:
        """Tokens in a second of the processor; None where there were no two steps in a row."""
        return round(self.tokens / self.seconds) if self.seconds else None


def _digest(recipe: Recipe) -> str:
    """Tells recipes apart that share a name: SHA-256 of all but the seed."""
    return hashlib.sha256(json.dumps(encode(replace(recipe, seed=0)), sort_keys=True).encode()).hexdigest()


def _prepared(recipe: Recipe, held_out: Mapping[str, float]) -> Recipe:
    """All titles trained, and no rules to stop by: all cells train equally long. The same questions kept out of all."""
    stages = tuple(replace(stage, stop=None) for stage in recipe.stages)
    return replace(recipe, stages=stages, data=replace(recipe.data, held_out=held_out, trained_titles=0))


def _of_length(recipe: Recipe, steps: Mapping[str, int]) -> Recipe:
    stages = tuple(
        replace(stage, epochs=steps[stage.name]) if stage.epochs else replace(stage, steps=steps[stage.name])
        for stage in recipe.stages
    )
    return replace(recipe, stages=stages)


def _last_loss(lines: Sequence[Mapping[str, Any]]) -> float:
    """The mean training loss over the last tenth of a stage's steps, nats per target."""
    losses = [line["loss"] for line in lines]
    return round(statistics.mean(losses[-max(1, len(losses) // 10) :]), 4)
