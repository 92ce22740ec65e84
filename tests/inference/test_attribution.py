"""How an answer came about: its parts are those of the answer that `ask` gives, and each switch is what it says."""

from __future__ import annotations

import json
import math

import pytest
import torch
from shell import make_tiny

import closedbook
from closedbook.config.loading import load_recipe
from closedbook.data.vocabulary import MASK
from closedbook.errors import DataError
from closedbook.model import generate

WORDS = ["stages.learn.steps=8", "stages.learn.batch=16", "model.width=32"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("inside"))


@pytest.fixture(scope="module", params=["characters", "words"])
def run(request, tiny):
    recipe = tiny.recipe if request.param == "characters" else load_recipe("fast", WORDS)
    return closedbook.train(recipe, tiny.documents, tiny.questions, run=tiny.folder / request.param, threads=1)


@pytest.fixture(scope="module")
def question(tiny):
    return tiny.questions.read_text(encoding="utf-8").split("\t")[0]


def test_the_answer_and_its_probability_are_those_that_ask_gives(run, question):
    answer, inside = run.ask(question), run.attribute(question)
    assert inside.answer == answer.answer
    entry = answer.to_json()
    raw = entry.get("model_probability", entry["probability"])
    assert math.prod(prediction.probability for prediction in inside.said) == pytest.approx(raw, rel=1e-4)


def test_runners_up_come_in_order_and_what_was_said_is_the_first(run, question):
    for prediction in run.attribute(question).said:
        probabilities = [choice.probability for choice in prediction.choices]
        assert probabilities == sorted(probabilities, reverse=True)
        assert prediction.choices[0].text == prediction.text


def said_ids(run, prompt):
    in_one = run.vocabulary.answers_in_one
    (generated,) = generate.greedy(run.model, [prompt], 1 if in_one else run.recipe.answer.length, in_one=in_one)
    return [*generated.ids, *([MASK] if generated.closed else [])]


def logprob(run, prompt, ids):
    tokens = torch.tensor([[*prompt.tolist(), *ids[:-1]]])
    with torch.no_grad():
        logprobs = run.model.logits(tokens)[0, len(prompt) - 1 :].log_softmax(-1)
    return float(logprobs[range(len(ids)), ids].sum())


def test_an_effect_is_what_switching_off_does(run, question):
    """Measured again with the parts off one at a time."""
    effects = run.attribute(question).effects
    assert len(effects) == run.recipe.model.layers * run.recipe.model.heads + (run.model.memory is not None)
    prompt = run.prompt(question)
    ids = said_ids(run, prompt)
    whole = logprob(run, prompt, ids)
    for effect in effects:
        with run.ablate(effect.off):
            assert effect.drop == pytest.approx(whole - logprob(run, prompt, ids), abs=1e-4)
    assert any(abs(effect.drop) > 1e-3 for effect in effects)


def test_activations_are_named_by_the_tokens_the_network_read(run, question):
    seen = run.activations(question)
    assert seen.tokens[-1] == "⁇"
    heads, length = run.recipe.model.heads, len(seen.tokens)
    assert seen["layer.0.weights"].shape == (heads, length, length)
    assert seen["logits"].shape == (length, run.vocabulary.outputs)
    inside = run.attribute(question)
    assert inside.tokens[: inside.prompt] == seen.tokens


def test_an_empty_question_is_refused(run):
    with pytest.raises(DataError, match="empty"):
        run.attribute(" ")


def test_json_holds_plain_numbers(run, question):
    text = json.dumps(run.attribute(question).to_json(), allow_nan=False)
    assert json.loads(text)["effects"][0]["off"] == [0, 0]
