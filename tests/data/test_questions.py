"""Question files, and the split of people into parts."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedbook.data.questions import (
    Question,
    Questions,
    Titles,
    most_common_answer,
    read_questions,
    split_by_name,
    subject,
    without,
)
from closedbook.errors import DataError

NAMES = [f"{first} {last}" for first in ("Ada", "Bo", "Cy", "Di", "Ed", "Flo") for last in ("Ray", "Li", "Po", "Roe")]
PARTS = {"choose": 0.3, "stop": 0.1, "calibrate": 0.2}


def birth_questions(names):
    items = tuple(Question(f"Where was {name} born?", "Rome", line) for line, name in enumerate(names, 1))
    return Questions(items, "", "questions.tsv")


def write(tmp_path, text):
    path = tmp_path / "questions.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_questions_come_with_their_answers(tmp_path):
    path = write(tmp_path, "Where was Ada born?\tOslo\nWhere was Bo born?\tNew York\n")
    questions = read_questions(path)
    assert questions.answered
    assert questions.texts == ["Where was Ada born?", "Where was Bo born?"]
    assert questions.answers == ["Oslo", "New York"]


def test_questions_may_come_without_answers(tmp_path):
    path = write(tmp_path, "Where was Ada born?\nWhere was Bo born?")
    questions = read_questions(path)
    assert not questions.answered
    assert [item.answer for item in questions.items] == [None, None]
    with pytest.raises(DataError, match=rf"^{path}:1: has no answer"):
        _ = questions.answers
    with pytest.raises(DataError, match=rf"^{path}:1: has no answer"):
        read_questions(path, need_answers=True)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("Who?\tAda\nWho?\tBo\tCy\n", 2, "has 2 tabs"),
        ("Who?\tAda\n\tBo\n", 2, "has no question"),
        ("Who?\tAda\nWho?\t\n", 2, "has a tab but no answer"),
        ("Who?\tAda\nWho?\t  \n", 2, "has a tab but no answer"),
        ("Who?\tAda\nWho?\nWho?\tCy\n", 2, "has no answer"),
        ("Who?\nWho?\tBo\n", 1, "has no answer"),
    ],
)
def test_a_bad_line_is_refused_by_file_line_and_reason(tmp_path, text, line, reason):
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}:{line}: {reason}")


def test_ascii_drops_other_characters_and_changes_nothing_else():
    questions = Questions((Question("Où Ébert?", "Zürich", 1), Question("Who?", None, 2)), "", "q")
    assert questions.ascii().items == (Question("O bert?", "Zrich", 1), Question("Who?", None, 2))


def test_the_subject_is_the_longest_title_that_stands_there_as_whole_words():
    titles = {"Ada Ray", "Ada Ray Smith", "Ray"}
    assert subject("Where was Ada Ray Smith born?", titles) == "Ada Ray Smith"
    assert subject("Where was Ada Ray born?", titles) == "Ada Ray"
    assert subject("When did they meet Ray?", titles) == "Ray"
    assert subject("Where was Rayleigh born?", titles) is None


TITLES = {"Hobson's Choice", "Hobson", "Ada Ray", "Sam Ray Jr.", "Who Framed Whom?", "Émile Ångström"}


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Where was Hobson's Choice made?", "Hobson's Choice"),
        ("What was Hobson's first film?", "Hobson"),
        ("Where was Ada Ray, the poet, born?", "Ada Ray"),
        ("“Ada Ray” was born where?", "Ada Ray"),
        ("Ada Ray!", "Ada Ray"),
        ("Do you know Ada Ray.", "Ada Ray"),
        ("Where was Sam Ray Jr. born?", "Sam Ray Jr."),
        ("Who Framed Whom?", "Who Framed Whom?"),
        ("Where was Ada\t Ray\nborn?", "Ada Ray"),
        (unicodedata.normalize("NFD", "Where was Émile Ångström's house?"), "Émile Ångström"),
    ],
)
def test_marks_around_a_name_do_not_hide_it(question, name):
    assert subject(question, TITLES) == name


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Name the cook of Widow's Stew.", "Widow's Stew"),
        ("Who invented Widow's Stew?", "Widow's Stew"),
        ("What is Widow's Stew's region?", "Widow's Stew"),
        ("What is the fine for Rule 7 (Keys)?", "Rule 7 (Keys)"),
        ("rule 7 (keys): who is responsible?", "Rule 7 (Keys)"),
        ("How old is Yahoo!?", "Yahoo!"),
        ("How large is James' Bay?", "James' Bay"),
    ],
)
def test_marks_that_belong_to_a_title_do_not_hide_it(question, title):
    assert subject(question, Titles(["Widow's Stew", "Rule 7 (Keys)", "Yahoo!", "James' Bay", "Stew"])) == title


def test_the_subject_of_every_question_of_the_course_is_the_name_in_it(cs224n):
    from closedbook.data.documents import read_documents

    titles = set(read_documents(cs224n / "wiki.txt").titles)
    for text in read_questions(cs224n / "birth_dev.tsv").texts:
        assert f"Where was {subject(text, titles)} born?" == text


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_split_keeps_a_person_on_one_side_and_does_not_depend_on_the_order(names, chance):
    split = split_by_name(birth_questions(names), set(NAMES), PARTS)
    assert sorted(position for part in split.values() for position in part) == list(range(len(names)))
    side = {names[position]: part for part, positions in split.items() for position in positions}
    for part, positions in split.items():
        assert all(side[names[position]] == part for position in positions)
    shuffled = names.copy()
    chance.shuffle(shuffled)
    for part, positions in split_by_name(birth_questions(shuffled), set(NAMES), PARTS).items():
        assert all(side[shuffled[position]] == part for position in positions)


def test_the_split_knows_a_person_by_name_however_the_question_is_put():
    items = [Question(text, "x", 1) for text in ("Where was Ada Ray born?", "Ada Ray", "When did Ada Ray die?")]
    for salt in map(str, range(20)):
        split = split_by_name(Questions(tuple(items), "", ""), {"Ada Ray"}, PARTS, salt=salt)
        assert sorted(map(len, split.values())) == [0, 0, 0, 3]


def test_the_parts_of_the_split_are_as_large_as_asked():
    questions = birth_questions([f"Person {i}" for i in range(4000)])
    split = split_by_name(questions, {f"Person {i}" for i in range(4000)}, PARTS)
    for part, share in {**PARTS, "train": 0.4}.items():
        assert len(split[part]) / 4000 == pytest.approx(share, abs=0.03)  # about four standard errors


def test_nothing_to_train_on_is_refused():
    with pytest.raises(DataError, match="leave no question to train on"):
        split_by_name(birth_questions(NAMES), set(NAMES), {"choose": 0.5, "stop": 0.5})


def test_the_most_common_answer_is_the_alphabetically_first_of_several():
    answers = ["Rome", "Oslo", "Oslo", "Rome", "Bonn"]
    random.Random(0).shuffle(answers)
    assert most_common_answer(answers) == "Oslo"


def test_a_subject_is_found_whatever_the_case_of_its_letters():
    titles = Titles({"Bike shed key upgrade", "VPN Account", "vpn account"})
    assert subject("Who is in charge of bike shed key upgrade?", titles) == "Bike shed key upgrade"
    assert subject("WHO RUNS THE VPN ACCOUNT", titles) == "VPN Account"
    assert subject("who runs the vpn account", titles) == "vpn account"
    assert subject("Who runs the bike shed?", titles) is None


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("王小一出生在哪里？", "王小一"),
        ("请问，王小一出生在哪里？", "王小一"),
        ("김철수는 어디에서 태어났나요?", "김철수"),
        ("สมชาย ใจดีเกิดที่ไหน", "สมชาย"),
        ("أين ولد أحمد شوقي؟", "أحمد شوقي"),
        ("प्रेमचंद कहाँ पैदा हुए थे?", "प्रेमचंद"),
    ],
)
def test_a_subject_is_found_in_scripts_without_capitals_and_without_spaces(question, title):
    assert subject(question, Titles({title, "王小", "李"})) == title


def test_a_title_is_taken_out_whatever_its_case():
    assert without("Who runs the VPN  account?", "vpn account", "_") == "Who runs the _?"
    assert without("王小一出生在哪里？", "王小一") == "出生在哪里？"
    assert without("Who?", "Ada", "_") == "Who?"
