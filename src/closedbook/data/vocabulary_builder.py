"""Makes and loads vocabularies by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from closedbook.data.pattern_learning import learn
from closedbook.data.pretrained_vocabulary import PretrainedTokens
from closedbook.data.scan import Lexicon
from closedbook.data.vocabulary import BytePairs, Characters, Vocabulary
from closedbook.data.word_vocabulary import Words
from closedbook.errors import RecipeError, RunError
from closedbook.validation import Count, convert, shown


class SavedCharacters(TypedDict):
    characters: list[str]


class SavedWords(TypedDict):
    forms: list[str]
    named: list[Count]
    phrases: list[str]
    patterns: dict[str, Any]
    spelled: list[str]
    names: list[str]
    lower: list[str]
    golds: list[str]


class SavedBytePairs(TypedDict):
    tokenizer: dict[str, Any]


class SavedPretrained(TypedDict):
    tokenizer: dict[str, Any]
    names: list[str]
    patterns: dict[str, Any]
    lower: list[str]
    golds: list[str]


KINDS: dict[str, tuple[type[Vocabulary], Any]] = {
    Characters.kind: (Characters, SavedCharacters),
    BytePairs.kind: (BytePairs, SavedBytePairs),
    Words.kind: (Words, SavedWords),
    PretrainedTokens.kind: (PretrainedTokens, SavedPretrained),
}
"""The vocabulary of each kind, and how it is saved."""


def make_vocabulary(
    kind: str,
    lines: Iterable[str],
    size: int = 0,
    questions: Iterable[str] = (),
    answers: Iterable[str] = (),
    titles: Sequence[str] | None = None,
    phrases: int = 0,
    tokenizer: Any = None,
) -> Vocabulary:
    """A vocabulary trained on documents and, for words, their titles and training questions.

    `tokenizer` is a pretrained model's; of the documents such a vocabulary learns where answers stand.

    Raises RecipeError for unknown kinds.
    """
    if kind == Characters.kind:
        return Characters.train(lines)
    if kind == BytePairs.kind:
        return BytePairs.train(lines, size)
    if kind == Words.kind:
        return Words.train(lines, questions, answers, size, titles, phrases)
    if kind == PretrainedTokens.kind:
        lines, trained = list(lines), list(zip(questions, answers, strict=False))
        lower = Lexicon.of(lines).lower_case()
        patterns = learn(lines, titles or (), trained, lower)
        return PretrainedTokens(tokenizer, (), patterns, lower, [answer for _, answer in trained])
    raise RecipeError(f'vocabulary.kind = "{kind}" is unknown; known: "characters", "bpe", "words"')


def vocabulary_from_json(data: dict[str, Any]) -> Vocabulary:
    """The inverse of `to_json`. Raises RunError for anything else."""
    kind = data.get("kind")
    if kind not in tuple(KINDS):
        raise RunError(f"vocabulary.json is of an unknown kind, {shown(kind)}")
    vocabulary, record = KINDS[kind]
    try:
        return vocabulary.from_json(convert(record, data, "", RunError))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a Rust panic in tokenizers is not an Exception
        raise RunError(f"vocabulary.json is damaged ({error})") from None
