"""How hostile.py tries one thing: a command in a process with limits, and what is wrong with how it ended."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads do not survive a fork

import crashes
from shell import Tiny, closedbook, make_tiny

from closedbook import pipeline  # noqa: F401  loaded once, for all tries
from closedbook.cli import main
from closedbook.cli.output import CONTROL


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code, or minus the signal that ended it, and what it printed."""

    code: int
    out: str
    err: str
    seconds: float  # of processor time
    megabytes: float  # at the most, beyond what it began with


@dataclass(frozen=True)
class Try:
    """One command with one input."""

    what: str  # in a few words, for the list of failures
    command: list[Any]
    kept: tuple[Path, ...] = ()  # files, or folders of files, that must be the same afterwards
    codes: tuple[int, ...] = (0, 2)
    complaint: Callable[[Done], str | None] = lambda done: None  # what else is wrong with how it ended
    seconds: int = 60  # of processor time
    megabytes: int = 1024  # beyond what it begins with
    environment: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False  # in a Python of its own, which reads the environment as it starts
    shell: str = '"$@"'  # how a shell starts it there
    signals: tuple[tuple[float, int], ...] = ()  # (seconds from the start or the last one, signal) that it is sent
    before: Callable[[], None] | None = None  # what its process does first
    act: Callable[[], Done] | None = None  # instead of the command


@dataclass
class Setting:
    """A tiny world, two runs trained on it, and a place to work in."""

    folder: Path
    tiny: Tiny  # its network says characters
    made: Iterator[int] = field(default_factory=count)

    @classmethod
    def make(cls, folder: Path) -> Setting:
        setting = cls(folder, make_tiny(folder))
        done = attempt(Try("", [*setting.train(setting.run), "--dev", setting.tiny.dev], seconds=300, megabytes=4096))
        assert done.code == 0, done.err
        # What commands load when they are first used is loaded here once, and not in each try's copy of this process.
        for command in (["ask", setting.run, setting.question], ["ask", setting.words, "Where was Ada Ek born?"],
                        ["report", setting.run, "--no-claims", "--output", folder / "report.html"],
                        ["export", setting.run, "--to", "huggingface", "--output", folder / "export"]):  # fmt: skip
            assert closedbook(*command).code == 0, command
        return setting

    @property
    def documents(self) -> Path:
        return self.tiny.documents

    @property
    def questions(self) -> Path:
        return self.tiny.questions

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def question(self) -> str:
        return self.questions.read_text(encoding="utf-8").split("\t")[0]

    @cached_property
    def words(self) -> Path:
        """A run with every file that one can have: of words, with a memory, calibrated, scored."""
        inputs = crashes.make_inputs(self.folder / "words")
        text = re.sub(r"steps = \d+", "steps = 3", crashes.RECIPE)
        (inputs.folder / "crash.toml").write_text(text, encoding="utf-8")
        inputs.train(self.folder / "words-run")
        return self.folder / "words-run"

    @cached_property
    def base(self) -> Path:
        """A folder with a small pretrained model of random weights."""
        import gguf  # noqa: F401  loaded once, for all tries
        import transformers  # noqa: F401
        from tiny_base import make_base

        lines = self.documents.read_text(encoding="utf-8").splitlines()
        return make_base(self.folder / "base", "llama", lines, layers=2)

    @cached_property
    def taught(self) -> Path:
        """A run that was taught on the base, and has learned a name since."""
        from taught_run import SETS

        sets = [word for setting in SETS for word in ("--set", setting)]
        run, later = self.folder / "taught", self.folder / "later.txt"
        later.write_text("Ada Quill. Ada Quill was born in Lund.\n", encoding="utf-8")
        inputs = ["--documents", self.documents, "--questions", self.questions, "--threads", "1"]
        for command in (
            ["train", "teach", "--base", self.base, *inputs, *sets, "--run", run],
            ["learn", run, "--documents", later],
        ):
            done = attempt(Try("", command, seconds=300, megabytes=8192))
            assert done.code == 0, done.err
        return run

    @cached_property
    def index(self) -> Path:
        """An index of the documents."""
        path = self.folder / "index"
        done = attempt(Try("", self.train(self.folder / "none", "--index", path, "--dry-run"), megabytes=4096))
        assert done.code == 0, done.err
        return path

    def train(
        self, run: Path, *more: Any, documents: Any = None, questions: Any = None, recipe: Any = None
    ) -> list[Any]:
        inputs = ["--documents", documents or self.documents, "--questions", questions or self.questions]
        return ["train", recipe or self.tiny.recipe, *inputs, "--threads", "1", "--run", run, *more]

    def fresh(self) -> Path:
        """A new folder."""
        path = self.folder / f"try{next(self.made)}"
        path.mkdir()
        return path

    def fresh_run(self) -> Path:
        """A copy of the run, in a folder of its own."""
        return Path(shutil.copytree(self.run, self.fresh() / "run"))


