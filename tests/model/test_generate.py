"""Decoding with a cache, in batches, is decoding one at a time without."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from plain_decoding import greedy_uncached

from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import MemoryRecipe, ModelRecipe
from closedbook.data.vocabulary import MASK, PAD
from closedbook.errors import RunError
from closedbook.model.generate import greedy, sample, sampled_chances
from closedbook.model.gpt import GPT

TINY = ModelRecipe(width=16, layers=2, heads=2, context_length=24, dropout=0.1)
MEMORY = MemoryRecipe()
KINDS = {
    "softmax": TINY,
    "softmax, rotary, memory": replace(TINY, positions="rotary", norm="rms", bias=False, memory=MEMORY),
    "softmax, no positions": replace(TINY, positions="none", mixer=ComponentSpec("softmax", {"qk_norm": True})),
    "synthesizer": replace(TINY, mixer=ComponentSpec("synthesizer-dense")),
    "synthesizer, memory": replace(TINY, mixer=ComponentSpec("synthesizer-dense"), memory=MEMORY),
}
SIZE = 40
# What lets some answers close at once, some later and some never.
CLOSING = {"softmax": 4.1, "softmax, no positions": 4.0, "synthesizer": 2.0, "synthesizer, memory": 4.0}


def make(recipe, outputs=None, closing=0.0, seed=0):
    """A network with strong opinions; `closing` raises the score of MASK."""
    torch.manual_seed(seed)
    names = SIZE // 5 if recipe.memory else 0
    model = GPT(recipe, SIZE - names, outputs or SIZE, names)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.4)
        if recipe.norm == "layer":
            model.norm.bias[0], model.head.weight[MASK, 0] = 1.0, closing
            model.norm.weight[0] = 0.0
    return model


def prompts(n=16, longest=22, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(2, SIZE, rng.integers(1, longest + 1)).astype(np.int32) for _ in range(n)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("closing", [False, True])
def test_decoding_is_token_for_token_that_without_a_cache(kind, closing):
    model, questions = make(KINDS[kind], closing=closing * CLOSING.get(kind, 0.0)), prompts()
    for length in (1, 40):
        together = greedy(model, questions, length)
        for prompt, answer in zip(questions, together, strict=True):
            assert answer.ids == greedy_uncached(model, prompt, length)
            room = min(length, TINY.context_length - len(prompt))
            assert answer.closed or len(answer.ids) == room
            assert MASK not in answer.ids
    if closing:
        assert any(answer.closed and answer.ids for answer in together)


@pytest.mark.parametrize("kind", KINDS)
def test_the_batch_a_prompt_is_in_does_not_matter(kind):
    model, questions = make(KINDS[kind], closing=CLOSING.get(kind, 0.0)), prompts()
    together = greedy(model, questions, 8)
    assert [answer.ids for answer in greedy(model, questions, 8, batch=4)] == [answer.ids for answer in together]
    assert [greedy(model, [prompt], 8)[0].ids for prompt in questions] == [answer.ids for answer in together]
    assert [answer.ids for answer in greedy(model, questions[::-1], 8)][::-1] == [answer.ids for answer in together]


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_does_not_matter(kind):
    model, questions = make(KINDS[kind], closing=CLOSING.get(kind, 0.0)), prompts()
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = greedy(model, questions, 8)
        torch.set_num_threads(3)
        together = greedy(model, questions, 8)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert [answer.ids for answer in together] == [answer.ids for answer in alone]
    assert all(np.allclose(a.logprobs, b.logprobs, atol=1e-4) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("own", [False, True])
def test_a_network_with_a_part_of_ones_own_is_called_by_one_thread(own):
    class Mine(torch.nn.Identity):
        pass

    Mine.__module__ = "mine" if own else "closedbook.mine"
    model, callers = make(TINY), set()
    model.dropout = Mine()
    model.dropout.register_forward_hook(lambda *_: callers.add(threading.get_ident()))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        greedy(model, prompts(), 4)
    finally:
        torch.set_num_threads(before)
    assert (callers == {threading.get_ident()}) == own


@pytest.mark.parametrize("kind", KINDS)
def test_prompts_that_begin_alike_or_are_alike_are_decoded_as_if_alone(kind):
    model = make(KINDS[kind], closing=CLOSING.get(kind, 0.0))
    begin, *ends = prompts(9, 10)
    questions = [np.concatenate([begin, end]) for end in ends]
    for some in (questions, [*questions, begin], questions[:1] * 3, [*questions, begin[:1]], [*questions, begin[::-1]]):
        expected = [greedy_uncached(model, prompt, 6) for prompt in some]
        assert [answer.ids for answer in greedy(model, some, 6)] == expected


@pytest.mark.parametrize("kind", ["softmax", "synthesizer, memory"])
def test_probabilities_are_those_of_the_whole_text_with_its_closing_mask(kind):
    model, questions = make(KINDS[kind], closing=CLOSING[kind]), prompts()
    closed = 0
    for prompt, answer in zip(questions, greedy(model, questions, 6), strict=True):
        tokens = [*answer.ids, MASK] if answer.closed else answer.ids
        closed += answer.closed
        with torch.no_grad():
            text = torch.tensor([[*prompt.tolist(), *tokens]])[:, :-1]
            expected = model.logits(text)[0].log_softmax(-1)[len(prompt) - 1 :]
        expected = expected[torch.arange(len(tokens)), torch.tensor(tokens)]
        assert answer.logprobs == pytest.approx(expected.tolist(), abs=1e-4)
    assert closed


def test_no_prompts_have_no_answers():
    assert greedy(make(TINY), [], 5) == []


def test_an_answer_fills_the_block_and_no_more():
    model = make(TINY, closing=-20.0)
    for length in (21, 22, 23):
        (answer,) = greedy(model, [np.full(length, 5, np.int32)], 50)
        assert len(answer.ids) == TINY.context_length - length
        assert answer.ids == greedy_uncached(model, np.full(length, 5), 50)


@pytest.mark.parametrize("outputs", [SIZE, 500])
def test_a_whole_answer_is_one_output_whatever_its_number(outputs):
    model, questions = make(replace(TINY, norm="rms"), outputs=outputs), prompts()
    with torch.no_grad():
        expected = [int(model.eval().logits(torch.from_numpy(p)[None].long())[0, -1].argmax()) for p in questions]
    assert max(expected) >= SIZE or outputs == SIZE
    answers = greedy(model, questions, 5, in_one=True)
    assert [answer.ids for answer in answers] == [[i] for i in expected]
    assert all(len(answer.logprobs) == 1 for answer in answers)
    with torch.no_grad():  # let output 1, which is no MASK here, win everywhere
        model.head.weight.copy_(torch.zeros_like(model.head.weight))
        model.head.weight[MASK] = model(torch.from_numpy(questions[0])[None].long())[0, -1]
    assert greedy(model, questions[:1], 1, in_one=True)[0].ids == [MASK]


def test_decoding_turns_dropout_off():
    model = make(replace(TINY, dropout=0.5)).train()
    assert greedy(model, prompts(), 5) == greedy(model, prompts(), 5)


def test_sampling_at_temperature_zero_or_from_the_best_one_is_greedy():
    model = make(TINY, closing=-20.0)
    for prompt in prompts(5, 10):
        expected = greedy_uncached(model, prompt, 8)
        assert sample(model, prompt, 8, temperature=0.0) == expected
        assert sample(model, prompt, 8, top_k=1) == expected


def test_sampling_is_repeated_by_its_seed_and_goes_past_the_block():
    model, prompt = make(TINY), np.array([3, 4, 5])
    first = sample(model, prompt, 60, temperature=3.0, seed=1)
    assert len(first) == 60
    assert first == sample(model, prompt, 60, temperature=3.0, seed=1)
    assert first != sample(model, prompt, 60, temperature=3.0, seed=2)
    assert PAD not in first


def test_sampling_draws_each_token_as_often_as_it_is_probable_and_from_the_top_k_alone():
    model, prompt = make(TINY), np.array([3, 4, 5])
    with torch.no_grad():
        logits = model.eval().logits(torch.tensor([[3, 4, 5]]))[0, -1] / 2
        logits[PAD] = float("-inf")
    expected = logits.softmax(-1)
    drawn = torch.tensor([sample(model, prompt, 1, temperature=2.0, seed=seed)[0] for seed in range(500)])
    counts = torch.bincount(drawn, minlength=SIZE) / 500
    assert (counts - expected).abs().max() < 0.1
    few = {sample(model, prompt, 1, temperature=50.0, top_k=3, seed=seed)[0] for seed in range(60)}
    assert few == set(logits.topk(3).indices.tolist())


def test_drawn_answers_are_as_frequent_as_they_are_probable():
    """At 1,000 even places of the summed distribution every token comes as often as it is probable, to one place."""
    model, prompt = make(TINY), prompts()[0]
    places = (np.arange(1000)[:, None] + 0.5) / 1000
    drawn = greedy(model, [prompt] * 1000, 1, drawn=places)
    logits = model.logits(torch.from_numpy(prompt.astype(np.int64))[None])[0, -1]
    counts = np.bincount([(draw.ids or [MASK])[0] for draw in drawn], minlength=SIZE)
    assert np.abs(counts - 1000 * logits.softmax(-1).detach().numpy()).max() <= 1.01
    best = greedy(model, [prompt], 8)[0]
    again = greedy(model, [prompt] * 3, 8, drawn=np.random.default_rng(0).random((3, 8)))
    assert [g.ids for g in again] == [
        greedy(model, [prompt], 8, drawn=row[None])[0].ids for row in np.random.default_rng(0).random((3, 8))
    ]
    assert any(draw.ids != best.ids for draw in again)


def test_weights_too_large_to_compute_with_are_told():
    """Each is a number, so they are weights; what they give is none."""
    model, (prompt, *_) = make(TINY), prompts()
    with torch.no_grad():
        model.head.weight.fill_(3e38)
        model.head.weight[::2] *= -1
    for ask in (
        lambda: greedy(model, [prompt], 3),
        lambda: sample(model, prompt, 3),
        lambda: sampled_chances(model, [prompt], [prompt[:1]]),
    ):
        with pytest.raises(RunError, match="values that are no numbers"):
            ask()
