"""The README is short, says what the results say, and its commands, pictures and links are there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from closedbook.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [line.split(" #")[0].strip() for line in README.splitlines() if line.startswith("closedbook ")]


def test_figures_in_the_readme_are_those_of_the_results() -> None:
    script = ROOT / "benchmarks" / "readme.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", LINES)
def test_commands_in_the_readme_exist_with_their_options(line: str) -> None:
    words = shlex.split(line)[1:]
    depth = 2 if words[0] in ("show", "list", "study") else 1
    assert words[0] in COMMANDS
    helped = subprocess.run(
        [sys.executable, "-m", "closedbook", *words[: 1 if words[0] == "list" else depth], "--help"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    for option in re.findall(r"--[a-z-]+", line):
        assert option in helped, f"{option} is not in the help of: {line}"


def test_a_figure_is_not_parted_from_its_sign_in_a_narrow_column() -> None:
    table = README.partition("<!-- figures: headline")[2].partition("<!-- /figures -->")[0]
    assert "%" in table
    assert " %" not in table


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.split()) < 900


def test_the_first_screen_leads_to_one_s_own_documents_and_its_table_has_five_figures() -> None:
    first, _, rest = README.partition("\n## Try it")
    for page in ("own-corpus", "course", "pretrained"):
        assert f"(docs/{page}.md)" in first
    table = rest.partition("<!-- figures: headline")[2].partition("<!-- /figures -->")[0]
    assert len([line for line in table.splitlines() if line.startswith("| ")]) == 1 + 5  # the heading and five


def test_links_and_pictures_of_the_readme_are_there_and_load_quickly() -> None:
    targets = re.findall(r"\]\(([^)\s#]+)", README) + re.findall(r'(?:src|srcset)="([^"]+)"', README)
    assert len(targets) > 10
    for target in targets:
        path = ROOT / target
        assert path.is_file(), target
        assert path.suffix != ".png" or path.stat().st_size < 200_000, target


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: str(page.relative_to(ROOT / "docs"))
)
def test_every_page_begins_with_words(page: Path) -> None:
    """Below the title, and before any code, table or list, a page says what it is for."""
    parts = page.read_text(encoding="utf-8").split("\n\n")
    below = [part for part in parts[1:] if not part.startswith(("<picture>", "> ", "<!--"))]
    assert re.match(r"[A-Z*`]", below[0]), below[0]
    assert len(below[0].split()) >= 6


def test_pre_commit_does_what_make_lint_does() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lint = makefile.partition("lint: all\n")[2].partition("\n\n")[0]
    for command in re.findall(r"\$\(BIN\)/(.+)", lint):
        assert f".venv/bin/{command.removesuffix(' .')}" in hooks, command
