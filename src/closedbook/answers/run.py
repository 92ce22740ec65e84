"""A trained run: ask it questions, sample from it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from closedbook.errors import DataError
from closedbook.model import decode
from closedbook.model.gpt import GPT
from closedbook.recipe import Recipe, load_recipe
from closedbook.runs import RunFolder
from closedbook.text.questions import Question
from closedbook.text.vocabulary import MASK, Vocabulary, vocabulary_from_json
from closedbook.training.checkpoint import load_tensors, load_weights


@dataclass(frozen=True)
class Answer:
    """One answer. `answer` is always the best guess; `gold` and `right` are None where no answer is known.

    `probability` is the product of the network's probabilities of the answer's tokens and its end.
    """

    question: str
    answer: str
    gold: str | None
    right: bool | None
    probability: float
    unknown_characters: int  # of the question, dropped because the vocabulary lacks them
    dropped_tokens: int  # from the question's beginning, because it was longer than the block

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


class Run:
    """A run folder with its model in memory. Make one with `closedbook.load` or `closedbook.train`."""

    def __init__(self, folder: RunFolder, recipe: Recipe, vocabulary: Vocabulary, model: GPT) -> None:
        self.folder, self.recipe, self.vocabulary, self.model = folder, recipe, vocabulary, model

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def _length(self) -> int:
        """The most tokens an answer has."""
        return 1 if self.vocabulary.answers_in_one else self.recipe.answer.length

    def ask(self, question: str) -> Answer:
        """The answer to one question. Raises DataError for an empty one."""
        return self.answer([Question(question, None, 1)])[0]

    def answer(self, questions: Sequence[Question], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """Answers to many questions, in batches; the same as asking one at a time."""
        prompts, notes = zip(*map(self._prompt, questions), strict=True) if questions else ((), ())
        answers = []
        size = 512
        for start in range(0, len(prompts), size):
            generated = decode.greedy(
                self.model, prompts[start : start + size], self._length, in_one=self.vocabulary.answers_in_one
            )
            for question, note, one in zip(
                questions[start : start + size], notes[start : start + size], generated, strict=True
            ):
                text = self.vocabulary.answer(one.ids)
                right = None if question.answer is None else text == question.answer
                probability = math.exp(sum(one.logprobs))
                answers.append(Answer(question.text, text, question.answer, right, probability, *note))
            if progress:
                progress(len(answers))
        return answers

    def sample(self, prompt: str, *, length: int = 200, temperature: float = 1.0, top_k: int = 0, seed: int = 0) -> str:
        """The prompt's continuation, `length` tokens drawn from the model."""
        if length < 1 or not temperature >= 0 or top_k < 0:
            raise DataError("sampling needs length >= 1, temperature >= 0 and top_k >= 0")
        if self.vocabulary.answers_in_one:
            raise DataError(f"{self.path} answers in whole phrases and cannot go on with a text; ask it a question")
        ids = self.vocabulary.encode(prompt)[0]
        self._warn_unknown(prompt)
        if not len(ids):
            raise DataError("the prompt is empty, or the vocabulary knows none of it; give some text to go on from")
        return self.vocabulary.decode(
            decode.sample(self.model, ids, length, temperature=temperature, top_k=top_k, seed=seed)
        )

    def _prompt(self, question: Question) -> tuple[np.ndarray, tuple[int, int]]:
        if not question.text.strip():
            raise DataError("the question is empty")
        ids, _ = self.vocabulary.encode(question.text)
        unknown = self._warn_unknown(question.text)
        keep = self.model.recipe.block - 1 - min(self._length, self.model.recipe.block // 2)
        dropped = max(0, len(ids) + 1 - keep)
        if dropped:
            warnings.warn(
                f"a question of {len(ids)} tokens is too long; its first {dropped} were dropped", stacklevel=3
            )
        return np.append(ids[dropped:], MASK).astype(np.int32), (unknown, dropped)

    def _warn_unknown(self, text: str) -> int:
        unknown = self.vocabulary.unknown(text)
        if unknown:
            listing = " ".join(sorted(set(map(repr, unknown)))[:5])
            warnings.warn(f"{len(unknown)} characters that no document holds were dropped: {listing}", stacklevel=4)
        return len(unknown)


def load(path: str | Path) -> Run:
    """Open a finished run. Raises RunError where it is missing, unfinished, damaged or of an unknown format."""
    folder = RunFolder.open(path)
    recipe = load_recipe(folder.path / "recipe.toml")
    vocabulary = vocabulary_from_json(folder.read_json("vocabulary.json"))
    tensors, _ = load_tensors(folder.path / "model.safetensors")
    with torch.random.fork_rng(devices=[]):  # drawing weights that are overwritten must not disturb the caller
        model = GPT(recipe.model, vocabulary.size, vocabulary.outputs, vocabulary.named)
    load_weights(model, tensors, folder.path / "model.safetensors")
    threads = folder.record().get("threads")
    if threads:
        torch.set_num_threads(threads)
    return Run(folder, recipe, vocabulary, model.eval())
