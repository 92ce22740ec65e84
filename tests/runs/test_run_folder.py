"""The run folder: atomic files, one training at a time, records that say what is wrong with them."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tensors import same_tensors

from closedbook.errors import RunError
from closedbook.runs import provenance
from closedbook.runs.folder import FORMAT, RunFolder, check_free, default_folder, list_runs, metrics_lines
from closedbook.runs.provenance import source_commit
from closedbook.runs.store import to_json, write_atomically
from closedbook.runs.weights import checksum, load_tensors, save_tensors

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def test_a_new_folder_has_the_format_and_the_files_it_was_given(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "a" / "run", {"recipe": "tiny"}, {"recipe.toml": "x = 1\n"})
    record = RunFolder.open(tmp_path / "a" / "run").record()
    assert record["format"] == FORMAT
    assert record["recipe"] == "tiny"
    assert record["status"] == "training"
    assert not folder.finished
    assert folder.read_text("recipe.toml") == "x = 1\n"
    folder.update(status="finished")
    assert folder.finished
    assert folder.record()["recipe"] == "tiny"


def test_a_folder_is_a_run_only_when_all_its_files_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    order = []
    monkeypatch.setattr("closedbook.runs.folder.write_atomically", lambda path, content: order.append(path.name))
    RunFolder.create(tmp_path / "run", {}, {"recipe.toml": "", "vocabulary.json": "{}"})
    assert order[-1] == "run.json"


@pytest.mark.parametrize("make", ["file", "folder with a file", "dangling link"])
def test_a_folder_is_never_made_over_something(make: str, tmp_path: Path):
    path = tmp_path / "run"
    if make == "file":
        path.write_text("mine")
    elif make == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.mkdir()
        (path / "mine").touch()
    for attempt in (lambda: check_free(path), lambda: RunFolder.create(path, {})):
        with pytest.raises(RunError, match="exists already"):
            attempt()


def test_checking_that_a_place_is_free_writes_nothing(tmp_path: Path):
    check_free(tmp_path / "a" / "b")
    check_free(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_not_writable_is_not_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunError, match="not writable"):
        check_free(tmp_path / "run")


def test_a_failed_write_keeps_the_old_content_and_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for error, expected in ((fail, RunError), (lambda *_: (_ for _ in ()).throw(KeyboardInterrupt), KeyboardInterrupt)):
        monkeypatch.setattr(os, "fsync", error)
        with pytest.raises(expected):
            write_atomically(path, b"new")
        assert path.read_bytes() == b"old"
        assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@needs_fork
def test_a_kill_while_writing_leaves_the_old_content_and_the_next_training_clears_up(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", {})
    child = os.fork()
    if child == 0:
        os.fsync = lambda _: os._exit(9)  # type: ignore[assignment]
        folder.write_json("run.json", {"format": 99})
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert folder.record()["format"] == FORMAT
    assert len(list(folder.path.glob(".*.partial"))) == 1
    with folder.lock():
        pass
    assert [entry.name for entry in folder.path.iterdir()] == ["run.json"]


def test_the_lock_keeps_a_second_training_out_and_is_given_back_after_an_error(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", {})

    def second() -> None:
        with folder.lock():
            pass

    def first() -> None:
        with folder.lock():
            with pytest.raises(RunError, match="another training"):
                second()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        first()
    second()
    assert not (folder.path / ".lock").exists()


@needs_fork
def test_the_lock_of_a_killed_training_holds_nobody_up(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", {})
    child = os.fork()
    if child == 0:
        with folder.lock():
            os._exit(9)
    os.waitpid(child, 0)
    assert (folder.path / ".lock").exists()
    with folder.lock():
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="has the real one")
def test_the_lock_of_windows_keeps_a_second_training_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its one call is pretended; and there, an open file cannot be removed."""
    import fcntl

    def locking(descriptor: int, mode: str, size: int) -> None:
        assert (mode, size) == ("at once or not", 1)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    def stays(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK="at once or not", locking=locking))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(Path, "unlink", stays)
    folder = RunFolder.create(tmp_path / "run", {})
    for _ in range(2):
        with folder.lock(), pytest.raises(RunError, match="another training is writing here"), folder.lock():
            pass
    assert (tmp_path / "run" / ".lock").exists()


