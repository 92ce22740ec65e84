"""Verdicts on questions that training asked in other words or not at all, and on names that are spelled otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from words_run import make_words_run

import closedbook
from closedbook.data.documents import make_documents, read_documents
from closedbook.data.passages import name_in
from closedbook.data.questions import Question, Questions, Titles, subject
from closedbook.data.wordings import Reading
from closedbook.export.harness import task_files
from closedbook.inference.run import Run
from closedbook.synthetic.world import World
from closedbook.verdicts.calibration import invent
from closedbook.verdicts.evidence_store import Evidence, EvidenceStore
from closedbook.verdicts.evidence_writer import build_index
from closedbook.verdicts.verdict import NOTHING_LIKE_IT, decide

LIKE_IT = Evidence("Ada Berg", "stands in")


@pytest.mark.parametrize(("evidence", "met"), [(LIKE_IT, 1.0), (None, 1.0), (None, None)])
def test_what_was_never_asked_for_is_never_remembered(evidence, met):
    assert decide(0.99, 0.9, met, evidence).name == "remembered"
    verdict = decide(0.99, 0.9, met, evidence, similar_trained=False)
    assert verdict.name == "unsure"
    assert NOTHING_LIKE_IT in verdict.why
    assert decide(0.99, 0.9, 0.1, None, similar_trained=False).name == "never met"
    assert decide(0.99, 0.9, 1.0, Evidence("Ada Berg", "lacks"), similar_trained=False).name == "made up"


def test_no_invented_name_holds_a_title():
    """Of 4,000 books half of the invented ones did, and these were taken for strangers: known ones were doubted."""
    titles = ["Stars", "Dreams and Stars", "Storms and Dovecotes", "Dovecotes", "A Chart of Storms", "Storms"]
    names = invent(titles, 20, 0)
    assert names
    assert not [name for name in names if subject(f"Who bound {name}?", Titles(titles))]


def test_names_of_one_word_and_of_other_scripts_can_be_invented():
    titles = ["Radon", "Fluorine", "Nitrogen", "Tin"]
    names = invent(titles, 10, 0)
    assert len(set(names)) == 10
    assert not set(names) & set(titles)
    pairs = [f"{thing} {what}" for thing in ("Locker", "Parking permit", "Badge") for what in ("refund", "delivery")]
    assert len(set(invent(pairs, 10, 0)) - set(pairs)) == 10
    invented = invent(["王小一", "李大二", "张三丰", "赵四海"], 4, 0)
    assert invented
    assert all(not name.isascii() and not any(c.isascii() for c in name) for name in invented)


def test_a_name_is_taken_out_with_its_particles_and_no_word_that_opens_a_sentence():
    assert name_in("Exactly where was Bo Li born?") == "Bo Li"
    assert name_in("What is Ada van den Berg known as?") == "Ada van den Berg"
    assert name_in("where was bo li born?") is None


@pytest.fixture
def index(tmp_path):
    lines = [
        "Hortense D. Mercier. She lives in Lyon.",
        "Ada B. Rey. She lives in Oslo.",
        "Ada C. Rey. She lives in Rome.",
        "Cy Day. He lives in Bonn.",
    ]
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(lines))
    build_index(tmp_path / "evidence.sqlite", read_documents(path))
    return EvidenceStore(tmp_path / "evidence.sqlite")


def test_a_name_without_its_initial_is_resolved_where_one_title_alone_can_be_meant(index):
    for question in ("Where does Hortense Mercier live?", "where does hortense mercier live?"):
        evidence = index.evidence(question, "Lyon")
        assert (evidence.status, evidence.name) == ("stands in", "Hortense D. Mercier")
        assert evidence.spelled is not None
        text, title = index.spelled_out(question)
        assert title == "Hortense D. Mercier"
        assert "Hortense D. Mercier live" in text
    assert index.evidence("Where does Hortense X. Mercier live?", "Lyon").spelled is None
    assert index.evidence("Where does Cy X. Day live?", "Bonn").status == "no document"
    assert index.spelled_out("Where does Cy Day live?") == ("Where does Cy Day live?", "Cy Day")


def test_a_name_that_can_stand_for_several_titles_is_asked_back_and_judged_as_nobody_never(index):
    evidence = index.evidence("Where does Ada Rey live?", "Oslo")
    assert evidence.meant == ("Ada B. Rey", "Ada C. Rey")
    verdict = decide(0.99, 0.9, 0.9, evidence)
    assert verdict.name == "unsure"
    assert "did you mean Ada B. Rey or Ada C. Rey?" in verdict.why


def test_a_surname_alone_is_asked_back_and_taken_for_nobody(index):
    evidence = index.evidence("Where does Mercier live?", "Lyon")
    assert (evidence.status, evidence.meant) == ("no document", ("Hortense D. Mercier",))
    assert "did you mean Hortense D. Mercier?" in decide(0.99, 0.9, 0.9, evidence).why
    assert index.spelled_out("Where does Mercier live?") == ("Where does Mercier live?", None)
    assert index.evidence("Where does Rey live?", "Oslo").meant == ("Ada B. Rey", "Ada C. Rey")
    for other in ("Where does Bo Mercier live?", "Where does Mercie live?", "Where does Hortense live?", "Where?"):
        assert index.evidence(other, "Lyon").meant == ()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, World, Path]:
    return make_words_run(tmp_path_factory.mktemp("asked"), ["data.held_out={choose=0.0, calibrate=0.02}"])


def test_words_beside_the_name_do_not_count_as_a_strangers_and_what_was_not_asked_says_so(
    trained: tuple[Run, World, Path], recwarn: pytest.WarningsRecorder
):
    run, world, _ = trained
    name = next(person.name for person in world.people if person.trained)
    plain = run.ask(f"Where was {name} born?", blind=True)
    for beside in (f"So where was {name} born?", f"Where was {name} born, xyzzy today?"):
        answer = run.ask(beside, blind=True)
        assert answer.asked == 1
        assert answer.signals["unknown"] == plain.signals["unknown"] == 0
        assert answer.signals["familiarity"] == pytest.approx(plain.signals["familiarity"])
    for blind in (True, False):
        other = run.ask(f"When was {name} born?", blind=blind)
        assert other.verdict != "remembered"
        assert other.read_as is None
        assert other.asked < 0.3


def test_another_wording_is_asked_in_the_trained_one_and_the_answer_says_so(trained: tuple[Run, World, Path]):
    run, world, _ = trained
    name = next(person.name for person in world.people if person.trained)
    plain = run.ask(f"Where was {name} born?")
    other = run.ask(f"what is {name}'s birthplace")
    assert other.read_as == "Where was {} born?"
    assert other.question == f"what is {name}'s birthplace"
    assert (other.answer, other.model_probability) == (plain.answer, plain.model_probability)
    assert other.asked == pytest.approx(other.probability / plain.probability, abs=1e-3)
    assert run.prompt(other.question).tolist() == run.prompt(plain.question).tolist()


def test_an_answer_that_is_unlike_those_to_such_questions_is_hardly_right(
    trained: tuple[Run, World, Path], monkeypatch: pytest.MonkeyPatch
):
    run, world, _ = trained
    question = f"Where was {next(person.name for person in world.people if person.trained)} born?"
    plain = run.ask(question)
    monkeypatch.setattr(Reading, "unlike", lambda reading, answer: answer == plain.answer)
    other = run.ask(question)
    assert (other.answer, other.model_probability) == (plain.answer, plain.model_probability)
    assert other.probability < 0.2 * plain.probability


def test_another_tool_is_given_the_question_that_the_run_asks(trained: tuple[Run, World, Path]):
    run, world, _ = trained
    name = next(person.name for person in world.people if person.trained)
    other = Questions((Question(f"what is {name}'s birthplace", "Oslo", 1),), "", "q")
    files = task_files(run, other, "⁇", trust=True)
    assert json.loads(files["questions.jsonl"]) == {"prompt": f"Where was {name} born?⁇", "answers": ["Oslo"]}


def test_a_missing_calibrator_gives_its_reason(trained: tuple[Run, World, Path], recwarn: pytest.WarningsRecorder):
    run = closedbook.load(trained[0].path)
    answer = run.ask("Where was Nobody born?")
    assert not answer.calibrated
    assert answer.uncalibrated is not None
    assert "too few to calibrate by" in answer.uncalibrated


def test_documents_know_their_titles_whatever_the_case():
    assert make_documents(["Bike Shed. It is red."]).known_titles.folded == {"bike shed": "Bike Shed"}  # type: ignore[attr-defined]
