"""What is known about English question words beforehand."""

from __future__ import annotations

import pytest

from closedbook.data.paraphrase import concepts, joined, one_stem


@pytest.mark.parametrize(
    ("word", "synonym"),
    [("birthplace", "born"), ("whom", "who"), ("weighs", "mass"), ("installation", "install"), ("kilojoules", "kj")],
)
def test_words_that_ask_for_the_same_share_a_list(word, synonym):
    assert concepts(word).keys() & concepts(synonym).keys()


def test_a_word_of_no_list_belongs_to_none_and_an_inflected_one_to_its_stems_less_surely():
    assert not concepts("xylophone")
    assert not concepts("of")
    assert set(concepts("classifies").values()) == {0.9}
    assert set(concepts("classified").values()) == {1.0}


def test_pairs_of_words_are_one_where_they_are_listed():
    assert joined("how long does it take".split()) == ["how_long"]
    assert joined("what is it for".split()) == ["what_for"]
    assert joined("where is it".split()) == []


@pytest.mark.parametrize(
    ("word", "second", "same"),
    [
        ("discovered", "discovery", True),
        ("live", "liverpool", False),
        ("location", "education", False),  # a common end says nothing in English
        ("المدينة", "مدينة", True),  # and much where articles stand in front
        ("जन्मस्थान", "जन्म", True),
    ],
)
def test_words_of_one_stem(word, second, same):
    assert one_stem(word, second) is same
