"""What a run survives: kills at random moments, damaged files, full disks, two trainings at once."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from shell import environment

from closedbook import pipeline
from closedbook.errors import RunError
from closedbook.runs.folder import RunFolder, check_free
from closedbook.runs.weights import load_tensors
from closedbook.training import checkpoint
from closedbook.training.metrics_log import MetricsLog

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import crashes

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
NEWEST, PREVIOUS = "training.safetensors", "training.previous.safetensors"


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    runs = crashes.make_victims(tmp_path_factory.mktemp("victims"))
    torch.set_num_threads(before)
    return runs


@pytest.fixture
def unfinished(victims: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(victims["unfinished"], tmp_path / "run"))


@pytest.fixture
def finished(victims: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(victims["finished"], tmp_path / "run"))


def go_on(run: Path, victims: dict[str, Path]) -> bool:
    """Resume to the end; whether the weights are those of the uninterrupted run."""
    crashes.Inputs(victims["unfinished"].parent).train(run, resume=True)
    return crashes.sha256(run / "model.safetensors") == crashes.sha256(victims["finished"] / "model.safetensors")


@needs_fork
@pytest.mark.parametrize("inside", [False, True])
def test_a_training_killed_at_a_random_moment_ends_in_the_same_weights(
    inside: bool, victims: dict[str, Path], tmp_path: Path
):
    random, done = Random(f"tests/{inside}"), None
    while done is None:
        done = crashes.one_kill(crashes.Inputs(victims["finished"].parent), tmp_path / "run", random, 0.5, inside)
    assert done["resumed"], done
    assert done["weights"] == crashes.sha256(victims["finished"] / "model.safetensors")
    assert done["curve"] == crashes.curve(victims["finished"])
    assert not list((tmp_path / "run").glob("training*"))


@pytest.mark.parametrize("number", range(len(crashes.TARGETS)))
def test_a_damaged_file_is_a_clear_error_and_never_loaded_silently(
    number: int, victims: dict[str, Path], tmp_path: Path
):
    target, kinds = list(crashes.TARGETS)[number], list(crashes.KINDS)
    chosen = [kinds[number % len(kinds)], "one bit"]
    done = crashes.damage(tmp_path, victims, target, chosen, seed=1)
    good = {"training.safetensors, resumed": ["recovered"], "documents, asked": ["told", "same content"]}
    for kind, (result, words) in done["table"].items():
        assert result in good.get(target, ["clear error"]), (kind, result, words)


def test_a_hostile_pickle_is_not_executed(tmp_path: Path):
    assert crashes.hostile(tmp_path)["executed"] == 0


def test_two_states_are_kept_and_the_older_one_is_taken_where_the_newest_is_damaged(
    unfinished: Path, victims: dict[str, Path]
):
    steps = [load_tensors(unfinished / name)[1]["done"] for name in (NEWEST, PREVIOUS)]
    assert steps == [5, 4]
    (unfinished / NEWEST).write_bytes((unfinished / NEWEST).read_bytes()[:-1])
    with pytest.warns(UserWarning, match=r"training\.safetensors is damaged .*; going on from the state saved before"):
        assert go_on(unfinished, victims)
    assert not list(unfinished.glob("training*"))


def test_a_state_in_the_middle_of_being_replaced_costs_one_save_only(unfinished: Path, victims: dict[str, Path]):
    (unfinished / NEWEST).unlink()  # as a kill between the two renames leaves it
    assert go_on(unfinished, victims)


def test_where_both_states_are_damaged_nothing_is_touched(unfinished: Path, victims: dict[str, Path]):
    for name in (NEWEST, PREVIOUS):
        (unfinished / name).write_bytes(b"")
    before = {path.name: path.read_bytes() for path in unfinished.iterdir()}
    with pytest.raises(RunError, match=r"training\.safetensors is damaged"):
        go_on(unfinished, victims)
    assert {path.name: path.read_bytes() for path in unfinished.iterdir()} == before


def test_a_state_of_another_run_is_not_gone_on_with(unfinished: Path, victims: dict[str, Path]):
    for name in (NEWEST, PREVIOUS):
        shutil.copy(victims["other unfinished"] / name, unfinished / name)
    with pytest.raises(RunError, match="of another run"):
        go_on(unfinished, victims)


def test_a_run_without_a_state_begins_anew_and_says_so(unfinished: Path, victims: dict[str, Path]):
    for name in (NEWEST, PREVIOUS):
        (unfinished / name).unlink()
    heard: list[Any] = []
    crashes.Inputs(victims["unfinished"].parent).train(unfinished, resume=True, callbacks=(heard.append,))
    notes = [event.text for event in heard if isinstance(event, pipeline.Message)]
    assert notes == ["no state was saved before; beginning with the first step"]
    assert crashes.sha256(unfinished / "model.safetensors") == crashes.sha256(victims["finished"] / "model.safetensors")


def test_another_version_of_torch_is_said(unfinished: Path, victims: dict[str, Path]):
    folder = RunFolder.open(unfinished)
    folder.update(versions=folder.record()["versions"] | {"torch": "1.0"})
    with pytest.warns(UserWarning, match=r"begun with torch 1\.0"):
        assert go_on(unfinished, victims)


@pytest.mark.parametrize("after", [1, 3, 9, 40])
def test_a_disk_that_is_full_loses_nothing_that_was_saved(
    after: int, victims: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    calls, real = 0, os.fsync

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls >= after:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    inputs, run = crashes.Inputs(victims["finished"].parent), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        patch.setattr(checkpoint, "SAVE_EVERY", 0.0)
        with pytest.raises(RunError, match=r"cannot be written \(No space left on device\); make room") as caught:
            inputs.train(run)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob(".*"))
    inputs.train(run, resume=run.exists())
    assert crashes.sha256(run / "model.safetensors") == crashes.sha256(victims["finished"] / "model.safetensors")


def test_a_line_of_metrics_that_a_full_disk_cut_short_is_written_again(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", {})
    metrics = MetricsLog(folder, ["a"])
    for step in (1, 2):
        metrics.add(pipeline.Step("a", step, 2000, 1.0, 1.0, 5, 0.1))
        metrics.flush()
        with open(metrics.path, "ab") as file:
            file.write(b'{"stage": "a", "st')
    metrics.flush()
    assert [line["step"] for line in folder.metrics()] == [2]  # of 2,000 steps every second one is a line
    assert metrics.written() == {"bytes": metrics.path.stat().st_size, "sha256": crashes.sha256(metrics.path)}


@needs_fork
@pytest.mark.parametrize("call", [1, 2, 4, 6, 8, 10, 12])
def test_a_kill_while_a_folder_is_made_leaves_one_that_can_be_made_anew(call: int, tmp_path: Path):
    def make() -> None:
        RunFolder.create(tmp_path / "run", {"x": 1}, {"recipe.toml": "a", "vocabulary.json": "b"})

    child = os.fork()
    if child == 0:
        calls = 0

        def die(*_: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == call:
                os._exit(9)

        def dying(real: Any) -> Any:
            return lambda *arguments: (die(), real(*arguments))[1]

        os.fsync, os.replace = dying(os.fsync), dying(os.replace)
        make()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 9
    if (tmp_path / "run" / "run.json").is_file() and RunFolder(tmp_path / "run").record()["status"] == "training":
        return  # it was all there
    check_free(tmp_path / "run")
    make()
    assert RunFolder.open(tmp_path / "run").record()["x"] == 1


def test_a_folder_that_is_somebody_s_own_is_never_taken_for_one_half_made(tmp_path: Path):
    (tmp_path / "recipe.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match="exists already"):
        check_free(tmp_path)
    (tmp_path / "run.json").write_text('{"format": 3, "status": "creating"}', encoding="utf-8")  # without a seal
    with pytest.raises(RunError, match="exists already"):
        check_free(tmp_path)


@needs_fork
def test_of_two_trainings_begun_in_one_new_folder_one_goes_on(victims: dict[str, Path], tmp_path: Path):
    inputs = crashes.Inputs(victims["finished"].parent)
    expected = crashes.sha256(victims["finished"] / "model.safetensors")
    assert crashes.together(inputs, tmp_path, expected, 1) == {"one went on, one was refused": 1, "same weights": 1}


def scored(number: int) -> dict[str, object]:
    """A score as evaluation.json holds it."""
    score = {"correct": number, "total": 9, "accuracy": None, "interval": None}
    return {**score, "questions": "dev.tsv", "questions_sha256": ""}


def test_a_score_is_saved_with_its_hash_and_a_failed_save_keeps_the_old_one(
    finished: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = RunFolder.open(finished)
    for number in range(2):
        folder.write_json("evaluation.json", scored(number))
    replace = os.replace

    def fail(source: Path, target: Path) -> None:
        if Path(target).name == "evaluation.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    for number in (2, 3):
        with pytest.raises(RunError, match="make room"):
            folder.write_json("evaluation.json", scored(number))
    assert folder.read_json("evaluation.json") == scored(1)


@needs_fork
def test_a_kill_between_hash_and_file_leaves_a_score_that_can_be_read(finished: Path):
    folder = RunFolder.open(finished)
    folder.write_json("evaluation.json", scored(1))
    child = os.fork()
    if child == 0:
        replace = os.replace
        os.replace = lambda a, b: os._exit(9) if Path(b).name == "evaluation.json" else replace(a, b)  # type: ignore[assignment]
        folder.write_json("evaluation.json", scored(2))
    os.waitpid(child, 0)
    assert folder.read_json("evaluation.json") == scored(1)
    folder.write_json("evaluation.json", scored(3))
    assert folder.read_json("evaluation.json") == scored(3)


@pytest.mark.parametrize("name", ["evidence.sqlite", "calibration.json"])
def test_a_file_that_is_gone_is_said(name: str, finished: Path):
    (finished / name).unlink()
    run = pipeline.load(finished)
    with pytest.warns(UserWarning, match=f"has no {name} any more"):
        run.ask("Where was Ada Lovelace born?")


def test_a_file_that_the_run_never_had_is_not_used(finished: Path):
    folder = RunFolder.open(finished)
    folder.update(files={name: sha for name, sha in folder.record()["files"].items() if name != "calibration.json"})
    run = pipeline.load(finished)
    with pytest.raises(RunError, match=r"calibration\.json is damaged"):
        run.ask("Where was Ada Lovelace born?")


def test_of_a_large_file_samples_are_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from closedbook.runs import store

    monkeypatch.setattr(store, "HASHED_WHOLE", 2**20)
    path = tmp_path / "large"
    path.write_bytes(Random(0).randbytes(2**20 + 12345))
    good = store.fingerprint(path)
    assert good.startswith(store.SAMPLED)
    for damage in (lambda content: content[:-1], lambda content: content[:5] + b"x" + content[6:]):
        content = path.read_bytes()
        path.write_bytes(damage(content))
        assert store.fingerprint(path) != good
        path.write_bytes(content)
    assert store.fingerprint(path) == good


# The terminal ------------------------------------------------------------------------------------------------------


def test_a_reader_who_leaves_ends_a_command_quietly():
    for arguments in (["--help"], ["show", "recipe", "fast"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "closedbook", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(),
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait() == 141


def test_a_terminal_that_knows_ascii_only_stops_nothing():
    for arguments in (["demo", "--help"], ["list", "mixers", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "closedbook", *arguments], capture_output=True,
            env=environment() | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}, check=True,
        )  # fmt: skip
        text = done.stdout.decode("ascii")
        assert done.stderr == b""
        if "--json" in arguments:
            json.loads(text)
