"""Every reader of files, given files that it should not trust: results/fuzz.json.

    python benchmarks/fuzz.py --seconds 60

Hypothesis makes the files: honest ones of a tiny run, with values of other types put in, or with bytes changed, cut out
and doubled, and random ones. Hashes and seals are made anew, as a stranger could. A reader may use what it is given, or
refuse it by our own error in a line or two. Anything else is a fault: another exception, a crash of the process, more
than LONGEST seconds or more than MEMORY bytes. Each reader has a process of its own. A fault is printed with the
smallest file that Hypothesis finds for it, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import gzip
import hashlib
import io
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import tomli_w
import torch
from crashes import Inputs, make_inputs
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from record import RESULTS, origin

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.course.params import read_params
from closedbook.data.documents import make_documents, read_documents
from closedbook.data.questions import read_questions
from closedbook.data.token_index import open_index
from closedbook.errors import ClosedbookError
from closedbook.export.exporters import export_huggingface, import_huggingface
from closedbook.export.model_card import card
from closedbook.living.learning import history
from closedbook.reporting import confidence_section, html_report
from closedbook.runs.folder import RunFolder
from closedbook.runs.provenance import resume_command
from closedbook.runs.store import digest, to_json, write_atomically
from closedbook.runs.weights import load_tensors, save_tensors
from closedbook.training.checkpoint import load_state, saved_so_far
from closedbook.web.run_registry import about

LONGEST = 10  # seconds for one file
MEMORY = 8 * 2**30  # bytes of address space for one reader's process

# Files -------------------------------------------------------------------------------------------------------------

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
MONSTERS = st.sampled_from(
    [10**400, -1, 2**63, 0, float("nan"), float("inf"), "\ud800", "x" * 5000, [[[[]]]], "../../up"]
)


def places(data: Any) -> Iterator[tuple[Any, ...]]:
    """Where values stand in JSON."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data[:3]):
        yield (key,)
        if isinstance(value, (dict, list)):
            yield from ((key, *rest) for rest in places(value))


@st.composite
def forged(draw: st.DrawFn, honest: Any) -> Any:
    """Honest JSON with one to three values of another kind, or gone."""
    data = copy.deepcopy(honest)
    for _ in range(draw(st.integers(1, 3))):
        if not (there := list(places(data))):
            break
        *way, last = draw(st.sampled_from(there))
        node = data
        for key in way:
            node = node[key]
        if isinstance(node, dict) and draw(st.integers(0, 5)) == 0:
            del node[last]
        else:
            node[last] = copy.deepcopy(draw(PLAIN | MONSTERS))
    return data


@st.composite
def spoiled(draw: st.DrawFn, honest: bytes) -> bytes:
    """Honest bytes, changed, cut, doubled or with others put in, at one to four places."""
    content = bytearray(honest)
    for _ in range(draw(st.integers(1, 4))):
        at, size = draw(st.integers(0, len(content))), draw(st.integers(0, 64))
        how = draw(st.sampled_from(("change", "cut", "double", "insert", "end")))
        if how == "change":
            content[at : at + size] = draw(st.binary(min_size=size, max_size=size))
        elif how == "cut":
            del content[at : at + size]
        elif how == "double":
            content[at:at] = content[at : at + size]
        elif how == "insert":
            content[at:at] = draw(st.binary(max_size=size))
        else:
            del content[at:]
    return bytes(content)


def as_json(data: Any) -> bytes:
    return json.dumps(data).encode()


def as_toml(data: Any) -> bytes:
    try:
        return tomli_w.dumps(data).encode()
    except (TypeError, ValueError, AttributeError):  # no TOML says that
        return b""


# Readers -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """A strategy of contents, and what reads one."""

    contents: st.SearchStrategy[bytes]
    read: Callable[[bytes], object]


