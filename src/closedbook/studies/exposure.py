"""How often must a fact be read before it is known, and how many bits of facts does a parameter hold?

The people of a synthetic world have 1, 2, 5 or 20 documents each. A network is trained on them and asked about people
whose questions were not in training. Exposure is counted in documents, and in training examples in which the answer
was a target with the name in context.

Counting bits follows Allen-Zhu and Li, Physics of Language Models 3.3 (2024). In this world a fact is drawn uniformly
from a list of candidates, so that knowing it is worth log2(candidates) bits; a network that gives the true one the
probability p lacks −log2 p of them. A confidently wrong network knows a negative number of bits, and is counted so.

One cell is one seed: a world, a training, all questions.
"""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.config.schema import Recipe, encode
from closedbook.data.arrays import NONE
from closedbook.data.questions import Question
from closedbook.data.vocabulary import PAD
from closedbook.errors import RecipeError
from closedbook.evaluation.score import Score
from closedbook.inference.run import Run
from closedbook.model.gpt import GPT, own_network
from closedbook.runs.records import ExposureCell
from closedbook.studies import exposure_page, study_report
from closedbook.studies.experiment import Experiment
from closedbook.synthetic.world import World, WorldQuestion, WorldSpec, make_world
from closedbook.training.setup import TrainingSetup, prepare_training

FORMAT = 1
BATCH = 256  # prompts that are run at once


@dataclass(frozen=True)
class Design:
    """What is varied and what is held still. Raises DataError where the world cannot be made."""

    people: int = 400
    levels: tuple[int, ...] = (1, 2, 5, 20)  # documents of a person, by turns over the people
    biographies: int | None = None  # how many of them are worded anew, the rest are repeats; None: all
    recipe: Recipe = field(default_factory=lambda: load_recipe("demo"))

    def __post_init__(self) -> None:
        self.spec()  # checked before anything is done
        # A reader would pick out what was told once, and names that are learned later are not exposed to anything.
        data = replace(self.recipe.data, derive_questions=False, trained_titles=0)
        object.__setattr__(self, "recipe", replace(self.recipe, data=data))
        if self.recipe.vocabulary.kind != "words":
            raise RecipeError(
                f'study exposure: {self.recipe.name} has vocabulary.kind = "{self.recipe.vocabulary.kind}"; it takes '
                'one that answers in a single token, "words", to compare all candidates at once'
            )
        if any(stage.stop for stage in self.recipe.stages):
            raise RecipeError(f"study exposure: {self.recipe.name} has a stop rule; cells must train equally long")

    def spec(self) -> WorldSpec:
        """Every birthplace is as likely as any other, so that log2(candidates) is what knowing it is worth."""
        anew = min(100, max(1, *self.levels)) if self.biographies is None else self.biographies
        return WorldSpec(
            people=self.people, biographies_per_person=anew, exposures=self.levels, birthplace_skew=0.0, strangers=0
        )

    def to_json(self) -> dict[str, Any]:
        """All but the seed, which is a cell's."""
        recipe = {key: value for key, value in encode(self.recipe).items() if key != "seed"}
        return {
            "people": self.people,
            "levels": list(self.levels),
            "biographies": self.spec().biographies_per_person,
            "recipe": recipe,
        }


class Study(Experiment):
    """A folder with exposure.json, the figure and the page; made by `run`, cell by cell, one for each seed."""

    def __init__(self, design: Design, folder: Path) -> None:
        """As `Experiment`, for a design."""
        record = {"study": "exposure", "format": FORMAT, "design": design.to_json()}
        super().__init__(folder, "exposure.json", record, ExposureCell)
        self.design = design

    def run(
        self, seeds: Sequence[int], *, begin: Callable[[int], None] = lambda seed: None, **training: Any
    ) -> dict[str, Any]:
        """Run the cells that are missing and return the record, written after each together with figure and page.

        `begin` is called with each cell's seed; `training` is for `pipeline.train`, such as threads and callbacks. An
        interrupted cell leaves nothing; finished cells stay.
        """

        def run_cell(seed: int) -> dict[str, Any]:
            begin(seed)
            return cell(self.design, seed, **training)

        self.run_cells(seeds, run_cell)
        return self.record

    def summary(self, record: Mapping[str, Any]) -> dict[str, Any]:
        return summary(record)

    def write(self) -> None:
        """The record, its figure and its page."""
        self.record["summary"] = summary(self.record)
        study_report.write_report(
            self.folder, "exposure", self.record, exposure_page.HEADLINE, exposure_page.body, exposure_page.draw
        )


