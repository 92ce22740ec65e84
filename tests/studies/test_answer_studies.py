"""The studies of answers: cells that are kept, halves that are balanced, strangers that are strangers."""

from __future__ import annotations

import json
import os
import re
import signal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shell import closedbook as shell
from shell import refused
from words_run import SMALL, make_words_run

from closedbook.config.loading import load_recipe
from closedbook.data.questions import Question, read_questions
from closedbook.errors import DataError, RunError, Terminated
from closedbook.evaluation.metrics import auroc
from closedbook.inference.answer import Answer
from closedbook.inference.run import Run
from closedbook.studies import answer_cache
from closedbook.studies.ablation import Design, effect, halves, run_ablation, summary
from closedbook.studies.answer_cache import AnswerCache
from closedbook.studies.probe_baselines import cross_fitted, names_only, output_only
from closedbook.studies.strangers import KNOWN, borrowed, in_cyrillic, invented
from closedbook.synthetic.world import World, WorldSpec, make_world

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, World, Path]:
    return make_words_run(tmp_path_factory.mktemp("words"), ["data.derive_questions=false"])  # some answers are wrong


def test_every_person_is_in_exactly_half_of_the_models_and_halves_are_equal():
    titles = [f"Person {i}" for i in range(101)] + ["Person 0"]  # one of them has two documents
    parts = halves(titles, 8, seed=1)
    assert len(parts) == 8
    assert {sum(name in half for half in parts) for name in titles} == {4}
    assert {len(half) for half in parts} == {50, 51}
    assert parts == halves(titles[::-1], 8, seed=1) != halves(titles, 8, seed=2)
    assert len({frozenset(half) for half in parts}) == 8


def test_the_effect_is_the_mean_of_the_people_s_and_chance_gives_none():
    inside = np.array([[True, False], [False, True], [True, False], [False, True]])
    measured = effect(inside, inside)  # right exactly where the page is in
    assert (measured["effect"], measured["accuracy_in"], measured["accuracy_out"]) == (1, 1, 0)
    rng = np.random.default_rng(0)
    inside = rng.permuted(np.repeat([[True], [False]], 4, 0).repeat(300, 1), axis=0)
    chance = effect(rng.random((8, 300)) < 0.5, inside)
    low, high = chance["permutation_interval"]
    assert low < chance["effect"] < high
    assert chance["p_value"] > 0.01
    assert sum(chance["by_effect"]) == 300
    strong = effect((rng.random((8, 300)) < 0.3) | (inside & (rng.random((8, 300)) < 0.5)), inside)
    assert strong["effect"] > strong["permutation_interval"][1]
    assert strong["p_value"] < 0.001


def test_an_ablation_counts_people_not_questions_and_no_name_is_in_two_folds():
    rng = np.random.default_rng(1)
    names = [f"Person {i % 40}" for i in range(120)]  # three questions about each
    cells = []
    for half in (rng.permutation(40) < 20, rng.permutation(40) < 20):
        for inside in (half, ~half):
            answers = [{"in": bool(inside[i % 40]), "right": bool(inside[i % 40]), "met": 0.5, "met_all": 0.5}
                       for i in range(120)]  # fmt: skip
            cells.append({"answers": answers})
    measured = summary(cells, names, np.arange(40) < 10, seed=0)
    assert measured["effect"]["all"]["people"] == sum(measured["effect"]["all"]["by_effect"]) == 40
    assert measured["effect"]["named elsewhere"]["people"] == 10
    assert measured["effect"]["all"]["effect"] == 1
    assert len(measured["met"]["auroc"]["names only"]["by_model"]) == 4
    labels = rng.random(60) < 0.5  # nothing to be found in spelling
    thrice = [f"{'abcdefgh'[i % 8]}{i * 7919 % 1000} {i * 104729 % 977}" for i in range(60)] * 3
    assert auroc(np.tile(labels, 3), names_only(thrice, np.tile(labels, 3))) < 0.7


