"""The course's parameter files, held to a model written from its handout; and what a file may not do to its reader."""

from __future__ import annotations

import math
import os
import pickle
import random
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from mingpt import Down, MinGPT, PerceiverGPT, Up
from safetensors.torch import save_file
from torch import Tensor

from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import ModelRecipe
from closedbook.course.params import params, put_params, read_params, use_rope_cache, write_params
from closedbook.course.readings import ASSUMED, READINGS, check_reading, loss
from closedbook.data.vocabulary import Characters
from closedbook.errors import DataError, RecipeError, RunError
from closedbook.model.gpt import GPT

TINY = ModelRecipe(width=16, layers=2, heads=2, context_length=12)
VARIANTS: dict[str, dict[str, Any]] = {
    "vanilla": {},
    "synthesizer": {"mixer": ComponentSpec("synthesizer-dense")},
    "perceiver": {"stack": ComponentSpec("perceiver", {"latents": 5}), "layers": 4},
}


def ours(variant: str = "vanilla", size: int = 9) -> GPT:
    torch.manual_seed(0)
    return lively(GPT(replace(TINY, **VARIANTS[variant]), size))


def theirs(variant: str) -> MinGPT:
    torch.manual_seed(1)
    if variant == "perceiver":
        return lively(PerceiverGPT(9, block=12, width=16, heads=2, layers=4, latents=5))
    return lively(MinGPT(9, block=12, width=16, heads=2, layers=2, synthesizer=variant == "synthesizer"))


