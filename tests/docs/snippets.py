"""What the pages tell readers to type, taken out of them and done, in a folder with a tiny world.

A fenced block of bash or console is typed line by line, one of Python is executed, one of TOML is read; each page goes
from top to bottom, as a reader would. Trainings are real but tiny. Comments in the page steer this, and can be seen:

    <!-- not run: REASON -->    the next block cannot be run here; its closedbook commands are only checked
    <!-- file: NAME -->         the next block is the content of this file

A command that ends with another code than 0 says so behind it: `# exit code 1`. `closedbook …` within a sentence is
checked for commands and options that do not exist.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from shell import closedbook

from closedbook.config.schema import Auto, Recipe
from closedbook.synthetic.world import WorldSpec, make_world

SHELL = ("bash", "console", "sh", "shell")
FENCE = re.compile(r"^(?P<indent> *)(?P<mark>`{3,}|~{3,})\s*(?P<language>[^\s`]*)")
MARKER = re.compile(r"^\s*<!--\s*(not run|file)\b:?\s*(.*?)\s*-->\s*$")
INLINE = re.compile(r"(?<!`)`(closedbook [^`]+)`(?!`)")
# What is asked of a machine for minutes, asked for less; and what is slow and tested elsewhere, left out.
SMALLER = {"--budget": "0.0001"}
ADDED = {
    "report": ["--no-claims"], "compare": ["--seeds", "1"],
    "study exposure": ["--people", "20", "--seeds", "0"], "study ablation": ["--models", "2"],
}  # fmt: skip
ONCE = ("compare", "study")  # run once with the same options, and checked where it stands again
ELSEWHERE = re.compile(r"attention( --|$)|attention .*--figures")  # all claims, and pictures: tests/attention


@dataclass(frozen=True)
class Block:
    """A piece of code of a page: where it begins, its language, its text, and what the page says about it."""

    line: int
    language: str
    text: str
    not_run: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class Trouble:
    """What does not work, and where."""

    line: int
    what: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}\n    {self.why}"


def blocks(text: str) -> Iterator[Block]:
    """The code of a page of Markdown, fenced or indented; sentences that name a command come as language `inline`."""
    lines = text.splitlines()
    marks: dict[str, str] = {}
    i = 0
    while i < len(lines):
        start, line = i, lines[i]
        i += 1
        if marker := MARKER.match(line):
            marks[marker[1]] = marker[2]
            continue
        if fence := FENCE.match(line):
            body = []
            while i < len(lines) and not lines[i].strip().startswith(fence["mark"]):
                body.append(lines[i].removeprefix(fence["indent"]))
                i += 1
            i += 1
            yield Block(start + 2, fence["language"], "\n".join(body), marks.get("not run"), marks.get("file"))
        elif line.startswith("    closedbook "):
            yield Block(start + 1, "bash", re.split(r"\s{2,}(?!#)", line.strip())[0], marks.get("not run"))
            continue  # a marker holds for all lines of an indented block
        else:
            for command in INLINE.findall(line):
                yield Block(start + 1, "inline", command)
        if line.strip():
            marks = {}


def commands(block: Block) -> Iterator[tuple[int, str]]:
    """(line, command) of a block of shell; of a block with prompts only what stands behind one."""
    prompted = any(line.startswith("$ ") for line in block.text.splitlines())
    waiting, began = "", 0
    for number, line in enumerate(block.text.splitlines(), block.line):
        if prompted and not waiting and not line.startswith("$ "):
            continue
        waiting, began = waiting + line.removeprefix("$ "), began or number
        if waiting.endswith("\\"):
            waiting = waiting[:-1] + " "
            continue
        if waiting.strip() and not waiting.lstrip().startswith("#"):
            yield began, waiting.strip()
        waiting, began = "", 0


class Reader:
    """Somebody who types a whole page, from top to bottom, in the current folder."""

    seen: ClassVar[set[tuple[str, ...]]] = set()

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.troubles: list[Trouble] = []
        self.done = 0

    def read(self, text: str) -> list[Trouble]:
        """What of a page does not work."""
        for block in blocks(text):
            language = block.language or ("bash" if re.search(r"^(\$ )?closedbook ", block.text, re.M) else "")
            if block.not_run is not None and len(block.not_run) < 8:
                self._fails(block.line, "<!-- not run -->", "say why, in a few words")
            if block.file:
                Path(block.file).write_text(block.text + "\n", encoding="utf-8")
            if language == "inline":
                self._check(block.line, block.text)
            elif language in SHELL:
                for line, command in commands(block):
                    self._type(line, command, run=block.not_run is None)
            elif language == "python" and block.not_run is None and not block.file:
                self._execute(block)
            elif language == "toml":
                self._try(block.line, block.text.splitlines()[0], lambda text=block.text: tomllib.loads(text))
        return self.troubles

    def _fails(self, line: int, what: str, why: str) -> None:
        self.troubles.append(Trouble(line, what, why))

    def _try(self, line: int, what: str, act: Callable[[], Any]) -> None:
        self.done += 1
        try:
            act()
        except Exception as error:
            self._fails(line, what, f"{type(error).__name__}: {error}")

    def _execute(self, block: Block) -> None:
        """Execute Python; what a page defined before is there."""
        with contextlib.redirect_stdout(io.StringIO()):
            source = "\n" * (block.line - 1) + block.text
            self._try(block.line, block.text.strip().splitlines()[0],
                      lambda: exec(compile(source, "page", "exec"), self.names))  # fmt: skip

    def _check(self, line: int, command: str) -> None:
        """Whether a command and its options exist. Arguments may be missing or be placeholders."""
        from cyclopts import CycloptsError, UnknownCommandError, UnknownOptionError

        from closedbook.cli import COMMANDS, app

        words = shlex.split(command, comments=True)[1:]
        if not words or words[0].startswith("-"):
            return
        if not words[0].islower():
            return  # a placeholder
        if words[0] not in COMMANDS:
            self._fails(line, command, f"there is no command {words[0]}")
            return
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                app.parse_args(words, exit_on_error=False, print_error=False)
            except (UnknownCommandError, UnknownOptionError) as error:
                self._fails(line, command, " ".join(str(error).split()))
            except CycloptsError:
                pass  # something is left out, or stands for something

    def _type(self, line: int, command: str, run: bool) -> None:
        """Type one command; if it is not to be run, only see that it exists."""
        words = shlex.split(command, comments=True)
        if words[0] != "closedbook":
            if run:
                self._fails(line, command, "not a closedbook command: put <!-- not run: REASON --> before the block")
            return
        if not run:
            self._check(line, command)
            return
        expected = int(exit_code[1]) if (exit_code := re.search(r"#.*exit code (\d+)", command)) else 0
        output = None
        if ">" in words:
            words, (output,) = words[: words.index(">")], words[words.index(">") + 1 :]
        words = [SMALLER.get(words[i - 1], word) for i, word in enumerate(words)][1:]
        for start, more in ADDED.items():
            if " ".join(words).startswith(start) and more[0] not in words and "--help" not in words:
                words += more  # of an option given twice the last counts
        if words[0] in ("train", "demo") and "--run" in words and "--resume" not in words and "--dry-run" not in words:
            shutil.rmtree(words[words.index("--run") + 1], ignore_errors=True)
        options = (*words[: 2 if words[0] == "study" else 1], *sorted(word for word in words if word[:2] == "--"))
        if ELSEWHERE.match(" ".join(words)) or options in self.seen:
            self._check(line, command)
            return
        if words[0] in ONCE:
            self.seen.add(options)
        self.done += 1
        try:
            done = closedbook(*words)
        except Exception as error:
            self._fails(line, command, f"a traceback: {type(error).__name__}: {error}")
            return
        if done.code != expected:
            printed = " ".join((done.err or done.out).split())[-500:]
            self._fails(line, command, f"exit code {done.code}, not {expected}: {printed}")
        if output:
            Path(output).write_text(done.out, encoding="utf-8")


def at_most(most: int, value: int) -> int:
    """What a tiny run takes; also in place of a number that would be chosen from the data."""
    return most if isinstance(value, Auto) else min(value, most)


def shrunk(recipe: Recipe) -> Recipe:
    """The recipe as it is, but for a network and a number of steps that take a moment. Twice is the same as once."""
    model, data = recipe.model, recipe.data
    model = replace(
        model, width=32, heads=4, layers=min(model.layers, 3), matmul_dtype="float32",
    )  # fmt: skip
    if "calibrate" in data.held_out:
        data = replace(data, held_out={"choose": 0.1, "calibrate": 0.3})
    stages = tuple(
        replace(
            stage, steps=at_most(6, stage.steps), epochs=at_most(1, stage.epochs), batch=at_most(32, stage.batch),
            group=at_most(2, stage.group), negatives=at_most(50, stage.negatives),
        )
        for stage in recipe.stages
    )  # fmt: skip
    return replace(recipe, model=model, data=data, stages=stages)


def make_desk(folder: Path) -> Path:
    """A folder with the course's file names, a tiny world in them, and trained runs under the names the pages use."""
    import closedbook as package

    folder.mkdir(parents=True, exist_ok=True)
    world = make_world(WorldSpec(people=80, biographies_per_person=2, strangers=20, relations=("birthplace",)), 3)
    files = world.write(folder / "world")
    person = "Khatchig Mouradian. Khatchig Mouradian is a journalist , writer and translator born in Lebanon ."
    documents = (files / "documents.txt").read_text(encoding="utf-8") + person + "\n"
    questions = {name: (files / f"questions-{name}.tsv").read_text(encoding="utf-8") for name in ("train", "test")}
    inputs = "".join(line.split("\t")[0] + "\n" for line in questions["test"].splitlines())
    for name, text in {
        "wiki.txt": documents, "any.txt": documents, "birth_places_train.tsv": questions["train"],
        "birth_dev.tsv": questions["test"], "birth_test_inputs.tsv": inputs,
        "documents.txt": documents, "questions.tsv": questions["train"], "kept.tsv": questions["test"],
    }.items():  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")
    mixers = (Path(__file__).parents[2] / "docs" / "mixers.md").read_text(encoding="utf-8")
    (own,) = (block for block in blocks(mixers) if block.file == "decay.py")
    (folder / "decay.py").write_text(own.text, encoding="utf-8")
    with contextlib.chdir(folder):
        closedbook("cs224n", "finetune", "vanilla", "wiki.txt", "--writing_params_path", "vanilla.params",
                   "--finetune_corpus_path", "birth_places_train.tsv")  # fmt: skip
        recipe = package.load_recipe("fast")  # long enough that answers differ
        longer = replace(recipe, stages=tuple(replace(stage, steps=60) for stage in recipe.stages))
        package.train(longer, "wiki.txt", "birth_places_train.tsv", dev="birth_dev.tsv", run="runs/mine", threads=1)
        package.train(package.load_recipe("course-vanilla"), "wiki.txt", "birth_places_train.tsv", run="runs/vanilla")
        for name in ("one", "other"):
            shutil.copytree("runs/mine", f"runs/{name}")
    return folder


