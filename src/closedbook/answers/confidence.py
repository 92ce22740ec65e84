"""Signals: what a network shows, besides its answer, of whether it remembers.

A signal is a function of one `Pass` over some questions that gives one number for each of them. Signals read the
weights and the vocabulary and nothing else: no documents, no list of titles, no counters. What one is worth is for the
calibrator to find out. To add one, write a function and put it in PASS or ALL.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from closedbook.answers.pages import name_in
from closedbook.errors import DataError
from closedbook.model import decode
from closedbook.model.decode import Generated
from closedbook.model.gpt import GPT
from closedbook.text.vocabulary import MASK, Ids, Vocabulary

FORMS = 4
"""In how many other forms a question is asked for the signals of ALL."""
SURE = 1e-6
"""Probabilities are kept this far from 0 and 1, so that their odds are numbers."""


@dataclass(frozen=True)
class Pass:
    """One greedy pass over n questions: what went in, what came out, and the network it went through."""

    model: GPT
    vocabulary: Vocabulary
    questions: Sequence[str]
    prompts: Sequence[Ids]
    generated: Sequence[Generated]
    length: int  # the most tokens of an answer

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
    def others(self) -> list[list[Generated]]:
        """The same questions asked in FORMS other forms, question by question."""
        forms = [other_forms(text, ids[:-1], self.vocabulary) for text, ids in self._asked()]
        room = self.model.recipe.block - 1 - min(self.length, self.model.recipe.block // 2)
        prompts = [np.append(ids[-(room - 1) :], MASK).astype(np.int32) for each in forms for ids in each]
        given = decode.greedy(self.model, prompts, self.length, in_one=self.vocabulary.answers_in_one)
        return [given[i : i + FORMS] for i in range(0, len(given), FORMS)]

    def _asked(self) -> list[tuple[str, Ids]]:
        return list(zip(self.questions, self.prompts, strict=True))


Signal = Callable[[Pass], np.ndarray]


def log_odds(one: Pass) -> np.ndarray:
    """log p/(1 − p) of the answer's probability, its end included."""
    chance = np.clip([math.exp(sum(given.logprobs)) for given in one.generated], SURE, 1 - SURE)
    return np.log(chance / (1 - chance))


def margin(one: Pass) -> np.ndarray:
    """By how much the best token's log-probability leads the next best; the least over the answer's tokens."""
    return np.array([min(np.subtract(given.logprobs, given.runners_up)) for given in one.generated])


def entropy(one: Pass) -> np.ndarray:
    """The greatest entropy of a distribution that the answer's tokens were taken from, in nats."""
    return np.array([max(given.entropies) for given in one.generated])


def energy(one: Pass) -> np.ndarray:
    """log Σ exp of the scores at the first token: how strongly anything at all is said (Liu et al. 2020)."""
    hidden = torch.from_numpy(np.stack([given.hidden for given in one.generated])).to(one.model.device)
    with torch.inference_mode():
        return np.asarray(one.model.head(hidden).logsumexp(-1).cpu().numpy())


def familiarity(one: Pass) -> np.ndarray:
    """log(1 + norm) of the weakest memory row that the question's names hit; 0 where they hit none."""
    return np.array(
        [math.log1p(min((float(rows.min()) for rows in each if len(rows)), default=0.0)) for each in one.tables]
    )


def rowless(one: Pass) -> np.ndarray:
    """1 where no name of the question has a memory row, as with names of one word; else 0."""
    return np.array([float(not any(len(rows) for rows in each)) for each in one.tables])


def unknown(one: Pass) -> np.ndarray:
    """How many words, or characters, of the question the vocabulary lacks, 2 standing for more."""
    return np.array([float(min(2, len(one.vocabulary.unknown(text)))) for text in one.questions])


def agreement(one: Pass) -> np.ndarray:
    """The share of other forms of the question that get the same answer."""
    pairs = zip(one.generated, one.others, strict=True)
    return np.array([np.mean([other.ids == given.ids for other in others]) for given, others in pairs])


def reworded_log_odds(one: Pass) -> np.ndarray:
    """log p/(1 − p) of the mean probability of the greedy answer in other forms; that of another answer counts 0."""
    chances = [
        np.mean([math.exp(sum(other.logprobs)) * (other.ids == given.ids) for other in others])
        for given, others in zip(one.generated, one.others, strict=True)
    ]
    chance = np.clip(chances, SURE, 1 - SURE)
    return np.log(chance / (1 - chance))


def reworded_entropy(one: Pass) -> np.ndarray:
    """The mean over other forms of `entropy`, in nats."""
    return np.array([np.mean([max(other.entropies) for other in others]) for others in one.others])


PASS: dict[str, Signal] = {
    "log_odds": log_odds,
    "margin": margin,
    "entropy": entropy,
    "energy": energy,
    "familiarity": familiarity,
    "rowless": rowless,
    "unknown": unknown,
}
"""What one greedy pass gives for nothing."""

ALL: dict[str, Signal] = {
    **PASS,
    "agreement": agreement,
    "reworded_log_odds": reworded_log_odds,
    "reworded_entropy": reworded_entropy,
}
"""What asking FORMS more times gives besides."""

SETS = {"pass": PASS, "all": ALL}

# What each calibrator is given, and the weight it has before any label is seen.
FOR_RIGHT = {"log_odds": 1.0, "entropy": 0.0, "familiarity": 0.0}
FOR_MET = dict.fromkeys(("familiarity", "rowless", "unknown", "entropy", "energy", "reworded_entropy"), 0.0)


def signal_set(name: str) -> dict[str, Signal]:
    """PASS or ALL. Raises DataError for another name."""
    if name not in SETS:
        raise DataError(f'signals = "{name}" is unknown; known: {", ".join(SETS)}')
    return SETS[name]


def measure(one: Pass, which: str = "pass") -> dict[str, np.ndarray]:
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
