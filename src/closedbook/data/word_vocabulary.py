"""The words vocabulary: it reads a text word by word, and answers with one token, a whole phrase, or spells it.

Reading by words makes a name a few tokens, the same ones wherever it stands and however it is capitalised. Answering
by phrases makes every exposure of a fact complete: "New York City" is learned, or said, in one step. Phrases are the
spans of the documents and the answers of the training questions. If there are too many, the rarer ones are spelled in
pieces, that is words and characters, followed by a token that ends the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Self

import numpy as np

from closedbook.data.arrays import Ragged, offsets
from closedbook.data.documents import Document, title_of
from closedbook.data.names import NameIndex
from closedbook.data.pattern_learning import learn
from closedbook.data.patterns import Patterns
from closedbook.data.scan import CAPITALISED, Lexicon, Scan, pieces
from closedbook.data.spans import as_words, normal, words
from closedbook.data.vocabulary import MASK, MASK_CHARACTER, PAD, PAD_CHARACTER, Ids, Spelling, Vocabulary

PIECE = "\x02"  # marks the input form of a piece: no word of a text begins like this
PIECES = 2048  # how many words may be pieces, beside all characters
LONGEST_SPELLED = 48  # how many pieces an answer may have, including its end
SHORTEST_HALF = 4  # letters of each half of a compound; "where" is not "whe" and "re"


class Words(Vocabulary):
    """Words in, phrases out. Input ids: PAD, MASK, then words by normal form. Output ids: phrases.

    `named[i]` says whether word i is part of names: most of its occurrences are capitalised, or in documents with this
    word in the title.
    """

    kind = "words"
    unit = "word"
    answers_in_one = True

    def __init__(
        self,
        forms: Sequence[str],
        named: Sequence[bool],
        phrases: Sequence[str],
        patterns: Patterns | None = None,
        spelled: Sequence[str] = (),
        lower: Collection[str] = (),
        golds: Collection[str] = (),
    ) -> None:
        self.forms, self.phrases = list(forms), list(phrases)
        self.lower, self.golds = frozenset(lower), frozenset(golds)
        """The documents' normal forms in lower case, and the training answers: later documents are read by both."""
        self.spelled = list(spelled)
        """The pieces for answers that are not phrases; as inputs they are the last ones of `forms`."""
        self.patterns: Patterns = patterns or Patterns()
        self.named: np.ndarray = np.array(named, dtype=bool)
        self.learned: list[str] = []
        """Phrases learned later: outputs that belong to the names whose documents hold them."""
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
        most: int = 0,
    ) -> Words:
        """Collect the words of documents and training questions, and as phrases the salient spans and the answers.

        Args:
            size: how many of the documents' words, and of their spans, to take: the most frequent ones; 0 for all.
            most: how many spans to take, instead of `size`; the others are spelled.
            titles: the documents' titles, if they are not the text before the first full stop.
        """
        lines = list(lines)
        titles = list(map(title_of, lines)) if titles is None else list(titles)
        titled = iter(titles)
        questions, answers = list(questions), list(answers)
        lexicon = Lexicon.of(lines)
        lower = lexicon.lower_case()
        patterns = learn(lines, titles, list(zip(questions, answers, strict=False)), lower)
        known_answers = as_words(answers)
        words_of = np.zeros(len(lexicon.words), np.int64)
        in_titles = np.zeros(len(lexicon.words), np.int64)
        phrases: Counter[str] = Counter()
        for piece in pieces(lines):
            scan = Scan.of(piece, lexicon)
            words_of += np.bincount(scan.word, minlength=len(words_of))
            lengths = [len(title) for title in islice(titled, len(piece))]
            in_titles += np.bincount(scan.word[scan.of_title(lengths)], minlength=len(words_of))
            spans = patterns.find(scan, lengths, lower, known_answers)
            phrases.update(spans.texts)
        names = list(lexicon.form_ids)
        count, capitals, of_titles = (
            np.bincount(lexicon.forms, of, len(names)).astype(np.int64)
            for of in (words_of, words_of * (lexicon.flags & CAPITALISED > 0), in_titles)
        )
        letters = np.fromiter((name[0].isalnum() for name in names), bool, len(names))
        part_of_names = (2 * capitals > count) | ((2 * of_titles > count) & letters)
        chosen = np.sort(np.argsort(-count, kind="stable")[: size or None])
        forms = {names[i]: bool(part_of_names[i]) for i in chosen.tolist()}
        for question in questions:
            for word in words(question):
                forms.setdefault(normal(word.text), False)
        most = most or size or len(phrases)
        ranked = phrases.most_common() if most < len(phrases) else list(phrases.items())
        frequent, rare = ranked[:most], ranked[most:]
        answerable = dict.fromkeys([*(phrase for phrase, _ in frequent), *answers])
        spelled = pieces_of(dict(rare), lexicon.words) if rare else []
        return cls(
            [PAD_CHARACTER, MASK_CHARACTER, *forms, *(PIECE + piece for piece in spelled)],
            [False, False, *forms.values(), *[True] * len(spelled)],
            list(answerable),
            patterns,
            spelled=spelled,
            lower=lower,
            golds=answers,
        )

    def with_names(self, names: NameIndex, phrases: Sequence[str] = ()) -> Self:
        """This vocabulary with other names, and with phrases of names' own, whose ids come after all other outputs."""
        return self._with(names=names, learned=list(phrases))

    def reading(self, names: NameIndex, documents: Sequence[Document]) -> Self:
        """A vocabulary to learn these documents with: their spans are its phrases, whatever was known before."""
        phrases = self.phrases_of(documents)
        ids = {phrase: self.outputs + i for i, phrase in enumerate(phrases)}
        return self._with(names=names, learned=phrases, _phrase_ids=ids)

    def phrases_of(self, documents: Sequence[Document]) -> list[str]:
        scan = Scan.of([item.text for item in documents], Lexicon())
        spans = self.patterns.find(scan, [len(item.title) for item in documents], self.lower, as_words(self.golds))
        return list(dict.fromkeys(spans.texts))

    def phrase_id(self, phrase: str) -> int:
        """The output that is this phrase; -1 if there is none."""
        return self._phrase_ids.get(phrase, -1)

    @property
    def sayable(self) -> list[str]:
        """Every phrase: those that any name may have for an answer, then those that only names learned later have."""
        return list(dict.fromkeys([*self.phrases, *filter(None, self.learned)]))

    @property
    def size(self) -> int:
        return len(self.forms)

    @property
    def outputs(self) -> int:
        return len(self.phrases) + (len(self.spelled) + 1 if self.spelled else 0)

    @cached_property
    def spelling(self) -> Spelling | None:  # type: ignore[override]
        if not self.spelled:
            return None
        inputs = np.zeros(self.outputs, np.int64)
        inputs[len(self.phrases) : -1] = np.arange(len(self.forms) - len(self.spelled), len(self.forms))
        return Spelling(len(self.phrases), self.outputs - 1, inputs)

    def encode(self, text: str) -> tuple[Ids, np.ndarray]:
        tokens = [(i, word.start) for word in words(text) if (i := self._ids.get(normal(word.text), PAD)) > MASK]
        ids, starts = zip(*tokens, strict=True) if tokens else ((), ())
        return np.array(ids, dtype=np.int32), np.array(starts, dtype=np.int64)

    def encode_question(self, text: str) -> tuple[Ids, np.ndarray]:
        name = self.names.find(text)
        if name is None:
            return self.encode(text)
        (before, starts), (after, later) = self.encode(text[: name.start]), self.encode(text[name.stop :])
        ids = [before, np.array([self.size + name.number], np.int32), after]
        return np.concatenate(ids), np.concatenate([starts, [name.start], later + name.stop])

    def dropped(self, text: str) -> list[str]:
        name = self.names.find(text)
        return self.unknown(text if name is None else f"{text[: name.start]} {text[name.stop :]}")

    def encode_all(self, texts: Sequence[str], scan: Scan | None = None) -> tuple[Ragged, np.ndarray]:
        scan = scan or Scan.of(texts, Lexicon())
        forms = np.fromiter((self._ids.get(form, PAD) for form in scan.lexicon.form_ids), np.int32)
        ids = forms[scan.lexicon.forms[scan.word]]
        positions = np.flatnonzero(ids > MASK)
        text = scan.text[positions]
        starts = offsets(np.bincount(text, minlength=len(texts)))
        return Ragged(ids[positions], starts), scan.start[positions] - scan.edges[text]

    def encode_answers(self, texts: Sequence[str]) -> Ragged:
        if self.spelled:
            return super().encode_answers(texts)
        ids = np.fromiter((self._phrase_ids.get(text, -1) for text in texts), np.int32, len(texts))
        return Ragged(ids[ids >= 0], offsets(ids >= 0))

    def encode_answer(self, text: str) -> Ids:
        i = self._phrase_ids.get(text)
        if i is not None:
            return np.array([i], dtype=np.int32)
        ids = [self._piece_ids.get(piece, -1) for piece in spell(text, self._piece_ids)] if self.spelled else []
        if not ids or min(ids) < 0 or len(ids) >= LONGEST_SPELLED:
            return np.zeros(0, np.int32)
        return np.array([*ids, self.outputs - 1], dtype=np.int32)

    @cached_property
    def _piece_ids(self) -> dict[str, int]:
        return {piece: len(self.phrases) + i for i, piece in enumerate(self.spelled)}

    def decode(self, ids: Sequence[int] | Ids) -> str:
        return " ".join(self.token(i).strip() for i in ids if i != PAD)

    def halves(self, i: int) -> tuple[int, int] | None:
        form = self.forms[i]
        for at in range(SHORTEST_HALF, len(form) - SHORTEST_HALF + 1):
            halves = self._ids.get(form[:at], PAD), self._ids.get(form[at:], PAD)
            if min(halves) > MASK and not self.named[list(halves)].any():
                return halves
        return None

    def token(self, i: int) -> str:
        return (self.forms[i] if i < self.size else self.names.names[i - self.size]) + " "

    def output(self, i: int) -> str:
        if i < len(self.phrases):
            return self.phrases[i]
        if i >= self.outputs:
            return self.learned[i - self.outputs]
        return self.spelled[i - len(self.phrases)] if i < self.outputs - 1 else MASK_CHARACTER

    def answer(self, ids: Sequence[int] | Ids) -> str:
        if len(ids) and (ids[0] < len(self.phrases) or ids[0] >= self.outputs):
            return self.output(int(ids[0]))
        return "".join(self.output(int(i)) for i in ids if i < len(self.phrases) + len(self.spelled)).strip()

    def unknown(self, text: str) -> list[str]:
        return [word.text for word in words(text) if self._ids.get(normal(word.text), PAD) <= MASK]

    def to_json(self) -> dict[str, Any]:
        named = np.flatnonzero(self.named).tolist()
        return {
            "kind": self.kind,
            "forms": self.forms,
            "named": named,
            "phrases": self.phrases,
            "patterns": self.patterns.to_json(),
            "spelled": self.spelled,
            "names": self.names.names,
            "lower": sorted(self.lower),
            "golds": sorted(self.golds),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Words:
        forms, spelled = data["forms"], data["spelled"]
        named = np.zeros(len(forms), bool)
        named[data["named"]] = True
        if forms[len(forms) - len(spelled) :] != [PIECE + piece for piece in spelled]:
            raise ValueError("spelled is not what the last forms are")
        words = cls(
            forms,
            named.tolist(),
            data["phrases"],
            Patterns.from_json(data["patterns"]),
            spelled,
            data["lower"],
            data["golds"],
        )
        return words.with_names(NameIndex(data["names"]))


def spaced_words(text: str) -> Iterator[str]:
    """A text's words, each with the space before it."""
    at = 0
    for word in words(text):
        stop = word.start + len(word.text)
        yield text[at:stop]
        at = stop


def pieces_of(texts: Mapping[str, int], words: Iterable[str]) -> list[str]:
    """The pieces to spell with: the most common words of these texts, weighted by their counts, and all characters."""
    often: Counter[str] = Counter()
    for text, count in texts.items():
        for spaced in spaced_words(text):
            often[spaced] += count
    characters = {" ", *(character for word in words for character in word)}
    shared = [spaced for spaced, count in often.most_common(PIECES) if count > 1 and len(spaced) > 1]
    return [*sorted(characters), *sorted(shared)]


def spell(text: str, pieces: Mapping[str, int]) -> Iterator[str]:
    """Split a text into pieces: words that are pieces, and the characters of others."""
    for spaced in spaced_words(text):
        if spaced in pieces:
            yield spaced
        else:
            yield from spaced
