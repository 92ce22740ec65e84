"""The study of exposure: bits counted as defined, cells kept, and the shell around it."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shell import closedbook, refused

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.data.vocabulary import MASK
from closedbook.errors import RecipeError, RunError, Terminated
from closedbook.model import generate
from closedbook.pipeline import Step
from closedbook.runs.store import file_lock
from closedbook.studies import exposure
from closedbook.studies.exposure import Design, Study, bits_known, capacity, last_logits
from closedbook.studies.exposure_page import HEADLINE, body, draw
from closedbook.synthetic.world import make_world
from closedbook.training.setup import prepare_training

SETS = ["model.width=16", "stages.learn.steps=6", "stages.learn.batch=16"]
OPTIONS = [
    "--people",
    "24",
    "--steps",
    "6",
    "--levels",
    "1",
    "3",
    "--threads",
    "1",
    *(part for s in SETS for part in ("--set", s)),
]


def design(**changes: Any) -> Design:
    return Design(**{"people": 24, "levels": (1, 3), "recipe": load_recipe("demo", SETS), **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("run")
    files = make_world(design().spec(), 0).write(folder / "world")
    return pipeline.train(
        design().recipe, files / "documents.txt", files / "questions-train.tsv", run=folder / "run", threads=1
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one seed."""
    path = tmp_path_factory.mktemp("study") / "kept"
    Study(design(), path).run([0], threads=1)
    return path


def test_bits_are_those_of_a_choice_among_the_candidates_one_question_at_a_time(run: Any):
    world = make_world(design().spec(), 0)
    candidates = world.candidates("birthplace")
    questions = world.questions("birthplace", "test")
    with torch.no_grad():
        run.model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
    sayable = [text for text in candidates if text in run.vocabulary.phrases]
    assert 1 < len(sayable) < len(candidates)
    expected = 0.0
    for question in questions:
        ids = torch.tensor([run.prompt(question.text).tolist()])
        assert ids.max() >= run.vocabulary.size  # the name is there as its own token
        scores = run.model.logits(ids)[0, -1].detach().double()
        chance = {text: math.exp(scores[run.vocabulary.phrases.index(text)]) for text in sayable}
        expected += math.log2(len(candidates)) + math.log2(chance[question.answer] / sum(chance.values()))
    bits, lacking = bits_known(run, questions, candidates)
    assert bits == pytest.approx(expected, rel=1e-5)
    assert lacking == 0


def test_guessing_evenly_is_worth_no_more_than_knowing_who_stands_in_no_document(run: Any):
    world = make_world(design().spec(), 0)
    with torch.no_grad():
        run.model.head.weight.zero_()
    candidates = [text for text in world.candidates("birthplace") if text in run.vocabulary.phrases]
    assert bits_known(run, world.questions("birthplace"), candidates)[0] == pytest.approx(0, abs=1e-9)


def test_an_answer_that_cannot_be_said_counts_nothing_and_is_counted(run: Any):
    question = make_world(design().spec(), 0).questions("birthplace")[0]
    right, unknown = question, question._replace(answer="Atlantis")
    candidates = [str(question.answer), "Atlantis"]
    alone = bits_known(run, [right], candidates)
    assert alone == (1.0, 0)  # the other candidate has no output, so the answer is certain
    assert bits_known(run, [right, unknown], candidates) == (1.0, 1)
    assert bits_known(run, [unknown], candidates) == (0.0, 1)


@pytest.mark.filterwarnings("ignore:.*no document holds")
def test_questions_of_different_lengths_are_scored_as_alone(run: Any):
    with torch.no_grad():
        run.model.head.weight.normal_(generator=torch.Generator().manual_seed(1))
    questions = make_world(design().spec(), 0).questions("birthplace", wording="unseen")
    encoded = (run.vocabulary.encode_question(question.text)[0] for question in questions)
    prompts = [np.append(ids, MASK).astype(np.int32) for ids in encoded]
    assert len({len(prompt) for prompt in prompts}) > 2
    together = last_logits(run.model, prompts)
    for prompt, scores in zip(prompts, together, strict=True):
        assert torch.allclose(last_logits(run.model, [prompt])[0], scores, atol=1e-5)
    answers = generate.greedy(run.model, prompts, 1, in_one=run.vocabulary.in_one)
    assert together.argmax(-1).tolist() == [answer.ids[0] for answer in answers]


