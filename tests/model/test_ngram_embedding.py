"""The n-gram memory: one row for an n-gram wherever it stands, gradients for looked-up rows alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from closedbook.config.schema import MemoryRecipe, ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.gpt import GPT
from closedbook.model.ngram_embedding import NgramEmbedding

NAMED = np.arange(50) >= 40  # tokens 40 to 49 are parts of names


def make(rows=1 << 20, orders=(2, 3), **more):
    torch.manual_seed(0)
    memory = NgramEmbedding(MemoryRecipe(rows=rows, orders=orders, **more), 6, NAMED)
    with torch.no_grad():
        memory.table.normal_()
    return memory


def ids(*tokens):
    return torch.tensor([tokens])


def test_an_n_gram_has_the_same_row_wherever_it_stands():
    memory = make(orders=(1, 2, 3, 4))
    text = torch.randint(2, 50, (1, 30), generator=torch.Generator().manual_seed(0))
    other = torch.randint(2, 50, (1, 30), generator=torch.Generator().manual_seed(1))
    other[0, 17:21] = text[0, 5:9]
    a, b = memory.rows(text)[0], memory.rows(other)[0]
    for number, order in enumerate((1, 2, 3, 4)):
        for last in range(order - 1, 4):
            assert a[5 + last, number] == b[17 + last, number]


def test_other_n_grams_and_other_orders_have_other_rows():
    memory = make(orders=(1, 2, 3))
    generator = torch.Generator().manual_seed(0)
    text = torch.randint(2, 50, (1, 400), generator=generator)
    rows = memory.rows(text)[0]
    seen = {}
    for place in range(3, 400):
        for number, order in enumerate((1, 2, 3)):
            n_gram = tuple(text[0, place - order + 1 : place + 1].tolist())
            row = rows[place, number].item()
            assert seen.setdefault(row, n_gram) == n_gram  # a million rows: no collision here
            assert number << 20 <= row < (number + 1) << 20
    assert memory.rows(ids(7, 9))[0, 1, 1] != memory.rows(ids(9, 7))[0, 1, 1]


def test_before_the_first_token_stands_pad():
    memory = make()
    assert torch.equal(memory.rows(ids(7, 9))[0], memory.rows(ids(0, 0, 7, 9))[0, 2:])


def test_rows_are_spread_evenly():
    memory = make(rows=64, orders=(3,))
    text = torch.randint(2, 5000, (1, 64_000), generator=torch.Generator().manual_seed(0))
    counts = np.bincount(memory.rows(text).flatten().numpy(), minlength=64)
    assert ((counts - 1000) ** 2 / 1000).sum() < 120  # chi-squared with 63 degrees: beyond 1e-4


def test_with_names_only_an_n_gram_with_any_other_token_has_no_row():
    memory = make(names_only=True)
    text = ids(40, 41, 42, 3, 43, 44, 45)
    rows = memory.rows(text)[0]
    has_row = (rows != memory.none).tolist()
    assert [pair for pair, _ in has_row] == [False, True, True, False, False, True, True]
    assert [triple for _, triple in has_row] == [False, False, True, False, False, False, True]
    vectors = memory(text)[0]
    assert not vectors[[0, 3, 4]].any()
    assert torch.equal(vectors[5], memory.table[rows[5, 0]])
    assert torch.allclose(vectors[2], memory.table[rows[2]].sum(0))


def test_names_only_needs_to_know_the_names():
    with pytest.raises(RecipeError, match="names_only"):
        NgramEmbedding(MemoryRecipe(names_only=True), 6)
    for wrong in ({"orders": ()}, {"orders": (0,)}, {"orders": (5,)}, {"rows": 0}):
        with pytest.raises(RecipeError, match=r"model\.memory"):
            NgramEmbedding(MemoryRecipe(**wrong), 6)


@pytest.mark.parametrize("names_only", [False, True])
def test_the_gradient_is_sparse_and_equals_that_of_a_dense_look_up(names_only):
    memory = make(rows=16, names_only=names_only)
    text = torch.tensor([[40, 41, 41, 41, 3, 44], [2, 40, 41, 42, 43, 44]])
    weight = torch.randn(2, 6, 6)
    (memory(text) * weight).sum().backward()
    gradient = memory.table.grad
    assert gradient.is_sparse
    rows = memory.rows(text)
    touched = set(gradient._indices()[0].tolist())
    assert touched == set(rows[rows != memory.none].tolist())
    table = torch.cat([memory.table.detach(), torch.zeros(1, 6)]).requires_grad_()
    dense = table[rows].sum(2)
    assert torch.allclose(memory(text), dense, atol=1e-6)
    (dense * weight).sum().backward()
    assert torch.allclose(gradient.to_dense(), table.grad[:-1], atol=1e-5)


def test_vectors_at_some_positions_are_those_of_all():
    memory = make()
    text = torch.randint(2, 50, (2, 9))
    at = torch.tensor([[8], [3]])
    assert torch.equal(memory(text, at)[:, 0], memory(text)[torch.arange(2), at[:, 0]])


@pytest.mark.parametrize("names_only", [False, True])
def test_collisions_are_counted(names_only):
    memory = make(rows=8, names_only=names_only)
    sequences = [np.random.default_rng(i).integers(35, 50, 12).astype(np.int32) for i in range(3)]
    for number, (order, report) in enumerate(zip((2, 3), memory.collisions(sequences), strict=True)):
        users = {}
        for sequence in sequences:
            for i in range(12):
                n_gram = tuple(([0] * order + sequence.tolist())[i + 1 : i + 1 + order])
                if not names_only or all(NAMED[list(n_gram)]):
                    row = memory.rows(torch.from_numpy(sequence)[None].long())[0, i, number].item()
                    users.setdefault(row, set()).add(n_gram)
        n_grams = sum(map(len, users.values()))
        assert (report["order"], report["rows"]) == (order, 8)
        assert (report["ngrams"], report["rows_used"]) == (n_grams, len(users))
        assert report["sharing"] == sum(len(n) for n in users.values() if len(n) > 1) / n_grams > 0


def test_a_fresh_memory_changes_nothing_and_is_no_part_of_the_state_but_its_table():
    recipe = ModelRecipe(width=8, layers=1, heads=2, context_length=16, memory=MemoryRecipe(rows=8))
    memory = GPT(recipe, 50).memory
    assert not memory.table.any()
    assert list(make(names_only=True).state_dict()) == ["table"]
