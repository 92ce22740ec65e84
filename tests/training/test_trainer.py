"""A stage of training: resumed bit for bit, learning what it is shown, telling what it does."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import torch
from tensors import same_tensors

from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import MemoryRecipe, ModelRecipe, ObjectiveWeight, Stage
from closedbook.data.documents import make_documents
from closedbook.data.names import NameIndex
from closedbook.data.questions import Question, Questions
from closedbook.data.vocabulary_builder import make_vocabulary
from closedbook.errors import RecipeError, RunError
from closedbook.model.gpt import GPT
from closedbook.objectives import Corpus
from closedbook.objectives.sampler import BatchSampler
from closedbook.runs.weights import load_tensors, load_weights, save_tensors, split_names
from closedbook.training.distributed import BATCH_COST
from closedbook.training.setup import prepare_training
from closedbook.training.trainer import StageTrainer

PLACES = ["Oslo", "New York City", "Lima", "Rome", "Addis Ababa"]
NAMES = [f"{first} {last}" for first in ("Ada", "Bo", "Cy") for last in ("Ray", "Li", "Po", "Roe")]
LINES = [
    f"{name}. {name} was born in {PLACES[i % 5]}, and died at {PLACES[i * 2 % 5]} in {1900 + i}. Where? "
    for i, name in enumerate(NAMES)
]
QUESTIONS = Questions(
    tuple(Question(f"Where was {name} born?", PLACES[i % 5], i + 1) for i, name in enumerate(NAMES)), "", "q.tsv"
)
TINY = ModelRecipe(width=16, layers=2, heads=2, context_length=96, dropout=0.2)
FAST = replace(
    TINY, positions="rotary", norm="rms", bias=False, feedforward="relu2", initial="scaled", matmul_dtype="bfloat16",
    mixer=ComponentSpec("softmax", {"qk_norm": True}), memory=MemoryRecipe(),
)  # fmt: skip

SPAN = Stage(
    "pretrain", (ObjectiveWeight(ComponentSpec("span")),), ComponentSpec("adamw", {"rate": 6e-3}),
    ComponentSpec("course"), batch=5, epochs=4, order="file", clip=1.0,
)  # fmt: skip
MIXED = Stage(
    "learn",
    (
        ObjectiveWeight(ComponentSpec("cue"), 0.7),
        ObjectiveWeight(ComponentSpec("masked"), 0.2),
        ObjectiveWeight(ComponentSpec("question"), 0.1, start=0.3, update_embeddings=False),
    ),
    ComponentSpec("muon"), ComponentSpec("trapezoid"), batch=8, steps=13, group=4, negatives=4,
)  # fmt: skip
KINDS = {
    "adamw": ("characters", TINY, SPAN),
    "adamw, synthesizer": ("characters", replace(TINY, mixer=ComponentSpec("synthesizer-dense")), SPAN),
    "adamw, perceiver": ("characters", replace(TINY, layers=3, stack=ComponentSpec("perceiver", {"latents": 8})), SPAN),
    "muon": ("words", FAST, MIXED),
    "muon, characters": ("characters", TINY, replace(SPAN, optimiser=ComponentSpec("muon"))),
}


def make_corpus(kind):
    vocabulary_kind, recipe, _ = KINDS[kind]
    vocabulary = make_vocabulary(vocabulary_kind, LINES, 0, QUESTIONS.texts, QUESTIONS.answers)
    documents = make_documents(LINES)
    if recipe.memory:
        vocabulary = vocabulary.with_names(NameIndex.of(documents.titles))
    return Corpus(documents, QUESTIONS, vocabulary, recipe.context_length)


def run(trainer, callback=lambda step: None):
    """All that is left of a stage."""
    trainer.model.train()
    while not trainer.finished:
        callback(trainer.next_step())


def make(kind, stage=None, dropout=None):
    _, recipe, plain = KINDS[kind]
    recipe = recipe if dropout is None else replace(recipe, dropout=dropout)
    corpus = make_corpus(kind)
    vocabulary = corpus.vocabulary
    sampler = BatchSampler(stage or plain, corpus, seed=3)
    torch.manual_seed(0)
    model = GPT(recipe, vocabulary.size, vocabulary.outputs, len(vocabulary.names))
    return StageTrainer(stage or plain, sampler, model, len(LINES))


@pytest.fixture(params=[1, 2])
def threads(request, monkeypatch):
    """So many threads, on any machine, and slices so cheap that all of them get work."""
    before = torch.get_num_threads()
    monkeypatch.setitem(BATCH_COST, "cpu", 1)
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("interrupted", [1, 7])
def test_resuming_gives_the_same_weights_bit_for_bit(kind, interrupted, threads, tmp_path):
    whole = make(kind)
    losses = []
    run(whole, lambda step: losses.append(step.loss))
    assert whole.model.recipe.dropout == 0.2

    def stop(step):
        if step.step == interrupted:
            raise KeyboardInterrupt

    first = make(kind)
    with pytest.raises(KeyboardInterrupt):
        run(first, stop)
    path = tmp_path / "training.safetensors"
    tensors = {f"model/{name}": value for name, value in first.model.state_dict().items()}
    tensors |= {f"optimiser/{name}": value for name, value in first.optimiser.tensors().items()}
    save_tensors(path, tensors, {"done": first.done})

    torch.manual_seed(12345)  # whatever the state of the world is
    second = make(kind)
    with torch.no_grad():
        for parameter in second.model.parameters():
            parameter.fill_(9.0)
    tensors, record = load_tensors(path)
    load_weights(second.model, split_names(tensors, "model/"), path)
    second.optimiser.load(split_names(tensors, "optimiser/"))
    second.done = record["done"]
    again = []
    run(second, lambda step: again.append(step.loss))
    assert record["done"] == interrupted
    assert again == losses[interrupted:]
    assert same_tensors(second.model.state_dict(), whole.model.state_dict())
    assert same_tensors(second.optimiser.tensors(), whole.optimiser.tensors())


@pytest.mark.parametrize("kind", KINDS)
def test_training_twice_gives_the_same_weights_and_another_seed_others(kind, threads):
    trainers = [make(kind), make(kind), make(kind)]
    trainers[2].sampler = BatchSampler(trainers[2].stage, make_corpus(kind), seed=4)
    for trainer in trainers:
        run(trainer, lambda step: None)
    first, second, other = (trainer.model.state_dict() for trainer in trainers)
    assert same_tensors(first, second)
    assert not same_tensors(first, other)


@pytest.mark.parametrize("kind", ["adamw", "adamw, synthesizer", "muon"])
def test_a_small_network_learns_a_few_questions_by_heart(kind):
    _, _, plain = KINDS[kind]
    questions = Stage(
        "s",
        (ObjectiveWeight(ComponentSpec("question")),),
        plain.optimiser,
        ComponentSpec("trapezoid"),
        batch=12,
        steps=80,
        clip=plain.clip,
    )
    trainer = make(kind, questions, dropout=0.0)
    losses = []
    run(trainer, lambda step: losses.append(step.loss))
    assert losses[0] > 1.0
    assert losses[-1] < 0.4 * losses[0]


def test_steps_tell_what_was_done():
    trainer = make("adamw")
    steps = []
    run(trainer, steps.append)
    assert [step.step for step in steps] == list(range(1, 13))
    assert {(step.stage, step.steps) for step in steps} == {("pretrain", 12)}
    assert [step.tokens for step in steps] == [len(trainer.sampler.batch(i).inputs.values) for i in range(12)]
    assert [step.multiplier for step in steps] == [trainer.schedule.multiplier(i) for i in range(12)]
    assert steps[0].multiplier == 1.0
    assert all(step.seconds > 0 and 0 < step.loss < 10 for step in steps)


def test_every_step_has_randomness_of_its_own_that_a_repetition_has_again():
    seeds = []
    for _ in range(2):
        run(make("adamw"), lambda step: seeds.append(torch.initial_seed()))
    assert len(set(seeds[:12])) == 12
    assert seeds[:12] == seeds[12:]


def test_the_gradient_s_norm_is_clipped():
    norms = {}
    for clip in (0.0, 1e-3):
        trainer = make("adamw", replace(SPAN, clip=clip))
        total = []

        def note(multiplier, trainer=trainer, total=total):
            total.append(torch.stack([p.grad.square().sum() for p in trainer.model.parameters()]).sum().sqrt().item())

        trainer.optimiser.step = note
        run(trainer, lambda step: None)
        norms[clip] = total
    assert min(norms[0.0]) > 0.1
    assert norms[1e-3] == pytest.approx([1e-3] * 12, rel=1e-3)


def test_gradients_do_not_pile_up_from_step_to_step():
    trainer = make("muon")
    trainer.update(trainer.sampler.batch(0), 1.0)
    assert all(parameter.grad is None for parameter in trainer.model.parameters())


def test_a_step_whose_turn_it_is_for_no_example_changes_nothing_and_stops_nothing():
    trainer = make("muon", replace(MIXED, batch=1, steps=12, group=1))
    steps = []
    run(trainer, steps.append)
    assert 0 in [step.tokens for step in steps]
    assert len(steps) == 12


def test_clipping_with_a_memory_is_refused():
    with pytest.raises(RecipeError, match=r"stages\.learn\.clip"):
        make("muon", replace(MIXED, clip=1.0))


@pytest.mark.parametrize("sets", [["stages.learn.clip=1.0"], ["stages.learn.optimiser={name='adamw'}"]])
def test_an_embedding_that_is_trained_as_a_memory_is_neither_clipped_nor_trained_densely(sets, tmp_path):
    from shell import make_tiny

    from closedbook.config.loading import load_recipe

    tiny = make_tiny(tmp_path)
    recipe = load_recipe("fast", ["model.memory.names=false", "model.width=16", "model.heads=2", *sets])
    with pytest.raises(RecipeError, match="sparse"):
        prepare_training(recipe, tiny.documents, tiny.questions).trainer(0)


# Checkpoints ----------------------------------------------------------------------------------------------------


def test_tensors_come_back_bit_for_bit_with_their_record(tmp_path):
    tensors = {
        "a/b": torch.randn(3, 4), "a/c": torch.tensor(7), "d": torch.randn(4, 3).T, "e": torch.tensor([float("nan")]),
    }  # fmt: skip
    save_tensors(tmp_path / "x.safetensors", tensors, {"done": 3, "é": [1]})
    loaded, record = load_tensors(tmp_path / "x.safetensors")
    assert record == {"done": 3, "é": [1]}
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        assert loaded[name].dtype == value.dtype
        assert torch.equal(loaded[name].nan_to_num(5), value.nan_to_num(5))
    assert set(split_names(loaded, "a/")) == {"b", "c"}


def test_missing_damaged_and_unfitting_weights_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(RunError, match=r"has no x\.safetensors"):
        load_tensors(path)
    save_tensors(path, {"a": torch.zeros(100)}, {})
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(RunError, match="is damaged"):
        load_tensors(path)
    model = torch.nn.Linear(2, 3)
    for wrong in ({"weight": torch.zeros(3, 2)}, {"weight": torch.zeros(2, 2), "bias": torch.zeros(3)}):
        with pytest.raises(RunError, match="does not fit the run's recipe") as caught:
            load_weights(model, wrong, path)
        assert "\n" not in str(caught.value)


def test_tensors_are_the_same_only_bit_for_bit():
    a = {"x": torch.tensor([1.0, 2.0])}
    assert same_tensors(a, {"x": torch.tensor([1.0, 2.0])})
    assert not same_tensors(a, {"x": torch.tensor([1.0, 2.0 + 1e-6])})
    assert not same_tensors(a, {"y": a["x"]})
    assert not same_tensors(a, {**a, "y": a["x"]})


def test_a_mixer_of_ones_own_is_not_called_by_two_threads_at_once(threads):
    """It may keep something between calls, or draw from torch's own generator."""

    class Mine(torch.nn.Identity):
        pass

    Mine.__module__ = "mine"
    trainer = make("adamw")
    callers = []
    trainer.model.dropout = Mine()
    trainer = StageTrainer(trainer.stage, trainer.sampler, trainer.model, len(LINES))
    trainer.model.dropout.register_forward_hook(lambda *_: callers.append(threading.get_ident()))
    trainer.update(trainer.sampler.batch(0), 1.0)
    assert set(callers) == {threading.get_ident()}
