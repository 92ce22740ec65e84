"""What a run survives: killed at random moments, its files damaged, its disk full: results/crashes.json.

    python benchmarks/crashes.py

Kills: a small training that saves after every step gets SIGKILL, at a random moment or on its way into a call that
writes (fsync, replace), and is then resumed to its end; its weights and its metrics must be those of the uninterrupted
run, bit for bit. Each training is a copy (fork) of this process, so that none has to load torch again.

Damage: every file that is read, spoiled in every way below, then read as its command reads it. A clear error has
one line or two; "recovered" is a warning and, at the end, the right weights; "told" is a warning that says what is left
out. Silent is what was loaded, without a word, and is not what was saved: there must be none, and no traceback.

Each cell is kept as it ends and never run again.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from record import Cells

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.course.params import read_params, write_params
from closedbook.data.questions import read_questions
from closedbook.data.token_index import open_index
from closedbook.errors import ClosedbookError
from closedbook.model.gpt import GPT
from closedbook.runs.folder import RunFolder
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.training import checkpoint, metrics_log

RECIPE = """
name = "crash"
summary = "Two stages, words, a memory and calibrators: every file a run can have, in a second."

[data]
held_out = { choose = 0.0, calibrate = 0.4 }

[vocabulary]
kind = "words"

[model]
width = 16
layers = 1
heads = 2
context_length = 96
dropout = 0.1

[model.memory]
names = true

[[stages]]
name = "pretrain"
steps = 24
batch = 16
negatives = 40
objectives = [{ objective = { name = "cue" } }]
optimiser = { name = "muon" }
schedule = { name = "trapezoid" }

