"""A trained run: ask it questions, sample from it."""

from __future__ import annotations

import copy
import math
import os
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from closedbook.config.schema import Recipe
from closedbook.data.questions import Question, checked_text
from closedbook.data.vocabulary import MASK, Vocabulary
from closedbook.data.vocabulary_builder import vocabulary_from_json
from closedbook.data.wordings import Reading, Wordings
from closedbook.errors import DataError, RecipeError, RunError
from closedbook.evaluation.score import exact_match, normalised_match, token_f1
from closedbook.inference.answer import Answer
from closedbook.inference.attribution import Activations, Attribution, attribute, read
from closedbook.inference.bare_names import bare_name, trained_wordings
from closedbook.inference.later import LearnsLater
from closedbook.inference.run_network import load_network
from closedbook.living.learned_names import attach
from closedbook.model import generate
from closedbook.model.custom_mixers import use_mixer, validate_mixer
from closedbook.model.devices import find_device
from closedbook.model.hooks import Switch, ablated
from closedbook.model.network import Network
from closedbook.objectives.prompting import longest_prompt
from closedbook.runs.folder import RunFolder
from closedbook.runs.provenance import resume_command
from closedbook.verdicts import signals as signals_module
from closedbook.verdicts.calibration import Calibration
from closedbook.verdicts.evidence_store import EvidenceStore
from closedbook.verdicts.signals import ForwardResult
from closedbook.verdicts.verdict import PRECISION, decide

AT_ONCE = 512  # questions
UNLIKE = 0.1  # what an answer's probability counts that ends as none to such questions does