def test_ablation_goes_on_where_it_stopped_and_finds_that_pages_matter(tmp_path: Path):
    world = make_world(WorldSpec(people=60, biographies_per_person=2, strangers=0, relations=("birthplace",)), 3)
    files = world.write(tmp_path / "world")
    small = [*SMALL, "data.held_out={calibrate=0.0}", "stages.learn.steps=60"]
    design = Design(files / "documents.txt", files / "questions-train.tsv", load_recipe("fast", small), 2, asked=0.5)
    begun: list[int] = []

    def stops(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_ablation(design, tmp_path / "study", threads=1, begin=stops)
    record = run_ablation(design, tmp_path / "study", threads=1, begin=begun.append)
    assert begun == [0, 1, 1]
    assert record["asked"] + sum(cell["questions"] for cell in record["cells"]) <= 30 + 30
    assert {cell["documents"] for cell in record["cells"]} == {60}
    assert record["summary"]["effect"]["all"]["effect"] > 0
    assert record["summary"]["met"] is None  # nothing was kept out to calibrate by
    assert json.loads((tmp_path / "study" / "ablation.json").read_text()) == json.loads(json.dumps(record))
    assert not list((tmp_path / "study").glob("model-*"))
    told = (tmp_path / "study" / "ablation.md").read_text(encoding="utf-8")
    assert "of 60 titles" in told.replace("\n", " ")
    assert not re.search("person|people", told)  # the documents may be about anything
    again = run_ablation(design, tmp_path / "study", threads=1, begin=begun.append)
    assert len(begun) == 3
    assert again == json.loads(json.dumps(record))
    models = tmp_path / "study" / "models.json"
    stored = json.loads(models.read_text(encoding="utf-8"))
    stored["cells"]["1"]["answers"].pop()
    models.write_text(json.dumps(stored), encoding="utf-8")
    anew = run_ablation(design, tmp_path / "study", threads=1, begin=begun.append)
    assert begun == [0, 1, 1, 1]  # a model that did not answer every question
    assert anew["summary"] == record["summary"]
    other = Design(files / "documents.txt", files / "questions-train.tsv", load_recipe("fast", small), 2, 1, 0.5)
    with pytest.raises(RunError, match="another seed"):
        run_ablation(other, tmp_path / "study")


def test_an_odd_number_of_models_is_refused(tmp_path: Path):
    words = ["study", "ablation", "--documents", "x", "--questions", "y", "--folder", tmp_path / "study", "--models", 3]
    refused(shell(*words), "even number")
    with pytest.raises(DataError, match="between 0 and 1"):
        Design(Path("x"), Path("y"), load_recipe("fast"), 2, asked=1.0)


def test_strangers_of_every_kind_are_no_titles():
    titles = ["Agnes Berg", "Nils Dahlgren", "Carla Berg", "Erik Lundqvist", "Olga Petrovna Ivanova"]
    groups = invented(titles, ["Hugo Weiss", "Agnes Berg"], 20, seed=0)
    assert {
        "new surname",
        "new first name",
        "both new",
        "recombined",
        "one letter off",
        "another script",
    } < groups.keys()
    assert groups["mentioned without a page"] == ["Hugo Weiss"]
    words = {word for title in titles for word in title.split()}
    for group, names in groups.items():
        assert 0 < len(names) <= 20
        assert not set(names) & set(titles), group
    assert all(name.split()[-1] not in words for name in groups["new surname"])
    assert all(name.split()[-1] in words and name.split()[0] in words for name in groups["recombined"])
    assert groups == invented(titles, ["Hugo Weiss", "Agnes Berg"], 20, seed=0)
    assert in_cyrillic("Agnes Berg") == "Агнес Берг"
    assert in_cyrillic("Müller") is None


def test_strangers_fluency_and_reversal_write_record_figure_and_page(trained: tuple[Run, World, Path], tmp_path: Path):
    run, world, files = trained
    left_out = tmp_path / "names.txt"
    left_out.write_text("".join(f"{stranger.name}\n" for stranger in world.strangers), encoding="utf-8")
    questions = ["--questions", files / "questions-test.tsv", "--folder", tmp_path / "study", "--json"]
    records = {}
    for name, more in (("strangers", ["--count", 20, "--left-out", left_out]), ("fluency", []), ("reversal", [])):
        done = shell("study", name, run.path, *questions, *more)
        assert done.code == 0, done.err
        records[name] = done.json
        assert json.loads((tmp_path / "study" / f"{name}.json").read_text()) == done.json
        page = (tmp_path / "study" / f"{name}.md").read_text(encoding="utf-8")
        assert f"{name}.svg" in page
        assert "None" not in page
        for file in (f"{name}.svg", f"{name}-dark.svg"):
            assert "<svg" in (tmp_path / "study" / file).read_text()
    groups = records["strangers"]["groups"]
    assert groups[KNOWN]["names"] == 40
    assert groups["page taken out"]["names"] == len(world.strangers)
    assert all(group["met_against_known"]["auroc"] > 0.6 for name, group in groups.items() if name != KNOWN)
    assert records["strangers"]["invented"]["names"] == sum(group["names"] for n, group in groups.items() if n != KNOWN)
    judges = records["fluency"]["judges"]
    assert judges["calibrated probability"]["auroc"] >= judges["a reader of the output alone"]["auroc"] - 0.1
    assert records["reversal"]["backward"]["total"] == records["reversal"]["places"]
    assert records["reversal"]["forward"]["total"] == 40
    refused(shell("study", "reversal", run.path, *questions[:-1], "--form", "Who?"), "{answer}")


def test_a_wording_may_hold_braces_of_its_own(trained: tuple[Run, World, Path], tmp_path: Path):
    run, _, files = trained
    first = read_questions(files / "questions-test.tsv").items[0]
    (tmp_path / "braces.tsv").write_text(f"{first.text} {{x}}\t{first.answer}\n", encoding="utf-8")
    arguments = ["--questions", tmp_path / "braces.tsv", "--folder", tmp_path / "study", "--count", 2, "--json"]
    done = shell("study", "strangers", run.path, *arguments)
    assert done.code == 0, done.err
    assert "NAME" in done.json["wording"]
    assert done.json["wording"].endswith("{x}")


@pytest.mark.parametrize("name", ["strangers", "fluency", "reversal"])
def test_a_study_of_answers_goes_on_where_it_was_interrupted(
    name: str, trained: tuple[Run, World, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run, _, files = trained
    command = ["study", name, run.path, "--questions", files / "questions-test.tsv", "--folder", tmp_path, "--json"]
    command += ["--count", "20"] if name == "strangers" else []
    real, texts = Run.answer, []

    def counts(self: Run, questions: list[Question], **how: Any) -> list[Answer]:
        texts.append([question.text for question in questions])
        if len(texts) == stops:
            raise Terminated(signal.SIGTERM)
        return real(self, questions, **how)

    monkeypatch.setattr(Run, "answer", counts)
    monkeypatch.setattr(answer_cache, "BLOCK", 16)
    stops = 3
    interrupted = shell(*command)
    assert interrupted.code == 128 + signal.SIGTERM
    assert "kept" in interrupted.err
    kept = tmp_path / f"{name}-answers.jsonl"
    kept.write_bytes(kept.read_bytes() + b'{"block": "cut o')  # as a killed process would leave it
    stops, before = -1, texts.copy()
    texts.clear()
    resumed = shell(*command)
    assert resumed.code == 0
    assert texts[0] == before[2]  # nothing that was answered is asked again
    assert not kept.exists()
    again, texts[:] = texts.copy(), []
    assert shell(*command).json == resumed.json
    assert texts == before[:2] + again


def test_a_file_of_answers_cut_off_twice_loses_no_whole_block(trained: tuple[Run, World, Path], tmp_path: Path):
    run, _, files = trained
    questions, path = read_questions(files / "questions-test.tsv").items, tmp_path / "answers.jsonl"
    for some in (questions[:3], questions[3:6]):
        path.write_bytes((path.read_bytes() if path.exists() else b"") + b'{"block": "cut o')
        AnswerCache(run, path).answer(some, blind=True)
    assert len(AnswerCache(run, path).blocks) == 2


def test_a_study_whose_answers_cannot_be_kept_says_so(trained: tuple[Run, World, Path], tmp_path: Path):
    run, _, files = trained
    (tmp_path / "reversal-answers.jsonl").mkdir()
    arguments = ["--questions", files / "questions-test.tsv", "--folder", tmp_path]
    refused(shell("study", "reversal", run.path, *arguments), "cannot be read", "--folder")
    if Path("/dev/full").exists():
        full = AnswerCache(run, tmp_path / "answers.jsonl")
        full.path = Path("/dev/full")
        with pytest.raises(RunError, match="cannot be written"):
            full.answer(read_questions(files / "questions-test.tsv").items[:2], blind=True)


def test_lines_that_are_no_answers_are_asked_again_and_a_pipe_is_not_waited_for(
    trained: tuple[Run, World, Path], tmp_path: Path
):
    path = tmp_path / "answers.jsonl"
    lines = ["[" * 100_000, '{"block": "x", "answers": [{"question": 1}]}', '{"block": [], "answers": []}', "5", "{"]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert AnswerCache(trained[0], path).blocks == {}
    questions = [Question("Who is Ada Quill?", None, 1)]
    path.unlink()
    with warnings.catch_warnings(action="ignore"):
        honest = AnswerCache(trained[0], path).answer(questions, blind=True)
        kept = json.loads(path.read_text(encoding="utf-8"))
        for answers in ([], 2 * kept["answers"], [{**kept["answers"][0], "probability": "high"}]):
            path.write_text(json.dumps({**kept, "answers": answers}), encoding="utf-8")
            assert AnswerCache(trained[0], path).answer(questions, blind=True) == honest
    if hasattr(os, "mkfifo"):
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(RunError, match=r"cannot be read \(it is a pipe"):
            AnswerCache(trained[0], path)


def test_answers_of_other_weights_are_not_taken_for_a_run_s(trained: tuple[Run, World, Path], tmp_path: Path):
    run, _, files = trained
    questions = read_questions(files / "questions-test.tsv").items
    AnswerCache(run, tmp_path / "answers.jsonl").answer(questions, blind=True)
    same, other = (AnswerCache(run, tmp_path / "answers.jsonl") for _ in range(2))
    other.run_key = "trained anew"
    for answers, fresh in ((same, False), (other, True)):
        stored = len(answers.blocks)
        answers.answer(questions, blind=True)
        assert (len(answers.blocks) > stored) is fresh


def test_borrowing_finds_the_name_it_was_borrowed_from():
    titles = ["Agnes Berg", "Nils Dahl", "Carla Ruiz"]
    everybody = {"Agnes Berg": "Oslo", "Nils Dahl": "Rome", "Carla Ruiz": "Lima"}

    class TokenPrediction:
        def __init__(self, answer: str) -> None:
            self.answer = answer

    names = ["Agnes Bergg", "Otto Dahl"]
    share = borrowed(names, [TokenPrediction("Oslo"), TokenPrediction("Rome")], titles, everybody, 0)  # type: ignore[list-item]
    assert share["spelling"]["share"] == 1
    assert share["surname"] == {"share": 1, "names": 1}
    assert share["first name"] == {"share": 1, "names": 1}
    assert 0.2 < share["chance"]["share"] < 0.5


def test_judges_from_outside_find_what_is_there_and_nothing_else():
    rng = np.random.default_rng(0)
    names = [f"{'Zyxo' if i % 2 else 'Abel'} {'bcdfg'[i % 5] * 3}" for i in range(120)]
    label = np.arange(120) % 2 == 1
    assert ((names_only(names, label) > 0.5) == label).mean() > 0.95
    noise = rng.random(120) < 0.5
    assert 0.3 < ((names_only(names, noise) > 0.5) == noise).mean() < 0.7
    answers = ["London" if right else "x9" for right in label]
    assert ((output_only(answers, label, {"London": 9}) > 0.5) == label).all()
    assert cross_fitted(rng.random((1, 3)), np.array([True]), 1.0).tolist() == [0.5]
