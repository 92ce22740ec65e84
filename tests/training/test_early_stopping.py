"""The stop rule: when it looks, when it is enough, and that a stopped run is the beginning of the whole one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from shell import Tiny, closedbook, make_tiny, refused
from tensors import same_tensors

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.config.schema import StopRecipe
from closedbook.errors import RecipeError
from closedbook.pipeline import Message, Step
from closedbook.runs.folder import RunFolder
from closedbook.runs.weights import load_tensors
from closedbook.training.early_stopping import EarlyStopping, ValidationResult
from closedbook.training.setup import TrainingSetup, prepare_training
from closedbook.training.trainer import fit

HELD_OUT_SHARE = "data.held_out.stop=0.3"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("tiny"))


def early_stopping(looks: list[int], **rule: Any) -> EarlyStopping:
    stopping = EarlyStopping(StopRecipe(**{"every": 1, **rule}), 100, validation_set=object())  # type: ignore[arg-type]
    stopping.results += [ValidationResult(i, right, 50) for i, right in enumerate(looks)]
    return stopping


@pytest.mark.parametrize(
    ("looks", "enough"),
    [
        ([], False),
        ([3], False),
        ([3, 3], False),  # a patience of 2 needs two looks after the best
        ([3, 3, 3], True),
        ([3, 2, 4], False),
        ([3, 2, 4, 4], False),
        ([3, 2, 4, 4, 1], True),
        ([0, 0, 0], True),
        ([9, 1, 2, 3], True),  # rising again, but below the best
    ],
)
def test_it_is_enough_when_the_last_looks_are_no_better_than_the_best_before(looks: list[int], enough: bool):
    assert early_stopping(looks, patience=2).should_stop is enough


def test_it_looks_every_so_many_steps_and_not_before_its_time():
    class ValidationSet:
        def evaluate(self, model: object, step: int) -> ValidationResult:
            return ValidationResult(step, 0, 1)

    stopping = EarlyStopping(StopRecipe(every=7, after=0.7), 30, ValidationSet())  # type: ignore[arg-type]
    for step in range(1, 31):
        stopping.validate(None, step)  # type: ignore[arg-type]
    assert [look.step for look in stopping.results] == [21, 28]


def recipe(tiny: Tiny, *sets: str) -> Any:
    rule = "{ every = 2, patience = 2, after = 0.0 }"
    return load_recipe(
        tiny.recipe, [HELD_OUT_SHARE, f"stages.pretrain.stop={rule}", f"stages.finetune.stop={rule}", *sets]
    )


def train(tiny: Tiny, run: Path, *sets: str, callbacks: Any = (), resume: bool = False) -> Any:
    paths = (tiny.documents, tiny.questions)
    return pipeline.train(recipe(tiny, *sets), *paths, run=run, threads=1, callbacks=callbacks, resume=resume)


@pytest.fixture(scope="module")
def stopped(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[Any]]:
    """A run that learns nothing in six steps: both stages stop at their third look, or end before it."""
    events: list[Any] = []
    run = train(tiny, tmp_path_factory.mktemp("run") / "stopped", "stages.pretrain.steps=40", callbacks=[events.append])
    return run, events


def test_a_stage_that_gains_nothing_ends_at_its_third_look(stopped: tuple[Any, list[Any]]):
    run, events = stopped
    steps = [event for event in events if isinstance(event, Step) and event.stage == "pretrain"]
    looks = run.folder.record()["looks"]["pretrain"]
    assert [look["step"] for look in looks] == [2, 4, 6]
    assert {look["asked"] for look in looks} == {len(run.folder.record()["split"]["stop"])}
    assert steps[-1].step == 6
    assert steps[-1].steps == 40
    assert "stage pretrain stopped after 6 of 40 steps" in [
        event.text for event in events if isinstance(event, Message)
    ]
    assert [event.step for event in events if isinstance(event, Step)][6:] == [1, 2, 3, 4, 5]  # the next stage goes on
    assert run.folder.finished


def test_looking_changes_no_weight_and_a_stopped_stage_is_the_first_part_of_the_whole_one(tiny: Tiny, tmp_path: Path):
    """Dropout is on: a look that drew a random number, or left the model in the wrong mode, would be seen here."""
    weights: dict[str, list[dict[str, torch.Tensor]]] = {}
    for name, sets in {"whole": ["stages.pretrain.stop.after=1.0"], "stopped": []}.items():
        kept = weights[name] = []
        setup = prepare_training(recipe(tiny, "stages.pretrain.steps=40", *sets), tiny.documents, tiny.questions)
        assert setup.recipe.model.dropout > 0

        def callback(event: Any, setup: Any = setup, kept: Any = kept) -> None:
            if isinstance(event, Step) and event.stage == "pretrain":
                kept.append({key: value.clone() for key, value in setup.model.state_dict().items()})

        folder = RunFolder.create(tmp_path / name, {"split": setup.split})
        fit(setup.model, setup.recipe.stages[:1], setup.trainer, folder, None, callback)
    assert (len(weights["whole"]), len(weights["stopped"])) == (40, 6)
    assert all(same_tensors(a, b) for a, b in zip(weights["whole"], weights["stopped"], strict=False))


@pytest.mark.parametrize("interrupted", [3, 4, 5])
def test_an_interrupted_run_stops_where_it_would_have_bit_for_bit(
    stopped: tuple[Any, list[Any]], tiny: Tiny, tmp_path: Path, interrupted: int
):
    def interrupt(event: Any) -> None:
        if isinstance(event, Step) and event.step == interrupted:
            raise KeyboardInterrupt

    sets = ["stages.pretrain.steps=40"]
    with pytest.raises(KeyboardInterrupt):
        train(tiny, tmp_path / "run", *sets, callbacks=[interrupt])
    again = train(tiny, tmp_path / "run", *sets, resume=True)
    assert same_tensors(again.model.state_dict(), stopped[0].model.state_dict())
    assert again.folder.record()["looks"] == stopped[0].folder.record()["looks"]


def test_the_fast_method_too_stops_where_it_would_have(tiny: Tiny, tmp_path: Path):
    sets = ["model.width=16", "stages.learn.steps=120", "stages.learn.batch=64", HELD_OUT_SHARE]
    stopped = load_recipe("demo", [*sets, "stages.learn.stop={ every = 4, patience = 6, after = 0.3 }"])
    arguments = (stopped, tiny.documents, tiny.questions)
    whole = pipeline.train(*arguments, run=tmp_path / "whole", threads=1)
    looks = whole.folder.record()["looks"]["learn"]
    assert 42 < looks[-1]["step"] < 120  # it was stopped, and after the interruption below

    def interrupt(event: Any) -> None:
        if isinstance(event, Step) and event.step == 42:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.train(*arguments, run=tmp_path / "resumed", threads=1, callbacks=[interrupt])
    resumed = pipeline.train(*arguments, run=tmp_path / "resumed", resume=True)
    assert same_tensors(resumed.model.state_dict(), whole.model.state_dict())
    assert resumed.folder.record()["looks"]["learn"] == looks


def test_a_run_killed_between_two_stages_does_not_go_on_with_the_stopped_one(
    stopped: tuple[Any, list[Any]], tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_trainer = TrainingSetup.trainer

    def killed(setup: Any, number: int, *more: Any) -> Any:
        if number == 1 and (tmp_path / "run" / "training.safetensors").exists():
            raise SystemExit
        return make_trainer(setup, number, *more)

    monkeypatch.setattr(TrainingSetup, "trainer", killed)
    with pytest.raises(SystemExit):
        train(tiny, tmp_path / "run", "stages.pretrain.steps=40")
    monkeypatch.undo()
    state = load_tensors(tmp_path / "run" / "training.safetensors")[1]
    assert (state["stage"], state["done"]) == (0, 6)
    again = train(tiny, tmp_path / "run", "stages.pretrain.steps=40", resume=True)
    assert same_tensors(again.model.state_dict(), stopped[0].model.state_dict())


def test_what_is_looked_at_is_neither_trained_on_nor_dev(stopped: tuple[Any, list[Any]]):
    split = stopped[0].folder.record()["split"]
    assert split["stop"]
    assert not set(split["stop"]) & set(split["train"])


def test_a_rule_without_questions_of_its_own_is_refused(tiny: Tiny, tmp_path: Path):
    run = tmp_path / "run"
    rule = ("--set", "stages.finetune.stop={ every = 2 }")
    refused(closedbook(*tiny.train(run, *rule)), "stages.finetune.stop", "data.held_out.stop = 0.05")
    refused(closedbook(*tiny.train(run, *rule, "--set", "data.held_out.stop=1e-9")), "keeps no question out")
    only = ["train", f"{tiny.recipe}", "--documents", f"{tiny.documents}", "--run", f"{run}"]
    refused(closedbook(*only, *rule, "--set", HELD_OUT_SHARE), "trains on questions")
    assert not run.exists()
    for wrong in ("every = 0", "every = 2, patience = 0", "every = 2, after = 1.5"):
        with pytest.raises(RecipeError, match="stop"):
            load_recipe(tiny.recipe, [HELD_OUT_SHARE, f"stages.finetune.stop={{ {wrong} }}"])


def test_a_recipe_with_a_rule_survives_its_file(tiny: Tiny, tmp_path: Path):
    with_rule = recipe(tiny)
    (tmp_path / "x.toml").write_text(with_rule.to_toml(), encoding="utf-8")
    assert load_recipe(tmp_path / "x.toml") == with_rule
    assert load_recipe(tiny.recipe).stages[0].stop is None
