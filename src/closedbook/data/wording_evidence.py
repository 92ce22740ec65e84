"""What stands around answers in documents: which words tell which kind of question is meant.

It counts, in the documents of the training questions' titles, the words beside each answer, and how often the same
words stand elsewhere. This is distant supervision (Mintz et al. 2009), as in `closedbook.data.pattern_learning`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from closedbook.data.documents import Document
from closedbook.data.paraphrase import concepts, joined
from closedbook.data.spans import ONE_UNSPACED, SENTENCE_END, normal, words

MOST_TITLES, MOST_DOCUMENTS, LONGEST = 2_000, 200_000, 20_000
"""Of how many titles the documents are read; among how many documents; how many characters of each."""
SAMPLE = 500
"""How many documents show which words are frequent."""
MOST_WORDS = 4_000
"""Of how many words it is kept what they tell: those that tell most."""
WINDOW = 6
"""How many words on either side of an answer count, up to another answer or the sentence's end. What is nearer to
another name or number does not: in "was a pupil of Ada and robbed Bo", only Bo was robbed."""
UNITS = frozenset("°€$£%")
"""What a word may begin with, beside letters and digits."""
ELIDED = re.compile(r"[^\W\d]{1,5}['’](?=\w\w|[^\W_a-z])")
"""A word that has lost its end before the next, as in "l'eau" and "dov'è"."""

Words = tuple[str, ...]
Told = dict[str, dict[int, float]]
"""For each word, how strongly it tells each group, from 0 to 1."""


class Token(NamedTuple):
    """A word or mark in normal form, or two characters of a script without spaces; characters `start` up to `stop`."""

    form: str
    start: int
    stop: int


def tokens(text: str) -> list[Token]:
    """The words and marks of a text. Where a script puts no spaces, each two neighbouring characters are one."""
    found: list[Token] = []
    last: Token | None = None  # a character of such a script that may have a neighbour
    paired = False
    for token in _words(text):
        unspaced = bool(ONE_UNSPACED.match(token.form))
        if last is not None and unspaced and last.stop == token.start:
            found.append(Token(last.form + token.form, last.start, token.stop))
            last, paired = token, True
            continue
        if last is not None and not paired:
            found.append(last)
        last, paired = (token, False) if unspaced else (None, False)
        if not unspaced:
            found.append(token)
    if last is not None and not paired:
        found.append(last)
    return found


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
        for number, each in enumerate(answers):
            for title, answer in each.items():
                if answer and (title in wanted or len(wanted) < MOST_TITLES):
                    wanted[title].append((number, answer))
        read = islice(documents, MOST_DOCUMENTS if wanted else 0)
        theirs = (document for document in read if document.title in wanted)
        some = list(islice(theirs, SAMPLE))
        self.frequent = _frequent([document.text[:LONGEST] for document in some])
        for document in chain(some, theirs):
            self._count(document.title, document.text[:LONGEST], wanted[document.title])

    def _count(self, title: str, text: str, answers: Sequence[tuple[int, str]]) -> None:
        read = tokens(text)
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
            for _, start, stop in read
        ]
        used: set[int] = set()
        for number, a, b in spans:
            covered = [i for i, (_, start, stop) in enumerate(read) if start < b and stop > a]
            if not covered:
                continue
            beside: list[int] = []
            for edge, step in ((covered[0], -1), (covered[-1], 1)):
                i, seen = edge + step, list[int]()
                while 0 <= i < len(read) and len(seen) < WINDOW:
                    form = read[i].form
                    if form in SENTENCE_END or inside[i][0]:
                        break
                    if self._stands_out(read, i, text) and not inside[i][1]:
                        seen = [k for k in seen if abs(k - edge) <= abs(k - i)]
                        break
                    if form[0].isalnum() and not inside[i][1]:
                        seen.append(i)
                    i += step
                beside += seen
            used.update(beside)
            self.near[number].update({read[i].form for i in beside})
            self.places[number] += 1
        free = (i for i in range(len(read)) if i not in used and not any(inside[i]))
        self.rest.update({read[i].form for i in free if read[i].form[0].isalnum()})
        self.read += 1

    def _stands_out(self, read: Sequence[Token], i: int, text: str) -> bool:
        """Whether a word is a name or a number that few documents have: then what is next to it belongs to it."""
        first = text[read[i].start]
        opens = not i or read[i - 1].form in SENTENCE_END
        return ((first.isupper() and not opens) or first.isdigit()) and read[i].form not in self.frequent

    def told(self) -> tuple[Told, dict[str, float]]:
        """What each word tells about each group, and how much it stands elsewhere."""
        tells: Told = defaultdict(dict)
        elsewhere: dict[str, float] = {}

        def tell(word: str, group: int, strength: float) -> None:
            if strength >= 0.02:
                tells[word][group] = round(max(tells[word].get(group, 0.0), min(1.0, strength)), 3)

        for word in sorted({*self.rest, *(word for near in self.near for word in near)}):
            shares = [near[word] / max(1, places) for near, places in zip(self.near, self.places, strict=True)]
            beside = self.rest[word] / max(1, self.read)
            total = sum(shares) + beside
            for group, share in enumerate(shares):
                if share:  # rare words say little, and so do words that few of the answers have near them
                    often = self.near[group][word]
                    tell(word, group, 0.7 * share / total * often / (often + 2) * share / (share + 0.04))
            if beside:
                elsewhere[word] = round(beside / total * self.rest[word] / (self.rest[word] + 2), 3)
        own = [
            Counter(w for text in set(each.values()) for w in {token.form for token in tokens(text)})
            for each in self.answers
        ]
        sizes = [max(1, len(set(each.values()))) for each in self.answers]
        for word in sorted({word for each in own for word in each if word[0].isalpha() or word[0] in UNITS}):
            total = sum(each[word] / size for each, size in zip(own, sizes, strict=True))
            for group, (each, size) in enumerate(zip(own, sizes, strict=True)):
                if each[word]:
                    tell(word, group, 0.8 * each[word] / size / total * each[word] / (each[word] + 1))
        trained = [{word for one in group for word in (*one, *joined(one))} for group in self.wordings]
        for word in sorted(set().union(*trained)):
            having = [group for group, each in enumerate(trained) if word in each]
            # A word that no document has may be one that questions of every kind have, such as "what".
            known = word in self.rest or any(word in near for near in self.near) or concepts(word) or not self.read
            for group in having:
                tell(word, group, (1.0 if known else 0.25) / len(having))
        if len(tells) > MOST_WORDS:
            most = sorted(tells, key=lambda word: -max(tells[word].values()))[:MOST_WORDS]
            tells = defaultdict(dict, {word: tells[word] for word in most})
        if len(elsewhere) > MOST_WORDS:
            elsewhere = dict(sorted(elsewhere.items(), key=lambda item: -item[1])[:MOST_WORDS])
        return {word: told for word, told in tells.items() if told}, elsewhere
