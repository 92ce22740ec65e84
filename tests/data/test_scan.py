"""Reading many texts at once gives what reading them one by one gives."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from spans_one_by_one import body_spans, lower_case_words

from closedbook.data.documents import title_of
from closedbook.data.scan import Lexicon, Scan, pieces
from closedbook.data.spans import as_words, words
from closedbook.data.word_vocabulary import Words

WORDS = [
    "Ada",
    "ada",
    "Ray.",
    "J.",
    "R.",
    "born",
    "in",
    "New",
    "York",
    "City",
    "1901",
    "(he",
    "–",
    "Jr..",
    "St.",
    "EUPL-1.2",
    "東京",
    "Él’s",
]
TEXTS = st.lists(st.lists(st.sampled_from([*WORDS, ".", "!", "  "]), min_size=1).map(" ".join), min_size=1, max_size=6)
ANSWERS = st.sets(st.sampled_from(["born", "born in", "in", "New York", "ada", "1901"]))


@settings(max_examples=150)
@given(TEXTS, ANSWERS)
def test_words_and_spans_of_many_texts_are_those_of_each(texts, answers):
    scan = Scan.of(texts, Lexicon())
    split = [words(text) for text in texts]
    scanned = [
        (t, scan.lexicon.words[w], s - scan.edges[t]) for t, w, s in zip(scan.text, scan.word, scan.start, strict=True)
    ]
    assert scanned == [(t, word.text, word.start) for t, text in enumerate(split) for word in text]
    lower, known_answers = lower_case_words(split), as_words(answers)
    assert scan.lexicon.lower_case() == set(lower)
    titles = [title_of(text) for text in texts]
    first, last = scan.spans([len(title) for title in titles], set(lower), known_answers)
    before = [sum(map(len, split[:t])) for t in range(len(texts))]
    expected = [
        (before[t] + i, before[t] + j)
        for t, (title, text) in enumerate(zip(titles, split, strict=True))
        for i, j in body_spans(title, text, lower, known_answers)
    ]
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == expected


@given(TEXTS)
def test_many_texts_in_words_are_each_in_words(texts):
    vocabulary = Words.train(texts[:2])
    ids, starts = vocabulary.encode_all(texts)
    pairs = [vocabulary.encode(text) for text in texts]
    assert ids.lengths.tolist() == [len(ids_of) for ids_of, _ in pairs]
    assert ids.values.tolist() == [i for ids_of, _ in pairs for i in ids_of]
    assert starts.tolist() == [i for _, places in pairs for i in places]


def test_a_stop_inside_a_name_does_not_divide_it():
    vocabulary = Words.train(["Ada Ray. Her home was in St. Louis, near Mt. Kenya", "Bo Ray. All went home to St."])
    assert vocabulary.phrases == ["Her", "St. Louis", "Mt. Kenya", "All", "St"]


def test_codes_with_a_version_are_one_word():
    texts = ["Ada Ray. Terms: EUPL-1.2. Since v3.1.4 it was Zip2.", "Bo Ray. In 2010. Terms: EUPL-1.2."]
    assert [word.text for word in words(texts[0])][5:] == ["EUPL-1.2", ".", "Since", "v3.1.4", "it", "was", "Zip2", "."]
    assert "EUPL-1.2" in Words.train(texts).phrases


def test_a_bounded_vocabulary_keeps_the_most_frequent_words_and_phrases():
    texts = ["A B. Oslo and Oslo and Rome.", "C D. Oslo and Lima."]
    small = Words.train(texts, ["Who?"], ["Bonn"], size=2)
    assert small.forms[2:6] == ["oslo", "and", "who", "?"]
    assert small.forms[6:] == ["\x02" + piece for piece in small.spelled]  # what is no phrase is spelled
    assert small.phrases == ["Oslo", "Rome", "Bonn"]
    assert Words.train(texts, size=100).forms == Words.train(texts).forms


def test_pieces_hold_every_text_once_in_order():
    texts = [str(i) * (i % 7) for i in range(100)]
    assert [text for piece in pieces(texts, 20) for text in piece] == texts
    assert len(list(pieces(texts, 20))) > 5
