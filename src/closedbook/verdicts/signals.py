"""Signals: what a network shows, besides its answer, of whether it remembers.

A signal is a function of one `ForwardResult` over some questions that gives one number for each of them. Signals read
the weights and the vocabulary and nothing else: no documents, no list of titles, no counters. What one is worth is for
the calibrator to find out. To add one, write a function and put it in CHEAP or FULL.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from closedbook.data.passages import name_in
from closedbook.data.vocabulary import MASK, Ids, Vocabulary
from closedbook.data.wordings import Wordings
from closedbook.errors import DataError, RunError
from closedbook.model import generate
from closedbook.model.generate import Generated
from closedbook.model.hooks import mc_dropout
from closedbook.model.network import Network
from closedbook.objectives.prompting import longest_prompt

FORMS = 4
"""In how many other forms a question is asked for the signals of FULL."""
DRAWS = 8
"""How many answers are sampled, at temperature 1."""
MC_DROPOUT = 8
"""How many thinned networks are asked (Monte Carlo dropout, Gal and Ghahramani 2016)."""
DROPPED = 0.05
"""The share of units they lack where the recipe has no dropout of its own (docs/appendix/verdicts.md: how chosen)."""
SURE = 1e-6
"""Probabilities are kept this far from 0 and 1, so that their odds are numbers."""


@dataclass(frozen=True)
class ForwardResult:
    """One greedy pass over n questions: what went in, what came out, and the network it went through."""

    model: Network
    vocabulary: Vocabulary
    questions: Sequence[str]
    prompts: Sequence[Ids]
    generated: Sequence[Generated]
    length: int  # the most tokens of an answer
    checkpoints: Sequence[Network] = ()  # the same network as it was before, where the run kept it
    seed: int = 0  # of what is drawn
    wordings: Wordings | None = None  # of the training questions
    understood: Sequence[float] = ()  # the chance that each question asks for what its wording in training asks for

    @property
    def longest(self) -> int:
        """The most tokens of a question."""
        return longest_prompt(self.model.recipe.context_length, self.length) - 1

    @cached_property
    def names(self) -> list[int | None]:
        """The number of the stored name in each question; None where it holds none, or the network has no memory."""
        return [self.model.name_in(prompt) for prompt in self.prompts]

    @cached_property
    def others(self) -> Views:
        """The same questions asked in FORMS other forms."""
        pairs = zip(self.questions, self.prompts, strict=True)
        forms = [other_forms(text, ids[:-1], self.vocabulary) for text, ids in pairs]
        return [self._ask([np.append(each[i][-self.longest :], MASK).astype(np.int32) for each in forms])
                for i in range(FORMS)]  # fmt: skip

    @cached_property
    def sampled(self) -> Views:
        """DRAWS answers to each question. What is drawn depends on the seed and the question's own tokens."""
        keys = [[self.seed, zlib.crc32(self._without_numbers(prompt))] for prompt in self.prompts]
        numbers = np.stack([np.random.default_rng(key).random((DRAWS, self.length)) for key in keys], 1)
        return [self._ask(self.prompts, drawn=row) for row in numbers]

    def _without_numbers(self, prompt: Ids) -> bytes:
        """A prompt with names in place of their numbers, which move when another name is learned or forgotten."""
        size = self.vocabulary.size
        named = prompt[prompt >= size]
        titles = "\0".join(self.vocabulary.names.names[i - size] for i in named)
        return np.where(prompt < size, prompt, size).astype(np.int32).tobytes() + titles.encode()

    @cached_property
    def mc_dropout(self) -> Views:
        """The answers of MC_DROPOUT networks that lack some units: the same networks for whoever asks."""
        views = []
        for number in range(MC_DROPOUT):
            with mc_dropout(self.model, self.model.recipe.dropout or DROPPED, MC_DROPOUT * self.seed + number):
                views.append(self._ask(self.prompts))
        return views

    @cached_property
    def earlier(self) -> Views:
        """The answers of the checkpoints that the run kept, and its own."""
        return [*(self._ask(self.prompts, model) for model in self.checkpoints), self.generated]

    def _ask(
        self, prompts: Sequence[Ids], model: Network | None = None, drawn: np.ndarray | None = None
    ) -> list[Generated]:
        in_one = self.vocabulary.in_one
        return generate.greedy(model or self.model, prompts, self.length, in_one=in_one, drawn=drawn)


Views = Sequence[Sequence[Generated]]
"""(view, question): what else was answered, asked or computed in other ways."""
Signal = Callable[[ForwardResult], np.ndarray]