def make_small(patch: pytest.MonkeyPatch) -> None:
    """Let every recipe that is loaded from now on be a tiny one, and the demo's world too."""
    import closedbook.cli
    import closedbook.course.assignment
    import closedbook.studies.comparison
    import closedbook.studies.exposure
    from closedbook.config import loading

    # A module that was first imported while this is patched would keep the small one.
    for module in pkgutil.iter_modules(closedbook.cli.__path__):
        importlib.import_module(f"closedbook.cli.{module.name}")
    load = loading.load_recipe

    def small(*arguments: Any, **named: Any) -> Recipe:
        return shrunk(load(*arguments, **named))

    for name, module in list(sys.modules.items()):
        if name.startswith("closedbook.") and vars(module).get("load_recipe") is load:
            patch.setattr(module, "load_recipe", small)
    # Charts and claims of a report are drawn in tests/web.
    patch.setattr("closedbook.reporting.html_report.images", lambda *_: {"light": "data:,", "dark": "data:,"})
    patch.setattr("closedbook.reporting.figures.inline_svg", lambda title, *_: f"<svg><title>{title}</title></svg>")
    # Two threads on busy cores wait for each other at every operation.
    for cores in ("sched_getaffinity", "cpu_count"):
        if hasattr(os, cores):
            patch.setattr(os, cores, lambda *_: {0} if _ else 1)
    demo = replace(WorldSpec.demo(), people=60, strangers=20)
    patch.setattr(WorldSpec, "demo", classmethod(lambda cls: demo))
