"""A corpus of gigabytes: how fast it is indexed, what training on it keeps in memory: results/corpora.json.

    python benchmarks/corpora.py --folder /var/tmp

The corpus is the built-in world's, each biography written again and again under other names, until there are
--gigabytes of it; it and its index are removed in the end. `index` is the whole of reading, making the vocabulary and
encoding, on two processes. `train` is the recipe `fast` for a few steps, in a process of its own, once on this corpus
and once on a small one: what the large one takes more is what the corpus costs. Memory is told apart as the kernel
does: RssAnon is the process's own, RssFile are mapped pages that the kernel drops when it needs room. `evidence` is
the rate at which the index for looking answers up is built, on a part of the corpus.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

from record import Cells

STEPS = 50
EVIDENCE_BYTES = 100_000_000


def generate(folder: Path, size: int) -> dict[str, Any]:
    """Write documents.txt (`size` bytes), small.txt and questions.tsv."""
    from closedbook.synthetic.world import WorldSpec, make_world

    began = time.perf_counter()
    world = make_world(WorldSpec(people=2000), 0)
    base = list(world.documents)
    titles = [person.name for person in world.people]
    lines = [line for line in base if line.startswith(tuple(f"{t}." for t in titles))]
    named = [(line.split(". ", 1)[0], line) for line in lines]
    firsts, lasts = ([t.split()[i] for t in titles] for i in (0, -1))
    written = documents = 0
    with open(folder / "documents.txt", "w", encoding="utf-8") as file:
        for turn in count():
            block = []
            for i, (name, line) in enumerate(named):
                other = name
                if turn:  # the first time under their own names, which the questions ask about
                    letter = chr(ord("A") + turn % 26)
                    last = lasts[(i * 7 + turn // 26) % len(lasts)]
                    other = f"{firsts[(i + turn) % len(firsts)]} {letter}. {last}"
                block.append(line.replace(name, other))
            text = "\n".join(block) + "\n"
            file.write(text)
            written += len(text.encode())
            documents += len(block)
            if not turn:
                (folder / "small.txt").write_text(text, encoding="utf-8")
            if written >= size:
                break
    pairs = [f"{q.text}\t{q.answer}" for q in world.questions(split="train")]
    (folder / "questions.tsv").write_text("\n".join(pairs) + "\n", encoding="utf-8")
    seconds = round(time.perf_counter() - began, 1)
    return {"bytes": written, "documents": documents, "questions": len(pairs), "seconds_to_generate": seconds}


def measured_child(folder: Path, documents: str, began: float) -> None:
    """Index (where it is not yet) and train, in this process; prints one JSON object."""
    from closedbook import pipeline
    from closedbook.config.loading import load_recipe
    from closedbook.training.events import Step

    marks: list[tuple[float, str]] = []
    memory: dict[str, int] = {}
    first: list[float] = []

    def listen(event: object) -> None:
        if isinstance(event, pipeline.Message):
            marks.append((round(time.time() - began, 2), event.text))
            print(marks[-1], file=sys.stderr, flush=True)
        if isinstance(event, Step):
            first.append(time.time() - began)
            for key, value in status().items():
                memory[key] = max(memory.get(key, 0), value)

    recipe = load_recipe("fast", [f"stages.learn.steps={STEPS}", "data.evidence=false", "data.held_out={}"])
    with tempfile.TemporaryDirectory(dir=folder) as run:
        pipeline.train(
            recipe, folder / documents, folder / "questions.tsv", run=Path(run) / "run", threads=1,
            index=folder / "indexes", callbacks=[listen],
        )  # fmt: skip
    print(json.dumps({"first_step": first[0], "last_step": first[-1], "memory": memory, "notes": marks}))


def status() -> dict[str, int]:
    """Kilobytes, from /proc."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = {key: value for key, _, value in (line.partition(":") for line in lines)}
    return {key: int(fields[key].split()[0]) for key in ("RssAnon", "RssFile", "VmHWM")}


