"""Slices: the padded batch's mathematics at a fraction of the work, cut in the cheapest places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import MemoryRecipe, ModelRecipe, ObjectiveWeight, Stage
from closedbook.data.arrays import NONE, Examples, Ragged
from closedbook.data.vocabulary import PAD
from closedbook.model.gpt import GPT
from closedbook.parallel import worker_pool, workers
from closedbook.training.bucketing import BATCH_COST, bucket, pad
from closedbook.training.distributed import BATCH_COST as SLICE_COSTS
from closedbook.training.distributed import SINGLE_PROCESS
from closedbook.training.gradient import backward

TINY = ModelRecipe(width=16, layers=2, heads=2, context_length=64, dropout=0.0)
KINDS = {
    "course": TINY,
    "synthesizer": replace(TINY, mixer=ComponentSpec("synthesizer-dense")),
    "rotary": replace(TINY, positions="rotary", norm="rms", bias=False, feedforward="relu2"),
    "memory": replace(TINY, positions="rotary", memory=MemoryRecipe()),
}
STAGE = Stage(
    "s",
    (ObjectiveWeight(ComponentSpec("span")), ObjectiveWeight(ComponentSpec("question"), update_embeddings=False)),
    ComponentSpec("adamw"),
    ComponentSpec("course"),
    steps=1,
)


def make_examples(lengths, seed=0, share_asked=0.6):
    rng = np.random.default_rng(seed)
    inputs = Ragged.of([rng.integers(2, 20, length) for length in lengths])
    labels = np.where(rng.random(len(inputs.values)) < share_asked, rng.integers(1, 20, len(inputs.values)), NONE)
    return Examples(inputs, labels.astype(np.int32), rng.integers(0, 2, len(lengths)).astype(np.int8))


def gradients(model):
    return {name: p.grad.to_dense() if p.grad.is_sparse else p.grad for name, p in model.named_parameters()}


@pytest.fixture
def threads(request, monkeypatch):
    """As many threads as asked for, on any machine, and slices so cheap that all of them get work."""
    before = torch.get_num_threads()
    monkeypatch.setitem(SLICE_COSTS, "cpu", 16)
    torch.set_num_threads(request.param)
    yield request.param
    assert torch.get_num_threads() == request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 3], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_neither_trimming_padding_nor_threads_change_the_loss_or_a_gradient(kind, threads):
    torch.manual_seed(0)
    names = 6 if kind == "memory" else 0
    model = GPT(KINDS[kind], 20 - names, 20, names).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    examples = make_examples([1, 2, 3, 5, 8, 13, 21, 34, 55, 63] * 4)
    assert len(bucket(examples)) > 2
    stage = STAGE if kind == "memory" else replace(STAGE, objectives=STAGE.objectives[:1] * 2)
    with worker_pool(SINGLE_PROCESS.workers(len(examples.inputs.values))):
        assert workers() == threads
        loss = backward(model, examples, stage)
    by_name = {name: gradient.clone() for name, gradient in gradients(model).items()}
    with worker_pool(threads):
        backward(model, examples, stage)
    for name, gradient in gradients(model).items():  # accumulated
        assert (gradient - 2 * by_name[name]).abs().max() < 1e-10, name
    model.zero_grad(set_to_none=True)
    padded = pad(examples, 63)
    assert padded.tokens.shape == (40, 63)
    update_embeddings = padded.kinds == 0 if kind == "memory" else None
    expected = model.loss(padded.tokens, padded.target_positions, padded.target, update_embeddings) / examples.targets
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=1e-10)
    for name, gradient in gradients(model).items():
        assert gradient.abs().max() > 1e-6
        assert (by_name[name] - gradient).abs().max() < 1e-10, name


LENGTHS = st.lists(st.integers(1, 127), min_size=1, max_size=40)


@given(LENGTHS)
def test_bucketing_hold_every_example_that_is_asked_for_something_once_with_its_targets(lengths):
    examples = make_examples(lengths)
    read_back = []
    for piece in map(pad, bucket(examples)):
        rows, time = piece.tokens.shape
        assert len(piece.kinds) == rows
        labels = np.full(rows * time, NONE)
        labels[piece.target_positions.numpy()] = piece.target.numpy()
        for tokens, targets, kind in zip(piece.tokens.tolist(), labels.reshape(rows, time), piece.kinds, strict=True):
            length = tokens.index(PAD) if PAD in tokens else time
            assert set(tokens[length:]) <= {PAD}
            assert (targets[length:] == NONE).all()
            read_back.append((tokens[:length], targets[:length].tolist(), int(kind)))
        assert max(len(tokens) for tokens, _, _ in read_back[-rows:]) == time  # trimmed to its longest
    labels = Ragged(examples.labels, examples.inputs.starts)
    given_ = [
        (examples.inputs[i].tolist(), labels[i].tolist(), int(examples.kinds[i]))
        for i in range(len(examples))
        if (labels[i] != NONE).any()
    ]
    assert sorted(read_back) == sorted(given_)


def partitions(items):
    """Every way to put items into groups."""
    if not items:
        yield []
        return
    first, *rest = items
    for groups in partitions(rest):
        yield [[first], *groups]
        for i, group in enumerate(groups):
            yield [*groups[:i], [first, *group], *groups[i + 1 :]]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=7), st.integers(0, 40))
def test_no_other_grouping_costs_less(lengths, batch_cost):
    pieces = bucket(make_examples(lengths, share_asked=1.0), batch_cost)
    cost = sum(pad(piece).tokens.numel() + batch_cost for piece in pieces)
    best = min(sum(len(group) * max(group) + batch_cost for group in groups) for groups in partitions(lengths))
    assert cost == best


def test_bucketing_save_most_of_the_padding_of_a_typical_batch():
    lengths = np.clip(np.random.default_rng(0).normal(57, 25, 128).astype(int), 5, 113)
    pieces = bucket(make_examples(lengths, share_asked=1.0))
    assert sum(pad(piece).tokens.numel() for piece in pieces) + BATCH_COST * len(pieces) < 0.6 * 128 * 127


def test_a_batch_without_examples_has_no_slices():
    assert bucket(make_examples([3]).take(np.zeros(0, np.int64))) == []


@pytest.mark.parametrize("products", ["float32", "bfloat16"])
def test_a_batch_in_which_nothing_is_asked_has_no_loss_and_no_gradient(products):
    model = GPT(replace(TINY, matmul_dtype=products, bias=False), 20).train()
    assert backward(model, make_examples([5, 9], share_asked=0.0), STAGE) == 0
    assert all(parameter.grad is None for parameter in model.parameters())
