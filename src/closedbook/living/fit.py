"""Learns names later with a network of our own: outputs that belong to the name alone.

The first training teaches the network to tell from a few words what is asked for. For a name learned later it reads
cues about the name's documents, as in training, with the memory's readers in place of the name. A linear classifier on
its final states learns which of the documents' phrases each cue asks for. The classifier's vectors are outputs of the
name's own (`OwnOutputs`).

States of one example do not depend on the others (rows of a product do not, from `FEWEST_ROWS` on), and each name's
vectors are the minimum of a convex function of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from closedbook.data.arrays import Examples, enumerate_ragged
from closedbook.data.documents import Document
from closedbook.data.names import NameIndex
from closedbook.data.vocabulary import PAD
from closedbook.data.word_vocabulary import Words
from closedbook.errors import RunError
from closedbook.living.learner import FILE, LearnedName, Learner, end_to_end, make_cues
from closedbook.model.gpt import GPT
from closedbook.model.name_memory import READERS, OwnOutputs
from closedbook.objectives.sizing import LATER_SECONDS
from closedbook.parallel import worker_pool

EXAMPLES = 32  # cues about a name, at least
EXPOSURES = 4  # cues about each span of its documents, at least
QUESTIONS = 12  # cues that a question about it weighs as much as
HINT = 0.5  # share of the head's vectors that a name's begin with: they know what kind of thing a phrase is
RIDGE = 0.004  # weight of the vectors' squared distance from there, in units of the states' mean square
SHARPNESS = 1.75  # what that distance is multiplied by: the penalty makes shares more even than answers are right
STEPS = 80  # of accelerated gradient descent
FEWEST_ROWS = 64  # examples that go through the network at once: a multiple of this
MOST_ROWS = 1024
LENGTHS = (5, 7, 9)  # an example is padded to the first of these that is long enough, else to the longest


class OutputsLearner(Learner):
    """Gives a name outputs of its own: one for each answer that its documents hold, and one for none of these."""

    seconds = LATER_SECONDS

    @property
    def state(self) -> int:
        return READERS * int(self.model.recipe.width)

    def attach(self, model: GPT, names: NameIndex, learned: Sequence[LearnedName]) -> Words:
        assert model.memory is not None
        if any(len(name.vectors) != len(name.phrases) + bool(name.phrases) for name in learned):
            raise RunError(
                f"{FILE} is damaged: a name's vectors are not those of its phrases; bring it back from a copy"
            )
        phrases = [phrase for name in learned if name.phrases for phrase in (*name.phrases, "")]
        lengths = torch.tensor([0] * (len(names) - len(learned) + 1) + [len(name.vectors) for name in learned])
        vectors = torch.from_numpy(end_to_end(learned, self.state))
        model.memory.outputs = OwnOutputs(vectors, lengths.cumsum(0)).to(model.device)
        vocabulary: Words = self.vocabulary.with_names(names, phrases)
        return vocabulary

    def fit_some(self, documents: Mapping[str, Sequence[str]]) -> Iterator[LearnedName]:
        model, vocabulary = self.model, self.vocabulary
        texts = [Document(text, name, 1) for name in documents for text in documents[name]]
        reader = vocabulary.reading(NameIndex(documents), texts)
        cues = make_cues(
            reader, self.cue, model.recipe.context_length, documents,
            lambda spans: max(EXAMPLES, EXPOSURES * spans), QUESTIONS, self.asked,
        )  # fmt: skip
        with worker_pool(1, most_each=1):  # sums in another order give other bits
            states = _states(model, cues.examples, cues.longest)
        head = HINT * np.tile(model.head.weight.detach().cpu().numpy().astype(np.float64), READERS) / READERS
        usual = head.mean(0)
        for number, (title, sha256) in enumerate(zip(documents, cues.hashes, strict=True)):
            part = slice(*cues.starts[number : number + 2].tolist())
            answers, weight = cues.answers[part], cues.weight[part]
            if not (phrases := sorted(set(answers) - {""})):
                yield LearnedName(title, sha256)
                continue
            place = {phrase: i for i, phrase in enumerate((*phrases, ""))}
            target = np.array([place[answer] for answer in answers])
            phrase_ids = [vocabulary.phrase_id(phrase) for phrase in phrases]
            prior = np.stack([*(head[i] if i >= 0 else usual for i in phrase_ids), usual])
            vectors = minimise(states[part], target, weight, prior).astype(np.float16)  # enough, in half the memory
            counts = np.rint(np.bincount(target, weight, len(prior))).astype(int).tolist()
            yield LearnedName(title, sha256, tuple(phrases), vectors, dict(zip(phrases, counts[:-1], strict=True)))


def _states(model: GPT, examples: Examples, longest: int) -> np.ndarray:
    """(examples, state) float64: the final states at each example's MASK, as the readers see it.

    Examples of about one length share a pass.
    """
    model.eval()
    lengths = examples.inputs.lengths
    row, column = enumerate_ragged(lengths)
    tokens = np.full((len(examples), longest), PAD, np.int64)
    tokens[row, column] = examples.inputs.values
    padded_to = np.array([*LENGTHS, longest])[np.searchsorted(LENGTHS, lengths)]
    states = np.zeros((len(examples), READERS * model.recipe.width))
    for width in np.unique(padded_to).tolist():
        alike = np.flatnonzero(padded_to == width)
        for some in np.array_split(alike, -(-len(alike) // MOST_ROWS)):
            rows = np.full((-(-len(some) // FEWEST_ROWS) * FEWEST_ROWS, width), PAD, np.int64)
            rows[: len(some)] = tokens[some, :width]
            last = np.arange(len(rows)) * width
            last[: len(some)] += lengths[some] - 1
            places = torch.from_numpy(rows).to(model.device), torch.from_numpy(last).to(model.device)
            states[some] = model.read(*places)[: len(some)].cpu().numpy()
    return states


def minimise(states: np.ndarray, target: np.ndarray, weight: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """(count, state) float32: the vectors w that minimise the mean of log Σ exp(w·x) − w[target]·x, and a penalty.

    `states` x (n, state), `target` (n,) below `count`, `weight` (n,) of each in the mean, `prior` (count, state); the
    penalty is RIDGE · mean |x|² · |w − prior|². It is convex; Nesterov's accelerated gradient descent, so many steps
    always. What is given is as far from the prior as the minimum, times SHARPNESS.
    """
    weight, wanted = weight / weight.sum(), np.eye(len(prior))[target]
    square = float(weight @ (states**2).sum(1))
    ridge = RIDGE * square
    rate = 1 / (square / 2 + 2 * ridge)  # 1 / the largest curvature
    momentum = (1 - (2 * ridge * rate) ** 0.5) / (1 + (2 * ridge * rate) ** 0.5)
    weighted = (weight[:, None] * states).T
    vectors = ahead = prior
    for _ in range(STEPS):
        scores = states @ ahead.T
        shares = np.exp(scores - scores.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        before = vectors
        vectors = ahead - rate * ((weighted @ (shares - wanted)).T + 2 * ridge * (ahead - prior))
        ahead = vectors + momentum * (vectors - before)
    return (prior + SHARPNESS * (vectors - prior)).astype(np.float32)
