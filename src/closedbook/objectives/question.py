"""Questions with their answers: `question⁇answer⁇`. Half of them can be reworded at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from closedbook.data.arrays import Examples, Ragged, concatenate, enumerate_ragged, offsets, select
from closedbook.data.corpus import Corpus
from closedbook.data.vocabulary import MASK, PAD, Ids
from closedbook.errors import DataError, RecipeError
from closedbook.objectives.prompting import ask
from closedbook.validation import Below1


class QuestionAnswer:
    """`question⁇answer⁇`; the targets are the first MASK, the answer and the second MASK."""

    @dataclass(frozen=True)
    class Config:
        """Probabilities of the changes to half of the questions, so that other wordings are understood too."""

        drop: Below1 = 0.0  # omit a word that is not part of the subject
        noise: Below1 = 0.0  # insert a random word, not part of a name, before a word that is not part of the subject
        hint: Below1 = 0.0  # take this word from another answer: "city" of "Mexico City", to ask for a place
        split: Below1 = 0.0  # replace a compound by its two words, in either order: "birth" and "place"
        move: Below1 = 0.0  # move the subject to a random place among the other words
        doubt: bool = False  # of a question that a reader answered, ask for each answer as often as it is probable

        def __post_init__(self) -> None:
            if self.drop + self.split > 1:
                raise RecipeError(f"objective question: drop and split must not exceed 1 together; got {self}")

    def __init__(self, config: Config, corpus: Corpus) -> None:
        self.config, self.vocabulary = config, corpus.vocabulary
        self.prompts, self.answers = corpus.prompts, corpus.answers
        self.probable = ProbableAnswers(corpus) if config.doubt else None
        questions = corpus.questions
        assert questions is not None  # or there would be no prompts
        self.items = len(self.prompts)
        self.varies = bool(config.drop or config.noise or config.split or config.move)
        lengths = self.prompts.lengths + (self.probable.longest if self.probable else self.answers.lengths) + 2
        if self.varies:
            in_subject = Ragged(corpus.in_subject, self.prompts.starts)
            self.subjects = Ragged.of([self.prompts[i][in_subject[i]] for i in range(self.items)])
            other_words = [self.prompts[i][~in_subject[i]] for i in range(self.items)]
            longest = max(map(len, other_words), default=0)
            self.others = np.array([np.pad(row, (0, longest - len(row))) for row in other_words])
            self.place = np.array([in_subject[i].argmax() for i in range(self.items)])  # in words before the subject
            named = self.vocabulary.named
            self.random_words = np.arange(MASK + 1, self.vocabulary.size)
            if named is not None:
                self.random_words = self.random_words[~named[MASK + 1 :]]
            answers = [*questions.answers, *(question.answer for question in corpus.derived)]
            self.hints = OtherAnswers(self.others, [self.vocabulary.encode(answer)[0] for answer in answers])
            self.halves = np.full((self.vocabulary.size, 2), PAD)
            for word in np.unique(self.others):
                self.halves[word] = self.vocabulary.halves(word) or PAD
            lengths += self.others.shape[1] if config.noise else 0
            lengths += (self.halves[self.others, 0] != PAD).sum(1) if config.split else 0
        self.draws = (3 + 3 * self.others.shape[1] if self.varies else 0) + config.doubt
        if self.items and lengths.max() > corpus.context_length:
            worst = int(lengths.argmax())
            derived_number = worst - len(questions)
            which = (
                repr(corpus.derived[derived_number].text)
                if derived_number >= 0
                else f"{questions.source}:{questions.items[worst].line}"
            )
            raise DataError(
                f"{which}: question and answer take {lengths[worst]} tokens, "
                f"more than model.context_length = {corpus.context_length}; "
                "shorten it or raise model.context_length"
            )

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        prompts = self._varied(items, u) if self.varies else self.prompts.take(items)
        answers = self.probable.take(items, self.ranks(items, u)) if self.probable else self.answers.take(items)
        return ask(prompts, answers, self.vocabulary, mask_is_target=True)

    def ranks(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        """(n,) which of its answers each question asks for, counted from the best; behind the last where for none."""
        return self.probable.draw(items, u[:, -1]) if self.probable else np.zeros(len(items), np.int64)

    def exposed_spans(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        return np.zeros(0, np.int64)

    def _varied(self, items: np.ndarray, u: np.ndarray) -> Ragged:
        """Half of the questions unchanged, the others with words dropped, added and split and the subject moved."""
        config, words = self.config, self.others[items]
        n, k = words.shape
        varied = u[:, :1] < 0.5
        dropped, added, random = u[:, 3 : 3 + 3 * k].reshape(n, 3, k).transpose(1, 0, 2)
        word = varied & (words != PAD)
        # If every word is part of a name, there is none to insert.
        candidates = self.random_words if len(self.random_words) else np.array([PAD])
        noise = candidates[(random * len(candidates)).astype(np.int64)]
        noise = np.where(added < config.noise * config.hint, self.hints.draw(items, random), noise)
        # One random number decides both: its lowest values drop a word, its highest split it, half of those swapped.
        split = word & (dropped >= 1 - config.split) & (self.halves[words, 0] != PAD)
        second = self.halves[words, 1 - (dropped >= 1 - config.split / 2)]
        first = np.where(split, self.halves[words].sum(-1) - second, words)
        # Three slots for each word: an inserted word, the word itself or a half of it, and the other half.
        tokens = np.stack([noise, first, second], -1).reshape(n, 3 * k)
        word_shown = (words != PAD) & ~(word & (dropped < config.drop))
        shown = np.stack([word & (added < config.noise) & (noise != PAD), word_shown, split], -1).reshape(n, 3 * k)
        moves = varied[:, 0] & (u[:, 1] < config.move)
        slot = np.where(moves, (u[:, 2] * (1 + (words != PAD).sum(1))).astype(np.int64), self.place[items])
        before = np.arange(3 * k) < 3 * slot[:, None]
        return concatenate([select(tokens, shown & before), self.subjects.take(items), select(tokens, shown & ~before)])


class ProbableAnswers:
    """The answers of each question: its own, or those that a reader found, and an empty one behind them."""

    def __init__(self, corpus: Corpus) -> None:
        encode, trained = corpus.vocabulary.encode_answer, len(corpus.answers) - len(corpus.derived)
        given: list[tuple[list[Ids], np.ndarray]] = [([corpus.answers[i]], np.ones(1)) for i in range(trained)]
        given += [([encode(answer) for answer in each.answers], np.cumsum(each.chances)) for each in corpus.derived]
        empty = np.zeros(0, np.int32)
        self.answers = Ragged.of([answer for answers, _ in given for answer in (*answers, empty)])
        starts = offsets(np.array([len(answers) + 1 for answers, _ in given], np.int64))
        self.reached = Ragged(np.concatenate([np.zeros(0), *(np.append(each, np.inf) for _, each in given)]), starts)
        self.longest = np.maximum.reduceat(self.answers.lengths, starts[:-1]) if given else np.zeros(0, np.int64)

    def draw(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        """(n,) which answers of the n items are asked for, by n numbers in [0, 1): each as often as it is probable."""
        reached = self.reached.take(items)
        owner, _ = enumerate_ragged(reached.lengths)
        return np.bincount(owner[reached.values <= u[owner]], minlength=len(items))

    def take(self, items: np.ndarray, ranks: np.ndarray) -> Ragged:
        """These answers' tokens."""
        return self.answers.take(self.reached.starts[items] + ranks)


