"""The built-in world: what it promises about its documents, its people and its strangers."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closedbook.data.documents import read_documents, title_of
from closedbook.data.questions import read_questions
from closedbook.errors import DataError
from closedbook.synthetic import world_words as words
from closedbook.synthetic.biographies import PARTS
from closedbook.synthetic.people import STRANGER_GROUPS
from closedbook.synthetic.spec import RELATIONS, WorldSpec
from closedbook.synthetic.world import World, make_world

ANY_PLACE = re.compile("|".join(rf"\b{re.escape(p)}(?!\w)" for p in sorted(words.PLACES, key=len, reverse=True)))
ANY_WORD = re.compile(r"[^\s,.()?]+")

levels = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)
specs = st.builds(
    WorldSpec,
    people=st.integers(20, 70),
    biographies_per_person=st.integers(1, 3),
    exposures=st.one_of(st.sampled_from(["uniform", "zipf"]), levels),
    zipf_exponent=st.floats(0, 3),
    fact_order=st.sampled_from(["fixed", "shuffled"]),
    wordings_per_fact=st.integers(1, 10),
    places=st.integers(40, len(words.PLACES)),
    birthplace_skew=st.floats(0, 1),
    relations=st.permutations(RELATIONS).map(tuple),
    train_share=st.floats(0, 0.5),
    trained_wordings=st.integers(1, 3),
    strangers=st.integers(0, 40),
)
seeds = st.integers(0, 2**63 - 1)
any_world = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module")
def demo() -> World:
    return make_world(WorldSpec.demo(), 1)


@pytest.fixture(scope="module")
def tiny() -> World:
    return make_world(WorldSpec.tiny(), 1)


def other_places(world: World) -> list[tuple[str, list[str]]]:
    """For each document its person's birthplace and all places that stand in it."""
    return [
        (person.facts["birthplace"], ANY_PLACE.findall(world.documents[number]))
        for person in world.people
        for number in person.documents
    ]


# The same everywhere


def test_the_same_spec_and_seed_give_the_same_world(tiny):
    assert make_world(WorldSpec.tiny(), 1) == tiny
    assert make_world(WorldSpec.tiny(), 2).documents != tiny.documents


def test_the_world_does_not_depend_on_how_python_hashes(tiny):
    code = (
        "import json, closedbook.synthetic.world as w; print(json.dumps(w.make_world(w.WorldSpec.tiny(), 1).documents))"
    )
    for hash_seed in "1", "2":
        out = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": hash_seed}, capture_output=True, check=True
        )
        assert tuple(json.loads(out.stdout)) == tiny.documents


def test_making_a_world_needs_no_torch():
    code = "import sys; from closedbook.synthetic import world; world.make_world(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# The truth


@any_world
@given(specs, seeds)
def test_the_truth_agrees_with_the_documents(spec, seed):
    world = make_world(spec, seed)
    owned = sorted(number for person in world.people for number in person.documents)
    assert owned == list(range(len(world.documents)))
    for person in world.people:
        day, month = person.birthday
        year = person.facts["birth_year"]
        article = "an" if person.facts["profession"][0] in "aeiou" else "a"
        slots = person.facts | {
            "a_profession": f"{article} {person.facts['profession']}",
            "workplace": person.workplace,
        }
        for relation in RELATIONS:
            assert person.exposures(relation) == len(person.documents)
        for turn, number in enumerate(person.documents):
            text = world.documents[number].removeprefix(f"{person.name}. ")
            for relation in RELATIONS:
                assert len(re.findall(rf"\b{re.escape(person.facts[relation])}(?!\w)", text)) == 1, (relation, text)
            for part in PARTS:
                wording = words.WORDINGS[part][person.wordings[part][turn]]
                stated = wording.replace("{S}", "").replace("{N}", "").strip()
                dates = (f"{day} {words.MONTHS[month - 1]} {year}", f"{words.MONTHS[month - 1]} {day}, {year}")
                assert any(stated.format(date=date, **slots) in text for date in dates)


