"""The runs that the page shows: which there are, what each is, its curve, the people it can be asked about."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook.data.documents import read_documents
from closedbook.data.questions import Questions, fold, read_questions, subject
from closedbook.errors import ClosedbookError, RunError
from closedbook.evaluation.paired import comparable, paired
from closedbook.inference.run import Run, load
from closedbook.runs.folder import RunFolder, look_for_runs
from closedbook.runs.provenance import unchanged_input
from closedbook.verdicts.calibration import invent

KEPT_IN_MEMORY = 4  # models
SUGGESTED = 8  # names
STILL_TRAINING = 90.0  # seconds since the last line of metrics


class UnknownRunError(RunError):
    """No run has this name."""


@dataclass(frozen=True)
class People:
    """Whom a run can be asked about: names to suggest, and a few questions to begin with.

    An example is a `question`, the `name` of whom it is about, and `why` it is worth trying.
    """

    names: tuple[str, ...]
    examples: list[dict[str, str]]


class RunRegistry:
    """Runs by name: those at `paths`, and all in the folder `root`, which is read anew each time: new ones appear.

    A name is a key here and never a path: nothing else can be opened by it.
    """

    def __init__(self, paths: Sequence[Path] = (), root: Path | None = None) -> None:
        self.first, self.root = [RunFolder.open(path) for path in paths], root
        self._models: dict[Path, Run] = {}
        self._people: dict[Path, People] = {}
        self._lock = threading.Lock()

    def folders(self) -> dict[str, RunFolder]:
        """Every run by name; those at `paths` first, then the newest first."""
        return self.scan()[0]

    def scan(self) -> tuple[dict[str, RunFolder], dict[str, str]]:
        """Every run by name, and why others cannot be opened."""
        in_root, damaged = look_for_runs(self.root) if self.root is not None else ([], {})
        by_name: dict[str, RunFolder] = {}
        for folder in (*self.first, *reversed(in_root)):
            path = folder.path.resolve()
            if any(path == other.path.resolve() for other in by_name.values()):
                continue
            name = path.name
            while name in by_name:
                name = f"{path.parent.name}/{name}" if name == path.name else f"{name}′"
            by_name[name] = folder
        return by_name, damaged

    def folder(self, name: str) -> RunFolder:
        """Raises UnknownRunError for a run that is not here."""
        folders = self.folders()
        if name not in folders:
            raise UnknownRunError(f"there is no run {name[:80]}; there are: {', '.join(folders) or 'none'}")
        return folders[name]

    def load(self, name: str) -> Run:
        """A run with its model, kept in memory for the next question. Raises RunError where it cannot be opened."""
        folder = self.folder(name)
        with self._lock:
            run = self._models.pop(folder.path.resolve(), None)
            if run is None or not run.current:
                run = load(folder.path)
            self._models[folder.path.resolve()] = run  # the last used comes last
            while len(self._models) > KEPT_IN_MEMORY:
                del self._models[next(iter(self._models))]
        return run

    def curve(self, name: str, after: int = 0) -> dict[str, Any]:
        """The lines of metrics.jsonl from number `after` on, and the number to ask for next time."""
        folder = self.folder(name)
        lines = folder.metrics()
        return {"lines": lines[after:], "next": len(lines), "status": about(name, folder)["status"]}

    def compare(self, first: str, second: str) -> dict[str, Any]:
        """Which of the same questions only one of two runs gets right; `comparable` is False where they differ."""
        evaluations = [self.folder(name).read_json_if_there("evaluation.json") or {} for name in (first, second)]
        if not comparable(*evaluations):
            return {"comparable": False}
        return {"comparable": True, "total": len(evaluations[0]["answers"]), **paired(*evaluations)}

    def people(self, name: str) -> People:
        """Names to suggest: the titles of the documents, where their file is still what was trained on."""
        folder = self.folder(name)
        if folder.path not in self._people:
            self._people[folder.path] = people(folder, self.load(name).questions_about("{}")[0])
        return self._people[folder.path]

    def suggest(self, name: str, typed: str) -> list[str]:
        """Names in which a word begins with what was typed (accents do not matter), those that start so first."""
        typed = _searchable(typed)
        if not typed:
            return []
        names = [(_searchable(name), name) for name in self.people(name).names]
        matching = [(folded, name) for folded, name in names if f" {typed}" in f" {folded}"]
        matching.sort(key=lambda match: not match[0].startswith(typed))
        return [name for _, name in matching[:SUGGESTED]]


def about(name: str, folder: RunFolder) -> dict[str, Any]:
    """What a run is, for a list of them."""
    record, recipe = folder.record(), folder.recipe()
    metrics = folder.path / "metrics.jsonl"
    fresh = metrics.is_file() and time.time() - metrics.stat().st_mtime < STILL_TRAINING
    status = "finished" if folder.finished else "training" if fresh else "stopped"
    score = {}
    if evaluation := folder.read_json_if_there("evaluation.json"):
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
        "learns": folder.finished and recipe.model.memory is not None,
        "asks": folder.finished and recipe.needs_questions,
        "stages": [{"name": stage.name, "steps": stage.steps or None} for stage in recipe.stages],
        "score": score,
    }


def people(folder: RunFolder, wording: str) -> People:
    """Read whom a run can be asked about in this wording; without its files, only somebody invented is suggested."""
    record = folder.record()
    try:
        documents, trained_on = (unchanged_input(record.get(name), record) for name in ("documents", "questions"))
        titles = tuple(dict.fromkeys(read_documents(documents).titles)) if documents else ()
        questions = read_questions(trained_on) if trained_on else None
    except ClosedbookError:
        titles, questions = (), None
    index = frozenset(titles)
    chosen: list[tuple[str, str]] = []
    if questions is not None:
        split = record.get("split", {})
        kept_out, trained = (_names(questions, split.get(part, []), index) for part in ("choose", "train"))
        if not kept_out:  # then whoever has a document and no question
            texts = "\n".join(question.text for question in questions.items)
            unasked = [title for title in titles[-200:] if title not in texts]
            kept_out = unasked[:: max(1, len(unasked) // 2)]
        chosen = [(name, "read about, never asked") for name in kept_out[:2]]
        chosen += [(name, "asked in training") for name in trained[:1]]
    chosen += [(name, "invented: nobody's name") for name in invent(titles, 1, seed=0)]
    examples = [{"name": name, "question": wording.replace("{}", name, 1), "why": why} for name, why in chosen]
    return People(tuple(sorted(titles, key=_searchable)), examples)


def _names(questions: Questions, positions: Sequence[int], titles: Collection[str]) -> list[str]:
    """Whom the first of the questions at `positions` ask about."""
    texts = [questions.items[i].text for i in positions[:40] if 0 <= i < len(questions)]
    return list(dict.fromkeys(name for text in texts if (name := subject(text, titles))))


def _searchable(name: str) -> str:
    return fold(name, accents=False)
