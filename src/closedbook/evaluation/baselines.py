"""Baselines for a closed-book model: answers that need no knowledge, and readers that may look at the documents."""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from closedbook.data.documents import Document, Documents
from closedbook.data.passages import EMPTY, INSIDE, MONTHS, Library, Page, TextSpan, asked_words, near
from closedbook.data.questions import Questions, most_common_answer
from closedbook.data.spans import ONE_UNSPACED, UNSPACED
from closedbook.errors import DataError
from closedbook.evaluation.learned_reader import MOST, LearnedReader
from closedbook.evaluation.score import Score, score, tally

MEASURED = re.compile(r"\bhow (?!(?:do|does|did|is|are|was|were|has|have|had|can|could|to|come)\b)\w+")
PREPOSITIONS = frozenset("at from in near of on".split())
UNIT_MARKS = frozenset("°%€$£¥′″")
SPACED_LETTER = re.compile(rf"[^\W{UNSPACED}]")
NO_UNITS = PREPOSITIONS | EMPTY | INSIDE


class Constant:
    """The same answer to every question."""

    name = "constant"

    def __init__(self, answer: str) -> None:
        if not answer.strip():
            raise DataError("the constant answer is empty; give a text, such as --answer London")
        self._answer = answer.strip()
        self.summary = f'always "{self._answer}"'

    def answer(self, question: str) -> str:
        return self._answer


class MostCommon(Constant):
    """The most frequent answer of the training questions; the alphabetically first of several."""

    name = "most-common"

    def __init__(self, train: Questions) -> None:
        super().__init__(most_common_answer(train.answers))
        self.summary = f'always the most common training answer, "{self._answer}"'


class RandomPlace:
    """A random name from the person's documents; each is equally likely.

    Names are the texts that are training answers or, if there are none, the capitalised runs without numbers, dates and
    the person's own name. The choice depends only on the seed and the question. Without a name the answer is empty.
    """

    name = "random-place"
    summary = "a random name from the named document"

    def __init__(self, library: Library, train: Questions | None = None, seed: int = 0) -> None:
        self._library, self._seed = library, seed
        self._known = frozenset(train.answers) if train is not None else frozenset()
        if train is not None:
            self.summary = "a random training answer out of those in the named document"

    def answer(self, question: str) -> str:
        pages = self._library.pages(question)
        candidates = [span.text for page in pages for span in page.candidates(self._known)]
        names = [text for text in candidates if text in self._known]
        names = names or [span.text for page in pages for span in page.names]
        return Random(f"{self._seed}\0{question}").choice(sorted(set(names))) if names else ""


class RuleReader:
    """Finds the person's document by its title and the answer by a rule, without learning from answered questions.

    The answer is the first name after a word of the question ("born") in the same sentence. Names that follow a
    preposition or a date are preferred: "born to Anna Berg in Oslo", "(born 3 May 1950, Oslo)". If no word of the
    question is in the document, the answer is the first name after a preposition or date, as in "(3 May 1950 in Oslo –
    1 June 2001)", or else the first name of all. A question with "when" or "year" gets the first year instead, and one
    with "how" before a measure ("how old") the first quantity. Of several documents with the title, the first one in
    which a word of the question leads to an answer decides.
    """

    name = "rule-reader"
    summary = "open book: the first name after a word of the question in the named document"

    def __init__(self, library: Library) -> None:
        self._library = library

    def answer(self, question: str) -> str:
        """The answer; empty if no document has the title, or if it has no candidate."""
        wording = self._library.wording(question)
        pages = self._library.pages(question)
        find = _years if re.search(r"\b(when|year)\b", wording) else _quantities if MEASURED.search(wording) else _names
        for page in pages:
            spans, stops = find(page), [i for i, token in enumerate(page.tokens) if token == "."]
            starts = [span.start for span in spans]
            for place in near(page, asked_words(wording)):
                stop = stops[number] if (number := bisect_left(stops, place)) < len(stops) else len(page.tokens)
                after = spans[bisect_right(starts, place) : bisect_left(starts, stop)]
                if after:
                    lead = (span for span in after if find is not _quantities and _led_in(page, span))
                    return next(lead, after[0]).text
        spans_of_pages = [(page, span) for page in pages for span in find(page)]
        led = (span.text for page, span in spans_of_pages if _led_in(page, span))
        return next(led, spans_of_pages[0][1].text if spans_of_pages else "")


Baseline = Constant | RandomPlace | RuleReader | LearnedReader


def _names(page: Page) -> list[TextSpan]:
    return [span for span in page.names if span.text not in MONTHS]


def _years(page: Page) -> list[TextSpan]:
    return [page.span(i, i + 1) for i, token in enumerate(page.tokens) if re.fullmatch(r"\d{4}", token)]


def _quantities(page: Page) -> list[TextSpan]:
    """Numbers, each with the unit after it: a mark such as "°", or a short word."""
    quantities = []
    for start, stop in page.numbers:
        end = stop
        while end < len(page.tokens) and page.tokens[end] in UNIT_MARKS:
            end += 1
        unit = page.tokens[end] if end < len(page.tokens) else ""
        if unit[:1].isalpha() and (end > stop or (len(unit) < 4 and unit not in NO_UNITS)):
            end += 1
            while end + 1 < len(page.tokens) and page.tokens[end] == "/" and page.tokens[end + 1][:1].isalpha():
                end += 2
        quantities.append(page.span(start, max(end, stop)))
    return quantities