[[stages]]
name = "finetune"
steps = 12
batch = 16
objectives = [{ objective = { name = "question" } }]
optimiser = { name = "muon", rate = 0.01 }
schedule = { name = "trapezoid" }
"""


@dataclass(frozen=True)
class Inputs:
    """What the trainings of this experiment are given."""

    folder: Path
    seed: int = 0

    @property
    def documents(self) -> Path:
        return self.folder / "world" / "documents.txt"

    @property
    def questions(self) -> Path:
        return self.folder / "world" / "questions-train.tsv"

    @property
    def dev(self) -> Path:
        return self.folder / "world" / "questions-test.tsv"

    def train(self, run: Path, resume: bool = False, callbacks: tuple[Any, ...] = ()) -> pipeline.Run:
        recipe = load_recipe(self.folder / "crash.toml", [f"seed={self.seed}"])
        return pipeline.train(
            recipe, self.documents, self.questions, dev=self.dev, run=run, resume=resume,
            threads=None if resume else 1, callbacks=callbacks,
        )  # fmt: skip


def make_inputs(folder: Path, seed: int = 0) -> Inputs:
    """A world of its own for each seed, so that nothing of one run is right in another."""
    folder.mkdir(parents=True)
    spec = WorldSpec(people=80, biographies_per_person=1, strangers=8, relations=("birthplace",))
    inputs = Inputs(folder, seed)
    make_world(spec, 3 + seed).write(folder / "world")
    (folder / "crash.toml").write_text(RECIPE, encoding="utf-8")
    return inputs


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def curve(run: Path) -> list[tuple[Any, ...]]:
    """The part of metrics.jsonl that must repeat itself; speed need not."""
    return [tuple(line[key] for key in ("stage", "step", "loss", "tokens")) for line in RunFolder(run).metrics()]


# Kills -------------------------------------------------------------------------------------------------------------


def train_in_a_fork(inputs: Inputs, run: Path, resume: bool, kill_at_write: int | None = None) -> int:
    """The process id of a copy of this process that trains, saving after every step, and exits with 0.

    `kill_at_write`: it kills itself on entering this many-th call that puts something on the disk.
    """
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        checkpoint.SAVE_EVERY = metrics_log.FLUSH_EVERY = -1.0
        calls = 0

        def counted(call: Callable[..., Any]) -> Callable[..., Any]:
            def counting(*arguments: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == kill_at_write:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*arguments)

            return counting

        if kill_at_write is not None:
            os.fsync, os.replace = counted(os.fsync), counted(os.replace)
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            inputs.train(run, resume)
        code = 0
    finally:
        os._exit(code)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def one_kill(inputs: Inputs, run: Path, random: Random, seconds: float, inside: bool) -> dict[str, Any] | None:
    """Kill one training and resume it to the end; None where it had ended before it was killed.

    `inside`: it is killed on its way into a write, not at a random moment of `seconds`.
    """
    shutil.rmtree(run, ignore_errors=True)
    call = random.randrange(1, 380) if inside else None
    child = train_in_a_fork(inputs, run, False, call)
    if not inside:
        time.sleep(random.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
    if ended(child) != -signal.SIGKILL:
        return None
    writing = bool(list(run.glob(".*.partial")))
    status = RunFolder(run).record()["status"] if (run / "run.json").is_file() else "nothing"
    states = sum(path.is_file() for path in checkpoint.state_paths(RunFolder(run)))
    resume = status == "training"
    if status != "finished":
        code = ended(train_in_a_fork(inputs, run, resume))
        if code:
            return {"status": status, "states": states, "while_writing": writing, "resumed": False}
    return {
        "status": status, "states": states, "while_writing": writing or inside, "resumed": True,
        "weights": sha256(run / "model.safetensors"), "curve": curve(run),
    }  # fmt: skip


def kills(inputs: Inputs, work: Path, seed: int, count: int, inside: bool) -> dict[str, Any]:
    """`count` kills and what came of them."""
    began = time.perf_counter()
    assert ended(train_in_a_fork(inputs, work / f"whole-{seed}", False)) == 0
    seconds = time.perf_counter() - began
    expected = sha256(work / f"whole-{seed}" / "model.safetensors"), curve(work / f"whole-{seed}")
    random, done = Random(f"closedbook/crashes/{seed}"), []
    while len(done) < count:
        kill = one_kill(inputs, work / "killed", random, seconds, inside)
        if kill is not None:
            done.append(kill)
    return {
        "kills": count,
        "when": "entering fsync or replace" if inside else "at a random moment",
        "while_a_file_was_half_written": sum(kill["while_writing"] for kill in done),
        "what_was_there": Counter(kill["status"] for kill in done),
        "resumed": sum(kill["resumed"] for kill in done),
        "same_weights": sum(kill.get("weights") == expected[0] for kill in done),
        "same_metrics": sum(kill.get("curve") == expected[1] for kill in done),
        "weights_sha256": expected[0],
        "seconds_uninterrupted": round(seconds, 2),
    }


# Damage ------------------------------------------------------------------------------------------------------------

Spoil = Callable[[bytes, Random, bytes, bytes], bytes]  # the content, chance, the other run's, another file's


def flip(content: bytes, random: Random, *_: bytes) -> bytes:
    changed = bytearray(content)
    changed[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(changed)


def zeros(content: bytes, random: Random, *_: bytes) -> bytes:
    first = random.randrange(len(content))
    length = min(512, len(content) - first)
    changed = content[:first] + bytes(length) + content[first + length :]
    return changed if changed != content else bytes(len(content))


KINDS: dict[str, Spoil] = {
    "empty": lambda content, *_: b"",
    "cut in half": lambda content, *_: content[: len(content) // 2],
    "cut anywhere": lambda content, random, *_: content[: random.randrange(len(content))],
    "last byte gone": lambda content, *_: content[:-1],
    "one bit": flip,
    "another bit": flip,
    "a third bit": flip,
    "zeros over a block": zeros,
    "random bytes": lambda content, random, *_: random.randbytes(len(content)),
    "something appended": lambda content, *_: content + b"\n{}\n",
    "another run's": lambda content, random, other, *_: other,
    "another file": lambda content, random, other, file: file,
}


def ask(run: Path, inputs: Inputs) -> str:
    """Everything that answering loads."""
    loaded = pipeline.load(run)
    loaded.documents = inputs.documents
    answers = loaded.answer(read_questions(inputs.dev).items[:3])
    digest = hashlib.sha256()
    for name, tensor in loaded.model.state_dict().items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    calibration = loaded.calibration.to_json() if loaded.calibration else None
    parts = [
        loaded.recipe.to_toml(),
        loaded.vocabulary.to_json(),
        calibration,
        [answer.to_json() for answer in answers],
    ]
    return json.dumps([*parts, digest.hexdigest(), loaded.folder.record()])


def show(run: Path, inputs: Inputs) -> str:
    """What a report tells of a run's own files."""
    folder = RunFolder.open(run)
    return json.dumps([folder.read_json("evaluation.json"), folder.metrics()])


def go_on(run: Path, inputs: Inputs) -> str:
    inputs.train(run, resume=True)
    return sha256(run / "model.safetensors")


def parameters(run: Path, inputs: Inputs) -> str:
    tensors, _ = read_params(run / "a.params")
    return hashlib.sha256(b"".join(k.encode() + t.numpy().tobytes() for k, t in sorted(tensors.items()))).hexdigest()


def open_corpus(run: Path, inputs: Inputs) -> str:
    """All that an index of the documents holds."""
    index = open_index(
        inputs.documents, "words", 0, read_questions(inputs.questions), root=inputs.folder / "index", processes=1
    )
    digest = hashlib.sha256(json.dumps(index.about).encode())
    for column in (*index.columns.values(), index.hashes, index.by_hash):
        digest.update(np.asarray(column).tobytes())
    return digest.hexdigest()


