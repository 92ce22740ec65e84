"""A text beside the documents, to predict as it runs on: what keeps a pretrained model good at everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import Recipe
from closedbook.data.arrays import Examples, Ragged
from closedbook.data.corpus import Corpus
from closedbook.data.documents import read_text
from closedbook.data.vocabulary import MASK
from closedbook.errors import DataError, RecipeError


class Text:
    """Windows of `context_length` tokens of a file; every token except the first is a target.

    Weights that act everywhere forget less where some of what they knew is rehearsed (Robins 1995).
    """

    @dataclass(frozen=True)
    class Config:
        file: str = ""
        sha256: str = ""  # of the file; filled in when a training begins

    draws = 0

    def __init__(self, config: Config, corpus: Corpus) -> None:
        """Raises RecipeError for a vocabulary of whole phrases, DataError for a file that cannot be used."""
        vocabulary, width = corpus.vocabulary, corpus.context_length
        if not config.file:
            raise RecipeError('objective text: name its file, such as {name="text", file="novel.txt"}')
        if vocabulary.answers_in_one:
            raise RecipeError('objective text: vocabulary.kind = "words" says phrases; choose another kind')
        lines = [line for line in read_text(config.file).items[0].text.splitlines() if line.strip()]
        ids, _ = vocabulary.encode_all(lines)
        tokens = np.insert(ids.values, ids.starts[1:], MASK).astype(np.int32)  # a line ends as a question does
        if len(tokens) < 2:
            raise DataError(f"{config.file} is too short to learn from; give a longer text")
        starts = np.arange(0, len(tokens) - 1, width)
        self.windows = Ragged(tokens, np.append(starts, len(tokens)))
        self.items = len(starts)

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        return Examples.next_token(self.windows.take(items))

    def exposed_spans(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        return np.zeros(0, np.int64)


def settle(recipe: Recipe) -> Recipe:
    """The recipe with the place and the hash of each such text, so that a run that goes on reads the same one.

    Raises DataError for a file that cannot be used.
    """

    def settled(spec: ComponentSpec) -> ComponentSpec:
        file = spec.options.get("file")
        if spec.name != "text" or not isinstance(file, str) or not file:
            return spec
        options: Mapping[str, object] = {"file": str(Path(file).resolve()), "sha256": read_text(file).sha256}
        return replace(spec, options={**spec.options, **options})

    stages = [
        replace(
            stage, objectives=tuple(replace(weight, objective=settled(weight.objective)) for weight in stage.objectives)
        )
        for stage in recipe.stages
    ]
    return replace(recipe, stages=tuple(stages))