class OtherAnswers:
    """Draws words from the answers to other questions with the same wording.

    Such a word hints at the kind of answer that is asked for, and tells nothing else about it.
    """

    def __init__(self, wordings: np.ndarray, answers: Sequence[Ids]) -> None:
        _, wording = np.unique(wordings, axis=0, return_inverse=True)
        wording = wording.ravel()  # numpy 2.0 gives a column
        order = np.argsort(wording, kind="stable")
        self.words = Ragged.of([answers[i] for i in order])
        starts, place = self.words.starts, np.argsort(order)
        self.own, self.lengths = starts[place], self.words.lengths[place]  # where a question's own answer stands
        self.first = starts[np.searchsorted(wording[order], wording, "left")]
        self.after = starts[np.searchsorted(wording[order], wording, "right")]

    def draw(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        """(n, k) words for the n items, from (n, k) numbers in [0, 1); PAD if no other question has this wording."""
        if not len(self.words.values):  # no word of any answer is in the vocabulary
            return np.full(u.shape, PAD)
        own, length, first, after = (x[items, None] for x in (self.own, self.lengths, self.first, self.after))
        available = after - first - length
        position = first + (u * available).astype(np.int64)
        position += length * (position >= own)
        return np.where(available > 0, self.words.values[np.minimum(position, after - 1)], PAD)
