"""What every network offers, one of our own or a pretrained one, to training, generation, signals and attribution."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.model.packing import PackedBatch


@dataclass(frozen=True)
class Layer:
    """A layer, and what moves information between positions in it: what goes into `out` is its heads side by side."""

    block: Any
    mixer: Any
    out: Any
    heads: int


def at_targets(x: Tensor, target_positions: Tensor) -> Tensor:
    """x (batch, time, …) at flat positions (target,) of (batch · time): (target, …)."""
    return x.flatten(0, 1).index_select(0, target_positions)


class Network(nn.Module):
    """Token ids (batch, time) to hidden states (batch, time, width), and by `head` to scores of its outputs.

    `forward(tokens, cache, target_positions, update_embeddings)` gives final hidden states, or those at flat
    `target_positions` of (batch · time); with a `cache`, `tokens` are the next ones of each row, and it is extended.
    """

    recipe: ModelRecipe
    inputs: int  # tokens of texts; ids from here on are names
    head: Any
    memory: Any  # of names, or None
    sparse: bool = False  # whether some gradients are sparse
    takes_packed_rows: bool = False  # whether all of it takes rows laid end to end as they are
    never_empty: bool = False  # whether an empty answer stands for "not told": it has a probability, and is never given

    @abstractmethod
    def loss(
        self,
        tokens: Tensor,
        target_positions: Tensor,
        target: Tensor,
        update_embeddings: Tensor | None = None,
        candidates: Any = None,
    ) -> Tensor:
        """Summed cross-entropy in nats of `target` at the flat `target_positions` of (batch · time)."""

    def logits(self, tokens: Tensor) -> Tensor:
        """Scores of every output at every position."""
        return self.head(self(tokens))

    def name_in(self, prompt: np.ndarray) -> int | None:
        """The number of the first name among the tokens of a prompt (time,); None where it holds none."""
        names = prompt[prompt >= self.inputs]
        return int(names[0]) - self.inputs if len(names) else None

    def read(self, tokens: Tensor, target_positions: Tensor | None = None) -> Tensor:
        """The final states as a memory's readers see the tokens. Raises ValueError where there are none."""
        raise ValueError("this network has no readers")

    def draw(self, targets: Tensor, negatives: int) -> Any:
        """Outputs that stand for all in the loss of these targets; None where it is taken over all."""
        return None

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where it computes: what goes in must be there."""

    @property
    def longest(self) -> int:
        """The most tokens that it reads at once."""
        return self.recipe.context_length

    @property
    def shareable(self) -> bool:
        """Whether several threads may call it at once."""
        return True

    @property
    def packable(self) -> bool:
        """Whether it can take rows laid end to end: then `packed_loss` is the loss of such a batch."""
        return False

    def packed_loss(self, batch: PackedBatch) -> Tensor:
        """`loss` of rows laid end to end."""
        raise NotImplementedError

    @property
    @abstractmethod
    def reads_first(self) -> Any:
        """The module that gives what the first layer reads."""

    @abstractmethod
    def attending(self) -> list[Layer]:
        """The layers that have heads, in the order they run."""

    @contextlib.contextmanager
    def showing_weights(self) -> Iterator[Callable[..., Tensor]]:
        """Within, a function gives a mixer's weights (batch, head, query, key) from what its forward hook is given."""
        yield lambda mixer, inputs, keywords, output: mixer.weights(*inputs[:2], **keywords)

    def count_parameters(self) -> dict[str, int]:
        """Trainable numbers: `dense`, `memory` and their sum `total`."""
        memory = sum(p.numel() for p in self.memory.parameters()) if self.memory is not None else 0
        total = sum(p.numel() for p in self.parameters() if p.requires_grad)
        return {"dense": total - memory, "memory": memory, "total": total}