@any_world
@given(specs, seeds)
def test_a_document_names_the_birthplace_and_three_other_places(spec, seed):
    world = make_world(spec, seed)
    for person in world.people:
        assert sorted(person.other_places) == sorted({*person.other_places} - {person.facts["birthplace"]})
        for number in person.documents:
            places = ANY_PLACE.findall(world.documents[number])
            assert sorted(places) == sorted([person.facts["birthplace"], *person.other_places])


@any_world
@given(specs, seeds)
def test_titles_parse_back(spec, seed):
    world = make_world(spec, seed)
    for person in world.people:
        assert {title_of(world.documents[number]) for number in person.documents} == {person.name}


@any_world
@given(specs, seeds)
def test_documents_have_the_form_of_wiki_txt(spec, seed):
    for document in make_world(spec, seed).documents:
        assert document.endswith(" .")
        assert "  " not in document
        assert not {"{", "}", "\n", "\t", "\u25a1", "\u2047"} & set(document)


@any_world
@given(specs, seeds)
def test_every_character_of_a_trained_question_stands_in_the_documents(spec, seed):
    world = make_world(spec, seed)
    characters = set("".join(world.documents))
    for relation in RELATIONS:
        for wording in world.trained_wordings:
            for question in world.questions(relation, "train", wording) + world.questions(relation, "test", wording):
                assert set(question.text + (question.answer or "")) <= characters


# Names


@any_world
@given(specs, seeds)
def test_no_name_is_another_persons_nor_part_of_it(spec, seed):
    world = make_world(spec, seed)
    names = [person.name for person in world.people] + [stranger.name for stranger in world.strangers]
    assert len(set(names)) == len(names)
    assert len({person.short_name for person in world.people}) == len(world.people)
    joined = "\n".join(f" {name} " for name in names)
    for person in world.people:
        owned = [name for name in joined.split("\n") if f" {person.short_name} " in name]
        assert len(owned) <= 1, owned


def test_where_there_are_not_enough_surnames_some_have_two(monkeypatch):
    monkeypatch.setattr("closedbook.synthetic.people.PLAIN", 300)
    world = make_world(WorldSpec(people=400), seed=5)
    assert len({person.short_name for person in world.people}) == 400
    assert any("-" in person.surname for person in world.people)


def test_names_share_their_halves_and_have_accents_and_initials(demo):
    for half in "first", "surname":
        shared = Counter(getattr(person, half) for person in demo.people)
        assert sum(count > 1 for count in shared.values()) > 0.9 * len(shared)
    names = [person.name for person in demo.people]
    assert sum("." in name for name in names) > 100
    assert sum(not name.isascii() for name in names) > 100
    assert any(re.match(r"[A-Z]\. ", name) for name in names)


@any_world
@given(specs, seeds)
def test_strangers_stand_in_no_document_and_are_of_their_group(spec, seed):
    world = make_world(spec, seed)
    text = "\n".join(world.documents)
    known_words = set(ANY_WORD.findall(text))
    surnames = {person.surname for person in world.people}
    firsts = {person.first for person in world.people}
    groups = Counter(stranger.group for stranger in world.strangers)
    assert len(world.strangers) == spec.strangers
    assert max((groups[g] for g in STRANGER_GROUPS), default=0) - min(groups[g] for g in STRANGER_GROUPS) <= 1
    for stranger in world.strangers:
        assert stranger.name not in text
        new_first = stranger.group in ("new first name", "both new")
        new_surname = stranger.group in ("new surname", "both new")
        surname = [s for s in surnames | set(words.NEW_SURNAMES) if stranger.name.endswith(f" {s}")]
        assert any((s in surnames) != new_surname and (s in known_words) <= (not new_surname) for s in surname)
        first = next(word for word in stranger.name.split() if len(word) > 2)
        assert (first in firsts) == (not new_first)
        assert not (new_first and first in known_words)