Kind = Callable[[Setting, Random], Iterator[Try]]
KINDS: dict[str, tuple[Kind, int]] = {}


def kind(name: str, share: int = 1) -> Callable[[Kind], Kind]:
    """Add a kind to what is tried; one of `share` tries where each takes long."""

    def added(function: Kind) -> Kind:
        assert name not in KINDS
        KINDS[name] = function, share
        return function

    return added


def attempt(case: Try) -> Done:
    """Run a command in a copy of this process, or in a fresh one, within limits."""
    if case.act is not None:
        return case.act()
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = resident()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setpgid(0, 0)  # so that all of it can be ended
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                resource.setrlimit(resource.RLIMIT_CPU, (case.seconds, case.seconds + 1))
                size = virtual() + (case.megabytes << 20)
                resource.setrlimit(resource.RLIMIT_AS, (size, size))
                os.environ.update(case.environment)
                if case.before is not None:
                    case.before()
                if case.fresh:
                    command = [sys.executable, "-m", "closedbook", *map(str, case.command)]
                    os.execv("/bin/bash", ["bash", "-c", case.shell, "bash", *command])
                code = call(case.command)
            finally:
                os._exit(code)  # whatever happened: this copy must not go on with its parent's work
        for after, number in case.signals:
            time.sleep(after)
            with contextlib.suppress(OSError):
                os.kill(child, number)
        code, used = waited(child, 5 * case.seconds + 60)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(1 << 22).decode(errors="surrogateescape"))
    peak = used.ru_maxrss / 1024 - began
    return Done(code, texts[0], texts[1], used.ru_utime + used.ru_stime, max(0.0, peak))


def call(command: list[Any]) -> int:
    """The exit code of a command, as the console script would have it."""
    try:
        main([str(word) for word in command])
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    except BaseException:
        traceback.print_exc()
        code = 1
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def waited(child: int, seconds: float) -> tuple[int, Any]:
    """(exit code or minus the signal, what it used) of a process, which is ended after this time."""
    until = time.monotonic() + seconds
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > until:
            with contextlib.suppress(OSError):
                os.killpg(child, signal.SIGKILL)
            _, status, used = os.wait4(child, 0)
            break
        time.sleep(0.01)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)  # what it left running
    return os.waitstatus_to_exitcode(status), used


def virtual() -> int:
    """Bytes of this process's address space."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def resident(process: int | str = "self") -> float:
    """Megabytes of a process's memory."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def trouble(case: Try) -> tuple[str | None, Done]:
    """What is wrong with how a try ended, or None."""
    before = contents(case.kept)
    done = attempt(case)
    message = done.err[done.err.rfind("\nclosedbook: ") + 1 :] if "\nclosedbook: " in done.err else done.err
    if done.code < 0 and done.code not in case.codes:
        return f"ended by {signal.Signals(-done.code).name} after {done.seconds:.0f} s of processor time", done
    if "Traceback (most recent call last)" in done.err:
        return f"a traceback: {done.err.strip().splitlines()[-1]}", done
    if done.code not in case.codes:
        return f"exit code {done.code}: {message.strip()[:200]}", done
    if done.code == 2 and len(message.strip().splitlines()) not in (1, 2):
        return f"{len(message.strip().splitlines())} lines of an error: {message.strip()[:200]}", done
    if match := CONTROL.search(done.out + done.err):
        return f"sent {match.group()!r}", done
    if contents(case.kept) != before:
        return "changed a file that is not its own", done
    return case.complaint(done), done


def contents(paths: tuple[Path, ...]) -> dict[str, str]:
    """The content of each file, and what each link leads to; a pipe or a device is not opened."""
    hashes: dict[str, str] = {}
    for start in paths:
        for path in [start, *(sorted(start.rglob("*")) if start.is_dir() else [])]:
            if path.is_symlink():
                hashes[str(path)] = os.readlink(path)
            elif path.is_file():
                hashes[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashes
