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
from closedbook.model.name_memory import READERS, NameMemory, OwnOutputs

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


def with_own(model: GPT, of: dict[int, list[torch.Tensor]]) -> None:
    """Give names outputs of their own, and the memory readers."""
    assert model.memory is not None
    model.memory.take(None, None)
    counts = [len(of.get(name, [])) for name in range(NAMES)]
    model.memory.outputs = OwnOutputs(
        torch.stack([vector for name in range(NAMES) for vector in of.get(name, [])]),
        torch.tensor([0, *np.cumsum(counts).tolist()]),
    )


def states(model: GPT, prompts: list[np.ndarray]) -> torch.Tensor:
    """(prompt, state) what the readers make of each prompt."""
    model.memory.take(None, None)
    return torch.stack([model.read(torch.tensor(each[None]), torch.tensor([len(each) - 1]))[0] for each in prompts])


def same(answer: Generated, other: Generated) -> None:
    assert answer == other
    assert np.array_equal(answer.hidden, other.hidden)


def test_a_reader_is_a_row_in_place_of_the_name_and_no_row_of_one_name():
    model, question = make(), prompt(1, 3)
    read = states(model, [question])[0]
    rows = model.memory.readers
    assert len(rows) == READERS
    for reader, row in zip(read.split(model.recipe.width), rows, strict=True):
        other = make()
        with torch.no_grad():
            other.memory.table[1] = row
        (generated,) = greedy(other, [question], 1, in_one=True)
        assert torch.allclose(torch.from_numpy(generated.hidden), reader, atol=1e-5)
    assert torch.equal(states(model, [prompt(2, 3)])[0], read)  # whoever the question is about
    assert not any(torch.allclose(row, own) for row in rows for own in model.memory.table)
    with pytest.raises(ValueError, match="shape"):
        model.memory.take(rows[:2], None)


def test_a_name_says_its_own_outputs_and_others_stay_to_the_bit():
    model = make()
    prompts = [prompt(0, 3), prompt(1, 3, 4), prompt(None, 3, 5), prompt(2, 2), prompt(3, 6, 2)]
    before, read = greedy(model, prompts, 1, in_one=True), states(model, prompts)
    with_own(model, {1: [-read[1], read[1], 2 * read[1]], 2: [read[3], 0 * read[3]]})
    after = greedy(model, prompts, 1, in_one=True)
    assert [item.ids for item in after] == [before[0].ids, [OUTPUTS + 1], before[2].ids, [OUTPUTS + 3], before[4].ids]
    for i in (0, 2, 4):
        same(before[i], after[i])
    scores = torch.stack([-read[1], read[1], 2 * read[1]]) @ read[1]  # the last has most, and is never said
    expected = scores.log_softmax(0)[:2].flip(0).tolist()
    assert [*after[1].logprobs, *after[1].runners_up] == pytest.approx(expected, abs=1e-4)
    alone = greedy(model, [prompts[1]], 1, in_one=True)[0]
    assert (alone.ids, alone.logprobs) == (after[1].ids, pytest.approx(after[1].logprobs))


def test_sampled_answers_are_drawn_from_the_name_s_outputs_alone():
    model, draws = make(), 4000
    question = prompt(1, 3)
    read = states(model, [question])[0]
    even = read / read.square().sum()
    with_own(model, {0: [even, even], 1: [even, even, 0 * even, even]})
    drawn = np.random.default_rng(0).random((draws, 1))
    first_ids = np.array([answer.ids[0] for answer in greedy(model, [question] * draws, 1, in_one=True, drawn=drawn)])
    shares = torch.tensor([1.0, 1.0, 0.0]).softmax(0).tolist()
    assert [(first_ids == OUTPUTS + 2 + i).mean() for i in range(3)] == pytest.approx(shares, abs=0.03)
    assert set(first_ids) == {OUTPUTS + 2, OUTPUTS + 3, OUTPUTS + 4}  # none of the head's, none of another name's


def test_an_own_output_is_a_whole_answer_where_others_are_spelled():
    model = make()
    spelling = Spelling(4, OUTPUTS - 1, np.array([0, 0, 0, 0, 2, 3, 4, 5, 0]))
    with torch.no_grad():
        model.head.weight[:4] = 0.0  # phrases: so pieces are said
    prompts = [prompt(0, 3), prompt(1, 3, 4)]
    before = greedy(model, prompts, 5, in_one=spelling)
    assert max(len(answer.logprobs) for answer in before) > 1
    with_own(model, {1: [states(model, prompts)[1]] * 2})
    after = greedy(model, prompts, 5, in_one=spelling)
    assert after[1].ids == [OUTPUTS]
    assert not after[1].closed
    same(before[0], after[0])


@pytest.mark.parametrize("training", [True, False])
def test_a_blank_name_is_the_common_vector_and_teaches_no_row(training):
    model = make().train(training)
    memory = model.memory
    vectors = memory(torch.tensor([[memory.blank, -1, 2]]))[0, :, 0]
    assert torch.equal(vectors[0], memory.common)
    assert not vectors[1].any()
    assert torch.equal(vectors[2], memory.table[2] + memory.common)
    vectors[0].sum().backward()
    rows = memory.table.grad
    assert rows is None or not rows.to_dense().any()