def test_no_word_list_says_a_thing_twice_or_a_thing_that_means_two():
    lists = ("SHE", "HE", "SURNAMES", "NEW_SHE", "NEW_HE", "NEW_SURNAMES", "PLACES", "PROFESSIONS", "EMPLOYERS")
    entries = {name: getattr(words, name) for name in lists}
    everything = [entry for values in entries.values() for entry in values]
    assert len(set(everything)) == len(everything)
    assert all(entry == " ".join(entry.split()) and entry for entry in everything)
    for place in words.PLACES:
        whole = re.compile(rf"\b{re.escape(place)}(?!\w)")
        assert [e for e in (*everything, *words.SCHOOLS, *words.MONTHS) if whole.search(e)] == [place]
    name_words = {word for n in lists[:6] for entry in entries[n] for word in entry.split() if word[0].isupper()}
    other_words = {word for text in words.PLACES + words.EMPLOYERS + words.SCHOOLS for word in text.split()}
    assert not name_words & other_words


# Questions


def test_the_trained_wording_of_birthplace_is_the_courses(tiny):
    person = next(person for person in tiny.people if not person.trained)
    question = tiny.questions()[0]
    assert question.text == f"Where was {person.name} born?"
    assert question.answer == person.facts["birthplace"]
    assert question.line == f"{question.text}\t{question.answer}"


@any_world
@given(specs, seeds)
def test_nobody_whose_questions_are_trained_is_asked(spec, seed):
    world = make_world(spec, seed)
    splits = [{q.name for q in world.questions(split=split)} for split in ("train", "test", "strangers")]
    assert sum(map(len, splits)) == len(set().union(*splits)) == spec.people + spec.strangers
    assert len(splits[0]) == int(spec.people * spec.train_share) <= len(splits[1])


@any_world
@given(specs, seeds)
def test_no_trained_wording_is_among_the_unseen(spec, seed):
    world = make_world(spec, seed)
    for relation in RELATIONS:
        assert len(set(words.QUESTIONS[relation])) == len(words.QUESTIONS[relation])
        assert not {*world.trained_wordings} & {*world.unseen_wordings(relation)}
        assert len(world.unseen_wordings(relation)) >= 5
        questions = world.questions(relation, "test", "unseen")
        assert {q.wording for q in questions} == {*world.unseen_wordings(relation)}


def test_a_question_states_what_is_asked_and_of_whom(tiny):
    for relation in RELATIONS:
        truth = {person.name: person.facts[relation] for person in tiny.people}
        for wording in range(len(words.QUESTIONS[relation])):
            for question in tiny.questions(relation, "test", wording):
                assert question.answer == truth[question.name]
                assert question.answer in tiny.candidates(relation)
                assert question.name in question.text
                assert question.text.endswith("?")


# The demo's world


def test_the_demo_asks_enough_people_that_were_never_trained(demo):
    assert len(demo.people) >= 1000
    assert len(demo.questions(split="test")) >= 300
    assert len(demo.questions(split="train")) <= len(demo.people) / 2
    assert len({person.facts["birthplace"] for person in demo.people}) >= 200
    assert any(" " in place for place in words.PLACES)
    per_document = [len(document.split()) for document in demo.documents]
    assert 25 <= sum(per_document) / len(per_document) <= 35


def test_a_random_place_of_the_document_is_right_one_time_in_four(demo):
    chances = [places.count(birthplace) / len(places) for birthplace, places in other_places(demo)]
    assert sum(chances) / len(chances) <= 0.25


@any_world
@given(specs, seeds)
def test_no_birthplace_has_more_than_a_twentieth_of_the_people(spec, seed):
    world = make_world(spec, seed)
    counts = Counter(person.facts["birthplace"] for person in world.people)
    assert max(counts.values()) <= 0.05 * len(world.people)


# The dials


