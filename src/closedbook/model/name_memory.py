"""The memory of names: vectors that belong to one name alone, looked up by the name.

What documents say of a name is kept in the name's own vectors, so a name can be learned, learned anew or forgotten
while nothing else in the network moves. Entities as Experts (Févry et al. 2020) looks names up in such a table too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.model.shapes import Tokens
from closedbook.typing import Float, Int

READERS = 3
READERS_KEY = "memory.readers"  # in a file of weights, beside the parameters
LENGTH_KEY = "memory.length"  # the same; the rows' mean length before a name was forgotten
MIXED = 32  # names whose rows a reader is made of
FIRST_READER = 1 << 30  # the number of the first reader, far from any name's


@dataclass(frozen=True)
class OwnOutputs:
    """Outputs that belong to one name: the answers that its documents hold, of a name that was learned later.

    They are vectors for the network's states as the readers see a question (`GPT.read`), and where the name stands they
    are all that can be said. So what is said of this name is learned without a change to what is said of others. The
    last of a name's outputs stands for what its documents do not tell: it has a probability, and is never said.
    """

    vectors: Float[Tensor, "output state"]
    starts: Int[Tensor, " name_plus_one"]  # the first output of each name

    @classmethod
    def none(cls, names: int, state: int) -> OwnOutputs:
        return cls(torch.zeros(0, state), torch.zeros(names + 1, dtype=torch.long))

    def to(self, device: torch.device) -> OwnOutputs:
        return OwnOutputs(*(tensor.to(device) for tensor in vars(self).values()))

    def logprobs(self, name: int, states: Float[Tensor, "*row state"]) -> Float[Tensor, "*row output"]:
        """The log-probabilities of a name's own outputs that can be said."""
        own = self.vectors[int(self.starts[name]) : int(self.starts[name + 1])].float()
        return (states @ own.T).float().log_softmax(-1)[..., :-1]

    def has(self, name: int) -> bool:
        """Whether a name has outputs of its own."""
        return name + 1 < len(self.starts) and bool(self.starts[name + 1] > self.starts[name])


class NameMemory(nn.Module):
    """A row of `layers` vectors for each of `names` names, and one that all names have in common.

    A row starts at zero. What is added where a name stands is the common vector and the row, so it is never zero, which
    a normalisation would blow up. Gradients of the rows are sparse: a name that a batch does not hold costs nothing.
    """

    def __init__(self, names: int, width: int, layers: int = 1) -> None:
        super().__init__()
        self.width, self.layers = width, layers
        self.table = nn.Parameter(torch.zeros(names, layers * width))
        self.common = nn.Parameter(torch.empty(layers * width).normal_(std=0.5))
        self.readers = torch.zeros(0, layers * width)
        self.outputs = OwnOutputs.none(names, READERS * width)
        self.length: Tensor | None = None  # the rows' mean length, where names have been forgotten since
        self.later = torch.zeros(0, layers * width)  # rows of names learned after the training, numbered on

    def forward(self, names: Tokens) -> Float[Tensor, "batch time layer width"]:
        """The vectors to add at every position, by the number of the name that ends there; 0 where it is below 0."""
        if not self.training:  # every position alike, so that the graph of an export does not depend on the data
            return self._dense(names)
        row, position = ((names >= 0) & (names < self.blank)).nonzero(as_tuple=True)
        stored = F.embedding(names[row, position], self.table, sparse=True)
        rows = stored.new_zeros(*names.shape, stored.shape[1]).index_put((row, position), stored) + self.common
        return rows.where(names[..., None] >= 0, 0.0).unflatten(-1, (self.layers, self.width))

    def _dense(self, names: Tokens) -> Float[Tensor, "batch time layer width"]:
        stored, reader = (names >= 0) & (names < self.blank), names - FIRST_READER
        rows = F.embedding(names.where(stored, 0), self.table).where(stored[..., None], 0.0) + self.common
        if len(self.later):
            later = names - self.blank
            is_later = (later >= 0) & (later < len(self.later))
            rows = rows + F.embedding(later.where(is_later, 0), self.later).where(is_later[..., None], 0.0)
        if len(self.readers):
            rows = rows + F.embedding(reader.clamp_min(0), self.readers).where(reader[..., None] >= 0, 0.0)
        return rows.where(names[..., None] >= 0, 0.0).unflatten(-1, (self.layers, self.width))

    def take(self, readers: Tensor | None, length: Tensor | None) -> None:
        """Use the readers and the length that a file has, or the table's. Raises ValueError for other shapes."""
        if readers is not None and readers.shape != (READERS, self.table.shape[1]):
            raise ValueError(f"readers of shape {tuple(readers.shape)}")
        if length is not None and not (length.shape == () and length.isfinite()):
            raise ValueError(f"a length that is {length.tolist()}")
        self.readers = self.choose_readers() if readers is None else readers.to(self.table)
        self.length = length

    def forget(self, which: Sequence[int]) -> None:
        """Zero the rows of these names. What a name learned later counts as does not change by that."""
        self.length = mean_length(self.table) if self.length is None else self.length
        self.table.data[which] = 0

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> NameMemory:
        super()._apply(fn, recurse)
        self.readers, self.later = fn(self.readers), fn(self.later)
        self.length = None if self.length is None else fn(self.length)
        self.outputs = OwnOutputs(*map(fn, vars(self.outputs).values()))
        return self

    def choose_readers(self) -> Float[Tensor, "reader row"]:
        """Rows to read a question with whose name has none: each is the sum of many names' rows, over √(their number).

        The network reads what is asked for best with a row there, as it was trained; which names' rows does not matter.
        So none is one name's, but where there are only two or three. Drawn with a fixed seed.
        """
        rows = self.table.detach()[self.table.detach().any(1)]
        if not len(rows):
            return torch.zeros(READERS, self.table.shape[1])
        mixed = max(1, min(MIXED, len(rows) // 2))
        generator = torch.Generator().manual_seed(0)
        chosen = [torch.randperm(len(rows), generator=generator)[:mixed] for _ in range(READERS)]
        return torch.stack([rows[some.to(rows.device)].sum(0) / mixed**0.5 for some in chosen])

    @property
    def blank(self) -> int:
        """A number for names of which nothing is stored: the common vector alone stands for them."""
        return len(self.table)

    def norms(self) -> Float[Tensor, " name"]:
        """How much is stored of each name: the length of its row, 0 where nothing was learned.

        A name with outputs of its own has no row; it counts as much as the names that have one do on average.
        """
        rows = self.table.detach().norm(dim=1)
        if len(self.later):
            return torch.cat([rows, self.later.norm(dim=1)])
        later = self.outputs.starts[len(rows) + 1 :] > self.outputs.starts[len(rows) : -1]
        return torch.cat([rows, later * (mean_length(self.table) if self.length is None else self.length)])


def mean_length(table: Float[Tensor, "name row"]) -> Float[Tensor, ""]:
    """Of the rows that are not zero; 1 where all are."""
    rows = table.detach().norm(dim=1)
    return rows[rows > 0].mean() if (rows > 0).any() else rows.new_ones(())