def _led_in(page: Page, span: TextSpan) -> bool:
    """Whether the span follows a preposition, directly or after one word, or a number, directly or after a comma."""
    second, first = ["", "", *(token.lower() for token in page.tokens[max(0, span.start - 2) : span.start])][-2:]
    if first in (",", ";"):
        return second[:1].isdigit()
    return first[:1].isdigit() or first in PREPOSITIONS or (second in PREPOSITIONS and first[:1].isalpha())


def stands_in(answer: str, documents: Iterable[Document]) -> bool:
    """Whether a text occurs in one of the documents as whole words: "Van" does not occur in "Vancouver"."""
    pattern = WholeWords(answer)
    return any(answer[1:] in document.text and pattern.search(document.text) for document in documents)


class WholeWords:
    """Finds a text as whole words, also with the capital of a sentence's start; never an empty text.

    Numbers are found as a whole too: neither "538" nor "1" is found in "1,538", nor "71" in " -71". Where a script puts
    no spaces, as in "生于北京，", a text may stand anywhere.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _spaced(self) -> tuple[bool, bool]:
        """Whether no letter may stand before it, and behind it."""
        return ONE_UNSPACED.match(self.text[0]) is None, ONE_UNSPACED.match(self.text[-1]) is None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """What it looks like, but for the letters beside it: with these it would take milliseconds to make."""
        text = self.text
        before = r"(?<!\d[.,])(?<!\s[-−])(?<!\([-−])" if text[0].isdigit() else ""
        after = r"(?![.,]\d)" if text[-1].isdigit() else ""
        first = f"[{text[0]}{text[0].upper()}]" if text[0].islower() else re.escape(text[0])
        return re.compile(f"{before}{first}{re.escape(text[1:])}{after}")

    def search(self, text: str, start: int = 0) -> re.Match[str] | None:
        """The first place from `start` on."""
        while self.text and (match := self._pattern.search(text, start)):
            first, last = match.span()
            beside = text[max(0, first - 1) : first], text[last : last + 1]
            if not any(spaced and SPACED_LETTER.match(c) for spaced, c in zip(self._spaced, beside, strict=True)):
                return match
            start = first + 1
        return None

    def count(self, text: str) -> int:
        """How often it stands in a text."""
        found, match = 0, self.search(text)
        while match is not None:
            found, match = found + 1, self.search(text, match.end())
        return found


@dataclass(frozen=True)
class Result:
    """The result of one baseline. `answers` is in the questions' order, and empty for the ceiling."""

    name: str
    summary: str
    score: Score
    seconds: float  # for all answers, without preparation
    training_seconds: float = 0.0
    answers: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "summary": self.summary,
            **self.score.to_json(),
            "seconds": round(self.seconds, 3),
            "training_seconds": round(self.training_seconds, 3),
        }


def run_baselines(
    questions: Questions,
    *,
    documents: Documents | None = None,
    train: Questions | None = None,
    answer: str | None = None,
    seed: int = 0,
    most: int = MOST,
    learned: bool = True,
    sayable: Callable[[str], bool] | None = None,
    progress: Callable[[str], None] = lambda name: None,
) -> list[Result]:
    """Answer `questions` with every baseline that the arguments allow, from the simplest to the ceiling.

    Args:
        answer: for the constant.
        train: for the most common answer.
        documents: for a random place, the rule reader and the ceiling; with `train` also for the learned reader.
        most: how many questions the learned reader learns from at most.
        learned: False to skip the learned reader, which takes minutes.
        sayable: whether a model can say an answer; the ceiling counts only such answers.
        progress: called with each baseline's name before it starts.

    Raises DataError if there is nothing to answer from, the constant is empty, `most` is below 1, or `train` has no
    answers.
    """
    if most < 1:
        raise DataError(f"{most} training questions are too few to learn from; give 1 or more")
    library = Library(documents) if documents is not None else None
    makers: dict[str, Callable[[], Baseline]] = {}
    if answer is not None:
        makers["constant"] = lambda: Constant(answer)
    if train is not None:
        makers["most-common"] = lambda: MostCommon(train)
    if library is not None:
        makers["random-place"] = lambda: RandomPlace(library, train, seed)
        makers["rule-reader"] = lambda: RuleReader(library)
    if library is not None and train is not None and learned:
        makers["learned-reader"] = lambda: LearnedReader(library, train, most)
    if not makers:
        raise DataError(
            "a baseline needs something to answer from; give --answer TEXT, --train QUESTIONS, --documents FILE, or all"
        )
    results = []
    for name, make in makers.items():
        progress(name)
        results.append(_run(make(), questions))
    return [*results, ceiling(library, questions, sayable)] if library is not None else results


def ceiling(library: Library, questions: Questions, sayable: Callable[[str], bool] | None = None) -> Result:
    """The share of questions whose answer occurs in the person's documents: no reader can exceed it.

    With `sayable`, an answer counts only if a model can say it.
    """
    began = time.perf_counter()
    scored = Score(None, len(questions))
    if questions.answered:
        reached = []
        for text, accepted in zip(questions.texts, questions.accepted, strict=True):
            documents = [page.document for page in library.pages(text)]
            golds = [gold for gold in accepted if sayable is None or sayable(gold)]
            reached.append(any(stands_in(gold, documents) for gold in golds))
        scored = tally(reached)
    summary = "the answer stands in the named document at all"
    if sayable is not None:
        summary += ", and the model can say it"
    return Result("ceiling", summary, scored, time.perf_counter() - began)


def _run(baseline: Baseline, questions: Questions) -> Result:
    began = time.perf_counter()
    answers = tuple(baseline.answer(text) for text in questions.texts)
    seconds = time.perf_counter() - began
    trained = getattr(baseline, "training_seconds", 0.0)
    return Result(baseline.name, baseline.summary, score(answers, questions), seconds, trained, answers)