def lively(model: Any) -> Any:
    """Every weight counts: none is left at 0 or 1."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    return model.eval()


IDS = torch.randint(2, 9, (3, 11), generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_course_s_model_loads_our_file_name_by_name_and_says_the_same(variant: str, tmp_path: Path):
    model, course = ours(variant), theirs(variant)
    write_params(tmp_path / "a.params", model)
    state = torch.load(tmp_path / "a.params", weights_only=True)
    assert set(state) == set(course.state_dict())
    course.load_state_dict(state)
    assert torch.allclose(course(IDS), model.logits(IDS), atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_our_model_loads_the_course_s_file_and_says_the_same(variant: str, tmp_path: Path):
    model, course = ours(variant), theirs(variant)
    torch.save(course.state_dict(), tmp_path / "a.params")
    put_params(model, read_params(tmp_path / "a.params")[0], "a.params")
    assert torch.allclose(course(IDS), model.logits(IDS), atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_round_trip_changes_no_bit_and_shares_no_storage(variant: str, tmp_path: Path):
    model, other = ours(variant), GPT(replace(TINY, **VARIANTS[variant]), 9)
    write_params(tmp_path / "a.params", model)
    put_params(other, read_params(tmp_path / "a.params")[0], "a.params")
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    copies = params(model)
    with torch.no_grad():
        model.embedding.weight.zero_()
    assert copies["tok_emb.weight"].abs().sum() > 0
    assert (tmp_path / "a.params").stat().st_size < 100_000  # no storage is written that others share


def test_the_causal_masks_are_written():
    mask = params(ours())["blocks.1.attn.mask"]
    assert torch.equal(mask, torch.tril(torch.ones(1, 1, 12, 12)))


def test_with_rotary_positions_there_is_no_table_but_the_cosines_and_sines_that_the_course_keeps(tmp_path: Path):
    model = lively(GPT(replace(TINY, positions="rotary"), 9))
    state = params(model)
    assert "pos_emb" not in state
    cache = state["blocks.1.attn.rope_cache"]
    assert cache.shape == (12, 4, 2)
    angle = 3 / 10_000 ** (2 / 8)  # position 3, the second pair of a head of 8
    assert torch.allclose(cache[3, 1], torch.tensor([math.cos(angle), math.sin(angle)]))
    write_params(tmp_path / "a.params", model)
    other = GPT(replace(TINY, positions="rotary"), 9).eval()
    put_params(other, read_params(tmp_path / "a.params")[0], "a.params")
    assert torch.equal(model.logits(IDS), other.logits(IDS))


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_names_that_a_wrapper_lengthened_are_understood(prefix: str, tmp_path: Path):
    course = theirs("vanilla")
    torch.save({prefix + name: tensor for name, tensor in course.state_dict().items()}, tmp_path / "a.params")
    model = ours()
    put_params(model, read_params(tmp_path / "a.params")[0], "a.params")
    assert torch.allclose(course(IDS), model.logits(IDS), atol=1e-5)


class Hostile:
    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.victim),)


@pytest.mark.parametrize("how", [pickle.dump, torch.save])
def test_code_in_a_file_is_not_run(how: Any, tmp_path: Path):
    with open(tmp_path / "a.params", "wb") as file:
        how({"tok_emb.weight": torch.zeros(1), "x": Hostile(tmp_path / "owned")}, file)
    with pytest.raises(RunError, match=r"a\.params is no file of parameters"):
        read_params(tmp_path / "a.params")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("content", [b"what is this", b"\x80\x04.", pickle.dumps([1])])
def test_a_file_of_something_else_is_refused_in_a_line(content: bytes, tmp_path: Path):
    (tmp_path / "a.params").write_bytes(content)
    with pytest.raises(RunError, match="is no file of parameters") as caught:
        read_params(tmp_path / "a.params")
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value)


def test_weights_of_a_run_are_no_parameters_and_it_says_how_to_make_some(tmp_path: Path):
    save_file({"x": torch.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(
        RunError, match=r"\(UnpicklingError\); nothing was run; make .* export RUN --to params --output FILE"
    ):
        read_params(tmp_path / "model.safetensors")


def test_a_file_that_does_not_fit_says_what_differs_and_changes_nothing():
    model = ours()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    full = params(ours())
    cases = {
        r"blocks\.0\.attn\.key\.weight, which this variant has;": params(ours("synthesizer")),
        r"tok_emb\.weight is \[7, 16\].*corpus": params(ours(size=7)),
        r"ln_f\.bias holds values that are no numbers": full | {"ln_f.bias": torch.full((16,), float("nan"))},
        r"has extra\.weight": full | {"extra.weight": torch.zeros(2)},
    }
    for message, tensors in cases.items():
        with pytest.raises(RunError, match=message):
            put_params(model, tensors, "a.params")
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


@pytest.mark.filterwarnings("ignore")
def test_tensors_that_are_no_plain_numbers_are_refused_in_a_line_and_short_ones_taken(tmp_path: Path):
    def fill(make: Any) -> None:
        tensors = params(ours())
        torch.save(tensors | {"ln_f.bias": make(tensors["ln_f.bias"])}, tmp_path / "a.params")
        put_params(model, read_params(tmp_path / "a.params")[0], "a.params")

    model = ours()
    for make, words in {
        Tensor.to_sparse: "sparse_coo, float32",
        lambda x: x.to("meta"): "meta",
        lambda x: x.to(torch.complex64): "complex64",
        lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8): "qint8",
    }.items():
        with pytest.raises(RunError, match=rf"ln_f\.bias is no plain tensor of real numbers \(.*{words}"):
            fill(make)
    for dtype in (torch.float8_e4m3fn, torch.bfloat16, torch.float64):
        fill(lambda x, dtype=dtype: x.to(dtype))
        assert torch.allclose(model.norm.bias, ours().norm.bias, atol=0.1)
    with pytest.raises(RunError, match="holds values that are no numbers"):
        fill(lambda x: (x * math.nan).to(torch.float8_e4m3fn))


def test_a_network_that_the_course_has_not_is_not_written(tmp_path: Path):
    perceiver = VARIANTS["perceiver"]
    for change in (
        {"norm": "rms"}, {"positions": "none"}, {"mixer": ComponentSpec("softmax", {"qk_norm": True})},
        perceiver | {"positions": "rotary"}, perceiver | {"mixer": ComponentSpec("synthesizer-dense")},
    ):  # fmt: skip
        with pytest.raises(RecipeError, match="the course's code has no"):
            write_params(tmp_path / "a.params", GPT(replace(TINY, **change), 9))
    assert not list(tmp_path.iterdir())


def test_a_file_answers_with_the_rotations_it_was_trained_with(tmp_path: Path):
    model = lively(GPT(replace(TINY, positions="rotary"), 9))
    state = params(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        put_params(model, state, "a.params")  # ours: nothing to say
    angle = torch.arange(1, 13)[:, None] * 10_000.0 ** (-torch.arange(0, 8, 2) / 8)  # positions from 1
    theirs = torch.stack([angle.cos(), angle.sin()], -1)
    other = {name: theirs if name.endswith("rope_cache") else tensor for name, tensor in state.items()}
    with pytest.warns(UserWarning, match=r"a\.params: its rope_cache is not the handout's"):
        put_params(model, other, "a.params")
    assert torch.equal(torch.view_as_real(model.positions.turns), params(model)["blocks.0.attn.rope_cache"])
    use_rope_cache(model, other)
    assert torch.equal(params(model)["blocks.0.attn.rope_cache"], theirs)
    changed = {**other, "blocks.1.attn.rope_cache": torch.zeros(12, 4, 2)}
    with pytest.warns(UserWarning, match="different rope_caches"):
        put_params(model, changed, "a.params")
    flat = {name: theirs.flatten(1) if name.endswith("rope_cache") else tensor for name, tensor in state.items()}
    with pytest.warns(UserWarning, match=r"rope_cache is \[12, 8\], not \[12, 4, 2\], and is not used"):
        put_params(model, flat, "a.params")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it should hold parameters"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 13\n", "is a Git LFS pointer"),
    ],
)
def test_what_a_params_file_is_instead_is_said(content: bytes, message: str, tmp_path: Path):
    (tmp_path / "a.params").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_params(tmp_path / "a.params")
    assert "one a line" not in str(caught.value)


def test_a_basis_that_was_not_saved_is_explained():
    tensors = params(ours("perceiver"))
    del tensors["down_block.C"]
    with pytest.raises(RunError, match=r"has no down_block\.C.*C was no nn\.Parameter"):
        put_params(ours("perceiver"), tensors, "a.params")


class BothNorms(Down):
    """Another reading of the handout: the input is normalised, too."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.ln1(x))