READ = Callable[[Path, Inputs], str]
TARGETS: dict[str, tuple[str, tuple[str, ...], READ]] = {  # what: (which folder, which files of it, how it is read)
    **{f"{name}, asked": ("finished", (name,), ask) for name in (
        "run.json", "recipe.toml", "vocabulary.json", "model.safetensors", "calibration.json", "evidence.sqlite")},
    **{f"{name}, reported": ("finished", (name,), show) for name in ("evaluation.json", "metrics.jsonl")},
    **{f"{name}, resumed": ("unfinished", (name,), go_on) for name in (
        "run.json", "recipe.toml", "vocabulary.json", "metrics.jsonl", "training.safetensors")},
    "both training states, resumed": ("unfinished", ("training.safetensors", "training.previous.safetensors"), go_on),
    "documents, resumed": ("unfinished", ("world/documents.txt",), go_on),
    "documents, asked": ("finished", ("world/documents.txt",), ask),
    "a .params file": ("finished", ("a.params",), parameters),
    **{f"{name} of an indexed corpus": ("finished", (f"index/{name}",), open_corpus) for name in (
        "index.json", "tokens.arrows", "titles.arrows")},
}  # fmt: skip


def outcome(read: READ, run: Path, inputs: Inputs, expected: str) -> tuple[str, str]:
    """(what came of reading, the words)."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        try:
            state = read(run, inputs)
        except ClosedbookError as error:
            return ("clear error" if len(str(error).splitlines()) <= 2 else "long error"), str(error)
        except Exception as error:
            return "traceback", f"{type(error).__name__}: {error}"
    warned = "; ".join(str(warning.message) for warning in told)
    if state == expected:
        return ("recovered" if warned else "same content"), warned
    return ("told" if warned else "silent"), warned


@contextmanager
def nothing_printed() -> Iterator[None]:
    out = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as sys.stdout:
        try:
            yield
        finally:
            sys.stdout = out


def make_victims(work: Path) -> dict[str, Path]:
    """Folders that hold a run beside what it was trained on: finished, unfinished, and another run's of each."""
    states = {}
    for seed, prefix in ((0, ""), (1, "other ")):
        inputs = make_inputs(work / f"{prefix}inputs", seed)

        def interrupt(event: pipeline.Event) -> None:
            if isinstance(event, pipeline.Step) and (event.stage, event.step) == ("finetune", 5):
                raise KeyboardInterrupt

        inputs.train(inputs.folder / "run")
        open_corpus(inputs.folder / "run", inputs)
        every, checkpoint.SAVE_EVERY = checkpoint.SAVE_EVERY, 0.0
        try:
            with suppress(KeyboardInterrupt):
                inputs.train(inputs.folder / "unfinished", callbacks=(interrupt,))
        finally:
            checkpoint.SAVE_EVERY = every
        torch.manual_seed(seed)
        course = load_recipe(
            "course-vanilla", ["model.width=16", "model.layers=1", "model.heads=2", "model.context_length=32"]
        )
        write_params(inputs.folder / "run" / "a.params", GPT(course.model, 30))
        states[f"{prefix}finished"] = inputs.folder / "run"
        states[f"{prefix}unfinished"] = inputs.folder / "unfinished"
    return states


def damage(work: Path, victims: dict[str, Path], target: str, kinds: list[str], seed: int = 0) -> dict[str, Any]:
    """One file, or pair of files, spoiled in each way: how each was taken."""
    which, files, read = TARGETS[target]
    source, other = victims[which], victims[f"other {which}"]
    inputs = Inputs(source.parent)

    def place(folder: Path, name: str) -> Path:
        if name.startswith("index/"):
            return next((folder.parent / "index").glob(f"*/{Path(name).name}"))
        return folder.parent / name if name.startswith("world/") else folder / name

    copy = work / "copy" / "run"
    table: dict[str, list[str]] = {}

    def fresh() -> Inputs:
        shutil.rmtree(work / "copy", ignore_errors=True)
        shutil.copytree(source, copy)
        for name in ("world", "index"):
            shutil.copytree(inputs.folder / name, work / "copy" / name)
        shutil.copy(inputs.folder / "crash.toml", work / "copy" / "crash.toml")
        return Inputs(work / "copy")

    expected = read(copy, fresh())
    for kind in kinds:
        if kind == "another run's" and target == "a .params file":
            continue  # it is as good as the one that was meant: nothing in such a file says whose it is
        random = Random(f"closedbook/damage/{seed}/{target}/{kind}")
        options = fresh()
        for name in files:
            content = place(copy, name).read_bytes()
            file = place(copy, "recipe.toml" if name != "recipe.toml" else "vocabulary.json").read_bytes()
            spoiled = KINDS[kind](content, random, place(other, name).read_bytes(), file)
            assert spoiled != content, (target, kind)
            place(copy, name).write_bytes(spoiled)
        result, words = outcome(read, copy, options, expected)
        table[kind] = [result, words.replace(str(work / "copy"), "…").replace(str(work), "…")]
    return {"files": len(table), "outcomes": Counter(result for result, _ in table.values()), "table": table}


