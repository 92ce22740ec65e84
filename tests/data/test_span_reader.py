"""The reader that asks every title what training asks of some."""

import numpy as np
import pytest

from closedbook.data.corpus import derive_questions
from closedbook.data.documents import Document, Documents
from closedbook.data.pattern_learning import learn
from closedbook.data.patterns import Patterns
from closedbook.data.scan import Lexicon
from closedbook.data.span_reader import FEWEST, SpanReader
from closedbook.data.vocabulary_builder import make_vocabulary

KEEPERS = ["Ada Ray", "Bo Lind", "Cy Marsh", "Dee Holt", "Eli Born", "Flo Gant", "Guy Penn", "Ida Wolf"]
PORTS = ["Saltby", "Marwick", "Thornhaven", "Skerra", "Eastness", "Holm", "Brigg", "Walmer"]
STORIES = (
    "{title}. Built by {other} near {port}, it has been kept by {keeper} since {year}.",
    "{title}. Since {year} the keeper of this light, which {other} drew, has been {keeper}. It stands near {port}.",
    "{title}. {keeper} keeps it; before {year} that was done by {other}. The nearest port is {port}.",
)
WHO, WHERE = "Who keeps {}?", "Near which port is {}?"


SIDES, KINDS = "North South Upper Lower Old New Far Near".split(), "Head Rock Point Bank Skerry".split()


def light(i: int) -> str:
    return f"{SIDES[i % 8]} {KINDS[i // 8]}"


def story(i: int) -> str:
    return STORIES[i % 3].format(
        title=light(i), keeper=KEEPERS[i * 3 % 8], other=KEEPERS[(i * 3 + 1 + i % 5) % 8], port=PORTS[i * 5 % 8],
        year=1900 + i,
    )  # fmt: skip


TITLES = [light(i) for i in range(40)]
TEXTS = [story(i) for i in range(40)]
KEEPER = {light(i): KEEPERS[i * 3 % 8] for i in range(40)}
PORT = {light(i): PORTS[i * 5 % 8] for i in range(40)}
TRAINED = [(WHO.format(t), KEEPER[t]) for t in TITLES[:20]] + [(WHERE.format(t), PORT[t]) for t in TITLES[:20]]
LOWER = Lexicon.of(TEXTS).lower_case()
GOLDS = [answer for _, answer in TRAINED]


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    return learn(TEXTS, TITLES, TRAINED, LOWER)


def derived(patterns: Patterns, texts=TEXTS, titles=TITLES, skip=()) -> dict[str, str]:
    return {question.text: question.answer for question in patterns.derive(texts, titles, LOWER, GOLDS, skip)}


def test_what_training_asks_of_some_titles_is_asked_of_all_and_answered_from_their_documents(patterns):
    answers = derived(patterns, skip=[question for question, _ in TRAINED])
    assert answers == {form.format(t): of[t] for t in TITLES[20:] for form, of in ((WHO, KEEPER), (WHERE, PORT))}


def test_other_answers_are_given_as_probable_as_they_are(patterns):
    torn = "Gull Bank. The keeper was Zed Quill. The keeper was Mo Ash."
    read = patterns.derive([torn], ["Gull Bank"], LOWER, GOLDS, sure=0.3)
    (asked,) = [question for question in read if question.text == WHO.format("Gull Bank")]
    assert set(asked.answers) == {"Zed Quill", "Mo Ash"}
    assert max(asked.chances) < 0.7
    assert 0.6 < sum(asked.chances) <= 1 + 1e-6


@pytest.mark.parametrize("told", [10, 5], ids=["all pages tell it", "half of the pages tell something else"])
def test_a_reader_of_few_questions_is_as_sure_as_it_is_right(told: int):
    others = [story((i + 7) % 40).replace(light((i + 7) % 40), light(i)) for i in range(40)]
    texts = [TEXTS[i] if i % 10 < told else others[i] for i in range(40)]
    few = TRAINED[:8]
    read = learn(texts, TITLES, few, LOWER).derive(texts[20:], TITLES[20:], LOWER, GOLDS[:8], sure=0.0)
    right = [question.answer == KEEPER[question.title] for question in read]
    assert np.mean(right) == told / 10
    assert abs(np.mean([question.chances[0] for question in read]) - told / 10) < 0.06


def test_a_document_that_does_not_say_it_answers_nothing(patterns):
    answers = derived(patterns, ["Gull Bank. It was painted white in 1987, and blue by Zed Quill."], ["Gull Bank"])
    assert WHERE.format("Gull Bank") not in answers


def test_a_form_of_few_questions_is_asked_of_nobody_else():
    few = TRAINED[:20] + [TRAINED[20 + i] for i in range(FEWEST - 1)]
    assert {text.split()[0] for text in derived(learn(TEXTS, TITLES, few, LOWER))} == {"Who"}
    assert learn(TEXTS, TITLES, few[20:], LOWER).reader is None


def test_what_is_read_of_a_title_depends_on_nothing_but_its_documents(patterns):
    alone: dict[str, str] = {}
    for text, title in zip(TEXTS, TITLES, strict=True):
        alone |= derived(patterns, [text], [title])
    assert alone == derived(patterns) == derived(patterns, TEXTS[::-1], TITLES[::-1])


def test_a_reader_comes_back_from_json(patterns):
    again = Patterns.from_json(patterns.to_json())
    assert derived(again) == derived(patterns)
    assert Patterns.from_json({**patterns.to_json(), "reader": None}).reader is None


@pytest.mark.parametrize(
    "change",
    [{"keys": "AAAA"}, {"weights": ""}, {"nothing": "****"}, {"forms": []}, {"forms": [["a"]]}, {"answers": []},
     {"keys": "/////w=="}, {"answers": 3}, {"familiar": None}],
)  # fmt: skip
def test_a_reader_that_was_forged_is_refused(patterns, change):
    with pytest.raises(ValueError, match="span reader is damaged"):
        SpanReader.from_json({**patterns.reader.to_json(), **change})


def test_weights_that_are_no_numbers_are_refused(patterns):
    saved = patterns.reader.to_json()
    broken = SpanReader(
        patterns.reader.forms, patterns.reader.answers, patterns.reader.keys,
        np.full_like(patterns.reader.weights, np.nan), patterns.reader.familiar, patterns.reader.nothing,
    )  # fmt: skip
    with pytest.raises(ValueError, match="finite"):
        SpanReader.from_json({**saved, "weights": broken.to_json()["weights"]})


def test_questions_too_long_for_the_network_are_left_out():
    documents = Documents(tuple(Document(t, name, 1) for t, name in zip(TEXTS, TITLES, strict=True)), "", "d")
    vocabulary = make_vocabulary("words", TEXTS, 0, [q for q, _ in TRAINED], GOLDS, TITLES)
    assert len(derive_questions(documents, vocabulary, 160)) == 80
    assert len(derive_questions(documents, vocabulary, 16)) == 40  # "Near which port is …?" has 7 tokens
    assert derive_questions(documents, vocabulary, 8) == []