class BothNormsUp(Up):
    def forward(self, latents: Tensor, x: Tensor) -> Tensor:  # type: ignore[override]
        x = x + self.attn(self.ln1(x), self.ln1(latents))
        return x + self.mlp(self.ln2(x))


class NoResidual(Down):
    def forward(self, x: Tensor) -> Tensor:
        basis = self.attn(self.ln1(self.C.expand(len(x), -1, -1)), x)
        return basis + self.mlp(self.ln2(basis))


class NormedResidual(Up):
    def forward(self, latents: Tensor, x: Tensor) -> Tensor:  # type: ignore[override]
        x = self.ln1(x) + self.attn(x, self.ln1(latents))
        return x + self.mlp(self.ln2(x))


@pytest.mark.parametrize(
    ("down", "up", "told"),
    [
        (Down, Up, None),
        (BothNorms, BothNormsUp, "below ln1 on C and the input, a residual; above ln1 on the input and y, a residual"),
        (NoResidual, Up, "below ln1 on C, no residual; above ln1 on y, a residual"),
        (NoResidual, NormedResidual, "below ln1 on C, no residual; above ln1 on y, the normalised residual"),
    ],
)
def test_parameters_of_another_reading_of_the_perceiver_are_noticed(down: type[Down], up: type[Up], told: str | None):
    """A tiny model learns eight texts by heart, in the reading that we assume or in another one."""
    draw = random.Random(0)
    texts = ["abcdefgh"[i] + "".join(draw.choices("klmno", k=10)) for i in range(8)]  # the first letter says which
    vocabulary = Characters.train(texts)
    torch.manual_seed(1)
    model = PerceiverGPT(vocabulary.size, block=12, width=16, heads=2, layers=4, latents=5)
    model.down_block, model.up_block = down(16, 2, 12, 5), up(16, 2, 12, False)
    torch.nn.init.normal_(model.down_block.C)
    torch.nn.init.normal_(model.pos_emb)
    ids = torch.tensor([vocabulary.encode(text)[0].tolist() for text in texts])
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(150):
        optimiser.zero_grad()
        scores = model.train(False)(ids[:, :-1])
        torch.nn.functional.cross_entropy(scores.flatten(0, 1), ids[:, 1:].flatten()).backward()
        optimiser.step()
    held = GPT(replace(TINY, **VARIANTS["perceiver"]), vocabulary.size).eval()
    put_params(held, model.state_dict(), "a.params")
    before = held.logits(ids)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_reading(held, vocabulary, texts, "a.params")
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == (told is not None), messages
    if told is not None:
        assert f"another reading of the Perceiver: {told} (" in messages[0]
    assert torch.equal(held.logits(ids), before)


def test_each_reading_is_another_network():
    vocabulary = Characters.train(["abcdefghijk"])
    model = ours("perceiver", vocabulary.size)
    losses = {round(loss(model, vocabulary, ["abcdefghijk"], reading), 7) for reading in READINGS}
    assert len(losses) == len(READINGS)
    assert ASSUMED in READINGS
    ids = torch.tensor(vocabulary.encode("abcdefghijk")[0].tolist())[None]
    expected = torch.nn.functional.cross_entropy(model.logits(ids[:, :-1])[0], ids[0, 1:]).item()
    assert loss(model, vocabulary, ["abcdefghijk"], ASSUMED) == pytest.approx(expected, rel=1e-4)
