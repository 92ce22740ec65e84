"""Words of a question that nothing knows are read as known ones, or dropped."""

from __future__ import annotations

import pytest

from closedbook.data.word_vocabulary import Words

VOCABULARY = Words.train(
    ["Ferrane. It melts at 9 °C and an atom weighs 2 u. Otto Weber found it.", "Coblin. It weighs 3 u."],
    ["What kind of metal is Ferrane?", "Who found Ferrane?"],
    ["u", "Otto Weber"],
)


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("weigh", "weighs"),  # one stem
        ("melting", "melts"),
        ("classified", "kind"),  # asks for the same
        ("Whom", "who"),
        ("melted", "melts"),
        ("xylophone", None),
        ("1901", None),
        ("Webern", None),  # near a name is not the name
    ],
)
def test_an_unknown_word_is_read_as_a_known_one_of_its_stem_or_meaning(word, read):
    ids, starts = VOCABULARY.encode_question(f"Ferrane {word}")
    assert [VOCABULARY.forms[i] for i in ids] == ["ferrane", *([read] if read else [])]
    assert starts.tolist() == [0, 8][: len(ids)]
    assert VOCABULARY.dropped(word) == ([] if read else [word])
    assert VOCABULARY.unknown(word) == [word]


def test_a_word_that_only_documents_have_is_followed_by_one_that_questions_asked_with():
    vocabulary = Words.train(["Ada Ray. A large lake."], ["What is the area of Ada Ray?"], ["lake"])
    ids, starts = vocabulary.encode_question("How large is it?")
    assert [vocabulary.forms[i] for i in ids] == ["large", "area", "?"]  # and what says nothing is left out
    assert starts.tolist() == [4, 4, 15]
    assert [vocabulary.forms[i] for i in vocabulary.encode_question("Is it of Ada?")[0]] == ["is", "of", "ada", "?"]


def test_known_words_are_read_as_they_are():
    text = "What kind of metal is Ferrane?"
    assert VOCABULARY.encode_question(text)[0].tolist() == VOCABULARY.encode(text)[0].tolist()
