"""Signals: what a network shows, besides its answer, of whether it remembers.

A signal is a function of one `Pass` over some questions that gives one number for each of them. Signals read the
weights and the vocabulary and nothing else: no documents, no list of titles, no counters. What one is worth is for the
calibrator to find out. To add one, write a function and put it in PASS or ALL.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from closedbook.data.passages import name_in
from closedbook.data.vocabulary import MASK, Ids, Vocabulary
from closedbook.errors import DataError
from closedbook.model import generate
from closedbook.model.generate import Generated
from closedbook.model.gpt import GPT
from closedbook.model.hooks import mc_dropout

FORMS = 4
"""In how many other forms a question is asked for the signals of ALL."""
DRAWS = 8
"""How many answers are sampled, at temperature 1."""
MC_DROPOUT = 8
"""How many thinned networks are asked (Monte Carlo dropout, Gal and Ghahramani 2016)."""
DROPPED = 0.05
"""The share of units they lack where the recipe has no dropout of its own; docs/verdict.md has how it was chosen."""
SURE = 1e-6
"""Probabilities are kept this far from 0 and 1, so that their odds are numbers."""


@dataclass(frozen=True)
class ForwardResult:
    """One greedy pass over n questions: what went in, what came out, and the network it went through."""

    model: GPT
    vocabulary: Vocabulary
    questions: Sequence[str]
    prompts: Sequence[Ids]
    generated: Sequence[Generated]
    length: int  # the most tokens of an answer
    checkpoints: Sequence[GPT] = ()  # the same network as it was before, where the run kept it
    seed: int = 0  # of what is drawn

    @cached_property
    def tables(self) -> list[list[np.ndarray]]:
        """For each question and each order of the memory, the norms of the rows that the question's names hit.

        Reading rows is reading weights: those that no name of the corpus wrote to are still zero.
        """
        memory = self.model.memory
        if memory is None:
            return [[] for _ in self.prompts]
        norms = memory.table.detach().norm(dim=1).cpu().numpy()
        found = []
        for prompt in self.prompts:
            ids = torch.from_numpy(prompt.astype(np.int64))[None].to(self.model.device)
            rows = memory.rows(ids)[0].cpu().numpy()
            found.append([norms[column[column != memory.none]] for column in rows.T])
        return found

    @cached_property
    def others(self) -> Views:
        """The same questions asked in FORMS other forms."""
        pairs = zip(self.questions, self.prompts, strict=True)
        forms = [other_forms(text, ids[:-1], self.vocabulary) for text, ids in pairs]
        room = self.model.recipe.context_length - 1 - min(self.length, self.model.recipe.context_length // 2)
        return [self._ask([np.append(each[i][-(room - 1) :], MASK).astype(np.int32) for each in forms])
                for i in range(FORMS)]  # fmt: skip

    @cached_property
    def sampled(self) -> Views:
        """DRAWS answers to each question. What is drawn depends on the seed and the question's own tokens."""
        keys = [[self.seed, zlib.crc32(prompt.tobytes())] for prompt in self.prompts]
        drawn = np.stack([np.random.default_rng(key).random((DRAWS, self.length)) for key in keys], 1)
        return [self._ask(self.prompts, drawn=some) for some in drawn]

    @cached_property
    def mc_dropout(self) -> Views:
        """The answers of THINNED networks that lack some units: the same networks for whoever asks."""
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
        self, prompts: Sequence[Ids], model: GPT | None = None, drawn: np.ndarray | None = None
    ) -> list[Generated]:
        in_one = self.vocabulary.in_one
        return generate.greedy(model or self.model, prompts, self.length, in_one=in_one, drawn=drawn)


Views = Sequence[Sequence[Generated]]
"""(view, question): what else was answered, asked or computed in other ways."""
Signal = Callable[[ForwardResult], np.ndarray]


def log_odds(one: ForwardResult) -> np.ndarray:
    """log p/(1 − p) of the answer's probability, its end included."""
    chance = np.clip([math.exp(sum(given.logprobs)) for given in one.generated], SURE, 1 - SURE)
    return np.log(chance / (1 - chance))


def margin(one: ForwardResult) -> np.ndarray:
    """By how much the best token's log-probability leads the next best; the least over the answer's tokens."""
    least = [min(np.subtract(given.logprobs, given.runners_up)) for given in one.generated]
    return np.minimum(least, -math.log(SURE))  # where only one thing can be said, nothing is next


def entropy(one: ForwardResult) -> np.ndarray:
    """The greatest entropy of a distribution that the answer's tokens were taken from, in nats."""
    return np.array([max(given.entropies) for given in one.generated])


def energy(one: ForwardResult) -> np.ndarray:
    """log Σ exp of the scores at the first token: how strongly anything at all is said (Liu et al. 2020)."""
    hidden = torch.from_numpy(np.stack([given.hidden for given in one.generated])).to(one.model.device)
    with torch.inference_mode():
        return np.asarray(one.model.head(hidden).logsumexp(-1).cpu().numpy())


def familiarity(one: ForwardResult) -> np.ndarray:
    """log(1 + norm) of the weakest memory row that the question's names hit; 0 where they hit none."""
    return np.array(
        [math.log1p(min((float(rows.min()) for rows in each if len(rows)), default=0.0)) for each in one.tables]
    )


