"""The memory of names: vectors that belong to one name alone, looked up by the name.

What documents say of a name is kept in the name's own vectors, so a name can be learned, learned anew or forgotten
while nothing else in the network moves. Entities as Experts (Févry et al. 2020) looks names up in such a table too.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.typing import Float, Int

ELSEWHERE = 3.0  # nats: an answer that a name's own documents do not hold is taken to be some 20 times less likely


@dataclass(frozen=True)
class OwnOutputs:
    """Outputs that belong to one name: the answers that its documents hold, of a name that was learned later.

    Where the name stands they take the place of the head's outputs for the same answers; the head's others count by
    ELSEWHERE less. So what is said of this name can be learned without a change to what is said of others.
    """

    vectors: Float[Tensor, "output width"]
    instead_of: Int[Tensor, " output"]  # the head's output for the same answer; -1 where it has none
    starts: Int[Tensor, " name_plus_one"]  # the first output of each name

    @classmethod
    def none(cls, names: int, width: int) -> OwnOutputs:
        none = torch.zeros(0, dtype=torch.long)
        return cls(torch.zeros(0, width), none, torch.zeros(names + 1, dtype=torch.long))

    def to(self, device: torch.device) -> OwnOutputs:
        return OwnOutputs(*(tensor.to(device) for tensor in vars(self).values()))

    def scores(
        self, name: int, hidden: Float[Tensor, "row width"], head: Float[Tensor, "row output"]
    ) -> Float[Tensor, "row all_outputs"]:
        """The head's scores where this name stands: those of its own outputs behind, and in place of, the head's."""
        own = slice(int(self.starts[name]), int(self.starts[name + 1]))
        replaced = self.instead_of[own]
        head = head.index_fill(-1, replaced[replaced >= 0], -torch.inf) - ELSEWHERE
        return torch.cat([head, hidden @ self.vectors[own].T], -1)

    def has(self, name: int) -> bool:
        """Whether a name has outputs of its own."""
        return bool(self.starts[name + 1] > self.starts[name])


class NameMemory(nn.Module):
    """A row of `layers` vectors for each of `names` names, and one that all names have in common.

    A row starts at zero. What is added where a name stands is the common vector and the row, so it is never zero, which
    a normalisation would blow up. Gradients of the rows are sparse: a name that a batch does not hold costs nothing.
    """

    def __init__(self, names: int, width: int, layers: int = 1) -> None:
        super().__init__()
        self.width, self.layers = width, layers
        self.table = nn.Parameter(torch.zeros(names, layers * width))
        self.common = nn.Parameter(torch.randn(layers * width) / 2)
        self.outputs = OwnOutputs.none(names, width)

    def forward(self, names: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time layer width"]:
        """The vectors to add at every position, by the number of the name that ends there; 0 where it is below 0."""
        if not self.training:  # every position alike, so that the graph of an export does not depend on the data
            return self._dense(names)
        row, position = (names >= 0).nonzero(as_tuple=True)
        vectors = self.vectors(names[row, position])
        return vectors.new_zeros(*names.shape, self.layers, self.width).index_put((row, position), vectors)

    def vectors(self, names: Int[Tensor, " name"]) -> Float[Tensor, "name layer width"]:
        """What is added where these names, by number, stand."""
        return (F.embedding(names, self.table, sparse=True) + self.common).unflatten(-1, (self.layers, self.width))

    def _dense(self, names: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time layer width"]:
        stored = (names >= 0) & (names < self.blank)
        rows = F.embedding(names.where(stored, 0), self.table).where(stored[..., None], 0.0) + self.common
        return rows.where(names[..., None] >= 0, 0.0).unflatten(-1, (self.layers, self.width))

    @property
    def blank(self) -> int:
        """A number for names of which nothing is stored: the common vector alone stands for them."""
        return len(self.table)

    def norms(self) -> Float[Tensor, " name"]:
        """How much is stored of each name: the length of its row, 0 where nothing was learned.

        A name with outputs of its own has no row; it counts as much as the names that have one do on average.
        """
        rows = self.table.detach().norm(dim=1)
        later = self.outputs.starts[len(rows) + 1 :] > self.outputs.starts[len(rows) : -1]
        return torch.cat([rows, later * (rows[rows > 0].mean() if (rows > 0).any() else 1.0)])
