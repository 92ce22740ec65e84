"""What the learned reader knows of a span of a document: the words around it, and how often its text was an answer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate

from closedbook.data.passages import LONGEST, WORD_OR_MARK, Library, Page, TextSpan, asked_words, kind, near, shape
from closedbook.data.questions import Question, Questions, most_common_answer

WORDINGS = 1_000  # the most common wordings, with which others are compared
REMEMBERED = 100_000  # size of the cache of other wordings
FEWEST_SHAPED, SHARE_SHAPED = 2, 0.02  # so many answers have a shape before it is looked for


@dataclass(frozen=True)
class Candidate:
    page: _View
    span: TextSpan


class Features:
    """Turns questions into candidates, and candidates into features, using the training questions' answers.

    For a training question its own answer is left out, so that its features are like those of a new question.
    """

    def __init__(self, library: Library, train: Questions) -> None:
        self._library = library
        # Without a title in the question, the name cannot be separated from the wording.
        named = [text for text in train.texts if library.person(text)] or train.texts
        self._answers: dict[str, Counter[str]] = {library.wording(text): Counter() for text in named}  # by wording
        often = dict(Counter(library.wording(text) for text in named).most_common(WORDINGS))
        self._common = {w: (set(w.split()), asked_words(w)) for w in self._answers if w in often}
        self._alike: dict[str, str] = {}  # the most similar of these, for other wordings
        for text, answer in zip(train.texts, train.answers, strict=True):
            self._answers[self.wording(text)][answer] += 1
        longest = max(len(WORD_OR_MARK.findall(answer)) for answer in train.answers)
        self._longest = min(LONGEST, longest)  # tokens of a known answer
        self._shapes = self._learned_shapes(train)
        self._standing: dict[str, Counter[str]] = {wording: Counter() for wording in self._answers}
        for question in train.items:  # by wording: in how many questions' documents each text is a candidate
            texts = {candidate.span.text for candidate in self.candidates(question)}
            self._standing[self.wording(question.text)].update(texts)

    def _learned_shapes(self, train: Questions) -> frozenset[tuple[str, ...]]:
        """The shapes of answers that are not capitalised runs, such as decimals with a unit, or sentences.

        A shape counts if at least FEWEST_SHAPED answers, and SHARE_SHAPED of all, have it and are in their documents.
        """
        counts: Counter[tuple[str, ...]] = Counter()
        for text, answer in zip(train.texts, train.answers, strict=True):
            pages = self._library.pages(text)
            if not any(span.text == answer for page in pages for span in page.candidates()):
                counts[shape(answer)] += any(answer in page.document.text for page in pages)
        fewest = max(FEWEST_SHAPED, SHARE_SHAPED * len(train))
        return frozenset(shape for shape, count in counts.items() if count >= fewest)

    def wording(self, question: str) -> str:
        """The question's wording, or the trained one that shares most with it: content words first, then any words."""
        wording = self._library.wording(question)
        if wording in self._answers:
            return wording
        if wording not in self._alike:
            mine, about = set(wording.split()), asked_words(wording)

            def likeness(other: str) -> tuple[int, float]:
                theirs, theirs_about = self._common[other]
                return len(about & theirs_about), len(mine & theirs) / len(mine | theirs)

            if len(self._alike) >= REMEMBERED:
                self._alike.clear()
            self._alike[wording] = max(self._common, key=likeness)
        return self._alike[wording]

    def usual(self, question: str) -> str:
        return most_common_answer(list(self._answers[self.wording(question)].elements()))

    def candidates(self, question: Question) -> list[Candidate]:
        wording = self.wording(question.text)
        answers = self._answers[wording]
        known_answers: Collection[str] = answers
        if question.answer is not None and answers[question.answer] == 1:
            known_answers = answers.keys() - {question.answer}
        question_words = asked_words(self._library.wording(question.text))
        views = [_View(page, question_words) for page in self._library.pages(question.text)]
        limits = known_answers, self._longest, self._shapes
        return [Candidate(view, span) for view in views for span in view.page.candidates(*limits)]

    def features(self, question: Question, candidates: Sequence[Candidate]) -> list[list[str]]:
        wording = self.wording(question.text)
        own = int(question.answer is not None)
        familiar = {}
        for text in {candidate.span.text for candidate in candidates}:
            right = self._answers[wording][text] - (question.answer == text)
            familiar[text] = _familiarity(right, self._standing[wording][text] - own)
        rows = [[*familiar[c.span.text], *c.page.features(c.span, familiar[c.span.text][0])] for c in candidates]
        if len(self._answers) > 1:  # several things are asked: weights of their own beside the shared ones
            rows = [row + [f"{wording} | {feature}" for feature in row] for row in rows]
        return rows


