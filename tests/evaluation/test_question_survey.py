"""What a dry run tells of questions and documents."""

from __future__ import annotations

from closedbook.data.documents import make_documents
from closedbook.data.questions import Question, Questions
from closedbook.data.word_vocabulary import Words
from closedbook.evaluation.question_survey import can_say, nearest, survey

LINES = [
    "Ilmen. Ilmen is a novel by Vera Lund, first printed in 1951.",
    "Onega. Onega was written by Nils Dahl at 1,538 metres.",
]


def questions_of(*items):
    return Questions(tuple(Question(q, a[0], i, a[1:]) for i, (q, *a) in enumerate(items, 1)), "", "asked.tsv")


def test_a_survey_counts_what_can_be_learned_and_names_what_cannot():
    documents = make_documents(LINES)
    vocabulary = Words.train(LINES)
    told = survey(
        documents,
        questions_of(
            ("Who penned ilmen?", "V. Lund", "Vera Lund"),
            ("Who penned Onega?", "Vera Lund"),
            ("Where does Onega begin?", "at metres"),
            ("Who penned Imen?", "Vera Lund"),
        ),
        vocabulary,
    )
    assert (told.questions, told.named, told.standing, told.sayable) == (4, 3, 1, 3)
    assert told.unnamed[0].question == "Who penned Imen?"
    assert told.unnamed[0].near == ("Ilmen",)
    assert told.lacking[0] == ("Who penned Onega?", "Vera Lund")
    assert told.unsayable == ("at metres",)
    assert ("penned", 3) in (told.unknown_words or ())
    lines = "\n".join(told.lines())
    assert "3 of 4 questions name a title" in lines
    assert "nearest: Ilmen" in lines
    assert "penned (3)" in lines


def test_where_no_question_names_a_title_the_survey_shows_one():
    told = survey(make_documents(LINES), questions_of(("Who penned the lake?", "Vera Lund")), Words.train(LINES))
    assert "that of the first document is: Ilmen" in "\n".join(told.lines())


def test_an_answer_can_be_said_where_the_vocabulary_gives_it_back():
    vocabulary = Words.train(LINES)
    assert can_say(vocabulary, "Vera Lund")
    assert not can_say(vocabulary, "Lund, Vera")


def test_the_nearest_titles_share_a_word_or_are_spelled_alike():
    titles = ["Hortense D. Mercier", "Hugo Mercier", "Anna Berg"]
    assert nearest("Where was Hortense Mercier born?", titles)[0] == "Hortense D. Mercier"
    assert nearest("Where was Ana Breg born?", titles) == ("Anna Berg",)
    assert nearest("What is it?", titles) == ()
