"""Baselines: what they answer, what they learn from, and that no question upsets them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedbook.data.documents import make_documents, read_documents
from closedbook.data.passages import Library, Page
from closedbook.data.questions import Question, Questions, read_questions, split_by_name
from closedbook.errors import DataError
from closedbook.evaluation import baselines
from closedbook.evaluation.baselines import (
    Constant,
    MostCommon,
    RandomPlace,
    RuleReader,
    WholeWords,
    ceiling,
    run_baselines,
    stands_in,
)
from closedbook.evaluation.learned_reader import LearnedReader
from closedbook.synthetic.world import WorldSpec, make_world

LINES = [
    "Anna Berg. Anna Berg was born in Oslo and worked in Paris.",
    "Bo Li. Bo Li (3 May 1950 in Rome – 1 June 2001) was a painter of Milan.",
    "Cy Day, Jr.. Cy Day, born to Mary Day in New York City, lived in Frankfurt am Main.",
    "Di Fox. Fox, who lived in Lima, was born on May 3, 1960 in St. Louis, Missouri.",
    "Ed Roe. Ed Roe taught there.",
    "Al Coe. Al Coe wrote on Cairo.",
    "Al Coe. Al Coe was born in Tunis.",
]


def questions(*pairs):
    items = tuple(Question(text, answer, i) for i, (text, answer) in enumerate(pairs, 1))
    return Questions(items, "", "questions.tsv")


def born(name, answer=None):
    return (f"Where was {name} born?", answer)


@pytest.fixture(scope="module")
def library():
    return Library(make_documents(LINES))


@pytest.fixture(scope="module")
def world():
    """(documents, training questions, test questions) about birthplaces, professions and years."""
    small = make_world(WorldSpec(people=160, biographies_per_person=1, strangers=0), seed=3)
    train, test = (
        questions(*((q.text, q.answer) for relation in small.spec.relations for q in small.questions(relation, split)))
        for split in ("train", "test")
    )
    return make_documents(small.documents), train, test


@pytest.fixture(scope="module")
def learned(world):
    documents, train, _ = world
    return LearnedReader(Library(documents), train)


def texts(line, known_names=()):
    (document,) = make_documents([line]).items
    return {span.text for span in Page(document).candidates(known_names)}


def test_names_of_several_words_are_candidates_and_so_are_their_parts():
    parts = texts("A B. He left New York City, Frankfurt am Main, St. Louis, King's Lynn and U.S. soil in 1950.")
    assert {"New York City", "New York", "York", "Frankfurt am Main", "Frankfurt", "St. Louis", "King's Lynn"} <= parts
    assert "1950" in parts
    assert not {"left", "am", "Frankfurt am", "City, Frankfurt"} & parts


def test_a_known_answer_is_a_candidate_whatever_it_looks_like():
    assert "civil engineer" not in texts("A B. He was a civil engineer.")
    assert "civil engineer" in texts("A B. He was a civil engineer.", {"civil engineer"})


@given(st.text(max_size=80))
def test_every_candidate_stands_in_its_document_letter_for_letter(line):
    (document,) = make_documents([line]).items
    page = Page(document)
    for span in [*page.candidates(), *page.names]:
        assert span.text in line


def test_the_constant_is_given_to_every_question():
    assert Constant(" London ").answer("Where?") == "London"
    with pytest.raises(DataError, match="empty"):
        Constant("  ")


def test_the_most_common_training_answer_is_the_first_by_alphabet_of_several():
    train = questions(born("A", "Rome"), born("B", "Oslo"), born("C", "Oslo"), born("D", "Rome"))
    assert MostCommon(train).answer("Where was E born?") == "Oslo"


def test_the_random_place_is_a_training_answer_where_the_document_has_one(library):
    train = questions(born("X", "Paris"), born("Y", "Kiel"))
    assert {RandomPlace(library, train, seed).answer("Where was Anna Berg born?") for seed in range(9)} == {"Paris"}


def test_the_random_place_draws_from_all_names_but_the_persons_own(library):
    drawn = {RandomPlace(library, seed=seed).answer("Where was Anna Berg born?") for seed in range(30)}
    assert drawn == {"Oslo", "Paris"}


def test_the_random_place_depends_on_the_seed_and_the_question_only(library):
    test = [born(name)[0] for name in ("Anna Berg", "Di Fox", "Bo Li")]
    forth = [RandomPlace(library, seed=5).answer(text) for text in test]
    reader = RandomPlace(library, seed=5)
    assert [reader.answer(text) for text in reversed(test)] == forth[::-1]


@pytest.mark.parametrize(
    ("name", "answer"),
    [("Anna Berg", "Oslo"), ("Bo Li", "Rome"), ("Cy Day, Jr.", "New York City"), ("Di Fox", "St. Louis")],
)
def test_the_rule_reads_the_name_that_the_question_asks_for(library, name, answer):
    assert RuleReader(library).answer(f"Where was {name} born?") == answer


def test_the_rule_reads_every_document_of_a_name_that_several_people_share(library):
    assert len(library.pages("Where was Al Coe born?")) == 2
    assert RuleReader(library).answer("Where was Al Coe born?") == "Tunis"


def test_the_rule_gives_a_year_where_a_year_is_asked_for(library):
    assert RuleReader(library).answer("When was Di Fox born?") == "1960"


def test_readers_answer_nothing_where_nothing_is_named(library):
    for text in ("Where was Ed Roe born?", "Where was Nobody At All born?", "?"):
        assert RuleReader(library).answer(text) == ""
        assert RandomPlace(library).answer(text) == ""


def test_a_possessive_does_not_hide_the_person(library):
    assert library.person("What is Di Fox's place of birth?") == "Di Fox"


def test_no_pattern_is_made_for_an_answer_whose_letters_stand_nowhere(monkeypatch):
    """A question may have 60,000 accepted answers."""
    monkeypatch.setattr(baselines.WholeWords, "search", None)
    assert not stands_in("Oslo", make_documents(["Ada Quill. Ada Quill was born in Rome."]).items)


def test_the_answer_stands_in_a_document_as_whole_words_only():
    documents = make_documents(["A B. He was born in Vancouver (near St. Louis)."]).items
    assert stands_in("Vancouver", documents)
    assert stands_in("St. Louis", documents)
    assert not stands_in("Van", documents)
    opening = make_documents(["Mill. Red brick was used."]).items
    assert stands_in("red brick", opening)
    assert not stands_in("mill. Red Brick", opening)


def test_whole_words_are_counted_where_they_stand_alone():
    assert WholeWords("an").count("An orange, an apple; Ana, van, an-an. Can an") == 5
    assert WholeWords("71").count("71, -71, 71.5, 171, (71) and 71.") == 3
    assert WholeWords("").count("nothing") == 0
    assert WholeWords("Rome").search("Jerome Rome", 1).start() == 7


def test_where_a_script_has_no_spaces_an_answer_may_stand_anywhere():
    documents = make_documents(["王小一。王小一于1978年出生在北京，后来成为一名医生。"]).items
    assert all(stands_in(answer, documents) for answer in ("北京", "1978年", "1978", "医生"))
    assert not stands_in("978年", documents)
    assert not stands_in("上海", documents)


def test_the_ceiling_counts_the_answers_that_stand_there(library):
    test = questions(born("Anna Berg", "Oslo"), born("Bo Li", "Kiel"), born("Nobody", "Rome"), born("Al Coe", "Tunis"))
    result = ceiling(library, test)
    assert (result.score.correct, result.score.total) == (2, 4)


def test_the_learned_reader_learns_several_relations_at_once(world, learned):
    _, train, test = world
    trained = set(train.answers)
    for word, known_only in (("Where", False), ("When", False), ("What", True)):  # of professions, those it has met
        chosen = [q for q in test.items if q.text.startswith(word) and (not known_only or q.answer in trained)]
        assert sum(learned.answer(q.text) == q.answer for q in chosen) / len(chosen) > 0.9


def test_the_learned_readers_chances_sum_to_one_and_its_answer_has_the_greatest(world, learned):
    for question in world[2].items[:20]:
        chances = learned.chances(question.text)
        assert math.isclose(sum(chances.values()), 1, rel_tol=1e-9)
        assert chances[learned.answer(question.text)] == max(chances.values())


def test_the_learned_reader_is_the_same_every_time(world, learned):
    documents, train, test = world
    again = LearnedReader(Library(documents), train)
    assert [again.chances(t) for t in test.texts[:30]] == [learned.chances(t) for t in test.texts[:30]]


def test_a_person_without_a_document_gets_the_usual_answer_to_such_a_question(world, learned):
    _, train, _ = world
    places = [q.answer for q in train.items if q.text.startswith("Where")]
    answer = learned.answer("Where was Nobody At All born?")
    assert places.count(answer) == max(places.count(place) for place in places)


def test_one_training_question_is_enough_to_run(library):
    for answer in ("Oslo", "Kiel"):
        reader = LearnedReader(library, questions(born("Anna Berg", answer)))
        assert reader.answer("Where was Di Fox born?")
        assert reader.answer("Where was Nobody born?") == answer


def test_training_questions_about_nobody_known_are_no_obstacle(library):
    reader = LearnedReader(library, questions(born("Nobody", "Oslo"), born("Nemo", "Oslo")))
    assert reader.answer("Where was Nobody born?") == "Oslo"
    assert reader.answer("Where was Di Fox born?")


@given(st.text(max_size=60))
def test_no_question_upsets_a_baseline(library, learned, text):
    readers = [RuleReader(library), RandomPlace(library), Constant("x"), learned]
    for wording in (text, f"{text} Di Fox born?"):
        assert all(isinstance(reader.answer(wording), str) for reader in readers)


def test_what_is_given_decides_what_runs_and_in_which_order(world):
    documents, train, test = world
    few, some = test.only(range(5)), train.only(range(10))
    simple, reading = ["constant", "most-common"], ["random-place", "rule-reader"]

    def names(**given_):
        return [result.name for result in run_baselines(few, **given_)]

    assert names(answer="x") == simple[:1]
    assert names(train=some) == simple[1:]
    assert names(documents=documents) == [*reading, "ceiling"]
    assert names(documents=documents, train=some, answer="x") == [*simple, *reading, "learned-reader", "ceiling"]
    with pytest.raises(DataError, match="--answer TEXT, --train QUESTIONS, --documents FILE"):
        names()


def test_no_baseline_sees_the_answers_it_is_scored_on(world):
    documents, train, test = world
    blank = questions(*((text, None) for text in test.texts))
    with_, without = (run_baselines(q, documents=documents, train=train, answer="x") for q in (test, blank))
    assert [result.answers for result in with_] == [result.answers for result in without]
    assert all(result.score.correct is None for result in without)


def test_on_the_courses_training_people_the_readers_are_the_bar_they_should_be(cs224n):
    documents = read_documents(cs224n / "wiki.txt")
    train = read_questions(cs224n / "birth_places_train.tsv", need_answers=True)
    split = split_by_name(train, set(documents.titles), {"choose": 0.25})
    kept, rest = train.only(split["choose"]), train.only(split["train"])
    results = {result.name: result.score for result in run_baselines(kept, documents=documents, train=rest)}
    assert results["rule-reader"].accuracy > 0.86
    assert results["learned-reader"].accuracy > 0.88
    assert results["learned-reader"].correct <= results["ceiling"].correct


def test_a_number_stands_only_where_it_stands_whole():
    text = make_documents(["Erbium. It melts at 1,538 °C, or -71 as some say, from 1990-95 on. Not 12.5."]).items
    assert stands_in("1,538 °C", text)
    assert stands_in("-71", text)
    assert stands_in("95", text)
    assert not stands_in("538 °C", text)
    assert not stands_in("71", text)
    assert not stands_in("12", text)


MADE_OF = [a + b for b in ("ium", "on", "ine") for a in "Wolfr Tant Osm Irid Hafn Rhen Thor Uran Rad Cer".split()]


def test_the_readers_find_decimals_with_units_where_answers_are_such():
    lines = [
        f"{name}. {name} came up in {1700 + i}; {name} weighs {i}{i}.{i}5 u, and melts at {i},{200 + i}.5 °C."
        for i, name in enumerate(MADE_OF, 1)
    ]
    items = tuple(
        Question(f"What does {name} weigh?", f"{i}{i}.{i}5 u", i) if i % 2 else
        Question(f"At what temperature does {name} melt?", f"{i},{200 + i}.5 °C", i)
        for i, name in enumerate(MADE_OF, 1)
    )  # fmt: skip
    library = Library(make_documents(lines))
    learned = LearnedReader(library, Questions(items[:26], "", "q"))
    assert [learned.answer(item.text) for item in items[26:]] == [item.answer for item in items[26:]]
    assert RuleReader(library).answer("How heavy is Osmium, what does it weigh?") == "33.35 u"


def test_a_ceiling_counts_what_can_be_said():
    documents = make_documents(["Ada Ray. Ada Ray was a quiet potter from Oslo."])
    questions = Questions((Question("What was Ada Ray?", "potter", 1, ("quiet potter",)),
                       Question("Where was Ada Ray from?", "Oslo", 2)), "", "q")  # fmt: skip
    assert ceiling(Library(documents), questions).score.correct == 2
    told = ceiling(Library(documents), questions, {"Oslo"}.__contains__)
    assert told.score.correct == 1
    assert "can say it" in told.summary
