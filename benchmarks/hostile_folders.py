"""Kinds of folders, and of JSON, for hostile.py."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from hostile_files import reading, something_else
from hostile_runs import forge, monster, spoil
from hostile_tries import Setting, Try, kind

NOTE = "# Ada Quill\n\nAda Quill was born in Lund. She lives in *Oslo*.\n\n- one\n- two\n"


def note_name(i: int) -> str:
    return f"{'more/' if i % 2 else ''}Ada{i}{('.md', '.txt')[i % 3 == 0]}"


def notes(folder: Path, count: int) -> Path:
    """A folder of documents."""
    (folder / "more").mkdir(parents=True)
    for i in range(count):
        place = folder / note_name(i)
        place.write_text(NOTE.replace("Ada", f"Ada{i}"), encoding="utf-8")
    return folder


@kind("folders of documents: large, deep, of strange names and files, of Markdown that is slow to read")
def folders(setting: Setting, rng: Random) -> Iterator[Try]:
    pieces = [
        "[",
        "](",
        "*a_",
        "`",
        "``",
        "<",
        "![",
        "> ",
        "- ",
        "\t- ",
        "| a ",
        "&#",
        "\\",
        "<!--",
        "[a](<b",
        "**",
        "~",
    ]
    while True:
        folder = notes(setting.fresh() / "notes", rng.randint(2, 6))
        how = rng.choice(["large", "many", "deep", "names", "files", "slow", "slow", "bytes", "front matter"])
        path = folder / "new.md"
        if how == "large":  # all together too large, each small enough; most of it is a hole
            for i in range(rng.randint(2, 5)):
                os.truncate(os.open(folder / f"large{i}.txt", os.O_CREAT | os.O_WRONLY), rng.randint(100, 400) << 20)
        elif how == "many":
            for i in range(rng.randint(1000, 5000)):
                (folder / f"n{i}.txt").write_text(rng.choice(["", "x", "Born in Oslo."]))
        elif how == "deep":
            place = folder
            for _ in range(rng.randint(50, 900)):
                place = place / "d"
                place.mkdir()
                if rng.random() < 0.01:
                    place.joinpath("x.md").write_text(NOTE)
                if len(str(place)) > 3900:
                    break
            (folder / "up.md").symlink_to(rng.choice(["..", ".", "d", "/", "up.md", "/etc/passwd"]))
        elif how == "names":
            for name in (
                "\udcff.txt",
                "\x1b[31m.md",
                "a\nb.txt",
                " .md",
                "_.txt",
                "\u202e.md",
                f"{'é' * 120}.md",
                "~.txt",
            ):
                if rng.random() < 0.5:
                    (folder / name).write_text(rng.choice(["Born in Oslo.", NOTE, "#", "# \n"]))
        elif how == "files":
            how = something_else(path, rng)
        elif how == "slow":
            piece = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 3)))
            path.write_text(piece * (rng.choice([10_000, 50_000]) // len(piece)), encoding="utf-8")
            how = f"slow {piece!r}"
        elif how == "bytes":
            spoil(rng.choice(sorted(folder.glob("*.*"))), rng)
        else:
            path.write_text(rng.choice(["---\n", "---\na: b\n---\n", "---\n---\n" * 1000, "\ufeff---\n"]) + NOTE)
        yield Try(f"{how}: {(command := reading(setting, rng, folder))[0]}", command, seconds=120)


@kind("outputs that would join a folder of documents, or take the place of a pretrained base's file")
def joining(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        place = setting.fresh()
        folder, base = notes(place / "notes", 3), Path(shutil.copytree(setting.base, place / "base"))
        elsewhere = place / "elsewhere.md"
        elsewhere.write_text(NOTE)
        (folder / "by-link.md").symlink_to(elsewhere)
        (place / "to-notes").symlink_to(folder)
        (place / "to-base").symlink_to(base)
        of_notes = [folder / note_name(0), folder / "new.md", folder / "more" / "new.TXT", folder / "by-link.md",
                    folder / "more" / ".." / "a.md", place / "to-notes" / "new.txt", elsewhere]  # fmt: skip
        of_base = [rng.choice(sorted(base.iterdir())), place / "to-base" / "config.json", base / "tokenizer.json"]
        questions = ["--questions", setting.questions]
        commands: list[list[Any]] = [
            ["evaluate", setting.run, *questions, "--documents", folder, "--answers", rng.choice(of_notes)],
            ["evaluate", setting.run, *questions, "--documents", folder, "--predictions", rng.choice(of_notes)],
            ["probe", folder, *questions, "--documents", folder, "--output", rng.choice(of_notes)],
            ["probe", base, *questions, "--output", rng.choice(of_base)],
        ]
        command = rng.choice(commands)
        yield Try(f"{command[0]} into {command[-1].name}", command, kept=(place,), codes=(2,))


def squad(rng: Random) -> dict[str, Any]:
    """Documents and questions as SQuAD has them."""
    entry = {"question": "Where was Ada Quill born?", "id": "1", "answers": [{"text": "Lund", "answer_start": 23}]}
    paragraph = {"context": "Ada Quill was born in Lund.", "qas": [entry, {**entry, "is_impossible": True}]}
    article = {"title": "Ada_Quill", "paragraphs": [paragraph]}
    return {"version": "1", "data": [article] * rng.randint(1, 4)}


VALUES = (
    "{}", "[]", "10", '""', "1e5", "[[]]", "null", "-1", '"\\ud800"', '{"title":"A","text":"B."}',
    '{"question":"a?","answer":"b"}', '{"title":"A","paragraphs":[]}',
)  # fmt: skip
RAW = (
    "9" * 5000, "1e999", "-Infinity", "NaN", "[" * 100_000, '{"a":' * 100_000, '"\\u0000"', "'a'", "tru", '"\\x"', "",
    "{}{}", '"' + "x" * 2_000_000 + '"', "\ufeff{}", '"\u202e\u2066[red]\\u001b[31m"',
)  # fmt: skip
FRAMES = ('{"data": %s}', "[%s]", '{"title": %s, "text": %s}', '{"question": %s, "answer": %s}', "%s")


@kind("JSON, a value a line or one in all, of other types, of very many values, of numbers and texts without measure")
def json_files(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        name = rng.choice([".json", ".json", ".jsonl", ".json.gz", ".ndjson", ".tsv", ".csv"])
        path = setting.fresh() / f"given{name}"
        how = rng.choice(["many", "forged", "forged", "raw", "entry"])
        command = reading(setting, rng, path)
        if how == "many":
            value, size = rng.choice(VALUES), rng.choice([10, 60, 240]) << 20
            count = size // (len(value) + 1)
            text = (
                f"[{','.join([value] * count)}]"
                if ".json" in name and name != ".jsonl"
                else f"{value}\n" * (count // 9)
            )
            how = f"{size >> 20} MB of {value}"
            if command[0] == "evaluate":  # so many questions would be answered
                command = ["baseline", "--questions", path, "--answer", "Oslo"]
        elif how == "forged":
            honest = squad(rng)
            text = json.dumps(forge(rng.choice([honest, honest["data"]]), rng))
        elif how == "raw":
            raw = rng.choice(RAW)
            text, how = rng.choice(FRAMES).replace("%s", raw), f"raw {raw[:20]!r}"
        else:
            entry = {
                "question": "Where was Ada Quill born?",
                "answer": ["Lund", monster(rng)],
                "title": "A",
                "text": "B.",
            }
            entry |= {rng.choice(list(entry)): monster(rng), rng.choice(["Question", "ANSWER", "value"]): monster(rng)}
            text = "\n".join([json.dumps(entry, ensure_ascii=rng.random() < 0.5)] * rng.randint(1, 3))
        content = text.encode("utf-8", "surrogatepass")
        path.write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
        if rng.random() < 0.2:
            fields = rng.choice(["question=a", "answer=", "title=name,text=body", "question=Question,answer=ANSWER"])
            command = ["baseline", "--questions", f"{path}:{fields}", "--answer", "Oslo"]
        yield Try(f"{name}: {how[:60]}: {command[0]}", command, seconds=120, megabytes=3072)
