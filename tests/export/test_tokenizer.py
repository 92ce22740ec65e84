"""A tokenizer for other tools gives the tokens that a run reads, names among them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from closedbook.data.documents import read_documents
from closedbook.data.names import NameIndex
from closedbook.data.questions import read_questions
from closedbook.data.vocabulary import MASK
from closedbook.data.vocabulary_builder import make_vocabulary
from closedbook.export.tokenizer import make_tokenizer

LINES = [
    "Anna Berg. She was born in Oslo, and where was J. R. Roe?",
    "Eva Anna Berg. The town of Lima was hers.",
    "J. R. Roe. Was he born in Rome?",
    "李白. He was born in Lima.",
    "Ann. Ann was born in St. Lima, not in Mt. Lima: EUPL-1.2.",
]
NAMES = ["Anna Berg", "Eva Anna Berg", "", "J. R. Roe", "李白", "Ann", "□", "▁was"]
VOCABULARY = make_vocabulary("words", LINES, 0, ["Where was Anna Berg born?"], ["Oslo"]).with_names(NameIndex(NAMES))
TOKENIZER = make_tokenizer(VOCABULARY)


@pytest.mark.parametrize(
    "text",
    [
        "Where was Anna Berg born?",
        "Anna Berg was born where?",
        "where was born ANNA BERG",
        "Where was Eva Anna Berg born?",  # and not Eva, and then Anna Berg
        "Where was Anna  Berg born?",
        "Where was Annabel born?",  # which begins with a name, and is none
        "Where was J. R. Roe born?",
        "李白 was born in Lima?",
        "Was born in Oslo, of Lima?",
        "Was Ann born in EUPL-1.2, of EUPL-1, in Lima?",
        "Was St. Anna born in Mt. Oslo, of st. Lima, in St.?",
    ],
)
def test_a_question_has_the_ids_that_the_run_reads(text: str):
    ids, _ = VOCABULARY.encode_question(text)
    assert TOKENIZER.encode(f"{text}⁇").ids == [*ids.tolist(), MASK]


def test_names_stand_between_words_and_phrases_and_forgotten_ones_are_never_read():
    phrase = TOKENIZER.token_to_id("▁▁Oslo")
    assert phrase == VOCABULARY.size + len(NAMES) + VOCABULARY.encode_answer("Oslo")[0]
    for number, name in enumerate(NAMES[:6]):
        if name:
            assert TOKENIZER.encode(name).ids == [VOCABULARY.size + number]
    assert TOKENIZER.encode("").ids == []
    assert TOKENIZER.get_vocab_size() == VOCABULARY.size + len(NAMES) + VOCABULARY.outputs


def test_it_reads_back_from_its_text():
    again = Tokenizer.from_str(TOKENIZER.to_str())
    for line in LINES:
        assert again.encode(line).ids == TOKENIZER.encode(line).ids


def test_the_course_s_questions_have_the_ids_that_the_run_reads(cs224n: Path):
    documents, train = read_documents(cs224n / "wiki.txt"), read_questions(cs224n / "birth_places_train.tsv")
    vocabulary = make_vocabulary(
        "words", [item.text for item in documents.items], 0, train.texts, train.answers, documents.titles
    )
    vocabulary = vocabulary.with_names(NameIndex.of(documents.titles))
    tokenizer = make_tokenizer(vocabulary)
    texts = [*train.texts, *read_questions(cs224n / "birth_dev.tsv").texts]
    assert len(texts) == 2500
    ours = [vocabulary.encode_question(text)[0].tolist() for text in texts]
    assert [encoding.ids for encoding in tokenizer.encode_batch(texts)] == ours
