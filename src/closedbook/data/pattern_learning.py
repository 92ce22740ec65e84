"""Learns from known answers where other answers stand and what they look like.

A training question names a title, and its answer stands somewhere in that title's documents. So the words around the
answer, and its shape, are looked for in all documents: "discovered by ⟨Jean de Marignac⟩ in", "⟨-71 °C⟩", "is a
⟨noble gas⟩ with". This is distant supervision (Mintz et al. 2009) with the patterns of Snowball (Agichtein and Gravano
2000). It needs no knowledge of a language: a place is two words before and one after. A pattern is kept if enough of
what it finds in the documents of the questions' titles is indeed an answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from closedbook.data.pattern_view import ANY, BEGIN, BREAKS, NAME, NUMBER, Place, Places, View
from closedbook.data.patterns import Patterns
from closedbook.data.questions import Titles, subject, without
from closedbook.data.scan import Lexicon, Scan
from closedbook.data.span_reader import FEWEST, SHARPNESS, CandidateSpans, Form, SpanReader
from closedbook.data.spans import SENTENCE_END, is_number, normal, uncapitalised, words

LONGEST_SHAPE = 40
LONGEST_PLACE = 60  # words of an answer that is found by what stands around it
MOST_DOCUMENTS = 20_000  # that patterns are learned from
MOST_CHARACTERS = 4 << 20  # of documents that the reader learns from
FOLDS, TRIED = 5, 100  # parts of the titles, of which so many are taken out that a reader is tried on these questions
FEWEST_TITLES, FEWEST_BY_ONE = 2, 4  # that a place is seen with; the same where one word before makes it
PRECISE, PRECISE_BY_ONE = 0.3, 0.6  # the share of answers among what a place finds, for the place to be kept
SHAPED = 0.1  # the same for a shape
FEWEST_NAMES, NAMES = 5, 0.9  # answers at a place, and the share of them that are names alone, for others to be none
TITLE_MARK = "\0"  # stands for the title in a question; no text holds it
NESTED = 0.05  # the share of a shape's spans that hold a smaller answer, for the smaller one to be asked for too

Left = tuple[str, str]
"""How a place is known: see `closedbook.data.pattern_view.Places`."""
Shape = tuple[str, ...]
TrainingAnswers = Mapping[str, Mapping[Form, Collection[str]]]
"""For each title, the forms of the questions that name it, and the answers to each."""


@dataclass
class _FormAnswers:
    """What the answers to one form of question are like, wherever they stand."""

    longest: int = 0
    broken: bool = False

    def add(self, text: Sequence[str]) -> None:
        self.longest = max(self.longest, len(text))
        self.broken |= not BREAKS.isdisjoint(text[:-1])


@dataclass
class _Behind:
    """What the answers that stand behind two words are like."""

    whole: bool = True
    answers: int = 0
    names: int = 0  # answers that are a name and nothing else
    begin: set[str] = field(default_factory=set)
    ends: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """For each word that follows an answer, how often which word stands behind it."""
    inside: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """The same for each word inside an answer."""

    def add(self, view: View, a: int, b: int, text: Sequence[str]) -> None:
        self.whole &= text[-1] in SENTENCE_END
        self.answers += 1
        self.names += view.is_name(a, b)
        self.begin.add(view.beginning(a))
        for i in range(a + 1, b + 1):
            word, following = view.following(i)
            (self.inside if i < b else self.ends)[word][following] += 1

    def place(self, after: Iterable[str], of_forms: Sequence[_FormAnswers]) -> Place:
        """Where such answers end, if they end before one of the words `after`.

        `of_forms` tells of all answers to the questions that are answered here, as few may stand behind these words.
        """
        longest = max(answers.longest for answers in of_forms)
        pairs = [_end_or_inside(word, self.ends[word], self.inside[word]) for word in sorted(after)]
        return Place(
            longest=min(LONGEST_PLACE, longest + longest // 2 + 2),
            after=frozenset().union(*(ending for ending, _ in pairs)),
            broken=any(answers.broken for answers in of_forms),
            begin=frozenset(self.begin),
            whole=self.whole,
            names=self.answers >= FEWEST_NAMES and self.names >= NAMES * self.answers,
            inside=frozenset().union(*(going_on for _, going_on in pairs)),
        )


@dataclass
class _Answers:
    """Where the answers of the training questions stand in the documents of their titles."""

    spans: dict[tuple[int, int], set[Form]] = field(default_factory=lambda: defaultdict(set))
    """For each span, the forms of the questions that it answers."""
    places: dict[tuple[Left, str], set[tuple[Form, str]]] = field(default_factory=lambda: defaultdict(set))
    """For each two words before and the word after, (form, title) of what is answered there."""
    behind: dict[Left, _Behind] = field(default_factory=lambda: defaultdict(_Behind))
    of_form: dict[Form, _FormAnswers] = field(default_factory=lambda: defaultdict(_FormAnswers))

    def add(self, view: View, a: int, b: int, text: Sequence[str], form: Form, title: str) -> None:
        self.spans[a, b].add(form)
        self.of_form[form].add(text)
        second, before, after = view.around(a, b)
        opening = view.opening(a, b)
        for left in ((second, before), (ANY, before), *([(BEGIN, opening)] if opening else [])):
            self.places[left, after].add((form, title))
            self.behind[left].add(view, a, b, text)

    def gathered(self, places: Iterable[tuple[Left, str]]) -> Places:
        after: dict[Left, list[str]] = defaultdict(list)
        forms: dict[Left, set[Form]] = defaultdict(set)
        for left, word in sorted(places):
            after[left].append(word)
            forms[left].update(form for form, _ in self.places[left, word])
        return {
            left: self.behind[left].place(following, [self.of_form[form] for form in forms[left]])
            for left, following in after.items()
        }


def learn(
    texts: Sequence[str],
    titles: Sequence[str],
    trained: Sequence[tuple[str, str]],
    lower: Collection[str],
    fewest: int = FEWEST,
) -> Patterns:
    """Learn patterns from (question, answer) pairs, in the documents of the titles that the questions name.

    `lower` are the normal forms that stand in lower case in any document, `fewest` the questions that the reader needs
    in one form. How sure the reader is of its answers is learned from titles that another one was not taught.
    """
    answers, golds = _training_answers(trained, titles), {answer for _, answer in trained}
    patterns = _learn(texts, titles, answers, golds, lower, fewest)
    if patterns.reader is None:
        return patterns
    losses = np.zeros(len(SHARPNESS))
    for fold in range(min(FOLDS, -(-TRIED * FOLDS // max(1, len(trained))))):
        asked = set(islice(answers, fold, None, FOLDS))
        told = {title: of_title for title, of_title in answers.items() if title not in asked}
        golds = {answer for of_title in told.values() for some in of_title.values() for answer in some}
        others = _learn(texts, titles, told, golds, lower, fewest)
        pages = [i for i, title in enumerate(titles) if title in asked]
        if others.reader is not None and pages:
            losses += others.reader.losses(*_readable(others, texts, titles, pages, answers, golds, lower))
    return replace(patterns, reader=patterns.reader.sharpened(losses))


def _learn(
    texts: Sequence[str],
    titles: Sequence[str],
    training_answers: TrainingAnswers,
    golds: Collection[str],
    lower: Collection[str],
    fewest: int,
) -> Patterns:
    """The same, with the reader as it is fitted; `golds` are all training answers."""
    chosen = [i for i, title in enumerate(titles) if title in training_answers][:MOST_DOCUMENTS]
    if not chosen:
        return Patterns()
    scan = Scan.of([texts[i] for i in chosen], Lexicon())
    titles_of_chosen = [titles[i] for i in chosen]
    lengths = [len(title) for title in titles_of_chosen]
    openers = View(scan, lengths, lower).openers()
    lower_case, lower = lower, {*lower, *openers}
    view = View(scan, lengths, lower)
    spelled = {answer: tuple(word.text for word in words(answer)) for answer in sorted(golds)}
    answers = _answers(view, titles_of_chosen, training_answers, spelled)
    places = _places(view, titles_of_chosen, training_answers, answers)
    shapes = _shapes(view, Counter(shape_of_words(text, lower) for text in spelled.values()), answers)
    patterns = Patterns(places, shapes, _inside(view, places, shapes, answers), openers)
    spans, questions = _readable(patterns, texts, titles, chosen, training_answers, golds, lower_case)
    return replace(patterns, reader=SpanReader.learn(spans, questions, fewest))


def _readable(
    patterns: Patterns,
    texts: Sequence[str],
    titles: Sequence[str],
    chosen: Sequence[int],
    training_answers: TrainingAnswers,
    golds: Collection[str],
    lower: Collection[str],
) -> tuple[CandidateSpans, list[tuple[int, Form, str]]]:
    """The spans of the chosen documents, or of some of many, and (title, form, answer) of the questions about them."""
    sample = [chosen[i] for i in _sample([len(texts[i]) for i in chosen])]
    spans, names = patterns.spans([texts[i] for i in sample], [titles[i] for i in sample], lower, golds)
    return spans, [
        (title, form, answer)
        for title, name in enumerate(names)
        for form, answers in training_answers[name].items()
        for answer in sorted(answers)
    ]


def _sample(lengths: Sequence[int]) -> list[int]:
    """Which of so many texts to read: all, or a share, evenly spread, that has about MOST_CHARACTERS."""
    share = min(1.0, MOST_CHARACTERS / max(1, sum(lengths)))
    return np.unique(np.linspace(0, len(lengths) - 1, max(1, int(share * len(lengths)))).astype(np.int64)).tolist()


def _training_answers(trained: Iterable[tuple[str, str]], titles: Sequence[str]) -> TrainingAnswers:
    training_answers: dict[str, dict[Form, set[str]]] = defaultdict(lambda: defaultdict(set))
    known_titles = Titles(titles)
    for question, answer in trained:
        name = subject(question, known_titles)
        if name is not None:
            before, _, behind = without(question, name, TITLE_MARK).partition(TITLE_MARK)
            training_answers[name][before, behind].add(answer)
    return training_answers


def _answers(
    view: View, titles: Sequence[str], training_answers: TrainingAnswers, spelled: Mapping[str, tuple[str, ...]]
) -> _Answers:
    answers = _Answers()
    for document, title in enumerate(titles):
        where = _where(view, document)
        stop = view.begin(document + 1)
        for form, golds in training_answers[title].items():
            for text in (spelled[gold] for gold in golds):
                if not 0 < len(text) <= LONGEST_PLACE:
                    continue
                for a in where.get(text[0], ()):
                    b = a + len(text)
                    if b <= stop and view.in_body[a] and text in view.scan.written(a, b):
                        answers.add(view, a, b, text, form, title)
    return answers


def _where(view: View, document: int) -> Mapping[str, Sequence[int]]:
    """Where each word of a document stands; what opens a sentence stands there without its capital, too."""
    where: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(view.words_of(document), view.begin(document)):
        for written in {word, uncapitalised(word)} if view.scan.opens[at] else (word,):
            where[written].append(at)
    return where


def _places(view: View, titles: Sequence[str], training_answers: TrainingAnswers, answers: _Answers) -> Places:
    """The places that find what is asked for."""

    def often(left: Left, seen: Collection[tuple[Form, str]]) -> bool:
        return len({title for _, title in seen}) >= (FEWEST_BY_ONE if left[0] == ANY else FEWEST_TITLES)

    places = answers.gathered(place for place, seen in answers.places.items() if often(place[0], seen))
    forms = {place: {form for form, _ in seen} for place, seen in answers.places.items()}
    good: list[tuple[Left, str]] = []
    matches, correct_matches = Counter[Left](), Counter[Left]()
    for known_by in ("", ANY, BEGIN):
        counted, correct = Counter[tuple[Left, str]](), Counter[tuple[Left, str]]()
        for a, b in view.places(places, known_by):
            second, before, after = view.around(a, b)
            left = {"": (second, before), ANY: (ANY, before), BEGIN: (BEGIN, view.opening(a, b))}[known_by]
            place = left, after
            here = training_answers[titles[int(view.scan.text[a])]].keys()
            if forms.get(place, set()) & here:
                counted[place] += 1
                correct[place] += bool(answers.spans.get((a, b), set()) & here)
        for place, count in counted.items():
            if correct[place] >= (PRECISE_BY_ONE if known_by == ANY else PRECISE) * count:
                good.append(place)
                matches[place[0]] += count
                correct_matches[place[0]] += correct[place]
    places_kept = answers.gathered(good).items()
    return {
        left: place._replace(precision=round(correct_matches[left] / matches[left], 1)) for left, place in places_kept
    }


def _shapes(view: View, shapes: Counter[Shape], answers: _Answers) -> list[Shape]:
    """The shapes, of these of different answers, that find answers; the longest ones first."""
    several = [shape for shape, count in shapes.items()
               if count > 1 and 1 < len(shape) <= LONGEST_SHAPE and {NUMBER, NAME} & set(shape)]  # fmt: skip
    kept = []
    for shape in sorted(several, key=lambda shape: -len(shape)):
        spans = view.shape(shape)
        if sum(span in answers.spans for span in spans) >= max(2, SHAPED * len(spans)):
            kept.append(shape)
    return kept


def _inside(view: View, places: Places, shapes: Iterable[Shape], answers: _Answers) -> set[tuple[Shape, int]]:
    """Where smaller answers stand inside larger ones: the larger one's shape, and which of its units it is."""
    total, within = Counter[tuple[Shape, int]](), Counter[tuple[Shape, int]]()
    for a, b in {*view.places(places), *(span for shape in shapes for span in view.shape(shape))}:
        shape, units = view.shape_of(a, b)
        if len(units) > 1:
            for number, span in enumerate(units):
                total[shape, number] += 1
                within[shape, number] += span in answers.spans
    return {key for key, count in within.items() if count >= max(3, NESTED * total[key])}


def shape_of_words(text: Sequence[str], lower: Collection[str]) -> tuple[str, ...]:
    """The shape of an answer: NUMBER for numbers, NAME for runs of capitalised words, else the words' normal forms."""
    shape: list[str] = []
    for word in text:
        form = normal(word)
        kind = NUMBER if is_number(word) else NAME if word[0].isupper() and form not in lower else form
        if not (kind == NAME and shape[-1:] == [NAME]):
            shape.append(kind)
    return tuple(shape)


def _end_or_inside(word: str, ends: Counter[str], inside: Counter[str]) -> tuple[set[str], set[str]]:
    """What ends an answer, and what goes on with it, where `word` follows some answers and stands inside others.

    The word behind it tells. One that was never seen there belongs to whichever of the two had more that were seen
    once, as Good (1953) estimates what is unseen.
    """
    if not inside:
        return {word}, set()
    going_on = {following for following, count in inside.items() if count > ends[following]}
    once = [sum(count == 1 for count in counts.values()) for counts in (inside, ends)]
    if once[0] > once[1]:
        return {f"{word} {following}" for following in ends.keys() - going_on}, set()
    return {word}, {f"{word} {following}" for following in going_on}