class Run(LearnsLater):
    """A run folder with its model in memory. Make one with `closedbook.load` or `closedbook.train`."""

    def __init__(
        self,
        folder: RunFolder,
        recipe: Recipe,
        vocabulary: Vocabulary,
        model: Network,
        documents: str | Path | None = None,
    ) -> None:
        """`documents` is where the file of documents is now, if it was moved since training."""
        self.folder, self.recipe, self.model = folder, recipe, model
        self.first_vocabulary = self.vocabulary = vocabulary
        """The vocabulary of the first training, and the one that knows what was learned since."""
        self.documents = documents
        self._unsaved_wordings: Wordings | None = None

    def with_wordings(self, wordings: Wordings | None) -> Run:
        """The run with the training questions' wordings, before a calibration that has them is saved."""
        run = copy.copy(self)
        run._unsaved_wordings = wordings
        return run

    @cached_property
    def index(self) -> EvidenceStore | None:
        """What it was pretrained on; None where it has no index. Raises RunError where that is damaged."""
        path = self.folder.path / "evidence.sqlite"
        return EvidenceStore(path, self.documents) if self._saved(path.name, "what the documents say") else None

    @cached_property
    def calibration(self) -> Calibration | None:
        """None where the run was not calibrated. Raises RunError where calibration.json is damaged."""
        path = self.folder.path / "calibration.json"
        if not self._saved(path.name, "the calibration"):
            return None
        return Calibration.from_json(self.folder.read_json(path.name), str(path))

    @cached_property
    def checkpoints(self) -> list[Network]:
        """The network as it was along the way, where a stage's `keep` asked for it."""
        there = {path.name for path in self.folder.path.glob("checkpoint-*.safetensors")}
        recorded = {name for name in self.folder.record().get("files", {}) if name.startswith("checkpoint-")}
        kept = [name for name in sorted(there | recorded) if self._saved(name, "what it says")]
        models = [load_network(self.recipe, self.first_vocabulary, self.folder, name) for name in kept]
        for model in models:
            if self.learner is not None:
                attach(self.learned, self.learner, model)
        return [model.to(self.model.device) for model in models]

    def _saved(self, name: str, what: str) -> bool:
        """Whether the folder has a file, which is held to its hash; warns where there was one and it is gone."""
        if (self.folder.path / name).is_file():
            self.folder.check(name)
            return True
        if name in self.folder.record().get("files", {}):
            warnings.warn(f"{self.folder.path} has no {name} any more; {what} is left out", stacklevel=5)
        return False

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def _length(self) -> int:
        """The most tokens an answer has."""
        return self.vocabulary.longest(self.recipe.answer.length)

    @property
    def longest_prompt(self) -> int:
        """The most tokens a prompt has, its MASK included: the answer needs room too."""
        return longest_prompt(self.model.recipe.context_length, self._length)

    def ask(self, question: str, *, blind: bool = False, precision: float = PRECISION, signals: str = "pass") -> Answer:
        """The answer to one question; a bare name is made one by `as_question`. Raises DataError for an empty text."""
        asked = Question(self.as_question(question), None, 1)
        return self.answer([asked], blind=blind, precision=precision, signals=signals)[0]

    def as_question(self, text: str) -> str:
        """A bare name as the first of `questions_about` it; anything else as it is."""
        name = self.bare_name(text)
        return text if name is None else self.questions_about(name)[0]

    def bare_name(self, text: str) -> str | None:
        """The name that a text is, a title or one never read; None where it says more, or asks."""
        return bare_name(text, self.vocabulary.names, self.wordings) if self.recipe.needs_questions else None

    def questions_about(self, name: str) -> list[str]:
        """A question of each kind that was trained, the most frequent kind first, each in its commonest wording."""
        wordings = trained_wordings(self.folder, self.vocabulary.names, self.wordings)
        return [wording.replace("{}", name, 1) for wording in wordings]

    def answer(
        self,
        questions: Sequence[Question],
        progress: Callable[[int], None] | None = None,
        *,
        blind: bool = False,
        precision: float = PRECISION,
        signals: str = "pass",
    ) -> list[Answer]:
        """Answers to many questions, in batches, each with its verdict; the same as asking one at a time.

        Args:
            progress: called with how many are done.
            blind: judge from the model alone, without looking anything up in the documents.
            precision: the share of the answers called remembered that should be right, above 0 and below 1.
            signals: "pass" for what one greedy pass shows, "all" for what other forms of the question, sampled answers,
                thinned networks and checkpoints show besides.
        """
        if not 0 < precision < 1:
            raise DataError(f"precision = {precision} must lie between 0 and 1, such as 0.9")
        signals_module.signal_set(signals)
        if not self.recipe.needs_questions:
            warnings.warn(f"{self.path} was not trained on questions; try: closedbook sample", stacklevel=2)
        for question in questions:
            checked_text(question.text, "question")
        index = None if blind else self.index
        # A name without its middle initial is asked for with it, where one title alone can be meant.
        spelled = [index.spelled_out(question.text) if index else (question.text, None) for question in questions]
        # And a question that is worded as none in training is asked in the trained wording that asks for the same.
        readings = [self.understood(*pair) for pair in spelled]
        reworded = [replace(question, text=reading.text) for question, reading in zip(questions, readings, strict=True)]
        prompts, notes = zip(*map(self._prompt, reworded), strict=True) if questions else ((), ())
        self._warn(reworded, notes)
        answers = []
        for start in range(0, len(prompts), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            forward = self._pass(reworded[part], prompts[part], signals, readings[part])
            answers += self._judged(forward, questions[part], readings[part], notes[part], blind, precision, signals)
            if progress:
                progress(len(answers))
        return answers

    def measure(
        self, questions: Sequence[Question], signals: str = "pass", only: Collection[str] | None = None
    ) -> tuple[list[str], dict[str, np.ndarray]]:
        """(answers, signals) of questions, without verdicts: what calibrators are fitted on.

        `only` are the names of the signals that are wanted; all of the set if left out.
        """
        forward = self._pass(questions, [self._prompt(question)[0] for question in questions], signals)
        answers = [self.vocabulary.answer(generated.ids) for generated in forward.generated]
        return answers, signals_module.measure(forward, signals, only)

    @property
    def uncalibrated(self) -> str | None:
        """Why the run has no calibrator; None where it has one, or nothing is known of it."""
        return self.calibration.trouble if self.calibration is not None else None

    @property
    def wordings(self) -> Wordings | None:
        """Those of the training questions; None where they are not kept."""
        return self._unsaved_wordings or (self.calibration.wordings if self.calibration is not None else None)

    def understood(self, question: str, title: str | None = None) -> Reading:
        """How a question is read: what is asked in its place; `title` is the one in it, where it was looked up.

        A pretrained network understands words that it was not taught, so only what is surely meant is put in others.
        """
        if (wordings := self.wordings) is None:
            return Reading(question, None, 1.0, True)
        if (mention := self.vocabulary.names.find(question)) is not None:
            title = question[mention.start : mention.stop]
        reading = wordings.read(question, title)
        if self.vocabulary.knows_language and not reading.understood:
            return reading._replace(text=question, wording=None)
        return reading

    def _pass(
        self,
        questions: Sequence[Question],
        prompts: Sequence[np.ndarray],
        signals: str,
        readings: Sequence[Reading] = (),
    ) -> ForwardResult:
        generated = generate.greedy(self.model, prompts, self._length, in_one=self.vocabulary.in_one)
        texts = [question.text for question in questions]
        checkpoints = self.checkpoints if signals == "all" else []
        return ForwardResult(
            self.model, self.vocabulary, texts, prompts, generated, self._length, checkpoints, self.recipe.seed,
            self.wordings, [reading.confidence for reading in readings],
        )  # fmt: skip

    def _judged(
        self,
        forward: ForwardResult,
        questions: Sequence[Question],
        readings: Sequence[Reading],
        notes: Sequence[tuple[int, int]],
        blind: bool,
        precision: float,
        signals: str,
    ) -> list[Answer]:
        """The answers of one pass with their probabilities, evidence and verdicts."""
        measured = signals_module.measure(forward, signals)
        own = np.array([math.exp(sum(generated.logprobs)) for generated in forward.generated])
        calibrator = self.calibration.calibrators.get(signals) if self.calibration else None
        probability, met = calibrator(measured) if calibrator else (own, None)
        probability = probability * measured["wording"]  # an answer to another question is not right
        threshold = calibrator.threshold(precision) if calibrator else precision
        index = None if blind else self.index
        wordings = forward.wordings
        answers, unread = [], False
        for i, (question, generated) in enumerate(zip(questions, forward.generated, strict=True)):
            text = self.vocabulary.answer(generated.ids)
            if readings[i].unlike(text):
                probability[i] *= UNLIKE
            evidence = index.evidence(question.text, text) if index else None
            unread |= evidence is not None and evidence.status == "unread"
            chance = None if met is None else float(met[i])
            accepted = question.accepted
            verdict = decide(float(probability[i]), threshold, chance, evidence, readings[i].understood)
            answers.append(
                Answer(
                    question=question.text,
                    answer=text,
                    gold=question.answer,
                    right=any(exact_match(text, gold) for gold in accepted) if accepted else None,
                    probability=float(probability[i]),
                    unknown_characters=notes[i][0],
                    dropped_tokens=notes[i][1],
                    model_probability=float(own[i]),
                    met=chance,
                    verdict=verdict.name,
                    why=verdict.why,
                    abstained=verdict.abstained,
                    evidence=evidence,
                    exposures=None if evidence is None else evidence.exposures,
                    calibrated=calibrator is not None,
                    signals={name: round(float(values[i]), 6) for name, values in measured.items()},
                    others=question.others,
                    normalised_match=normalised_match(text, accepted) if accepted else None,
                    f1=round(token_f1(text, accepted), 5) if accepted else None,
                    uncalibrated=None if calibrator else self.uncalibrated,
                    asked=round(float(measured["wording"][i]), 4) if wordings else None,
                    read_as=readings[i].wording,
                )
            )
        if unread and index is not None and index.trouble:
            warnings.warn(f"{index.trouble}; what the documents say is left out", stacklevel=4)
        return answers

    def sample(self, prompt: str, *, length: int = 200, temperature: float = 1.0, top_k: int = 0, seed: int = 0) -> str:
        """The prompt's continuation, `length` tokens drawn from the model."""
        if length < 1 or not 0 <= temperature < math.inf or top_k < 0 or not 0 <= seed < 2**63:
            raise DataError(
                f"sampling needs length >= 1, temperature >= 0, top_k >= 0 and seed >= 0; got length = {length}, "
                f"temperature = {temperature}, top_k = {top_k}, seed = {seed}"
            )
        temperature = temperature if temperature > 1e-6 else 0.0  # dividing by less overflows; the draw is the same
        temperature = min(temperature, 1e30)  # more is no float32; all tokens are alike long before
        if self.vocabulary.answers_in_one:
            raise DataError(f"{self.path} answers in whole phrases and cannot go on with a text; ask it a question")
        ids = self.vocabulary.encode(checked_text(prompt, "prompt"))[0]
        if unknown := self.vocabulary.unknown(prompt):
            warnings.warn(self._dropped(unknown), stacklevel=2)
        if not len(ids):
            raise DataError("the prompt is empty, or the vocabulary knows none of it; give some text to go on from")
        return self.vocabulary.decode(
            generate.sample(self.model, ids, length, temperature=temperature, top_k=top_k, seed=seed)
        )

    def activations(self, text: str) -> Activations:
        """What the network computes while it reads a text, by name: `run.activations(text)["layer.0.weights"]`."""
        return read(self, text)

    def attribute(self, question: str) -> Attribution:
        """How the answer to a question or a bare name came about: runners-up, attention, what each head was worth."""
        return attribute(self, self.as_question(question))

    def prompt(self, question: str) -> np.ndarray:
        """The tokens that go into the network for a question: its last ones, where there are too many, and MASK."""
        return self._prompt(Question(self.understood(question).text, None, 1))[0]

    def ablate(self, *off: Switch) -> AbstractContextManager[None]:
        """The run with parts switched off: `with run.ablate((0, 3), "memory"): run.ask(…)`; (layer, head) from 0.

        Raises ValueError for a part that is not there.
        """
        return ablated(self.model, off)

    def _prompt(self, question: Question) -> tuple[np.ndarray, tuple[int, int]]:
        """The tokens that go in, and how many characters and tokens had to be left out."""
        ids, _ = self.vocabulary.encode_question(checked_text(question.text, "question"))
        dropped = max(0, len(ids) + 1 - self.longest_prompt)
        unknown = sum(map(len, self.vocabulary.dropped(question.text)))
        return np.append(ids[dropped:], MASK).astype(np.int32), (unknown, dropped)

    def _warn(self, questions: Sequence[Question], notes: Sequence[tuple[int, int]]) -> None:
        """Say what was left out: in full for a question asked alone, in one line for a file of them."""
        unknown, long = (sum(note[i] > 0 for note in notes) for i in (0, 1))
        if len(questions) == 1:
            of_unknown = self._dropped(self.vocabulary.dropped(questions[0].text))
            of_long = f"the question is too long; its first {notes[0][1]} tokens were dropped"
        else:
            count, unit = len(questions), self.vocabulary.unit
            of_unknown = f"{unknown:,} of {count:,} questions hold {unit}s that no document holds; these are dropped"
            of_long = f"{long:,} of {count:,} questions are too long; their beginnings were dropped"
        if unknown:
            warnings.warn(of_unknown, stacklevel=3)
        if long:
            warnings.warn(of_long, stacklevel=3)

    def _dropped(self, unknown: Sequence[str]) -> str:
        listing = " ".join(sorted({repr(word if len(word) < 40 else f"{word[:40]}…") for word in unknown})[:5])
        count = f"{len(unknown)} {self.vocabulary.unit}{'s' if len(unknown) > 1 else ''}"
        return f"{count} that no document holds {'were' if len(unknown) > 1 else 'was'} dropped: {listing}"


def load(path: str | Path, mixer: str | None = None, device: str = "cpu", documents: str | Path | None = None) -> Run:
    """Open a finished run. Raises RunError where it is missing, unfinished, damaged or of an unknown format.

    `mixer`, "FILE.py:CLASS", executes that file; a run with a mixer of its author's own needs it (RecipeError).
    `device` is where it answers: cpu, cuda or mps. `documents` is where their file is now, if it was moved.
    """
    place = find_device(device)
    folder = RunFolder.open(path)
    weights = folder.path / "model.safetensors"
    record = folder.record()
    if not weights.is_file() and not folder.finished:
        raise RunError(f"{folder.path} is not finished; go on with: {resume_command(folder)}")
    recipe = folder.recipe()
    if mixer is not None:
        if "@" not in (name := recipe.model.mixer.name):
            raise RecipeError(f"--mixer {mixer}: {folder.path} has the mixer {name} of ours; leave --mixer out")
        use_mixer(mixer)
    validate_mixer(recipe.model)  # before the network is built, where a RecipeError means that the folder is damaged
    vocabulary_record = folder.read_json("vocabulary.json")
    try:
        vocabulary = vocabulary_from_json(vocabulary_record)
    except RunError as error:
        raise RunError(f"{folder.path}: {error}") from None
    model = load_network(recipe, vocabulary, folder, weights.name)
    threads = record.get("threads")
    if isinstance(threads, int) and threads > 0:  # more of them than there are cores would only get in each other's way
        torch.set_num_threads(min(threads, os.cpu_count() or 1))
    run = Run(folder, recipe, vocabulary, model.to(place), documents=documents)
    run.attach_learned(record)
    return run


def ask(
    run: Run | str | Path, question: str, *, blind: bool = False, precision: float = PRECISION, signals: str = "pass"
) -> Answer:
    """The answer of a run, or of the run in a folder, to one question; the keywords are those of `Run.answer`.

    For more than one question open the run once: `closedbook.load(folder).ask(question)`. Raises RunError for a folder
    that is no finished run, DataError for an empty question.
    """
    opened = run if isinstance(run, Run) else load(run)
    return opened.ask(question, blind=blind, precision=precision, signals=signals)
