"""What is read from inside a network is what it computes, and what is switched off has no part in it."""

from __future__ import annotations

import pytest
import torch

from closedbook.config.registry import REGISTRIES, ComponentSpec
from closedbook.config.schema import MemoryRecipe, ModelRecipe
from closedbook.model.gpt import GPT
from closedbook.model.hooks import ablated, activations, one_off_per_row, switches

TOKENS = torch.tensor([[5, 3, 2, 7, 1, 4], [4, 4, 6, 2, 5, 3]])


def make(mixer="softmax", **more):
    torch.manual_seed(0)
    positions = "rotary" if mixer == "softmax" else "learned"
    recipe = ModelRecipe(
        width=12, layers=2, heads=3, context_length=10, dropout=0.2, mixer=ComponentSpec(mixer), positions=positions,
        memory=MemoryRecipe(), **more,
    )  # fmt: skip
    model = GPT(recipe, 6, 9, names=3).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


@pytest.fixture(params=sorted(REGISTRIES["mixer"]))
def model(request):
    return make(request.param)


def values_of(mixer, x):
    """Each head's values (batch, head, time, d), from the map that makes them."""
    value = mixer.qkv(x).chunk(3, -1)[2] if hasattr(mixer, "qkv") else mixer.value(x)
    return value.unflatten(-1, (mixer.heads, -1)).transpose(1, 2)


def test_what_a_mixer_adds_is_its_weights_times_its_values(model):
    seen = activations(model, TOKENS)
    with torch.no_grad():
        for i, block in enumerate(model.stack.blocks):
            before = seen["embedding"] if i == 0 else seen[f"layer.{i - 1}"]
            weights = seen[f"layer.{i}.weights"]
            mixed = block.mixer.out(
                (weights @ values_of(block.mixer, block.attn_norm(before))).transpose(1, 2).flatten(2)
            )
            torch.testing.assert_close(mixed, seen[f"layer.{i}.mixed"])


def test_weights_are_shares_of_what_came_before(model):
    weights = activations(model, TOKENS)["layer.1.weights"]
    assert weights.shape == (2, 3, 6, 6)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 6))
    assert (weights.triu(1) == 0).all()
    assert (weights >= 0).all()


def test_names_are_the_same_for_every_mixer(model):
    names = ["embedding", "hidden", "layer.0", "layer.0.mixed", "layer.0.weights", "layer.1", "layer.1.mixed",
             "layer.1.weights", "logits"]  # fmt: skip
    seen = activations(model, TOKENS)
    assert sorted(seen) == names
    with torch.no_grad():
        assert torch.equal(seen["logits"], model.logits(TOKENS))


def test_a_head_that_is_off_adds_nothing(model):
    """The same as a last map whose columns for that head are 0."""
    with ablated(model, [(1, 2)]):
        off = activations(model, TOKENS)
    on = activations(model, TOKENS)
    assert torch.equal(off["layer.0"], on["layer.0"])
    assert not torch.allclose(off["layer.1"], on["layer.1"])
    with torch.no_grad():
        model.stack.blocks[1].mixer.out.weight[:, 8:12] = 0
        torch.testing.assert_close(model.logits(TOKENS), off["logits"])


def test_with_all_heads_off_only_the_last_map_s_bias_is_left(model):
    with ablated(model, [(0, 0), (0, 1), (0, 2)]):
        mixed = activations(model, TOKENS)["layer.0.mixed"]
    assert torch.equal(mixed, model.stack.blocks[0].mixer.out.bias.expand_as(mixed))


def test_the_memory_that_is_off_is_an_empty_memory(model):
    with ablated(model, ["memory"]):
        off = activations(model, TOKENS)["logits"]
    assert not torch.allclose(off, activations(model, TOKENS)["logits"])
    with torch.no_grad():
        model.memory.table.zero_()
        model.memory.common.zero_()
    assert torch.equal(off, activations(model, TOKENS)["logits"])


def test_many_experiments_in_one_pass_are_those_made_one_by_one(model):
    off = [None, *switches(model)]
    assert len(off) == 1 + 2 * 3 + 1
    with torch.no_grad(), one_off_per_row(model, off):
        together = model.logits(TOKENS[:1].expand(len(off), -1))
    for switch, row in zip(off, together, strict=True):
        with torch.no_grad(), ablated(model, [] if switch is None else [switch]):
            torch.testing.assert_close(model.logits(TOKENS[:1])[0], row)


def test_nothing_stays_behind(model):
    before = activations(model, TOKENS)["logits"]
    with pytest.raises(RuntimeError, match="stop"), ablated(model, [(0, 0), "memory"]):
        raise RuntimeError("stop")
    assert torch.equal(activations(model, TOKENS)["logits"], before)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_head_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"there is no \(0, 3\)"), ablated(make(), [(0, 3)]):
        pass
    recipe = ModelRecipe(width=12, layers=1, heads=3, context_length=10)
    with pytest.raises(ValueError, match="there is no memory"), ablated(GPT(recipe, 9), ["memory"]):
        pass
