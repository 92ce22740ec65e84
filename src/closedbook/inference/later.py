"""What a run learns after its training, and forgets again: the methods of `Run` for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from closedbook.config.schema import Recipe
from closedbook.data.documents import Documents, read_documents
from closedbook.data.span_reader import Derived
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import RunError
from closedbook.living.learned_names import FILE, LearnedNames, attach
from closedbook.living.learner import Learner
from closedbook.living.learning import LearningPlan, MemoryEditor, find_learner, history, stamp
from closedbook.model.network import Network
from closedbook.objectives.cue import Cue
from closedbook.runs.folder import RunFolder
from closedbook.verdicts.evidence_store import EvidenceStore


class LearnsLater:
    """A run with a memory of names learns documents and forgets names; no other answer changes, to the bit."""

    folder: RunFolder
    recipe: Recipe
    model: Network
    vocabulary: Vocabulary
    _read: list[int]
    _stamp: Mapping[str, Any] | None = None  # None where it was trained here
    first_vocabulary: Vocabulary  # of the training, without what was learned since

    @property
    def index(self) -> EvidenceStore | None:
        raise NotImplementedError

    @cached_property
    def learned(self) -> LearnedNames:
        """The names that were learned after the training. Raises RunError where they are damaged."""
        return LearnedNames.load(self.folder)

    def attach_learned(self, record: Mapping[str, Any] | None = None) -> None:
        """Make the network and the vocabulary know what was learned later. Raises RunError where it does not fit.

        `record` is run.json as it was before anything was loaded.
        """
        self._read = _times(self.folder)
        if record is not None:
            self._stamp = stamp(record)
        if (learner := self.learner) is not None:
            self.vocabulary = attach(self.learned, learner, self.model)
        elif self.learned.names:
            raise RunError(f"{FILE} is of another network: this one has no memory of names")

    @property
    def learner(self) -> Learner | None:
        """What learns names later; None for a run without a memory of names."""
        objectives = [share.objective for stage in self.recipe.stages for share in stage.objectives]
        cue = next((Cue.Config(**objective.options) for objective in objectives if objective.name == "cue"), None)
        return find_learner(self.model, self.first_vocabulary, cue)

    @property
    def memory(self) -> MemoryEditor:
        """What learning and forgetting work on. Raises RunError for a run without a memory of names."""
        if (learner := self.learner) is None:
            raise RunError(
                f"{self.folder.path} has no memory of names to learn into; train with the recipe fast or teach"
            )
        read = self._stamp if self._stamp is not None else stamp(self.folder.record())
        return MemoryEditor(self.folder, learner, self.learned, self.index, read)

    def plan_learning(self, documents: str | Path | Documents) -> LearningPlan:
        """Which names of these documents are new, changed or known already."""
        return self.memory.plan(documents if isinstance(documents, Documents) else read_documents(documents))

    def learn(
        self,
        documents: str | Path | Documents,
        *,
        workers: int = 1,
        scheduler: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> LearningPlan:
        """Learn the documents whose names are new, and anew those that have changed; no other answer changes.

        The documents of a title take the place of those that were known. Raises DataError for documents that cannot be
        used. Ctrl-C keeps the names that are learned, and raises KeyboardInterrupt.

        Args:
            workers: processes that learn side by side.
            scheduler: the address of Dask's scheduler, whose workers learn instead.
            progress: called with how many names are learned.
        """
        plan = self.plan_learning(documents)
        try:
            self._stamp = self.memory.learn(plan.texts, workers, progress, scheduler).stamp
        finally:
            self._refresh()
        return plan

    def learn_rest(
        self,
        documents: Documents,
        asked: Iterable[Derived],
        workers: int,
        progress: Callable[[int], None],
    ) -> None:
        """Learn what a training, which holds the folder, has left for later; some questions are answered already.

        `progress` is called with how many of the titles are learned, those before an interruption included.
        """
        by_title: dict[str, list[Derived]] = {}
        for question in asked:
            by_title.setdefault(question.title, []).append(question)
        memory = self.memory
        memory = replace(memory, training=True, learner=memory.learner.told(by_title))
        plan = memory.plan(documents)
        try:
            done = len(plan.unchanged)
            self._stamp = memory.learn(plan.new, workers, lambda names: progress(done + names)).stamp
        finally:
            self._refresh()

    def forget(self, titles: Sequence[str]) -> None:
        """Forget names: what was learned of them later, their rows of the first training, and their documents.

        Raises DataError, and changes nothing, where the run does not know one.
        """
        try:
            self._stamp = self.memory.forget(titles).stamp
        finally:
            self._refresh()

    def history(self) -> list[dict[str, Any]]:
        """What was learned and forgotten, the oldest first: time, action, title, and the documents' SHA-256."""
        return history(self.folder)

    @property
    def current(self) -> bool:
        """Whether the folder's weights and learned names are those in memory, and no other process has changed them."""
        return self._read == _times(self.folder)

    def _refresh(self) -> None:
        """Read again what learning has written."""
        for name in ("learned", "index", "checkpoints"):
            self.__dict__.pop(name, None)
        self.attach_learned()


def _times(folder: RunFolder) -> list[int]:
    """When the files that learning changes were written."""
    paths = (folder.path / name for name in ("model.safetensors", FILE))
    return [path.stat().st_mtime_ns if path.is_file() else 0 for path in paths]
