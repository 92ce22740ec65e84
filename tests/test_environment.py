"""An environment that is not as it should be is one line and exit code 2, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Tiny, closedbook, environment, refused

import closedbook as package
from closedbook.config.loading import load_recipe
from closedbook.data.vocabulary import Characters
from closedbook.environment import process_rank
from closedbook.errors import RunError
from closedbook.inference.run_network import make_network
from closedbook.runs.folder import RunFolder

LISTING = f"{sys.executable} -m closedbook list recipes"


@pytest.fixture(scope="module")
def run(finished: Path) -> Path:
    return finished


@pytest.mark.parametrize(
    ("rank", "world", "expected"),
    [(None, None, (0, 1)), (None, "", (0, 1)), ("3", None, (0, 1)), (None, "1", (0, 1)), ("1", "2", (1, 2))],
)
def test_what_torchrun_sets_is_read(rank, world, expected, monkeypatch: pytest.MonkeyPatch):
    for name, value in (("RANK", rank), ("WORLD_SIZE", world)):
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    assert process_rank() == expected


@pytest.mark.parametrize(
    ("rank", "world"), [(None, "2"), ("0", "junk"), ("2", "2"), ("-1", "2"), ("0", "0"), ("", "2"), ("0", "9" * 5000)]
)
def test_what_torchrun_does_not_set_is_one_line(rank, world, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("RANK", raising=False)
    for name, value in (("RANK", rank), ("WORLD_SIZE", world)):
        if value is not None:
            monkeypatch.setenv(name, value)
    refused(closedbook("list", "recipes"), "WORLD_SIZE=", "torchrun")


LONG = "x" * 300


@pytest.mark.parametrize("path", [LONG, "loop"])
def test_a_path_that_no_system_opens_is_one_line(path: str, tiny: Tiny, run: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    for command in (
        ("ask", path, "Where?"),
        ("train", path, "--documents", tiny.documents),
        (*tiny.train(Path(path)),),
        ("evaluate", run, "--questions", path),
        ("report", path),
        ("card", path),
        ("import", path, "--run", "new"),
        ("export", run, "--to", "huggingface", "--output", path),
        ("baseline", "--questions", path),
    ):
        done = closedbook(*command)
        assert done.code == 2, command
        assert done.err.startswith("closedbook: ")
        assert done.err.count("\n") <= 2


def test_a_folder_without_rights_is_one_line(monkeypatch: pytest.MonkeyPatch):
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "runs/theirs")

    monkeypatch.setattr(package, "load", forbidden)
    refused(closedbook("ask", "run", "Where?"), "runs/theirs cannot be used (Permission denied)")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("redirected", "code", "words"),
    [(">/dev/full", 2, "No space left"), (">&-", 2, "standard output is closed"), (">/dev/null 2>&-", 0, ""),
     (">/dev/null <&-", 0, "")],
)  # fmt: skip
def test_standard_streams_that_are_full_or_closed(redirected: str, code: int, words: str):
    done = subprocess.run(
        ["sh", "-c", f"{LISTING} {redirected}"], env=environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == code
    assert words in done.stderr
    assert done.stderr.count("\n") <= 1


def test_letters_beyond_ascii_in_paths_stop_nothing_in_the_c_locale(run: Path, tmp_path: Path):
    (tmp_path / "é").mkdir()
    (tmp_path / "é" / "ü").symlink_to(run)
    plain = {**environment(), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "closedbook", "list", "runs", "--runs", os.fspath(tmp_path / "é")],
        env=plain, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"tiny" in done.stdout


@pytest.mark.parametrize("temperature", ["1e39", "1e300"])
def test_any_finite_temperature_can_be_sampled_at(temperature: str, run: Path):
    assert closedbook("sample", run, "Where", "--temperature", temperature, "--length", 5).code == 0


def test_a_run_whose_recipe_asks_for_more_memory_than_its_weights_have_is_refused(run: Path, tmp_path: Path):
    there = package.load(run)
    changed = [
        ["model.width=131072", "model.layers=1024"],
    ]
    for overrides in changed:
        recipe = load_recipe(run / "recipe.toml", overrides)
        with pytest.raises(RunError, match=r"larger network than its weights|cannot be made"):
            make_network(recipe, there.vocabulary, there.model.state_dict())
    recipe = load_recipe(run / "recipe.toml", ["model.width=131072"])
    text = recipe.to_toml()
    forged = RunFolder.create(
        tmp_path / "forged", {}, {"recipe.toml": text, "vocabulary.json": (run / "vocabulary.json").read_text()}
    )
    (forged.path / "model.safetensors").write_bytes((run / "model.safetensors").read_bytes())
    forged.finish()
    refused(closedbook("ask", forged.path, "Where?"), "is damaged")


def test_a_network_that_fits_its_weights_is_made(run: Path):
    there = package.load(run)
    assert isinstance(there.vocabulary, Characters)
    model = make_network(there.recipe, there.vocabulary, there.model.state_dict())
    assert {name: x.shape for name, x in model.state_dict().items()} == {
        name: x.shape for name, x in there.model.state_dict().items()
    }
