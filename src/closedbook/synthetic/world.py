"""The built-in world: biographies of invented people, about whom everything is known.

`make_world(spec, seed)` makes a corpus in the form of the course's wiki.txt, questions about its people, and strangers
whom no document names. The world records what every document states, how often and in which wording, so that a study
can compare a model's answers with what it was trained on.

Each kind of choice has a random stream of its own, so that changing one field of `WorldSpec` leaves the rest alone: the
same people have the same facts whatever their exposures or the order of the facts. The setting follows the synthetic
biographies of Allen-Zhu and Li, Physics of Language Models 3.1 (2023).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal, NamedTuple

from closedbook.errors import DataError, RunError
from closedbook.runs.store import write_atomically
from closedbook.synthetic import world_words as words
from closedbook.synthetic.biographies import PARTS, biography, document_counts
from closedbook.synthetic.people import Person, Stranger, make_names, make_people
from closedbook.synthetic.sampling import shuffled
from closedbook.synthetic.spec import RELATIONS, WorldSpec
from closedbook.validation import Count, convert, one_of

SPLITS = ("train", "test", "strangers")


class WorldQuestion(NamedTuple):
    """A question about a person; one about a stranger has no answer."""

    text: str
    answer: str | None
    name: str
    relation: str
    wording: int  # an index into `world_words.QUESTIONS[relation]`

    @property
    def line(self) -> str:
        """The question as a line of a question file."""
        return self.text if self.answer is None else f"{self.text}\t{self.answer}"


@dataclass(frozen=True)
class World:
    """A corpus, its people with the truth about them, and strangers. Made by `make_world`."""

    spec: WorldSpec
    seed: int
    documents: tuple[str, ...]
    people: tuple[Person, ...]
    strangers: tuple[Stranger, ...]

    @property
    def trained_wordings(self) -> range:
        """The question wordings for training, as indices into `world_words.QUESTIONS[relation]`."""
        return range(self.spec.trained_wordings)

    def unseen_wordings(self, relation: str) -> range:
        """The question wordings that are never trained on, whatever the spec."""
        count = len(words.QUESTIONS[relation])
        return range(count - words.HELD_OUT, count)

    def candidates(self, relation: str) -> tuple[str, ...]:
        """Every answer that somebody in such a world could have: log2 of their number is a fact's size in bits."""
        places = words.PLACES[: self.spec.places]
        return {
            "birthplace": places,
            "birth_year": words.YEARS,
            "profession": words.PROFESSIONS,
            "school": tuple(school.format(place=place) for place in places for school in words.SCHOOLS),
            "employer": words.EMPLOYERS,
            "residence": places,
        }[relation]

    def questions(
        self, relation: str = "birthplace", split: str = "test", wording: int | str = 0
    ) -> tuple[WorldQuestion, ...]:
        """One question about each person of a split.

        Args:
            relation: one of RELATIONS, asked by the spec or not.
            split: `train`, `test` or `strangers`; nobody is in two.
            wording: an index into `world_words.QUESTIONS[relation]`, 0 being the trained one, or `unseen`: the
                unseen wordings by turns.

        Raises:
            DataError: there is no such relation, split or wording.
        """
        one_of(relation, "relation", RELATIONS, DataError)
        one_of(split, "split", SPLITS, DataError)
        forms = words.QUESTIONS[relation]
        convert(Literal["unseen"] | Annotated[int, (0, len(forms) - 1)], wording, "wording", DataError)
        names: list[tuple[str, str | None]]
        if split == "strangers":
            names = [(stranger.name, None) for stranger in self.strangers]
        else:
            names = [(p.name, p.facts[relation]) for p in self.people if p.trained == (split == "train")]
        turns = cycle(self.unseen_wordings(relation) if wording == "unseen" else [int(wording)])
        return tuple(
            WorldQuestion(forms[turn].format(name=name), answer, name, relation, turn)
            for (name, answer), turn in zip(names, turns, strict=False)
        )

    def truth(self) -> dict[str, Any]:
        """Everything about the world but its documents' text, ready for JSON; `documents` count from 0."""
        return {
            "format": 1,
            "seed": self.seed,
            "spec": asdict(self.spec),
            "wordings": words.WORDINGS,
            "questions": words.QUESTIONS,
            "candidates": {relation: len(self.candidates(relation)) for relation in RELATIONS},
            "people": [
                asdict(person)
                | {"other_places": person.other_places}
                | {"exposures": {relation: person.exposures(relation) for relation in RELATIONS}}
                for person in self.people
            ],
            "strangers": [asdict(stranger) for stranger in self.strangers],
        }

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write the world's files into a folder, which is made if missing; each file is replaced atomically.

        `documents.txt`; `questions-train.tsv` in the trained wordings; `questions-test.tsv` and `strangers.tsv`
        (without answers) in the first of them; `unseen-wordings.tsv`, the test questions in the unseen wordings by
        turns; `truth.json`. The question files take the spec's relations one after another.

        Raises:
            DataError: the folder cannot be made or written to.
        """
        folder = Path(folder)
        files: dict[str, Sequence[str]] = {
            "documents.txt": self.documents,
            "questions-train.tsv": self._lines("train", list(self.trained_wordings)),
            "questions-test.tsv": self._lines("test", [0]),
            "strangers.tsv": self._lines("strangers", [0]),
            "unseen-wordings.tsv": self._lines("test", ["unseen"]),
            "truth.json": [json.dumps(self.truth(), ensure_ascii=False)],
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, lines in files.items():
                write_atomically(folder / name, "".join(f"{line}\n" for line in lines).encode())
        except (OSError, RunError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise DataError(f"{folder}: the world cannot be written there: {reason}") from error
        return folder

    def _lines(self, split: str, wordings: Sequence[int | str]) -> list[str]:
        return [
            question.line
            for relation in self.spec.relations
            for wording in wordings
            for question in self.questions(relation, split, wording)
        ]


def make_world(spec: WorldSpec | None = None, seed: int = 0) -> World:
    """The world of a spec (by default the demo's) and a seed, which is the same on every platform.

    Raises:
        DataError: the seed is not a whole number.
    """
    spec = WorldSpec.demo() if spec is None else spec
    convert(Count, seed, "seed", DataError)

    def stream(*purpose: object) -> Random:
        # Only random() of a text seed is promised to stay the same between versions of Python.
        return Random("/".join(map(str, ("world", seed, *purpose))))

    named, strangers = make_names(spec, stream("names"), stream("strangers"))
    people = make_people(spec, named, stream("facts"))
    trained = shuffled(range(spec.people), stream("split"))[: int(spec.people * spec.train_share)]
    texts: list[str] = []
    documents: list[list[int]] = []
    wordings: list[dict[str, tuple[int, ...]]] = []
    for number, (person, count) in enumerate(zip(people, document_counts(spec), strict=True)):
        anew = range(min(count, spec.biographies_per_person))
        written = [biography(spec, person, stream("biography", number, index)) for index in anew]
        repeated = list(islice(cycle(written), count))
        documents.append(list(range(len(texts), len(texts) + count)))
        texts += [text for text, _ in repeated]
        wordings.append({part: tuple(used[part] for _, used in repeated) for part in PARTS})

    order = shuffled(range(len(texts)), stream("order"))
    place = {old: new for new, old in enumerate(order)}
    for number in set(trained):
        people[number] = replace(people[number], trained=True)
    for number, (olds, used) in enumerate(zip(documents, wordings, strict=True)):
        people[number] = replace(people[number], documents=tuple(place[old] for old in olds), wordings=used)
    return World(spec, seed, tuple(texts[old] for old in order), tuple(people), strangers)
