"""The Python interface: train with callbacks, load, ask."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shell import Tiny, make_tiny
from tensors import same_tensors

import closedbook
from closedbook import pipeline
from closedbook.errors import DataError, RecipeError, RunError
from closedbook.interrupts import defer_interrupts
from closedbook.pipeline import Plan, Step
from closedbook.runs.weights import load_tensors
from closedbook.training import checkpoint, plan
from closedbook.training.setup import prepare_training


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def events() -> list[Any]:
    return []


@pytest.fixture(scope="module")
def run(tiny: Tiny, events: list[Any]) -> closedbook.inference.run.Run:  # type: ignore[name-defined]
    return closedbook.train(
        tiny.recipe, tiny.documents, tiny.questions, run=tiny.folder / "run", threads=1, callbacks=[events.append]
    )


def test_listeners_see_the_plan_then_every_step_in_order(run: Any, events: list[Any]):
    plan, *steps = events
    assert isinstance(plan, Plan)
    assert plan.run == str(run.path)
    assert plan.steps == len(steps) == 11
    assert plan.questions == 24
    assert all(isinstance(step, Step) for step in steps)
    places = [(step.stage, step.step, step.steps) for step in steps]
    assert places == [("pretrain", i, 6) for i in range(1, 7)] + [("finetune", i, 5) for i in range(1, 6)]
    assert all(step.loss > 0 and step.tokens > 0 and step.seconds > 0 for step in steps)


def test_a_loaded_run_answers_as_the_trained_one(run: Any, tiny: Tiny):
    question = tiny.dev.read_text(encoding="utf-8").split("\t")[0]
    loaded = closedbook.load(run.path)
    assert loaded.ask(question) == run.ask(question)
    assert loaded.ask(question).question == question
    assert same_tensors(loaded.model.state_dict(), load_tensors(run.path / "model.safetensors")[0])
    assert loaded.recipe == closedbook.load_recipe(run.path / "recipe.toml")


def test_loading_and_planning_leave_the_caller_s_random_numbers_alone(run: Any, tiny: Tiny):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    closedbook.load(run.path)
    prepare_training(closedbook.load_recipe(tiny.recipe), tiny.documents, tiny.questions)
    assert torch.equal(torch.rand(3), expected)


def test_a_recipe_may_be_a_name_a_path_or_a_recipe(run: Any, tiny: Tiny, tmp_path: Path):
    again = closedbook.train(
        closedbook.load_recipe(tiny.recipe), tiny.documents, tiny.questions, run=tmp_path / "run", threads=1
    )
    assert same_tensors(again.model.state_dict(), run.model.state_dict())
    with pytest.raises(RecipeError, match="fast"):
        closedbook.train("fats", tiny.documents)


def test_another_seed_gives_other_weights(run: Any, tiny: Tiny, tmp_path: Path):
    recipe = closedbook.load_recipe(tiny.recipe, ["seed=1"])
    other = closedbook.train(recipe, tiny.documents, tiny.questions, run=tmp_path / "run", threads=1)
    assert not same_tensors(other.model.state_dict(), run.model.state_dict())


def test_errors_are_raised_before_anything_is_written(tiny: Tiny, tmp_path: Path):
    paths: dict[str, Any] = {"documents": tiny.documents, "questions": tiny.questions, "dev": tiny.dev}
    for name in paths:
        with pytest.raises(DataError, match="no such file"):
            closedbook.train(tiny.recipe, **{**paths, name: tmp_path / "none"}, run=tmp_path / "run")
    with pytest.raises(RecipeError, match="threads"):
        closedbook.train(tiny.recipe, tiny.documents, tiny.questions, threads=0, run=tmp_path / "run")
    with pytest.raises(RunError, match="exists already"):
        closedbook.train(tiny.recipe, tiny.documents, tiny.questions, run=tiny.folder)
    assert not list(tmp_path.iterdir())


def test_checkpoints_are_written_while_training_and_leave_the_weights_alone(
    run: Any, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checkpoint, "SAVE_EVERY", 0.0)
    saved = []

    def on_event(event: pipeline.Event) -> None:
        state = tmp_path / "run" / "training.safetensors"
        if isinstance(event, Step) and state.exists():
            saved.append(load_tensors(state)[1]["done"])

    often = closedbook.train(
        tiny.recipe, tiny.documents, tiny.questions, run=tmp_path / "run", threads=1, callbacks=[on_event]
    )
    assert saved == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4]
    assert same_tensors(often.model.state_dict(), run.model.state_dict())


def test_ctrl_c_s_own_handler_is_back_after_training(run: Any, tiny: Tiny, tmp_path: Path):
    before = signal.getsignal(signal.SIGINT)
    seen = []
    closedbook.train(
        tiny.recipe, tiny.documents, tiny.questions, run=tmp_path / "run", threads=1,
        callbacks=[lambda event: seen.append(signal.getsignal(signal.SIGINT))],
    )  # fmt: skip
    assert signal.getsignal(signal.SIGINT) is before
    assert seen[-1] is not before


def test_training_works_outside_the_main_thread(run: Any, tiny: Tiny, tmp_path: Path):
    models: list[Any] = []

    def work() -> None:
        models.append(closedbook.train(tiny.recipe, tiny.documents, tiny.questions, run=tmp_path / "run", threads=1))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert same_tensors(models[0].model.state_dict(), run.model.state_dict())


def test_a_second_ctrl_c_stops_at_once():
    def work() -> None:
        with defer_interrupts() as raise_held:
            signal.raise_signal(signal.SIGINT)  # held
            with pytest.raises(KeyboardInterrupt):
                raise_held()
            signal.raise_signal(signal.SIGINT)
            pytest.fail("it was held too")

    with pytest.raises(KeyboardInterrupt):
        work()


def test_train_seconds_add_up_over_an_interruption(tiny: Tiny, tmp_path: Path):
    def interrupt(event: pipeline.Event) -> None:
        if isinstance(event, Step) and event.step == 4:
            raise KeyboardInterrupt

    inputs = (tiny.recipe, tiny.documents, tiny.questions)
    with pytest.raises(KeyboardInterrupt):
        closedbook.train(*inputs, run=tmp_path / "run", threads=1, callbacks=[interrupt])
    spent = load_tensors(tmp_path / "run" / "training.safetensors")[1]["spent"]
    assert spent > 0
    resumed = closedbook.train(*inputs, run=tmp_path / "run", resume=True)
    assert resumed.folder.record()["seconds"]["train"] >= spent


def test_the_estimate_times_a_part_and_scales_it(tiny: Tiny, monkeypatch: pytest.MonkeyPatch):
    """The clock goes by positions seen: a part of the batch must then give the whole batch's time."""
    setup = prepare_training(
        closedbook.load_recipe(tiny.recipe, ["stages.pretrain.batch=80"]), tiny.documents, tiny.questions
    )
    clock = [0.0]

    def backward(model: Any, examples: Any, stage: Any, distributed: Any) -> float:
        clock[0] += plan._positions(examples)
        return 0.0

    monkeypatch.setattr(plan, "backward", backward)
    monkeypatch.setattr(plan.time, "perf_counter", lambda: clock[0])
    exact = sum(plan._positions(sampler.batch(sampler.steps // 2)) * sampler.steps for sampler in setup.samplers)
    assert plan.estimate(setup)[1] == pytest.approx(exact, abs=0.1)
    monkeypatch.setattr(plan, "TIMED", 300)
    assert plan.estimate(setup)[1] == pytest.approx(exact, rel=0.01)


def test_a_batch_of_one_may_leave_steps_without_an_example_and_is_planned_all_the_same(tiny: Tiny):
    sets = ["stages.learn.batch=1", "stages.learn.steps=40", "model.width=16", "model.heads=2"]
    setup = prepare_training(closedbook.load_recipe("fast", sets), tiny.documents, tiny.questions)
    assert min(len(setup.samplers[0].batch(step).inputs) for step in range(40)) == 0
    assert plan.estimate(setup)[0] > 0


def test_the_part_that_is_timed_has_examples_of_middling_length(tiny: Tiny):
    setup = prepare_training(
        closedbook.load_recipe(tiny.recipe, ["stages.pretrain.batch=80"]), tiny.documents, tiny.questions
    )
    batch = setup.samplers[0].batch(0)
    part = plan._around_the_median(batch, 300)
    assert 250 < part.inputs.lengths.sum() < 600
    shorter = np.median(batch.inputs.lengths)
    assert part.inputs.lengths.min() >= shorter * 0.7


def test_many_answers_are_the_same_as_one_at_a_time(run: Any, tiny: Tiny):
    from closedbook.data.questions import read_questions

    questions = read_questions(tiny.dev).items
    many = run.answer(questions)
    for question, answer in zip(questions, many, strict=True):
        alone = run.answer([question])[0]
        assert alone.answer == answer.answer
        assert alone.probability == pytest.approx(answer.probability, rel=1e-4)
    assert run.answer([]) == []
