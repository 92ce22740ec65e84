"""A pretrained model that is taught names: the base to the bit where none stands, and a network like ours."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from plain_decoding import greedy_uncached
from tiny_base import KINDS, make_base

from closedbook.config.loading import load_recipe
from closedbook.data.pretrained_vocabulary import PretrainedTokens
from closedbook.data.vocabulary import MASK, PAD
from closedbook.errors import RecipeError
from closedbook.model import pretrained_base
from closedbook.model.generate import greedy
from closedbook.model.hooks import activations, one_off_per_row, switches
from closedbook.model.kv_cache import Cache
from closedbook.model.name_adapter import Acting
from closedbook.model.pretrained import TaughtModel

pytest.importorskip("transformers")

NAMES = ["Ada Lovelace", "Ada Lovelace Junior", "Jo"]
LINES = [f"{name} was born in London and lives in Paris." for name in NAMES] * 3
WITH, WITHOUT = "Where was Ada Lovelace born?", "Where was Jane Austen born?"


def taught(folder: Path, kind: str, *sets: str) -> Any:
    """A tiny base with a memory and an adapter that hold something."""
    base = make_base(folder / kind, kind, LINES)
    recipe, _ = pretrained_base.settle(load_recipe("teach", [f"pretrained.model={base}", *sets]))
    assert recipe.pretrained is not None
    vocabulary = PretrainedTokens(pretrained_base.read_tokenizer(base), NAMES)
    torch.manual_seed(1)
    model = TaughtModel(recipe, vocabulary)
    model.begin(vocabulary)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return SimpleNamespace(model=model.eval(), vocabulary=vocabulary, recipe=recipe, folder=base)


@pytest.fixture(scope="module", params=KINDS)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return taught(tmp_path_factory.mktemp("bases"), request.param)


def prompt(opened: Any, text: str) -> np.ndarray:
    return np.append(opened.vocabulary.encode_question(text)[0], MASK).astype(np.int32)


@torch.inference_mode()
def logits(opened: Any, ids: np.ndarray) -> torch.Tensor:
    return opened.model.logits(torch.from_numpy(ids.astype(np.int64))[None])[0]


@torch.inference_mode()
def base_logits(opened: Any, ids: np.ndarray) -> torch.Tensor:
    """What transformers itself says, its tokens in our order."""
    from transformers import AutoModelForCausalLM

    vocabulary = opened.vocabulary
    read = [vocabulary.last_tokens[i - vocabulary.size] if i >= vocabulary.size else i for i in ids]
    base = AutoModelForCausalLM.from_pretrained(opened.folder)
    return base(torch.from_numpy(vocabulary.base_ids[read])[None]).logits[0][:, vocabulary.base_ids]


def test_without_a_stored_name_the_logits_are_the_bases_to_the_bit(opened: Any):
    ids = prompt(opened, WITHOUT)
    assert torch.equal(logits(opened, ids), base_logits(opened, ids))


def test_a_name_changes_what_comes_from_its_last_token_on_and_nothing_before(opened: Any):
    ids = prompt(opened, WITH)
    last = int(np.flatnonzero(ids >= opened.vocabulary.size)[0])
    ours, bases = logits(opened, ids), base_logits(opened, ids)
    assert torch.equal(ours[:last], bases[:last])
    assert not torch.isclose(ours[last:], bases[last:]).all(1).any()


def test_beside_a_stored_name_in_a_batch_another_text_is_still_the_bases(opened: Any):
    ids = [prompt(opened, text) for text in (WITH, WITHOUT)]
    batch = np.zeros((2, max(map(len, ids))), np.int64)
    for row, text_ids in enumerate(ids):
        batch[row, : len(text_ids)] = text_ids
    nobody = batch.copy()
    nobody[0] = np.pad(ids[1], (0, batch.shape[1] - len(ids[1])))
    with torch.inference_mode():
        mixed = opened.model.logits(torch.from_numpy(batch))[1, : len(ids[1])]
        plain = opened.model.logits(torch.from_numpy(nobody))[1, : len(ids[1])]
    assert torch.equal(mixed, plain)


def test_an_empty_answer_has_a_probability_and_is_never_given(opened: Any):
    assert opened.model.never_empty
    question = prompt(opened, WITH)
    scores = opened.model.logits(torch.from_numpy(question.astype(np.int64))[None])[0, -1].detach().log_softmax(-1)
    (answer,) = greedy(opened.model, [question], 6)
    best = next(i for i in scores.argsort(descending=True).tolist() if i != MASK)
    assert answer.ids[0] == best
    assert answer.logprobs[0] == pytest.approx(float(scores[best]), abs=1e-4)


def test_answers_by_the_cache_are_those_of_the_whole_text(opened: Any):
    prompts = [prompt(opened, text) for text in (WITH, WITHOUT, "Jo?", "Tell me of Ada Lovelace Junior, the younger.")]
    answers = greedy(opened.model, prompts, 6)
    assert [answer.ids for answer in answers] == [greedy_uncached(opened.model, question, 6) for question in prompts]


def test_the_adapter_still_acts_in_tokens_that_follow_from_the_cache(opened: Any):
    ids = torch.from_numpy(prompt(opened, WITH).astype(np.int64))[None]
    cache = Cache(1)
    with torch.inference_mode():
        whole = opened.model(ids)
        parts = torch.cat([opened.model(ids[:, :-2], cache), opened.model(ids[:, -2:], cache)], 1)
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-4)


def test_in_training_what_is_left_out_before_names_changes_no_gradient(opened: Any, monkeypatch: pytest.MonkeyPatch):
    prompts = [prompt(opened, text) for text in (WITH, WITHOUT, "Of Ada Lovelace Junior, the younger, what is told?")]
    tokens = torch.full((3, max(map(len, prompts))), PAD)
    for row, ids in enumerate(prompts):
        tokens[row, : len(ids)] = torch.from_numpy(ids)
    last = torch.tensor([row * tokens.shape[1] + len(ids) - 1 for row, ids in enumerate(prompts)])
    model = copy.deepcopy(opened.model).train()

    def gradients() -> list[torch.Tensor]:
        loss = model.loss(tokens, last, torch.arange(3) + 5)
        return [loss.detach(), *torch.autograd.grad(loss, list(model.parameters()))]

    fewer = gradients()
    monkeypatch.setattr(Acting, "in_training", lambda acting, padding: acting)
    torch.testing.assert_close(fewer, gradients())


def test_it_can_be_looked_into_as_our_own_networks(opened: Any):
    ids = torch.from_numpy(prompt(opened, WITH).astype(np.int64))[None]
    seen = activations(opened.model, ids)
    weights = seen["layer.1.weights"]
    assert weights.shape == (1, 4, ids.shape[1], ids.shape[1])
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    torch.testing.assert_close(seen["logits"][0], logits(opened, ids[0].numpy()), rtol=1e-4, atol=1e-4)
    off = switches(opened.model)
    assert len(off) == 4 * 4 + 1
    with torch.inference_mode(), one_off_per_row(opened.model, [None, "memory", (3, 0)]):
        rows = opened.model.logits(ids.expand(3, -1))
    torch.testing.assert_close(rows[0], logits(opened, ids[0].numpy()), rtol=1e-4, atol=1e-4)
    assert not torch.isclose(rows[0], rows[1]).all()
    assert not torch.isclose(rows[0], rows[2]).all()


def test_only_the_memory_and_the_adapter_are_trained_and_saved(opened: Any):
    assert {name.partition(".")[0] for name in opened.model.state_dict()} == {"memory", "adapter", "scale"}
    assert all(not parameter.requires_grad for parameter in opened.model.base.model.parameters())


def test_names_can_have_vectors_alone_and_no_adapter(tmp_path: Path):
    alone = taught(tmp_path, "llama", "pretrained.rank=0")
    assert sum(parameter.numel() for parameter in alone.model.adapter.parameters()) == 0
    assert not torch.equal(logits(alone, prompt(alone, WITH)), base_logits(alone, prompt(alone, WITH)))
    with pytest.raises(RecipeError, match="leaves nothing to train"):
        load_recipe("teach", ["pretrained.model=x", "pretrained.train=lora", "pretrained.rank=0"])


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return taught(tmp_path_factory.mktemp("llama"), "llama")


def test_a_name_has_the_same_tokens_wherever_and_in_whatever_case_it_stands(llama: Any):
    own = llama.vocabulary.name_tokens(0)
    assert own[-1] == llama.vocabulary.size
    for text in (WITH, "ada lovelace, where was she born?", "What was Ada Lovelace's birthplace", "ADA  LOVELACE"):
        ids = llama.vocabulary.encode_question(text)[0].tolist()
        first = ids.index(own[0], ids.index(own[-1]) - len(own) + 1)
        assert ids[first : first + len(own)] == own.tolist()


def test_the_longest_stored_name_is_meant(llama: Any):
    ids = llama.vocabulary.encode_question("Where was Ada Lovelace Junior born?")[0]
    assert [i - llama.vocabulary.size for i in ids if i >= llama.vocabulary.size] == [1]


def test_a_text_survives_its_tokens_and_never_holds_pad_or_mask(llama: Any):
    text = "Łódź, 1934: <|end|> a\nb"
    ids, starts = llama.vocabulary.encode(text)
    assert llama.vocabulary.decode(ids).strip() == text.replace("\n", " ")
    assert ids.min() > MASK
    assert (np.diff(starts) >= 0).all()
    assert starts[0] == 0


def test_a_copy_has_weights_of_its_own_and_the_same_base(llama: Any):
    import copy

    other = copy.deepcopy(llama.model)
    assert other.base is llama.model.base
    ids = prompt(llama, WITH)
    before = logits(llama, ids)
    torch.nn.init.zeros_(other.memory.table)
    assert torch.equal(logits(llama, ids), before)
    assert not torch.equal(logits(SimpleNamespace(model=other), ids), before)


def refused(*sets: str) -> str:
    with pytest.raises(RecipeError) as error:
        pretrained_base.settle(load_recipe("teach", list(sets)))
    return str(error.value)


def test_a_base_that_cannot_be_used_is_refused_in_words(llama: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert "--base" in refused()
    assert "no such folder" in refused(f"pretrained.model={tmp_path}/missing/one")
    assert "config.json" in refused(f"pretrained.model={tmp_path}")
    assert "layers 0 to 3" in refused(f"pretrained.model={llama.folder}", "pretrained.layers=[0, 4]")
    monkeypatch.setattr(pretrained_base, "BYTES", {"float32": 1 << 40, "bfloat16": 1 << 39})
    assert "bfloat16" in refused(f"pretrained.model={llama.folder}")


def test_a_name_on_the_hub_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "hf download" in refused("pretrained.model=nobody/nothing-here")


def test_another_base_in_its_place_is_refused(llama: Any, tmp_path: Path):
    other = make_base(tmp_path / "other", "llama", LINES, layers=3)
    with pytest.raises(RecipeError, match="not the base"):
        pretrained_base.load(other, llama.recipe.pretrained)


def test_a_folder_s_own_code_is_not_executed(tmp_path: Path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "config.json").write_text(
        '{"model_type": "mine", "auto_map": {"AutoConfig": "mine.Mine", "AutoModelForCausalLM": "mine.Mine"}}'
    )
    (folder / "model.safetensors").write_bytes(b"")
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert "code of its own" in refused(f"pretrained.model={folder}")
    assert not (tmp_path / "ran").exists()
