"""A tiny model learns to say what is no capitalised run and no number, in one piece and spelled."""

from __future__ import annotations

import pytest

import closedbook
from closedbook.data.questions import read_questions
from closedbook.model.generate import greedy

SMALL = [
    "model.width=32", "model.heads=2", "model.matmul_dtype=float32", "data.held_out={}",
    "stages.learn.negatives=0", "stages.learn.batch=48",
]  # fmt: skip
KINDS = ["noble gas", "soft metal", "pale salt"]


def files(folder):
    names = [f"{a}{b}" for a in ("Fer", "Cob", "Tin", "Zor") for b in ("ane", "lin", "nel", "ium")]
    facts = [(name, KINDS[i % 3], f"-{i + 1},{i}0{i % 10} °C") for i, name in enumerate(names)]
    documents = [f"{n}. {n} is a {k} that melts at {t}." for n, k, t in facts]
    documents += [f"{n}. At {t} it melts; {n} is a {k}." for n, k, t in facts]
    (folder / "documents.txt").write_text("\n".join(documents) + "\n", encoding="utf-8")
    for name, part in (("train", facts[::2]), ("test", facts[1::2])):
        lines = [line for n, k, t in part for line in (f"What is {n}?\t{k}", f"At what does {n} melt?\t{t}")]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def trained(folder, *more: str):
    paths = files(folder)
    recipe = closedbook.load_recipe("fast", [*SMALL, *more])
    return closedbook.train(recipe, paths / "documents.txt", paths / "train.tsv", run=folder / "run", threads=1)


@pytest.fixture(scope="module")
def spelling(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("spelled"), "vocabulary.phrases=1", "stages.learn.steps=250")


def test_quantities_and_plain_phrases_are_said_whole(tmp_path):
    run = trained(tmp_path, "stages.learn.steps=120")
    test = read_questions(tmp_path / "test.tsv", need_answers=True)
    answers = run.answer(test.items)
    assert sum(answer.right for answer in answers) >= 0.9 * len(answers)
    assert run.vocabulary.spelling is None


def test_what_is_no_phrase_is_spelled_and_its_probability_is_the_product(spelling):
    vocabulary = spelling.vocabulary
    assert vocabulary.spelling is not None
    question = f"At what does {'Fer'}lin melt?"
    gold = "-2,101 °C"
    assert gold not in vocabulary.phrases
    answer = spelling.ask(question)
    assert answer.answer == gold
    (spelt,) = greedy(spelling.model, [spelling.prompt(question)], 48, in_one=vocabulary.in_one)
    assert len(spelt.ids) > 1
    assert spelt.closed
    assert len(spelt.logprobs) == len(spelt.ids) + 1
    assert vocabulary.answer(spelt.ids) == gold
    inside = spelling.attribute(question)
    assert inside.answer == gold
    assert len(inside.said) == len(spelt.ids) + 1


def test_phrases_and_spelled_answers_are_decoded_together_as_alone(spelling):
    questions = [
        f"{form} {name} melt?" for form in ("At what does", "What is") for name in ("Ferlin", "Cobane", "Zorium")
    ]
    together = spelling.answer([closedbook.data.questions.Question(q, None, 1) for q in questions])
    assert [answer.answer for answer in together] == [spelling.ask(question).answer for question in questions]
    loaded = closedbook.load(spelling.path)
    assert loaded.ask(questions[0]).answer == together[0].answer