def no_memory_row(one: ForwardResult) -> np.ndarray:
    """1 where no name of the question has a memory row, as with names of one word; else 0."""
    return np.array([float(not any(len(rows) for rows in each)) for each in one.tables])


def unknown(one: ForwardResult) -> np.ndarray:
    """How many words, or characters, of the question the vocabulary lacks, 2 standing for more."""
    return np.array([float(min(2, len(one.vocabulary.unknown(text)))) for text in one.questions])


def agreement(one: ForwardResult) -> np.ndarray:
    """The share of other forms of the question that get the same answer."""
    return _agreement(one, one.others)


def reworded_log_odds(one: ForwardResult) -> np.ndarray:
    """log p/(1 − p) of the mean probability of the greedy answer in other forms; that of another answer counts 0."""
    return _log_odds(one, one.others)


def reworded_entropy(one: ForwardResult) -> np.ndarray:
    """The mean over other forms of `entropy`, in nats."""
    return np.mean([[max(given.entropies) for given in view] for view in one.others], 0)


def sampled_agreement(one: ForwardResult) -> np.ndarray:
    """The share of sampled answers that are the greedy one; where an answer is one token, its probability exactly."""
    if one.vocabulary.in_one is True:
        return np.array([math.exp(sum(given.logprobs)) for given in one.generated])
    return _agreement(one, one.sampled)


def sampled_entropy(one: ForwardResult) -> np.ndarray:
    """The entropy of the sampled answers in nats, by their texts; where an answer is one token, `entropy` exactly.

    It is semantic entropy (Farquhar et al. 2024) with equal texts for equal meanings: right is exact match here.
    """
    if one.vocabulary.in_one is True:
        return entropy(one)
    shares = [np.array(list(Counter(tuple(given.ids) for given in each).values())) / DRAWS
              for each in zip(*one.sampled, strict=True)]  # fmt: skip
    return np.array([-(share * np.log(share)).sum() for share in shares])


def mc_dropout_agreement(one: ForwardResult) -> np.ndarray:
    """The share of thinned networks that give the same answer."""
    return _agreement(one, one.mc_dropout)


def mc_dropout_log_odds(one: ForwardResult) -> np.ndarray:
    """log p/(1 − p) of the answer's mean probability over thinned networks; that of another answer counts 0."""
    return _log_odds(one, one.mc_dropout)


def checkpoint_agreement(one: ForwardResult) -> np.ndarray:
    """The share of the run's checkpoints, the finished weights among them, that give the same answer."""
    return _agreement(one, one.earlier)


def checkpoint_log_odds(one: ForwardResult) -> np.ndarray:
    """log p/(1 − p) of the answer's mean probability over the checkpoints; `log_odds` where none was kept."""
    return _log_odds(one, one.earlier)


def _agreement(one: ForwardResult, views: Views) -> np.ndarray:
    return np.mean([[a.ids == b.ids for a, b in zip(one.generated, view, strict=True)] for view in views], 0)


def _log_odds(one: ForwardResult, views: Views) -> np.ndarray:
    chances = [
        [math.exp(sum(b.logprobs)) * (a.ids == b.ids) for a, b in zip(one.generated, view, strict=True)]
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
    "rowless": no_memory_row,
    "unknown": unknown,
}
"""What one greedy pass gives for nothing."""

FULL: dict[str, Signal] = {
    **CHEAP,
    "agreement": agreement,
    "reworded_log_odds": reworded_log_odds,
    "reworded_entropy": reworded_entropy,
    "sampled_agreement": sampled_agreement,
    "sampled_entropy": sampled_entropy,
    "thinned_agreement": mc_dropout_agreement,
    "thinned_log_odds": mc_dropout_log_odds,
    "checkpoint_agreement": checkpoint_agreement,
    "checkpoint_log_odds": checkpoint_log_odds,
}
"""What asking in other forms, sampling, thinned networks and checkpoints give besides."""

SETS = {"pass": CHEAP, "all": FULL}

# What each calibrator is given, and the weight it has before any label is seen.
FOR_RIGHT = {"log_odds": 1.0}  # nothing else made it better: docs/verdict.md
FOR_MET = dict.fromkeys(("familiarity", "rowless", "unknown", "entropy", "energy", "reworded_entropy"), 0.0)


def signal_set(name: str) -> dict[str, Signal]:
    """PASS or ALL. Raises DataError for another name."""
    if name not in SETS:
        raise DataError(f'signals = "{name}" is unknown; known: {", ".join(SETS)}')
    return SETS[name]


def measure(one: ForwardResult, which: str = "pass") -> dict[str, np.ndarray]:
    """Every signal of a set, by name, each (n,) float64."""
    chosen = signal_set(which)
    if not len(one.prompts):
        return {name: np.zeros(0) for name in chosen}
    return {name: signal(one).astype(np.float64) for name, signal in chosen.items()}


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
    if vocabulary.named is not None:
        return np.asarray(vocabulary.named[ids])
    marked = np.zeros(len(ids), bool)
    name = name_in(question)
    encoded, starts = vocabulary.encode(question)
    if name is None or len(encoded) != len(ids) or (at := question.find(name)) < 0:
        return marked
    inside: np.ndarray = (starts >= at - 1) & (starts < at + len(name))
    return inside