# Everything else ---------------------------------------------------------------------------------------------------


class Hostile:
    """A pickle that makes a folder when it is read."""

    def __init__(self, victim: str) -> None:
        self.victim = victim

    def __reduce__(self) -> Any:
        return os.mkdir, (self.victim,)


def hostile(work: Path) -> dict[str, Any]:
    path, ran = work / "hostile.params", 0
    for dump in (pickle.dump, torch.save):
        with open(path, "wb") as file:
            dump({"tok_emb.weight": torch.zeros(1), "x": Hostile(str(work / "owned"))}, file)
        try:
            read_params(path)
        except ClosedbookError as error:
            words = str(error).replace(str(work), "…")
        ran += (work / "owned").exists()
    return {"files": 2, "executed": ran, "words": words}


def full_disk(inputs: Inputs, work: Path, expected: str) -> dict[str, Any] | None:
    """Disks of many sizes that fill up while a training writes, then grow; None where none can be mounted."""
    mount = work / "disk"
    mount.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", mount], capture_output=True).returncode:
        return None
    counted: Counter[str] = Counter()
    try:
        for size in range(16, 1100, 72):
            subprocess.run(["mount", "-o", f"remount,size={size}k", mount], check=True)
            run, message = mount / "run", ""
            try:
                inputs.train(run)
            except ClosedbookError as error:
                message = str(error)
            full = "No space left" in message or "is full" in message
            counted["said so" if full else message or "fitted"] += 1
            subprocess.run(["mount", "-o", "remount,size=64m", mount], check=True)
            if message:
                inputs.train(run, resume=(run / "run.json").exists())
            counted["same weights in the end"] += sha256(run / "model.safetensors") == expected
            shutil.rmtree(run)
            gc.collect()  # an index that is still open would keep its place on the disk
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        try:
            inputs.train(mount / "run")
        except ClosedbookError as error:
            counted["read-only: " + str(error).replace(str(mount), "…")] += 1
    finally:
        subprocess.run(["umount", mount], check=True)
    return dict(counted)


def together(inputs: Inputs, work: Path, expected: str, pairs: int) -> dict[str, Any]:
    """Two trainings begun in one new folder at once: one is refused, the other ends as if it had been alone."""
    counted: Counter[str] = Counter()
    for number in range(pairs):
        run = work / f"pair-{number}"
        codes = sorted(ended(child) for child in [train_in_a_fork(inputs, run, False) for _ in range(2)])
        counted["one went on, one was refused" if codes == [0, 1] else f"exit codes {codes}"] += 1
        counted["same weights"] += sha256(run / "model.safetensors") == expected
    return dict(counted)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    cells = Cells("crashes.json")
    with tempfile.TemporaryDirectory() as folder, nothing_printed():
        work = Path(folder)
        victims = make_victims(work)
        inputs = Inputs(work / "inputs")
        expected = sha256(victims["finished"] / "model.safetensors")
        for target in TARGETS:
            if target not in cells:
                cells.add(target, damage(work, victims, target, list(KINDS)))
                say(target, cells[target]["outcomes"])
        if "hostile pickle" not in cells:
            cells.add("hostile pickle", hostile(work))
        if "full disk" not in cells and (full := full_disk(inputs, work, expected)) is not None:
            cells.add("full disk", full)
            say("full disk", full)
        if "two trainings in one folder" not in cells:
            cells.add("two trainings in one folder", together(inputs, work, expected, 5))
            say("two trainings", cells["two trainings in one folder"])
        for seed in range(5):
            if (cell := f"kills {seed}") not in cells:
                cells.add(cell, kills(inputs, work, seed, 10, inside=seed >= 3))
                say(cell, {key: value for key, value in cells[cell].items() if key != "origin"})
    killed = [value for name, value in cells.data["cells"].items() if name.startswith("kills ")]
    damaged = [value for name, value in cells.data["cells"].items() if name in TARGETS]
    outcomes = sum((Counter(value["outcomes"]) for value in damaged), Counter())
    names = ("clear error", "recovered", "told", "same content", "long error", "silent", "traceback")
    keys = ("kills", "while_a_file_was_half_written", "resumed", "same_weights", "same_metrics")
    cells.save(
        summary={
            "kills": {key: sum(value[key] for value in killed) for key in keys},
            "damaged_files": sum(value["files"] for value in damaged),
            "outcomes": {name: outcomes[name] for name in names},
            "hostile_pickles_executed": cells["hostile pickle"]["executed"],
        }
    )
    say("summary", cells.data["summary"])


def say(*what: Any) -> None:
    print(*what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
