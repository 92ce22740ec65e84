"""Kinds of forged weights, evidence, taught runs and studies, for hostile.py."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import torch
from hostile_files import something_else
from hostile_living import say, spoil_base
from hostile_runs import forge, opening, seal_run, spoil
from hostile_tries import Setting, Try, attempt, kind
from safetensors.torch import load_file, save_file
from torch import Tensor

from closedbook.runs.weights import load_tensors, save_tensors
from closedbook.studies.answer_cache import AnswerCache


def other(tensor: Tensor, rng: Random) -> Tensor:
    """A tensor of other numbers, or of another shape or type."""
    if rng.random() < 0.6:
        filled = tensor.clone().float()
        filled.view(-1)[rng.randrange(max(1, filled.numel())) :: rng.choice([1, 7, 10**6])] = rng.choice(
            [float("nan"), float("inf"), -float("inf"), 3e38, 0.0]
        )
        return filled
    changed = [tensor[:-1] if tensor.ndim else tensor[None], tensor.flatten(), tensor[None], tensor.double(),
               tensor.int(), tensor.half(), tensor.bool(), torch.zeros(0), tensor.to(torch.complex64)]  # fmt: skip
    return rng.choice(changed).contiguous()


@kind("weights that are no numbers, or of other shapes and types, their checksums made anew")
def forged_weights(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        taught = rng.random() < 0.4
        run = Path(shutil.copytree(setting.taught if taught else setting.words, setting.fresh() / "run"))
        name = rng.choice(sorted(path.name for path in run.glob("*.safetensors")))
        tensors, record = load_tensors(run / name)
        keys = sorted(tensors)
        for key in rng.sample(keys, rng.choice([1, 1, len(keys)])):
            tensors[key] = other(tensors[key], rng)
        if rng.random() < 0.15:
            tensors |= {rng.choice(["", "other", "memory.later", "memory.readers", "memory.length"]): torch.zeros(3)}
        save_tensors(run / name, tensors, record)
        seal_run(run)
        documents = say(run.parent / "new.txt", ["Dot Ely"], ["Rome"])
        questions = ["--questions", setting.questions]
        commands: list[list[Any]] = [
            opening(setting, rng, run),
            ["ask", run, "Where was Ada Quill born?", "--json"],
            ["ask", run, "Where was Ada Quill born?", "--signals", "all"],
            ["learn", run, "--documents", documents],
            ["forget", run, "--title", "Ada Quill"],
            ["evaluate", run, *questions, "--save"],
            ["probe", run, *questions, "--prompts", "1", "--shots", "1", "--samples", "1", "--save"],
            ["export", run, "--to", rng.choice(["onnx", "huggingface", "params"]), "--output", run.parent / "out"],
        ]
        command = rng.choice(commands)
        what = f"{'taught ' if taught else ''}{name}: {' '.join(map(str, (command[0], *command[2:])))[:60]}"
        yield Try(what, command, megabytes=4096)


@kind("a run's evidence with other tables, values, or texts without measure")
def forged_evidence(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        run = Path(shutil.copytree(setting.words, setting.fresh() / "run"))
        connection = sqlite3.connect(run / "evidence.sqlite", isolation_level=None)
        table = rng.choice(["about", "documents", "facts", "asked", "golds", "texts"])
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        how = rng.choice(
            ["value", "value", "value", "view", "trigger", "table", "gone", "many", "large", "index", "words"]
        )
        value = rng.choice([None, -1, 2**63 - 1, 1.5, "", "x" * 5000, b"\xff\xfe", "../../up", "\x1b[31m", "a\0b", b""])
        try:
            if how == "value":
                chosen = rng.choice(columns)
                some = rng.choice(["", "WHERE rowid = 1"]) if table in ("about", "documents", "texts") else ""
                connection.execute(f"UPDATE OR REPLACE {table} SET {chosen} = ? {some}", (value,))
            elif how == "view":
                connection.execute(f"ALTER TABLE {table} RENAME TO own")
                connection.execute(f"CREATE VIEW {table} AS {endless} SELECT {', '.join(columns)} FROM own, n")
            elif how == "trigger":
                connection.execute(f"CREATE TRIGGER t AFTER INSERT ON {table} BEGIN DELETE FROM about; END")
            elif how == "table":
                connection.execute(f"CREATE VIRTUAL TABLE {rng.choice(['more', 'words2'])} USING fts5(a)")
            elif how == "gone":
                connection.execute(f"DROP TABLE {table}")
            elif how == "many":
                kept = [column for column in columns if column != "line"]
                values = [f"{column} || i" if column in ("key", "answer") else column for column in kept]
                connection.execute(
                    f"INSERT OR IGNORE INTO {table} ({', '.join(kept)}) "
                    f"SELECT {', '.join(values)} FROM {table}, ({endless} SELECT i FROM n LIMIT 1000)"
                )
            elif how == "large":
                connection.execute("UPDATE documents SET length = ?, start = ?", (rng.choice([2**40, 0, 2**26]), 0))
                connection.execute("INSERT OR REPLACE INTO texts VALUES (1, zeroblob(200000000))")
            elif how == "index":
                connection.execute("DROP INDEX by_title")
                connection.execute("CREATE INDEX by_title ON documents (abs(start) || title)")
            else:
                connection.execute("UPDATE words_data SET block = ?", (value if isinstance(value, bytes) else b"x",))
        except sqlite3.Error as error:
            how = f"{how} ({error})"
        connection.close()
        seal_run(run)
        documents = say(run.parent / "new.txt", ["Dot Ely"], ["Rome"])
        commands: list[list[Any]] = [
            ["ask", run, setting.questions.read_text(encoding="utf-8").split("\t")[0]],
            ["ask", run, "Where was Ada Ek born?", "--json"],
            ["ask", run, "Where was Ada Ek born?", "--documents", setting.documents],
            ["evaluate", run, "--questions", setting.questions],
            ["learn", run, "--documents", documents],
            ["forget", run, "--title", "Nobody"],
            ["report", run, "--no-claims", "--output", run.parent / "report.html"],
            ["card", run],
        ]
        command = rng.choice(commands)
        yield Try(f"{table} {how} {value!r:.20}: {command[0]}", command, megabytes=2048)


ELSEWHERE = ("/dev/zero", "..", "stranger/model", "", "a\0b", "https://x.example/y", "x" * 5000, "/tmp", "\x1b[31m")


@kind("a run that was taught on a pretrained base, its files or its base forged", share=2)
def forged_taught(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        run = Path(shutil.copytree(setting.taught, folder / "run"))
        base = Path(shutil.copytree(setting.base, folder / "base"))
        what = rng.choice(["file", "file", "file", "base", "weights", "elsewhere"])
        path = rng.choice(sorted(path for path in run.iterdir() if path.name != ".lock"))
        if what == "file" and path.suffix == ".json" and rng.random() < 0.8:
            data = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps(forge(data, rng)), encoding="utf-8")
        elif what == "file":
            something_else(path, rng) if rng.random() < 0.3 else spoil(path, rng)
        if what == "file":
            what = path.name
        else:
            if what == "base":
                what = spoil_base(base, folder / "ran", rng)
            elif what == "weights":
                tensors = load_file(base / "model.safetensors")
                key = rng.choice(sorted(tensors))
                tensors[key] = other(tensors[key], rng)
                save_file(tensors, base / "model.safetensors", {"format": "pt"})
                what = f"weights {key}"
            place = f"{base}" if what != "elsewhere" else rng.choice(ELSEWHERE)
            recipe = run / "recipe.toml"
            text = recipe.read_text(encoding="utf-8").replace(f'"{setting.base}"', json.dumps(place))
            recipe.write_text(text, encoding="utf-8")
        seal_run(run)
        documents = say(folder / "new.txt", ["Dot Ely"], ["Rome"])
        commands: list[list[Any]] = [
            opening(setting, rng, run),
            ["ask", run, "Where was Ada Quill born?"],
            ["probe", run, "--questions", setting.questions, "--prompts", "1", "--shots", "1", "--samples", "1"],
            ["learn", run, "--documents", documents],
            ["forget", run, "--title", "Ada Quill"],
            ["export", run, "--to", "huggingface", "--output", folder / "out"],
        ]
        command = rng.choice(commands)

        def complaint(done: Any, marker: Path = folder / "ran") -> str | None:
            return "ran what a stranger wrote" if marker.exists() else None

        yield Try(f"{what[:60]}: {command[0]}", command, complaint=complaint, megabytes=4096)


def keep_answers() -> None:
    """A study keeps the answers that it has collected, as one does that is interrupted."""
    AnswerCache.__exit__ = lambda *_: None  # type: ignore[method-assign]


@kind("records of studies, and answers kept for them, of other types and without measure", share=2)
def studies(setting: Setting, rng: Random) -> Iterator[Try]:
    ready = setting.folder / "studies"
    questions = ["--questions", setting.folder / "words" / "world" / "questions-test.tsv"]
    exposure = [
        "study",
        "exposure",
        "--people",
        "20",
        "--steps",
        "2",
        "--seeds",
        "0",
        "--threads",
        "1",
        "--levels",
        "1",
    ]
    small = ["--set", "model.width=32", "--set", "model.heads=2"]
    commands: dict[str, list[Any]] = {
        "exposure": [*exposure, *small],
        "fluency": ["study", "fluency", setting.words, *questions],
        "reversal": ["study", "reversal", setting.words, *questions],
        "strangers": ["study", "strangers", setting.words, *questions, "--count", "4"],
    }
    if not ready.is_dir():
        for name, command in commands.items():
            case = Try("", [*command, "--folder", ready / name], seconds=300, megabytes=8192, before=keep_answers)
            done = attempt(case)
            assert done.code == 0, done.err
    while True:
        folder = setting.fresh() / "study"
        name = rng.choice(sorted(commands))
        shutil.copytree(ready / name, folder)
        files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".jsonl"))
        path, how = rng.choice([*files, folder / f"{name}.md"]), "forged"
        if path in files and rng.random() < 0.75:
            text = path.read_text(encoding="utf-8")
            records = map(json.loads, filter(None, text.split("\n")) if path.suffix == ".jsonl" else [text])
            path.write_text("".join(json.dumps(forge(case, rng)) + "\n" for case in records))
        elif rng.random() < 0.5:
            how = something_else(path, rng)
        else:
            how = "spoiled"
            spoil(path, rng)
        command = [*commands[name], "--folder", folder, *rng.choice([[], ["--json"]])]
        yield Try(f"{name}: {path.name} {how}", command, megabytes=8192, seconds=90)
