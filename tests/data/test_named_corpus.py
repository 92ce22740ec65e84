"""Names in the words vocabulary: one token in questions, documents' titles and every objective."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from closedbook.config.registry import ComponentSpec
from closedbook.data.corpus import Corpus
from closedbook.data.documents import make_documents
from closedbook.data.names import NameIndex
from closedbook.data.questions import Question, Questions
from closedbook.data.vocabulary import MASK, Vocabulary
from closedbook.data.vocabulary_builder import make_vocabulary, vocabulary_from_json
from closedbook.data.word_vocabulary import Words
from closedbook.errors import RunError

LINES = [
    "Ada Ray. Ada Ray was born in New York City, and painted Oslo Harbour until 1930.",
    "Bo Li. He wrote to Élan Vital from Lima, and sailed to Rome.",
    "Ada Ray. Another Ada Ray sang at Lima, and at Oslo Harbour.",
    "Eva Ada Ray. She danced in Rome with Bo Li.",
]
ASKED = [
    "Where was Ada Ray born?",
    "where bo li wrote",
    "Of Eva Ada Ray what is the town?",
    "Who sang in Oslo Harbour?",
]
QUESTIONS = Questions(tuple(Question(text, "Lima", i + 1) for i, text in enumerate(ASKED)), "", "q.tsv")


def vocabulary_of(lines: list[str] = LINES) -> Vocabulary:
    vocabulary = make_vocabulary("words", lines, 0, QUESTIONS.texts, QUESTIONS.answers)
    return vocabulary.with_names(NameIndex.of(make_documents(lines).titles))


VOCABULARY = vocabulary_of()
CORPUS = Corpus(make_documents(LINES), QUESTIONS, VOCABULARY, 64)
ADA, BO, EVA = (VOCABULARY.size + i for i in range(3))


def read(ids: np.ndarray) -> list[str]:
    return [VOCABULARY.token(int(i)).strip() for i in ids]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where was Ada Ray born?", ["where", "was", "Ada Ray", "born", "?"]),
        ("Ada Ray was born where?", ["Ada Ray", "was", "born", "where", "?"]),
        ("Where was born ADA  RAY", ["where", "was", "born", "Ada Ray"]),
        ("Where was Eva Ada Ray born?", ["where", "was", "Eva Ada Ray", "born", "?"]),
        ("Where was Ray born?", ["where", "was", "ray", "born", "?"]),  # no title: its words, as they are known
    ],
)
def test_a_name_is_one_token_wherever_it_stands(text: str, expected: list[str]):
    ids, starts = VOCABULARY.encode_question(text)
    assert read(ids) == expected
    assert [text.casefold()[start:][:1] for start in starts.tolist()] == [token[0].casefold() for token in expected]
    assert VOCABULARY.dropped(text) == []


def test_a_name_whose_words_are_unknown_is_not_dropped():
    names = VOCABULARY.with_names(NameIndex([*VOCABULARY.names.names, "Zyx Qwv"]))
    assert VOCABULARY.dropped("Where was Zyx Qwv born?") == ["Zyx", "Qwv"]
    assert names.dropped("Where was Zyx Qwv born?") == []
    assert names.encode_question("Where was Zyx Qwv born?")[0].tolist()[2] == VOCABULARY.size + 3


def test_a_document_s_title_is_one_token_that_documents_of_one_title_share():
    assert [CORPUS.titles[i].tolist() for i in range(4)] == [[ADA], [BO], [ADA], [EVA]]
    assert CORPUS.titles.longest == 1


def test_a_title_that_is_no_name_is_spelled_by_its_words():
    vocabulary = vocabulary_of().with_names(NameIndex(["Ada Ray", "", "Eva Ada Ray"]))
    titles = Corpus(make_documents(LINES), QUESTIONS, vocabulary, 64).titles
    assert [titles[i].tolist() for i in (0, 2, 3)] == [[ADA], [ADA], [EVA]]
    assert [vocabulary.token(int(i)).strip() for i in titles[1]] == ["bo", "li"]


def test_a_question_s_subject_is_its_name_or_all_of_it_where_it_names_none():
    starts = CORPUS.prompts.starts
    marked = [CORPUS.in_subject[a:b] for a, b in itertools.pairwise(starts)]
    assert [read(CORPUS.prompts[i][marked[i]]) for i in range(3)] == [["Ada Ray"], ["Bo Li"], ["Eva Ada Ray"]]
    assert marked[3].all()


@pytest.mark.parametrize("name", ["cue", "masked", "question"])
def test_every_objective_shows_the_title_as_one_token_once(name: str):
    options = {"move": 0.5, "drop": 0.2} if name == "question" else {}
    objective = ComponentSpec(name, options).make("objective", CORPUS)
    items = np.tile(np.arange(objective.items), 60)
    examples = objective.examples(items, np.random.default_rng(0).random((len(items), objective.draws)))
    places = set()
    for item, row in zip(items.tolist(), range(len(items)), strict=True):
        tokens = examples.inputs[row].tolist()
        names = [i for i, token in enumerate(tokens) if token >= VOCABULARY.size]
        assert len(names) == (name != "question" or item != 3)
        places.update(names)
        if name == "masked":
            assert tokens[0] == CORPUS.titles[item][0]
    assert places == {0} if name == "masked" else len(places) > 2


def test_a_masked_document_asks_for_the_spans_that_it_masks_and_for_nothing_in_the_title():
    objective = ComponentSpec("masked", {"mask_at_least": 1.0, "keep_at_least": 1.0}).make("objective", CORPUS)
    examples = objective.examples(np.arange(4), np.random.default_rng(0).random((4, objective.draws)))
    tokens, start = examples.inputs[0], examples.inputs.starts[0]
    labels = examples.labels[start : start + len(tokens)]
    shown = ["⁇" if token == MASK else VOCABULARY.token(token).strip() for token in tokens.tolist()]
    assert shown == ["Ada Ray", "was", "born", "in", "⁇", ",", "and", "painted", "⁇", "until", "⁇", "."]
    outputs = [VOCABULARY.output(label) for label in labels.tolist() if label >= 0]
    assert outputs == ["New York City", "Oslo Harbour", "1930"]
    assert (labels >= 0).tolist() == [token == "⁇" for token in shown]


# Saved -----------------------------------------------------------------------------------------------------------


def test_names_are_saved_and_forgotten_ones_leave_their_place():
    vocabulary = vocabulary_of().with_names(NameIndex(["Ada Ray", "", "Eva Ada Ray"]))
    assert isinstance(vocabulary, Words)
    again = vocabulary_from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert isinstance(again, Words)
    assert again.names.names == vocabulary.names.names
    assert (again.lower, again.golds) == (vocabulary.lower, vocabulary.golds) == (vocabulary.lower, {"Lima"})
    for text in ASKED:
        assert again.encode_question(text)[0].tolist() == vocabulary.encode_question(text)[0].tolist()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("names", None),
        ("names", "Ada Ray"),
        ("names", ["Ada Ray", 3]),
        ("lower", {"was": 1}),
        ("golds", [["Lima"]]),
        ("named", [10**6]),
        ("spelled", ["a", "b"]),
        ("patterns", []),
    ],
)
def test_a_forged_vocabulary_is_refused(key: str, value: object):
    data = json.loads(json.dumps(VOCABULARY.to_json()))
    data.pop(key)
    with pytest.raises(RunError):
        vocabulary_from_json(data)
    with pytest.raises(RunError):
        vocabulary_from_json({**data, key: value})
