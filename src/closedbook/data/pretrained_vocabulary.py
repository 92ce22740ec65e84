"""The tokens of a pretrained model, and one more for each name that it is taught."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from closedbook.data.arrays import Ragged, offsets
from closedbook.data.names import NameIndex
from closedbook.data.patterns import Patterns
from closedbook.data.scan import Scan
from closedbook.data.vocabulary import MASK, PAD, Ids, Vocabulary
from closedbook.errors import RecipeError

ENDS = ("\n", "\r\n")  # what may stand for MASK in a text: a question, its answer and what follows are lines
BREAKS = {ord("\n"): " ", ord("\r"): " "}  # within a text a line break is a space


class PretrainedTokens(Vocabulary):
    """A tokenizer's ids, in which two have changed places with PAD and MASK.

    MASK is the line break, so a question and its answer are two lines of text to the model; PAD is a token that no text
    holds. A name's last token is read as one of its own, `size` and up: the same token to the model, which also adds
    what it was taught of that name. Every text begins as if a space stood in front of it, so that a name has the same
    tokens wherever it stands.
    """

    kind = "pretrained"
    knows_language = True

    def __init__(
        self,
        tokenizer: Any,
        names: Sequence[str] = (),
        patterns: Patterns | None = None,
        lower: Collection[str] = (),
        golds: Collection[str] = (),
    ) -> None:
        """`lower` are the documents' words in lower case and `golds` the training answers: they tell what stands out.

        Raises RecipeError for a tokenizer without a token of its own for a line break, or for what is no text.
        """
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.tokenizer.encode_special_tokens = True  # a typed "<|end|>" is text
        self.names, self.patterns = NameIndex(names), patterns
        self.lower, self.golds = frozenset(lower), frozenset(golds)
        self.space = self._in_front()
        # A swap of two pairs is its own inverse, but for overlaps: both ways are kept.
        self.base_ids = np.arange(self.size, dtype=np.int64)
        for place, token in ((PAD, self._unused()), (MASK, self._line_break())):
            at = int(np.flatnonzero(self.base_ids == token)[0])
            self.base_ids[[place, at]] = self.base_ids[[at, place]]
        self._ids = np.argsort(self.base_ids).astype(np.int32)

    def __reduce__(self) -> Any:
        return self.from_json, (self.to_json(),)

    def _in_front(self) -> str:
        """What stands in front of a text whose first word is to have the tokens that it has behind another."""
        first = len(self._encoded("of").ids)
        behind = self._encoded("of Paris").ids[first:]
        return next((space for space in ("", " ") if self._encoded(f"{space}Paris").ids == behind), "")

    def _line_break(self) -> int:
        for text in ENDS:
            ids = self._encoded(text).ids
            if ids and self.tokenizer.decode(ids[-1:]) == text:
                return int(ids[-1])
        raise RecipeError("this model's tokenizer has no token for a line break, which parts question and answer")

    def _unused(self) -> int:
        """A special token: no text is read as one."""
        special = [i for i, token in self.tokenizer.get_added_tokens_decoder().items() if token.special]
        if not special:
            raise RecipeError("this model's tokenizer has no special token, such as one that ends a text")
        return int(min(special))

    def _encoded(self, text: str) -> Any:
        return self.tokenizer.encode(text, add_special_tokens=False)

    @property
    def size(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def encode(self, text: str) -> tuple[Ids, np.ndarray]:
        ids, starts = self.encode_all([text])
        return ids.values, starts

    def encode_all(self, texts: Sequence[str], scan: Scan | None = None) -> tuple[Ragged, np.ndarray]:
        lines = [self.space + text.translate(BREAKS) for text in texts]
        encodings = self.tokenizer.encode_batch(lines, add_special_tokens=False)
        ids = np.concatenate([np.zeros(0, np.int64), *(np.array(e.ids, np.int64) for e in encodings)])
        starts = [np.array(e.offsets, np.int64).reshape(-1, 2)[:, 0] - len(self.space) for e in encodings]
        edges = offsets(np.fromiter(map(len, starts), np.int64, len(texts)))
        return Ragged(self._ids[ids], edges), np.maximum(np.concatenate([np.zeros(0, np.int64), *starts]), 0)

    def encode_question(self, text: str) -> tuple[Ids, np.ndarray]:
        """A text in which a stored name has the tokens of its title, whatever its case, the last being its own."""
        name = self.names.find(text)
        if name is None:
            return self.encode(text)
        before, after = text[: name.start].rstrip(), text[name.stop :]
        parts = [self.encode(before), (self.name_tokens(name.number), np.zeros(0, np.int64)), self._behind(after)]
        starts = [parts[0][1], np.full(len(parts[1][0]), name.start), parts[2][1] + name.stop]
        return np.concatenate([ids for ids, _ in parts]).astype(np.int32), np.concatenate(starts)

    def _behind(self, text: str) -> tuple[Ids, np.ndarray]:
        """The tokens of a text that stands behind a name."""
        if text[:1].isspace():
            ids, starts = self.encode(text.lstrip())
            return ids, starts + len(text) - len(text.lstrip())
        encoding = self._encoded(f"{self.space}a{text.translate(BREAKS)}")
        skip = len(self._encoded(f"{self.space}a").ids)
        shift = len(self.space) + 1
        starts = np.array([start - shift for start, _ in encoding.offsets[skip:]], np.int64)
        return self._ids[np.array(encoding.ids[skip:], np.int64)], np.maximum(starts, 0)

    def name_tokens(self, number: int) -> Ids:
        """The tokens of a name, the last one its own."""
        return self._names[number]

    @cached_property
    def _names(self) -> Ragged:
        """The tokens of each name; none of one that was forgotten."""
        spelled, stored = self._spelled, self._stored
        starts = offsets(np.where(stored, spelled.lengths, 0))
        ids = spelled.values[np.repeat(stored, spelled.lengths)]
        ids[starts[1:][stored] - 1] = self.size + np.flatnonzero(stored).astype(np.int32)
        return Ragged(ids, starts)

    @property
    def _spelled(self) -> Ragged:
        return self.encode_all(self.names.names)[0]

    @property
    def _stored(self) -> np.ndarray:
        """(names,) bool: which have not been forgotten."""
        return np.array([name != "" for name in self.names.names], bool)

    @cached_property
    def last_tokens(self) -> np.ndarray:
        """(names,) the token that the base reads at each name's last place; PAD for one that was forgotten."""
        spelled = self._spelled
        return np.where(self._stored, np.append(spelled.values, PAD)[spelled.starts[1:] - 1], PAD)

    def plain(self, ids: Ids) -> Ids:
        is_name = ids >= self.size
        return np.where(is_name, self.last_tokens[np.where(is_name, ids - self.size, 0)], ids) if is_name.any() else ids

    @cached_property
    def continues(self) -> np.ndarray:
        """(size + names,) bool: whether a token goes on with the word before it."""
        texts = [self._piece(i) for i in range(self.size)]
        inside = np.fromiter((text[:1].isalnum() for text in texts), bool, self.size)
        return np.concatenate([inside, inside[self.last_tokens]])

    def _piece(self, i: int) -> str:
        """A token's text, with the space in front of it, if there is one."""
        mark = self.tokenizer.id_to_token(int(self.base_ids[i])) or ""
        return mark.replace("Ġ", " ").replace("▁", " ")

    def decode(self, ids: Sequence[int] | Ids) -> str:
        plain = self.plain(np.array(ids, np.int64))
        return str(self.tokenizer.decode([int(self.base_ids[i]) for i in plain if i != PAD], skip_special_tokens=False))

    def answer(self, ids: Sequence[int] | Ids) -> str:
        """The text before the first MASK, or what the model ends its texts with."""
        ids = list(map(int, ids))
        end = next((place for place, i in enumerate(ids) if i in (PAD, MASK)), len(ids))
        return " ".join(self.decode(ids[:end]).split())

    def unknown(self, text: str) -> list[str]:
        return []  # bytes spell everything

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "tokenizer": json.loads(self.tokenizer.to_str()),
            "names": self.names.names,
            "patterns": (self.patterns or Patterns()).to_json(),
            "lower": sorted(self.lower),
            "golds": sorted(self.golds),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> PretrainedTokens:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(json.dumps(data["tokenizer"]))
        return cls(tokenizer, data["names"], Patterns.from_json(data["patterns"]), data["lower"], data["golds"])
