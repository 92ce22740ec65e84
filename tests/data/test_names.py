"""Which stored name stands in a text, and where."""

from __future__ import annotations

import unicodedata

import pytest

from closedbook.data.names import NameIndex


def apart(text: str) -> str:
    """With accents as characters of their own."""
    return unicodedata.normalize("NFD", text)


NAMES = NameIndex(
    ["Anna Berg", "Eva Anna Berg", "Sammy Davis Jr.", "Renée Dupré", "Ann", "李白", "", "Straße des Lichts", "İpek Ün"]
)


@pytest.mark.parametrize(
    ("text", "name", "spelled"),
    [
        ("Where was Anna Berg born?", "Anna Berg", "Anna Berg"),
        ("Anna Berg was born where?", "Anna Berg", "Anna Berg"),
        ("the birthplace of Anna Berg", "Anna Berg", "Anna Berg"),
        ("Where was Eva Anna Berg born?", "Eva Anna Berg", "Eva Anna Berg"),  # the longest, though another stands in it
        ("where was ANNA berg born?", "Anna Berg", "ANNA berg"),
        ("Anna Berg's mother?", "Anna Berg", "Anna Berg"),
        ("Anna Berg’s mother?", "Anna Berg", "Anna Berg"),
        ("Did (Anna  Berg) sing?", "Anna Berg", "Anna  Berg"),
        ("Was Sammy Davis Jr. born?", "Sammy Davis Jr.", "Sammy Davis Jr."),
        ("Was RENÉE DUPRÉ born?", "Renée Dupré", "RENÉE DUPRÉ"),
        (apart("Was Renée Dupré born?"), "Renée Dupré", apart("Renée Dupré")),
        ("Did Anna see Ann?", "Ann", "Ann"),  # whole words only: the second place
        ("李白在哪里出生？", "李白", "李白"),
        ("in der STRASSE DES LICHTS?", "Straße des Lichts", "STRASSE DES LICHTS"),  # one character longer than stored
        ("Is the İPEK ÜN here?", "İpek Ün", "İPEK ÜN"),  # folding makes İ two characters
    ],
)  # fmt: skip
def test_a_name_is_found_where_it_stands(text: str, name: str, spelled: str):
    mention = NAMES.find(text)
    assert mention is not None
    assert (NAMES.names[mention.number], text[mention.start : mention.stop]) == (name, spelled)
    assert name != "Ann" or mention.start == len("Did Anna see ")


@pytest.mark.parametrize("text", ["Where was Anna Lund born?", "", "Annabel", "Berg Anna", "Renee Dupre", " \t"])
def test_what_holds_no_name_has_no_mention(text: str):
    assert NAMES.find(text) is None
    assert NameIndex().find("Where was Anna Berg born?") is None


def test_one_written_as_it_is_stored_is_preferred():
    names = NameIndex(["ADA RAY", "Ada Ray"])
    for name in names.names:
        mention = names.find(f"was {name} born?")
        assert mention is not None
        assert mention.number == names.number(name)


def test_documents_of_one_title_share_a_number_and_numbers_are_in_the_order_of_the_titles():
    names = NameIndex.of(["Bo Li", "Ada Ray", "Bo Li", "", "Cy Po"])
    assert names.names == ["Bo Li", "Ada Ray", "Cy Po"]
    assert names.numbers(["Bo Li", "Ada Ray", "Bo Li", "", "Dee"]).tolist() == [0, 1, 0, -1, -1]


def test_a_forgotten_name_leaves_its_row_and_the_numbers_of_others():
    names = NameIndex(["Bo Li", "", "Cy Po", ""])
    assert (len(names), names.stored) == (4, 2)
    assert names.number("Cy Po") == 2
    assert "" not in names
    with pytest.raises(KeyError):
        names.number("Ada Ray")
