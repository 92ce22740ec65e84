"""The pretrained sentence encoder that reads questions, where one is installed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from closedbook.errors import RunError
from closedbook.model.sentence_encoder import NAME, PACKAGE, SentenceEncoder, installed_encoder
from closedbook.runs.store import fingerprint


def test_without_the_package_there_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("closedbook.model.sentence_encoder.find_spec", lambda name: None)
    assert installed_encoder.__wrapped__() is None


def test_weights_that_are_not_those_published_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(RunError, match=f"reinstall {NAME}"):
        SentenceEncoder(tmp_path)(["what is it"])


@pytest.mark.parametrize("tokenizer", [None, "{", '{"version": "1.0", "model": {"type": "evil"}}'])
def test_a_damaged_package_is_told_in_a_line(tmp_path, monkeypatch, tokenizer):
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    monkeypatch.setattr("closedbook.model.sentence_encoder.WEIGHTS", fingerprint(tmp_path / "model.safetensors"))
    if tokenizer is not None:
        (tmp_path / "tokenizer.json").write_text(tokenizer)
    with pytest.raises(RunError, match=f"reinstall {NAME}") as told:
        SentenceEncoder(tmp_path)(["what is it"])
    assert "\n" not in str(told.value)


def test_its_states_are_those_of_transformers():
    transformers = pytest.importorskip("transformers")
    pytest.importorskip(PACKAGE, reason=f"{NAME} is not installed")
    encoder = installed_encoder(questions=False)
    texts = ["Where was the keeper born?", "naïve façade 東京", "", "word " * 600]
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder.folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(encoder.folder, local_files_only=True).eval()
    inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    there = inputs["attention_mask"][..., None]
    with torch.no_grad():
        mean = (model(**inputs).last_hidden_state * there).sum(1) / there.sum(1)
    expected = torch.nn.functional.normalize(mean, dim=-1)
    np.testing.assert_allclose(encoder(texts), expected.numpy(), atol=1e-6)


def test_texts_that_mean_the_same_are_alike():
    pytest.importorskip(PACKAGE, reason=f"{NAME} is not installed")
    encoder = installed_encoder()
    vectors = encoder(["which water flows under", "what does it cross", "how much did it cost", "what does it cross"])
    assert vectors.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[1], vectors[3])
    river, cross, cost, _ = vectors
    assert river @ cross > river @ cost
    np.testing.assert_allclose(encoder(["what does it cross"])[0], cross, atol=1e-6)  # alone as among others


def test_it_was_taught_that_questions_about_one_thing_may_ask_for_different_things():
    pytest.importorskip(PACKAGE, reason=f"{NAME} is not installed")
    questions = ["who designed the bridge", "whose drawings was the bridge built to", "who paid for the bridge"]
    margin = {}
    for taught in (False, True):
        asked, same, other = installed_encoder(taught)(questions)
        margin[taught] = asked @ same - asked @ other
    assert margin[True] > 0.3 > margin[False]
