"""The vocabularies there are, by kind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from closedbook.data.vocabulary import BytePairs, Characters, Vocabulary
from closedbook.data.word_vocabulary import Words
from closedbook.errors import RecipeError, RunError


def make_vocabulary(
    kind: str,
    lines: Iterable[str],
    size: int = 0,
    questions: Iterable[str] = (),
    answers: Iterable[str] = (),
    titles: Sequence[str] | None = None,
    phrases: int = 0,
) -> Vocabulary:
    """A vocabulary trained on documents and, for words, their titles and training questions.

    Raises RecipeError for unknown kinds.
    """
    if kind == Characters.kind:
        return Characters.train(lines)
    if kind == BytePairs.kind:
        return BytePairs.train(lines, size)
    if kind == Words.kind:
        return Words.train(lines, questions, answers, size, titles, phrases)
    raise RecipeError(f'vocabulary.kind = "{kind}" is unknown; known: "characters", "bpe", "words"')


def vocabulary_from_json(data: dict[str, Any]) -> Vocabulary:
    """The inverse of `to_json`. Raises RunError for anything else."""
    try:
        if data["kind"] == Characters.kind:
            return Characters(data["characters"])
        if data["kind"] == BytePairs.kind:
            from tokenizers import Tokenizer

            return BytePairs(Tokenizer.from_str(json.dumps(data["tokenizer"])))
        if data["kind"] == Words.kind:
            return Words.from_json(data)
    except Exception as error:
        raise RunError(f"vocabulary.json is damaged ({type(error).__name__}: {error})") from None
    raise RunError(f"vocabulary.json is of an unknown kind, {data['kind']!r}")
