"""Names that were learned after the training, in one file of the run folder: learned.safetensors.

The file is a pure function of what is stored, sorted by title: the same names give the same bytes, in whatever order
they were learned and whatever was forgotten in between.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from closedbook.data.names import NameIndex
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import RunError
from closedbook.living.learner import FILE, LearnedName, Learner, end_to_end
from closedbook.model.network import Network
from closedbook.runs.folder import RunFolder
from closedbook.runs.weights import load_tensors, tensors_to_bytes
from closedbook.validation import Count, convert, parse_json, shown

FORMAT = 4
RECORD = "record"  # the tensor that holds the names as JSON, of which a file's header has not room for many


@dataclass(frozen=True)
class SavedName:
    """A name in the record of the file; its vectors are in the tensors, in the same order."""

    title: str
    sha256: str
    vectors: Count  # how many
    phrases: list[str]
    exposures: dict[str, Count]


@dataclass(frozen=True)
class SavedNames:
    names: list[SavedName]
    removed: list[str]
    pending: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LearnedNames:
    """What a run knows beside its first training, by title.

    `removed` are names of the first training that are forgotten and still stand in the weights or the vocabulary.
    `pending` are some whose documents are being changed: the evidence may know more of them than was learned.
    """

    names: Mapping[str, LearnedName] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()

    @classmethod
    def load(cls, folder: RunFolder) -> LearnedNames:
        """Those of a run; none where it has no such file. Raises RunError where the file is damaged."""
        path = folder.path / FILE
        if not path.is_file():
            if FILE in folder.record().get("files", {}):
                raise RunError(f"{path} is missing: what the run learned later is lost; bring it back from a copy")
            return cls()
        tensors, head = load_tensors(path, checked=folder.check(FILE))
        if (number := head.get("format")) in range(1, FORMAT):
            raise RunError(
                f"{path} is of an earlier closedbook (format {number}, now {FORMAT}); train the run anew, and learn "
                "its documents into it"
            )
        try:
            if number != FORMAT:
                raise RunError(f"format {shown(number)}; this closedbook reads {FORMAT}")
            saved = convert(SavedNames, parse_json(tensors[RECORD].numpy().tobytes()), "", RunError)
            vectors = tensors["vectors"].numpy()
            counts = [name.vectors for name in saved.names]
            if vectors.ndim != 2 or len(vectors) != sum(counts) or vectors.dtype not in (np.float16, np.float32):
                raise RunError("its vectors are not those of its names")
            if not np.isfinite(vectors).all():
                raise RunError("its vectors hold values that are no numbers")
        except (RunError, KeyError, ValueError, TypeError) as error:  # TypeError of numpy for a type that it lacks
            raise RunError(f"{path} is damaged ({error}); bring it back from a copy") from None
        starts = list(itertools.accumulate(counts, initial=0))
        names = {
            name.title: LearnedName(
                name.title, name.sha256, tuple(name.phrases), vectors[starts[i] : starts[i + 1]], name.exposures
            )
            for i, name in enumerate(saved.names)
        }
        return cls(names, frozenset(saved.removed), frozenset(saved.pending))

    def to_bytes(self, state: int) -> bytes:
        """The file's content."""
        names = [self.names[title] for title in sorted(self.names)]
        record = {
            "names": [
                {"title": name.title, "sha256": name.sha256, "vectors": len(name.vectors),
                 "phrases": list(name.phrases), "exposures": dict(name.exposures)}
                for name in names
            ],
            "removed": sorted(self.removed),
            "pending": sorted(self.pending),
        }  # fmt: skip
        written = np.frombuffer(json.dumps(record).encode(), np.uint8)
        tensors = {"vectors": torch.from_numpy(end_to_end(names, state)), RECORD: torch.from_numpy(written.copy())}
        return tensors_to_bytes(tensors, {"format": FORMAT})

    def with_names(self, names: Iterable[LearnedName], replaced: Iterable[str] = ()) -> LearnedNames:
        """These and further names; `replaced` are names of the first training whose vectors no longer count."""
        learned = {name.title: name for name in names}
        return LearnedNames({**self.names, **learned}, self.removed | set(replaced), self.pending - learned.keys())

    def without(self, titles: Iterable[str], first: Iterable[str]) -> LearnedNames:
        """Without some names; those of them that the first training has are noted as removed."""
        gone = set(titles)
        names = {title: name for title, name in self.names.items() if title not in gone}
        return LearnedNames(names, self.removed | (gone & set(first)), self.pending - gone)


def attach(learned: LearnedNames, learner: Learner, model: Network) -> Vocabulary:
    """Put the learned names behind those of the first training; returns the vocabulary that knows them.

    `model` is the learner's, or as it was at a checkpoint. Raises RunError where they do not fit it.
    """
    kept = ["" if name in learned.removed else name for name in learner.vocabulary.names.names]
    names = [learned.names[title] for title in sorted(learned.names)]
    if any(len(name.vectors) and name.vectors.shape[1:] != (learner.state,) for name in names):
        raise RunError(f"{FILE} is of another network: its vectors have another width")
    return learner.attach(model, NameIndex([*kept, *(name.title for name in names)]), names)
