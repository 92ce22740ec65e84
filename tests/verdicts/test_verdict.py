"""Signals, calibrators and verdicts of a small run: what is remembered, what is not, and that nothing crashes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from words_run import make_words_run

import closedbook
from closedbook import pipeline
from closedbook.data.questions import Question, read_questions
from closedbook.errors import DataError, RunError
from closedbook.evaluation.metrics import auroc
from closedbook.inference.run import Run
from closedbook.synthetic.world import World
from closedbook.verdicts import signals as signals_module
from closedbook.verdicts.calibration import Calibration, Calibrator, Logistic, altered, invent, recombined
from closedbook.verdicts.evidence_store import Evidence
from closedbook.verdicts.quotes import Quote
from closedbook.verdicts.verdict import VERDICTS, decide


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, World, Path]:
    return make_words_run(tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def run(trained: tuple[Run, World, Path]) -> Run:
    return trained[0]


# The definition ------------------------------------------------------------------------------------------------------

HOLDS = Evidence("Ada Berg", "stands in", (Quote("Ada Berg", 1, "Oslo"),))


@pytest.mark.parametrize(
    ("probability", "met", "evidence", "verdict"),
    [
        (0.95, 0.0, HOLDS, "remembered"),
        (0.85, 1.0, HOLDS, "unsure"),
        (0.99, 1.0, Evidence("Ada Berg", "lacks"), "made up"),
        (0.99, 1.0, Evidence("Ada Berg", "no document"), "never met"),
        (0.95, 0.9, Evidence("Ada Berg", "unread"), "remembered"),  # no evidence: as if blind
        (0.95, 0.4, Evidence("Ada Berg", "unread"), "never met"),
        (0.95, 0.9, None, "remembered"),
        (0.95, 0.4, None, "never met"),
        (0.7, 0.9, None, "unsure"),
        (0.4, 0.9, None, "made up"),
        (0.95, None, None, "remembered"),
    ],
)
def test_the_verdict_is_the_defined_one(probability: float, met: float | None, evidence: Evidence | None, verdict: str):
    decision = decide(probability, 0.9, met, evidence)
    assert decision.name == verdict
    assert decision.abstained is (verdict != "remembered")
    assert decision.why


# Invented people and calibrators -------------------------------------------------------------------------------------


def test_invented_names_are_no_titles_and_the_same_every_time():
    titles = ["Ada Berg", "Nils Dahl", "Ada Dahl", "Pelé", "José María Núñez", "Eva Lund"]
    names = invent(titles, 12, seed=3)
    assert names == invent(titles, 12, seed=3) != invent(titles, 12, seed=4)
    assert len(set(names)) == len(names) == 12
    assert not {name.casefold() for name in names} & {title.casefold() for title in titles}
    assert recombined("Ada Berg", "José María Núñez") == "Ada Núñez"
    assert recombined("Ada Berg", "Pelé") is None
    changed = altered("Ada Berg", Random(0))
    assert sum(a != b for a, b in zip(changed, "Ada Berg", strict=True)) == 1
    assert invent(["Q"], 5, seed=0) == []  # nothing to recombine or alter


def test_a_log_odds_signal_without_labels_to_the_contrary_stays_itself():
    rng = np.random.default_rng(0)
    odds = rng.normal(1, 2, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-odds))
    fitted = Logistic.fit({"log_odds": odds}, {"log_odds": 1.0}, right, 12.0)
    assert fitted.weights[0] == pytest.approx(1, abs=0.08)
    assert fitted.intercept == pytest.approx(0, abs=0.08)
    nothing = Logistic.fit({"log_odds": odds[:1]}, {"log_odds": 1.0}, right[:1], 1e6)
    assert nothing({"log_odds": odds}) == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-3)


def test_the_fit_is_scikit_learn_s():
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 2)) * [2, 5] + [1, -3]
    labels = x[:, 0] + rng.normal(size=300) > 1.5
    for balanced in (False, True):
        ours = Logistic.fit({"a": x[:, 0], "b": x[:, 1]}, {"a": 0.0, "b": 0.0}, labels, 2.0, balanced)
        standard = np.column_stack([(x - x.mean(0)) / x.std(0), np.ones(300)])  # the intercept is penalised too
        theirs = linear.LogisticRegression(
            C=0.5, fit_intercept=False, class_weight="balanced" if balanced else None, tol=1e-10, max_iter=1000
        ).fit(standard, labels)
        assert [*ours.weights, ours.intercept] == pytest.approx(theirs.coef_[0], abs=1e-4)


@pytest.mark.parametrize("labels", [[True] * 12, [False] * 12])
def test_a_sample_of_one_kind_gives_no_certainty(labels: list[bool]):
    odds = np.linspace(-2, 3, 12)
    chance = Logistic.fit({"log_odds": odds}, {"log_odds": 1.0}, np.array(labels), 12.0)({"log_odds": odds})
    assert 0.01 < chance.min() < chance.max() < 0.999


def test_thresholds_give_the_precision_on_average_and_never_a_likely_wrong_answer():
    flat = Logistic((), (), (), (), 0.0)
    calibrator = Calibrator(flat, flat, tuple(np.linspace(1.0, 0.0, 101)))
    assert calibrator.threshold(0.9) == pytest.approx(0.8)  # answers from 1.0 down to 0.8 are right nine times in ten
    assert calibrator.threshold(0.7) == 0.5
    assert calibrator.threshold(0.99) == pytest.approx(0.98)
    unsure = Calibrator(flat, flat, (0.6, 0.5, 0.4))
    assert unsure.threshold(0.9) == 0.9
    assert Calibrator(flat, flat, (0.97, 0.96)).threshold(0.98) == 0.98
    assert Calibrator(flat, flat, (0.97, 0.96)).threshold(0.9) == 0.5


def test_what_is_said_about_a_stranger_is_unlikely_and_what_is_said_about_somebody_met_stays_as_it_is():
    measured = {"met": np.array([-12.0, -2.0, 0.0, 2.0, 12.0])}
    sure, familiar = (Logistic(("met",), (0.0,), (1.0,), (weight,), 3 - 3 * weight) for weight in (0.0, 1.0))
    calibrator = Calibrator(sure, familiar, ())
    right, met = calibrator(measured)
    assert met == pytest.approx(1 / (1 + np.exp(-measured["met"])))
    assert (np.diff(right) > 0).all()
    assert right[0] < 1e-4
    assert right[2] == pytest.approx(0.9 / (1 + np.exp(-3)))  # as likely as not where strangers are half: nine in ten
    assert right[-1] == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-4)


# A run ---------------------------------------------------------------------------------------------------------------


def test_training_leaves_an_index_and_calibrators_of_few_numbers(run: Run):
    assert (run.path / "evidence.sqlite").is_file()
    assert run.calibration is not None
    assert run.calibration.calibrators.keys() == signals_module.SETS.keys()
    assert run.calibration.questions == len(run.folder.record()["split"]["calibrate"])
    stored = json.loads((run.path / "calibration.json").read_text())
    assert Calibration.from_json(stored) == run.calibration
    numbers = [x for x in _leaves(stored) if isinstance(x, float)]
    assert len(numbers) < 1000


def _leaves(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return [value] if not isinstance(value, (dict, list)) else [leaf for item in items for leaf in _leaves(item)]


def test_strangers_are_never_met_by_the_index_and_mostly_by_the_model_alone(trained: tuple[Run, World, Path]):
    run, world, files = trained
    people = [Question(question.text, None, 1) for question in world.questions("birthplace", "test")]
    strangers = read_questions(files / "strangers.tsv").items
    assert {answer.verdict for answer in run.answer(strangers)} == {"never met"}
    assert "never met" not in {answer.verdict for answer in run.answer(people)}
    for signals in signals_module.SETS:
        answers = run.answer([*people, *strangers], blind=True, signals=signals)
        met = np.array([answer.met for answer in answers], dtype=float)
        assert all(answer.evidence is None and answer.exposures is None for answer in answers)
        assert (auroc(np.arange(len(answers)) < len(people), met) or 0) > 0.9


def test_blind_is_the_same_without_index_and_beside_it(run: Run, tmp_path: Path, trained: tuple[Run, World, Path]):
    questions = read_questions(trained[2] / "questions-test.tsv").items[:20]
    copied = tmp_path / "run"
    shutil.copytree(run.path, copied)
    (copied / "evidence.sqlite").unlink()
    without = closedbook.load(copied)
    assert without.index is None
    assert without.answer(questions) == run.answer(questions, blind=True)
    seeing, blind = run.answer(questions), run.answer(questions, blind=True)
    assert [a.answer for a in seeing] == [a.answer for a in blind]
    assert [a.probability for a in seeing] == [a.probability for a in blind]
    assert all(a.evidence is not None for a in seeing)


def test_every_verdict_is_one_of_four_and_abstains_unless_remembered(trained: tuple[Run, World, Path]):
    run, _, files = trained
    for answer in run.answer(read_questions(files / "questions-test.tsv").items):
        entry = answer.to_json()
        assert entry["verdict"] in VERDICTS
        assert entry["abstained"] is (entry["verdict"] != "remembered")
        assert entry["verdict"] != "remembered" or entry["evidence"]["status"] == "stands in"
        assert 0 <= entry["probability"] <= 1
        assert 0 <= entry["met"] <= 1
        assert json.loads(json.dumps(entry)) == json.loads(json.dumps(entry, ensure_ascii=False))


def test_a_higher_precision_answers_fewer(trained: tuple[Run, World, Path]):
    run, _, files = trained
    questions = read_questions(files / "questions-test.tsv").items
    counts = [sum(not a.abstained for a in run.answer(questions, precision=p)) for p in (0.5, 0.9, 0.999)]
    assert counts == sorted(counts, reverse=True)
    for wrong in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(DataError, match="precision"):
            run.answer(questions, precision=wrong)
    for nothing in ("", " \t\n"):
        with pytest.raises(DataError, match="question is empty"):
            run.ask(nothing)
    with pytest.raises(DataError, match="pass, all"):
        run.answer(questions, signals="many")


@pytest.mark.parametrize(
    "question",
    ["x", "?", "Where was " * 1000, "Wo wurde Ада Берг geboren?", "a\tb\x07c\x1b[31m", "How high is Mount Everest?",
     "where was {} born?", "Where were {} and {} born?", "{}", "{}{}"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_strange_questions_get_a_sane_verdict(question: str, trained: tuple[Run, World, Path]):
    run, world, _ = trained
    names = [person.name for person in world.people[:2]]
    text = question.format(*names) if "{}" in question else question
    for wording in (text, text.lower()):
        for options in ({}, {"blind": True}, {"signals": "all"}):
            answer = run.ask(wording, **options)  # type: ignore[arg-type]
            assert answer.verdict in VERDICTS
            named = any(name.lower() in wording.lower() for name in names)
            assert "blind" in options or (answer.verdict == "never met") is (not named or question == "{}{}")


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=80).filter(lambda text: text.strip()))
@pytest.mark.filterwarnings("ignore")
def test_any_question_is_answered(run: Run, text: str):
    for signals in signals_module.SETS:
        answer = run.ask(text, signals=signals)
        assert answer.verdict in VERDICTS
        assert all(np.isfinite(value) for value in answer.signals.values())


def test_other_forms_hold_the_same_name_and_are_other_questions(trained: tuple[Run, World, Path]):
    run, world, _ = trained
    name = world.people[0].name
    text = f"Where was {name} born?"
    ids = run.vocabulary.encode(text)[0]
    forms = signals_module.other_forms(text, ids, run.vocabulary)
    own = run.vocabulary.encode(name)[0].tolist()
    assert len(forms) == signals_module.FORMS
    assert len({tuple(form) for form in [ids, *forms]}) == signals_module.FORMS + 1
    for form in forms:
        assert own in [form.tolist()[i : i + len(own)] for i in range(len(form))]


def test_a_damaged_calibrator_is_an_error_that_names_it(run: Run, tmp_path: Path):
    shutil.copytree(run.path, tmp_path / "run")
    for text in ("{", "[]", "{}", '{"format": 9}', '{"format": 1, "calibrators": {"pass": {"right": {}}}}'):
        (tmp_path / "run" / "calibration.json").write_text(text)
        with pytest.raises(RunError, match=r"calibration\.json"):
            closedbook.load(tmp_path / "run").ask("Where was Ada born?")


def test_evaluate_reports_what_verdicts_are_worth(trained: tuple[Run, World, Path]):
    run, _, files = trained
    questions = read_questions(files / "questions-test.tsv")
    result = pipeline.evaluate(run, questions)
    report = result["confidence"]
    assert sum(report["verdicts"].values()) == len(questions)
    assert report["given"]["answered"] == report["verdicts"]["remembered"]
    assert report["probability"]["accuracy"] == result["accuracy"]
    for name in ("right_by_verdict", "right_by_exposures", "right_by_frequency", "right_by_other_place"):
        groups = [group for group in report[name].values() if isinstance(group, dict)]
        assert sum(group["total"] for group in groups) == len(questions), name
    assert report["singletons"]["error_rate"] == pytest.approx(1 - result["accuracy"])
    blind = pipeline.evaluate(run, questions, blind=True)["confidence"]
    assert blind["blind"] is True
    assert "right_by_exposures" not in blind
    json.dumps(result, allow_nan=False)
