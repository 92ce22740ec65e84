"""Kinds of hostile files and texts, for hostile.py."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from hostile_tries import Done, Setting, Try, attempt, kind

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
    pieces = ["J. ", "Dr. ", ".", ". ", "a.", "A ", "A-", "'s ", "born ", "born A ", "1 ", "é\u0301", "[", "\\", "? ",
              "1,", "1:", "12.5,", "['", "\u0e01\u0e31", "(a) ", "d. ", "\u3002"]  # fmt: skip
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
        lines = "".join(f"Where was {n} born?\t{p}\n" for n, p in zip(names, places, strict=True))
        questions.write_text(lines, encoding="utf-8")
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


@kind("a corpus changed behind its index, its size and time kept", share=10)
def changed(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        corpus = Path(shutil.copy(setting.documents, folder / "corpus.txt"))
        words = ["--index", folder / "index", "--dry-run"]
        built = attempt(Try("", setting.train(folder / "run", *words, documents=corpus), megabytes=4096))
        status, content = corpus.stat(), bytearray(corpus.read_bytes())
        place = rng.choice([i for i, byte in enumerate(content) if chr(byte).isalpha() and byte != ord("Q")])
        content[place] = ord("Q")
        corpus.write_bytes(content)
        os.utime(corpus, ns=(status.st_atime_ns, status.st_mtime_ns))

        def complaint(done: Done, folder: Path = folder, content: bytes = bytes(content)) -> str | None:
            indexed = [json.loads(path.read_bytes())["sha256"] for path in (folder / "index").rglob("index.json")]
            return None if hashlib.sha256(content).hexdigest() in indexed else f"went by the old index: {done.err}"

        assert built.code == 0, built.err
        command = setting.train(folder / "run", *words, documents=corpus)
        yield Try(f"byte {place} of {len(content)}", command, codes=(0,), complaint=complaint, megabytes=4096)


@kind("honest data in which little is known: answers, names or words that stand nowhere")
def little_known(setting: Setting, rng: Random) -> Iterator[Try]:
    lines = setting.documents.read_text(encoding="utf-8").splitlines()
    while True:
        folder = setting.fresh()
        some = rng.sample(lines, rng.randint(1, 30))
        names = [line.partition(". ")[0] for line in some]
        rows = []
        for name in rng.sample(names, rng.randint(1, len(names))):
            name = rng.choice([name, "Nobody Known", name.lower()])
            question = rng.choice([f"Where was {name} born?", name, f"{name} {name}", f"Wxyz {name} vw"])
            answer = rng.choice(["Zzyzx", "Qqq1", "Q W", names[0], "was", "7", some[0].split()[-2]])
            rows.append(f"{question}\t{answer}\n")
        documents, questions = folder / "docs.txt", folder / "q.tsv"
        documents.write_text("\n".join(some) + "\n", encoding="utf-8")
        questions.write_text("".join(rows), encoding="utf-8")
        recipe = rng.choice(["fast", "demo", "best"])
        smaller = ["model.width=32", "model.layers=1", "model.heads=2", "data.held_out={}"]
        more = [word for setting_of in smaller for word in ("--set", setting_of)]
        command = setting.train(
            folder / "run", *more, "--dry-run", documents=documents, questions=questions, recipe=recipe
        )
        yield Try(f"{recipe} on {len(some)} documents, {rows[0]!r}", command, megabytes=4096)
