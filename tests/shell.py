"""What the tests of the shell share: a tiny world, a tiny recipe, and the command line as a function."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook.synthetic.world import WorldSpec, make_world

COURSE = Path(__file__).parents[2] / "shared" / "data" / "cs224n"

RECIPE = """
name = "tiny"
summary = "Seconds of training, for tests."

[model]
width = 16
layers = 1
heads = 2
context_length = 96
dropout = 0.1

[answer]
length = 16

[[stages]]
name = "pretrain"
steps = 6
batch = 8
clip = 1.0
objectives = [{ objective = { name = "span" } }]
optimiser = { name = "adamw", rate = 3e-3 }
schedule = { name = "trapezoid" }

[[stages]]
name = "finetune"
steps = 5
batch = 8
objectives = [{ objective = { name = "question" } }]
optimiser = { name = "adamw", rate = 1e-3 }
schedule = { name = "trapezoid" }
"""


@dataclass(frozen=True)
class Tiny:
    """Inputs of a training that takes a second."""

    folder: Path
    documents: Path
    questions: Path
    dev: Path
    recipe: Path

    @property
    def inputs(self) -> list[str]:
        return ["--documents", f"{self.documents}", "--questions", f"{self.questions}", "--threads", "1"]

    def train(self, run: Path, *more: str) -> list[str]:
        """The arguments of a training into `run`."""
        return ["train", f"{self.recipe}", *self.inputs, "--run", f"{run}", *more]


def make_tiny(folder: Path) -> Tiny:
    world = make_world(WorldSpec.tiny(), 3).write(folder / "world")
    questions = (world / "questions-train.tsv").read_text(encoding="utf-8").splitlines()[:24]
    dev = (world / "questions-test.tsv").read_text(encoding="utf-8").splitlines()[:12]
    tiny = Tiny(folder, world / "documents.txt", folder / "questions.tsv", folder / "dev.tsv", folder / "tiny.toml")
    tiny.questions.write_text("\n".join(questions) + "\n", encoding="utf-8")
    tiny.dev.write_text("\n".join(dev) + "\n", encoding="utf-8")
    tiny.recipe.write_text(RECIPE, encoding="utf-8")
    return tiny


@dataclass(frozen=True)
class Done:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def closedbook(*arguments: object) -> Done:
    """Run a command in this process, as the console script would."""
    from closedbook.cli import main

    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    return Done(code, out.getvalue(), err.getvalue())


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def in_a_process(*command: object, cwd: Path | None = None) -> Done:
    """Run Python with these arguments in a process of its own."""
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, cwd=cwd, env=environment(), timeout=120
    )
    return Done(done.returncode, done.stdout, done.stderr)


# A training that sends itself a signal at its so-many-th step, after it or while it is half done.
KILLER = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import shell
name, where, number, save_every, *arguments = sys.argv[1:]
sys.argv = ["closedbook", *arguments]
shell.kill_at(name, where, int(number), float(save_every))
from closedbook.cli import main
main(arguments)
"""


def kill_at(name: str, where: str, number: int, save_every: float) -> None:
    """Make this process send itself a signal at a step of the training it is going to do."""
    from closedbook import pipeline
    from closedbook.training import checkpoint
    from closedbook.training.optimisers import AdamW

    checkpoint.SAVE_EVERY = save_every
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), getattr(signal, name))

    step, save_if_due, fit = AdamW.step, checkpoint.Checkpointer.save_if_due, pipeline.fit

    def half_done(self: AdamW, multiplier: float) -> None:
        """The signal comes when one half of the parameters is updated."""
        halves = self.groups
        for group in halves:
            self.groups = [group]
            step(self, multiplier)
            if group is halves[0]:
                count()
        self.groups = halves

    def after_step(self: Any, *arguments: Any) -> None:
        save_if_due(self, *arguments)
        count()

    def only_now(*arguments: Any) -> float:  # the plan has timed steps of its own before
        if where == "half":
            AdamW.step = half_done  # type: ignore[method-assign]
        return fit(*arguments)

    if where == "after":
        checkpoint.Checkpointer.save_if_due = after_step  # type: ignore[method-assign]
    pipeline.fit = only_now


def killed(name: str, where: str, number: int, arguments: list[str], save_every: float = 1e9) -> Done:
    """A training in a process of its own that gets signal `name` at a step, "half" through or "after" it.

    Where there is fork it is a copy of this process, which need not load torch again. The code is minus the signal
    where that ended it.
    """
    if not hasattr(os, "fork"):
        return in_a_process("-c", KILLER, Path(__file__).parent, name, where, number, save_every, *arguments)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                kill_at(name, where, number, save_every)
                done = closedbook(*arguments)
                code = done.code
                json.dump([done.out, done.err], output)
                output.flush()
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return Done(code, *json.loads(output.read() or '["", ""]'))


def hashes(folder: Path) -> dict[str, str]:
    """The content of every file in a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refused(done: Done, *words: str) -> None:
    """Assert that a command ended with one short message that holds these words, and nothing else."""
    assert done.code == 2, (done.out, done.err)
    assert done.out == ""
    lines = [line for line in done.err.strip().splitlines() if not line.startswith("closedbook: warning")]
    assert 1 <= len(lines) <= 2, done.err
    assert lines[0].startswith("closedbook: ")
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done.err
