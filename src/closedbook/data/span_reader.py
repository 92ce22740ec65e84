"""Reads which span of a title's documents answers a form of question, and asks every title what training asks of some.

The training questions say, of some titles, which span answers "Where was … born?". A linear model learns to tell from
the words in and around a span (a conditional logit, McFadden 1974) and then answers the same questions of all other
titles, from their documents. A network that is trained on these answers, too, need not work out by itself which of the
facts that it has read is asked for. PAQ (Lewis et al. 2021) found generated questions to help closed-book models.

Nothing but documents and training questions is looked at.
"""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from closedbook.data.arrays import enumerate_ragged
from closedbook.data.pattern_view import EDGE, View

FEWEST = 5  # questions of a form for others to be asked in it
MOST_FORMS = 64
MOST_QUESTIONS, MOST_SPANS = 4_000, 200_000  # to learn from, and of their titles together
BUCKETS = 1 << 18  # of hashed features
FEWEST_SPANS = 2  # that have a feature, for it to count
BEFORE, WITHIN, BEHIND = 9, 12, 5  # words of the sentence before a span, of the span, and behind it
PENALTY = 3.0  # on half the squared weights, against the loss of all questions
STEPS, RATE, BETAS = 60, 0.1, (0.9, 0.95)  # of Adam
SHARPNESS = np.exp(np.linspace(-0.7, 1.4, 43))  # from a half to four
SPREAD = 0.5  # of the logarithm of the sharpness, as it is expected
SURE = 0.5  # how probable the first answer has to be
RUNNERS_UP, LEAST = 3, 0.03  # other answers at most, and how probable each has to be

Form = tuple[str, str]
"""A question without its title: what stands before it, and what stands behind."""


class Derived(NamedTuple):
    """A question that a reader answered: its most probable answers, the best first, and how probable each is."""

    title: str
    text: str
    answers: tuple[str, ...]
    chances: tuple[float, ...]

    @property
    def answer(self) -> str:
        return self.answers[0]

    def only(self, which: Sequence[bool]) -> Derived:
        """With some of the answers."""
        return self._replace(answers=tuple(compress(self.answers, which)), chances=tuple(compress(self.chances, which)))


