"""The Perceiver stack: its formula, what reaches what, targets alone, and decoding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from plain_decoding import greedy_uncached

from closedbook.config.loading import load_recipe
from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.generate import greedy
from closedbook.model.gpt import GPT
from closedbook.model.hooks import activations

M = 5
RECIPE = ModelRecipe(
    width=16, layers=4, heads=2, context_length=16, dropout=0.0, stack=ComponentSpec("perceiver", {"latents": M})
)
KINDS = {
    "course": RECIPE,
    "rotary": replace(RECIPE, positions="rotary"),
    "synthesizer between": replace(RECIPE, mixer=ComponentSpec("synthesizer-random-vanilla")),
    "no layer between": replace(RECIPE, layers=2),
    "more latents than tokens": replace(RECIPE, stack=ComponentSpec("perceiver", {"latents": 40})),
}


def make(recipe, spread=0.3):
    torch.manual_seed(0)
    model = GPT(recipe, 12).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=spread)
    return model


def batch(rows=3, time=15):
    return torch.randint(2, 12, (rows, time), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_the_stack_is_the_course_s_formula():
    """Cross-attention written once more, with the handout's mask over all m latents."""
    model, heads = make(RECIPE).double(), RECIPE.heads
    down, *middle, up = model.stack.blocks

    def cross(attention, queries, source):
        q, k, v = (
            F.linear(source_of, part.weight, part.bias).unflatten(-1, (heads, -1)).transpose(1, 2)
            for part, source_of in ((attention.query, queries), (attention.key, source), (attention.value, source))
        )
        mask = torch.ones(128, 128).tril()[: q.shape[2], : k.shape[2]]
        weights = (q @ k.mT / 8**0.5).masked_fill(mask == 0, float("-inf")).softmax(-1)
        return attention.out((weights @ v).transpose(1, 2).flatten(2))

    for time in (3, M, 11):
        x = torch.randn(2, time, RECIPE.width, dtype=torch.float64)
        latents = model.stack.C.expand(2, -1, -1)
        latents = latents + cross(down.mixer, down.attn_norm(latents), x)
        latents = latents + down.mlp(down.mlp_norm(latents))
        for block in middle:
            latents = block(latents, None, None)
        y = x + cross(up.mixer, x, up.attn_norm(latents))
        y = y + up.mlp(up.mlp_norm(y))
        assert torch.allclose(model.stack(x, None, None), y, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_no_position_sees_the_future_nor_a_token_after_the_last_latent(kind):
    model, tokens = make(KINDS[kind]), batch(1)
    before = model.logits(tokens)
    latents = KINDS[kind].stack.options["latents"]
    for place in range(15):
        changed = tokens.clone()
        changed[0, place] = (changed[0, place] - 2 + 5) % 10 + 2
        moved = (model.logits(changed) - before).abs().amax((0, 2))
        assert not (moved[:place] > 1e-5).any()
        assert moved[place] > 1e-3
        if place < latents:
            assert (moved[place:] > 1e-5).all()  # it reaches everything after it
        else:
            assert not (moved[place + 1 :] > 1e-5).any()  # it reaches nothing but itself


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_at_chosen_positions_is_that_of_the_full_logits_there(kind):
    model, tokens = make(KINDS[kind]), batch()
    at, target = torch.tensor([0, 4, 5, 17, 44]), torch.tensor([2, 5, 5, 7, 11])
    loss = model.loss(tokens, at, target)
    loss.backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad(set_to_none=True)
    expected = F.cross_entropy(model.logits(tokens).flatten(0, 1)[at], target, reduction="sum")
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        assert torch.allclose(gradients[name], parameter.grad, atol=1e-4), name
    assert model.stack.C.grad.abs().max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_decoding_is_token_for_token_that_without_a_cache(kind):
    model, rng = make(KINDS[kind], 0.4), np.random.default_rng(0)
    questions = [rng.integers(2, 12, rng.integers(1, 14)).astype(np.int32) for _ in range(8)]
    questions += [np.concatenate([questions[0], questions[1]])[:14], questions[0]]  # some begin alike
    answers = greedy(model, questions, 12)
    for prompt, answer in zip(questions, answers, strict=True):
        assert answer.ids == greedy_uncached(model, prompt, 12)
    assert len({tuple(answer.ids) for answer in answers}) > 3


def test_gradients_are_the_finite_differences():
    model = make(
        replace(RECIPE, width=4, layers=3, context_length=8, stack=ComponentSpec("perceiver", {"latents": 3}))
    ).double()
    stack = model.stack
    names, parameters = zip(*stack.named_parameters(), strict=True)

    def run(x, *inputs):
        return torch.func.functional_call(stack, dict(zip(names, inputs, strict=True)), (x, None, None))

    x = torch.randn(2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(run, (x, *(p.detach().requires_grad_() for p in parameters)), fast_mode=True)


def test_the_basis_starts_xavier_uniform_and_is_all_that_a_perceiver_has_more():
    recipe = load_recipe("course-vanilla").model
    model = GPT(replace(recipe, stack=ComponentSpec("perceiver")), 256)
    assert model.count_parameters()["total"] == 3_323_392 + 32 * 256
    bound = (6 / (32 * 256 + 256)) ** 0.5  # torch's fans of (1, m, d): m·d and d
    assert 0.95 * bound < model.stack.C.abs().max() <= bound


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_what_is_seen_inside_has_the_latents_for_positions(kind):
    model, tokens = make(KINDS[kind]), batch(1, 9)
    seen = activations(model, tokens)
    last, count = KINDS[kind].layers - 1, min(9, KINDS[kind].stack.options["latents"])
    assert seen["layer.0.weights"].shape == (1, 2, count, count)
    assert seen[f"layer.{last}.weights"].shape == (1, 2, 9, count)
    for layer in range(last + 1):
        assert torch.allclose(seen[f"layer.{layer}.weights"].sum(-1), torch.ones(()))
    up = model.stack.blocks[-1].mixer
    value = up.value(model.stack.blocks[-1].attn_norm(seen[f"layer.{last - 1}"])).unflatten(-1, (2, -1)).transpose(1, 2)
    sums = (seen[f"layer.{last}.weights"] @ value).transpose(1, 2).flatten(2)
    assert torch.allclose(up.out(sums), seen[f"layer.{last}.mixed"], atol=1e-5)


def test_too_few_layers_or_latents_are_refused():
    with pytest.raises(RecipeError, match="at least 2"):
        GPT(replace(RECIPE, layers=1), 9)
    with pytest.raises(RecipeError, match="latents = 0 must be at least 1"):
        GPT(replace(RECIPE, stack=ComponentSpec("perceiver", {"latents": 0})), 9)
