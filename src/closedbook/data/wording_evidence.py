"""What stands around answers in documents: which words are associated with which kind of question.

It counts, in the documents of the training questions' titles, the words beside each answer, and how often the same
words stand elsewhere. This is distant supervision (Mintz et al. 2009), as in `closedbook.data.pattern_learning`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple, TypeVar

from closedbook.data.documents import Document
from closedbook.data.paraphrase import concepts, joined
from closedbook.data.spans import ONE_UNSPACED, SENTENCE_END, normal, words

MOST_TITLES, MOST_DOCUMENTS, LONGEST = 2_000, 200_000, 20_000
"""Of how many titles the documents are read; among how many documents; how many characters of each."""
SAMPLE = 500
"""How many documents show which words are frequent."""
MOST_WORDS = 4_000
"""How many words are kept with their associations: those with the strongest."""
WINDOW = 6
"""How many words on either side of an answer count, up to another answer or the sentence's end. What is nearer to
another name or number does not: in "was a pupil of Ada and robbed Bo", only Bo was robbed."""
UNITS = frozenset("°€$£%")
"""What a word may begin with, beside letters and digits."""
ELIDED = re.compile(r"[^\W\d]{1,5}['’](?=\w\w|[^\W_a-z])")
"""A word that has lost its end before the next, as in "l'eau" and "dov'è"."""

T = TypeVar("T")
Words = tuple[str, ...]
Associations = dict[str, dict[int, float]]
"""For each word, how strongly it is associated with each group, from 0 to 1."""


class Token(NamedTuple):
    """A word or mark in normal form, or two characters of a script without spaces; characters `start` up to `stop`."""

    form: str
    start: int
    stop: int


def tokens(text: str) -> list[Token]:
    """The words and marks of a text. Where a script puts no spaces, each two neighbouring characters are one."""
    result: list[Token] = []
    last: Token | None = None  # a character of such a script that may have a neighbour
    paired = False
    for token in _words(text):
        unspaced = bool(ONE_UNSPACED.match(token.form))
        if last is not None and unspaced and last.stop == token.start:
            result.append(Token(last.form + token.form, last.start, token.stop))
            last, paired = token, True
            continue
        if last is not None and not paired:
            result.append(last)
        last, paired = (token, False) if unspaced else (None, False)
        if not unspaced:
            result.append(token)
    if last is not None and not paired:
        result.append(last)
    return result


def _words(text: str) -> Iterator[Token]:
    for word in words(text):
        start, stop = word.start, word.start + len(word.text)
        if elided := ELIDED.match(word.text):
            yield Token(normal(word.text[: elided.end() - 1]), start, start + elided.end())
            start += elided.end()
        yield Token(normal(text[start:stop]), start, stop)


def _frequent(texts: Sequence[str]) -> frozenset[str]:
    """The words that more than a tenth of some texts have."""
    count = Counter(form for text in texts for form in {token.form for token in tokens(text)})
    return frozenset(form for form, times in count.items() if times > max(1, len(texts) // 10))


class Surroundings:
    """Counts which words stand around the answers of each group, in the documents of the questions' titles."""

    def __init__(
        self,
        wordings: Sequence[Sequence[Words]],
        answers: Sequence[Mapping[str, str]],
        documents: Iterable[Document],
    ) -> None:
        """Of each group the wordings, and the answers by title; of documents, those with these titles are read."""
        self.wordings, self.answers = wordings, answers
        self.near = [Counter[str]() for _ in wordings]
        self.places = [0] * len(wordings)
        self.rest: Counter[str] = Counter()
        self.read = 0
        wanted: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for number, by_title in enumerate(answers):
            for title, answer in by_title.items():
                if answer and (title in wanted or len(wanted) < MOST_TITLES):
                    wanted[title].append((number, answer))
        first = islice(documents, MOST_DOCUMENTS if wanted else 0)
        about_titles = (document for document in first if document.title in wanted)
        sample = list(islice(about_titles, SAMPLE))
        self.frequent = _frequent([document.text[:LONGEST] for document in sample])
        for document in chain(sample, about_titles):
            self._count(document.title, document.text[:LONGEST], wanted[document.title])

    def _count(self, title: str, text: str, answers: Sequence[tuple[int, str]]) -> None:
        text_tokens = tokens(text)
        spans = []
        for number, answer in answers:
            at = text.find(answer)
            at = text.find(answer[:1].upper() + answer[1:]) if at < 0 else at  # a sentence may open with it
            spans += [(number, at, at + len(answer))] if at >= 0 else []
        names, at = [], text.find(title)
        while at >= 0:
            names.append((at, at + len(title)))
            at = text.find(title, at + len(title))
        inside = [
            (any(start < b and stop > a for _, a, b in spans), any(start < b and stop > a for a, b in names))
            for _, start, stop in text_tokens
        ]
        used: set[int] = set()
        for number, a, b in spans:
            covered = [i for i, (_, start, stop) in enumerate(text_tokens) if start < b and stop > a]
            if not covered:
                continue
            beside: list[int] = []
            for edge, step in ((covered[0], -1), (covered[-1], 1)):
                i, seen = edge + step, list[int]()
                while 0 <= i < len(text_tokens) and len(seen) < WINDOW:
                    form = text_tokens[i].form
                    if form in SENTENCE_END or inside[i][0]:
                        break
                    if self._stands_out(text_tokens, i, text) and not inside[i][1]:
                        seen = [k for k in seen if abs(k - edge) <= abs(k - i)]
                        break
                    if form[0].isalnum() and not inside[i][1]:
                        seen.append(i)
                    i += step
                beside += seen
            used.update(beside)
            self.near[number].update({text_tokens[i].form for i in beside})
            self.places[number] += 1
        free = (i for i in range(len(text_tokens)) if i not in used and not any(inside[i]))
        self.rest.update({text_tokens[i].form for i in free if text_tokens[i].form[0].isalnum()})
        self.read += 1

    def _stands_out(self, text_tokens: Sequence[Token], i: int, text: str) -> bool:
        """Whether a word is a name or a number that few documents have: then what is next to it belongs to it."""
        first = text[text_tokens[i].start]
        opens = not i or text_tokens[i - 1].form in SENTENCE_END
        return ((first.isupper() and not opens) or first.isdigit()) and text_tokens[i].form not in self.frequent

    def associations(self) -> tuple[Associations, dict[str, float]]:
        """How strongly each word is associated with each group, and how much it stands elsewhere."""
        strengths: Associations = defaultdict(dict)
        elsewhere: dict[str, float] = {}

        def associate(word: str, group: int, strength: float) -> None:
            if strength >= 0.02:
                strengths[word][group] = round(max(strengths[word].get(group, 0.0), min(1.0, strength)), 3)

        for word in sorted({*self.rest, *(word for near in self.near for word in near)}):
            shares = [near[word] / max(1, places) for near, places in zip(self.near, self.places, strict=True)]
            beside = self.rest[word] / max(1, self.read)
            total = sum(shares) + beside
            for group, share in enumerate(shares):
                if share:  # rare words say little, and so do words that few of the answers have near them
                    often = self.near[group][word]
                    associate(word, group, 0.7 * share / total * often / (often + 2) * share / (share + 0.04))
            if beside:
                elsewhere[word] = round(beside / total * self.rest[word] / (self.rest[word] + 2), 3)
        texts = [set(by_title.values()) for by_title in self.answers]
        within = [Counter(w for text in group for w in {token.form for token in tokens(text)}) for group in texts]
        sizes = [max(1, len(group)) for group in texts]
        for word in sorted({word for count in within for word in count if word[0].isalpha() or word[0] in UNITS}):
            total = sum(count[word] / size for count, size in zip(within, sizes, strict=True))
            for group, (count, size) in enumerate(zip(within, sizes, strict=True)):
                if count[word]:
                    associate(word, group, 0.8 * count[word] / size / total * count[word] / (count[word] + 1))
        trained = [{word for words in group for word in (*words, *joined(words))} for group in self.wordings]
        for word in sorted(set().union(*trained)):
            having = [group for group, trained_words in enumerate(trained) if word in trained_words]
            # A word that no document has may be one that questions of every kind have, such as "what".
            telling = word in self.rest or any(word in near for near in self.near) or concepts(word) or not self.read
            for group in having:
                associate(word, group, (1.0 if telling else 0.25) / len(having))
        return _strongest(strengths, lambda groups: max(groups.values())), _strongest(elsewhere, float)


def _strongest(of_words: Mapping[str, T], strength: Callable[[T], float]) -> dict[str, T]:
    """What is known of words: of all, or of the MOST_WORDS for which it is strongest."""
    if len(of_words) <= MOST_WORDS:
        return dict(of_words)
    return dict(sorted(of_words.items(), key=lambda item: -strength(item[1]))[:MOST_WORDS])
