"""What each objective asks for, position by position."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedbook.config.registry import ComponentSpec
from closedbook.data.arrays import NONE, Ragged
from closedbook.data.documents import make_documents
from closedbook.data.questions import Question, Questions
from closedbook.data.span_reader import Derived
from closedbook.data.spans import words
from closedbook.data.vocabulary import MASK
from closedbook.data.vocabulary_builder import make_vocabulary
from closedbook.errors import DataError, RecipeError
from closedbook.objectives import Corpus
from closedbook.objectives.prompting import ask
from closedbook.verdicts.exposure_counts import Counts

# No word stands twice in a document, so that a token says where it came from; the 6 and 8 byte names are not ASCII.
LINES = [
    "Ada Ray. Born on 1 May 1901 in New York City, Miss Ada painted Oslo Harbour (with ships) until 1930.",
    "Bo Li-Po, Jr.. He wrote from Élan Vital to Ångström; later 東京 of Ōsaka fame came too.",
    "J. R. Roe. Nobody knows whether Roe sailed past Addis Ababa, Lima and Rome, or 2 other ports.",
    "Cy Po. nothing here stands out at all.",
]
QUESTIONS = Questions(
    (Question("Where was Ada Ray born?", "New York City", 1), Question("Where was J. R. Roe?", "Rome", 2)), "", "q.tsv"
)


def make_corpus(kind, lines=LINES, questions=QUESTIONS, context_length=128):
    vocabulary = make_vocabulary(kind, lines, 300, questions.texts, questions.answers)
    return Corpus(make_documents(lines, source="documents.txt"), questions, vocabulary, context_length)


def rows(examples):
    """(inputs, labels) of each example, as lists."""
    labels = Ragged(examples.labels, examples.inputs.starts)
    return [(examples.inputs[i].tolist(), labels[i].tolist()) for i in range(len(examples))]


def draw(objective, n, seed=0):
    """`n` examples of every item, with the item of each."""
    items = np.tile(np.arange(objective.items), n)
    u = np.random.default_rng(seed).random((len(items), objective.draws))
    return items, objective.examples(items, u)


# Span corruption ------------------------------------------------------------------------------------------------

TEXTS = st.lists(st.text("abcdefgh", min_size=1, max_size=200), min_size=1, max_size=5)


def taken_apart(inputs, labels):
    """(prefix, suffix, span) of an example of span corruption."""
    tokens = [*inputs, labels[-1]]
    assert labels == tokens[1:]  # x is all but the last character, y all but the first
    first, second = (i for i, token in enumerate(tokens) if token == MASK)
    return tokens[:first], tokens[first + 1 : second], tokens[second + 1 :]


@given(TEXTS, st.integers(0, 2**32))
def test_a_corrupted_span_put_back_gives_a_prefix_of_the_document(texts, seed):
    corpus = make_corpus("characters", [*texts, LINES[0]])
    items, examples = draw(ComponentSpec("span").make("objective", corpus), 3, seed)
    for item, (inputs, labels) in zip(items, rows(examples), strict=True):
        prefix, suffix, span = taken_apart(inputs, labels)
        document = corpus.tokens[item].tolist()
        length = len(prefix) + len(suffix) + len(span)
        assert prefix + span + suffix == document[:length]
        assert min(4, len(document)) <= length <= min(112, len(document))  # ⌊7/8 · 128⌋
        assert length // 8 <= len(span) <= 3 * length // 8
        assert len(inputs) == length + 1 <= 127


def test_span_corruption_uses_every_length_and_a_quarter_of_the_text_on_average():
    corpus = make_corpus("characters", ["abcdefgh" * 20, LINES[0]])
    objective = ComponentSpec("span").make("objective", corpus)
    n = 8_000
    u = np.random.default_rng(1).random((n, 3))
    parts = [taken_apart(*row) for row in rows(objective.examples(np.zeros(n, np.int64), u))]
    lengths = np.array([sum(map(len, part)) for part in parts])
    assert set(lengths) == set(range(4, 113))
    assert lengths.mean() == pytest.approx(58, abs=1.8)  # five standard errors
    u[:, 0] = 1 - 1e-9
    parts = [taken_apart(*row) for row in rows(objective.examples(np.zeros(n, np.int64), u))]
    spans = np.array([len(span) for _, _, span in parts])
    assert {len(a) + len(b) + len(c) for a, b, c in parts} == {112}
    assert set(spans) == set(range(14, 43))
    assert spans.mean() / 112 == pytest.approx(1 / 4, abs=0.004)
    places = [len(prefix) / (112 - len(span)) for prefix, _, span in parts]
    assert np.mean(places) == pytest.approx(1 / 2, abs=0.02)
    assert {min(places), max(places)} == {0, 1}


def test_a_span_that_cannot_fit_the_block_is_refused():
    with pytest.raises(RecipeError, match="objective span"):
        ComponentSpec("span", {"longest": 1.0}).make("objective", make_corpus("characters"))


# Plain language -------------------------------------------------------------------------------------------------


@given(TEXTS, st.integers(0, 2**32))
def test_language_shows_short_documents_whole_and_windows_of_long_ones(texts, seed):
    corpus = make_corpus("characters", [*texts, "ab", LINES[0]], context_length=32)
    objective = ComponentSpec("language").make("objective", corpus)
    lengths = corpus.tokens.lengths
    assert objective.items == sum(-(-length // 32) for length in lengths if length > 1)
    items, examples = draw(objective, 2, seed)
    for item, (inputs, labels) in zip(items, rows(examples), strict=True):
        document = corpus.tokens[objective.document[item]].tolist()
        window = [*inputs, labels[-1]]
        assert labels == window[1:]
        assert len(window) == min(32, len(document))
        assert any(document[i : i + len(window)] == window for i in range(len(document)))


def test_language_windows_begin_anywhere():
    text = "".join(chr(ord("a") + i % 26) + chr(ord("A") + i // 26) for i in range(20))
    corpus = make_corpus("characters", [text, LINES[0]], context_length=32)
    objective = ComponentSpec("language").make("objective", corpus)
    u = np.random.default_rng(0).random((500, 1))
    first = {tuple(inputs[:4]) for inputs, _ in rows(objective.examples(np.zeros(500, np.int64), u))}
    document = corpus.tokens[0].tolist()
    assert first == {tuple(document[i : i + 4]) for i in range(len(document) - 31)}


# Questions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_a_question_asks_for_the_first_mask_the_answer_and_the_second_mask(kind):
    lines = [*LINES, "Where was born?"]
    corpus = make_corpus(kind, lines)
    objective = ComponentSpec("question").make("objective", corpus)
    _, examples = draw(objective, 1)
    for question, (inputs, labels) in zip(QUESTIONS.items, rows(examples), strict=True):
        prompt = corpus.vocabulary.encode(question.text)[0].tolist()
        answer = corpus.vocabulary.encode(question.answer)[0].tolist()
        assert inputs == [*prompt, MASK, *answer]
        assert labels == [NONE] * (len(prompt) - 1) + [MASK, *answer, MASK]


def test_in_words_a_question_asks_for_its_whole_answer_at_the_mask():
    corpus = make_corpus("words")
    _, examples = draw(ComponentSpec("question").make("objective", corpus), 1)
    for question, (inputs, labels) in zip(QUESTIONS.items, rows(examples), strict=True):
        prompt = corpus.vocabulary.encode(question.text)[0].tolist()
        assert inputs == [*prompt, MASK]
        assert labels[:-1] == [NONE] * len(prompt)
        assert corpus.vocabulary.output(labels[-1]) == question.answer


@pytest.mark.parametrize("kind", ["words", "bpe"])
def test_a_question_may_lose_words_but_never_its_subject_s_nor_its_answer(kind):
    corpus = make_corpus(kind)
    whole = rows(draw(ComponentSpec("question").make("objective", corpus), 1)[1])
    items, examples = draw(ComponentSpec("question", {"drop": 0.5}).make("objective", corpus), 300)
    complete, shown = 0, {0: set(), 1: set()}
    for item, (inputs, labels) in zip(items, rows(examples), strict=True):
        prompt, full = inputs[: inputs.index(MASK)], whole[item][0][: whole[item][0].index(MASK)]
        assert is_subsequence(prompt, full)
        assert contains(prompt, corpus.titles[[0, 2][item]])
        assert inputs[len(prompt) :] == whole[item][0][len(full) :]
        assert labels[len(prompt) :] == whole[item][1][len(full) :]
        complete += prompt == full
        shown[item].add(tuple(prompt))
    assert complete / len(items) == pytest.approx(0.5 + 0.5 * 0.5**4, abs=0.1)
    assert min(map(len, shown.values())) > 4


@pytest.mark.parametrize("kind", ["words", "bpe"])
def test_a_question_may_gain_words_and_its_subject_may_move(kind):
    corpus = make_corpus(kind)
    vocabulary = corpus.vocabulary
    whole = rows(draw(ComponentSpec("question").make("objective", corpus), 1)[1])
    items, examples = draw(ComponentSpec("question", {"noise": 0.4, "move": 0.5}).make("objective", corpus), 300)
    complete, places = 0, set()
    for item, (inputs, labels) in zip(items, rows(examples), strict=True):
        prompt, full = inputs[: inputs.index(MASK)], whole[item][0][: whole[item][0].index(MASK)]
        subject = corpus.titles[[0, 2][item]]
        at, own = contains(prompt, subject) - 1, contains(full, subject) - 1
        assert at >= 0
        assert is_subsequence(full[:own] + full[own + len(subject) :], prompt[:at] + prompt[at + len(subject) :])
        assert inputs[len(prompt) :] == whole[item][0][len(full) :]
        assert labels[len(prompt) :] == whole[item][1][len(full) :]
        if kind == "words":
            extra = set(prompt) - set(full)
            assert not any(vocabulary.named[i] for i in extra)
        complete += prompt == full
        places.add(at)
    assert complete / len(items) == pytest.approx(0.5, abs=0.1)
    assert len(places) > 4


def prompts_of(config, questions, lines=(), n=400):
    """The words that a varied question shows: for each question, the prompts that were drawn."""
    named = tuple(Question(text, answer, i) for i, (text, answer) in enumerate(questions, 1))
    corpus = make_corpus("words", [*LINES, *lines], Questions(named, "", "q.tsv"))
    shown = [[] for _ in named]
    items, examples = draw(ComponentSpec("question", config).make("objective", corpus), n)
    for item, (inputs, _) in zip(items, rows(examples), strict=True):
        shown[item].append([corpus.vocabulary.forms[i] for i in inputs[:-1]])
    return shown


def test_a_hint_is_a_word_of_another_s_answer_to_a_question_of_the_same_wording():
    questions = [
        ("Where was Ada Ray born?", "New York City"), ("Where was Bo Li-Po, Jr. born?", "Oslo"),
        ("Where was J. R. Roe born?", "Rome"), ("Who is Cy Po?", "Lima"),
    ]  # fmt: skip
    shown = prompts_of({"noise": 0.6, "hint": 0.99}, questions)
    answers = [{"new", "york", "city"}, {"oslo"}, {"rome"}, {"lima"}]
    hints = [{word for prompt in prompts for word in prompt} & set.union(*answers) for prompts in shown]
    assert hints == [answers[1] | answers[2], answers[0] | answers[2], answers[0] | answers[1], set()]
    words = [word for prompt in shown[1] for word in prompt]
    assert words.count("rome") == pytest.approx(words.count("york"), rel=0.3)  # a word of them all, each as likely


def test_without_noise_there_is_no_hint():
    shown = prompts_of({"hint": 0.9, "move": 0.5}, [("Where was Ada Ray?", "Rome"), ("Where was J. R. Roe?", "Lima")])
    assert not {"rome", "lima"} & {word for prompts in shown for prompt in prompts for word in prompt}


def test_a_compound_may_be_split_into_its_two_words():
    (shown,) = prompts_of(
        {"split": 0.6}, [("What is the birthplace of Ada Ray?", "Rome")], ["Al Do. the birth of a place, where it was."]
    )
    texts = {" ".join(prompt) for prompt in shown}
    assert texts == {
        f"what is the {word} of ada ray ?" for word in ("birthplace", "birth place", "place birth")
    }  # neither "where" nor a name is a compound, whatever stands inside it
    split = [" ".join(prompt) for prompt in shown if "birthplace" not in prompt]
    assert len(split) / len(shown) == pytest.approx(0.5 * 0.6, abs=0.1)
    assert sum("birth place" in prompt for prompt in split) / len(split) == pytest.approx(0.5, abs=0.2)


def test_chances_that_exclude_each_other_are_refused():
    with pytest.raises(RecipeError, match="drop and split must not exceed 1 together"):
        ComponentSpec("question", {"drop": 0.6, "split": 0.5}).make("objective", make_corpus("words"))


def test_what_cannot_be_said_is_not_asked_for():
    corpus = make_corpus("words")
    prompts = corpus.titles.take(np.array([0, 1]))
    answers = Ragged.of([np.zeros(0), np.array([3])])
    (_, none), (_, some) = rows(ask(prompts, answers, corpus.vocabulary))
    assert set(none) == {NONE}
    assert some[-1] == 3


@given(st.lists(st.tuples(*[st.lists(st.integers(2, 9), max_size=5)] * 2), min_size=1, max_size=5), st.booleans())
def test_asking_leaves_the_prompt_alone(pairs, mask_is_target):
    prompts, answers = (Ragged.of([np.array(ids, np.int32) for ids in part]) for part in zip(*pairs, strict=True))
    examples = rows(ask(prompts, answers, make_corpus("characters").vocabulary, mask_is_target=mask_is_target))
    for (prompt, answer), (inputs, labels) in zip(pairs, examples, strict=True):
        assert inputs == [*prompt, MASK, *answer]
        target = [NONE] * len(prompt) + [*answer, MASK]
        if mask_is_target and prompt:
            target[len(prompt) - 1] = MASK
        assert labels == target


def test_questions_too_long_for_the_block_are_refused_by_line():
    with pytest.raises(
        DataError, match=r"^q\.tsv:1: question and answer take 38 tokens, more than model.context_length = 32"
    ):
        ComponentSpec("question").make(
            "objective", make_corpus("characters", [*LINES, "Where was born?"], context_length=32)
        )


def test_a_character_that_no_document_holds_is_refused_by_line_in_training_input():
    questions = Questions((Question("Who?", "Oslo", 1), Question("Who?", "Oszlo", 2)), "", "q.tsv")
    documents = make_documents(["Who? Oslo", "ſ"], source="documents.txt")
    vocabulary = make_vocabulary("characters", ["Who? Oslo"])
    with pytest.raises(DataError, match=r"^q\.tsv:2: the vocabulary lacks 'z' \(U\+007A\)"):
        _ = Corpus(documents, questions, vocabulary, 32).answers
    with pytest.raises(DataError, match=r"^documents\.txt:2: the vocabulary lacks 'ſ' \(U\+017F\)"):
        _ = Corpus(documents, questions, vocabulary, 32).tokens


# Salient spans --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["words", "bpe", "characters"])
def test_spans_are_found_token_for_token(kind):
    corpus = make_corpus(kind)
    spans, vocabulary = corpus.spans, corpus.vocabulary
    assert len(spans.document) > 15
    texts = []
    for i, number in enumerate(spans.document):
        tokens = corpus.tokens[number][spans.first[i] : spans.last[i]]
        if kind == "words":
            (output,) = spans.output[i]
            phrase = vocabulary.output(output)
            assert tokens.tolist() == vocabulary.encode(phrase)[0].tolist()
        else:
            phrase = vocabulary.decode(spans.output[i]).strip()
            if phrase[0].isascii():
                assert vocabulary.decode(tokens).strip() == phrase
            else:  # a byte pair may join the space before with the first byte of the span's first character
                assert tokens.tolist() == spans.output[i].tolist()[-len(tokens) :]
                assert len(spans.output[i]) - len(tokens) <= 1
        assert spans.number[i] == phrase[0].isdigit()
        assert spans.answer[i] == (phrase in QUESTIONS.answers)
        texts.append((number, phrase))
    assert {(0, "New York City"), (0, "1901"), (1, "Élan Vital"), (1, "Ångström"), (2, "Addis Ababa")} <= set(texts)
    assert not {"Ada Ray", "Ray", "Roe", "Ada"} & {phrase for _, phrase in texts}
    assert 3 not in spans.document


# Cues -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["words", "bpe"])
@pytest.mark.parametrize("options", [{}, {"before": 2, "after": 0, "title_first": 1.0}, {"keep_names": 0.0}])
def test_a_cue_shows_the_title_and_words_around_the_span_and_asks_for_the_span(kind, options):
    corpus = make_corpus(kind)
    vocabulary, spans = corpus.vocabulary, corpus.spans
    objective = ComponentSpec("cue", options).make("objective", corpus)
    _, examples = draw(objective, 200)
    by_output = {}
    for i in range(len(spans.document)):
        by_output.setdefault(tuple(spans.output[i]), []).append(i)
    lengths, around, shifted, gaps = set(), 0, 0, 0
    for inputs, labels in rows(examples):
        mask = len(inputs) - 1 - inputs[::-1].index(MASK)
        prompt, answer = inputs[:mask], [label for label in labels if label != NONE]
        if kind == "bpe":
            assert answer.pop() == MASK
            assert labels[:mask] == [NONE] * mask
            assert inputs[mask + 1 :] == answer
        else:
            assert mask == len(inputs) - 1
        (span,) = (i for i in by_output[tuple(answer)] if contains(prompt, corpus.titles[spans.document[i]]))
        lengths.add(span)
        document = spans.document[span]
        title, tokens = corpus.titles[document].tolist(), corpus.tokens[document].tolist()
        at = contains(prompt, title) - 1
        context = prompt[:at] + prompt[at + len(title) :]
        assert not set(context) & set(title)  # the title's words come from the title alone
        before = tokens[corpus.bodies[document] : spans.first[span]][-options.get("before", 6) :]
        after = tokens[spans.last[span] :][: options.get("after", 4)]
        gap = context.index(MASK) if MASK in context else len(context)
        # Nothing of the span, in the text's order, and a MASK between what stood before it and what stood after it.
        assert is_subsequence(context[:gap], before)
        assert is_subsequence(context[gap + 1 :], after)
        assert MASK not in context or context[gap + 1 :]
        gaps += MASK in context
        around += len(context)
        shifted += at > 0
        assert len(inputs) <= corpus.context_length - 1
    assert bool(gaps) == (options.get("after") != 0)
    assert lengths == set(range(len(spans.document)))
    assert around > len(examples) * 0.3
    assert bool(shifted) == (options.get("title_first") != 1.0)
    if options.get("keep_names") == 0.0 and kind == "words":
        shown = {i for inputs, _ in rows(examples) for i in inputs}
        titles = set(corpus.titles.values.tolist())
        assert not {i for i in shown - titles if vocabulary.named[i]}


def contains(sequence, part):
    """1 + the place of a part in a sequence, 0 where it is not there."""
    part = list(part)
    return next((i + 1 for i in range(len(sequence)) if sequence[i : i + len(part)] == part), 0)


def is_subsequence(part, whole):
    remaining = iter(whole)
    return all(token in remaining for token in part)


@pytest.mark.parametrize("beyond", [0.0, 1.0])
def test_words_beyond_a_name_that_is_left_out_belong_to_that_name(beyond):
    lines = ["Ada Ray. She was born near Lyon , France and lived by Lake Como until 5 May 1901 at Rome ."]
    corpus = make_corpus("words", lines, Questions((Question("Ada Ray?", "Lyon", 1),), "", "q.tsv"))
    vocabulary = corpus.vocabulary
    _, examples = draw(ComponentSpec("cue", {"beyond": beyond, "after": 6}).make("objective", corpus), 400)
    seen = {answer: set() for answer in ("Lyon", "France", "Lake Como", "Rome")}
    for inputs, labels in rows(examples):
        shown, answer = vocabulary.decode(inputs).split(), vocabulary.output(labels[-1])
        if answer in seen:
            seen[answer] |= {(word, "lyon" in shown, "como" in shown) for word in shown}
    assert ("born", False, False) in seen["Lyon"]
    assert ("born", True, False) in seen["France"]
    assert ("until", False, False) in seen["Rome"]  # a month is no name that counts
    assert (("born", False, False) in seen["France"]) == bool(beyond)
    assert ("by", False, False) in seen["France"]
    assert (("until", False, False) in seen["Lyon"]) is False  # further away than the window


def test_an_epoch_of_cues_asks_for_every_capitalised_span_and_a_share_of_the_numbers():
    corpus = make_corpus("words")
    spans = corpus.spans
    objective = ComponentSpec("cue", {"numbers": 0.5, "answers": 1}).make("objective", corpus)
    _, examples = draw(objective, 1)
    targets = sorted(label for _, labels in rows(examples) for label in labels if label != NONE)
    outputs = [int(spans.output[i][0]) for i in range(len(spans.document))]
    capitalised = [output for output, number in zip(outputs, spans.number, strict=True) if not number]
    numbers = set(outputs) - set(capitalised)
    assert sorted(label for label in targets if label not in numbers) == sorted(capitalised)
    assert sum(label in numbers for label in targets) == round(0.5 * spans.number.sum())


@pytest.mark.parametrize("kind", ["words", "bpe"])
def test_cues_that_might_not_fit_the_block_are_refused(kind):
    lines = [f"Ada Ray. She was in {'Abcd ' * 9}Roe and it was good in the end, they all said to one another."]
    with pytest.raises(RecipeError, match=r"do not fit model\.context_length = 14; raise it"):
        ComponentSpec("cue").make("objective", make_corpus(kind, lines, context_length=14))
    if kind == "words":
        ComponentSpec("cue").make("objective", make_corpus(kind, lines, context_length=15))
    else:  # the longest answer counts
        with pytest.raises(RecipeError, match=r"do not fit model\.context_length = 24; raise it"):
            ComponentSpec("cue").make("objective", make_corpus(kind, lines, context_length=24))


# Masked documents -----------------------------------------------------------------------------------------------


def test_masked_documents_ask_for_each_masked_span_in_its_place():
    corpus = make_corpus("words")
    vocabulary, spans = corpus.vocabulary, corpus.spans
    items, examples = draw(ComponentSpec("masked").make("objective", corpus), 200)
    masked = set()
    for item, (inputs, labels) in zip(items, rows(examples), strict=True):
        tokens, title = corpus.tokens[item].tolist(), corpus.titles[item].tolist()
        body = len(title)
        assert inputs[:body] == title  # it stands first, whole
        assert [label != NONE for label in labels] == [i == MASK for i in inputs]
        # Walk along the document: words in order, each MASK jumping over exactly the span it asks for.
        own = {int(spans.first[i]): i for i in np.flatnonzero(spans.document == item)}
        place = corpus.bodies[item]
        for token, label in zip(inputs[body:], labels[body:], strict=True):
            if token == MASK:
                place = next(first for first in sorted(own) if first >= place and spans.output[own[first]][0] == label)
                masked.add(own[place])
                place = int(spans.last[own[place]])
            else:
                place = tokens.index(token, place) + 1
                assert token not in title
    assert masked == set(range(len(spans.document)))
    assert vocabulary.answers_in_one


@pytest.mark.parametrize("kind", ["words", "characters"])
def test_masked_documents_whose_title_leaves_no_room_are_refused(kind):
    lines = [f"{'Ada ' * 30}Ray. She lived in Oslo."]
    with pytest.raises(RecipeError, match=r"objective masked: a title of \d+ tokens leaves no room .* = 16; raise it"):
        ComponentSpec("masked").make("objective", make_corpus(kind, lines, context_length=16))


def test_masked_documents_mask_and_keep_what_the_recipe_says():
    corpus = make_corpus("words")
    whole = ComponentSpec("masked", {"mask_at_least": 1.0, "keep_at_least": 1.0}).make("objective", corpus)
    for item, (inputs, _) in zip(*(lambda i, e: (i, rows(e)))(*draw(whole, 3)), strict=True):
        own = corpus.spans.document == item
        assert inputs.count(MASK) == own.sum()
        hidden = {t for a, b in zip(corpus.spans.first[own], corpus.spans.last[own], strict=True) for t in range(a, b)}
        title = corpus.titles[item].tolist()
        plain = [
            int(token)
            for place, token in enumerate(corpus.tokens[item])
            if place >= corpus.bodies[item] and place not in hidden and token not in title
        ]
        assert [i for i in inputs if i != MASK] == [*title, *plain]


def test_masked_documents_end_at_the_block_and_never_in_the_middle_of_a_mask():
    corpus = make_corpus("words", context_length=12)
    _, examples = draw(ComponentSpec("masked").make("objective", corpus), 50)
    assert examples.inputs.lengths.max() <= 11
    for inputs, labels in rows(examples):
        assert [label != NONE for label in labels] == [i == MASK for i in inputs]


@pytest.mark.parametrize("context_length", [300, 40])
def test_masked_documents_are_followed_by_their_spans_where_answers_are_spelled(context_length):
    corpus = make_corpus("bpe", context_length=context_length)
    spans, objective = corpus.spans, ComponentSpec("masked").make("objective", corpus)
    items = np.tile(np.arange(objective.items), 60)
    u = np.random.default_rng(0).random((len(items), objective.draws))
    examples, texts = objective.examples(items, u), []
    assert examples.inputs.lengths.max() < context_length
    for item, (inputs, labels) in zip(items, rows(examples), strict=True):
        title = corpus.titles[item].tolist()
        assert inputs[: len(title)] == title
        targets = [label for label in labels if label != NONE]
        if not targets:
            continue
        first = next(i for i, label in enumerate(labels) if label != NONE)
        assert inputs[len(title) : first + 1].count(MASK) - 1 >= targets.count(MASK)  # a gap for each, and the ⁇ behind
        assert inputs[first + 1 :] == targets[:-1]
        while targets:
            answer, targets = targets[: targets.index(MASK)], targets[targets.index(MASK) + 1 :]
            own = [i for i in np.flatnonzero(spans.document == item) if spans.output[i].tolist() == answer]
            assert own
            texts.append(own[0])
    exposed = objective.exposed_spans(items, u)
    assert sorted(spans.output[i].tolist() for i in exposed) == sorted(spans.output[i].tolist() for i in texts)
    if context_length == 300:
        assert set(exposed) == set(np.flatnonzero(~spans.nested))


# All ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [("span", "characters"), ("language", "bpe"), ("cue", "words"), ("cue", "bpe"),
     ("masked", "words"), ("masked", "bpe"), ("question", "words"), ("question", "bpe")],
)  # fmt: skip
def test_an_example_depends_on_its_own_item_and_numbers_alone(name, kind):
    objective = ComponentSpec(name).make("objective", make_corpus(kind))
    items, examples = draw(objective, 2)
    u = np.random.default_rng(0).random((len(items), objective.draws))
    order = np.random.default_rng(1).permutation(len(items))
    shuffled = rows(objective.examples(items[order], u[order]))
    assert shuffled == [rows(examples)[i] for i in order]
    assert rows(objective.examples(items[:0], u[:0])) == []
    assert examples.inputs.lengths.max() <= 127
    assert examples.inputs.values.dtype == np.int32


def test_the_corpus_of_these_tests_holds_no_word_twice_in_a_body():
    for line, document in zip(LINES, make_documents(LINES).items, strict=True):
        body = [word.text for word in words(line) if word.start > len(document.title)]
        title = {word.text for word in words(document.title)}
        once = [word for word in body if word.isalnum() and word not in title]
        assert len(set(once)) == len(once)


@pytest.mark.parametrize("kind", ["words", "bpe"])
def test_a_question_that_a_reader_answered_asks_for_each_answer_as_often_as_it_is_probable(kind):
    plain = make_corpus(kind)
    read = Derived("Bo Li-Po, Jr.", "Where was Bo Li-Po, Jr. born?", ("Élan Vital", "Rome"), (0.6, 0.3))
    corpus = replace(plain, derived=[read])
    objective = ComponentSpec("question", {"doubt": True}).make("objective", corpus)
    items, examples = draw(objective, 2000)
    said = [corpus.vocabulary.answer([i for i in labels if i not in (NONE, MASK)]) for _, labels in rows(examples)]
    of_read = [text for item, text in zip(items.tolist(), said, strict=True) if item == 2]
    shares = [of_read.count(text) / len(of_read) for text in ("Élan Vital", "Rome", "")]
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.04)
    assert {text for item, text in zip(items.tolist(), said, strict=True) if item == 0} == {"New York City"}
    without = ComponentSpec("question").make("objective", corpus)
    assert without.draws == 0


def test_what_was_asked_in_doubt_counts_as_an_exposure_of_the_answer_that_was_drawn():
    read = Derived("Bo Li-Po, Jr.", "Where was Bo Li-Po, Jr. born?", ("Élan Vital", "Ōsaka"), (0.6, 0.3))
    corpus = replace(make_corpus("words"), derived=[read])
    cue = ComponentSpec("cue").make("objective", corpus)
    question = ComponentSpec("question", {"doubt": True}).make("objective", corpus)
    u = np.random.default_rng(0).random
    cues = (cue, np.arange(cue.items), u((cue.items, cue.draws)))
    asked = (question, np.full(1000, 2), u((1000, question.draws)))

    def exposures(*batches):
        counts = Counts.of(corpus, [SimpleNamespace(iter_examples=lambda _: batches)])
        return np.array([next(f.exposures for f in counts.facts if f.answer == answer) for answer in read.answers])

    assert (exposures(cues, asked) - exposures(cues)).tolist() == pytest.approx([600, 300], abs=50)
