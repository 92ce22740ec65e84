"""Living memory: learns documents into a finished run, and forgets names, while every other answer stays as it is.

What is written, in this order: the evidence, the learned names, the weights and the vocabulary where a name of the
first training is removed, the history. Each file is replaced whole. Names still to be removed from the weights stand in
the file of learned names, so a kill in between leaves a run that opens, and the next change completes what was begun.
Names of the first training whose documents change stand there before the evidence does, so that they count as changed
until they are learned.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from closedbook.data.documents import Documents
from closedbook.data.files import is_storable
from closedbook.data.pretrained_vocabulary import PretrainedTokens
from closedbook.data.vocabulary import Vocabulary
from closedbook.data.word_vocabulary import Words
from closedbook.errors import DataError, RunError, WorkerError
from closedbook.interrupts import defer_interrupts
from closedbook.living.cluster import fit_on_cluster
from closedbook.living.fit import OutputsLearner
from closedbook.living.fit_rows import RowsLearner
from closedbook.living.learned_names import FILE, LearnedNames
from closedbook.living.learner import NAMES, LearnedName, Learner, documents_hash
from closedbook.model.gpt import GPT
from closedbook.model.name_memory import LENGTH_KEY, mean_length
from closedbook.model.network import Network
from closedbook.model.pretrained import TaughtModel
from closedbook.objectives.cue import Cue
from closedbook.processes import process_pool
from closedbook.runs.folder import RunFolder, typed
from closedbook.runs.records import HistoryRecord
from closedbook.runs.store import to_json
from closedbook.runs.weights import load_tensors, tensors_to_bytes
from closedbook.validation import parse_json
from closedbook.verdicts.evidence_store import EvidenceStore
from closedbook.verdicts.evidence_writer import NewDocuments, changed_index

HISTORY = "history.jsonl"
SAVE_EVERY = 30.0  # seconds of learning that a kill can lose, unless saving would take more than SAVING of the time
SAVING = 0.1
Progress = Callable[[int], None]


@dataclass(frozen=True)
class LearningPlan:
    """What learning some documents comes to: titles by what is to be done, with the texts of those to be learned."""

    new: Mapping[str, Sequence[str]]
    changed: Mapping[str, Sequence[str]]
    unchanged: tuple[str, ...]
    shared: tuple[str, ...]  # titles of several documents, which share one memory

    @property
    def texts(self) -> dict[str, Sequence[str]]:
        return {**self.new, **self.changed}


@dataclass(frozen=True)
class MemoryEditor:
    """A run's parts that learning reads and writes."""

    folder: RunFolder
    learner: Learner
    learned: LearnedNames
    evidence: EvidenceStore | None
    stamp: Mapping[str, Any]  # of the files that these parts were read from
    training: bool = False  # whether a training does it, which holds the folder and writes the evidence afterwards

    def plan(self, documents: Documents) -> LearningPlan:
        """Raises DataError where a document has no title."""
        texts: dict[str, list[str]] = {}
        for item in documents.items:
            if not item.title.strip():
                raise DataError(f"{documents.source}:{item.line}: has no title to learn it by; begin it with NAME. …")
            if not is_storable(item.text):
                raise DataError(f"{documents.source}:{item.line}: holds a NUL or half a surrogate pair; remove it")
            if item.text not in (own := texts.setdefault(item.title, [])):
                own.append(item.text)
        new: dict[str, Sequence[str]] = {}
        changed: dict[str, Sequence[str]] = {}
        unchanged = []
        for title, own in texts.items():
            known_hash = self._hash(title)
            if known_hash == documents_hash(title, own):
                unchanged.append(title)
            else:
                (new if known_hash is None else changed)[title] = own
        shared = tuple(title for title, own in texts.items() if len(own) > 1)
        return LearningPlan(new, changed, tuple(unchanged), shared)

    def _hash(self, title: str) -> str | None:
        """The hash of a name's documents as they are known; None if the name is not; "" where that cannot be told."""
        if title in self.learned.pending:  # a kill came between the evidence and what was learned
            return ""
        if title in self.learned.names:
            return self.learned.names[title].sha256
        if title not in self.first_titles:
            return None
        texts = [document.text for document in self.evidence.texts(title)] if self.evidence else []
        return documents_hash(title, texts) if texts else ""

    @property
    def first_titles(self) -> set[str]:
        """The names of the first training that it still has."""
        return {name for name in self.learner.vocabulary.names.names if name} - self.learned.removed

    def learn(
        self,
        texts: Mapping[str, Sequence[str]],
        workers: int = 1,
        progress: Progress | None = None,
        scheduler: str | None = None,
    ) -> MemoryEditor:
        """Learn names from their documents, saving on the way, and also where it is interrupted or fails.

        By `workers` processes, or by those of Dask's `scheduler` at an address. Returns the memory as it then is.
        """
        done: list[LearnedName] = []
        saved, count, enough = time.monotonic(), 0, SAVE_EVERY
        with defer_interrupts() as raise_interrupt:
            # What a kill left of a name of the first training is removed, even where nothing is left to learn.
            learned = self._write(self.learned, (), {}, ()) if self.learned.removed else self
            try:
                for name in self._fitted(texts, workers, scheduler):
                    done.append(name)
                    count += 1
                    if (began := time.monotonic()) - saved > enough:
                        learned, done, saved = learned._keep(done, texts), [], time.monotonic()
                        enough = max(SAVE_EVERY, (saved - began) / SAVING)
                    if progress is not None:
                        progress(count)
                    raise_interrupt()
            except (KeyboardInterrupt, DataError, WorkerError):
                learned._keep(done, texts)
                raise_interrupt()  # which may be why a worker has ended
                raise
            return learned._keep(done, texts)

    def _fitted(self, texts: Mapping[str, Sequence[str]], workers: int, scheduler: str | None) -> Iterator[LearnedName]:
        names, size = list(texts), max(1, min(NAMES, int(SAVE_EVERY / self.learner.seconds)))
        chunks = [{name: texts[name] for name in names[i : i + size]} for i in range(0, len(names), size)]
        if scheduler is not None:
            yield from fit_on_cluster(scheduler, _fit, self.learner, chunks)
            return
        if workers <= 1 or len(chunks) <= 1:
            yield from self.learner.fit(texts)
            return
        with process_pool(workers, "learning", _begin, self.learner) as pool:
            for fitted in pool.map(_work, chunks):
                yield from fitted

    def _keep(self, names: Sequence[LearnedName], texts: Mapping[str, Sequence[str]]) -> MemoryEditor:
        if not names:
            return self
        titles = [name.title for name in names]
        replaced = self.first_titles.intersection(titles)
        changed = {title for title in titles if title in self.learned.names} | replaced
        added = {name.title: NewDocuments(texts[name.title], name.exposures) for name in names}
        events = [
            {"action": "changed" if name.title in changed else "learned", "title": name.title, "sha256": name.sha256,
             "answers": len(name.phrases)}
            for name in names
        ]  # fmt: skip
        return self._write(self.learned.with_names(names, replaced), (), added, events)

    def forget(self, titles: Iterable[str]) -> MemoryEditor:
        """Remove names: what was learned of them later, their rows of the first training, and their documents.

        Returns the memory as it then is. Raises DataError, and forgets nothing, where one is not known.
        """
        titles, begun = list(dict.fromkeys(titles)), self.learned.removed
        # A kill may have come before names were gone from the weights; that is completed, whatever else is asked.
        memory = self._write(self.learned, (), {}, ()) if begun else self
        every_title = self.first_titles | set(self.learned.names) | begun
        if unknown := [title for title in titles if title not in every_title]:
            near = memory.evidence.near(unknown[0])[:3] if memory.evidence else []
            hint = f"; titles spelled nearly so: {', '.join(near)}" if near else ""
            raise DataError(f"the run knows nothing under the title {unknown[0]!r:.200}; nothing was forgotten{hint}")
        first = self.first_titles.intersection(titles)
        events = [{"action": "forgot", "title": title} for title in titles]
        with defer_interrupts() as raise_interrupt:
            memory = memory._write(memory.learned.without(titles, first), titles, {}, events)
            raise_interrupt()
        return memory

    def _write(
        self,
        learned: LearnedNames,
        removed: Sequence[str],
        added: Mapping[str, NewDocuments],
        events: Sequence[Mapping[str, Any]],
    ) -> MemoryEditor:
        evidence = self.evidence
        with contextlib.nullcontext() if self.training else self.folder.lock(wait=10.0):
            if stamp(self.folder.record()) != self.stamp:
                raise RunError(f"{self.folder.path} was changed meanwhile by another process; do the same once more")
            before = (
                "" if self.training else read_history(self.folder)
            )  # a damaged one is found before anything is written
            state = self.learner.state
            if evidence is not None:
                if begun := self.first_titles.intersection(added):
                    pending = replace(self.learned, pending=self.learned.pending | begun)
                    self.folder.replace(FILE, pending.to_bytes(state))
                partial = changed_index(evidence, removed, added)
                try:
                    self.folder.replace(evidence.path.name, partial)
                finally:
                    partial.unlink(missing_ok=True)
                evidence.close()
                evidence = EvidenceStore(evidence.path, evidence.corpus)
            self.folder.replace(FILE, learned.to_bytes(state))
            if learned.removed:
                self._blank(learned.removed)
                learned = LearnedNames(learned.names, pending=learned.pending)
                self.folder.replace(FILE, learned.to_bytes(state))
            if not self.training:
                self.folder.replace(HISTORY, (before + _lines(events)).encode("utf-8", "backslashreplace"))
            written = stamp(self.folder.record())
        return replace(self, learned=learned, evidence=evidence, stamp=written)

    def _blank(self, titles: Iterable[str]) -> None:
        """Zero rows of the first training, in the network and in every file of weights, and take out their names."""
        vocabulary = self.learner.vocabulary
        names = vocabulary.names
        which = sorted(names.number(title) for title in titles if title in names)
        self.learner.model.memory.forget(which)
        for path in (self.folder.path / "model.safetensors", *self.folder.path.glob("checkpoint-*.safetensors")):
            tensors, record = load_tensors(path, checked=self.folder.check(path.name))
            tensors.setdefault(LENGTH_KEY, mean_length(tensors["memory.table"]))
            tensors["memory.table"][which] = 0
            self.folder.replace(path.name, tensors_to_bytes(tensors, record))
        for row in which:
            names.blank(row)
        self.folder.replace("vocabulary.json", (to_json(vocabulary.to_json(), indent=2) + "\n").encode())


