"""Training, answers and a look inside, on a device that refuses what was not moved to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from elsewhere import DEVICE, Elsewhere, Pretend
from in_processes import exactly
from plain_decoding import greedy_uncached
from shell import make_tiny
from test_trainer import KINDS, make, run

import closedbook
from closedbook.data.questions import read_questions
from closedbook.model import generate
from closedbook.training.distributed import BATCH_COST, DistributedContext
from closedbook.training.trainer import StageTrainer


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What torch has for devices that it knows: autocast."""
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda *_: False)
    monkeypatch.setattr(DistributedContext, "precision", lambda *_: contextlib.nullcontext())
    monkeypatch.setitem(BATCH_COST, DEVICE.type, BATCH_COST["cpu"])
    with Pretend():
        yield


def test_the_device_refuses_what_was_not_moved_to_it():
    there, here = torch.ones(3).to(DEVICE), torch.ones(3)
    assert isinstance(there, Elsewhere)
    assert isinstance(torch.arange(3, device=DEVICE), Elsewhere)
    assert (there + 1).cpu().tolist() == [2, 2, 2]
    for wrong in (lambda: there + here, lambda: here[there.long()], lambda: torch.cat([here, there])):
        with pytest.raises(RuntimeError, match="of the CPU met one of the device"):
            wrong()
    with pytest.raises((RuntimeError, TypeError)):
        there.numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_training_there_gives_the_weights_of_training_here(kind: str):
    here, moved = (exactly(make(kind, dropout=0.0).model.double()) for _ in range(2))
    plain = make(kind)
    trainers = []
    for model, device in ((here, torch.device("cpu")), (moved.to(DEVICE), DEVICE)):
        trainer = StageTrainer(plain.stage, plain.sampler, model, 12, DistributedContext(device))
        run(trainer, lambda step: None)
        trainers.append(trainer)
    for (name, value), other in zip(moved.state_dict().items(), here.state_dict().values(), strict=True):
        assert torch.allclose(value.cpu(), other, atol=1e-6), name
    # What a checkpoint has of the optimiser comes back to the device.
    saved = {name: value.cpu() for name, value in trainers[1].optimiser.tensors().items()}
    again = StageTrainer(plain.stage, plain.sampler, moved, 12, DistributedContext(DEVICE))
    again.optimiser.load(saved)
    again.update(plain.sampler.batch(0), 0.5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "synthesizer" not in kind])
def test_decoding_there_says_what_is_said_here(kind: str):
    here, there = make(kind).model.eval(), make(kind).model.eval().to(DEVICE)
    prompts = [np.array(ids, np.int32) for ids in ([3, 4, 5, 1], [3, 4, 7, 8, 2, 1], [3, 1])]
    assert [answer.ids for answer in generate.greedy(there, prompts, 6)] == [
        answer.ids for answer in generate.greedy(here, prompts, 6)
    ]
    assert greedy_uncached(there, prompts[0], 4) == greedy_uncached(here, prompts[0], 4)
    assert generate.sample(there, prompts[1], 5, seed=1) == generate.sample(here, prompts[1], 5, seed=1)


@pytest.mark.parametrize("kind", ["characters", "words"])
def test_a_run_answers_judges_and_is_looked_into_there(kind: str, tmp_path: Path):
    tiny = make_tiny(tmp_path)
    recipe = closedbook.load_recipe(tiny.recipe, ["stages.pretrain.steps=2", "stages.finetune.steps=2"])
    if kind == "words":
        fast = closedbook.load_recipe("fast", ["model.width=16", "stages.learn.steps=8", "stages.learn.batch=8"])
        recipe = replace(fast, seed=1)
    run = closedbook.train(recipe, tiny.documents, tiny.questions, run=tmp_path / "run", threads=1)
    moved = closedbook.load(run.path)
    moved.model.to(DEVICE)
    questions = read_questions(tiny.dev).items
    for here, other in zip(run.answer(questions, signals="all"), moved.answer(questions, signals="all"), strict=True):
        assert here.answer == other.answer
        assert dict(here.signals) == pytest.approx(dict(other.signals), abs=1e-3)
    inside = moved.attribute(questions[0].text)
    assert inside.to_json().keys() == run.attribute(questions[0].text).to_json().keys()
    assert [effect.drop for effect in inside.effects] == pytest.approx(
        [effect.drop for effect in run.attribute(questions[0].text).effects], abs=1e-4
    )
    assert "hidden" in moved.activations(questions[0].text)
    with moved.ablate((0, 0)):
        moved.ask(questions[0].text)
