"""The memory of names: a row for each name, gradients for those in the batch alone, outputs that belong to one name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from closedbook.config.schema import MemoryRecipe, ModelRecipe
from closedbook.data.vocabulary import Spelling
from closedbook.model.generate import Generated, greedy
from closedbook.model.gpt import GPT
from closedbook.model.name_memory import ELSEWHERE, NameMemory, OwnOutputs

RECIPE = ModelRecipe(
    width=12, layers=1, heads=2, context_length=16, dropout=0.0, norm="rms", positions="rotary", memory=MemoryRecipe()
)
WORDS, NAMES, OUTPUTS = 7, 5, 9


def make(seed: int = 0) -> GPT:
    torch.manual_seed(seed)
    model = GPT(RECIPE, WORDS, OUTPUTS, NAMES).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
    return model


def prompt(name: int | None, *words: int) -> np.ndarray:
    return np.array([*words, *([] if name is None else [WORDS + name]), 1], np.int32)


# Rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 3])
def test_what_is_added_is_the_name_s_row_and_what_names_have_in_common(layers: int):
    torch.manual_seed(0)
    memory = NameMemory(NAMES, 4, layers)
    torch.nn.init.normal_(memory.table)
    numbers = torch.tensor([[-1, 2, 0], [4, -3, 2]])
    added = memory(numbers)
    assert added.shape == (2, 3, layers, 4)
    for row in range(2):
        for column in range(3):
            number = int(numbers[row, column])
            for layer in range(layers):
                place = slice(4 * layer, 4 * layer + 4)
                expected = memory.table[number, place] + memory.common[place] if number >= 0 else torch.zeros(4)
                assert torch.equal(added[row, column, layer], expected)


def test_rows_begin_at_zero_and_what_is_added_never_is():
    torch.manual_seed(0)
    memory = NameMemory(NAMES, 64)
    assert not memory.norms().any()
    added = memory(torch.arange(NAMES)[None])
    assert (added.norm(dim=-1) > 1).all()


def test_only_the_rows_of_a_batch_s_names_have_a_gradient():
    memory = NameMemory(NAMES, 4)
    numbers = torch.tensor([[3, -1, 1, 3]])
    (memory(numbers) * torch.arange(4.0)[None, :, None, None]).sum().backward()
    gradient = memory.table.grad
    assert gradient is not None
    assert gradient.is_sparse
    assert gradient.coalesce().indices()[0].tolist() == [1, 3]
    expected = torch.zeros(NAMES, 4)
    expected[1], expected[3] = 2.0, 0.0 + 3.0
    assert torch.equal(gradient.to_dense(), expected)
    memory.zero_grad()
    memory(torch.full((1, 3), -1)).sum().backward()
    assert memory.table.grad is None or not memory.table.grad.to_dense().any()


# In the network ---------------------------------------------------------------------------------------------------


def test_a_token_past_the_words_is_the_name_s_vector():
    model = make()
    tokens = torch.tensor([[2, WORDS + 3, 0], [WORDS, 6, 1]])
    with torch.no_grad():
        embedded = model.embed(tokens)
        for row in range(2):
            for column in range(3):
                token = int(tokens[row, column])
                name = model.memory.table[token - WORDS] + model.memory.common if token >= WORDS else None
                assert torch.equal(embedded[row, column], model.embedding.weight[token] if name is None else name)
    assert model.name_in(tokens[0].numpy()) == 3
    assert model.name_in(np.array([2, 3])) is None


def test_names_without_a_memory_are_none_and_the_network_is_one_of_words():
    model = GPT(replace(RECIPE, memory=MemoryRecipe(names=False)), WORDS, OUTPUTS)
    assert model.memory is None
    assert model.embed(torch.tensor([[2, 6]])).shape == (1, 2, 12)


# Outputs of one name ----------------------------------------------------------------------------------------------


def with_own(model: GPT, of: dict[int, list[tuple[torch.Tensor, int]]]) -> None:
    """Give names outputs of their own: (vector, the head's output that it takes the place of, or -1)."""
    assert model.memory is not None
    entries = [entry for name in range(NAMES) for entry in of.get(name, [])]
    counts = [len(of.get(name, [])) for name in range(NAMES)]
    model.memory.outputs = OwnOutputs(
        torch.stack([vector for vector, _ in entries]),
        torch.tensor([instead for _, instead in entries]),
        torch.tensor([0, *np.cumsum(counts).tolist()]),
    )


def test_a_name_says_its_own_outputs_and_others_stay_to_the_bit():
    model = make()
    prompts = [prompt(0, 3), prompt(1, 3, 4), prompt(None, 3, 5), prompt(2, 2), prompt(3, 6, 2)]
    before = greedy(model, prompts, 1, in_one=True)
    loud = {name: torch.from_numpy(before[i].hidden) for name, i in ((1, 1), (2, 3))}
    quiet = -loud[1]
    with_own(model, {1: [(quiet, -1), (50 * loud[1], -1)], 2: [(50 * loud[2], -1)]})
    after = greedy(model, prompts, 1, in_one=True)
    assert [one.ids for one in after] == [before[0].ids, [OUTPUTS + 1], before[2].ids, [OUTPUTS + 2], before[4].ids]
    for i in (0, 2, 4):
        same(before[i], after[i])
    for i in (1, 3):
        assert np.array_equal(before[i].hidden, after[i].hidden)
    alone = greedy(model, [prompts[1]], 1, in_one=True)[0]
    assert (alone.ids, alone.logprobs) == (after[1].ids, pytest.approx(after[1].logprobs))


def same(one: Generated, other: Generated) -> None:
    assert one == other
    assert np.array_equal(one.hidden, other.hidden)


def test_an_own_output_takes_the_place_of_the_head_s():
    """Equal to the head's vector it scores what that did, and all others ELSEWHERE less; the head's is never said."""
    model, asked = make(), prompt(4, 2, 3)
    (before,) = greedy(model, [asked], 1, in_one=True)
    best = before.ids[0]
    with_own(model, {4: [(model.head.weight[best].detach().clone(), best)]})
    (after,) = greedy(model, [asked], 1, in_one=True)
    assert after.ids == [OUTPUTS]
    scores = model.head(torch.from_numpy(before.hidden)).detach() - ELSEWHERE
    scores[best] += ELSEWHERE
    expected = scores.log_softmax(0).topk(2).values.tolist()
    assert [*after.logprobs, *after.runners_up] == pytest.approx(expected, abs=1e-5)


def test_sampled_answers_are_drawn_from_the_head_s_and_the_name_s_outputs():
    model, draws = make(), 4000
    asked = prompt(1, 3)
    (plain,) = greedy(model, [asked], 1, in_one=True)
    hidden = torch.from_numpy(plain.hidden)
    with torch.no_grad():
        scores = model.head(hidden)
        probable = scores.logsumexp(0) - ELSEWHERE  # as all else together
        own = hidden * (probable / hidden.square().sum())
    with_own(model, {0: [(own, -1)], 1: [(own, -1)]})
    drawn = np.random.default_rng(0).random((draws, 1))
    said = np.array([one.ids[0] for one in greedy(model, [asked] * draws, 1, in_one=True, drawn=drawn)])
    assert (said == OUTPUTS + 1).mean() == pytest.approx(0.5, abs=0.03)
    assert OUTPUTS not in said  # that is another name's
    shares = np.bincount(said, minlength=OUTPUTS)[:OUTPUTS] / draws
    assert shares == pytest.approx(scores.softmax(0).numpy() / 2, abs=0.03)


def test_an_own_output_is_a_whole_answer_where_others_are_spelled():
    model = make()
    spelling = Spelling(4, OUTPUTS - 1, np.array([0, 0, 0, 0, 2, 3, 4, 5, 0]))
    with torch.no_grad():
        model.head.weight[:4] = 0.0  # phrases: so pieces are said
    prompts = [prompt(0, 3), prompt(1, 3, 4)]
    before = greedy(model, prompts, 5, in_one=spelling)
    assert max(len(one.logprobs) for one in before) > 1
    with_own(model, {1: [(50 * torch.from_numpy(before[1].hidden), -1)]})
    after = greedy(model, prompts, 5, in_one=spelling)
    assert after[1].ids == [OUTPUTS]
    assert not after[1].closed
    same(before[0], after[0])