def test_a_folder_that_cannot_be_locked_says_so(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", {})
    (folder.path / ".lock").mkdir()
    with pytest.raises(RunError, match="cannot be written"), folder.lock():
        pass


def test_metrics_of_very_many_lines_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A report of 240 MB of empty lines took many minutes."""
    monkeypatch.setenv("CLOSEDBOOK_READ_AT_MOST", "1")
    with pytest.raises(RunError, match="very many lines"):
        metrics_lines(tmp_path / "metrics.jsonl", b"\n" * 62_501)


def test_metrics_leave_out_what_a_crash_cut_short(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", {})
    assert folder.metrics() == []
    (folder.path / "metrics.jsonl").write_bytes(b'{"step": 1}\n3\n\xff\xfe\n{"step": 2}\n{"step": 3, "lo')
    assert folder.metrics() == [{"step": 1}, {"step": 2}]


def test_runs_are_listed_oldest_first_and_what_is_no_run_is_passed_over(tmp_path: Path):
    for name, started in (("a", "2026-02-02"), ("b", "2026-01-01"), ("c", "2026-03-03")):
        RunFolder.create(tmp_path / name, {"started": started})
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "run.json").write_text("{")
    (tmp_path / "file").touch()
    assert [folder.path.name for folder in list_runs(tmp_path)] == ["b", "a", "c"]


@pytest.mark.parametrize("name", ["tiny", "a/b", "../up", "a:b*c", "tab\there"])
def test_a_default_folder_lies_in_runs_whatever_the_recipe_is_called(name: str, tmp_path: Path):
    path = default_folder(name, tmp_path)
    assert path.parent == tmp_path
    path.mkdir()
    assert default_folder(name, tmp_path) not in (path, tmp_path)


@given(st.dictionaries(st.text(), st.text(), max_size=4))
def test_any_text_survives_being_written_as_json(data: dict[str, str]):
    assert json.loads(to_json(data).encode()) == data


def test_a_file_name_that_is_no_utf_8_survives_too():
    name = os.fsdecode(b"andr\xe9.txt")
    assert json.loads(to_json({"path": name}).encode())["path"] == name


def test_a_checkout_around_an_installed_package_is_not_its_commit(tmp_path, monkeypatch):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(
        ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--allow-empty"],
        check=True,
    )
    (tmp_path / "site").mkdir()
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "site" / "provenance.py"))
    (tmp_path / "site" / "provenance.py").touch()
    assert source_commit() is None


def test_the_commit_is_that_of_the_checkout():
    commit = source_commit()
    assert commit is None or len(commit.rstrip("+")) == 12


# Weights -----------------------------------------------------------------------------------------------------------

TENSORS = {
    "a": torch.arange(6, dtype=torch.float32).view(2, 3),
    "step": torch.tensor(3.0),
    "b": torch.ones(5, dtype=torch.bfloat16),
    "empty": torch.zeros(0, 4),
    "flag": torch.tensor([True, False]),
}


def test_tensors_come_back_bit_for_bit_with_their_record(tmp_path: Path):
    path = tmp_path / "t.safetensors"
    save_tensors(path, TENSORS, {"done": 3})
    tensors, record = load_tensors(path)
    assert same_tensors(tensors, TENSORS)
    assert record == {"done": 3}
    content = path.read_bytes()
    save_tensors(path, dict(reversed(TENSORS.items())), {"done": 3})
    assert path.read_bytes() == content


def test_every_changed_byte_is_noticed(tmp_path: Path):
    path = tmp_path / "t.safetensors"
    save_tensors(path, TENSORS, {"done": 3})
    good = path.read_bytes()
    unnoticed = []
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :])
        try:
            tensors, record = load_tensors(path)
        except RunError:
            continue
        assert same_tensors(tensors, TENSORS), at  # another way to write the same: a true that is not 1
        assert record == {"done": 3}
        unnoticed.append(at)
    assert len(unnoticed) <= 2
    for length in range(0, len(good), 7):
        path.write_bytes(good[:length])
        with pytest.raises(RunError, match="damaged"):
            load_tensors(path)


def test_weights_from_elsewhere_are_refused(tmp_path: Path):
    from safetensors.torch import save_file

    path = tmp_path / "t.safetensors"
    for metadata in (None, {"closedbook": "3"}, {"closedbook": "{}"}, {"closedbook": "{"}):
        save_file({"a": torch.ones(2)}, path, metadata=metadata)
        with pytest.raises(RunError, match="damaged"):
            load_tensors(path)


def test_the_checksum_knows_names_shapes_and_types():
    base = {"a": torch.zeros(4)}
    unlike = [{"b": torch.zeros(4)}, {"a": torch.zeros(2, 2)}, {"a": torch.zeros(4, dtype=torch.int32)}, {}]
    sums = {checksum(tensors, {}) for tensors in [base, *unlike]} | {checksum(base, {"done": 1})}
    assert len(sums) == 6
