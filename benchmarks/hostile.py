"""Hostile and unlucky inputs, tried: results/hostile.json, and the table in docs/safety.md.

    python benchmarks/hostile.py                    every kind, 25 tries each
    python benchmarks/hostile.py --seed 7           other inputs of the same kinds
    python benchmarks/hostile.py --only "pipes"     the kinds whose name has this in it; the others' rows stay

Every try is a command of ours, run in a copy (fork) of this process with a limit on processor time, on time, and on
memory. It has failed where it ends in anything but success or one or two lines with exit code 2: a traceback, a signal,
a limit that was reached; where it sends a terminal a control character; and where it changed a file that it was not
asked to change. A try may ask for more, or for less, of its own.

A kind is a function with `@kind("what it tries")`: it takes a `Setting` and random numbers, and yields tries without
end. Everything that it makes goes into `setting.fresh()`, a folder of its own for each try.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads do not survive a fork

from record import RESULTS, origin

from closedbook import pipeline  # noqa: F401  loaded once, for all tries
from closedbook.cli.output import CONTROL
from closedbook.synthetic.world import WorldSpec, make_world

SAFETY = Path(__file__).parents[1] / "docs" / "safety.md"
BEGIN, END = "<!-- hostile: written by benchmarks/hostile.py -->", "<!-- /hostile -->"

RECIPE = """
name = "tiny"
summary = "A second of training."

[model]
width = 16
layers = 1
heads = 2
block = 96

[answer]
length = 16

[[stages]]
name = "learn"
steps = 3
batch = 8
objectives = [
    { objective = { name = "span" }, share = 0.5 },
    { objective = { name = "question" }, share = 0.5 },
]
optimiser = { name = "adamw", rate = 3e-3 }
schedule = { name = "trapezoid" }
"""


# Trying --------------------------------------------------------------------------------------------------------------


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


@dataclass
class Setting:
    """A tiny world, a run trained on it, and a place to work in."""

    folder: Path
    documents: Path
    questions: Path
    recipe: Path
    run: Path = field(default_factory=Path)
    made: Iterator[int] = field(default_factory=count)

    @classmethod
    def make(cls, folder: Path, seed: int) -> Setting:
        world = make_world(WorldSpec.tiny(), seed).write(folder / "world")
        setting = cls(folder, world / "documents.txt", folder / "questions.tsv", folder / "tiny.toml")
        lines = (world / "questions-train.tsv").read_text(encoding="utf-8").splitlines()[:24]
        setting.questions.write_text("\n".join(lines) + "\n", encoding="utf-8")
        setting.recipe.write_text(RECIPE, encoding="utf-8")
        setting.run = folder / "run"
        done = attempt(setting.train(setting.run), 300, 4096)
        assert done.code == 0, done.err
        return setting

    def train(
        self, run: Path, *more: Any, documents: Any = None, questions: Any = None, recipe: Any = None
    ) -> list[Any]:
        inputs = ["--documents", documents or self.documents, "--questions", questions or self.questions]
        return ["train", recipe or self.recipe, *inputs, "--threads", "1", "--run", run, *more]

    def fresh(self) -> Path:
        """A new folder."""
        path = self.folder / f"try{next(self.made)}"
        path.mkdir()
        return path

    def fresh_run(self) -> Path:
        """A copy of the run, in a folder of its own."""
        return Path(shutil.copytree(self.run, self.fresh() / "run"))


Kind = Callable[[Setting, Random], Iterator[Try]]
KINDS: dict[str, Kind] = {}


def kind(name: str) -> Callable[[Kind], Kind]:
    """Add a kind to what is tried."""

    def added(function: Kind) -> Kind:
        assert name not in KINDS
        KINDS[name] = function
        return function

    return added


def attempt(command: list[Any], seconds: int, megabytes: int) -> Done:
    """Run a command in a copy of this process, within limits."""
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
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
                size = virtual() + (megabytes << 20)
                resource.setrlimit(resource.RLIMIT_AS, (size, size))
                code = call(command)
            finally:
                os._exit(code)  # whatever happened: this copy must not go on with its parent's work
        code, used = waited(child, 5 * seconds + 60)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(1 << 22).decode(errors="surrogateescape"))
    peak = used.ru_maxrss / 1024 - began
    return Done(code, texts[0], texts[1], used.ru_utime + used.ru_stime, max(0.0, peak))


def call(command: list[Any]) -> int:
    """The exit code of a command, as the console script would have it."""
    import traceback

    from closedbook.cli import main

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


def resident() -> float:
    """Megabytes of this process's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def trouble(one: Try) -> tuple[str | None, Done]:
    """What is wrong with how a try ended, or None."""
    before = contents(one.kept)
    done = attempt(one.command, one.seconds, one.megabytes)
    said = done.err[done.err.rfind("\nclosedbook: ") + 1 :] if "\nclosedbook: " in done.err else done.err
    if done.code < 0:
        return f"ended by {signal.Signals(-done.code).name} after {done.seconds:.0f} s of processor time", done
    if "Traceback (most recent call last)" in done.err:
        return f"a traceback: {done.err.strip().splitlines()[-1]}", done
    if done.code not in one.codes:
        return f"exit code {done.code}: {said.strip()[:200]}", done
    if done.code == 2 and len(said.strip().splitlines()) not in (1, 2):
        return f"{len(said.strip().splitlines())} lines of an error: {said.strip()[:200]}", done
    if found := CONTROL.search(done.out + done.err):
        return f"sent {found.group()!r}", done
    if contents(one.kept) != before:
        return "changed a file that is not its own", done
    return one.complaint(done), done


