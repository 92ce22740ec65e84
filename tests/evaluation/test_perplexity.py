"""Perplexity is exp of the mean loss, and a memory of names leaves it as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_base import make_base

from closedbook.config.loading import load_recipe
from closedbook.data.pretrained_vocabulary import PretrainedTokens
from closedbook.data.vocabulary import MASK
from closedbook.errors import DataError, RunError
from closedbook.evaluation.perplexity import perplexity
from closedbook.inference.untouched import open_base
from closedbook.model import pretrained_base
from closedbook.model.pretrained import TaughtModel

pytest.importorskip("transformers")

NAMES = ["Ada Lovelace", "Jo"]
TEXT = ["It rained for two days.", "", "Nobody had seen the river so high, and the bridge was shut."] * 20


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = [f"{name} was born in London and lives in Paris." for name in NAMES] + TEXT
    return make_base(tmp_path_factory.mktemp("bases") / "llama", "llama", lines)


def network(base: Path, names: list[str]) -> tuple[Any, PretrainedTokens]:
    """A taught model whose memory and adapter hold something."""
    recipe, _ = pretrained_base.settle(load_recipe("teach", [f"pretrained.model={base}"]))
    vocabulary = PretrainedTokens(pretrained_base.read_tokenizer(base), names)
    torch.manual_seed(1)
    model = TaughtModel(recipe, vocabulary)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval(), vocabulary


def test_it_is_what_transformers_says(base: Path):
    from transformers import AutoModelForCausalLM

    model, vocabulary = network(base, [])
    measured = perplexity(model, vocabulary, TEXT[:3])
    ids = np.concatenate([np.append(vocabulary.encode(line)[0], MASK) for line in TEXT[:3] if line])
    read = torch.from_numpy(vocabulary.base_ids[ids])[None]
    loss = AutoModelForCausalLM.from_pretrained(base)(read, labels=read).loss
    assert measured.tokens == len(ids) - 1
    assert measured.value == pytest.approx(float(loss.detach().exp()), rel=1e-4)


def test_a_memory_of_names_leaves_other_text_as_it_was_to_the_last_digit(base: Path):
    untouched = perplexity(*open_base(str(base)), TEXT)
    assert perplexity(*network(base, NAMES), TEXT) == untouched
    with_a_name = [*TEXT, "Ada Lovelace lived by the river."]
    assert perplexity(*network(base, NAMES), with_a_name) != perplexity(*open_base(str(base)), with_a_name)


def test_long_texts_are_read_in_windows_and_short_ones_refused(base: Path):
    model, vocabulary = network(base, [])
    assert model.longest == 128
    tokens = sum(len(vocabulary.encode(line)[0]) + 1 for line in TEXT if line)
    assert perplexity(model, vocabulary, TEXT).tokens == tokens - -(-tokens // 128)
    with pytest.raises(DataError, match="longer"):
        perplexity(model, vocabulary, ["", " "])


@pytest.mark.parametrize("nats", [1e9, float("inf"), float("nan")])
def test_weights_that_no_training_gives_are_told(base: Path, nats: float, monkeypatch: pytest.MonkeyPatch):
    """Those of a stranger can be numbers, and what they give none."""
    model, vocabulary = network(base, [])
    monkeypatch.setattr(model, "loss", lambda *arguments: torch.tensor(nats))
    with pytest.raises(RunError, match="no training gives"):
        perplexity(model, vocabulary, TEXT)