def child(folder: Path, documents: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--folder", str(folder), "--child", documents, "--began", str(time.time())]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def megabytes(memory: dict[str, int]) -> dict[str, int]:
    names = {"RssAnon": "own_mb", "RssFile": "mapped_mb", "VmHWM": "peak_mb"}
    return {names[key]: round(value / 1024) for key, value in memory.items()}


def evidence(folder: Path) -> dict[str, Any]:
    """Build the index for looking answers up, of the first part of the corpus."""
    from closedbook.data.token_index import open_index
    from closedbook.verdicts.evidence_writer import build_index

    with open(folder / "documents.txt", "rb") as file:
        part = file.read(EVIDENCE_BYTES).rpartition(b"\n")[0] + b"\n"
    (folder / "part.txt").write_bytes(part)
    index = open_index(folder / "part.txt", "words", root=folder / "indexes", processes=2)
    before = status()
    began = time.perf_counter()
    build_index(folder / "part.sqlite", index.documents)
    seconds = time.perf_counter() - began
    size = (folder / "part.sqlite").stat().st_size
    return {
        "bytes": len(part), "seconds": round(seconds, 1), "mb_per_second": round(len(part) / 1e6 / seconds, 2),
        "bytes_on_disk_per_byte": round(size / len(part), 2),
        "own_mb_more": round((status()["RssAnon"] - before["RssAnon"]) / 1024),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="with room for four times the corpus")
    parser.add_argument("--gigabytes", type=float, default=2.1)
    parser.add_argument("--note", default="", help="what else the machine was doing")
    parser.add_argument("--child")
    parser.add_argument("--began", type=float, default=0.0)
    arguments = parser.parse_args()
    if arguments.child:
        measured_child(arguments.folder, arguments.child, arguments.began)
        return
    cells = Cells("corpora.json")
    size = int(arguments.gigabytes * 1e9)
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        if shutil.disk_usage(folder).free < 4 * size:
            raise SystemExit(f"{folder} has not the room for four times {arguments.gigabytes} GB")
        corpus = generate(folder, size)
        print(corpus, flush=True)
        small = child(folder, "small.txt")
        built = child(folder, "documents.txt")
        began = next(when for when, text in built["notes"] if text.startswith("reading"))
        encoding = next(when for when, text in built["notes"] if text.startswith("indexing"))
        last = [when for when, text in built["notes"] if text.startswith("indexed")][-1]
        about = next((folder / "indexes").glob("*/index.json")).parent
        on_disk = max(sum(f.stat().st_size for f in p.parent.iterdir()) for p in about.parent.glob("*/index.json"))
        cells.add("index", {
            **corpus, "processes": 2, "seconds_survey_and_vocabulary": round(encoding - began, 1),
            "seconds_encoding": round(last - encoding, 1), "seconds": round(last - began, 1),
            "mb_per_second": round(corpus["bytes"] / 1e6 / (last - began), 2),
            "mb_per_second_encoding": round(corpus["bytes"] / 1e6 / (last - encoding), 2),
            "index_bytes_per_byte": round(on_disk / corpus["bytes"], 2),
        })  # fmt: skip
        print(cells["index"], flush=True)
        again = child(folder, "documents.txt")
        cells.add("train", {
            "recipe": "fast", "steps": STEPS, "seconds_to_first_step": round(again["first_step"], 2),
            "seconds_to_first_step_on_a_small_corpus": round(child(folder, "small.txt")["first_step"], 2),
            "seconds_a_step": round((again["last_step"] - again["first_step"]) / (STEPS - 1), 3),
            "seconds_a_step_on_a_small_corpus": round((small["last_step"] - small["first_step"]) / (STEPS - 1), 3),
            "memory": megabytes(again["memory"]), "memory_on_a_small_corpus": megabytes(small["memory"]),
            "memory_while_indexing_and_training": megabytes(built["memory"]),
        })  # fmt: skip
        print(cells["train"], flush=True)
        cells.add("evidence", evidence(folder))
        print(cells["evidence"], flush=True)
        cells.save(note=arguments.note)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