def facts_of(world: World) -> list[tuple[str, dict[str, str]]]:
    return [(person.name, person.facts) for person in world.people]


def test_a_dial_of_the_text_leaves_people_and_facts_alone(tiny):
    for dials in (
        {"fact_order": "fixed"},
        {"exposures": "zipf"},
        {"biographies_per_person": 5},
        {"wordings_per_fact": 1},
        {"train_share": 0.1},
        {"strangers": 40},
        {"relations": ("school",)},
    ):
        assert facts_of(make_world(replace(tiny.spec, **dials), 1)) == facts_of(tiny)


def test_zipf_exposures_follow_the_law():
    spec = WorldSpec(people=200, exposures="zipf", zipf_exponent=1.0, total_documents=4000, strangers=0)
    counts = [person.exposures("birthplace") for person in make_world(spec, 3).people]
    assert sum(counts) == 4000
    assert counts == sorted(counts, reverse=True)
    for rank, count in enumerate(counts, 1):
        assert abs(count - max(1, counts[0] / rank)) <= 1


def test_uniform_exposures_differ_by_one_at_most():
    spec = WorldSpec(people=50, total_documents=173)
    counts = [person.exposures("birthplace") for person in make_world(spec, 3).people]
    assert sum(counts) == 173
    assert max(counts) - min(counts) == 1


def test_levels_of_exposure_go_round_the_people():
    spec = WorldSpec(people=50, biographies_per_person=3, exposures=(1, 2, 5, 20))
    world = make_world(spec, 3)
    for number, person in enumerate(world.people):
        count = spec.exposures[number % 4]
        texts = [world.documents[document] for document in person.documents]
        assert len(texts) == person.exposures("school") == count
        assert len(set(texts)) <= min(3, count)
        assert texts == [texts[turn % 3] for turn in range(count)]


def test_fixed_order_is_one_order_and_shuffled_order_differs(tiny):
    def orders(world):
        for person in world.people:
            for number in person.documents:
                values = [person.facts["birthplace"], *person.other_places]
                yield tuple(sorted(range(4), key=lambda i, v=values, t=world.documents[number]: t.index(v[i])))

    assert set(orders(make_world(replace(tiny.spec, fact_order="fixed"), 1))) == {(0, 1, 2, 3)}
    assert len(set(orders(tiny))) > 10


def test_wordings_per_fact_bounds_the_wordings(demo):
    for part in PARTS:
        used = {wording for person in demo.people for wording in person.wordings[part]}
        assert used == set(range(len(words.WORDINGS[part])))
        assert len(used) >= 6
    world = make_world(replace(WorldSpec.tiny(), wordings_per_fact=1), 1)
    assert {person.distinct_wordings(relation) for person in world.people for relation in RELATIONS} == {1}


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ({"people": 19}, "people = 19 must lie between 20 and 100,000"),
        ({"people": 100.0}, "people = 100.0 must be of type int"),
        ({"people": True}, "people = True must be of type int"),
        ({"biographies_per_person": 0}, "biographies_per_person = 0 must lie between 1 and 100"),
        ({"exposures": "often"}, "exposures must be a list, not 'often'"),
        ({"exposures": ()}, "one or more of each"),
        ({"exposures": (1, 0)}, "exposures.1 = 0 must lie between 1 and 1,000"),
        ({"exposures": 3}, "exposures must be a list"),
        ({"exposures": (1, 2), "total_documents": 5000}, "levels fix their own total"),
        ({"total_documents": 999}, "total_documents = 999 must lie between 1,000 and 1,000,000"),
        ({"zipf_exponent": float("nan")}, "zipf_exponent = nan must be a finite number"),
        ({"zipf_exponent": "steep"}, "must be of type float"),
        ({"fact_order": "random"}, "known: fixed, shuffled"),
        ({"wordings_per_fact": 11}, "wordings_per_fact = 11 must lie between 1 and 10"),
        ({"places": 39}, "places = 39 must lie between 40"),
        ({"birthplace_skew": 1.5}, "between 0.0 and 1.0"),
        ({"relations": ()}, "one or more of each"),
        ({"relations": "birthplace"}, "relations must be a list"),
        ({"relations": ("shoe size",)}, '"shoe size" is unknown'),
        ({"relations": ("school", "school")}, "each relation once"),
        ({"train_share": 0.6}, "train_share = 0.6 must lie between 0.0 and 0.5"),
        ({"trained_wordings": 4}, "trained_wordings = 4 must lie between 1 and 3"),
        ({"strangers": -1}, "strangers = -1 must lie between 0 and 1,200"),
        ({"people": 30, "strangers": 61}, "at most twice as many as people, 30"),
    ],
)
def test_a_bad_spec_says_what_is_allowed(dials, says):
    with pytest.raises(DataError, match=says):
        WorldSpec(**dials)


