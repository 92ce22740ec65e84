"""What the commands print: the keys scripts rely on, JSON alone on standard output, and words for people."""

from __future__ import annotations

import json
import os
import shlex
import tomllib
from pathlib import Path

import pytest
from shell import COURSE, Tiny, closedbook, hashes, in_a_process

from closedbook.config.loading import recipe_names
from closedbook.config.registry import REGISTRIES
from closedbook.runs.folder import FORMAT, RunFolder

ANSWER = {
    "question", "answer", "gold", "right", "probability", "unknown_characters", "dropped_tokens",
    "verdict", "why", "abstained", "met", "evidence", "exposures", "model_probability", "calibrated",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(finished: Path) -> Path:
    return finished


@pytest.fixture(scope="module")
def alone(tiny: Tiny) -> Path:
    """The dev questions without their answers."""
    path = tiny.folder / "questions-alone.txt"
    lines = tiny.dev.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(line.split("\t")[0] + "\n" for line in lines), encoding="utf-8")
    return path


# evaluate ----------------------------------------------------------------------------------------------------------


def test_evaluate_has_the_keys_scripts_rely_on(tiny: Tiny, run: Path):
    done = closedbook("evaluate", run, "--questions", tiny.dev, "--json")
    assert done.code == 0
    result = done.json
    assert {"correct", "total", "accuracy", "interval", "seconds"} <= result.keys()
    assert result["total"] == 12
    assert result["accuracy"] == result["correct"] / 12
    low, high = result["interval"]
    assert 0 <= low <= result["accuracy"] <= high <= 1
    assert "of 12 right" in done.err


def test_thousands_are_written_with_commas(tiny: Tiny, run: Path, tmp_path: Path):
    many = tmp_path / "many.tsv"
    many.write_text(100 * tiny.dev.read_text(encoding="utf-8"), encoding="utf-8")
    done = closedbook("evaluate", run, "--questions", many)
    assert " of 1,200 right" in done.out
    assert "1200" not in done.out


def test_evaluate_without_answers_scores_nothing_and_succeeds(run: Path, alone: Path, tmp_path: Path):
    done = closedbook("evaluate", run, "--questions", alone, "--answers", tmp_path / "a.jsonl", "--json")
    assert done.code == 0
    result = done.json
    assert [result[key] for key in ("correct", "accuracy", "interval")] == [None, None, None]
    assert result["total"] == 12
    for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        assert entry.keys() >= ANSWER
        assert entry["gold"] is None
        assert entry["right"] is None
    assert "no answers to score" in closedbook("evaluate", run, "--questions", alone).out


def test_answers_are_one_object_a_line_and_predictions_one_answer_a_line(tiny: Tiny, run: Path, tmp_path: Path):
    files = {"--answers": tmp_path / "answers.jsonl", "--predictions": tmp_path / "predictions.txt"}
    done = closedbook("evaluate", run, "--questions", tiny.dev, *(x for pair in files.items() for x in pair), "--json")
    entries = [json.loads(line) for line in files["--answers"].read_text(encoding="utf-8").split("\n")[:-1]]
    given = [line.split("\t") for line in tiny.dev.read_text(encoding="utf-8").splitlines()]
    assert [[entry["question"], entry["gold"]] for entry in entries] == given
    assert all(entry["right"] is (entry["answer"] == entry["gold"]) for entry in entries)
    assert all(0 <= entry["probability"] <= 1 for entry in entries)
    assert done.json["answers"] == entries
    assert files["--predictions"].read_text(encoding="utf-8").split("\n")[:-1] == [entry["answer"] for entry in entries]


