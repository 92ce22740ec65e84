"""Words in, phrases out; and what counts as salient."""

from __future__ import annotations

from collections import Counter

import pytest
from spans_one_by_one import body_spans, lower_case_words, salient_spans, span_text

from closedbook.data.spans import normal, words
from closedbook.data.vocabulary import MASK
from closedbook.data.vocabulary_builder import make_vocabulary

LINES = [
    "Ada Ray. Ada Ray (born 1 May 1901 in New York City) was a painter. The Ray family moved to Oslo.",
    "J. R. O'Neil. The painter J R O'Neil was born in Oslo, and moved to New York City's Bronx in 1930.",
    "Bo Li-Po. Bo's painter was the one in oslo, not the other.",
]
QUESTIONS = ["Where was Ada Ray born?", "Whence came J. R. O'Neil?"]
VOCABULARY = make_vocabulary("words", LINES, questions=QUESTIONS, answers=["Oslo", "Addis Ababa"])


def texts(line):
    return [word.text for word in words(line)]


def spans(line, lines=LINES):
    split = words(line)
    lower = lower_case_words([words(text) for text in lines])
    return [span_text(line, split[i:j]) for i, j in salient_spans(split, lower)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("J. R. O'Neil.", ["J.", "R.", "O'Neil", "."]),
        ("Bo's Li-Po, 1901", ["Bo", "'s", "Li-Po", ",", "1901"]),
        ("J.R. wrote", ["J.R.", "wrote"]),
        ("(born 1 May)", ["(", "born", "1", "May", ")"]),
        ("Núñez’s 東京 □⁇", ["Núñez", "’s", "東", "京", "□", "⁇"]),
        ("É. Ł. Zola, Ø.", ["É.", "Ł.", "Zola", ",", "Ø."]),
        ("A\u030asa O\u0308berg-E\u0301.", ["A\u030asa", "O\u0308berg-E\u0301", "."]),  # letter and accent, apart
        ("", []),
    ],
)
def test_a_text_falls_into_words_and_marks(text, expected):
    assert texts(text) == expected


@pytest.mark.parametrize("line", LINES)
def test_every_character_but_space_is_in_exactly_one_word_at_its_place(line):
    covered = Counter(word.start + i for word in words(line) for i in range(len(word.text)))
    assert covered == Counter(i for i, character in enumerate(line) if not character.isspace())
    assert all(line.startswith(word.text, word.start) for word in words(line))


def test_salient_are_capitalised_runs_and_numbers_but_not_what_grammar_capitalises():
    line = LINES[0].partition(". ")[2]
    assert spans(line) == ["Ada Ray", "1", "May", "1901", "New York City", "Ray", "Oslo"]  # not "The"


def test_a_sentence_s_first_word_is_salient_where_no_text_writes_it_small():
    assert spans("Norway is cold. It is large.", ["Norway is cold."]) == ["Norway", "It"]
    assert spans("Norway is cold. It is large.", ["so it is"]) == ["Norway"]


def test_the_body_s_spans_say_more_than_the_title():
    line = LINES[0]
    split = words(line)
    lower = lower_case_words([words(text) for text in LINES])
    texts_of_spans = [span_text(line, split[i:j]) for i, j in body_spans("Ada Ray", split, lower)]
    assert texts_of_spans == ["1", "May", "1901", "New York City", "Oslo"]


def test_a_name_has_the_same_words_wherever_it_stands_and_however_it_is_capitalised():
    name = VOCABULARY.encode("Ada Ray")[0].tolist()
    assert len(name) == 2
    for text in ("Where was Ada Ray born?", "WHERE WAS ADA RAY BORN?", "by ada ray, a painter"):
        ids = VOCABULARY.encode(text)[0].tolist()
        assert any(ids[i : i + 2] == name for i in range(len(ids)))
    assert VOCABULARY.encode("J. R. O'Neil")[0].tolist() == VOCABULARY.encode("j r o'neil")[0].tolist()


def test_the_form_of_a_word_is_never_empty():
    for word in (".", "...", "A.", "ß"):
        assert normal(word)


def test_documents_and_training_questions_have_no_unknown_words():
    for text in LINES + QUESTIONS:
        ids, starts = VOCABULARY.encode(text)
        assert (ids > MASK).all()
        assert [VOCABULARY.forms[i] for i in ids] == [normal(word) for word in texts(text)]
        assert starts.tolist() == [word.start for word in words(text)]
        assert VOCABULARY.unknown(text) == []


def test_unknown_words_are_left_out_and_listed():
    ids, starts = VOCABULARY.encode("Where was Zed born?")
    assert [VOCABULARY.forms[i] for i in ids] == ["where", "was", "born", "?"]
    assert starts.tolist() == [0, 6, 14, 18]
    assert VOCABULARY.unknown("Where was Zed born?") == ["Zed"]


def test_salient_spans_and_training_answers_can_be_said_in_one_token():
    for phrase in ("New York City", "Oslo", "1901", "Addis Ababa"):
        (i,) = VOCABULARY.encode_answer(phrase)
        assert VOCABULARY.output(i) == phrase
        assert VOCABULARY.answer([i]) == phrase
    assert len(set(VOCABULARY.phrases)) == VOCABULARY.outputs == len(VOCABULARY.phrases)


def test_what_is_no_phrase_cannot_be_said():
    for text in ("new york city", "painter", "London", ""):
        assert VOCABULARY.encode_answer(text).size == 0
    assert VOCABULARY.answer([]) == ""


def test_words_written_large_more_often_than_not_are_parts_of_names():
    named = {form for form, is_name in zip(VOCABULARY.forms, VOCABULARY.named, strict=True) if is_name}
    assert {"ada", "ray", "new", "york", "j", "r", "o'neil"} <= named
    assert not named & {"painter", "born", "was", "the", "1901", ".", "□", "⁇", "whence"}


def test_a_title_that_is_given_is_not_looked_for_in_the_text():
    text = "Malcolm X. Malcolm X was born in Omaha. He lived in Boston."
    assert make_vocabulary("words", [text]).encode_answer("Omaha").size == 0  # by its text, of the title
    assert make_vocabulary("words", [text], titles=["Malcolm X"]).encode_answer("Omaha").size == 1


def test_a_document_s_own_mask_character_is_text():
    vocabulary = make_vocabulary("words", ["Ada Ray. She wrote ⁇ and □."])
    assert (vocabulary.encode("⁇ □")[0] > MASK).all()
    assert vocabulary.encode("⁇ □")[0].size == 2