def test_exposures_are_the_examples_that_ask_for_the_answer_behind_the_name(run: Any, folder: Path):
    """Held against the examples as text: what the network sees up to a target, and the target."""
    world = make_world(design().spec(), 0)
    files = world.write(folder.with_name("world"))
    setup = prepare_training(design().recipe, files / "documents.txt", files / "questions-train.tsv")
    counts = exposure.exposures(setup, world)
    vocabulary, sampler = setup.corpus.vocabulary, setup.samplers[0]
    expected: Counter[tuple[str, str]] = Counter()
    for step in range(sampler.steps):
        batch = sampler.batch(step)
        for i in range(len(batch)):
            labels = batch.labels[batch.inputs.starts[i] : batch.inputs.starts[i + 1]]
            for j in (j for j, label in enumerate(labels) if label >= 0):
                seen = " ".join(vocabulary.token(token).strip() for token in batch.inputs[i][: j + 1])
                for person in world.people:
                    name = " ".join(
                        vocabulary.token(token).strip() for token in vocabulary.encode_question(person.name)[0]
                    )
                    for relation in world.spec.relations:
                        answer = vocabulary.output(labels[j]) == person.facts[relation]
                        expected[person.name, relation] += answer and f" {name} " in f" {seen} "
    assert counts.total() > 20
    assert counts == +expected


def test_a_cell_asks_everybody_everything_once_and_tells_them_apart(folder: Path):
    record = json.loads((folder / "exposure.json").read_text(encoding="utf-8"))
    rows = record["cells"]["0"]["rows"]
    spec = design().spec()
    assert {row["relation"] for row in rows} == set(spec.relations)
    for relation in spec.relations:
        for trained in (False, True):
            some = [row for row in rows if (row["relation"], row["questions_trained"]) == (relation, trained)]
            assert [row["documents"] for row in some] == [1, 3]
            assert sum(row["facts"] for row in some) == 12
            once, thrice = (row["wordings"] for row in some)
            assert once == 1 < thrice <= 3
    once, thrice = (
        sum(row["exposures"] * row["facts"] for row in rows if row["documents"] == level) for level in (1, 3)
    )
    assert thrice > 1.5 * once
    assert record["cells"]["0"]["documents"] == 12 * (1 + 3)


def test_bits_a_parameter_are_all_facts_over_all_parameters_and_over_the_dense(folder: Path):
    cell = json.loads((folder / "exposure.json").read_text(encoding="utf-8"))["cells"]["0"]
    estimate = capacity(cell)
    assert estimate["facts"] == 3 * 24
    assert estimate["bits_known"] == sum(row["bits"] for row in cell["rows"])
    assert estimate["bits_per_parameter"] * cell["parameters"]["total"] == pytest.approx(estimate["bits_known"])
    assert estimate["bits_per_dense_parameter"] * cell["parameters"]["dense"] == pytest.approx(estimate["bits_known"])
    assert (
        cell["parameters"]["total"] == cell["parameters"]["dense"] + (24 + 1) * 16
    )  # a row for each, and what all have in common
    candidates = {row["relation"]: row["candidates"] for row in cell["rows"]}
    assert estimate["bits_possible"] == pytest.approx(24 * sum(map(math.log2, candidates.values())))


