"""The token index on Arrow beside the one before it, of one array a file: results/index-arrow.json.

    python benchmarks/token_index.py --folder /var/tmp --before 74329f6

The corpus is that of corpora.py, of --megabytes. The code before is taken out of the repository's history. Each of
the two builds its index in two processes, opens it and reads from it, --rounds times in turn, each time in a process
of its own; every figure is the best of its rounds (of memory: the largest). A first batch is that of the recipe
`fast`; the files are in the system's cache. Reads are of whole documents at random places, and rates are for a second
of the processor's time, so that what else the machine does counts for little.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
READS, AT_ONCE, BATCHES = 400, 128, 60
BEFORE = ("objectives.index", "objectives.mixture", "text.questions", "recipe")


def measure(folder: Path, what: str) -> dict[str, float]:
    """In a process of its own, with one of the two packages on its path."""
    import numpy as np

    try:
        from closedbook.config.loading import load_recipe
        from closedbook.data.questions import read_questions
        from closedbook.data.token_index import open_index
        from closedbook.objectives.sampler import BatchSampler

        recipe = load_recipe("fast", ["data.held_out={}"])
        context_length = recipe.model.context_length
    except ImportError:  # the package as it was at --before
        modules = {name: importlib.import_module(f"closedbook.{name}") for name in BEFORE}
        open_index, BatchSampler = modules["objectives.index"].open_index, modules["objectives.mixture"].Mixture
        read_questions = modules["text.questions"].read_questions
        recipe = modules["recipe"].load_recipe("fast", ["data.kept_out={}"])
        context_length = recipe.model.block
    from closedbook.objectives import Corpus

    questions = read_questions(folder / "questions.tsv")
    began, began_here = time.perf_counter(), time.process_time()
    index = open_index(folder / "documents.txt", "words", 0, questions, root=folder / f"index-{what}", processes=2)
    opened = time.perf_counter()
    if what == "build":
        spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return {
            "seconds": opened - began, "seconds_of_processor": sum(usage.ru_utime + usage.ru_stime for usage in spent),
            "peak_mb": status("VmHWM"), "peak_mb_of_a_worker": spent[1].ru_maxrss / 1024,
            "bytes_on_disk": sum(file.stat().st_size for file in index.folder.iterdir()),
        }  # fmt: skip
    corpus = Corpus(index.documents, questions, index.vocabulary, context_length, index)
    sampler = BatchSampler(recipe.stages[0], corpus, 0)
    sampler.batch(0)
    first, spent = time.perf_counter(), time.process_time()
    for step in range(1, BATCHES):
        sampler.batch(step)
    batches = time.process_time()
    memory = {"own_mb": status("RssAnon"), "mapped_mb": status("RssFile"), "peak_mb": status("VmHWM")}
    rows = np.random.default_rng(0).integers(0, len(index.documents), (READS, AT_ONCE))
    places = time.process_time()
    for some in rows:
        index.tokens.take(some)
        corpus.spans.of(some)
    read = time.process_time()
    for document in rows[0]:
        index.name(int(document))
    named = time.process_time()
    return {
        "seconds_to_open": opened - began, "seconds_to_first_batch": first - began,
        "seconds_of_processor_to_first_batch": spent - began_here,
        "batches_per_second": (BATCHES - 1) / (batches - spent), "documents_per_second": rows.size / (read - places),
        "titles_per_second": AT_ONCE / (named - read), **memory,
    }  # fmt: skip


def access() -> dict[str, float]:
    """Microseconds of the processor for the tokens of 128 documents of 60, from columns of 50 and of 1,000 parts; with
    `datasets`, if it is installed, the same documents as rows.
    """
    import numpy as np
    import pyarrow as pa

    from closedbook.data.arrow_columns import Column

    rng = np.random.default_rng(0)
    measured = {}
    for parts in (50, 1000):
        flat = rng.integers(0, 60_000, parts * 200_000).astype(np.int32)
        counts = np.full(parts, 200_000)
        chunked = pa.chunked_array(np.split(flat, parts))
        column = Column(flat, np.arange(parts) * 200_000, counts, None)
        places = (rng.integers(0, len(flat) - 60, (AT_ONCE, 1)) + np.arange(60)).ravel()
        for name, read, times in (
            ("one array", lambda flat=flat, places=places: flat[places], 200),
            ("Column", lambda column=column, places=places: column[places], 200),
            ("ChunkedArray.take", lambda chunked=chunked, places=places: chunked.take(pa.array(places)), 5),
        ):
            measured[f"{name}, {parts} parts"] = microseconds(read, times)
    try:
        from datasets import Dataset
    except ImportError:
        return measured
    with tempfile.TemporaryDirectory() as folder:
        rows = Dataset.from_dict({"tokens": rng.integers(0, 60_000, (100_000, 60))})
        rows.save_to_disk(folder)
        rows = Dataset.load_from_disk(folder).with_format("numpy")
        wanted = rng.integers(0, len(rows), AT_ONCE).tolist()
        measured["datasets, 100,000 rows"] = microseconds(lambda: rows[wanted]["tokens"], 20)
    return measured


def microseconds(read: Callable[[], object], times: int) -> float:
    read()
    began = time.process_time()
    for _ in range(times):
        read()
    return float(f"{(time.process_time() - began) / times * 1e6:.3g}")


def status(field: str) -> float:
    """Megabytes, from /proc."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def run(package: Path, folder: Path, what: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--folder", str(folder), "--measure", what]
    environment = os.environ | {"PYTHONPATH": str(package), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def best(rounds: list[dict[str, float]]) -> dict[str, float]:
    smallest = {name: min(measured[name] for measured in rounds) for name in rounds[0] if name.startswith("seconds")}
    largest = {name: max(measured[name] for measured in rounds) for name in rounds[0] if not name.startswith("seconds")}
    return {name: float(f"{value:.4g}") for name, value in {**smallest, **largest}.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="with room for eight times the corpus")
    parser.add_argument("--megabytes", type=float, default=300)
    parser.add_argument("--before", default="74329f6", help="a commit with the index to compare with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--note", default="", help="what else the machine was doing")
    parser.add_argument("--access", action="store_true", help="only read from columns of many parts, without a corpus")
    parser.add_argument("--measure", choices=("build", "read"))
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.folder, arguments.measure)))
        return
    from corpora import generate
    from record import Cells

    cells = Cells("index-arrow.json")
    cells.add("access", access())
    print(cells["access"], flush=True)
    if arguments.access:
        return
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        corpus = generate(folder, int(arguments.megabytes * 1e6))
        archive = subprocess.run(
            ["git", "-C", str(REPOSITORY), "archive", arguments.before, "src"], check=True, stdout=subprocess.PIPE
        ).stdout
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
        packages = {"arrays": folder / "src", "arrow": REPOSITORY / "src"}
        measured: dict[str, dict[str, list[dict[str, float]]]] = {name: {"build": [], "read": []} for name in packages}
        for number in range(arguments.rounds):
            for name, package in packages.items():
                index = folder / "index-build"
                measured[name]["build"].append(run(package, folder, "build"))
                index.rename(folder / "index-read")
                for _ in range(3):
                    measured[name]["read"].append(run(package, folder, "read"))
                shutil.rmtree(folder / "index-read")
                print(number, name, measured[name]["build"][-1], measured[name]["read"][-1], flush=True)
        for name, kinds in measured.items():
            built = best(kinds["build"])
            built["bytes_on_disk_per_byte"] = round(built["bytes_on_disk"] / corpus["bytes"], 3)
            cells.add(name, {"corpus": corpus, "build": built, "read": best(kinds["read"])}, note=arguments.note)
            print(name, cells[name], flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
