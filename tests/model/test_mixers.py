"""Each mixer against a slow loop written from its formula; positions against theirs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.gpt import GPT
from closedbook.model.positions import Learned, NoPositions, Rotary, rotate

RECIPE = ModelRecipe(width=12, layers=1, heads=3, context_length=10, dropout=0.0)


def make(name, **options):
    torch.manual_seed(0)
    mixer = ComponentSpec(name, options).make("mixer", RECIPE, 0).eval().double()
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter.normal_(std=0.7)
    return mixer


def softmax(scores):
    top = max(scores)
    weights = [math.exp(score - top) for score in scores]
    return [weight / sum(weights) for weight in weights]


def heads(x):
    """(time, width) to head → (time, width of a head)."""
    return x.unflatten(-1, (RECIPE.heads, -1)).unbind(1)


def slowly(weights_of, values, out):
    """Σⱼ weights(head, i)ⱼ · value(head)ⱼ, heads side by side, through the last map: with loops."""
    rows = []
    for i in range(values[0].shape[0]):
        parts = []
        for head, value in enumerate(values):
            weights = weights_of(head, i)
            assert len(weights) == i + 1  # causal: position i and those before
            parts.append(sum(weight * value[j] for j, weight in enumerate(weights)))
        rows.append(torch.cat(parts))
    return out(torch.stack(rows))


@pytest.mark.parametrize("time", [1, 5, 9])
def test_the_synthesizer_is_its_formula(time):
    mixer = make("synthesizer-dense")
    x = torch.randn(time, 12, dtype=torch.float64)
    hidden = heads((x @ mixer.A.weight.T + mixer.A.bias).clamp_min(0))

    def weights(head, i):
        return softmax([float(hidden[head][i] @ mixer.B[:, j] + mixer.b2[j]) for j in range(i + 1)])

    with torch.no_grad():
        expected = slowly(weights, heads(mixer.value(x)), mixer.out)
        assert torch.allclose(mixer(x[None])[0], expected, atol=1e-12)


@pytest.mark.parametrize("qk_norm", [False, True])
@pytest.mark.parametrize("positions", ["none", "rotary"])
def test_softmax_attention_is_its_formula(qk_norm, positions):
    mixer = make("softmax", qk_norm=qk_norm)
    x = torch.randn(9, 12, dtype=torch.float64)
    width = 4
    with torch.no_grad():
        q, k, v = (heads(part) for part in mixer.qkv(x).split(12, dim=-1))

        def ready(vector, place):
            if qk_norm:
                vector = vector / (vector.square().mean() + 1e-7).sqrt()
            if positions == "none":
                return vector
            turned = []
            for pair in range(width // 2):
                angle = place * 10_000 ** (-2 * pair / width)
                a, b = vector[2 * pair], vector[2 * pair + 1]
                turned += [a * math.cos(angle) - b * math.sin(angle), a * math.sin(angle) + b * math.cos(angle)]
            return torch.stack(turned)

        def weights(head, i):
            query = ready(q[head][i], i)
            return softmax([float(query @ ready(k[head][j], j)) / math.sqrt(width) for j in range(i + 1)])

        expected = slowly(weights, v, mixer.out)
        rotation = Rotary(RECIPE).rotation(torch.arange(9)[None]) if positions == "rotary" else None
        tolerance = 1e-6 if positions == "rotary" else 1e-8  # the table of rotations is float32
        assert torch.allclose(mixer(x[None], rotation)[0], expected, atol=tolerance)


@pytest.mark.parametrize("qk_norm", [False, True])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("at", [[0, 3, 8, 9, 26], [13], [], list(range(27))])
def test_softmax_attention_at_some_positions_is_that_of_all_there_with_its_gradient(qk_norm, turned, at):
    mixer = make("softmax", qk_norm=qk_norm)
    rotation = Rotary(RECIPE).rotation(torch.arange(9)[None]) if turned else None
    at = torch.tensor(at, dtype=torch.long)
    outputs = []
    for some in (True, False):
        x = torch.randn(3, 9, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
        mixer.zero_grad()
        y = mixer.forward_at(x, rotation, at) if some else mixer(x, rotation).flatten(0, 1)[at]
        (y * torch.arange(1.0, 1 + y.numel()).view_as(y)).sum().backward()
        outputs.append([y, x.grad, *(parameter.grad for parameter in mixer.parameters())])
    for first, second in zip(*outputs, strict=True):
        assert torch.allclose(first, second, atol=1e-10)


def test_the_weights_of_the_synthesizer_depend_on_the_position_s_own_content_alone():
    mixer = make("synthesizer-dense")
    x, y, z = torch.randn(3, 1, 9, 12, dtype=torch.float64)
    for other in (y, z):
        other[0, 8] = x[0, 8]
    with torch.no_grad():  # affine in the other positions' contents: the second difference vanishes
        second = mixer(x)[0, 8] - mixer(y)[0, 8] - mixer(z)[0, 8] + mixer(y + z - x)[0, 8]
        lookup = make("softmax")
        other_second = lookup(x)[0, 8] - lookup(y)[0, 8] - lookup(z)[0, 8] + lookup(y + z - x)[0, 8]
    assert second.abs().max() < 1e-12
    assert other_second.abs().max() > 0.1


def test_b_and_b2_have_a_column_for_each_position_of_x():
    mixer = make("synthesizer-dense")
    assert mixer.B.shape == (4, 9)
    assert mixer.b2.shape == (9,)


# Positions ------------------------------------------------------------------------------------------------------


def test_rotating_is_multiplying_complex_numbers():
    width, block = 8, 32
    rotary = Rotary(replace(RECIPE, width=24, context_length=block))
    x = torch.randn(2, block, 3, width, dtype=torch.float64)
    pairs = torch.complex(x[..., 0::2], x[..., 1::2])
    angle = torch.arange(block)[:, None] * 10_000.0 ** (-2 * torch.arange(width // 2, dtype=torch.float64) / width)
    expected = pairs * torch.exp(1j * angle)[None, :, None]
    rotated = rotate(x, rotary.rotation(torch.arange(block)[None]))
    assert torch.allclose(rotated[..., 0::2], expected.real, atol=1e-6)
    assert torch.allclose(rotated[..., 1::2], expected.imag, atol=1e-6)
    assert torch.allclose(rotated.norm(dim=-1), x.norm(dim=-1), rtol=1e-6)
    assert torch.allclose(rotated[:, 0], x[:, 0])  # position 0 does not turn


def test_rotary_scores_depend_on_the_distance_alone():
    rotary = Rotary(replace(RECIPE, context_length=64))
    q, k = torch.randn(2, 1, 9, 3, 4)

    def scores(shift):
        rotation = rotary.rotation(torch.arange(9)[None] + shift)
        return torch.einsum("bqhd,bkhd->bhqk", rotate(q, rotation), rotate(k, rotation))

    for shift in (1, 7, 50):
        assert torch.allclose(scores(shift), scores(0), atol=1e-5)
    turned = torch.einsum("bqhd,bkhd->bhqk", q, k)
    assert (scores(0) - turned).abs().max() > 0.1


def test_shifted_positions_give_the_same_attention():
    mixer, rotary = make("softmax").float(), Rotary(replace(RECIPE, context_length=64))
    x = torch.randn(2, 9, 12)
    at = torch.arange(9)[None]
    with torch.no_grad():
        assert torch.allclose(mixer(x, rotary.rotation(at)), mixer(x, rotary.rotation(at + 41)), atol=1e-5)
        assert not torch.allclose(mixer(x, rotary.rotation(at)), mixer(x, rotary.rotation(2 * at)), atol=1e-2)


def test_rotary_and_no_positions_have_no_parameters_and_learned_ones_start_at_zero():
    assert not list(Rotary(RECIPE).parameters())
    assert not list(NoPositions(RECIPE).parameters())
    learned = Learned(RECIPE)
    assert learned.table.shape == (10, 12)
    assert not learned.table.any()
    assert Rotary(RECIPE).state_dict() == {}


def test_an_odd_head_cannot_be_rotated():
    with pytest.raises(RecipeError, match="must be even"):
        GPT(replace(RECIPE, heads=4, positions="rotary"), 9)