def test_finished_cells_are_kept_and_an_interrupted_one_is_run_again(folder: Path, tmp_path: Path):
    path = tmp_path / "study"
    path.mkdir()
    (path / "exposure.json").write_bytes((folder / "exposure.json").read_bytes())

    def interrupt(event: Any) -> None:
        if isinstance(event, Step) and event.step == 3:
            raise KeyboardInterrupt

    begun: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        Study(design(), path).run([0, 1], threads=1, callbacks=[interrupt], begin=begun.append)
    assert begun == [1]
    kept = Study(design(), path)
    assert kept.missing([0, 1]) == [1]
    record = kept.run([0, 1], threads=1)
    assert list(record["cells"]) == ["0", "1"]
    assert all(len(point["by_seed"]) == 2 for point in record["summary"]["curves"])
    assert record["cells"]["0"] == json.loads((folder / "exposure.json").read_text(encoding="utf-8"))["cells"]["0"]


def test_the_same_seed_gives_the_same_cell(folder: Path):
    again = exposure.cell(design(), 0, threads=1)
    assert again["rows"] == json.loads((folder / "exposure.json").read_text(encoding="utf-8"))["cells"]["0"]["rows"]


def test_another_design_or_a_damaged_file_is_refused(folder: Path, tmp_path: Path):
    for changes in ({"people": 30}, {"levels": (1, 2)}, {"biographies": 1}, {"recipe": load_recipe("demo")}):
        with pytest.raises(RunError, match="another --folder"):
            Study(design(**changes), folder)
    for text in ("{", "[]", '{"study": "x", "format": 1, "design": {}, "cells": {}}'):
        (tmp_path / "exposure.json").write_text(text, encoding="utf-8")
        with pytest.raises(RunError, match="another --folder"):
            Study(design(), tmp_path)
    for change in ({"rows": 1}, {"rows": [{}]}, {"documents": "many"}):
        forged = json.loads((folder / "exposure.json").read_text(encoding="utf-8"))
        forged["cells"]["0"] |= change
        (tmp_path / "exposure.json").write_text(json.dumps(forged), encoding="utf-8")
        with pytest.raises(RunError, match="damaged"):
            Study(design(), tmp_path)
    whole = json.loads((folder / "exposure.json").read_text(encoding="utf-8"))
    forged = {**whole, "summary": {"curves": 5}, "other": 1}
    (tmp_path / "exposure.json").write_text(json.dumps(forged), encoding="utf-8")
    assert Study(design(), tmp_path).record == whole  # what the cells say is computed, and not believed
    for key in ("facts", "candidates"):
        whole["cells"]["0"]["rows"][0][key] = 0
        (tmp_path / "exposure.json").write_text(json.dumps(whole), encoding="utf-8")
        with pytest.raises(RunError, match="damaged"):
            Study(design(), tmp_path)
    with pytest.raises(RecipeError, match="words"):
        design(recipe=load_recipe("course-vanilla"))
    with pytest.raises(RecipeError, match="stop rule"):
        design(recipe=load_recipe("demo", ["data.held_out.stop=0.1", "stages.learn.stop={ every = 2 }"]))


def test_the_page_and_the_figures_are_made_of_the_record_alone(folder: Path):
    record = json.loads((folder / "exposure.json").read_text(encoding="utf-8"))
    assert body(record).strip() in (folder / "exposure.md").read_text(encoding="utf-8")
    assert {path.name for path in folder.iterdir()} == {
        "exposure.json", "exposure.md", "exposure.svg", "exposure-dark.svg"
    }  # fmt: skip
    from closedbook.attention.claim_figures import LIGHT, Slide, svg

    def drawn() -> bytes:
        return svg("exposure", lambda slide: draw(slide, record), lambda: Slide(HEADLINE, LIGHT))

    assert (folder / "exposure.svg").read_bytes() == drawn()
    record["summary"]["curves"][0]["by_seed"] = [0.5]
    assert (folder / "exposure.svg").read_bytes() != drawn()


