"""Learns names later with a pretrained base that was taught: a row that belongs to the name alone.

The base is frozen, and so are the adapter and the vector that all names share; they have learned to read a row. The
row of a name learned later is found by gradient descent on cues about its documents. Each name is fitted alone: its
batches hold its own cues, its optimiser begins anew, and one thread computes it. So a row depends on nothing but the
network and the name's documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.optim.adamw import adamw

from closedbook.data.arrays import NONE, Examples, enumerate_ragged
from closedbook.data.names import NameIndex
from closedbook.data.pretrained_vocabulary import PretrainedTokens
from closedbook.data.vocabulary import PAD
from closedbook.living.learner import LearnedName, Learner, end_to_end, make_cues
from closedbook.model.pretrained import TaughtModel
from closedbook.parallel import worker_pool

BATCH = 16  # cues in a step
STEPS = 5  # at least
EXPOSURES = 8  # cues about each span of its documents, at least
QUESTIONS = 16  # how often each question about it is asked
RATE = 0.15  # of Adam at first, in units of the residual stream's size; it falls to 0
BETAS = (0.9, 0.98)


class RowsLearner(Learner):
    """Gives a name a row of the memory, as names of the first training have."""

    @property
    def state(self) -> int:
        return int(self.model.memory.table.shape[1])

    @property
    def seconds(self) -> float:
        return 5e-8 * sum(p.numel() for p in self.model.base.model.parameters())

    def attach(self, model: TaughtModel, names: NameIndex, learned: Sequence[LearnedName]) -> PretrainedTokens:
        assert model.memory is not None
        vocabulary: PretrainedTokens = self.vocabulary.with_names(names)
        model.memory.later = torch.from_numpy(end_to_end(learned, self.state)).to(model.device)
        model.last_tokens = torch.from_numpy(vocabulary.last_tokens).long().to(model.device)
        return vocabulary

    def fit_some(self, documents: Mapping[str, Sequence[str]]) -> Iterator[LearnedName]:
        reader: PretrainedTokens = self.vocabulary.with_names(NameIndex(documents))
        cues = make_cues(
            reader, self.cue, self.model.recipe.context_length, documents,
            lambda spans: BATCH * max(STEPS, -(-EXPOSURES * spans // BATCH)), QUESTIONS, self.asked,
        )  # fmt: skip
        for number, (title, sha256) in enumerate(zip(documents, cues.hashes, strict=True)):
            own = np.arange(*cues.starts[number : number + 2].tolist())
            own = np.repeat(own, np.diff(np.rint(np.cumsum(cues.weight[own])).astype(np.int64), prepend=0))
            row = self._row(cues.examples.take(np.random.default_rng(int(sha256[:32], 16)).permutation(own)), reader)
            counts = Counter(cues.answers[i] for i in own.tolist() if cues.answers[i])
            yield LearnedName(title, sha256, tuple(sorted(counts)), row[None], dict(sorted(counts.items())))

    def _row(self, examples: Examples, reader: PretrainedTokens) -> np.ndarray:
        """(state,) float32 the row that is fitted to cues about one name."""
        model, steps = self.model, len(examples) // BATCH
        row = torch.zeros(self.state, device=model.device, requires_grad=True)
        first, second, done = torch.zeros_like(row), torch.zeros_like(row), torch.zeros((), device=model.device)
        with worker_pool(1, most_each=1):  # sums in another order give other bits
            for step in range(steps):
                batch = examples.take(np.arange(step * BATCH, (step + 1) * BATCH))
                tensors = [tensor.to(model.device) for tensor in _as_tensors(batch, reader)]
                loss = model.loss_of_row(row, *tensors) / batch.targets
                (gradient,) = torch.autograd.grad(loss, row)
                with torch.no_grad():
                    adamw(
                        [row], [gradient], [first], [second], [], [done], fused=True, amsgrad=False, maximize=False,
                        lr=RATE * (1 - step / steps), beta1=BETAS[0], beta2=BETAS[1], weight_decay=0.0, eps=1e-10,
                    )  # fmt: skip
        return row.detach().cpu().numpy()


def _as_tensors(batch: Examples, reader: PretrainedTokens) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(tokens (batch, time), the name's place (batch,), target positions, targets); a name's token is its last."""
    lengths = batch.inputs.lengths
    row, column = enumerate_ragged(lengths)
    width = int(lengths.max())
    values = batch.inputs.values.astype(np.int64)
    named = values >= reader.size
    places = np.zeros(len(batch), np.int64)
    places[row[named]] = column[named]
    values[named] = reader.last_tokens[values[named] - reader.size]
    tokens = np.full((len(batch), width), PAD, np.int64)
    tokens[row, column] = values
    is_target = batch.labels != NONE
    flat = (row * width + column)[is_target]
    arrays = (tokens, places, flat, batch.labels[is_target].astype(np.int64))
    first, second, third, fourth = (torch.from_numpy(array) for array in arrays)
    return first, second, third, fourth