def readers(work: Path) -> dict[str, Reader]:
    """Every reader, on files in `work`."""
    inputs = make_inputs(work / "inputs")
    run = work / "run"
    inputs.train(run)
    stopped = unfinished(inputs, work / "stopped")
    loaded = pipeline.load(run)
    export_huggingface(loaded, work / "export")
    torch.save({"tok_emb.weight": torch.ones(4, 3), "head.bias": torch.zeros(2)}, work / "p.params")
    question = read_questions(inputs.questions).items[0].text
    by_name: dict[str, Reader] = {}

    def json_file(path: Path) -> st.SearchStrategy[bytes]:
        content = path.read_bytes()
        return forged(json.loads(content)).map(as_json) | spoiled(content)

    def in_run(folder: Path, name: str, use: Callable[[RunFolder], object]) -> Callable[[bytes], object]:
        """Put a file into a copy of a run, with the hash that it then has."""
        copied = Path(shutil.copytree(folder, work / f"copy-{len(by_name)}"))
        record = RunFolder(folder).record()

        def read(content: bytes) -> object:
            (copied / name).write_bytes(content)
            sealed = {**record, "files": {**record["files"], name: [hashlib.sha256(content).hexdigest()]}}
            (copied / "run.json").write_text(to_json({**sealed, "seal": digest(sealed)}), encoding="utf-8")
            return use(RunFolder.open(copied))

        return read

    def record(content: bytes) -> object:
        with contextlib.suppress(ValueError, AttributeError):
            data = json.loads(content)
            data.pop("seal", None)
            content = as_json({**data, "seal": digest(data)})
        path = work / "record"
        path.mkdir(exist_ok=True)
        shutil.copyfile(run / "recipe.toml", path / "recipe.toml")
        (path / "run.json").write_bytes(content)
        folder = RunFolder.open(path)
        folder.record()
        return resume_command(folder), about("run", folder), card(folder)

    def shown(folder: RunFolder) -> object:
        evaluation = folder.read_json("evaluation.json")
        scored = [answer for answer in evaluation.get("answers", []) if answer.get("right") is not None]
        context = {"answers": evaluation.get("answers", [])}
        return (
            card(folder),
            about("run", folder),
            confidence_section.certainty(scored),
            confidence_section.verdicts(scored),
            html_report.table(context, []),
        )

    def ask(folder: RunFolder) -> object:
        return pipeline.load(folder.path).ask(question)

    def state(folder: RunFolder) -> object:
        return load_state(folder), saved_so_far(folder)

    def state_file(data: Any) -> bytes:
        path = work / "state.safetensors"
        tensors, _ = load_tensors(stopped / "training.safetensors")
        save_tensors(path, tensors, data)
        return path.read_bytes()

    def saved(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
        def write_and_read(content: bytes) -> object:
            (work / name).write_bytes(content)
            return read(work / name)

        return write_and_read

    def exported(content: bytes) -> object:
        folder, target = work / "export", work / "imported"
        shutil.rmtree(target, ignore_errors=True)
        (folder / "closedbook.json").write_bytes(content)
        return import_huggingface(folder, target)

    def indexed(name: str) -> Callable[[bytes], object]:
        def read(content: bytes) -> object:
            (folder,) = (path.parent for path in (work / "index").rglob("index.json"))
            good = (folder / name).read_bytes()
            (folder / name).write_bytes(content)
            try:
                index = open_index(inputs.documents, "words", 0, read_questions(inputs.questions), root=work / "index")
                return index
            finally:
                (folder / name).write_bytes(good)

        return read

    taught = work / "taught"
    shutil.copytree(run, taught)
    later = pipeline.load(taught)
    later.learn(make_documents(["Ada Quill. Ada Quill was born in Lund.", "Bo Ek. Bo Ek was born in Oslo in 1950."]))
    learned = (taught / "learned.safetensors").read_bytes()
    tensors, known_names = load_tensors(taught / "learned.safetensors")

    def learned_file(data: Any) -> bytes:
        save_tensors(work / "learned.safetensors", tensors, data)
        return (work / "learned.safetensors").read_bytes()

    by_name["learned.safetensors"] = Reader(
        spoiled(learned) | forged(known_names).map(learned_file), in_run(taught, "learned.safetensors", ask)
    )
    events = (taught / "history.jsonl").read_bytes()
    event = forged(json.loads(events.splitlines()[0])).map(as_json).map(lambda line: line + b"\n")
    by_name["history.jsonl"] = Reader(event | spoiled(events), in_run(taught, "history.jsonl", history))
    toml = (run / "recipe.toml").read_bytes()
    by_name["recipe"] = Reader(
        forged(tomllib.loads(toml.decode())).map(as_toml) | spoiled(toml) | st.binary(max_size=200),
        saved("recipe.toml", load_recipe),
    )
    by_name["recipe of a run"] = Reader(
        forged(tomllib.loads(toml.decode())).map(as_toml), in_run(run, "recipe.toml", ask)
    )
    by_name["--set"] = Reader(
        st.binary(max_size=60) | st.text(max_size=60).map(lambda text: f"model.width={text}".encode(errors="replace")),
        lambda content: load_recipe("fast", [content.decode(errors="replace")]),
    )
    by_name["run.json"] = Reader(json_file(run / "run.json"), record)
    by_name["evaluation.json"] = Reader(json_file(run / "evaluation.json"), in_run(run, "evaluation.json", shown))
    lines = (run / "metrics.jsonl").read_bytes()
    line = forged(json.loads(lines.splitlines()[0])).map(as_json)
    by_name["metrics.jsonl"] = Reader(
        line | spoiled(lines), in_run(run, "metrics.jsonl", lambda folder: html_report.steps(folder.metrics()))
    )
    by_name["vocabulary.json"] = Reader(json_file(run / "vocabulary.json"), in_run(run, "vocabulary.json", ask))
    by_name["calibration.json"] = Reader(json_file(run / "calibration.json"), in_run(run, "calibration.json", ask))
    for name in ("model.safetensors", "evidence.sqlite"):
        by_name[name] = Reader(spoiled((run / name).read_bytes()), in_run(run, name, ask))
    training = (stopped / "training.safetensors").read_bytes()
    stopped_record = load_tensors(stopped / "training.safetensors")[1]
    by_name["training.safetensors"] = Reader(
        spoiled(training) | forged(stopped_record).map(state_file), in_run(stopped, "training.safetensors", state)
    )
    by_name["export"] = Reader(json_file(work / "export" / "closedbook.json"), exported)
    by_name["parameters"] = Reader(spoiled((work / "p.params").read_bytes()), saved("q.params", read_params))
    documents = inputs.documents.read_bytes()[:4000]
    compressed = gzip.compress(documents)
    by_name["documents"] = Reader(spoiled(documents) | st.binary(max_size=200), saved("documents.txt", read_documents))
    by_name["documents.gz"] = Reader(spoiled(compressed), saved("documents.txt.gz", read_documents))
    entries = as_json({"title": "Ann Lee", "text": "Ann Lee. She was born in Rome."}) + b"\n"
    by_name["documents.jsonl"] = Reader(
        spoiled(entries * 3) | forged(json.loads(entries)).map(as_json), saved("documents.jsonl", read_documents)
    )
    questions = inputs.questions.read_bytes()[:2000]
    by_name["questions"] = Reader(spoiled(questions) | st.binary(max_size=200), saved("questions.tsv", read_questions))
    open_index(inputs.documents, "words", 0, read_questions(inputs.questions), root=work / "index", processes=1)
    (index,) = (work / "index").rglob("index.json")
    by_name["index.json"] = Reader(json_file(index), indexed("index.json"))
    return by_name


def unfinished(inputs: Inputs, run: Path) -> Path:
    """A training that was interrupted."""

    def interrupt(event: Any) -> None:
        if getattr(event, "step", 0) == 5:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        inputs.train(run, callbacks=(interrupt,))
    return run


# The trial ---------------------------------------------------------------------------------------------------------


class FaultError(Exception):
    """A reader did what none may."""


def read_once(reader: Reader, content: bytes) -> str:
    """ "used" or "refused". Raises FaultError."""

    def late(*_: object) -> None:
        raise FaultError(f"more than {LONGEST} seconds")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            reader.read(content)
        return "used"
    except ClosedbookError as error:
        if str(error).count("\n") > 1 or len(str(error)) > 2000:
            raise FaultError(f"an error that fills a page: {str(error)[:200]}") from None
        return "refused"
    except FaultError:
        raise
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise FaultError(
            f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {str(error)[:200]}"
        ) from error
    finally:
        signal.alarm(0)


def try_reader(reader: Reader, number: int, seconds: float, told: Any, last: Path) -> None:
    """Try a reader for so long, and tell (counts, faults with their smallest file)."""
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    until, counts = time.process_time() + seconds, Counter[str]()
    faults: dict[str, str] = {}

    def check(content: bytes) -> None:
        if time.process_time() > until:
            return
        last.write_bytes(content)
        counts["tried"] += 1
        counts[read_once(reader, content)] += 1

    while time.process_time() < until and len(faults) < 5:
        chosen = settings(
            max_examples=100, database=None, deadline=None, phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck), print_blob=False,
        )  # fmt: skip
        try:
            with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
                seed(number)(chosen(given(reader.contents)(check)))()
        except (FaultError, ExceptionGroup) as error:
            for single in error.exceptions if isinstance(error, ExceptionGroup) else (error,):
                faults.setdefault(str(single), repr(last.read_bytes()[:300]))
        number += 1
    told.send((dict(counts), faults))