def contents(paths: tuple[Path, ...]) -> dict[str, str]:
    """The content of each file, and what each link leads to; a pipe or a device is not opened."""
    found: dict[str, str] = {}
    for given in paths:
        for path in [given, *(sorted(given.rglob("*")) if given.is_dir() else [])]:
            if path.is_symlink():
                found[str(path)] = os.readlink(path)
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


# Kinds of files ------------------------------------------------------------------------------------------------------


def something_else(path: Path, rng: Random) -> str:
    """Put what is no file in the place of one; what it is."""
    path.unlink(missing_ok=True)
    what = rng.choice(["a pipe", "a link to a pipe", "a link to /dev/zero", "a folder", "a link to itself", "a socket"])
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a link to a pipe":
        os.mkfifo(path.with_name("elsewhere"))
        path.symlink_to("elsewhere")
    elif what == "a link to /dev/zero":
        path.symlink_to("/dev/zero")
    elif what == "a folder":
        path.mkdir()
    elif what == "a link to itself":
        path.symlink_to(path.name)
    else:
        with socket.socket(socket.AF_UNIX) as bound, contextlib.chdir(path.parent):  # its address must be short
            bound.bind(path.name)
    return what


@kind("pipes, devices and links in place of a run's files")
def no_files_of_a_run(setting: Setting, rng: Random) -> Iterator[Try]:
    names = sorted(path.name for path in setting.run.iterdir())
    question = setting.questions.read_text(encoding="utf-8").split("\t")[0]
    while True:
        run = setting.fresh_run()
        name = rng.choice([*names, "training.safetensors", ".lock", "calibration.json", "evaluation.json"])
        what = something_else(run / name, rng)
        commands: list[list[Any]] = [
            ["ask", run, question],
            ["evaluate", run, "--questions", setting.questions],
            ["evaluate", run, "--questions", setting.questions, "--save"],
            ["card", run],
            ["list", "runs", "--runs", run.parent],
            ["show", "memory", run],
            ["sample", run, "The "],
            ["export", run, "--to", "params", "--output", run.parent / "out.params"],
            setting.train(run, "--resume"),
        ]
        command = rng.choice(commands)
        yield Try(f"{what} as {name}: {command[0]}", command)