def log_odds(forward: ForwardResult) -> np.ndarray:
    """log p/(1 − p) of the answer's probability, its end included."""
    chance = np.clip([math.exp(sum(answer.logprobs)) for answer in forward.generated], SURE, 1 - SURE)
    return np.log(chance / (1 - chance))


def margin(forward: ForwardResult) -> np.ndarray:
    """By how much the best token's log-probability leads the next best; the least over the answer's tokens."""
    least = [min(np.subtract(answer.logprobs, answer.runners_up)) for answer in forward.generated]
    return np.minimum(least, -math.log(SURE))  # where only one thing can be said, nothing is next


def entropy(forward: ForwardResult) -> np.ndarray:
    """The greatest entropy of a distribution that the answer's tokens were taken from, in nats."""
    return np.array([max(answer.entropies) for answer in forward.generated])


def energy(forward: ForwardResult) -> np.ndarray:
    """log Σ exp of the scores at the first token: how strongly anything at all is said (Liu et al. 2020)."""
    hidden = torch.from_numpy(np.stack([answer.hidden for answer in forward.generated])).to(forward.model.device)
    with torch.inference_mode():
        return np.asarray(forward.model.head(hidden).logsumexp(-1).cpu().numpy())


def familiarity(forward: ForwardResult) -> np.ndarray:
    """log(1 + length) of the memory row of the question's name; 0 where no stored name stands in it."""
    if forward.model.memory is None:
        return np.zeros(len(forward.prompts))
    norms = forward.model.memory.norms().cpu().numpy()
    return np.array([0.0 if name is None else math.log1p(float(norms[name])) for name in forward.names])


def no_memory_row(forward: ForwardResult) -> np.ndarray:
    """1 where no stored name stands in the question; else 0."""
    return np.array([float(name is None) for name in forward.names])


def unknown(forward: ForwardResult) -> np.ndarray:
    """How many words, or characters, of the question's name the vocabulary lacks, 2 standing for more.

    Where no name can be told from the other words, all words count.
    """
    counts = []
    for text, stored in zip(forward.questions, forward.names, strict=True):
        if stored is not None:
            counts.append(0.0)
            continue
        name = forward.wordings.split(text)[1] if forward.wordings else name_in(text)
        counts.append(float(min(2, len(forward.vocabulary.unknown(text if name is None else name)))))
    return np.array(counts)


def wording_likeness(forward: ForwardResult) -> np.ndarray:
    """The chance that a question asks for what a training question did; 1 where none are held against it."""
    return np.array(forward.understood or [1.0] * len(forward.questions))


def agreement(forward: ForwardResult) -> np.ndarray:
    """The share of other forms of the question that get the same answer."""
    return _agreement(forward, forward.others)


def reworded_log_odds(forward: ForwardResult) -> np.ndarray:
    """log p/(1 − p) of the mean probability of the greedy answer in other forms; that of another answer counts 0."""
    return _log_odds(forward, forward.others)


def reworded_entropy(forward: ForwardResult) -> np.ndarray:
    """The mean over other forms of `entropy`, in nats."""
    return np.mean([[max(answer.entropies) for answer in view] for view in forward.others], 0)


def sampled_agreement(forward: ForwardResult) -> np.ndarray:
    """The share of sampled answers that are the greedy one; where an answer is one token, its probability exactly."""
    if forward.vocabulary.in_one is True:
        return np.array([math.exp(sum(answer.logprobs)) for answer in forward.generated])
    return _agreement(forward, forward.sampled)


def sampled_entropy(forward: ForwardResult) -> np.ndarray:
    """The entropy of the sampled answers in nats, by their texts; where an answer is one token, `entropy` exactly.

    It is semantic entropy (Farquhar et al. 2024) with equal texts for equal meanings: right is exact match here.
    """
    if forward.vocabulary.in_one is True:
        return entropy(forward)
    shares = [np.array(list(Counter(tuple(answer.ids) for answer in each).values())) / DRAWS
              for each in zip(*forward.sampled, strict=True)]  # fmt: skip
    return np.array([-(share * np.log(share)).sum() for share in shares])


def mc_dropout_agreement(forward: ForwardResult) -> np.ndarray:
    """The share of thinned networks that give the same answer."""
    return _agreement(forward, forward.mc_dropout)


def mc_dropout_log_odds(forward: ForwardResult) -> np.ndarray:
    """log p/(1 − p) of the answer's mean probability over thinned networks; that of another answer counts 0."""
    return _log_odds(forward, forward.mc_dropout)