def test_an_answer_with_a_line_break_is_still_one_line_of_predictions(
    tiny: Tiny, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from closedbook.data.vocabulary import Characters

    monkeypatch.setattr(Characters, "answer", lambda self, ids: "New\nYork")
    path = tmp_path / "predictions.txt"
    closedbook("evaluate", run, "--questions", tiny.dev, "--predictions", path)
    assert path.read_text(encoding="utf-8") == "New York\n" * 12


def test_evaluate_changes_the_run_folder_with_save_only(tiny: Tiny, run: Path):
    before = hashes(run)
    result = closedbook("evaluate", run, "--questions", tiny.dev, "--json").json
    assert hashes(run) == before
    assert closedbook("ask", run, "Where was Ada born?").code == 0
    assert hashes(run) == before
    saved = closedbook("evaluate", run, "--questions", tiny.dev, "--save", "--json").json
    after = hashes(run)
    assert {name for name in after if after[name] != before.get(name)} == {"evaluation.json", "run.json"}
    assert json.loads((run / "evaluation.json").read_text(encoding="utf-8")) == saved
    assert {**saved, "seconds": 0} == {**result, "seconds": 0}
    (run / "evaluation.json").unlink()


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs /dev")
def test_a_device_is_written_to_and_never_replaced(tiny: Tiny, run: Path):
    assert closedbook("evaluate", run, "--questions", tiny.dev, "--answers", "/dev/null").code == 0
    assert not Path("/dev/null").is_file()


# ask and sample ----------------------------------------------------------------------------------------------------


def test_ask_prints_the_answer_and_its_probability(tiny: Tiny, run: Path):
    question = tiny.dev.read_text(encoding="utf-8").split("\t")[0]
    done = closedbook("ask", run, question, "--json")
    answer = done.json
    assert answer.keys() >= ANSWER
    assert answer["question"] == question
    assert answer["gold"] is None
    assert answer["right"] is None
    assert 0 <= answer["probability"] <= 1
    assert answer["unknown_characters"] == 0
    assert "the network itself says" in " ".join(closedbook("ask", run, question).out.split())
    assert "next: see every answer" in closedbook("evaluate", run, "--questions", without_answers(tiny)).out


def test_a_bare_name_is_asked_about_and_the_other_kinds_of_question_are_offered(tiny: Tiny, run: Path):
    name = tiny.questions.read_text(encoding="utf-8").split("\t")[0].removeprefix("Where was ").removesuffix(" born?")
    done = closedbook("ask", run, f" {name} ")
    assert done.out.startswith(f"Where was {name} born?\n")
    other = shlex.join(["closedbook", "ask", str(run), f"What was the profession of {name}?"])
    assert done.out.endswith(f"or ask:\n  {other}\n")
    in_full = closedbook("ask", run, f"Where was {name} born?", "--json")
    assert closedbook("ask", run, name, "--json").json == in_full.json


def without_answers(tiny: Tiny) -> Path:
    """The dev questions without their answers."""
    bare = tiny.folder / "bare.tsv"
    bare.write_text("".join(f"{line.split(chr(9))[0]}\n" for line in tiny.dev.read_text("utf-8").splitlines()), "utf-8")
    return bare


def test_asking_one_is_answering_a_file_of_one(tiny: Tiny, run: Path):
    for entry in closedbook("evaluate", run, "--questions", tiny.dev, "--json").json["answers"][:4]:
        asked = closedbook("ask", run, entry["question"], "--json").json
        assert asked["answer"] == entry["answer"]
        assert asked["probability"] == pytest.approx(entry["probability"], rel=1e-4)


@pytest.mark.parametrize("answer", ["[/]", "[bold]x", "a :dog: [link]", "back\\", "[/bold][red]"])
def test_brackets_and_colons_in_an_answer_are_printed_as_they_are(
    answer: str, run: Path, monkeypatch: pytest.MonkeyPatch
):
    from closedbook.data.vocabulary import Characters

    monkeypatch.setattr(Characters, "answer", lambda self, ids: answer)
    done = closedbook("ask", run, "Where was Ada born?")
    assert done.code == 0, done.err
    assert done.out.startswith(f"I don't know; my best guess would be {answer}\n")


def test_a_character_model_of_any_text_is_trained_and_sampled(tmp_path: Path):
    text = tmp_path / "any.txt"
    text.write_text("the cat sat on the mat.\n\n\tand [then] it ran;\n" * 30, encoding="utf-8")
    small = ["model.width=16", "model.layers=1", "model.heads=2", "stages.train.steps=4", "stages.train.batch=4"]
    options = [word for override in small for word in ("--set", override)]
    done = closedbook(
        "train", "characters", "--documents", text, "--run", tmp_path / "run", "--threads", 1, *options, "--json"
    )
    assert done.code == 0, done.err
    assert done.err.strip().splitlines()[-1].strip() == f"closedbook sample {tmp_path / 'run'} 'the cat sat'"
    sampled = closedbook("sample", tmp_path / "run", "the cat", "--length", 40, "--json").json
    assert sampled["prompt"] == "the cat"
    assert len(sampled["text"]) == 40
    assert set(sampled["text"]) <= {*text.read_text(encoding="utf-8"), "⁇"}
    options = ["--length", 40]
    assert closedbook("sample", tmp_path / "run", "the cat", *options).out == f"the cat{sampled['text']}\n"
    assert closedbook("sample", tmp_path / "run", "the cat", *options, "--seed", 1).out != f"the cat{sampled['text']}\n"
    frozen = [closedbook("sample", tmp_path / "run", "the", "--temperature", t, "--top-k", k).out
              for t, k in ((0, 0), (0.8, 1), (1e-30, 0))]  # fmt: skip
    assert len(set(frozen)) == 1
    done = closedbook("ask", tmp_path / "run", "the cat?")
    assert done.code == 0
    assert "not trained on questions" in done.err


# list, show, doctor ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["recipes", "mixers", "objectives", "runs"])
def test_list_prints_a_list_of_objects_with_name_and_summary(what: str, tiny: Tiny, run: Path):
    done = closedbook("list", what, "--runs", run.parent, "--json")
    assert done.code == 0
    assert done.err == ""
    entries = done.json
    assert all(entry["name"] and entry["summary"] for entry in entries)
    names = [entry["name"] for entry in entries]
    expected = {
        "recipes": recipe_names(),
        "mixers": list(REGISTRIES["mixer"]),
        "objectives": list(REGISTRIES["objective"]),
        "runs": [str(run)],
    }
    assert names == expected[what]
    printed = closedbook("list", what, "--runs", run.parent).out.splitlines()
    assert len(printed) == 1 + len(entries)  # piped, a line each
    for line, entry in zip(printed[1:], entries, strict=True):
        assert line.split() == [*entry["name"].split(), *entry["summary"].split()]


def test_list_runs_shows_a_run_whose_record_lacks_entries_and_where_there_are_none(tmp_path: Path):
    assert "closedbook demo" in closedbook("list", "runs", "--runs", tmp_path / "none").out
    assert closedbook("list", "runs", "--runs", tmp_path / "none", "--json").json == []
    (tmp_path / "bare").mkdir()
    RunFolder(tmp_path / "bare").write_json("run.json", {"format": FORMAT})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    assert [entry["recipe"] for entry in closedbook("list", "runs", "--runs", tmp_path, "--json").json] == ["unknown"]


def test_show_objective_says_what_an_objective_lacks(tiny: Tiny):
    result = closedbook("show", "objective", "text", "--documents", tiny.documents)
    assert result.code == 2
    assert 'name its file, such as {name="text"' in result.err


@pytest.mark.parametrize("name", [name for name in REGISTRIES["objective"] if name != "text"])
def test_show_objective_prints_readable_pairs(name: str, tiny: Tiny):
    arguments = ["show", "objective", name, "--documents", tiny.documents, "--questions", tiny.questions]
    entries = closedbook(*arguments, "--number", 4, "--json").json
    assert len(entries) == 4
    assert all(entry["x"] and set(entry["y"]) != {"·"} for entry in entries)
    for entry in entries if name in ("span", "question", "language") else []:
        assert len(entry["x"]) == len(entry["y"])  # a character each, or "·"
        for seen, said in zip(entry["x"][1:], entry["y"], strict=False):
            assert said in ("·", seen)
    printed = closedbook(*arguments, "--number", 4).out
    assert all(entry["x"] in printed for entry in entries)
    legend = printed[printed.rindex("x: what the network sees") :]
    assert all(f"{sign}: " in legend for sign in ("x", "y", "⁇", "·"))
    assert closedbook(*arguments, "--number", 4, "--seed", 1, "--json").json != entries


def test_show_objective_with_words_says_the_phrases_that_are_asked_for(tiny: Tiny):
    arguments = ["show", "objective", "question", "--documents", tiny.documents, "--questions", tiny.questions]
    golds = {line.split("\t")[1] for line in tiny.questions.read_text(encoding="utf-8").splitlines()}
    answers = {
        entry["y"].strip("· ") for entry in closedbook(*arguments, "--recipe", "fast", "--number", 9, "--json").json
    }
    assert answers & golds
    documents = tiny.documents.read_text(encoding="utf-8")
    assert all(answer in documents for answer in answers - golds)  # to questions about the other titles


@pytest.mark.skipif(not COURSE.is_dir(), reason="needs the course's data")
def test_show_objective_works_on_the_course_s_corpus():
    done = closedbook("show", "objective", "span", "--documents", COURSE / "wiki.txt", "--number", 2)
    assert done.code == 0
    assert done.out.count("⁇") >= 8


@pytest.mark.parametrize("name", recipe_names())
def test_show_recipe_prints_a_file_that_is_the_recipe(name: str, tmp_path: Path):
    done = closedbook("show", "recipe", name, "--set", "seed=7")
    assert tomllib.loads(done.out)["seed"] == 7
    copy = tmp_path / "mine.toml"
    copy.write_text(closedbook("show", "recipe", name).out, encoding="utf-8")
    assert closedbook("show", "recipe", copy).out == closedbook("show", "recipe", name).out
    assert closedbook("show", "recipe", name, "--json").json == tomllib.loads(copy.read_text(encoding="utf-8"))


def test_doctor_says_what_is_there(monkeypatch: pytest.MonkeyPatch):
    facts = closedbook("doctor", "--json").json
    assert facts["ok"] is True
    assert facts["cores"] == os.cpu_count()
    assert facts["float32_gflops"] > 0
    assert facts["packages"]["torch"]
    assert "closedbook demo" in closedbook("doctor").out
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    without = closedbook("doctor")
    assert without.code == 0
    assert "none" in without.out


# Streams -----------------------------------------------------------------------------------------------------------


def test_standard_output_in_another_encoding_gets_valid_json(tiny: Tiny, run: Path):
    code = (
        "import io, sys; sys.stdout = io.TextIOWrapper(sys.stdout.buffer, 'ascii'); sys.stderr = io.TextIOWrapper("
        "sys.stderr.buffer, 'ascii'); from closedbook.cli import main; main(sys.argv[1:])"
    )
    done = in_a_process("-c", code, "show", "objective", "span", "--documents", tiny.documents, "--json")
    assert done.code == 0, done.err
    assert "⁇" in done.json[0]["x"]
    done = in_a_process("-c", code, "show", "objective", "span", "--documents", tiny.documents)
    assert done.code == 0, done.err


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path):
    code = (
        "import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1); from closedbook.cli import main; "
        "main(['list', 'recipes'])"
    )
    done = in_a_process("-c", code)
    assert done.code == 141
    assert done.err == ""