def main() -> int:
    """Try every reader and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="of processor time, for all readers together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader", help="one reader alone")
    parser.add_argument("--keep", action="store_true", help="write results/fuzz.json")
    options = parser.parse_args()
    here = get_context("fork")
    table: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        there = readers(work)
        if options.reader is not None:
            there = {options.reader: there[options.reader]}
        for name, reader in there.items():
            ours, theirs = here.Pipe(duplex=False)
            given_to = (reader, options.seed * 1_000_000, options.seconds / len(there), theirs, work / "last")
            child = here.Process(target=try_reader, args=given_to)
            child.start()
            theirs.close()
            try:
                counts, faults = ours.recv()
            except EOFError:
                counts, faults = {}, {"the process died": repr((work / "last").read_bytes()[:300])}
            child.join()
            counted = [counts.get(key, 0) for key in ("tried", "used", "refused")]
            table[name] = dict(zip(("tried", "used", "refused"), counted, strict=True)) | {"failed": len(faults)}
            print(
                f"{name:22} tried {counted[0]:6,}  used {counted[1]:6,}  refused {counted[2]:6,}  failed {len(faults)}"
            )
            for fault, content in faults.items():
                print(f"    {fault}\n        {content}")
            sys.stdout.flush()
    if options.keep:
        content = {"seconds": options.seconds, "seed": options.seed, "origin": origin(), "readers": table}
        write_atomically(RESULTS / "fuzz.json", (json.dumps(content, indent=1) + "\n").encode())
    return int(any(row["failed"] for row in table.values()))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