def cell(design: Design, seed: int, **training: Any) -> dict[str, Any]:
    """One world, one training, all questions: a row for each relation, number of documents and part of the people."""
    world = make_world(design.spec(), seed)
    recipe = replace(design.recipe, seed=seed)
    with tempfile.TemporaryDirectory(prefix="closedbook-") as work:
        files = world.write(Path(work) / "world")
        inputs = files / "documents.txt", files / "questions-train.tsv"
        run = pipeline.train(recipe, *inputs, run=Path(work) / "run", **training)
        record = run.folder.record()
        shown = exposures(prepare_training(recipe, *inputs), world)
        rows = [row for relation in world.spec.relations for row in _rows(run, world, relation, shown)]
    provenance = ("command", "commit", "threads", "versions", "machine", "parameters", "train_seconds")
    return {"seed": seed, "documents": len(world.documents), "rows": rows, **{key: record[key] for key in provenance}}


def exposures(setup: TrainingSetup, world: World) -> Counter[tuple[str, str]]:
    """By (name, relation): the training examples in which the fact's answer was a target with the name before it.

    Builds every training batch again, which costs little next to training.
    """
    vocabulary = setup.corpus.vocabulary
    facts: dict[int, list[tuple[tuple[str, str], str]]] = {}  # by the answer's output token: whose it is
    for person in world.people:
        name = _text(vocabulary.encode_question(person.name)[0])
        for relation in world.spec.relations:
            for token in vocabulary.encode_answer(person.facts[relation]).tolist():
                facts.setdefault(token, []).append(((person.name, relation), name))
    shown: Counter[tuple[str, str]] = Counter()
    for sampler in setup.samplers:
        for step in range(sampler.steps):
            batch = sampler.batch(step)
            for place in np.flatnonzero(batch.labels != NONE).tolist():
                start = batch.inputs.starts[np.searchsorted(batch.inputs.starts, place, side="right") - 1]
                before = _text(batch.inputs.values[start : place + 1])
                shown.update(fact for fact, name in facts.get(int(batch.labels[place]), ()) if name in before)
    return shown


def _text(tokens: np.ndarray) -> str:
    """One character per token, so that `in` finds one sequence in another."""
    return "".join(map(chr, tokens.tolist()))


