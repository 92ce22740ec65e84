"""Whether anything like a question was asked in training; names that are spelled otherwise; words beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from words_run import make_words_run

import closedbook
from closedbook.data.documents import make_documents, read_documents
from closedbook.data.passages import name_in
from closedbook.data.questions import Question, Questions, Titles
from closedbook.inference.run import Run
from closedbook.synthetic.world import World
from closedbook.verdicts.calibration import invent
from closedbook.verdicts.evidence_store import Evidence, EvidenceStore
from closedbook.verdicts.evidence_writer import build_index
from closedbook.verdicts.verdict import NOTHING_LIKE_IT, decide
from closedbook.verdicts.wordings import Wordings, as_words

NAMES = ["Ada Berg", "Bo Lund", "Cy Dahl", "Di Holm"]


def alike(texts):
    """States that are the same whatever is read: what is left to tell by are the words."""
    return np.ones((len(texts), 3))


def asked(*forms):
    pairs = [(form.format(name), f"{answer}{i}") for form, answer in forms for i, name in enumerate(NAMES)]
    return Questions(tuple(Question(text, answer, 1) for text, answer in pairs), "", "q")


def test_wordings_with_the_same_answers_are_one_group():
    made = Wordings.of(
        asked(("Who built {}?", "p"), ("By whom was {} built?", "p"), ("How tall is {}?", "m")), Titles(NAMES)
    )
    assert made is not None
    assert made.groups == ((("who", "built"), ("by", "whom", "was", "built")), (("how", "tall", "is"),))
    assert Wordings.from_plain(made.to_json(), "wordings") == made


def test_questions_that_have_no_wordings_in_common_are_held_against_none():
    each = tuple(Question(f"What {i} did {name} do {i}?", "x", 1) for i, name in enumerate(NAMES))
    assert Wordings.of(Questions(each, "", "q"), Titles(NAMES)) is None


def likeness(made, *questions):
    wordings = [made.wording(question) for question in questions]
    return made.likeness([" ".join(wording) for wording in wordings], wordings, alike).tolist()


def test_words_beside_a_trained_wording_make_it_no_other_question_and_another_kind_does():
    made = Wordings.of(
        asked(
            ("Where was {} born?", "p"),
        ),
        Titles(NAMES),
    )
    same = ("So where was Eva Roos born?", "Where was Eva Roos born, exactly today?", "where was eva roos born")
    assert likeness(made, *same) == [1, 1, 1]
    assert likeness(made, "When was Eva Roos born?", "Who is Eva Roos?", "What year was Eva Roos born in?") == [0, 0, 0]
    assert likeness(made, "In which city was Eva Roos born?")[0] > made.threshold
    assert likeness(made, "What does Eva Roos weigh?")[0] < made.threshold


def test_a_word_of_one_group_alone_says_which_one_is_meant():
    made = Wordings.of(
        asked(("What is the density of {}?", "d"), ("What is the age of {}?", "a"), ("What is the name of {}?", "n")),
        Titles(NAMES),
        alike,
    )
    dense, other = likeness(made, "How dense is Eva Roos?", "What is the colour of Eva Roos?")
    assert dense >= made.threshold > other


def test_a_question_about_something_else_is_like_none_and_other_words_for_the_same_are_no_reason_to_doubt():
    forms = [("Where was {} born?", "p"), ("What was the birthplace of {}?", "p"), ("When was {} born?", "y"),
             ("What was the profession of {}?", "j"), ("As what was {} employed?", "j")]  # fmt: skip
    made = Wordings.of(asked(*forms), Titles(NAMES), alike)
    same = ("What is Eva Roos's place of birth?", "What did Eva Roos do for a living?", "As what did Eva Roos work?")
    assert min(likeness(made, *same)) > made.threshold
    other = (
        *("Where did Eva Roos die?", "When did Eva Roos die?", "Where did Eva Roos study?"),
        *(
            "In which city did Eva Roos live?",
            "Which company did Eva Roos work for?",
            "What is Eva Roos's nationality?",
        ),
    )
    assert likeness(made, *other) == [0] * 6


def test_scripts_without_spaces_are_held_against_wordings_by_their_characters():
    names = ["王小一", "李大二", "张三"]
    items = tuple(Question(f"{name}出生在哪里？", "北京", 1) for name in names)
    made = Wordings.of(Questions(items, "", "q"), Titles(names))
    assert made is not None
    assert made.groups == ((tuple("出生在哪里"),),)
    assert as_words("王小一出生在哪里？") == tuple("王小一出生在哪里")
    assert likeness(made, "请问赵四出生在哪里？") == [1]


LIKE_IT = Evidence("Ada Berg", "stands in")


@pytest.mark.parametrize(("evidence", "met"), [(LIKE_IT, 1.0), (None, 1.0), (None, None)])
def test_what_was_never_asked_for_is_never_remembered(evidence, met):
    assert decide(0.99, 0.9, met, evidence).name == "remembered"
    verdict = decide(0.99, 0.9, met, evidence, similar_trained=False)
    assert verdict.name == "unsure"
    assert NOTHING_LIKE_IT in verdict.why
    assert decide(0.99, 0.9, 0.1, None, similar_trained=False).name == "never met"
    assert decide(0.99, 0.9, 1.0, Evidence("Ada Berg", "lacks"), similar_trained=False).name == "made up"


def test_names_of_one_word_and_of_other_scripts_can_be_invented():
    titles = ["Radon", "Fluorine", "Nitrogen", "Tin"]
    names = invent(titles, 10, 0)
    assert len(set(names)) == 10
    assert not set(names) & set(titles)
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
        found = index.evidence(question, "Lyon")
        assert (found.status, found.name) == ("stands in", "Hortense D. Mercier")
        assert found.spelled is not None
        text, title = index.spelled_out(question)
        assert title == "Hortense D. Mercier"
        assert "Hortense D. Mercier live" in text
    assert index.evidence("Where does Hortense X. Mercier live?", "Lyon").spelled is None
    assert index.evidence("Where does Cy X. Day live?", "Bonn").status == "no document"
    assert index.spelled_out("Where does Cy Day live?") == ("Where does Cy Day live?", "Cy Day")


def test_a_name_that_can_stand_for_several_titles_is_asked_back_and_judged_as_nobody_never(index):
    found = index.evidence("Where does Ada Rey live?", "Oslo")
    assert found.meant == ("Ada B. Rey", "Ada C. Rey")
    verdict = decide(0.99, 0.9, 0.9, found)
    assert verdict.name == "unsure"
    assert "did you mean Ada B. Rey or Ada C. Rey?" in verdict.why


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, World, Path]:
    return make_words_run(tmp_path_factory.mktemp("asked"), ["data.held_out={choose=0.0, calibrate=0.02}"])


def test_words_beside_the_name_do_not_count_as_a_strangers_and_what_was_not_asked_says_so(
    made: tuple[Run, World, Path], recwarn: pytest.WarningsRecorder
):
    run, world, _ = made
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
        assert other.asked == 0


def test_a_missing_calibrator_gives_its_reason(made: tuple[Run, World, Path], recwarn: pytest.WarningsRecorder):
    run = closedbook.load(made[0].path)
    answer = run.ask("Where was Nobody born?")
    assert not answer.calibrated
    assert answer.uncalibrated is not None
    assert "too few to calibrate by" in answer.uncalibrated


def test_documents_know_their_titles_whatever_the_case():
    assert make_documents(["Bike Shed. It is red."]).known_titles.folded == {"bike shed": "Bike Shed"}  # type: ignore[attr-defined]
