"""The runs that the page shows: which there are, what each is, its curve, the people it can be asked about."""

from __future__ import annotations

import hashlib
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedbook.data.documents import read_documents
from closedbook.data.files import Source
from closedbook.data.questions import Questions, read_questions, subject, without
from closedbook.data.token_index import is_large
from closedbook.errors import ClosedbookError, RunError
from closedbook.runs.folder import RunFolder, look_for_runs
from closedbook.runs.provenance import found_from_here

if TYPE_CHECKING:
    from closedbook.inference.run import Run

KEPT_IN_MEMORY = 4  # models
STILL_TRAINING = 90.0  # seconds since the last line of metrics
WORDING = "Where was {} born?"  # for a bare name, where the training questions are not at hand


@dataclass(frozen=True)
class People:
    """Whom a run can be asked about: names to suggest, a few to begin with, and how they are asked about."""

    names: tuple[str, ...]
    examples: tuple[dict[str, str], ...]  # name, and why it is shown
    wording: str


class RunRegistry:
    """Runs by name: those given, and all in a folder, looked up anew each time so that new ones appear.

    A name is a key here and never a path: nothing else can be opened by it.
    """

    def __init__(self, given: Sequence[Path] = (), root: Path | None = None) -> None:
        self.given, self.root = [RunFolder.open(path) for path in given], root
        self._models: dict[tuple[Path, float], Run] = {}
        self._people: dict[Path, People] = {}
        self._lock = threading.Lock()

    def folders(self) -> dict[str, RunFolder]:
        """Every run by name; given ones first, then the newest first."""
        return self.look()[0]

    def look(self) -> tuple[dict[str, RunFolder], dict[str, str]]:
        """Every run by name, and why others cannot be opened."""
        others, damaged = look_for_runs(self.root) if self.root is not None else ([], {})
        named: dict[str, RunFolder] = {}
        for folder in (*self.given, *reversed(others)):
            path = folder.path.resolve()
            if any(path == known.path.resolve() for known in named.values()):
                continue
            name = path.name
            while name in named:
                name = f"{path.parent.name}/{name}" if name == path.name else f"{name}′"
            named[name] = folder
        return named, damaged

    def folder(self, name: str) -> RunFolder:
        """Raises RunError for a run that is not on the shelf."""
        folders = self.folders()
        if name not in folders:
            raise RunError(f"there is no run {name[:80]}; there are: {', '.join(folders) or 'none'}")
        return folders[name]

    def load(self, name: str) -> Run:
        """A run with its model, kept in memory for the next question. Raises RunError where it cannot be opened."""
        from closedbook.inference.run import load

        folder = self.folder(name)
        weights = folder.path / "model.safetensors"
        key = (folder.path.resolve(), weights.stat().st_mtime if weights.is_file() else 0.0)
        with self._lock:
            run = self._models.pop(key, None) or load(folder.path)
            self._models[key] = run  # the last used comes last
            while len(self._models) > KEPT_IN_MEMORY:
                del self._models[next(iter(self._models))]
        return run

    def curve(self, name: str, after: int = 0) -> dict[str, Any]:
        """The lines of metrics.jsonl from number `after` on, and the number to ask for next time."""
        folder = self.folder(name)
        lines = folder.metrics()
        return {"lines": lines[after:], "next": len(lines), "status": about(name, folder)["status"]}

    def people(self, name: str) -> People:
        """Names to suggest: the titles of the documents, where their file is still what was trained on."""
        folder = self.folder(name)
        if folder.path not in self._people:
            self._people[folder.path] = people(folder)
        return self._people[folder.path]

    def suggest(self, name: str, typed: str, most: int = 8) -> list[str]:
        """Names in which a word begins with what was typed (accents do not matter), those that start so first."""
        typed = fold(typed)
        if not typed:
            return []
        found = [(fold(title), title) for title in self.people(name).names]
        first = [title for folded, title in found if folded.startswith(typed)]
        other = [title for folded, title in found if f" {typed}" in folded and not folded.startswith(typed)]
        return [*first, *other][:most]


