"""The interface of vocabularies, and two of them: characters exactly as in the course, and byte-level BPE."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from closedbook.data.arrays import Ragged
from closedbook.data.documents import Document
from closedbook.data.names import NameIndex
from closedbook.data.scan import Scan
from closedbook.errors import DataError, RecipeError

if TYPE_CHECKING:
    from closedbook.data.patterns import Patterns

PAD, MASK = 0, 1
PAD_CHARACTER, MASK_CHARACTER = "□", "⁇"  # U+25A1 and U+2047

Ids = np.ndarray  # int32, one-dimensional


@dataclass(frozen=True)
class Spelling:
    """How to spell an answer that is not a phrase.

    Outputs from `first` on are pieces. After each one the network reads the token `inputs[output]`, until it outputs
    `end`.
    """

    first: int
    end: int
    inputs: np.ndarray  # (outputs,)


class Vocabulary(ABC):
    """Text to token ids and back. Id 0 is PAD `□`, id 1 is MASK `⁇`."""

    kind: str
    unit = "character"  # what `unknown` lists
    knows_language = False  # whether words that no document holds mean something to the network
    answers_in_one = False  # whether an answer is one token, a phrase, instead of a text that MASK closes
    spelling: Spelling | None = None  # how to spell the answers that are not phrases, if there are any
    patterns: Patterns | None = None  # where answers stand and what they look like, if that was learned
    lower: frozenset[str] = frozenset()  # the documents' normal forms in lower case, by which later ones are read, too
    golds: frozenset[str] = frozenset()  # the training answers, for the same
    named: np.ndarray | None = None  # (size,) bool: which tokens are parts of names, if that is known
    names: NameIndex = NameIndex()  # whose tokens, `size` and up, stand for whole names

    def _with(self, **changes: Any) -> Self:
        """A copy with other attributes; what was computed from them is computed anew."""
        kept = {k: v for k, v in vars(self).items() if not isinstance(getattr(type(self), k, None), cached_property)}
        other = object.__new__(type(self))
        other.__dict__.update(kept | changes)
        return other

    def with_names(self, names: NameIndex) -> Self:
        """This vocabulary with other names."""
        return self._with(names=names)

    def without_reader(self) -> Self:
        """This vocabulary, which then answers no questions from documents."""
        return self if self.patterns is None else self._with(patterns=replace(self.patterns, reader=None))

    @property
    @abstractmethod
    def size(self) -> int: ...

    @property
    def in_one(self) -> bool | Spelling:
        """How to decode an answer, for `model.generate.greedy`."""
        return self.spelling or self.answers_in_one

    def longest(self, length: int) -> int:
        """How many tokens an answer may have: 1, or `length` if it is spelled or a text."""
        return 1 if self.in_one is True else length

    @property
    def outputs(self) -> int:
        """How many tokens the network can output; by default those that it reads."""
        return self.size

    @abstractmethod
    def encode(self, text: str) -> tuple[Ids, np.ndarray]:
        """(ids, the character at which each token starts), without what the vocabulary lacks; see `unknown`."""

    def encode_question(self, text: str) -> tuple[Ids, np.ndarray]:
        """Like `encode`, for a question, in which a name of the memory is one token."""
        return self.encode(text)

    @property
    def continues(self) -> np.ndarray | None:
        """(size + names,) bool: which tokens go on with the word before them; None where a token is a word."""
        return None

    def name_tokens(self, number: int) -> Ids:
        """The tokens that stand for a stored name."""
        return np.array([self.size + number], np.int32)

    def plain(self, ids: Ids) -> Ids:
        """The tokens with which the same text is said: a name's own is one that is only read."""
        return ids

    def encode_all(self, texts: Sequence[str], scan: Scan | None = None) -> tuple[Ragged, np.ndarray]:
        """Many texts at once: (the ids of each, the character of its text at which each starts).

        Pass `scan`, their words, if these were read already.
        """
        pairs = [self.encode(text) for text in texts]
        starts = np.concatenate([np.zeros(0, np.int64), *(starts for _, starts in pairs)])
        return Ragged.of([ids for ids, _ in pairs]), starts

    def encode_answers(self, texts: Sequence[str]) -> Ragged:
        """The output ids of many answers at once."""
        return Ragged.of([self.encode_answer(text) for text in texts])

    @abstractmethod
    def decode(self, ids: Sequence[int] | Ids) -> str: ...

    @abstractmethod
    def unknown(self, text: str) -> list[str]:
        """The characters or words (`unit`) of `text` that the vocabulary lacks, in order."""

    def dropped(self, text: str) -> list[str]:
        """The parts of a question, its stored name apart, that the vocabulary lacks."""
        return self.unknown(text)

    @abstractmethod
    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    @abstractmethod
    def from_json(cls, data: dict[str, Any]) -> Vocabulary:
        """The inverse of `to_json`."""

    def encode_answer(self, text: str) -> Ids:
        """The output ids of an answer; empty if the network cannot say it."""
        return self.encode(text)[0]

    def phrases_of(self, documents: Sequence[Document]) -> list[str]:
        """What can be said of these documents, were they learned after the training."""
        return []

    def halves(self, i: int) -> tuple[int, int] | None:
        """The two words of a compound, such as "birth" and "place" of "birthplace"; None if it is not one."""
        return None

    def token(self, i: int) -> str:
        """One input token as text, for people to read."""
        return self.decode([i])

    def output(self, i: int) -> str:
        """One output token as text, for people to read."""
        return self.token(i)

    def answer(self, ids: Sequence[int] | Ids) -> str:
        """The answer in generated tokens: the text before the first MASK, without surrounding space."""
        ids = list(ids)
        return self.decode(ids[: ids.index(MASK)] if MASK in ids else ids).strip()


