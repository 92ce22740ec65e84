"""What a pretrained model knows: the four classes, the chance of a sample, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shell import Tiny, closedbook, make_tiny
from tiny_base import make_base

from closedbook.data.questions import Question, Questions, read_questions
from closedbook.data.vocabulary import MASK
from closedbook.errors import DataError
from closedbook.evaluation.knowledge import CLASSES, Fact, ProbeSettings, _fact, _prompts, ask_facts, calibrate, compare
from closedbook.inference.untouched import open_base
from closedbook.model.generate import Generated, greedy, sampled_chances

pytest.importorskip("transformers")

QUICK = ProbeSettings(prompts=3, shots=2, length=4)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    tiny = make_tiny(tmp_path_factory.mktemp("probe"))
    make_base(tiny.folder / "base", "llama", tiny.documents.read_text(encoding="utf-8").splitlines())
    return tiny


@pytest.fixture(scope="module")
def opened(tiny: Tiny) -> Any:
    return open_base(str(tiny.folder / "base"))


def test_the_chance_of_an_answer_is_its_share_among_draws(opened: Any):
    model, vocabulary = opened
    prompt = np.append(vocabulary.encode("Where was Ada born?")[0], MASK).astype(np.int32)
    draws, length = 1500, 2
    places = np.random.default_rng(0).random((draws, length))
    sampled = [tuple(g.ids) + (MASK,) * g.closed for g in greedy(model, [prompt] * draws, length, drawn=places)]
    common = max((ids for ids in sampled if ids[-1] == MASK), key=sampled.count)
    chance = float(sampled_chances(model, [prompt], [np.array(common[:-1], np.int64)])[0])
    share = sampled.count(common) / draws
    assert share > 0
    assert abs(share - chance) < 4 * (chance * (1 - chance) / draws) ** 0.5 + 1e-9


def test_temperature_and_top_k_are_those_of_the_scores(opened: Any):
    model, vocabulary = opened
    prompts = [np.append(vocabulary.encode(text)[0], MASK) for text in ("Where was Ada born?", "Where was Jo born?")]
    answers = [vocabulary.encode_answer(text) for text in ("Paris", "a")]
    chances = sampled_chances(model, prompts, answers, temperature=0.5, top_k=300)
    for prompt, answer, chance in zip(prompts, answers, chances, strict=True):
        text = np.concatenate([prompt, answer, [MASK]]).astype(np.int64)
        with torch.inference_mode():
            scores = model.logits(torch.from_numpy(text)[None])[0, len(prompt) - 1 : -1] / 0.5
        kept = scores.masked_fill(scores < scores.topk(300).values[:, -1:], -torch.inf).softmax(-1)
        expected = kept.gather(1, torch.from_numpy(text[len(prompt) :])[:, None]).prod()
        assert chance == pytest.approx(float(expected), rel=1e-3, abs=1e-12)


@pytest.mark.parametrize(
    ("greedy_texts", "sampled", "knowledge"),
    [
        (["Rome", "Rome"], [0.0, 0.0], "highly known"),
        (["Rome", "Oslo"], [0.0, 0.0], "maybe known"),
        (["Oslo", "Oslo"], [0.0, 0.05], "weakly known"),  # 1 - 0.95^16 = 0.56
        (["Oslo", "Oslo"], [0.0, 0.04], "unknown"),  # 0.48
    ],
)
def test_the_classes_are_those_of_the_paper(
    opened: Any, greedy_texts: list[str], sampled: list[float], knowledge: str
) -> None:
    _, vocabulary = opened

    def generated(text: str) -> Generated:
        return Generated(vocabulary.encode_answer(text).tolist(), [-0.1], True, [-3.0], [0.1], np.zeros(1))

    question = Question("Where was Ada born?", "Rome", 1)
    fact = _fact(question, ["Rome"], [generated(text) for text in greedy_texts], np.array(sampled), vocabulary, QUICK)
    assert fact.knowledge == knowledge
    assert fact.agreement == greedy_texts.count(fact.answer) / 2


def test_no_question_is_among_its_own_examples(opened: Any, tiny: Tiny):
    questions = read_questions(tiny.questions).only(range(4))
    for turn in range(5):
        prompts = _prompts(*opened, questions, questions, ProbeSettings(shots=3), turn)
        for question, prompt in zip(questions.items, prompts, strict=True):
            lines = opened[1].decode(prompt).strip().split("\n")
            assert lines[-1].strip() == question.text
            assert [line.strip() for line in lines].count(question.text) == 1
            assert len(lines) == 7


def test_examples_ask_for_the_same_where_there_are_such(opened: Any):
    texts = [f"{start} {name}?" for name in "abcdefgh" for start in ("What is the capital of", "Who wrote")]
    questions = Questions(tuple(Question(text, "x", 1) for text in texts), "", "two kinds")
    for question, prompt in zip(texts, _prompts(*opened, questions, questions, ProbeSettings(shots=3), 0), strict=True):
        lines = [line.strip() for line in opened[1].decode(prompt).split("\n") if line.strip().endswith("?")]
        assert {line.split()[0] for line in lines} == {question.split()[0]}


def test_questions_are_answered_as_if_each_were_alone(opened: Any, tiny: Tiny):
    questions, pool = read_questions(tiny.dev), read_questions(tiny.questions)
    together = ask_facts(*opened, questions, QUICK, pool)
    alone = ask_facts(*opened, questions.only([3]), QUICK, pool)[0]
    assert alone.answer == together[3].answer
    assert alone.sampled == pytest.approx(together[3].sampled, rel=1e-3, abs=1e-9)
    assert {fact.knowledge for fact in together} <= set(CLASSES)


def fact(right: bool, probability: float, knowledge: str = "unknown") -> Fact:
    return Fact("q", "a", knowledge, "a" if right else "b", right, float(right), 0.0, probability, probability)


def test_calibration_questions_make_a_probability_of_what_the_model_says():
    # The model is sure of everything; only its agreement with itself tells right from wrong.
    facts = [fact(i % 4 == 0, 0.99 if i % 4 == 0 else 0.9) for i in range(40)]
    judged = calibrate(facts, [fact(True, 0.99), fact(False, 0.9)], precision=0.9)
    assert judged[0].probability is not None
    assert judged[1].probability is not None
    assert judged[0].probability > 0.6 > 0.4 > judged[1].probability
    assert judged[1].verdict == "made up"
    with pytest.raises(DataError, match="10 or more"):
        calibrate(facts[:9], [], precision=0.9)


def test_known_and_new_facts_are_told_apart_before_and_after():
    before = [fact(True, 0.9, "highly known"), fact(False, 0.1), fact(False, 0.1)]
    after = [fact(False, 0.9), fact(True, 0.9, "maybe known"), fact(False, 0.1)]
    rows = compare(before, after)
    assert rows["highly known"] == {"facts": 1, "right_before": 1, "right_after": 0, "still_known": 0}
    assert rows["unknown"] == {"facts": 2, "right_before": 0, "right_after": 1, "still_known": 1}


def test_the_command_asks_an_untouched_model(tiny: Tiny, tmp_path: Path):
    text = tmp_path / "text.txt"
    text.write_text("It rained for two days.\nThe bridge was shut.\n" * 5, encoding="utf-8")
    done = closedbook(
        "probe", tiny.folder / "base", "--questions", tiny.dev, "--calibration", tiny.questions, "--documents",
        tiny.documents, "--text", text, "--output", tmp_path / "known.jsonl", "--prompts", "2", "--shots", "1",
        "--length", "3", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    before = done.json["before"]
    classes = before["knowledge"]["classes"]
    assert sum(row["facts"] for row in classes.values()) == 12
    assert sum(row["told"] for row in classes.values()) == 12  # the world's documents tell all
    assert before["text"]["perplexity"] > 1
    assert sum(row["total"] for row in before["verdicts"].values()) == 12
    lines = [json.loads(line) for line in (tmp_path / "known.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["question"] for line in lines] == [item.text for item in read_questions(tiny.dev).items]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--questions FILE, --text FILE"),
        (["--questions", "DEV", "--shots", "20"], "--shots 11"),
        (["--questions", "DEV", "--shots", "6"], "fewer --shots"),
        (["--questions", "DEV", "--prompts", "0"], "prompts = 0 must be at least 1"),
        (["--questions", "DEV", "--temperature", "nan"], "temperature = nan must be a finite number"),
        (["--questions", "DEV", "--temperature", "1e-300"], "must lie between 1e-06 and 1e+30"),
        (["--questions", "DEV", "--seed", "-1"], "seed = -1 must be at least 0"),
        (["--questions", "DEV", "--top-k", "-5"], "top_k = -5 must be at least 0"),
        (["--questions", "DEV", "--samples", f"{10**30}"], "too large; below 2**63"),
        (["--questions", "DEV", "--calibration", "DEV", "--precision", "nan"], "between 0 and 1"),
        (["--questions", "DEV", "--output", "BASE"], "would be one of the files that are read from"),
        (["--questions", "DEV", "--save"], "--save"),
        (["--text", "DEV", "--output", "OUT"], "--output"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(tiny: Tiny, arguments: list[str], words: str, tmp_path: Path):
    places = {"DEV": f"{tiny.dev}", "OUT": f"{tmp_path / 'out.jsonl'}", "BASE": f"{tiny.folder / 'base/config.json'}"}
    done = closedbook("probe", tiny.folder / "base", *(places.get(word, word) for word in arguments))
    assert done.code == 2
    assert words in done.err


def test_a_run_of_our_own_is_sent_to_evaluate(tiny: Tiny):
    assert closedbook(*tiny.train(tiny.folder / "own")).code == 0
    done = closedbook("probe", tiny.folder / "own", "--questions", tiny.dev)
    assert done.code == 2
    assert "evaluate" in done.err


def test_questions_without_answers_are_none(opened: Any):
    assert ask_facts(*opened, Questions((), "", "none")) == []
