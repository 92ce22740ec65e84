"""Characters and byte pairs: the course's ids, round trips, and text that looks like PAD or MASK."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedbook.data.documents import read_documents
from closedbook.data.vocabulary import MASK, MASK_CHARACTER, PAD, PAD_CHARACTER, BytePairs, Characters
from closedbook.data.vocabulary_builder import make_vocabulary, vocabulary_from_json
from closedbook.errors import DataError, RecipeError, RunError

LINES = [
    "Ada Ray. Ada Ray (born 1 May 1901 in Oslo) was a painter and a writer.",
    "José Núñez. José Núñez, born in São Paulo, wrote on 東京 and 🎈.",
    "Bo Li. Li was born in New York City, New York, in 1899 and died in 1977.",
] * 3
KNOWN = sorted(set("".join(LINES)) | {"\n"})
PAIRS = BytePairs.train(LINES, 320)
CHARACTERS = Characters.train(LINES)
WORDS = make_vocabulary("words", LINES, questions=["Where was Ada Ray born?"], answers=["Oslo", "Rome"])
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def test_the_course_s_file_has_256_characters_with_pad_mask_and_the_newline(cs224n):
    lines = [item.text for item in read_documents(cs224n / "wiki.txt").items]
    vocabulary = Characters.train(lines)
    assert vocabulary.size == vocabulary.outputs == 256
    assert vocabulary.characters[:2] == ["□", "⁇"] == ["\u25a1", "\u2047"]
    assert vocabulary.characters[2:] == sorted(set((cs224n / "wiki.txt").read_text(encoding="utf-8")))
    assert "\n" in vocabulary.characters
    assert (PAD, MASK) == (0, 1)


@given(st.text(st.sampled_from(KNOWN)))
def test_characters_come_back_as_they_were(text):
    ids, starts = CHARACTERS.encode(text)
    assert CHARACTERS.decode(ids) == text
    assert [CHARACTERS.characters[i] for i in ids] == list(text)
    assert starts.tolist() == list(range(len(text)))
    assert CHARACTERS.unknown(text) == []


@given(ANY_TEXT)
def test_characters_that_no_document_holds_are_left_out_and_listed(text):
    ids, starts = CHARACTERS.encode(text)
    assert CHARACTERS.decode(ids) == "".join(c for c in text if c in KNOWN)
    assert [text[i] for i in starts] == [c for c in text if c in KNOWN]
    assert CHARACTERS.unknown(text) == [c for c in text if c not in KNOWN]


@given(ANY_TEXT)
def test_byte_pairs_spell_any_text_with_one_space_before_it(text):
    ids, starts = PAIRS.encode(text)
    assert PAIRS.decode(ids) == (text if not text or text[0] == " " else " " + text)
    assert PAIRS.unknown(text) == []
    assert (starts[1:] >= starts[:-1]).all()
    assert ids.size == 0 or 0 <= starts[0] <= starts[-1] < len(text)


@given(st.lists(st.sampled_from([PAD_CHARACTER, MASK_CHARACTER, "x", " ", "⁇□", "Oslo"])).map("".join))
@pytest.mark.parametrize("vocabulary", [CHARACTERS, PAIRS, WORDS], ids=lambda v: v.kind)
def test_typed_characters_never_become_pad_or_mask(vocabulary, text):
    assert (vocabulary.encode(text)[0] > MASK).all()
    if not vocabulary.answers_in_one:
        assert (vocabulary.encode_answer(text) > MASK).all()


@pytest.mark.parametrize("vocabulary", [CHARACTERS, PAIRS], ids=lambda v: v.kind)
def test_mask_is_readable_and_pad_invisible_in_decoded_tokens(vocabulary):
    ids = [*vocabulary.encode("Ada")[0], MASK, *vocabulary.encode("Oslo")[0], MASK, PAD, PAD]
    assert vocabulary.decode(ids).replace(" ", "") == "Ada⁇Oslo⁇"


@pytest.mark.parametrize("vocabulary", [CHARACTERS, PAIRS], ids=lambda v: v.kind)
def test_the_answer_is_what_stands_before_the_first_mask(vocabulary):
    ids = [*vocabulary.encode("New York")[0], MASK, *vocabulary.encode("Oslo")[0], MASK]
    assert vocabulary.answer(ids) == "New York"
    assert vocabulary.answer(ids[: ids.index(MASK)]) == "New York"
    assert vocabulary.answer([MASK]) == ""


def test_a_name_has_the_same_byte_pairs_wherever_it_stands():
    name = PAIRS.encode("Ada Ray")[0].tolist()
    for text in ("Where was Ada Ray born?", "Ada Ray was", "by Ada Ray"):
        ids = PAIRS.encode(text)[0].tolist()
        assert any(ids[i : i + len(name)] == name for i in range(len(ids)))


def test_byte_pairs_learn_the_size_that_was_asked_for_and_merge_what_is_common():
    assert PAIRS.size == 320
    assert len(PAIRS.encode("Ada Ray")[0]) < len("Ada Ray")
    assert PAIRS.encode("Ada")[0].tolist() == BytePairs.train(LINES, 320).encode("Ada")[0].tolist()


def test_a_vocabulary_too_small_for_all_bytes_is_refused():
    with pytest.raises(RecipeError, match="at least 258"):
        make_vocabulary("bpe", LINES, 257)
    assert make_vocabulary("bpe", LINES, 258).size == 258


@pytest.mark.parametrize("reserved", ["□", "⁇"])
def test_characters_that_stand_for_pad_and_mask_are_refused_by_line(reserved):
    with pytest.raises(DataError, match="line 2 of the documents holds □ or ⁇"):
        Characters.train(["Ada Ray. Hi.", f"Bo {reserved} Li.", f"{reserved}"])
    with pytest.raises(DataError, match="line 3 of the documents"):
        Characters.train([f"one text\nof lines\nand {reserved}"])


@pytest.mark.parametrize("vocabulary", [CHARACTERS, PAIRS, WORDS], ids=lambda v: v.kind)
def test_a_vocabulary_reads_back_from_its_json(vocabulary):
    again = vocabulary_from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert type(again) is type(vocabulary)
    assert again.to_json() == vocabulary.to_json()
    assert (again.size, again.outputs) == (vocabulary.size, vocabulary.outputs)
    for text in [*LINES, string.printable, "□⁇ Oslo"]:
        assert [part.tolist() for part in again.encode(text)] == [part.tolist() for part in vocabulary.encode(text)]
        assert again.encode_answer(text).tolist() == vocabulary.encode_answer(text).tolist()
    assert [again.output(i) for i in range(again.outputs)] == [vocabulary.output(i) for i in range(vocabulary.outputs)]
    assert (again.named is None) == (vocabulary.named is None)
    if again.named is not None:
        assert again.named.tolist() == vocabulary.named.tolist()


@pytest.mark.parametrize("data", [{}, {"kind": "runes"}, {"kind": "characters"}, {"kind": "bpe", "tokenizer": {}}])
def test_a_damaged_vocabulary_is_refused(data):
    with pytest.raises(RunError, match=r"vocabulary\.json is"):
        vocabulary_from_json(data)


def test_an_unknown_kind_of_vocabulary_is_refused():
    with pytest.raises(RecipeError, match='"runes" is unknown'):
        make_vocabulary("runes", LINES)