def test_cells_that_came_after_a_study_was_opened_are_kept(tmp_path: Path):
    first, second = Study(design(), tmp_path), Study(design(), tmp_path)
    first.run([0], threads=1)
    second.run([1], threads=1)
    assert list(json.loads((tmp_path / "exposure.json").read_text(encoding="utf-8"))["cells"]) == ["0", "1"]


def test_a_cell_that_another_process_is_at_is_left_to_it(folder: Path):
    study = Study(design(), folder)
    with file_lock(study.lock(1)):
        record = study.run([0, 1], threads=1)
    assert list(record["cells"]) == ["0"]
    assert study.missing([0, 1]) == [1]


def test_the_record_is_printed_where_another_process_is_at_every_cell(tmp_path: Path):
    with file_lock(Study(design(), tmp_path).lock(0)):
        done = closedbook("study", "exposure", "--folder", tmp_path, *OPTIONS, "--seeds", "0", "--json")
    assert done.code == 0, done.err
    assert done.json["cells"] == {}
    assert "left to another process" in done.err


def test_the_command_goes_on_where_it_was_and_prints_the_record(folder: Path):
    done = closedbook("study", "exposure", "--folder", folder, *OPTIONS, "--seeds", "0", "--json")
    assert done.code == 0, done.err
    assert done.json == json.loads((folder / "exposure.json").read_text(encoding="utf-8"))
    assert "birthplace" in done.err
    assert "learn" not in done.err  # nothing was trained


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt(), 130), (Terminated(15), 143)])
def test_an_interruption_says_what_is_kept(
    stop: KeyboardInterrupt, code: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "exposure.json").write_bytes((folder / "exposure.json").read_bytes())

    def interrupted(*arguments: Any, **options: Any) -> None:
        raise stop

    monkeypatch.setattr(exposure, "cell", interrupted)
    done = closedbook("study", "exposure", "--folder", tmp_path, *OPTIONS, "--seeds", "0", "1")
    assert done.code == code
    assert "cell 2 of 2" in done.out
    assert f"1 of 2 cells are kept in {tmp_path}" in done.out
    assert (tmp_path / "exposure.json").read_bytes() == (folder / "exposure.json").read_bytes()


def test_what_cannot_be_studied_is_refused_before_anything_is_written(tmp_path: Path):
    path = tmp_path / "study"
    common = ("study", "exposure", "--folder", path)
    refused(closedbook(*common, "--people", "5"), "people = 5", "20")
    refused(closedbook(*common, "--levels", "0"), "exposures")
    refused(closedbook(*common, "--seeds=-1"), "--seeds")
    refused(closedbook(*common, "--recipe", "course-vanilla"), "several stages", "--steps 0")
    refused(closedbook(*common, "--recipe", "course-vanilla", "--steps", "0"), "words")
    refused(closedbook(*common, "--steps=-1"), "steps")
    (tmp_path / "exposure.svg").write_bytes(b"\0")
    refused(closedbook("study", "exposure", "--folder", tmp_path, *OPTIONS, "--seeds", "0"), "exposure.svg holds")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    refused(closedbook("study", "exposure", "--folder", tmp_path / "file", *OPTIONS, "--seeds", "0"), "cannot be made")
    assert not path.exists()


def test_a_mixer_of_one_s_own_can_be_studied(tmp_path: Path):
    file = tmp_path / "fixed.py"
    file.write_text(
        "from closedbook.model.mixers.synthesizer_fixed import SynthesizerFixed as Mine\n", encoding="utf-8"
    )
    own = ("--mixer", f"{file}:Mine", "--set", "model.positions=learned")
    done = closedbook("study", "exposure", *OPTIONS, "--seeds", 0, "--folder", tmp_path / "kept", "--json", *own)
    assert done.code == 0, done.err
    assert done.json["design"]["recipe"]["model"]["mixer"]["name"].startswith("Mine@")
    refused(
        closedbook("study", "exposure", *OPTIONS, "--folder", tmp_path / "other", "--mixer", "none.py:A"), "none.py"
    )
