"""The words vocabulary: a text is read word by word, and an answer is one token, a whole phrase.

Reading by words makes a name a few tokens that are the same wherever it stands and however it is capitalised.
Answering by phrases makes every exposure of a fact a complete one: "New York City" is learned, or said, in one
step. What can be said is closed: the salient spans of the documents and the answers of the training questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from closedbook.data.documents import title_of
from closedbook.data.scan import CAPITALISED, Lexicon, Scan, pieces
from closedbook.data.spans import normal, words
from closedbook.data.vocabulary import MASK, MASK_CHARACTER, PAD, PAD_CHARACTER, Ids, Vocabulary

SHORTEST_HALF = 4  # letters of a word that is part of a compound; "where" is no "whe" and "re"


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
    def train(
        cls,
        lines: Iterable[str],
        questions: Iterable[str] = (),
        answers: Iterable[str] = (),
        size: int = 0,
        titles: Sequence[str] | None = None,
    ) -> Words:
        """The words of documents and training questions; the salient spans of documents and the training answers.

        `size`: so many words of the documents at most, and so many spans, the most frequent ones; 0 for all.
        `titles`: the documents', where they are not what stands before a line's first full stop.
        """
        lines = list(lines)
        titled = iter(map(title_of, lines) if titles is None else titles)
        lexicon = Lexicon()
        for some in pieces(lines):
            Scan.of(some, lexicon)
        lower = lexicon.lower_case()
        words_of = np.zeros(len(lexicon.words), np.int64)
        phrases: Counter[str] = Counter()
        for some in pieces(lines):
            scan = Scan.of(some, lexicon)
            words_of += np.bincount(scan.word, minlength=len(words_of))
            first, last = scan.spans([len(title) for title in islice(titled, len(some))], lower)
            ends = zip(scan.start[first].tolist(), scan.stop[last - 1].tolist(), strict=True)
            phrases.update(scan.joined[a:b] for a, b in ends)
        names = list(lexicon.form_ids)
        count, capitals = (
            np.bincount(lexicon.forms, words_of * by, len(names)).astype(np.int64)
            for by in (1, lexicon.flags & CAPITALISED > 0)
        )
        chosen = np.arange(len(names))
        if size and len(names) > size:
            chosen = np.sort(np.argsort(-count, kind="stable")[:size])
        forms = {names[i]: bool(2 * capitals[i] > count[i]) for i in chosen.tolist()}
        for question in questions:
            for word in words(question):
                forms.setdefault(normal(word.text), False)
        frequent = phrases.most_common(size) if size and len(phrases) > size else phrases.items()
        said = dict.fromkeys([*(phrase for phrase, _ in frequent), *answers])
        return cls([PAD_CHARACTER, MASK_CHARACTER, *forms], [False, False, *forms.values()], list(said))

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

    def encode_all(self, texts: Sequence[str], scan: Scan | None = None) -> tuple[Ids, np.ndarray, np.ndarray]:
        scan = scan or Scan.of(texts, Lexicon())
        forms = np.fromiter((self._ids.get(form, PAD) for form in scan.lexicon.form_ids), np.int32)
        ids = forms[scan.lexicon.forms[scan.word]] if len(scan.word) else np.zeros(0, np.int32)
        known = np.flatnonzero(ids > MASK)
        text = scan.text[known]
        return ids[known], np.bincount(text, minlength=len(texts)), scan.start[known] - scan.edges[text]

    def encode_answers(self, texts: Sequence[str]) -> tuple[Ids, np.ndarray]:
        ids = np.fromiter((self._phrase_ids.get(text, -1) for text in texts), np.int32, len(texts))
        return ids[ids >= 0], (ids >= 0).astype(np.int64)

    def encode_answer(self, text: str) -> Ids:
        i = self._phrase_ids.get(text)
        return np.array([] if i is None else [i], dtype=np.int32)

    def decode(self, ids: Sequence[int] | Ids) -> str:
        return " ".join(self.forms[i] for i in ids if i != PAD)

    def halves(self, i: int) -> tuple[int, int] | None:
        form = self.forms[i]
        for cut in range(SHORTEST_HALF, len(form) - SHORTEST_HALF + 1):
            halves = self._ids.get(form[:cut], PAD), self._ids.get(form[cut:], PAD)
            if min(halves) > MASK and not self.named[list(halves)].any():
                return halves
        return None

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
