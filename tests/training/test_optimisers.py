"""Optimisers against loops written from their formulas."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import MemoryRecipe, ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.gpt import GPT
from closedbook.training.muon import QUINTIC, Muon, SparseAdam, orthogonalise
from closedbook.training.optimisers import AdamW

COURSE = ModelRecipe(width=16, layers=1, heads=2, context_length=16, dropout=0.0)
SYNTHESIZER = replace(COURSE, mixer=ComponentSpec("synthesizer-dense"))
FAST = replace(COURSE, positions="rotary", norm="rms", bias=False, memory=MemoryRecipe())


def randomised(recipe):
    torch.manual_seed(0)
    names = 8 if recipe.memory else 0
    model = GPT(recipe, 20 - names, 20, names)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
    return model


def copy(model):
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


# AdamW ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", [COURSE, SYNTHESIZER])
def test_exactly_the_parameters_whose_name_lacks_bias_decay(recipe):
    model = randomised(recipe)
    optimiser = AdamW(AdamW.Config(rate=0.5, decay=0.1), model)
    before = copy(model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step(0.5)
    decayed = set()
    for name, parameter in model.named_parameters():
        if torch.equal(parameter, before[name]):
            continue
        decayed.add(name)
        assert torch.allclose(parameter, before[name] * (1 - 0.5 * 0.5 * 0.1), atol=1e-7)
    assert decayed == {name for name in before if "bias" not in name}
    assert {"norm.weight", "positions.table", "embedding.weight", "stack.blocks.0.attn_norm.weight"} <= decayed
    if recipe is SYNTHESIZER:
        assert {"stack.blocks.0.mixer.B", "stack.blocks.0.mixer.b2"} <= decayed


def test_adamw_is_its_formula():
    model = randomised(COURSE).double()
    config = AdamW.Config(rate=0.1, beta1=0.8, beta2=0.9, epsilon=1e-3, decay=0.2)
    optimiser = AdamW(config, model)
    expected = copy(model)
    first, second = ({name: torch.zeros_like(value) for name, value in expected.items()} for _ in range(2))
    for step, multiplier in enumerate([1.0, 0.5, 0.1], 1):
        for name, parameter in model.named_parameters():
            parameter.grad = torch.randn_like(parameter)
            rate, g = 0.1 * multiplier, parameter.grad
            first[name] = 0.8 * first[name] + 0.2 * g
            second[name] = 0.9 * second[name] + 0.1 * g * g
            m, v = first[name] / (1 - 0.8**step), second[name] / (1 - 0.9**step)
            decay = 0.0 if "bias" in name else 0.2
            expected[name] = expected[name] * (1 - rate * decay) - rate * m / (v.sqrt() + 1e-3)
        optimiser.step(multiplier)
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter, expected[name], atol=1e-10), name


def test_adamw_is_torch_s_own_bit_for_bit():
    model, other = (randomised(COURSE) for _ in range(2))
    other.load_state_dict(model.state_dict())
    ours = AdamW(AdamW.Config(rate=0.01), model)
    parts = [[p for name, p in other.named_parameters() if ("bias" in name) == bias] for bias in (False, True)]
    groups = [{"params": part, "weight_decay": decay} for part, decay in zip(parts, (0.1, 0.0), strict=True)]
    theirs = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95), fused=True)
    for step in range(4):
        for number, (first, second) in enumerate(zip(model.parameters(), other.parameters(), strict=True)):
            first.grad = second.grad = torch.randn_like(first) if step or number else None  # one comes in later
        ours.step(1.0)
        theirs.step()
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_adamw_refuses_a_memory_and_settings_that_make_no_sense():
    with pytest.raises(RecipeError, match="sparse"):
        AdamW(AdamW.Config(), randomised(FAST))
    for wrong in ({"rate": 0.0}, {"rate": -1.0}, {"beta1": 1.0}, {"beta2": -0.1}, {"decay": -1.0}, {"epsilon": 0.0}):
        with pytest.raises(RecipeError, match='the optimiser "adamw"'):
            ComponentSpec("adamw", wrong).make("optimiser", None)


# Muon -----------------------------------------------------------------------------------------------------------


def wide(height, width, seed=0, dtype=torch.float32):
    """A matrix whose singular values lie between 0.1 and 1, times an arbitrary size."""
    generator = torch.Generator().manual_seed(seed)
    u, _, vh = torch.linalg.svd(torch.randn(height, width, generator=generator, dtype=dtype), full_matrices=False)
    values = 0.1 + 0.9 * torch.rand(height, generator=generator, dtype=dtype)
    return (u * values) @ vh * 37


SHAPES = [(16, 16), (16, 64), (32, 40), (16, 64), (1, 5)]


def test_orthogonalised_matrices_have_singular_values_near_one_and_keep_their_directions():
    matrices = [wide(*shape, seed) for seed, shape in enumerate(SHAPES)]
    for matrix, result in zip(matrices, orthogonalise(matrices), strict=True):
        values = torch.linalg.svdvals(result)
        assert values.min() > 0.6
        assert values.max() < 1.3
        u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
        inside = u.T @ result @ vh.T
        assert (inside - inside.diagonal().diag()).abs().max() < 1e-3


@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_multiplying_the_polynomials_up_is_the_plain_newton_schulz_iteration(iterations):
    a, b, c = QUINTIC
    matrices = [wide(*shape, seed, torch.float64) for seed, shape in enumerate(SHAPES)]
    for matrix, result in zip(matrices, orthogonalise(matrices, iterations), strict=True):
        x = matrix / matrix.norm()
        for _ in range(iterations):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        assert torch.allclose(result, x, atol=1e-9)


def test_a_step_of_muon_moves_each_matrix_by_its_rate_in_every_direction():
    model = randomised(replace(FAST, layers=2))
    optimiser = Muon(Muon.Config(rate=0.1), model)
    before = copy(model)
    for name, parameter in model.named_parameters():
        if name.startswith("stack."):
            parameter.grad = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 5
    optimiser.step(0.5)
    moved = 0
    for name, parameter in model.named_parameters():
        change = before[name] - parameter.detach()
        if not name.startswith("stack."):
            assert not change.any()
            continue
        for block in change.split(16) if "qkv" in name else [change]:
            outputs, inputs = block.shape
            values = torch.linalg.svdvals(block) / (0.1 * 0.5 * max(1, outputs / inputs) ** 0.5)
            assert values.median() > 0.3  # the smallest of a random square may not have risen all the way
            assert values.max() < 1.3
            moved += 1
    assert moved == 2 * 6


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_sparse_adam_is_a_loop_over_the_touched_rows(decay):
    torch.manual_seed(0)
    table = torch.nn.Parameter(torch.randn(10, 4, dtype=torch.float64))
    optimiser = SparseAdam(table, rate=0.05, decay=decay)
    expected, first, second = table.detach().clone(), torch.zeros(10, 4).double(), torch.zeros(10, 4).double()
    for step in range(6):
        indices = torch.randint(0, 7, (9,))  # some rows twice, some never
        values = torch.randn(9, 4, dtype=torch.float64)
        table.grad = torch.sparse_coo_tensor(indices[None], values, (10, 4), check_invariants=True)
        multiplier = 1 + step
        rate = 0.05 * multiplier
        for row in sorted(set(indices.tolist())):
            g = values[indices == row].sum(0)
            first[row] = 0.9 * first[row] + 0.1 * g
            second[row] = 0.98 * second[row] + 0.02 * g * g
            for column in range(4):
                move = first[row, column] / (math.sqrt(second[row, column]) + 1e-10)
                expected[row, column] = expected[row, column] * (1 - rate * decay) - rate * move
        optimiser.step(multiplier)
        assert torch.allclose(table, expected, atol=1e-10)
    assert not optimiser.first[7:].any()


def test_sparse_adam_without_a_gradient_does_nothing():
    table = torch.nn.Parameter(torch.randn(3, 2))
    before = table.detach().clone()
    optimiser = SparseAdam(table, rate=0.1)
    optimiser.step(1.0)
    table.grad = torch.sparse_coo_tensor(
        torch.zeros(1, 0, dtype=torch.long), torch.zeros(0, 2), (3, 2), check_invariants=True
    )
    optimiser.step(1.0)
    assert torch.equal(table, before)


def test_muon_gives_every_parameter_to_exactly_one_rule():
    for recipe in (FAST, COURSE, SYNTHESIZER):
        model = randomised(recipe)
        optimiser = Muon(Muon.Config(), model)
        names = [*optimiser.matrices, *optimiser.tables, *optimiser.adamw.parameters]
        assert sorted(names) == sorted(name for name, _ in model.named_parameters())
        assert set(optimiser.tables) == ({"embedding.weight", "memory.table"} if recipe.memory else set())
        assert all(name.startswith("stack.") for name in optimiser.matrices)
        assert "head.weight" in optimiser.adamw.parameters


def test_muon_refuses_rates_that_make_no_sense():
    for wrong in ({"rate": 0.0}, {"head_rate": -1.0}, {"table_rate": 0.0}, {"iterations": 0}):
        with pytest.raises(RecipeError, match='the optimiser "muon"'):
            ComponentSpec("muon", wrong).make("optimiser", None)