def _familiarity(right: int, standing: int) -> list[str]:
    """Features for how often a text was right, among the other training questions with the text in their documents."""
    if standing <= 0:
        return ["new"]
    times = "0" if right == 0 else "1" if right == 1 else "2-3" if right < 4 else "4-9" if right < 10 else "10+"
    sure = "1" if standing == 1 else "2-4" if standing < 5 else "5+"
    return [f"right {times}", f"share {int(5 * (right + 0.2) / (standing + 1))} of {sure}"]


class _View:
    """A page with what features need, for one wording. Counts are cumulative, so that a range takes a subtraction."""

    def __init__(self, page: Page, question_words: frozenset[str]) -> None:
        self.page = page
        tokens = page.tokens
        own = [token in page.title_words and token[0].isupper() for token in tokens]
        self.kinds = ["NAME" if o else kind(token) for o, token in zip(own, tokens, strict=True)]
        self.words = [t.lower() if k == "Aa" else k for k, t in zip(self.kinds, tokens, strict=True)]
        self.asked = near(page, question_words)
        self.run = {i: (r, *edges) for r, edges in enumerate(page.runs) for i in range(*edges)}
        # Padded on both sides, so that every span has three neighbours.
        self.padded_words = ["<"] * 3 + self.words + [">"] * 3
        self.padded_kinds = ["<"] * 3 + self.kinds + [">"] * 3
        self.stops = [0, *accumulate(int(token == ".") for token in tokens)]
        self.closed = [0, *accumulate(int(token == ")") for token in tokens)]
        self.small = [i for i, token in enumerate(tokens) if token[0].islower()]
        self.capitals = [i for i, _ in page.runs if tokens[i][0].isupper()]
        self.places: dict[str, list[int]] = {}  # of each small token
        for i in self.small:
            self.places.setdefault(tokens[i], []).append(i)

    def features(self, span: TextSpan, familiar: str) -> list[str]:
        tokens, start, stop = self.page.tokens, span.start, span.stop
        third, second, before = self.padded_words[start : start + 3]
        after, then = self.padded_words[stop + 3 : stop + 5]
        left, right = self.padded_kinds[start : start + 3], self.padded_kinds[stop + 3 : stop + 6]
        around = " ".join([*left[1:], "…", *right[:2]])
        run, first, last = self.run.get(start, (4, start, stop))
        features = [
            *(f"-1 {before}", f"-2 {second}", f"-3 {third}", f"-2-1 {second} {before}", f"-1+1 {before} {after}"),
            *(f"+1 {after}", f"+2 {then}", f"+1+2 {after} {then}"),
            *(f"left {' '.join(left)}", f"right {' '.join(right)}", f"around {around}"),
            *(f"{familiar} -1 {before}", f"{familiar} +1 {after}", f"{familiar} of {stop - start}"),
            *(f"kinds {' '.join(self.kinds[start:stop])}", f"first {tokens[start].lower()}"),
            *(f"last {tokens[stop - 1].lower()}", f"ending {tokens[stop - 1][-3:].lower()}"),
            *(f"run {_few(run)}", f"whole {first == start} {last == stop}"),
            f"sentence {_few(self.stops[start])}",
        ]
        asked_before = bisect_left(self.asked, start)
        if not asked_before:
            features += [f"unasked run {_few(run)}", f"unasked {before} {after}", f"unasked {around}"]
            return [*features, f"asked later {bool(self.asked)}"]
        last_asked = self.asked[asked_before - 1]
        smalls = _between(self.small, last_asked, start)
        names = len(_between(self.capitals, last_asked, start))
        again = len(_between(self.places.get(before, []), last_asked, start))
        stops, closed = self.stops[start] - self.stops[last_asked + 1], self.closed[start] - self.closed[last_asked + 1]
        small = [tokens[self.small[i]] for i in smalls[-3:]]
        return [
            *features,
            *(
                f"asked {self.words[last_asked]}",
                f"way {' '.join(self.kinds[last_asked + 1 : min(start, last_asked + 9)])}",
            ),
            *(f"far {_few((start - last_asked - 1) // 3)}", f"small {' '.join(small)}", f"smalls {_few(len(smalls))}"),
            *(f"names {_few(names)} -1 {before}", f"again {_few(again)} {before}"),
            f"names {_few(names)} stops {stops} closed {closed}",
        ]


def _between(places: Sequence[int], first: int, last: int) -> range:
    """The indices of the sorted `places` that lie between `first` and `last`."""
    return range(bisect_right(places, first), bisect_left(places, last))


def _few(number: int) -> str:
    return str(min(number, 4))
