"""The key/value cache: what decoding keeps of the tokens it has seen, for rows of different lengths at once."""

from __future__ import annotations

import torch
from torch import Tensor

from closedbook.shapes import Bool, Float, Int


class Cache:
    """Room for `length` tokens in each of `rows` rows.

    Rows may stand at different positions: a prompt shorter than the batch's longest is padded on the right, and
    its next token overwrites the padding. `visible` hides whatever lies after a query's own position.
    """

    def __init__(self, rows: int, length: int) -> None:
        self.length = length
        self.tokens = torch.zeros(rows, length, dtype=torch.long)
        self.filled = torch.zeros(rows, dtype=torch.long)  # tokens of each row so far, padding not counted
        self.at = torch.zeros(rows, 0, dtype=torch.long)  # positions of the tokens being added
        self._stored: dict[tuple[int, str], Tensor] = {}

    def advance(self, tokens: Int[Tensor, "batch time"]) -> Int[Tensor, "batch time"]:
        """Note the next tokens of each row and return their positions."""
        self.at = self.filled[:, None] + torch.arange(tokens.shape[1])
        self.tokens.scatter_(1, self.at, tokens)
        return self.at

    def extend(
        self, layer: int, name: str, new: Float[Tensor, "batch time head d"]
    ) -> Float[Tensor, "batch length head d"]:
        """Store one layer's vectors of the tokens being added; return those of all positions."""
        key = (layer, name)
        if key not in self._stored:
            rows, _, heads, d = new.shape
            self._stored[key] = new.new_zeros(rows, self.length, heads, d)
        stored = self._stored[key]
        stored.scatter_(1, self.at[:, :, None, None].expand_as(new), new)
        return stored

    def visible(self) -> Bool[Tensor, "batch 1 time length"]:
        """Which positions each token being added may look at: its own and those before it."""
        return (torch.arange(self.length) <= self.at[:, :, None])[:, None]

    def keep(self, rows: Int[Tensor, " kept"]) -> None:
        """Drop all rows but these."""
        self.tokens, self.filled, self.at = self.tokens[rows], self.filled[rows], self.at[rows]
        self._stored = {key: value[rows] for key, value in self._stored.items()}
