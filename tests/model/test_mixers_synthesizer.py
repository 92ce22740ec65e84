"""The mixers of the Synthesizer paper: each against a slow loop from its formula, and what all mixers must keep."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from closedbook.config.loading import load_recipe
from closedbook.config.registry import REGISTRIES, ComponentSpec
from closedbook.config.schema import ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.attend import attend
from closedbook.model.dropout import PARTS
from closedbook.model.gpt import GPT
from closedbook.model.kv_cache import Cache
from closedbook.model.positions import Rotary

D, H, BLOCK = 12, 3, 10
WIDTH, LENGTH = D // H, BLOCK - 1
RECIPE = ModelRecipe(width=D, layers=1, heads=H, context_length=BLOCK, dropout=0.0)
MIXERS = tuple(REGISTRIES["mixer"])
TURNING = ("softmax", "synthesizer-dense-vanilla", "synthesizer-random-vanilla")


def make(name, recipe=RECIPE, **options):
    torch.manual_seed(0)
    mixer = ComponentSpec(name, options).make("mixer", recipe, 0).eval().double()
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter.normal_(std=0.7)
    return mixer


def linear(layer, x):
    return (layer.weight @ x + layer.bias).tolist()


def part(vector, head):
    return vector[head * WIDTH : (head + 1) * WIDTH]


def dot(a, b):
    return sum(s * t for s, t in zip(a, b, strict=True))


# One score, of key j for query i in a head, straight from the formula. x is (time, width).


def dense(m, x, head, i, j):
    hidden = part([max(0.0, value) for value in linear(m.A, x[i])], head)
    return sum(hidden[c] * float(m.B[c, j]) for c in range(WIDTH)) + float(m.b2[j])


def random(m, x, head, i, j):
    return float(m.R[head, i, j])


def vanilla(m, x, head, i, j):
    q, k = linear(m.qk, x[i])[:D], linear(m.qk, x[j])[D:]
    return dot(part(q, head), part(k, head)) / math.sqrt(WIDTH)


def factorized_random(m, x, head, i, j):
    return sum(float(m.R1[head, i, r] * m.R2[head, j, r]) for r in range(m.R1.shape[-1]))


def factorized_dense(m, x, head, i, j):
    hidden = part([max(0.0, value) for value in linear(m.W, x[i])], head)
    a, b = len(m.ba), len(m.bb)
    assert a * b == BLOCK
    A = [sum(hidden[c] * float(m.Ba[c, n]) for c in range(WIDTH)) + float(m.ba[n]) for n in range(a)]
    B = [sum(hidden[c] * float(m.Bb[c, n]) for c in range(WIDTH)) + float(m.bb[n]) for n in range(b)]
    tiled_a, tiled_b = A * b, [value for value in B for _ in range(a)]
    return tiled_a[j] * tiled_b[j]


def mixed(first):
    def score(m, x, head, i, j):
        e = [math.exp(float(value)) for value in m.mixture]
        return (e[0] * first(m, x, head, i, j) + e[1] * vanilla(m, x, head, i, j)) / sum(e)

    return score


FORMULAS = {
    "synthesizer-dense": dense,
    "synthesizer-random": random,
    "synthesizer-fixed": random,
    "synthesizer-factorized-dense": factorized_dense,
    "synthesizer-factorized-random": factorized_random,
    "synthesizer-dense-vanilla": mixed(dense),
    "synthesizer-random-vanilla": mixed(random),
}


@pytest.mark.parametrize("name", FORMULAS)
@torch.no_grad()
def test_every_synthesizer_is_its_formula(name):
    mixer, time = make(name), 7
    x = torch.randn(time, D, dtype=torch.float64)
    weights = torch.zeros(H, time, time, dtype=torch.float64)
    for head in range(H):
        for i in range(time):
            e = [math.exp(FORMULAS[name](mixer, x, head, i, j)) for j in range(i + 1)]
            weights[head, i, : i + 1] = torch.tensor(e, dtype=torch.float64) / sum(e)
    values = [linear(mixer.value, row) for row in x]
    sums = [
        [sum(float(weights[c // WIDTH, i, j]) * values[j][c] for j in range(i + 1)) for c in range(D)]
        for i in range(time)
    ]
    with torch.no_grad():
        assert torch.allclose(mixer.weights(x[None])[0], weights, atol=1e-12)
        expected = [linear(mixer.out, torch.tensor(row, dtype=torch.float64)) for row in sums]
        assert torch.allclose(mixer(x[None])[0], torch.tensor(expected, dtype=torch.float64), atol=1e-12)


@pytest.mark.parametrize("name", MIXERS)
def test_no_mixer_sees_the_future_and_every_one_sees_the_past(name):
    mixer, x = make(name), torch.randn(2, LENGTH, D, dtype=torch.float64)
    with torch.no_grad():
        before = mixer(x)
        for place in range(LENGTH):
            changed = x.clone()
            changed[:, place] += 1
            moved = (mixer(changed) - before).abs().amax((0, 2))
            assert not moved[:place].any()
            assert (moved[place:] > 1e-6).all()
            assert torch.allclose(mixer(x[:, : place + 1]), before[:, : place + 1], atol=1e-12)


@pytest.mark.parametrize("name", MIXERS)
def test_what_a_mixer_gives_is_its_weights_times_its_values(name):
    mixer, x = make(name), torch.randn(2, LENGTH, D, dtype=torch.float64)
    with torch.no_grad():
        value = mixer.qkv(x)[..., 2 * D :] if name == "softmax" else mixer.value(x)
        weights = mixer.weights(x)
        sums = weights @ value.unflatten(-1, (H, WIDTH)).transpose(1, 2)
        assert torch.allclose(mixer(x), mixer.out(sums.transpose(1, 2).flatten(2)), atol=1e-12)
    assert weights.shape == (2, H, LENGTH, LENGTH)
    assert torch.allclose(weights.sum(-1), torch.ones((), dtype=torch.float64))
    assert not weights.triu(1).any()


@pytest.mark.parametrize("name", MIXERS)
def test_gradients_are_the_finite_differences(name):
    tiny = replace(RECIPE, width=4, heads=2, context_length=8)
    mixer = make(name, tiny)
    names, parameters = zip(*mixer.named_parameters(), strict=True)

    def run(x, *inputs):
        return torch.func.functional_call(mixer, dict(zip(names, inputs, strict=True)), (x,))

    x = torch.randn(2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(run, (x, *(p.detach().requires_grad_() for p in parameters)), fast_mode=True)


@pytest.mark.parametrize("name", MIXERS)
@pytest.mark.parametrize("turned", [False, True])
def test_a_mixer_with_a_cache_gives_what_it_gives_without(name, turned):
    if turned and name not in TURNING:
        return
    mixer, rows = make(name), 3
    x = torch.randn(rows, LENGTH, D, dtype=torch.float64)
    rotary = Rotary(RECIPE)

    def turns(at):
        return rotary.rotation(at).to(torch.complex128) if turned else None

    with torch.no_grad():
        whole = mixer(x, turns(torch.arange(LENGTH)[None]))
        cache, filled = Cache(rows), torch.tensor([4, 2, 3])
        at = cache.advance(torch.ones(rows, 4, dtype=torch.long))  # prompts of 4, 2 and 3, padded on the right
        first = mixer(x[:, :4], turns(at), cache)
        for row, length in enumerate(filled):
            assert torch.allclose(first[row, :length], whole[row, :length], atol=1e-12)
        cache.drop_padding(filled)
        for _ in range(LENGTH - 4):
            at = cache.advance(torch.ones(rows, 1, dtype=torch.long))
            step = mixer(x[torch.arange(rows)[:, None], at], turns(at), cache)
            assert torch.allclose(step, whole[torch.arange(rows)[:, None], at], atol=1e-12)


@pytest.mark.parametrize("name", MIXERS)
def test_the_number_of_parameters_is_the_formula_s(name):
    d, h, n, layers = 256, 8, 127, 4
    rank, a, b = 8, 8, 16
    maps = {"value": d * d + d, "out": d * d + d}
    own = {
        "softmax": 2 * (d * d + d),
        "synthesizer-dense": d * d + d + d // h * n + n,
        "synthesizer-random": h * n * n,
        "synthesizer-fixed": 0,
        "synthesizer-factorized-dense": d * d + d + (d // h + 1) * (a + b),
        "synthesizer-factorized-random": 2 * h * n * rank,
        "synthesizer-dense-vanilla": 3 * (d * d + d) + d // h * n + n + 2,
        "synthesizer-random-vanilla": 2 * (d * d + d) + h * n * n + 2,
    }[name]
    other = 2 * 256 * d + 128 * d + 2 * d + layers * (4 * d + 8 * d * d + 5 * d)  # all but the mixers
    model = GPT(replace(load_recipe("course-vanilla").model, mixer=ComponentSpec(name)), 256)
    assert model.count_parameters()["total"] == other + layers * (sum(maps.values()) + own)


def test_what_is_fixed_is_not_trained_but_kept_with_the_weights():
    mixer = make("synthesizer-fixed")
    assert "R" in mixer.state_dict()
    assert not mixer.R.requires_grad
    assert 0.8 < mixer.R.std() < 1.2
    mixer(torch.randn(1, 4, D, dtype=torch.float64)).sum().backward()
    assert mixer.R.grad is None


@pytest.mark.parametrize("name", [name for name in MIXERS if name not in TURNING])
def test_a_mixer_without_queries_refuses_rotary_positions(name):
    with pytest.raises(RecipeError, match=f'"{name}" has no queries and keys'):
        GPT(replace(RECIPE, positions="rotary", mixer=ComponentSpec(name), heads=2), 9)


def test_options_that_cannot_be_are_refused():
    with pytest.raises(RecipeError, match="does not divide"):
        make("synthesizer-factorized-dense", a=4)
    with pytest.raises(RecipeError, match="a = -1 must be at least 0"):
        make("synthesizer-factorized-dense", a=-1)
    with pytest.raises(RecipeError, match="rank = 0 must be at least 1"):
        make("synthesizer-factorized-random", rank=0)
    assert make("synthesizer-factorized-dense", a=5).ba.shape == (5,)


# Attention in pieces --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("batch", "time"), [(1, 1), (5, 130), (2, 300)])
@pytest.mark.parametrize("kind", ["products", "bias", "one bias for all", "both"])
def test_attention_in_pieces_is_the_plain_formula_with_its_gradients(kind, batch, time, monkeypatch):
    monkeypatch.setattr("closedbook.model.attend.PIECE", 2**16)  # several pieces
    torch.manual_seed(0)
    q, k, v = (torch.randn(batch, 2, time, 3, dtype=torch.float64, requires_grad=True) for _ in range(3))
    shape = (1, 1, time, time) if "all" in kind else (batch, 2, time, time)
    bias = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    products = {"q": q, "k": k} if kind in ("products", "both") else {}
    products |= {"bias": bias} if kind != "products" else {}
    scores = q @ k.mT if "q" in products else 0
    scores = scores + (bias if "bias" in products else 0)
    future = torch.ones(time, time, dtype=torch.bool).triu(1)
    expected = scores.masked_fill(future, -math.inf).softmax(-1) @ v
    attended = attend(v, **products)
    assert torch.allclose(attended, expected, atol=1e-12)
    along = torch.randn_like(v)
    inputs = [v, *products.values()]
    for gradient, other in zip(
        torch.autograd.grad(attended, inputs, along), torch.autograd.grad(expected, inputs, along), strict=True
    ):
        assert torch.allclose(gradient, other, atol=1e-11)


def test_dropped_weights_are_as_many_as_asked_and_the_rest_is_raised_by_as_much():
    torch.manual_seed(0)
    batch, time = 40, 64
    v = torch.eye(time, dtype=torch.float64).expand(batch, 1, time, time).contiguous()  # so that y is the weights
    bias = torch.zeros(1, 1, time, time, dtype=torch.float64, requires_grad=True)
    y = attend(v, bias=bias, dropout=0.3)
    plain = attend(v, bias=bias)
    seen = plain > 0
    staying = round(0.7 * PARTS)
    kept = y[seen] > 0
    count = int(seen.sum())
    assert abs(kept.double().mean() - 0.7) < 4 * math.sqrt(0.21 / count)
    assert torch.allclose(y[seen][kept], plain[seen][kept] * PARTS / staying)
    assert not y[~seen].any()
    # The gradient goes through the same weights: y is affine in v.
    along = torch.randn_like(v)
    v.requires_grad_()
    torch.manual_seed(1)
    y = attend(v, bias=bias, dropout=0.3)
    (dv,) = torch.autograd.grad(y, v, along)
    torch.manual_seed(1)
    weights = attend(torch.eye(time, dtype=torch.float64).expand(batch, 1, time, time), bias=bias, dropout=0.3)
    assert torch.allclose(dv, weights.mT @ along, atol=1e-12)


def test_gradients_through_dropped_weights_are_the_finite_differences():
    q, k, v = (torch.randn(2, 2, 5, 3, dtype=torch.float64, requires_grad=True) for _ in range(3))
    bias = torch.randn(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)

    def run(*inputs):
        torch.manual_seed(3)
        return attend(*inputs, 0.4)

    assert torch.autograd.gradcheck(run, (v, q, k, bias), fast_mode=True)
