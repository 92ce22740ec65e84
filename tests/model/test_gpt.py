"""The network against an independent implementation, its parameters counted, its loss against plain definitions."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from closedbook.config.loading import load_recipe
from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import MemoryRecipe, ModelRecipe
from closedbook.model.gpt import GPT

TINY = ModelRecipe(width=16, layers=2, heads=2, context_length=16, dropout=0.0)
MODERN = replace(TINY, positions="rotary", feedforward="relu2", norm="rms", bias=False, initial="scaled")
KINDS = {
    "course": TINY,
    "synthesizer": replace(TINY, mixer=ComponentSpec("synthesizer-dense")),
    "modern": replace(MODERN, mixer=ComponentSpec("softmax", {"qk_norm": True})),
    "memory": replace(MODERN, memory=MemoryRecipe()),
    "bfloat16": replace(MODERN, matmul_dtype="bfloat16"),
}


def make(recipe, inputs=12, outputs=None, spread=0.3):
    """A network whose parameters are all drawn: none is zero or one. With a memory, a third of its inputs are names."""
    torch.manual_seed(0)
    names = inputs // 3 if recipe.memory else 0
    model = GPT(recipe, inputs - names, outputs or inputs, names).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=spread)
    return model


def batch(rows=3, time=9, inputs=12, seed=1):
    return torch.randint(2, inputs, (rows, time), generator=torch.Generator().manual_seed(seed))


def dense_gradients(model):
    return {
        name: None if p.grad is None else p.grad.to_dense() if p.grad.is_sparse else p.grad.clone()
        for name, p in model.named_parameters()
    }


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [({}, 3_323_392), ({"mixer": ComponentSpec("synthesizer-dense")}, 3_076_988), ({"positions": "rotary"}, 3_290_624)],
)
def test_the_course_s_networks_have_exactly_the_published_numbers_of_parameters(changes, parameters):
    model = GPT(replace(load_recipe("course-vanilla").model, **changes), 256)
    assert model.count_parameters() == {"dense": parameters, "memory": 0, "total": parameters}


def test_the_memory_is_counted_apart():
    model = GPT(KINDS["memory"], 12, names=5)
    assert model.count_parameters()["memory"] == 5 * 16 + 16
    assert model.count_parameters()["total"] == sum(p.numel() for p in model.parameters())


def test_weights_start_as_the_course_s():
    torch.manual_seed(0)
    model = GPT(replace(load_recipe("course-vanilla").model, layers=1), 256)
    for name, parameter in model.named_parameters():
        parameter = parameter.detach()
        if "norm" in name:
            assert (parameter == (0 if name.endswith("bias") else 1)).all()
        elif name.endswith("bias") or name == "positions.table":
            assert (parameter == 0).all()
        else:
            assert parameter.std().item() == pytest.approx(0.02, rel=0.05)
            assert abs(parameter.mean()) < 1e-3
    B = GPT(replace(TINY, mixer=ComponentSpec("synthesizer-dense")), 12).stack.blocks[0].mixer.B
    assert 0.0008 < B.abs().max() <= 0.001


def test_logits_equal_hugging_face_s_gpt2():
    transformers = pytest.importorskip("transformers")
    recipe = replace(TINY, width=32, heads=4)
    ours = make(recipe, inputs=20)
    config = transformers.GPT2Config(
        vocab_size=20, n_positions=16, n_embd=32, n_layer=2, n_head=4, activation_function="gelu",
        tie_word_embeddings=False, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=1, eos_token_id=1,
    )  # fmt: skip
    theirs = transformers.GPT2LMHeadModel(config).eval()
    weights = {
        "transformer.wte.weight": ours.embedding.weight,
        "transformer.wpe.weight": ours.positions.table,
        "transformer.ln_f.weight": ours.norm.weight,
        "transformer.ln_f.bias": ours.norm.bias,
        "lm_head.weight": ours.head.weight,
    }
    for number, block in enumerate(ours.stack.blocks):
        for mine, name in [
            (block.attn_norm, "ln_1"), (block.mlp_norm, "ln_2"), (block.mixer.qkv, "attn.c_attn"),
            (block.mixer.out, "attn.c_proj"), (block.mlp.up, "mlp.c_fc"), (block.mlp.down, "mlp.c_proj"),
        ]:  # fmt: skip
            weight = mine.weight if "ln" in name else mine.weight.T  # GPT-2 keeps its maps the other way round
            weights[f"transformer.h.{number}.{name}.weight"] = weight
            weights[f"transformer.h.{number}.{name}.bias"] = mine.bias
    loaded = theirs.load_state_dict({name: value.detach() for name, value in weights.items()}, strict=False)
    assert not loaded.unexpected_keys
    assert not [key for key in loaded.missing_keys if not key.endswith("attn.bias")]
    tokens = batch(4, 15, 20)
    with torch.no_grad():
        expected = theirs(tokens).logits
        difference = (ours.logits(tokens) - expected).abs().max()
    assert expected.std() > 0.5  # a comparison of zeros would prove nothing
    assert difference < 1e-5 * max(1, expected.abs().max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("time", [1, 15])
def test_no_position_sees_the_future(kind, time):
    model = make(KINDS[kind])
    tokens = batch(1, 15)
    with torch.no_grad():
        before = model.logits(tokens)
        for place in range(15):
            changed = tokens.clone()
            changed[0, place:] = (changed[0, place:] - 2 + 5) % 10 + 2
            after = model.logits(changed)
            assert torch.equal(after[0, :place], before[0, :place]) or torch.allclose(
                after[0, :place], before[0, :place], atol=1e-6
            )
            assert (after[0, place] - before[0, place]).abs().max() > 1e-3
        # Nor does it matter that a future exists at all.
        tolerance = 0.05 if kind == "bfloat16" else 1e-5
        assert (model.logits(tokens[:, :time]) - before[:, :time]).abs().max() < tolerance * before.abs().max()


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_at_chosen_positions_is_that_of_the_full_logits_there(kind):
    model = make(KINDS[kind], spread=0.2)
    tokens = batch()
    target_positions = torch.tensor([0, 3, 8, 10, 17, 26])
    target = torch.tensor([2, 5, 5, 7, 1, 11])
    loss = model.loss(tokens, target_positions, target)
    loss.backward()
    gradients = dense_gradients(model)
    model.zero_grad(set_to_none=True)
    expected = F.cross_entropy(model.logits(tokens).flatten(0, 1)[target_positions], target, reduction="sum")
    expected.backward()
    tolerance = 0.02 if kind == "bfloat16" else 1e-5
    assert loss.item() == pytest.approx(expected.item(), rel=tolerance)
    for name, gradient in dense_gradients(model).items():
        assert (gradients[name] - gradient).abs().max() <= tolerance * max(1.0, gradient.abs().max()), name


def test_enough_negatives_give_the_full_loss():
    model = make(TINY, outputs=30)
    tokens, target_positions, target = batch(), torch.tensor([4, 9]), torch.tensor([29, 0])
    full = model.loss(tokens, target_positions, target)
    for negatives in (30, 31, 1000):
        assert (
            model.loss(tokens, target_positions, target, candidates=model.draw(target, negatives)).item() == full.item()
        )


def test_the_sum_over_sampled_outputs_is_right_on_average():
    model = make(TINY, outputs=200, spread=0.4)
    tokens, target_positions, target = batch(), torch.tensor([4, 9, 9]), torch.tensor([7, 0, 7])
    with torch.no_grad():
        logits = model.logits(tokens).flatten(0, 1)[4]
        assert logits.std() > 0.3
        full = model.loss(tokens, target_positions, target).item()
        torch.manual_seed(0)
        sampled = [
            model.loss(tokens, target_positions, target, candidates=model.draw(target, 50)).item() for _ in range(100)
        ]
        first = target[:1]
        ones = torch.stack(
            [model.loss(tokens, target_positions[:1], first, candidates=model.draw(first, 50)) for _ in range(100)]
        )
    assert sum(sampled) / 100 == pytest.approx(full, rel=0.02)
    sums = (ones + logits[7]).exp()  # loss = log of the sum - score of the target
    assert 0 < abs(sums.mean() - logits.exp().sum()) < 4 * sums.std() / 10  # four standard errors


@pytest.mark.parametrize("outputs", [2, 3, 12])
def test_a_batch_that_holds_nearly_every_output_has_a_sampled_loss_too(outputs):
    model = make(TINY, outputs=outputs)
    target = torch.arange(9) % outputs
    for seed in range(5):
        torch.manual_seed(seed)
        loss = model.loss(batch(1), torch.arange(9), target, candidates=model.draw(target, outputs - 1))
        assert loss.isfinite()


@pytest.mark.parametrize("kind", ["course", "memory"])
def test_rows_that_do_not_write_leave_embedding_and_memory_alone_and_train_the_rest(kind):
    model = make(KINDS[kind], spread=0.2)
    tokens, target_positions = batch(2, 6), torch.arange(12)
    target = batch(2, 6, seed=2).flatten()

    def gradients(tokens, target_positions, target, writes=None):
        model.zero_grad(set_to_none=True)
        model.loss(tokens, target_positions, target, None if writes is None else torch.tensor(writes)).backward()
        return dense_gradients(model)

    both = gradients(tokens, target_positions, target)
    second = gradients(tokens[1:], torch.arange(6), target[6:])
    only_second = gradients(tokens, target_positions, target, [False, True])
    neither = gradients(tokens, target_positions, target, [False, False])
    for name in both:
        if name in ("embedding.weight", "memory.table", "memory.common"):
            assert torch.allclose(only_second[name], second[name], atol=1e-5)
            assert not neither[name].any()
            assert both[name].abs().max() > 0.01
        else:
            assert torch.allclose(only_second[name], both[name], atol=1e-5), name
            assert torch.allclose(neither[name], both[name], atol=1e-5), name


def test_dropout_acts_in_training_only():
    model = make(replace(TINY, dropout=0.5))
    tokens = batch()
    assert torch.equal(model(tokens), model(tokens))
    model.train()
    torch.manual_seed(0)
    logits = model(tokens)
    assert not torch.allclose(logits, model(tokens))
    torch.manual_seed(0)
    assert torch.equal(model(tokens), logits)