@kind("pipes, devices and links in place of documents, questions and recipes")
def no_inputs(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        path = folder / f"given{rng.choice(['', '.txt', '.tsv', '.toml', '.gz', '.zst', '.jsonl'])}"
        what = something_else(path, rng)
        dev = setting.questions
        commands: list[list[Any]] = [
            setting.train(folder / "run", documents=path),
            setting.train(folder / "run", questions=path),
            setting.train(folder / "run", "--dev", path),
            setting.train(folder / "run", recipe=path),
            setting.train(folder / "run", "--index", folder / "index", documents=path),
            ["baseline", "--questions", path, "--answer", "Oslo"],
            ["baseline", "--questions", dev, "--documents", path],
            ["baseline", "--questions", dev, "--train", path],
            ["show", "objective", "span", "--documents", path],
            ["show", "recipe", path],
            ["evaluate", setting.run, "--questions", path],
            ["ask", setting.run, dev.read_text(encoding="utf-8").split("\t")[0], "--documents", path],
            ["cs224n", "london", "--eval_corpus_path", path],
            ["import", path, "--run", folder / "run"],
        ]
        command = rng.choice(commands)
        yield Try(f"{what} as {path.name}: {' '.join(map(str, command[:2]))}", command)


@kind("outputs that name a file of the run, an input, or what a run was trained on")
def outputs(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        run = Path(shutil.copytree(setting.run, folder / "run"))
        questions = Path(shutil.copy(setting.questions, folder / "asked.tsv"))
        target = rng.choice([*sorted(run.iterdir()), questions, setting.documents, setting.questions])
        way = rng.choice(
            ["as it is", "by a link", "by a link to a link", "by a hard link", "through a folder", "..", "text"]
        )
        place = target
        if way in ("by a link", "by a link to a link"):
            place = folder / "link"
            place.symlink_to(target)
            if way == "by a link to a link":
                place = folder / "link2"
                place.symlink_to("link")
        elif way == "by a hard link" and target.parent != run:  # replacing one name of a run's file harms no run
            place = folder / "hard"
            os.link(target, place)
        elif way == "through a folder":
            (folder / "to").symlink_to(target.parent)
            place = folder / "to" / target.name
        elif way == "..":
            place = target.parent / ".." / target.parent.name / target.name
        commands: list[list[Any]] = [
            ["evaluate", run, "--questions", questions, "--answers"],
            ["evaluate", run, "--questions", questions, "--predictions"],
            ["card", run, "--output"],
            ["report", run, "--no-claims", "--questions", questions, "--output"],
            ["export", run, "--to", "params", "--output"],
        ]
        command = [*rng.choice(commands), place]
        if target == questions and questions not in command[:-1]:
            continue  # not an input of this one
        kept = (run, questions, setting.documents, setting.questions)
        yield Try(f"{command[0]} into {target.name} {way}", command, kept=kept, codes=(2,))


@kind("links in the way of temporary files")
def temporary(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        run = setting.fresh_run()
        folder, victim = run.parent / "shared", run.parent / "victim"
        folder.mkdir()
        victim.write_text("precious\n")
        name = rng.choice(["card.md", "answers.jsonl"])
        for number in range(os.getpid(), os.getpid() + 200):
            for text in (f".{name}.{number}.partial", f".{name}.{number}", f"{name}.tmp"):
                if not os.path.lexists(folder / text):
                    (folder / text).symlink_to(victim)
        target = folder / name
        if rng.random() < 0.5:
            target.symlink_to(victim)
        command = ["card", run, "--output", target]
        if name == "answers.jsonl":
            command = ["evaluate", run, "--questions", setting.questions, "--answers", target]
        yield Try(f"{command[0]} beside links to another file", command, kept=(victim, run), codes=(0,))


# Sizes and texts -----------------------------------------------------------------------------------------------------


def reading(setting: Setting, rng: Random, path: Path) -> list[Any]:
    """A command that reads a file, as documents or as questions."""
    folder = path.parent
    commands: list[list[Any]] = [
        setting.train(folder / "run", "--dry-run", documents=path),
        setting.train(folder / "run", "--dry-run", questions=path),
        ["train", "characters", "--documents", path, "--dry-run", "--threads", "1"],
        ["baseline", "--questions", setting.questions, "--documents", path],
        ["baseline", "--questions", setting.questions, "--documents", path, "--train", setting.questions],
        ["baseline", "--questions", path, "--answer", "Oslo"],
        ["baseline", "--questions", setting.questions, "--train", path],
        ["show", "objective", "span", "--documents", path],
        ["evaluate", setting.run, "--questions", path],
    ]
    return rng.choice(commands)


@kind("small files that expand to a gigabyte or more")
def bombs(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        line = rng.choice([b"x" * 997, b"Ada Ray. Born in Oslo.\n", b"Where was Ada born?\tOslo\n", b"\n", b". "])
        piece = line * (1_000_000 // len(line))
        times = rng.randint(1000, 3000)
        if rng.random() < 0.5:
            path = folder / "bomb.txt.gz"
            whole = gzip.compress(piece, 9)
            path.write_bytes(whole * times)  # of as many members
        else:
            import zstandard

            path = folder / "bomb.txt.zst"
            packed = zstandard.ZstdCompressor(level=1, write_content_size=False).compressobj()
            with open(path, "wb") as file:
                for _ in range(times):
                    file.write(packed.compress(piece))
                file.write(packed.flush())
        command = reading(setting, rng, path)
        what = f"{path.stat().st_size / 1e6:.1f} MB for {times / 1000:.1f} GB of {line[:8]!r}: {command[0]}"
        yield Try(what, command, codes=(2,), seconds=120)


@kind("texts that make a scan slow")
def slow_texts(setting: Setting, rng: Random) -> Iterator[Try]:
    pieces = ["J. ", "Dr. ", ".", ". ", "a.", "A ", "A-", "'s ", "born ", "born A ", "1 ", "é\u0301", "[", "\\", "? "]
    while True:
        path = setting.fresh() / "text.txt"
        size = rng.choice([100_000, 300_000, 1_000_000])
        piece = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 3)))
        name = setting.documents.read_text(encoding="utf-8").partition(". ")[0]
        text = rng.choice(["", "Ada Ray. ", f"{name}. ", f"Where was {name} born? "])
        text += (piece * (size // len(piece)))[: size - len(text)].rstrip() + rng.choice(["", "x", "\tOslo", "."])
        path.write_text(text + "\n", encoding="utf-8")
        command = reading(setting, rng, path)
        yield Try(f"{size:,} characters of {piece!r}: {' '.join(map(str, command[:1]))}", command, seconds=120)


@kind("random bytes, cut and mixed up, as documents and questions")
def random_bytes(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        suffix = rng.choice([".txt", ".tsv", ".jsonl", ".txt.gz", ".jsonl.gz", ".zst"])
        path = setting.fresh() / f"text{suffix}"
        content = bytearray(rng.choice([setting.documents, setting.questions]).read_bytes()[: rng.randint(1, 5000)])
        if "jsonl" in suffix:
            entries = [
                {"title": line[:20], "text": line} for line in content.decode(errors="ignore").split("\n") if line
            ]
            content = bytearray("".join(json.dumps(entry) + "\n" for entry in entries).encode()) or content
        for _ in range(rng.randint(0, 2)):
            place = rng.randrange(len(content))
            content[place : place + rng.randint(0, 3)] = rng.choice(
                [
                    rng.randbytes(3),
                    b"\n",
                    b"\t",
                    b"\r\n",
                    b"\0",
                    b"\xef\xbb\xbf",
                    "□⁇".encode(),
                    b"{",
                    b'"',
                    b"\xed\xa0\x80",
                ]
            )
        packed = bytes(content)
        if suffix.endswith("gz") and rng.random() < 0.7:
            packed = gzip.compress(packed)[: rng.choice([None, -1, 20])]
        path.write_bytes(packed)
        command = reading(setting, rng, path)
        yield Try(f"{suffix}: {command[0]}", command)


@kind("control characters and markup in documents, questions and names of runs")
def control(setting: Setting, rng: Random) -> Iterator[Try]:
    pieces = [
        "\x1b[31m",
        "\x1b]0;PWNED\x07",
        "\x9b2J",
        "\u202e",
        "\x7f",
        "[bold]",
        "[/]",
        "[red]x",
        "\\",
        "\\\\",
        "[",
        "]",
    ]
    pieces += ["[link=file:///etc/passwd]", "[/bold]", "[@click=a]", "\x08", "\x0c", "\u2028", "{0}", "%s", "é"]

    def evil() -> str:
        return "".join(rng.choice(pieces) for _ in range(rng.randint(1, 5)))

    while True:
        folder = setting.fresh()
        names = [f"Ann{i} {evil()}Bell" for i in range(12)]
        places = [f"{evil()}Oslo{i % 3}{evil()}" for i in range(12)]
        documents, questions = folder / "docs.txt", folder / "q.tsv"
        text = "".join(f"{n}. {n} was born in {p}. Where? There.\n" for n, p in zip(names, places, strict=True))
        documents.write_text(text, encoding="utf-8")
        asked = "".join(f"Where was {n} born?\t{p}\n" for n, p in zip(names, places, strict=True))
        questions.write_text(asked, encoding="utf-8")
        run = folder / "runs" / f"r{evil().replace('/', '|')}"
        shutil.copytree(setting.run, run)
        inputs = ["--documents", documents, "--questions", questions]
        commands: list[list[Any]] = [
            setting.train(folder / "new", "--dev", questions, documents=documents, questions=questions),
            ["baseline", *inputs, "--train", questions],
            ["baseline", "--questions", questions, "--answer", evil()],
            ["show", "objective", "question", *inputs],
            ["show", "objective", "span", "--documents", documents],
            ["list", "runs", "--runs", folder / "runs"],
            ["card", run],
            ["ask", run, f"Where was {evil()} born?"],
            ["ask", run, f"Where was {evil()} born?", "--json"],
            ["sample", run, evil()],
            ["evaluate", run, "--questions", questions],
            ["show", "recipe", f"no{evil()}"],
            ["cs224n", "dataset", "charcorruption", "--corpus", documents],
            [evil()],
        ]
        command = rng.choice(commands)
        yield Try(f"{command[0]} with {names[0]!r}", command)


# Honest data ---------------------------------------------------------------------------------------------------------


@kind("a corpus changed behind its index, its size and time kept")
def changed(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        corpus = Path(shutil.copy(setting.documents, folder / "corpus.txt"))
        words = ["--index", folder / "index", "--dry-run"]
        built = attempt(setting.train(folder / "run", *words, documents=corpus), 120, 4096)
        found, content = corpus.stat(), bytearray(corpus.read_bytes())
        place = rng.choice([i for i, byte in enumerate(content) if chr(byte).isalpha() and byte != ord("Q")])
        content[place] = ord("Q")
        corpus.write_bytes(content)
        os.utime(corpus, ns=(found.st_atime_ns, found.st_mtime_ns))

        def complaint(done: Done, built: Done = built) -> str | None:
            return None if built.code == 0 and "index" in done.err else f"{built.err} {done.err}"

        command = setting.train(folder / "run", *words, documents=corpus)
        yield Try(f"byte {place} of {len(content)}", command, codes=(2,), complaint=complaint, megabytes=4096)


@kind("honest data in which little is known: answers, names or words that stand nowhere")
def little_known(setting: Setting, rng: Random) -> Iterator[Try]:
    lines = setting.documents.read_text(encoding="utf-8").splitlines()
    while True:
        folder = setting.fresh()
        some = rng.sample(lines, rng.randint(1, 30))
        names = [line.partition(". ")[0] for line in some]
        asked = []
        for name in rng.sample(names, rng.randint(1, len(names))):
            name = rng.choice([name, "Nobody Known", name.lower()])
            question = rng.choice([f"Where was {name} born?", name, f"{name} {name}", f"Wxyz {name} vw"])
            answer = rng.choice(["Zzyzx", "Qqq1", "Q W", names[0], "was", "7", some[0].split()[-2]])
            asked.append(f"{question}\t{answer}\n")
        documents, questions = folder / "docs.txt", folder / "q.tsv"
        documents.write_text("\n".join(some) + "\n", encoding="utf-8")
        questions.write_text("".join(asked), encoding="utf-8")
        recipe = rng.choice(["fast", "demo", "best"])
        smaller = ["model.width=32", "model.layers=1", "model.heads=2", "data.held_out={}"]
        more = [word for one in smaller for word in ("--set", one)]
        command = setting.train(
            folder / "run", *more, "--dry-run", documents=documents, questions=questions, recipe=recipe
        )
        yield Try(f"{recipe} on {len(some)} documents, {asked[0]!r}", command, megabytes=4096)


# All of it -----------------------------------------------------------------------------------------------------------


def table(kinds: dict[str, Any]) -> str:
    rows = [f"| {name} | {one['tried']:,} | {one['failed']:,} |" for name, one in sorted(kinds.items())]
    tried, failed = (sum(one[key] for one in kinds.values()) for key in ("tried", "failed"))
    head = ["| what was tried | tries | failed |", "|---|---:|---:|"]
    return "\n".join([*head, *rows, f"| all | {tried:,} | {failed:,} |"])


def write(kinds: dict[str, Any], seed: int) -> None:
    """Keep the figures, and put the table into the page."""
    path = RESULTS / "hostile.json"
    there = json.loads(path.read_text(encoding="utf-8"))["kinds"] if path.exists() else {}
    kinds = {name: one for name, one in (there | kinds).items() if name in KINDS}
    record = {"seed": seed, "kinds": kinds, "origin": origin()}
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = SAFETY.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    page = f"{before}{BEGIN}\n{table(kinds)}\n{END}{rest.split(END)[1]}"
    SAFETY.write_text(page, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=25, help="tries of each kind")
    parser.add_argument("--only", default="", help="a part of the names of the kinds to try")
    parser.add_argument("--no-write", action="store_true", help="print only")
    given = parser.parse_args()
    kinds: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hostile") as work:
        setting = Setting.make(Path(work), given.seed)
        os.chdir(work)  # what a command writes where it stands
        for name, made in KINDS.items():
            if given.only not in name:
                continue
            rng = Random(f"{given.seed} {name}")
            failures, slowest, largest = [], 0.0, 0.0
            for one in islice(made(setting, rng), given.number):
                wrong, done = trouble(one)
                slowest, largest = max(slowest, done.seconds), max(largest, done.megabytes)
                if wrong:
                    failures.append({"what": one.what, "why": wrong[:500]})
                    print(f"  failed: {one.what}: {wrong}", flush=True)
                for path in setting.folder.glob("try*"):
                    shutil.rmtree(path, ignore_errors=True)
            kinds[name] = {
                "tried": given.number, "failed": len(failures), "seed": given.seed, "failures": failures,
                "slowest_seconds": round(slowest, 1), "largest_megabytes": round(largest),
            }  # fmt: skip
            print(f"{name}: {given.number} tried, {len(failures)} failed", flush=True)
    if not given.no_write:
        write(kinds, given.seed)
    if any(one["failed"] for one in kinds.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
