"""Asks a pretrained model what it knows, and a taught one what it knew before and knows now, and what that cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from closedbook.data.documents import read_documents, read_text
from closedbook.data.questions import Questions, read_questions
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import DataError
from closedbook.evaluation import knowledge, metrics
from closedbook.evaluation.knowledge import Fact, ProbeSettings
from closedbook.evaluation.perplexity import Perplexity, perplexity
from closedbook.evaluation.score import tally
from closedbook.inference.run import Run, load
from closedbook.inference.untouched import open_base
from closedbook.model.network import Network
from closedbook.verdicts.verdict import PRECISION, VERDICTS

File = str | Path


@dataclass(frozen=True)
class Inputs:
    """What a model is asked, and held against."""

    questions: Questions | None = None
    examples: Questions | None = None
    calibration: Questions | None = None
    lines: Sequence[str] | None = None  # of a text, for the perplexity

    def amount(self) -> int:
        """What `progress` counts for one model: questions and lines."""
        return sum(len(some) for some in (self.questions, self.calibration, self.lines) if some is not None)


@dataclass(frozen=True)
class Probe:
    """What one model knows. `facts` are in the order of the questions."""

    facts: list[Fact]
    calibrated: bool = False
    text: Perplexity | None = None
    settings: ProbeSettings = field(default_factory=ProbeSettings)

    def to_json(self) -> dict[str, Any]:
        record: dict[str, Any] = {}
        if self.facts:
            record["knowledge"] = {
                "asked": asdict(self.settings), "classes": knowledge.count(self.facts),
                **tally(fact.right for fact in self.facts).to_json(),
            }  # fmt: skip
        if self.calibrated:
            right = np.array([fact.right for fact in self.facts])
            verdicts = [fact.verdict or "" for fact in self.facts]
            groups = metrics.by_group(right, verdicts)
            record["verdicts"] = {name: groups[name] for name in VERDICTS if name in groups}
            record["probability"] = metrics.quality(right, np.array([fact.probability for fact in self.facts]))
        if self.text is not None:
            record["text"] = self.text.to_json()
        return record


def read_inputs(
    questions: File | None, examples: File | None = None, calibration: File | None = None, text: File | None = None
) -> Inputs:
    """Raises DataError for a file that cannot be used, or where neither questions nor a text are given."""
    if questions is None and text is None:
        raise DataError("nothing is asked; give --questions FILE, --text FILE, or both")
    if questions is None and (calibration is not None or examples is not None):
        raise DataError("--calibration and --examples go with --questions; give a file of them, or leave these out")

    def read(path: File | None) -> Questions | None:
        return None if path is None else read_questions(path, need_answers=True)

    lines = None if text is None else read_text(text).items[0].text.splitlines()
    return Inputs(read(questions), read(examples), read(calibration), lines)


def probe(
    model: File,
    questions: File | None = None,
    *,
    text: File | None = None,
    documents: File | None = None,
    calibration: File | None = None,
    examples: File | None = None,
    prompts: int = 10,
    shots: int = 4,
    precision: float = PRECISION,
    device: str = "cpu",
) -> dict[str, Any]:
    """What a pretrained model knows; of a run that was taught on one, what it knew before and knows now.

    `model` is a base's folder, a GGUF file or its name on the hub, or the folder of a taught run. `questions`, a file
    with answers, asks for facts: each is highly, maybe or weakly known, or unknown. `text` is a file whose perplexity
    is taken.
    Returns what `closedbook probe --json` prints. Raises DataError, RecipeError or RunError for what cannot be used;
    a run with a network of its own is asked by `evaluate`.
    """
    inputs = read_inputs(questions, examples, calibration, text)
    settings = ProbeSettings(prompts, shots)
    return probe_model(model, inputs, settings, documents=documents, precision=precision, device=device)[0]


def probe_model(
    place: File,
    inputs: Inputs,
    settings: ProbeSettings | None = None,
    *,
    documents: File | None = None,
    precision: float = PRECISION,
    dtype: str | None = None,
    device: str = "cpu",
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[dict[str, Any], Probe, Probe | None, Run | None]:
    """(what `probe --json` prints, the base's probe, the taught run's, that run); None for a base that is no run.

    `place` is a base, or the folder of a run that was taught on one: then the base is asked first, and both are
    compared. `dtype` is what a base computes in, float32 if left out; a run and its base have the run's own.
    Raises DataError, RecipeError or RunError for what cannot be used.
    """
    began = time.perf_counter()
    settings = settings or ProbeSettings()
    if inputs.calibration is not None:
        knowledge.check_calibration(len(inputs.calibration), precision)  # before anything is asked
    corpus = None if documents is None else read_documents(documents)
    run = None
    if (Path(place) / "run.json").is_file():
        run = load(place, device=device)
        base = run.recipe.pretrained
        if base is None:
            raise DataError(
                f"{place} has a network of its own, which knows what it was trained on; "
                "closedbook evaluate asks it, probe asks pretrained models"
            )
        if dtype is not None:
            raise DataError(f"{place} computes in {base.dtype}, as it was taught; leave --dtype out")
        model, vocabulary = open_base(base.model, device, base.dtype, base.sha256)
    else:
        model, vocabulary = open_base(f"{place}", device, dtype or "float32")

    def measure(model: Network, vocabulary: Vocabulary, done: int) -> Probe:
        facts: list[Fact] = []
        if inputs.questions is not None:
            examples = inputs.examples

            def ask(questions: Questions, before: int) -> list[Fact]:
                return knowledge.ask_facts(
                    model, vocabulary, questions, settings, examples, lambda n: progress(before + n)
                )

            facts = ask(inputs.questions, done)
            done += len(facts)
            if inputs.calibration is not None:
                facts = knowledge.calibrate(ask(inputs.calibration, done), facts, precision)
                done += len(inputs.calibration)
            if corpus is not None:
                facts = knowledge.look_up(facts, corpus)
        text = None
        if inputs.lines is not None:
            text = perplexity(model, vocabulary, inputs.lines, lambda n: progress(done + n))
        return Probe(facts, inputs.calibration is not None, text, settings)

    before = measure(model, vocabulary, 0)
    result: dict[str, Any] = {"model": f"{place}", "before": before.to_json()}
    if inputs.questions is not None:
        result |= {"questions": inputs.questions.source, "questions_sha256": inputs.questions.sha256}
    after = None
    if run is not None:
        del model
        after = measure(run.model, run.vocabulary, inputs.amount())
        result["after"] = after.to_json()
        if before.facts:
            result["compared"] = knowledge.compare(before.facts, after.facts)
    result["seconds"] = round(time.perf_counter() - began, 3)
    return result, before, after, run