def checkpoint_agreement(forward: ForwardResult) -> np.ndarray:
    """The share of the run's checkpoints, the finished weights among them, that give the same answer."""
    return _agreement(forward, forward.earlier)


def checkpoint_log_odds(forward: ForwardResult) -> np.ndarray:
    """log p/(1 − p) of the answer's mean probability over the checkpoints; `log_odds` where none was kept."""
    return _log_odds(forward, forward.earlier)


def _agreement(forward: ForwardResult, views: Views) -> np.ndarray:
    return np.mean([[a.ids == b.ids for a, b in zip(forward.generated, view, strict=True)] for view in views], 0)


def _log_odds(forward: ForwardResult, views: Views) -> np.ndarray:
    chances = [
        [math.exp(sum(b.logprobs)) * (a.ids == b.ids) for a, b in zip(forward.generated, view, strict=True)]
        for view in views
    ]
    chance = np.clip(np.mean(chances, 0), SURE, 1 - SURE)
    return np.asarray(np.log(chance / (1 - chance)))


CHEAP: dict[str, Signal] = {
    "log_odds": log_odds,
    "margin": margin,
    "entropy": entropy,
    "energy": energy,
    "familiarity": familiarity,
    "no_memory_row": no_memory_row,
    "unknown": unknown,
    "wording": wording_likeness,
}
"""What one greedy pass gives for nothing."""

FULL: dict[str, Signal] = {
    **CHEAP,
    "agreement": agreement,
    "reworded_log_odds": reworded_log_odds,
    "reworded_entropy": reworded_entropy,
    "sampled_agreement": sampled_agreement,
    "sampled_entropy": sampled_entropy,
    "mc_dropout_agreement": mc_dropout_agreement,
    "mc_dropout_log_odds": mc_dropout_log_odds,
    "checkpoint_agreement": checkpoint_agreement,
    "checkpoint_log_odds": checkpoint_log_odds,
}
"""What asking in other forms, sampling, thinned networks and checkpoints give besides."""

SETS = {"pass": CHEAP, "all": FULL}

# What each calibrator is given, and the weight it has before any label is seen.
FOR_RIGHT = {"log_odds": 1.0}  # nothing else made it better: docs/appendix/verdicts.md
FOR_MET = dict.fromkeys(("familiarity", "no_memory_row", "unknown", "entropy", "energy", "reworded_entropy"), 0.0)
FITTED = frozenset((*FOR_RIGHT, *FOR_MET))


def signal_set(name: str) -> dict[str, Signal]:
    """CHEAP or FULL. Raises DataError for another name."""
    if name not in SETS:
        raise DataError(f'signals = "{name}" is unknown; known: {", ".join(SETS)}')
    return SETS[name]


def measure(forward: ForwardResult, which: str = "pass", only: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Signals of a set, by name, each (n,) float64: all of them, or `only` some.

    Raises RunError where one is no number, as weights can make it that are too large to compute with.
    """
    chosen = {name: signal for name, signal in signal_set(which).items() if only is None or name in only}
    if not len(forward.prompts):
        return {name: np.zeros(0) for name in chosen}
    measured = {name: signal(forward).astype(np.float64) for name, signal in chosen.items()}
    if not all(np.isfinite(values).all() for values in measured.values()):
        raise RunError(generate.NO_NUMBERS)
    return measured


def other_forms(question: str, ids: Ids, vocabulary: Vocabulary) -> list[Ids]:
    """The name and the other tokens of a question put in other orders, with and without the first of the others.

    Nothing about what is asked is written into this. A question that names nobody is asked as it is.
    """
    named = _name_tokens(question, ids, vocabulary)
    name, rest = ids[named], ids[~named]
    if not len(name) or not len(rest):
        return [ids] * FORMS
    shorter = rest[1:] if vocabulary.answers_in_one and len(rest) > 1 else rest
    return [np.concatenate(pair) for pair in ((name, rest), (rest, name), (name, shorter), (shorter, name))]


def _name_tokens(question: str, ids: Ids, vocabulary: Vocabulary) -> np.ndarray:
    """(n,) bool: the tokens of the question's name."""
    if (stored := ids >= vocabulary.size).any():
        return np.asarray(stored)
    if vocabulary.named is not None:
        return np.asarray(vocabulary.named[ids])
    marked = np.zeros(len(ids), bool)
    name = name_in(question)
    encoded, starts = vocabulary.encode(question)
    if name is None or len(encoded) != len(ids) or (start := question.find(name)) < 0:
        return marked
    inside: np.ndarray = (starts >= start - 1) & (starts < start + len(name))
    return inside