def _rows(run: Run, world: World, relation: str, shown: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    """Of one relation: for each number of documents, the people asked in training and the others."""
    candidates = world.candidates(relation)
    person = {person.name: person for person in world.people}
    rows = []
    for split in ("test", "train"):
        questions = world.questions(relation, split)
        for level in dict.fromkeys(world.spec.exposures):
            group = [q for q in questions if person[q.name].exposures(relation) == level]
            if not group:
                continue
            answers = run.answer([Question(q.text, q.answer, 1) for q in group])
            bits, lacking = bits_known(run, group, candidates)
            wordings = [person[q.name].distinct_wordings(relation) for q in group]
            times = [shown[q.name, relation] for q in group]
            rows.append(
                {
                    "relation": relation,
                    "documents": level,
                    "questions_trained": split == "train",
                    "wordings": sum(wordings) / len(wordings),
                    "exposures": sum(times) / len(times),
                    "facts": len(group),
                    "correct": sum(answer.right is True for answer in answers),
                    "candidates": len(candidates),
                    "bits": bits,
                    "unsayable": lacking,
                }
            )
    return rows


def bits_known(run: Run, questions: Sequence[WorldQuestion], candidates: Sequence[str]) -> tuple[float, int]:
    """Σ over facts of log2(candidates) − cross-entropy in bits, where the run must choose among the candidates.

    A fact whose answer the run has no output for is one it cannot know: it counts 0, and is counted in the second
    number. Candidates without an output, which stand in no document, have chance 0.
    """
    outputs = {text: ids[0] for text in candidates if len(ids := run.vocabulary.encode_answer(text))}
    place = {text: i for i, text in enumerate(outputs)}
    sayable = [question for question in questions if question.answer in place]
    if not sayable:
        return 0.0, len(questions)
    logits = last_logits(own_network(run.model), [run.prompt(question.text) for question in sayable])
    among = logits[:, torch.tensor(list(outputs.values()), dtype=torch.long)].double().log_softmax(-1)
    truth = torch.tensor([place[str(question.answer)] for question in sayable])
    nats = among[torch.arange(len(sayable)), truth].sum().item()
    return len(sayable) * math.log2(len(candidates)) + nats / math.log(2), len(questions) - len(sayable)


@torch.inference_mode()
def last_logits(model: GPT, prompts: Sequence[np.ndarray]) -> torch.Tensor:
    """(prompts, outputs): the scores of every output after each prompt. Trailing PAD changes nothing."""
    scores = []
    for start in range(0, len(prompts), BATCH):
        some = [prompt.tolist() for prompt in prompts[start : start + BATCH]]
        longest = max(map(len, some))
        hidden = model(torch.tensor([row + [PAD] * (longest - len(row)) for row in some]))
        scores.append(model.head(hidden[torch.arange(len(some)), torch.tensor([len(row) - 1 for row in some])]))
    return torch.cat(scores)


# Summary ------------------------------------------------------------------------------------------------


def summary(record: Mapping[str, Any]) -> dict[str, Any]:
    """All cells together: accuracy and bits by relation and documents, bits per parameter by cell.

    `curves` are of the people whose questions were not trained on: the pooled score with its interval, each seed's
    accuracy, each seed's bits a fact and what a fact is worth. `capacity` counts every fact of the world.
    """
    cells = list(record["cells"].values())
    rows = [row for cell in cells for row in cell["rows"] if not row["questions_trained"]]
    curves = []
    for relation, level in dict.fromkeys((row["relation"], row["documents"]) for row in rows):
        same = [row for row in rows if (row["relation"], row["documents"]) == (relation, level)]
        score = Score(sum(row["correct"] for row in same), sum(row["facts"] for row in same))
        curves.append(
            {
                "relation": relation,
                "documents": level,
                **score.to_json(),
                "by_seed": [row["correct"] / row["facts"] for row in same],
                "bits_by_seed": [row["bits"] / row["facts"] for row in same],
                "bits_possible": math.log2(same[0]["candidates"]),
                "wordings": sum(row["wordings"] for row in same) / len(same),
                "exposures": sum(row["exposures"] for row in same) / len(same),
            }
        )
    return {"curves": curves, "capacity": [capacity(cell) for cell in cells]}


def capacity(cell: dict[str, Any]) -> dict[str, Any]:
    """One cell's bits: known, possible, and over the parameters in all (memory included) and the dense ones alone."""
    bits = sum(row["bits"] for row in cell["rows"])
    parameters = cell["parameters"]
    return {
        "seed": cell["seed"],
        "facts": sum(row["facts"] for row in cell["rows"]),
        "bits_possible": sum(row["facts"] * math.log2(row["candidates"]) for row in cell["rows"]),
        "bits_known": bits,
        "parameters": parameters,
        "bits_per_parameter": bits / parameters["total"],
        "bits_per_dense_parameter": bits / parameters["dense"],
        "unsayable": sum(row["unsayable"] for row in cell["rows"]),
    }
