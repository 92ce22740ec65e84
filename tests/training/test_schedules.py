"""The course's schedule against a slow simulation of its own counting, and the trapezoid."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from closedbook.config.loading import load_recipe
from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import ModelRecipe
from closedbook.data.documents import make_documents
from closedbook.data.questions import Question, Questions
from closedbook.data.vocabulary_builder import make_vocabulary
from closedbook.errors import RecipeError
from closedbook.objectives import Corpus
from closedbook.objectives.sampler import BatchSampler
from closedbook.training.schedules import Horizon, Trapezoid
from closedbook.training.trainer import StageTrainer

PRETRAIN, FINETUNE = load_recipe("course-vanilla").stages
DOCUMENTS, QUESTIONS, BLOCK = 2937, 2000, 128


@pytest.fixture(scope="module")
def trainer():
    """A stage met with as many documents and questions as the course has, and a very small network."""
    from closedbook.model.gpt import GPT

    lines = ["Abc ab"] * DOCUMENTS
    questions = Questions(tuple(Question("a", "b", i) for i in range(QUESTIONS)), "", "")
    corpus = Corpus(make_documents(lines), questions, make_vocabulary("characters", lines), BLOCK)
    model = GPT(ModelRecipe(width=8, layers=1, heads=1, context_length=BLOCK), 10)
    return lambda stage: StageTrainer(stage, BatchSampler(stage, corpus, 0), model, DOCUMENTS)


def simulate(examples, batch, epochs, final):
    """The rate's multiplier at each step, by the course's trainer: set after each step, for the next."""
    warmup = 512 * 20
    tokens, multiplier, used = 0, 1.0, []
    for _ in range(epochs):
        for first in range(0, examples, batch):
            used.append(multiplier)
            tokens += min(batch, examples - first) * (BLOCK - 1)  # every position of y, PAD included
            if tokens < warmup:
                multiplier = tokens / warmup
            else:
                progress = (tokens - warmup) / (final - warmup)
                multiplier = max(0.1, 0.5 * (1 + math.cos(math.pi * progress)))
    return used


def test_pretraining_follows_the_course_s_own_counting(trainer):
    stage_trainer = trainer(PRETRAIN)
    expected = simulate(DOCUMENTS, 128, 650, 200 * DOCUMENTS * BLOCK)
    assert stage_trainer.sampler.steps == len(expected) == 650 * 23
    assert [stage_trainer.schedule.multiplier(step) for step in range(len(expected))] == pytest.approx(
        expected, abs=1e-12
    )


def test_finetuning_follows_the_course_s_own_counting_and_its_rate_hardly_falls(trainer):
    stage_trainer = trainer(FINETUNE)
    expected = simulate(QUESTIONS, 256, 10, 200 * DOCUMENTS * BLOCK)
    assert stage_trainer.sampler.steps == len(expected) == 80
    assert [stage_trainer.schedule.multiplier(step) for step in range(80)] == pytest.approx(expected, abs=1e-12)
    assert min(expected) > 0.99
    assert len(simulate(QUESTIONS, 256, 75, 1)) == trainer(replace(FINETUNE, epochs=75)).sampler.steps


def test_the_course_s_plateau_floor_full_rate_and_floor_again_by_epoch(trainer):
    schedule = trainer(PRETRAIN).schedule
    epochs = {epoch: [schedule.multiplier((epoch - 1) * 23 + step) for step in range(23)] for epoch in range(1, 651)}
    assert epochs[1][0] == 1.0  # the first step runs at the full rate
    assert epochs[1][1] > 0.999  # and the warm-up is over before it acts
    floor = [epoch for epoch, rates in epochs.items() if min(rates) == 0.1]
    assert floor == [*range(161, 244), *range(564, 647)]  # the second time after 563.4 epochs
    top = max(range(200, 600), key=lambda epoch: sum(epochs[epoch]))
    assert top in (403, 404)
    assert max(epochs[403]) > 0.9999
    assert min(epochs[650]) > 0.1


def test_the_2024_edition_reaches_the_floor_once(trainer):
    schedule = trainer(replace(PRETRAIN, schedule=ComponentSpec("course", {"passes": 650}))).schedule
    rates = [schedule.multiplier(step) for step in range(650 * 23)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == 0.1


def test_a_warm_up_longer_than_the_first_step_rises_with_the_positions_seen(trainer):
    schedule = trainer(replace(PRETRAIN, schedule=ComponentSpec("course", {"warmup": 128 * 127 * 4}))).schedule
    assert [schedule.multiplier(step) for step in range(5)] == pytest.approx([1.0, 0.25, 0.5, 0.75, 1.0])


# The trapezoid --------------------------------------------------------------------------------------------------


def rates(steps, **options):
    schedule = Trapezoid(Trapezoid.Config(**options), Horizon(steps, lambda step: step, BLOCK, DOCUMENTS))
    return [schedule.multiplier(step) for step in range(steps)]


def test_a_trapezoid_rises_stays_and_falls():
    multipliers = rates(10, warmup=0.2, decay=0.5)
    assert multipliers == pytest.approx([0.5, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])
    assert rates(10, warmup=0.0, decay=0.0) == [1.0] * 10
    assert rates(4, warmup=0.0, decay=1.0) == pytest.approx([1, 0.75, 0.5, 0.25])
    assert min(rates(10, warmup=0.0, decay=0.5, floor=0.3)) == 0.3


def test_a_trapezoid_s_parts_must_fit():
    with pytest.raises(RecipeError, match="schedule trapezoid"):
        rates(10, warmup=0.6, decay=0.5)
    for wrong in ({"warmup": -0.1}, {"decay": 1.1}):
        with pytest.raises(RecipeError, match=r"must lie between 0.0 and 1.0"):
            ComponentSpec("trapezoid", wrong).make("schedule", None)
