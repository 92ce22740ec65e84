"""`closedbook train`: the plan, interruption and resumption, and what a second start refuses."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from shell import COURSE, RECIPE, Tiny, closedbook, hashes, killed, refused

from closedbook import pipeline
from closedbook.cli.train import next_step
from closedbook.evaluation import evaluation_run
from closedbook.runs.folder import FORMAT, RunFolder
from closedbook.runs.provenance import resume_command
from closedbook.training import plan, setup
from closedbook.training.plan import plan_training
from closedbook.training.setup import prepare_training

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def unfinished(tiny: Tiny, tmp_path: Path) -> Path:
    """A run stopped after its third step."""
    run = tmp_path / "unfinished"
    with pytest.raises(KeyboardInterrupt):
        start(tiny, run, interrupt_after(3))
    return run


def interrupt_after(steps: int) -> Callable[[pipeline.Event], None]:
    def callback(event: pipeline.Event) -> None:
        nonlocal steps
        if isinstance(event, pipeline.Step):
            steps -= 1
            if steps == 0:
                raise KeyboardInterrupt

    return callback


def start(tiny: Tiny, run: Path, *callbacks: Callable[[pipeline.Event], None]) -> pipeline.Run:
    return pipeline.train(tiny.recipe, tiny.documents, tiny.questions, run=run, threads=1, callbacks=callbacks)


def weights(run: Path) -> str:
    return hashes(run)["model.safetensors"]


# The plan ----------------------------------------------------------------------------------------------------------


def test_a_dry_run_prints_one_object_with_the_keys_scripts_rely_on_and_writes_nothing(tiny: Tiny, tmp_path: Path):
    before = hashes(tiny.folder)
    done = closedbook(*tiny.train(tmp_path / "run", "--dev", f"{tiny.dev}", "--dry-run", "--json"))
    assert done.code == 0
    plan = done.json
    assert {"parameters", "memory_parameters", "steps", "tokens", "estimated_seconds"} <= plan.keys()
    assert plan["steps"] == 11
    assert (
        plan["parameters"]
        == json.loads((start(tiny, tmp_path / "real").path / "run.json").read_text())["parameters"]["total"]
    )
    assert plan["estimated_seconds"] > 0
    assert "nothing was trained" in done.err
    assert hashes(tiny.folder) == before
    assert not (tmp_path / "run").exists()


def test_the_plan_counts_the_tokens_that_the_training_then_sees(tiny: Tiny, finished: Path):
    lines = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    planned = closedbook(*tiny.train(tiny.folder / "none", "--dry-run", "--json")).json["tokens"]
    assert sum(line["tokens"] for line in lines) == pytest.approx(planned, rel=0.25)


def test_the_estimate_changes_neither_weights_nor_random_numbers(tiny: Tiny):
    setup = prepare_training(pipeline.load_recipe(tiny.recipe), tiny.documents, tiny.questions)
    before = {name: value.clone() for name, value in setup.model.state_dict().items()}
    state = torch.get_rng_state()
    torch.set_rng_state(state)
    plan_training(setup)
    assert all(torch.equal(before[name], value) for name, value in setup.model.state_dict().items())
    assert all(parameter.grad is None for parameter in setup.model.parameters())


@pytest.mark.skipif(not COURSE.is_dir(), reason="needs the course's data")
@pytest.mark.parametrize(("recipe", "parameters"), [("course-vanilla", 3323392), ("course-synthesizer", 3076988)])
def test_the_course_s_recipes_have_the_published_number_of_parameters(
    recipe: str, parameters: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plan, "TIMED", 64)
    files = ["--documents", COURSE / "wiki.txt", "--questions", COURSE / "birth_places_train.tsv"]
    done = closedbook("train", recipe, *files, "--dev", COURSE / "birth_dev.tsv", "--dry-run", "--json")
    assert done.code == 0, done.err
    assert done.json["parameters"] == parameters
    assert done.json["memory_parameters"] == 0
    assert done.json["steps"] == 650 * 23 + 10 * 8


# What a training leaves --------------------------------------------------------------------------------------------


def test_train_prints_run_seconds_and_score_and_leaves_a_whole_folder(tiny: Tiny, tmp_path: Path):
    run = tmp_path / "run"
    done = closedbook(*tiny.train(run, "--dev", f"{tiny.dev}", "--json"))
    assert done.code == 0, done.err
    result = done.json
    assert result["run"] == str(run)
    assert result["seconds"].keys() == {"prepare", "train", "index", "calibrate", "evaluate"}
    assert result["train_seconds"] == pytest.approx(sum(result["seconds"].values()), abs=0.01)
    assert {"correct", "total", "accuracy", "interval"} <= result.keys()
    assert {path.name for path in run.iterdir()} == {
        "run.json", "recipe.toml", "vocabulary.json", "metrics.jsonl", "model.safetensors", "evaluation.json",
        "calibration.json", "evidence.sqlite",
    }  # fmt: skip
    record = json.loads((run / "run.json").read_text())
    assert record["format"] == FORMAT
    assert record["status"] == "finished"
    assert record["threads"] == 1
    assert len(record["documents"]["sha256"]) == 64
    for key in ("version", "command", "commit", "split", "parameters", "versions", "machine", "started"):
        assert key in record
    evaluated = closedbook("evaluate", run, "--questions", tiny.dev, "--json").json
    kept = json.loads((run / "evaluation.json").read_text())
    assert {**kept, "seconds": 0} == {**evaluated, "seconds": 0}


def test_piped_progress_is_plain_lines_with_loss_speed_and_time_left(tiny: Tiny, tmp_path: Path):
    done = closedbook(*tiny.train(tmp_path / "run"))
    assert re.search(r"^pretrain 1/6 loss \d+\.\d+ [\d,]+ tokens/s .* left$", done.out, re.M)
    assert re.search(r"^finetune 5/5 loss", done.out, re.M)
    assert "\x1b" not in done.out
    assert "parameters" in done.out.splitlines()[0]
    assert "closedbook ask" in done.out.splitlines()[-1]


def test_a_next_step_that_is_printed_works(tiny: Tiny, tmp_path: Path):
    done = closedbook(*tiny.train(tmp_path / "a [b] run"))
    command = shlex.split(done.out.splitlines()[-1])
    assert command[0] == "closedbook"
    assert closedbook(*command[1:]).code == 0


@pytest.mark.parametrize(
    ("name", "content", "start"),
    [
        ("a.txt", "\n\nOnce upon a time\nthere was", "Once upon a"),
        ("a.txt", 100_000 * "x y ", "x y x"),
        ("a.jsonl", '{"title": "Ada Ray", "text": "She wrote."}\n', "Ada Ray. She"),
    ],
)
def test_what_to_sample_from_is_the_beginning_of_the_text(
    name: str, content: str, start: str, finished: Path, tmp_path: Path
):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert shlex.quote(start) in next_step(pipeline.load(finished), None, tmp_path / name)


def test_without_run_the_folder_is_recipe_and_date_and_resume_finds_it(
    tiny: Tiny, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    recipe = pipeline.load_recipe(tiny.recipe)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            pipeline.train(recipe, tiny.documents, tiny.questions, threads=1, callbacks=[interrupt_after(2)])
    older, newer = sorted(path.name for path in Path("runs").iterdir())
    assert re.fullmatch(r"tiny-\d{4}-\d\d-\d\d-\d{6}", older)
    done = closedbook("train", tiny.recipe, *tiny.inputs, "--resume", "--json")
    assert done.json["run"] == f"runs/{newer}"
    assert weights(Path("runs", newer)) == weights(finished)
    assert closedbook("train", tiny.recipe, *tiny.inputs, "--resume", "--json").json["run"] == f"runs/{older}"
    refused(closedbook("train", tiny.recipe, *tiny.inputs, "--resume"), "no unfinished run of tiny", "--run")


def test_resume_finds_the_newest_run_with_these_options(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for seed in (1, 2):
        recipe = pipeline.load_recipe(tiny.recipe, [f"seed={seed}"])
        with pytest.raises(KeyboardInterrupt):
            pipeline.train(recipe, tiny.documents, tiny.questions, threads=1, callbacks=[interrupt_after(2)])
    older, _ = sorted(path.name for path in Path("runs").iterdir())
    done = closedbook("train", tiny.recipe, *tiny.inputs, "--seed", "1", "--resume", "--json")
    assert done.json["run"] == f"runs/{older}"


def test_a_score_on_the_training_questions_is_told_as_such(tiny: Tiny, tmp_path: Path):
    done = closedbook(*tiny.train(tmp_path / "run", "--dev", f"{tiny.questions}"))
    assert "these are the training questions" in done.out
    for file, told in ((tiny.questions, True), (tiny.dev, False)):
        done = closedbook("evaluate", tmp_path / "run", "--questions", file)
        assert ("these are the training questions" in done.out) == told


def test_a_run_s_inputs_are_found_from_another_folder(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tiny.documents.parent)
    recipe = pipeline.load_recipe(tiny.recipe)
    with pytest.raises(KeyboardInterrupt):
        pipeline.train(
            recipe, tiny.documents.name, tiny.questions, run=tmp_path / "run", threads=1,
            callbacks=[interrupt_after(2)],
        )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    command = shlex.split(resume_command(RunFolder.open(tmp_path / "run")))
    assert command[command.index("--documents") + 1] == str(tiny.documents)
    assert closedbook(*command[1:]).code == 0


def test_the_report_of_an_interrupted_run_says_that_it_is_one(unfinished: Path, tmp_path: Path):
    assert closedbook("report", unfinished, "--no-claims", "--output", tmp_path / "a.html").code == 0
    assert "This run is not finished" in (tmp_path / "a.html").read_text(encoding="utf-8")


# Interruptions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 4, 6, 7, 11])
def test_an_interruption_between_steps_and_a_resume_give_the_same_weights_bit_for_bit(
    steps: int, tiny: Tiny, finished: Path, tmp_path: Path
):
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        start(tiny, run, interrupt_after(steps))
    assert json.loads((run / "run.json").read_text())["status"] == "training"
    assert not (run / "model.safetensors").exists()
    assert closedbook(*tiny.train(run, "--resume")).code == 0
    assert weights(run) == weights(finished)
    metrics = [[json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
               for folder in (run, finished)]  # fmt: skip
    same = [[(line["stage"], line["step"], line["loss"]) for line in lines] for lines in metrics]
    assert same[0] == same[1]


def test_the_fast_method_too_resumes_bit_for_bit(tiny: Tiny, tmp_path: Path):
    small = ["model.width=16", "model.heads=2", "stages.learn.steps=9",
             "stages.learn.batch=12", "stages.learn.negatives=20"]  # fmt: skip
    recipe = pipeline.load_recipe("fast", small)
    runs = [tmp_path / "whole", tmp_path / "resumed"]
    pipeline.train(recipe, tiny.documents, tiny.questions, run=runs[0], threads=1)
    with pytest.raises(KeyboardInterrupt):
        pipeline.train(recipe, tiny.documents, tiny.questions, run=runs[1], threads=1, callbacks=[interrupt_after(5)])
    pipeline.train(recipe, tiny.documents, tiny.questions, run=runs[1], resume=True)
    assert weights(runs[0]) == weights(runs[1])


def test_a_run_goes_on_with_the_products_it_began_with(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recipe = pipeline.load_recipe(tiny.recipe, ["model.matmul_dtype=fastest"])
    run, plans = tmp_path / "run", []
    monkeypatch.setattr(setup, "fastest", lambda device: "bfloat16")
    with pytest.raises(KeyboardInterrupt):
        pipeline.train(recipe, tiny.documents, tiny.questions, run=run, callbacks=[interrupt_after(2)])
    monkeypatch.setattr(setup, "fastest", lambda device: "float32")
    finished = pipeline.train(recipe, tiny.documents, tiny.questions, run=run, resume=True, callbacks=[plans.append])
    assert finished.recipe.model.matmul_dtype == plans[0].matmul_dtype == "bfloat16"
    assert 'matmul_dtype = "bfloat16"' in (run / "recipe.toml").read_text(encoding="utf-8")


def test_ctrl_c_exits_with_130_and_says_how_to_go_on_and_that_works(tiny: Tiny, finished: Path, tmp_path: Path):
    run = tmp_path / "a run"
    done = killed("SIGINT", "half", 3, tiny.train(run, "--json"))
    assert done.code == 130
    assert done.out == ""
    assert "Traceback" not in done.err
    assert "interrupted; what was done is saved" in done.err
    command = shlex.split(done.err.strip().splitlines()[-1])
    assert command[:2] == ["closedbook", "train"]
    assert "--resume" in command
    assert closedbook(*command[1:]).code == 0
    assert weights(run) == weights(finished)


@needs_fork
def test_ctrl_c_with_weights_half_updated_never_saves_them_so(tiny: Tiny, finished: Path, tmp_path: Path):
    run = tmp_path / "run"
    assert killed("SIGINT", "half", 4, tiny.train(run), 1e9).code == 130
    assert closedbook(*tiny.train(run, "--resume")).code == 0
    assert weights(run) == weights(finished)


@needs_fork
@pytest.mark.parametrize(("where", "step"), [("half", 1), ("half", 5), ("after", 3), ("after", 6), ("half", 10)])
def test_a_kill_at_any_moment_leaves_the_last_good_state(
    where: str, step: int, tiny: Tiny, finished: Path, tmp_path: Path
):
    run = tmp_path / "run"
    assert killed("SIGKILL", where, step, tiny.train(run), 0.0).code == -9
    (run / ".training.safetensors.12345.partial").write_bytes(b"half written")
    with open(run / "metrics.jsonl", "ab") as file:
        file.write(b'{"stage": "pretrain", "st')
    done = closedbook(*tiny.train(run, "--resume"))
    assert done.code == 0, done.err
    if step > 1:
        assert "going on from step" in done.out
    assert weights(run) == weights(finished)
    assert not list(run.glob(".*"))


def test_an_interruption_while_dev_is_answered_can_be_resumed(
    tiny: Tiny, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = tmp_path / "run"

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "evaluate", interrupt)
        done = closedbook(*tiny.train(run, "--dev", f"{tiny.dev}"))
    assert done.code == 130
    done = closedbook(*tiny.train(run, "--dev", f"{tiny.dev}", "--resume", "--json"))
    assert done.code == 0, done.err
    assert done.json["total"] == 12
    assert weights(run) == weights(finished)
    assert (run / "evaluation.json").is_file()


def test_an_interruption_before_training_says_that_nothing_was_written(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "prepare_training", interrupt)
    done = closedbook(*tiny.train(tmp_path / "run"))
    assert done.code == 130
    assert "nothing was written" in done.out
    assert not (tmp_path / "run").exists()


def test_an_error_in_a_listener_loses_no_finished_step(tiny: Tiny, finished: Path, tmp_path: Path):
    run = tmp_path / "run"

    def fail(event: pipeline.Event) -> None:
        if isinstance(event, pipeline.Step) and event.step == 3:
            raise ValueError("a listener's own bug")

    with pytest.raises(ValueError, match="own bug"):
        start(tiny, run, fail)
    done = closedbook(*tiny.train(run, "--resume"))
    assert "going on from step 3 of stage pretrain" in done.out
    assert weights(run) == weights(finished)


# Refusals ----------------------------------------------------------------------------------------------------------


def test_an_existing_folder_is_refused_and_loses_nothing(tiny: Tiny, finished: Path, unfinished: Path):
    for run in (finished, unfinished):
        before = hashes(run)
        refused(closedbook(*tiny.train(run)), "exists already", "--resume")
        refused(closedbook(*tiny.train(run, "--dry-run")), "exists already")
        assert hashes(run) == before


def test_an_empty_folder_is_used(tiny: Tiny, tmp_path: Path):
    (tmp_path / "run").mkdir()
    assert closedbook(*tiny.train(tmp_path / "run")).code == 0


def test_resuming_a_finished_run_says_so_and_changes_nothing(tiny: Tiny, finished: Path):
    before = hashes(finished)
    refused(closedbook(*tiny.train(finished, "--resume")), "finished already")
    assert hashes(finished) == before


def test_resuming_what_is_not_there_is_refused(tiny: Tiny, tmp_path: Path):
    refused(closedbook(*tiny.train(tmp_path / "none", "--resume")), "no such run")
    assert not (tmp_path / "none").exists()


def test_another_thread_count_is_refused_with_a_hint(tiny: Tiny, unfinished: Path):
    before = hashes(unfinished)
    arguments = [argument if argument != "1" else "2" for argument in tiny.train(unfinished, "--resume")]
    refused(closedbook(*arguments), "1 thread", "leave --threads out")
    assert hashes(unfinished) == before


def test_the_run_s_thread_count_is_used_when_it_goes_on(
    tiny: Tiny, finished: Path, unfinished: Path, monkeypatch: pytest.MonkeyPatch
):
    torch.set_num_threads(2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    arguments = tiny.train(unfinished, "--resume")
    at = arguments.index("--threads")
    assert closedbook(*arguments[:at], *arguments[at + 2 :]).code == 0
    assert torch.get_num_threads() == 1
    assert weights(unfinished) == weights(finished)


def test_another_recipe_other_documents_or_questions_are_refused(tiny: Tiny, unfinished: Path, tmp_path: Path):
    before = hashes(unfinished)
    refused(closedbook(*tiny.train(unfinished, "--resume", "--set", "stages.finetune.steps=6")), "another recipe")
    for option, source in (("--documents", tiny.documents), ("--questions", tiny.questions)):
        lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
        other = tmp_path / source.name
        other.write_text("".join([*lines[:-2], lines[-1], lines[-2]]), encoding="utf-8")
        arguments = tiny.train(unfinished, "--resume")
        arguments[arguments.index(option) + 1] = str(other)
        refused(closedbook(*arguments), f"other {option[2:]}", str(source))
    assert hashes(unfinished) == before


def test_the_same_inputs_may_have_moved(tiny: Tiny, finished: Path, unfinished: Path, tmp_path: Path):
    arguments = tiny.train(unfinished, "--resume")
    at = arguments.index("--documents") + 1
    arguments[at] = shutil.copy(tiny.documents, tmp_path / "moved.txt")
    assert closedbook(*arguments).code == 0
    assert weights(unfinished) == weights(finished)


def test_a_run_is_held_by_one_training_at_a_time(tiny: Tiny, unfinished: Path):
    from closedbook.runs.folder import RunFolder

    with RunFolder.open(unfinished).lock():
        refused(closedbook(*tiny.train(unfinished, "--resume")), "another training is writing here")


def test_a_training_that_diverges_stops_and_says_so(tiny: Tiny, tmp_path: Path):
    wild = ["--set", "stages.pretrain.optimiser.rate=1e38", "--set", "stages.pretrain.clip=0.0"]
    refused_run = closedbook(*tiny.train(tmp_path / "run", *wild))
    assert refused_run.code == 2
    assert "diverged" in refused_run.err
    assert "optimiser.rate" in refused_run.err
    assert not (tmp_path / "run" / "model.safetensors").exists()


# Fair play ---------------------------------------------------------------------------------------------------------


def test_dev_answers_never_reach_the_weights(tiny: Tiny, finished: Path, tmp_path: Path):
    changed = tmp_path / "dev.tsv"
    changed.write_text("Where was Nobody At All born?\tNowhere\n" * 40, encoding="utf-8")
    for number, dev in enumerate((tiny.dev, changed)):
        run = tmp_path / f"run-{number}"
        assert closedbook(*tiny.train(run, "--dev", f"{dev}")).code == 0
        assert weights(run) == weights(finished)
        assert hashes(run)["vocabulary.json"] == hashes(finished)["vocabulary.json"]


def test_nothing_of_dev_is_kept_while_training_and_it_is_read_again_after_the_last_step(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    events: list[str] = []
    read = evaluation_run.read_questions

    def spy(path: Path | str, **options: bool) -> object:
        events.append(Path(path).name)
        return read(path, **options)

    monkeypatch.setattr(evaluation_run, "read_questions", spy)
    monkeypatch.setattr(setup, "read_questions", spy)

    def callback(event: pipeline.Event) -> None:
        events.append(type(event).__name__)

    recipe = pipeline.load_recipe(tiny.recipe)
    prepared = prepare_training(recipe, tiny.documents, tiny.questions, tiny.dev)
    assert "Nobody" not in repr(vars(prepared))
    assert not [name for name, value in vars(prepared).items() if "dev" in name and value is not None]
    events.clear()
    pipeline.train(
        recipe, tiny.documents, tiny.questions, dev=tiny.dev, run=tmp_path / "r", threads=1, callbacks=[callback]
    )
    before, after = events[: events.index("Plan")], events[events.index("Plan") :]
    assert before == ["questions.tsv", "dev.tsv"]  # looked at: a bad file is found before training
    assert after == ["Plan", *["Step"] * 11, "dev.tsv"]


def test_a_small_recipe_written_out_is_the_recipe(tiny: Tiny, finished: Path):
    assert pipeline.load_recipe(finished / "recipe.toml").stages[0].steps == 6
    assert 'name = "tiny"' in RECIPE