class Characters(Vocabulary):
    """PAD, MASK, then the sorted set of the corpus file's characters, newline included: 256 ids for wiki.txt."""

    kind = "characters"

    def __init__(self, characters: Sequence[str]) -> None:
        self.characters = [PAD_CHARACTER, MASK_CHARACTER, *characters]
        self._ids = {character: i for i, character in enumerate(self.characters)}
        # A table from code point to id (-1: unknown) encodes a text without a loop over its characters.
        self._table = np.full(max(map(ord, self.characters)) + 1, -1, dtype=np.int32)
        for character, i in self._ids.items():
            self._table[ord(character)] = i

    @classmethod
    def train(cls, lines: Iterable[str]) -> Characters:
        """The characters of a file with these lines."""
        lines = list(lines)
        characters = {"\n"}.union(*map(set, lines))
        if characters & {PAD_CHARACTER, MASK_CHARACTER}:
            before = re.split(f"[{PAD_CHARACTER}{MASK_CHARACTER}]", "\n".join(lines), maxsplit=1)[0]
            raise DataError(
                f"line {before.count(chr(10)) + 1} of the documents holds {PAD_CHARACTER} or {MASK_CHARACTER}, "
                "which stand for PAD and MASK; remove it, or choose another vocabulary.kind"
            )
        return cls(sorted(characters))

    @property
    def size(self) -> int:
        return len(self.characters)

    def _lookup(self, text: str) -> Ids:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)
        return np.where(points < len(self._table), self._table[np.minimum(points, len(self._table) - 1)], -1)

    def encode(self, text: str) -> tuple[Ids, np.ndarray]:
        ids = self._lookup(text)
        # A typed □ or ⁇ is text, never PAD or MASK: those are added by the objectives.
        positions = np.flatnonzero(ids > MASK)
        return ids[positions].astype(np.int32), positions

    def decode(self, ids: Sequence[int] | Ids) -> str:
        return "".join(self.characters[i] for i in ids if i != PAD)

    def unknown(self, text: str) -> list[str]:
        return [text[i] for i in np.flatnonzero(self._lookup(text) <= MASK)]

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "characters": self.characters[2:]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Characters:
        return cls(data["characters"])


class BytePairs(Vocabulary):
    """Byte-level BPE. Every text gets a space in front, so that a name has the same tokens wherever it stands."""

    kind = "bpe"

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.tokenizer.encode_special_tokens = True  # a typed □ or ⁇ is text, never PAD or MASK

    @classmethod
    def train(cls, lines: Iterable[str], size: int) -> BytePairs:
        """Learn merges until there are `size` tokens. Raises RecipeError below the 256 bytes, PAD and MASK."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        if size < 258:
            raise RecipeError(f"vocabulary.size = {size} is too small for byte pairs; at least 258 (256 bytes + 2)")
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[PAD_CHARACTER, MASK_CHARACTER],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(lines, trainer)
        return cls(tokenizer)

    @property
    def size(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def encode(self, text: str) -> tuple[Ids, np.ndarray]:
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        ids = np.array(encoding.ids, dtype=np.int32)
        starts = np.array([start for start, _ in encoding.offsets], dtype=np.int64)
        return ids, starts

    def decode(self, ids: Sequence[int] | Ids) -> str:
        text = []
        run: list[int] = []
        for i in [*map(int, ids), MASK]:  # the decoder would drop MASK, so it is put back by hand
            if i > MASK:
                run.append(i)
                continue
            text.append(self.tokenizer.decode(run, skip_special_tokens=False) if run else "")
            text.append(MASK_CHARACTER if i == MASK else "")
            run = []
        return "".join(text[:-1])

    def unknown(self, text: str) -> list[str]:
        return []  # bytes spell everything

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "tokenizer": json.loads(self.tokenizer.to_str())}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> BytePairs:
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_str(json.dumps(data["tokenizer"])))