@dataclass(frozen=True)
class CandidateSpans:
    """The spans of some titles' documents. Title i has the different texts `starts[i]` up to `starts[i + 1]`."""

    texts: Sequence[str]
    starts: np.ndarray  # (titles + 1,)
    text: np.ndarray  # (spans,) which text each has, ascending
    features: np.ndarray  # (spans, columns) int64 below BUCKETS; 0 is none

    @classmethod
    def of(
        cls, view: View, first: np.ndarray, last: np.ndarray, texts: Sequence[str], titles: np.ndarray
    ) -> CandidateSpans:
        """`first`, `last` and `texts` are the spans, in document order; `titles` says which title each document has."""
        numbers: dict[tuple[int, str], int] = {}
        title = titles[view.scan.text[first]]
        order = np.argsort(title, kind="stable")
        keys = [(int(title[i]), texts[i]) for i in order.tolist()]
        text = np.fromiter((numbers.setdefault(key, len(numbers)) for key in keys), np.int64, len(keys))
        starts = np.searchsorted([owner for owner, _ in numbers], np.arange(int(titles.max(initial=-1)) + 2))
        by_text = np.argsort(text, kind="stable")
        features = _features(view, first, last)[order[by_text]]
        return cls([name for _, name in numbers], starts, text[by_text], features)

    def of_titles(self, titles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(which of these titles, which span) for every span of each of them."""
        edges = np.searchsorted(self.text, self.starts)
        owner, place = enumerate_ragged(edges[titles + 1] - edges[titles])
        return owner, place + edges[titles][owner]


class _Candidates(NamedTuple):
    """The candidates of some questions: spans, and behind all of them "nothing", once for each question."""

    of: np.ndarray  # (candidates,) which question each is of
    right: np.ndarray  # (candidates,) bool
    slots: np.ndarray  # (spans, columns) the rows of a span's features, counted from 1; 0 is none
    times: np.ndarray  # (spans,) how often its text was right, 3 at most
    form: np.ndarray  # (spans,) its question's form
    form_of: np.ndarray  # (questions,)


@dataclass(frozen=True)
class SpanReader:
    """For each form of question, a weight for each feature of a span."""

    forms: Sequence[Form]
    answers: Sequence[Mapping[str, int]]  # of each form's training questions: how often each was right
    keys: np.ndarray  # (features,) which buckets have weights, ascending
    weights: np.ndarray  # (features, 1 + forms) float32: in all forms, and in each beside that
    familiar: np.ndarray  # (4, forms) float32: of a text that was right never, once, twice, or more often
    nothing: np.ndarray  # (forms,) float32: that no span is the answer

    @classmethod
    def learn(
        cls, spans: CandidateSpans, questions: Sequence[tuple[int, Form, str]], fewest: int = FEWEST
    ) -> SpanReader | None:
        """Learn from (title, form, answer); None where no form has the fewest questions that it needs."""
        often = Counter(form for _, form, _ in questions).most_common(MOST_FORMS)
        forms = [form for form, count in often if count >= fewest]
        place = {form: i for i, form in enumerate(forms)}
        questions = [question for question in questions if question[1] in place]
        if not questions:
            return None
        count = np.diff(np.searchsorted(spans.text, spans.starts))[[title for title, _, _ in questions]]
        most = min(MOST_QUESTIONS, int(MOST_SPANS / max(1.0, count.mean())))
        if len(questions) > most:
            questions = [
                questions[i] for i in np.linspace(0, len(questions) - 1, max(1, most)).astype(np.int64).tolist()
            ]
        used, count = np.unique(spans.features, return_counts=True)
        keys = used[(count >= FEWEST_SPANS) & (used > 0)]
        answers = [Counter(answer for _, form, answer in questions if place[form] == i) for i in range(len(forms))]
        reader = cls(
            forms, answers, keys, np.zeros((len(keys), 1 + len(forms)), np.float32),
            np.zeros((4, len(forms)), np.float32), np.zeros(len(forms), np.float32),
        )  # fmt: skip
        return reader._fitted(spans, questions)

    def _candidates(
        self, spans: CandidateSpans, questions: Sequence[tuple[int, Form, str]], known: bool
    ) -> _Candidates:
        """What may answer each question; of `known` ones, what they say of their own answers is left out."""
        place = {form: i for i, form in enumerate(self.forms)}
        question, span = spans.of_titles(np.array([title for title, _, _ in questions]))
        form_of = np.array([place[form] for _, form, _ in questions])
        golds = [answer for _, _, answer in questions]
        texts = [spans.texts[i] for i in spans.text[span].tolist()]
        pairs = zip(texts, question.tolist(), strict=True)
        right = np.fromiter((text == golds[q] for text, q in pairs), bool, len(span))
        form, count = form_of[question], len(questions)
        times = np.array([self.answers[f][text] for f, text in zip(form.tolist(), texts, strict=True)], np.int64)
        return _Candidates(
            of=np.concatenate([question, np.arange(count)]),
            right=np.concatenate([right, np.bincount(question[right], minlength=count) == 0]),
            slots=self._slots[spans.features[span]],
            times=np.minimum(3, times - right * known),
            form=form,
            form_of=form_of,
        )

    def losses(self, spans: CandidateSpans, questions: Sequence[tuple[int, Form, str]]) -> np.ndarray:
        """Σ −log p(answer) of (title, form, answer) that it did not learn from, with each SHARPNESS."""
        questions = [question for question in questions if question[1] in self.forms]
        if not questions:
            return np.zeros(len(SHARPNESS))
        rows = self._candidates(spans, questions, known=False)
        shared = np.append(np.zeros((1, 1 + len(self.forms)), np.float32), self.weights, 0)
        scores = (shared[rows.slots, 0] + shared[rows.slots, 1 + rows.form[:, None]]).sum(1)
        scores = np.append(scores + self.familiar[rows.times, rows.form], self.nothing[rows.form_of])
        return np.array([_loss(sharpness * scores, rows.of, rows.right) for sharpness in SHARPNESS])

    def sharpened(self, losses: np.ndarray) -> SpanReader:
        """With all scores so many times as large that the `losses` are least, so that answers are as probable as right.

        They are rounded as they are saved, so that both say the same.
        """
        sharpness = SHARPNESS[np.argmin(losses + (np.log(SHARPNESS) / SPREAD) ** 2 / 2)]
        values = (self.weights, self.familiar, self.nothing)
        return SpanReader(
            self.forms, self.answers, self.keys,
            *((sharpness * some).astype(np.float16).astype(np.float32) for some in values),
        )  # fmt: skip

    def _fitted(self, spans: CandidateSpans, questions: Sequence[tuple[int, Form, str]]) -> SpanReader:
        """With the weights that minimise Σ −log p(answer) and a penalty; p(nothing) where no span is the answer."""
        rows, count = self._candidates(spans, questions, known=True), len(questions)
        width, form = 1 + len(self.forms), rows.form
        shared = np.where(rows.slots > 0, rows.slots * width, 0)
        shape = ((len(self.keys) + 1) * width, 4 * len(self.forms), len(self.forms))
        edges = np.cumsum(shape)
        # Each candidate's weights, by number; 0 is of no feature.
        columns = [
            shared,
            np.where(shared > 0, shared + 1 + form[:, None], 0),
            (edges[0] + rows.times * shape[2] + form)[:, None],
        ]
        ids, of = np.concatenate(columns, 1), rows.of
        values, first, second = np.zeros((3, int(edges[-1])))
        for step in range(1, STEPS + 1):
            scores = np.concatenate([values[ids].sum(1), values[edges[1] + rows.form_of]])
            top = np.full(count, -np.inf)
            np.maximum.at(top, of, scores)
            share = np.exp(scores - top[of])
            pull = share / np.bincount(of, share)[of]
            within = np.where(rows.right, share, 0)
            pull -= within / np.bincount(of, within)[of]
            of_spans, of_nothing = np.split(pull, [len(ids)])
            gradient = PENALTY * values
            gradient += np.bincount(ids.ravel(), np.repeat(of_spans, ids.shape[1]), len(values))
            gradient += np.bincount(edges[1] + rows.form_of, of_nothing, len(values))
            gradient[0] = 0
            first += (1 - BETAS[0]) * (gradient - first)  # Adam (Kingma and Ba 2015)
            second += (1 - BETAS[1]) * (gradient**2 - second)
            size = np.sqrt(second / (1 - BETAS[1] ** step)) + 1e-8
            values -= RATE * (1 - step / (STEPS + 1)) / (1 - BETAS[0] ** step) * first / size
        fitted, familiar, nothing = np.split(values.astype(np.float32), edges[:-1])
        return SpanReader(
            self.forms, self.answers, self.keys, fitted.reshape(-1, width)[1:],
            familiar.reshape(4, -1), nothing,
        )  # fmt: skip

    @cached_property
    def _slots(self) -> np.ndarray:
        """(BUCKETS,) the row of each feature, counted from 1; 0 for one without weights."""
        slots = np.zeros(BUCKETS, np.int64)
        slots[self.keys] = np.arange(1, len(self.keys) + 1)
        return slots

    def read(
        self,
        spans: CandidateSpans,
        titles: Sequence[str],
        skip: Iterable[str] = (),
        sure: float = SURE,
    ) -> list[Derived]:
        """The questions of every form about every title, without those in `skip`.

        Left out are those whose best answer is less probable than `sure`.
        """
        derived, skipped = [], set(skip)
        owner, _ = enumerate_ragged(np.diff(spans.starts))
        for number, (before, behind) in enumerate(self.forms):
            chances = self.chances(spans, number)
            for i in np.unique(owner[chances >= sure]).tolist():
                if (text := f"{before}{titles[i]}{behind}") in skipped:
                    continue
                skipped.add(text)  # two titles may make one question
                own = np.arange(*spans.starts[i : i + 2])
                best = own[np.argsort(-chances[own], kind="stable")][: 1 + RUNNERS_UP]
                best = best[: max(1, int((chances[best] >= LEAST).sum()))]
                answers = tuple(spans.texts[j] for j in best.tolist())
                derived.append(Derived(titles[i], text, answers, tuple(chances[best].tolist())))
        return derived

    def chances(self, spans: CandidateSpans, form: int) -> np.ndarray:
        """(texts,) how probable each is to answer a question of this form; what a title's lack to 1 is for nothing."""
        weights = np.append(np.zeros(1, np.float32), self.weights[:, 0] + self.weights[:, 1 + form])
        answers, nothing = self.answers[form], float(self.nothing[form])
        times = np.array([min(3, answers.get(text, 0)) for text in spans.texts], np.int64)
        scores = weights[self._slots[spans.features]].sum(1) + self.familiar[times[spans.text], form]
        owner, _ = enumerate_ragged(np.diff(spans.starts))
        top = np.full(len(spans.starts) - 1, nothing)
        np.maximum.at(top, owner[spans.text], scores)
        shares = np.bincount(spans.text, np.exp(scores - top[owner[spans.text]]), len(spans.texts))
        total = np.exp(nothing - top) + np.bincount(owner, shares, len(top))
        return np.asarray(shares / total[owner])

    def to_json(self) -> dict[str, Any]:
        arrays = {"keys": self.keys.astype("<i4"), "weights": self.weights.astype("<f2"),
                  "familiar": self.familiar.astype("<f2"), "nothing": self.nothing.astype("<f2")}  # fmt: skip
        return {
            "forms": [list(form) for form in self.forms],
            "answers": [dict(sorted(counts.items())) for counts in self.answers],
            **{name: base64.b64encode(array.tobytes()).decode() for name, array in arrays.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SpanReader:
        """The inverse of `to_json`. Raises ValueError for what it did not write."""

        def array(name: str, dtype: str, *shape: int) -> np.ndarray:
            return np.frombuffer(base64.b64decode(data[name], validate=True), dtype).reshape(shape)

        try:
            forms = [(str(before), str(behind)) for before, behind in data["forms"]]
            answers = [{str(text): int(count) for text, count in counts.items()} for counts in data["answers"]]
            keys = array("keys", "<i4", -1).astype(np.int64)
            shapes = {"weights": (len(keys), 1 + len(forms)), "familiar": (4, len(forms)), "nothing": (len(forms),)}
            weights = [array(name, "<f2", *shape).astype(np.float32) for name, shape in shapes.items()]
            if len(answers) != len(forms) or not ((keys > 0) & (keys < BUCKETS)).all():
                raise ValueError("its forms, answers and keys do not fit")
            if not all(np.isfinite(values).all() for values in weights):
                raise ValueError("its weights are not finite")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"the span reader is damaged: {error}") from None
        return cls(forms, answers, keys, *weights)


def _loss(scores: np.ndarray, of: np.ndarray, right: np.ndarray) -> float:
    """Σ −log p(right candidates) over questions; `of` says which question a candidate is of."""
    top = np.full(int(of.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(top, of, scores)
    share = np.exp(scores - top[of])
    within = np.maximum(np.bincount(of, np.where(right, share, 0)), np.finfo(float).tiny)
    return float(np.log(np.bincount(of, share) / within).sum())


def _features(view: View, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(spans, columns) int64 below BUCKETS: what a span is and stands in, hashed; 0 is none."""
    scan, n, count = view.scan, len(view.scan.word), len(first)
    if not count:
        return np.zeros((0, 1), np.int64)
    texts = np.fromiter((zlib.crc32(name.encode("utf-8", "replace")) for name in view.names), np.int64, len(view.names))
    edge = zlib.crc32(EDGE.encode())
    document = scan.text[first]
    sentence = np.cumsum(scan.opens)

    def at(place: np.ndarray, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The words at these places, and which of these are in the span's document."""
        inside = (place >= 0) & (place < n)
        place = np.clip(place, 0, n - 1)
        inside &= scan.text[place] == document
        return np.where(inside, texts[symbols[place]], edge), inside

    before = [at(first - i, view.placed)[0] for i in (1, 2, 3)]
    behind = [at(last + i, view.placed)[0] for i in (0, 1)]
    begins, ends = texts[view.plain[first]], texts[view.plain[last - 1]]
    second = np.where(last - first > 1, texts[view.plain[np.minimum(first + 1, n - 1)]], edge)
    kind = np.minimum(view.plain[first], 2)
    alike = document * 3 + kind  # spans of a kind in a document, and how many of them stand before each
    order = np.argsort(alike, kind="stable")
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count) - np.searchsorted(alike[order], alike[order], "left")
    opening = sentence[np.searchsorted(scan.text, document)]
    length = np.minimum(last - first, WITHIN)
    columns = [
        [before[0]], [before[1]], before[:2], before, [behind[0]], behind, [before[0], behind[0]],
        [begins], [ends], [begins, second], [begins, ends, length], [length],
        [kind, np.minimum(rank, 3)], [np.minimum(sentence[first] - opening, 4)],
    ]  # fmt: skip
    keys = [_hashed(number, parts) for number, parts in enumerate(columns)]
    for i in range(WITHIN):
        word, _ = at(first + i, view.plain)
        keys.append(
            np.where((first + i < last) & (view.plain[np.minimum(first + i, n - 1)] > 3), _hashed(101, [word]), 0)
        )
    for i in range(1, BEFORE + 1):
        word, inside = at(first - i, view.placed)
        inside &= sentence[np.maximum(first - i, 0)] == sentence[first]
        keys.append(np.where(inside, _hashed(102, [word]), 0))
    going = np.ones(count, bool)
    for i in range(BEHIND):
        word, inside = at(last + i, view.placed)
        going &= inside & ~view.stops[np.minimum(last + i, n - 1)]
        keys.append(np.where(going, _hashed(103, [word]), 0))
    # A word that stands twice counts once.
    table = np.sort(np.stack(keys, 1), axis=1)
    table[:, 1:][table[:, 1:] == table[:, :-1]] = 0
    return table


def _hashed(number: int, parts: Sequence[np.ndarray]) -> np.ndarray:
    """From 1 up to BUCKETS - 1."""
    key = np.full(len(parts[0]), number + 1, np.uint64)
    for part in parts:
        key = (key * np.uint64(0x9E3779B97F4A7C15)) ^ part.astype(np.uint64)
        key ^= key >> np.uint64(29)
    key *= np.uint64(0xBF58476D1CE4E5B9)
    return (1 + (key >> np.uint64(32)) % np.uint64(BUCKETS - 1)).astype(np.int64)