def about(name: str, folder: RunFolder) -> dict[str, Any]:
    """What a run is, for a list of them."""
    record, recipe = folder.record(), folder.recipe()
    metrics = folder.path / "metrics.jsonl"
    fresh = metrics.is_file() and time.time() - metrics.stat().st_mtime < STILL_TRAINING
    status = "finished" if folder.finished else "training" if fresh else "stopped"
    score = {}
    if (folder.path / "evaluation.json").is_file():
        evaluation = folder.read_json("evaluation.json")
        score = {key: evaluation.get(key) for key in ("correct", "total", "accuracy", "interval")}
    return {
        "name": name,
        "recipe": record.get("recipe"),
        "summary": recipe.summary,
        "status": status,
        "started": record.get("started"),
        "seconds": record.get("train_seconds"),
        "threads": record.get("threads"),
        "seed": recipe.seed,
        "parameters": (record.get("parameters") or {}).get("total"),
        "memory": (record.get("parameters") or {}).get("memory") or 0,
        "layers": recipe.model.layers,
        "heads": recipe.model.heads,
        "width": recipe.model.width,
        "mixer": recipe.model.mixer.name,
        "asks": folder.finished and recipe.needs_questions,
        "stages": [{"name": stage.name, "steps": stage.steps or None} for stage in recipe.stages],
        "score": score,
    }


def fold(text: str) -> str:
    """Lower case without accents, for searching."""
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def people(folder: RunFolder) -> People:
    """Read whom a run can be asked about; without its files, nobody is suggested."""
    from closedbook.verdicts.calibration import invent

    record = folder.record()
    try:
        documents, questions = (unchanged(record.get(name), record) for name in ("documents", "questions"))
        titles = list(dict.fromkeys(read_documents(documents).titles)) if documents else []
        given = read_questions(questions) if questions else None
    except ClosedbookError:
        titles, given = [], None
    known = set(titles)
    examples = []
    if given is not None:
        for part, why, most in (("choose", "kept out of training", 3), ("train", "trained on", 1)):
            positions = [i for i in record.get("split", {}).get(part, []) if 0 <= i < len(given)]
            names = dict.fromkeys(n for i in positions[:40] if (n := subject(given.items[i].text, known)))
            examples += [{"name": name, "why": why} for name in list(names)[:most]]
    examples += [{"name": name, "why": "invented"} for name in invent(titles, 1, seed=0)]
    return People(tuple(sorted(titles, key=fold)), tuple(examples), wording(given, known) if given else WORDING)


def unchanged(entry: dict[str, Any] | None, record: dict[str, Any]) -> Path | None:
    """Where an input of a run is, if its file is still what it was, and not so large that it must be indexed."""
    given = found_from_here((entry or {}).get("path", ""), record)
    path = Source.of(given).path
    if not entry or not path.is_file() or is_large(given):
        return None
    with open(path, "rb") as file:
        return Path(given) if hashlib.file_digest(file, "sha256").hexdigest() == entry.get("sha256") else None


def wording(questions: Questions, titles: set[str]) -> str:
    """The commonest wording of some training questions, with {} in the place of the name."""
    count: Counter[str] = Counter()
    for question in questions.items[:300]:
        if name := subject(question.text, titles):
            count[without(question.text, name, "{}")] += 1
    return count.most_common(1)[0][0] if count else WORDING


ASKING = frozenset("what when where which who whom whose why how in on at from of".split())


def as_question(text: str, wording: str) -> str:
    """A bare name as a question about it; a question as it is."""
    stripped = text.strip()
    words = stripped.split()
    if not words or stripped.endswith("?") or words[0].lower() in ASKING:
        return text
    return wording.replace("{}", stripped, 1)
