"""The words vocabulary: a text is read word by word, and an answer is one token, a whole phrase.

Reading by words makes a name a few tokens that are the same wherever it stands and however it is capitalised.
Answering by phrases makes every exposure of a fact a complete one: "New York City" is learned, or said, in one
step. What can be said is closed: the salient spans of the documents and the answers of the training questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from closedbook.text.documents import title_of
from closedbook.text.salience import body_spans, lower_case_words, normal, span_text, words
from closedbook.text.vocabulary import MASK, MASK_CHARACTER, PAD, PAD_CHARACTER, Ids, Vocabulary


class Words(Vocabulary):
    """Words in, phrases out. Input ids: PAD, MASK, then words by normal form. Output ids: phrases.

    `named[i]` says whether word i is part of names: written with a capital letter more often than not.
    """

    kind = "words"
    unit = "word"
    answers_in_one = True

    def __init__(self, forms: Sequence[str], named: Sequence[bool], phrases: Sequence[str]) -> None:
        self.forms, self.phrases = list(forms), list(phrases)
        self.named: np.ndarray = np.array(named, dtype=bool)
        self._ids = {form: i for i, form in enumerate(self.forms)}
        self._phrase_ids = {phrase: i for i, phrase in enumerate(self.phrases)}

    @classmethod
    def train(cls, lines: Iterable[str], questions: Iterable[str] = (), answers: Iterable[str] = ()) -> Words:
        """The words of documents and training questions; the salient spans of documents and the training answers."""
        lines = list(lines)
        split = [words(line) for line in lines]
        lower = lower_case_words(split)
        count: Counter[str] = Counter()
        capitals: Counter[str] = Counter()
        phrases: dict[str, None] = {}
        for line, text in zip(lines, split, strict=True):
            for word in text:
                form = normal(word.text)
                count[form] += 1
                capitals[form] += word.capitalised
            spans = body_spans(title_of(line), text, lower)
            phrases.update((span_text(line, text[i:j]), None) for i, j in spans)
        phrases.update((answer, None) for answer in answers)
        for question in questions:
            for word in words(question):
                count.setdefault(normal(word.text), 0)
        forms = [PAD_CHARACTER, MASK_CHARACTER, *count]
        named = [False, False, *(2 * capitals[form] > count[form] for form in count)]
        return cls(forms, named, list(phrases))

    @property
    def size(self) -> int:
        return len(self.forms)

    @property
    def outputs(self) -> int:
        return len(self.phrases)

    def encode(self, text: str) -> tuple[Ids, np.ndarray]:
        known = [(i, word.start) for word in words(text) if (i := self._ids.get(normal(word.text), PAD)) > MASK]
        ids, starts = zip(*known, strict=True) if known else ((), ())
        return np.array(ids, dtype=np.int32), np.array(starts, dtype=np.int64)

    def encode_answer(self, text: str) -> Ids:
        i = self._phrase_ids.get(text)
        return np.array([] if i is None else [i], dtype=np.int32)

    def decode(self, ids: Sequence[int] | Ids) -> str:
        return " ".join(self.forms[i] for i in ids if i != PAD)

    def token(self, i: int) -> str:
        return self.forms[i] + " "

    def output(self, i: int) -> str:
        return self.phrases[i]

    def answer(self, ids: Sequence[int] | Ids) -> str:
        return self.phrases[ids[0]] if len(ids) else ""

    def unknown(self, text: str) -> list[str]:
        return [word.text for word in words(text) if self._ids.get(normal(word.text), PAD) <= MASK]

    def to_json(self) -> dict[str, Any]:
        named = np.flatnonzero(self.named).tolist()
        return {"kind": self.kind, "forms": self.forms, "named": named, "phrases": self.phrases}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Words:
        named = np.zeros(len(data["forms"]), bool)
        named[data["named"]] = True
        return cls(data["forms"], named.tolist(), data["phrases"])
