"""The labels that benchmarks/beyond.py makes by rule, the names it shortens, and that it runs from end to end."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from closedbook.config.loading import load_recipe
from closedbook.data.documents import make_documents
from closedbook.synthetic.world import WorldSpec, make_world

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import beyond
import readme
import relations

YEARS = [
    ("Ada Ray. Ada Ray (born 3 May 1950 in Oslo) is a poet .", "1950"),
    ("Ada Ray. Born in St Louis, on May 3rd, 1850, Ray studied law from 1870 .", "1850"),
    ("Ada Ray. Ada Ray (26 February 1840 Columbus, Ohio - 2 August 1904 New York City) was a printer .", "1840"),
    ("Ada Ray. Dr Ada B. Ray (1516--1573) was a lawyer, born in London .", "1516"),
    ("Ada Ray. Ada Ray (1516--1573) was born in London in 1517 .", None),  # the two disagree
    ("Ada Ray. Ray was born at Newport, and entered Trinity College, Cambridge, in 1836 .", None),
    ("Ada Ray. Born in Oslo, Ray began a career in 1898 .", None),
    ("Ada Ray. Ada Ray (born c. 1950 in Oslo) is a poet .", None),
    ("Ada Ray. Ada Ray (born 1950 or 1951) is a poet .", None),
    ("Ada Ray. Ada Ray (played 1998 - 2001) was a striker .", None),  # no life is so short
    ("Ada Ray. Ray was born in 1920, her brother Bo was born in 1930 .", None),
    ("Ada Ray. Ada Ray is a poet .", None),
]
NATIONS = [
    ("Ada Ray. Ada Ray (born 1950) is a Norwegian poet .", "Norwegian"),
    ("Ada Ray. Ada Ray was an award winning English artist .", "English"),
    ("Ada Ray. Ada Ray was an American Civil War general .", None),
    ("Ada Ray. Ada Ray is a Cuban-American poet .", None),
    ("Ada Ray. Ada Ray is a Scottish poet who writes for British papers .", None),
    ("Ada Ray. Ada Ray is a poet of the American school .", None),
    ("Ada Ray. Ada Ray is a Martian poet .", None),
]
PLACES = [
    ("Ada Ray. Ada Ray (born 3 May 1950 in Oslo, Norway) is a poet .", "Oslo"),
    ("Ada Ray. Born at Salt Lake City, Ray studied law .", "Salt Lake City"),
    ("Ada Ray. Ada Ray (born 1919 Cleveland) is a poet .", "Cleveland"),
    ("Ada Ray. Ada Ray was born to Anna Berg in Oslo .", None),
    ("Ada Ray. Ada Ray lived in Oslo .", None),
]


def label(rule: Any, text: str) -> Any:
    return rule(make_documents([text]).items[0])


@pytest.mark.parametrize(("text", "year"), YEARS)
def test_a_year_of_birth_is_taken_where_nothing_else_can_be_meant(text: str, year: str | None):
    assert label(relations.birth_year, text) == year


@pytest.mark.parametrize(("text", "nation"), NATIONS)
def test_a_nationality_is_taken_where_it_is_said_of_the_person_and_is_the_only_one(text: str, nation: str | None):
    assert label(relations.nationality, text) == nation


@pytest.mark.parametrize(("text", "place"), PLACES)
def test_a_birthplace_is_taken_right_behind_born(text: str, place: str | None):
    rule = relations.Birthplace(make_documents([text]))
    assert rule.label("Where was Ada Ray born?") == place


def test_two_people_of_one_name_get_no_birthplace():
    texts = ["Ada Ray. Ada Ray was born in Oslo .", "Ada Ray. Ada Ray was born in Rome ."]
    assert relations.Birthplace(make_documents(texts)).label("Where was Ada Ray born?") is None
    assert relations.Birthplace(make_documents(texts[:1])).label("Where was Ada Ray born?") == "Oslo"


def test_the_birthplace_rule_agrees_with_the_course_on_training_people(cs224n: Path):
    course = beyond.Course(cs224n, load_recipe("fast"))
    birthplace = beyond.rules(course)["birthplace"]
    assert birthplace["agrees_with_gold"]["total"] > 0.7 * birthplace["of"]
    assert birthplace["agrees_with_gold"]["accuracy"] > 0.95


def test_names_are_shortened_only_where_it_stays_clear_who_is_meant():
    names = ["John F. Kennedy", "J. R. R. Tolkien", "Ann B. Lee", "Al Roe, Jr.", "Zed"]
    ways = beyond.ways([*names, "Ann Lee", "Bo Lee Po"])
    shortened = {way: [shorten(name) for name in names] for way, shorten in ways.items()}
    assert shortened == {
        "without the middle initial": ["John Kennedy", "J. Tolkien", None, None, None],
        "in lower case": ["john f. kennedy", "j. r. r. tolkien", "ann b. lee", "al roe, jr.", "zed"],
        "surname only": ["Kennedy", "Tolkien", None, "Roe", None],
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world of ours in the course's files."""
    folder = tmp_path_factory.mktemp("data")
    world = make_world(WorldSpec(people=120, biographies_per_person=1, strangers=0), 0)
    files = {
        "wiki.txt": [
            f"{person.name}. {person.name} (born 3 May {person.facts['birth_year']} in "
            f"{person.facts['birthplace']}) is a {'Swiss' if i % 3 else 'Dutch'} {person.facts['profession']} ."
            for i, person in enumerate(world.people)
        ],
        "birth_places_train.tsv": [question.line for question in world.questions(split="train")],
        "birth_dev.tsv": [question.line for question in world.questions()[:30]],
        "birth_test_inputs.tsv": [question.text for question in world.questions()[30:]],
    }
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def run(data: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> dict[str, Any]:
    sets = ["model.width=16", "stages.learn.steps=3", "stages.learn.batch=16",
            "stages.learn.negatives=0", "data.held_out={choose=0.4, calibrate=0.1}"]  # fmt: skip
    results = data / "beyond.json"
    arguments = ["--data", data, "--work", data / "work", "--results", results, "--seeds", "0", "--threads", "1",
                 "--number", "12", *(part for each in sets for part in ("--set", each)), *more]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["beyond.py", *map(str, arguments)])
    beyond.main()
    return json.loads(results.read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore:.*no document holds")
def test_the_benchmark_runs_keeps_its_cells_and_reads_dev_at_the_end_only(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    read: list[str] = []
    reader = beyond.read_questions
    monkeypatch.setattr(
        beyond, "read_questions", lambda path, **how: read.append(Path(path).name) or reader(path, **how)
    )
    first = run(data, monkeypatch)
    assert list(first["cells"]) == ["rules", "plain, kept out / seed 0", "relations, kept out / seed 0"]
    assert set(read) == {"birth_places_train.tsv"}
    added = (data / "work" / "questions-relations.tsv").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0].split()[0] for line in added[60:]] == ["In"] * 12 + ["Which"] * 12
    everywhere = first["cells"]["relations, kept out / seed 0"]
    kept = json.loads((data / "work" / "relations-0" / "run.json").read_text(encoding="utf-8"))["split"]["choose"]
    assert len(kept) == everywhere["birthplace"]["total"]  # the added questions are all of people who are trained on
    for relation in ("birth year", "nationality"):
        assert everywhere["kept out"][relation]["total"] == len(kept)
        assert everywhere["trained on birthplace only"][relation]["total"] == 60 - len(kept) - calibrated(data) - 12
    wordings = first["cells"]["plain, kept out / seed 0"]["wordings"]
    assert len(wordings["by_wording"]) == 5
    assert wordings["unseen"]["total"] == 5 * wordings["trained"]["total"]
    assert "Where was {name} born?" not in wordings["by_wording"]

    monkeypatch.setattr(beyond.pipeline, "train", lambda *arguments, **how: pytest.fail("trained again"))
    second = run(data, monkeypatch, "--final")
    assert {cell: second["cells"][cell] for cell in first["cells"]} == first["cells"]
    assert {"birth_dev.tsv", "birth_test_inputs.tsv"} <= set(read)
    labels = second["cells"]["plain, dev and test / seed 0"]["labels"]
    assert labels["test people"] == labels["test people, the rule's label"]["total"] == 30
    assert labels["the rule agrees with gold"]["accuracy"] == 1.0
    assert labels["dev people, the rule's label"] == labels["the same dev people, gold"]
    capsys.readouterr()

    monkeypatch.setattr(readme, "load", lambda name: second)
    rows = readme.beyond()
    assert len(rows) == 2 + len(readme.BEYOND)
    assert rows[0] == "| asked of dev people, one seed | right |"
    monkeypatch.setattr(readme, "load", lambda name: first)
    assert readme.beyond() == []  # dev was not scored yet


def calibrated(data: Path) -> int:
    split = json.loads((data / "work" / "relations-0" / "run.json").read_text(encoding="utf-8"))["split"]
    return sum(position < 60 for position in split["calibrate"])