def stamp(record: Mapping[str, Any]) -> dict[str, Any]:
    """The hashes, in run.json, of the files that learning reads and writes."""
    files = record.get("files", {})
    return {name: files.get(name) for name in (FILE, "model.safetensors", "vocabulary.json", "evidence.sqlite")}


def _lines(events: Sequence[Mapping[str, Any]]) -> str:
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    return "".join(f"{json.dumps({'time': now, **event}, ensure_ascii=False)}\n" for event in events)


def read_history(folder: RunFolder) -> str:
    """What history.jsonl holds, or nothing. Raises RunError where it is damaged."""
    return folder.read_text(HISTORY) if os.path.lexists(folder.path / HISTORY) else ""


def history(folder: RunFolder) -> list[dict[str, Any]]:
    """What was learned and forgotten, the oldest first. Raises RunError where the file is damaged."""
    path, entries = folder.path / HISTORY, []
    lines = read_history(folder).split("\n")[:-1]  # `splitlines` would part a title at U+2028
    for number, line in enumerate(lines, 1):
        try:
            entry = parse_json(line)
        except ValueError as error:
            raise RunError(f"{path}:{number} is damaged ({error}); remove the file, and do without") from None
        entries.append(typed(HistoryRecord, entry, path, f"line {number}"))
    return entries


def find_learner(model: Network, vocabulary: Vocabulary, cue: Cue.Config | None) -> Learner | None:
    """What learns names later for a network; None where nothing does. `cue` is how it was trained to be asked."""
    if model.memory is None or cue is None:
        return None
    if isinstance(model, GPT) and isinstance(vocabulary, Words):
        return OutputsLearner(model, vocabulary, cue)
    if isinstance(model, TaughtModel) and isinstance(vocabulary, PretrainedTokens):
        return RowsLearner(model, vocabulary, cue)
    return None


_learner: list[Learner] = []  # of a worker process


def _begin(learner: Learner) -> None:
    _learner[:] = [learner]


def _work(texts: Mapping[str, Sequence[str]]) -> list[LearnedName]:
    return _fit(_learner[0], texts)


def _fit(learner: Learner, texts: Mapping[str, Sequence[str]]) -> list[LearnedName]:
    import torch

    torch.set_num_threads(1)
    return list(learner.fit(texts))