def test_a_bad_question_or_seed_says_what_is_allowed(tiny):
    with pytest.raises(DataError, match=r'relation = "height" .* birthplace'):
        tiny.questions("height")
    with pytest.raises(DataError, match=r'split = "dev" .* train, test, strangers'):
        tiny.questions(split="dev")
    with pytest.raises(DataError, match="wording = 8 must lie between 0 and 7"):
        tiny.questions(wording=8)
    with pytest.raises(DataError, match="seed = 'one' must be of type int"):
        make_world(WorldSpec.tiny(), "one")


def test_lists_are_taken_for_tuples():
    assert WorldSpec(exposures=[1, 2], relations=["school"]) == WorldSpec(exposures=(1, 2), relations=("school",))


# The files


def test_the_written_files_read_back(tmp_path, tiny):
    folder = tiny.write(tmp_path / "new" / "world")
    questions = {"questions-train.tsv", "questions-test.tsv", "strangers.tsv", "unseen-wordings.tsv"}
    assert {path.name for path in folder.iterdir()} == questions | {"documents.txt", "truth.json"}
    documents = read_documents(folder / "documents.txt")
    assert tuple(document.text for document in documents.items) == tiny.documents
    assert {*documents.titles} == {person.name for person in tiny.people}
    relations = len(tiny.spec.relations)
    train, test, unseen = (
        read_questions(folder / name, need_answers=True)
        for name in ("questions-train.tsv", "questions-test.tsv", "unseen-wordings.tsv")
    )
    assert len(train) == len(test) == len(unseen) == 20 * relations
    assert test.answers == unseen.answers
    assert not {*train.texts} & {*test.texts}
    assert len(read_questions(folder / "strangers.tsv")) == len(tiny.strangers) * relations
    assert not read_questions(folder / "strangers.tsv").answered


def test_more_trained_wordings_are_written_for_the_same_people(tmp_path, tiny):
    folder = make_world(replace(tiny.spec, trained_wordings=3), 1).write(tmp_path)
    lines = (folder / "questions-train.tsv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3 * 20 * len(tiny.spec.relations)


def test_the_written_truth_is_the_worlds(tmp_path, tiny):
    truth = json.loads((tiny.write(tmp_path) / "truth.json").read_text(encoding="utf-8"))
    assert truth["seed"] == 1
    assert WorldSpec(**truth["spec"]) == tiny.spec
    for told, person in zip(truth["people"], tiny.people, strict=True):
        assert told["facts"] == person.facts
        assert told["exposures"]["birthplace"] == person.exposures("birthplace") == 2
        assert all(tiny.documents[number].startswith(told["name"]) for number in told["documents"])


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, tiny, monkeypatch):
    folder = tiny.write(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("closedbook.synthetic.world.os.fsync", full)
    with pytest.raises(DataError, match="No space left"):
        make_world(WorldSpec.tiny(), 2).write(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, tiny):
    (tmp_path / "file").write_text("taken")
    with pytest.raises(DataError, match="cannot be written"):
        tiny.write(tmp_path / "file" / "world")
