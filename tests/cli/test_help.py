"""Help that teaches: an example in every command, and no waiting for torch."""

from __future__ import annotations

import re
import shlex

import pytest
from shell import closedbook

from closedbook import __version__
from closedbook.cli import COMMANDS

STUDIES = [f"study {name}" for name in ("exposure", "ablation", "fluency", "strangers", "reversal")]
COURSE = [f"cs224n {name}" for name in ("pretrain", "finetune", "evaluate", "london", "dataset", "check")]
EVERY = [*COMMANDS, "show recipe", "show objective", "show memory", *STUDIES, *COURSE]


def test_the_first_page_lists_every_command_with_a_line_about_it():
    done = closedbook("--help")
    assert done.code == 0
    for name in COMMANDS:
        assert re.search(rf"^\W*{name}\s+\w.{{15,}}", done.out, re.M), name
    assert "closedbook demo" in done.out
    assert closedbook().out == done.out


def test_every_study_has_a_line_about_it():
    out = closedbook("study", "--help").out
    for name in STUDIES:
        assert re.search(rf"^\W*{name.split()[1]}\s+\w.{{15,}}", out, re.M), name


@pytest.mark.parametrize("command", EVERY)
def test_every_command_s_help_has_an_example_that_could_be_typed(command: str):
    done = closedbook(*command.split(), "--help")
    assert done.code == 0
    body = done.out.partition("\n")[2].partition("Exit codes:")[0]
    example = re.search(rf"closedbook {command}\b.*", body)
    assert example, f"no example in:\n{done.out}"
    assert shlex.split(example[0], posix=True)[0] == "closedbook"


@pytest.mark.parametrize("command", [c for c in EVERY if c not in ("show", "study", "cs224n")])
def test_every_command_has_json_but_show_recipe_s_toml(command: str):
    assert "--json" in closedbook(*command.split(), "--help").out


def test_the_version_is_the_package_s():
    assert closedbook("--version").out.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], ["train"]),
        (["train"], ["--documents", "closedbook train --help"]),
        (["train", "fast"], ["--documents", "closedbook train --help"]),
        (["ask", "run"], ["QUESTION", "closedbook ask --help"]),
        (["train", "fast", "--documents", "x", "--thread", "1"], ["--thread", "closedbook train --help"]),
        (["train", "fast", "--documents", "x", "--threads", "two"], ["--threads", "two"]),
        (["list", "recipe"], ["recipes"]),
        (["show", "recipes"], ["recipe", "closedbook show --help"]),
        (["sample", "run", "x", "--length", "long"], ["--length", "long"]),
    ],
)
def test_a_mistyped_command_gets_one_plain_line_that_leads_to_help(arguments: list[str], words: list[str]):
    done = closedbook(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1, done.err
    for word in words:
        assert word in done.err
