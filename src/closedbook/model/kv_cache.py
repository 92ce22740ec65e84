"""The key/value cache: what decoding keeps of the tokens it has seen, for rows of different lengths at once."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from closedbook.model.shapes import Heads, Tokens
from closedbook.typing import Float, Int

SPARE = 7  # places made beyond what is needed: more are never read but spoil the order of reading, fewer are soon full


class Cache:
    """What `rows` rows have seen so far; it grows as they do.

    Rows may stand at different positions: a prompt shorter than the batch's longest is padded on the right, and
    its next token overwrites the padding. `positions` (batch, time) are those of the tokens being added; `visible`
    (batch, 1, time, seen) says which of the positions seen so far each of them may look at: its own and those before
    it, and so never the padding.
    """

    positions: Tensor
    visible: Tensor

    def __init__(self, rows: int, device: torch.device | None = None) -> None:
        self.filled = torch.zeros(rows, dtype=torch.long, device=device)  # tokens of each row so far, no padding
        self._cached: dict[tuple[int, str], Tensor] = {}

    def advance(self, tokens: Tokens) -> Tokens:
        """Note the next tokens of each row and return their positions."""
        device = tokens.device
        self.positions = self.filled[:, None] + torch.arange(tokens.shape[1], device=device)
        self.filled = self.filled + tokens.shape[1]
        seen = int(self.filled.max())
        self.visible = (torch.arange(seen, device=device) <= self.positions[:, :, None])[:, None]
        return self.positions

    def extend(self, layer: int, name: str, new: Heads) -> Float[Tensor, "batch head seen d"]:
        """Store one layer's vectors of the tokens being added; return those of all positions seen so far."""
        seen = self.visible.shape[-1]
        cached = self._cached.get((layer, name), new[:, :, :0])
        if seen > cached.shape[2]:
            cached = self._cached[layer, name] = F.pad(cached, (0, 0, 0, seen + SPARE - cached.shape[2]))
        row = torch.arange(len(new), device=new.device)[:, None]
        cached[row, :, self.positions] = new.transpose(1, 2)
        return cached[:, :, :seen]

    def first(self, columns: int) -> Cache:
        """The same cache as a layer sees it that only the first so many of the tokens being added reach."""
        narrow = copy.copy(self)
        narrow.positions, narrow.visible = self.positions[:, :columns], self.visible[:, :, :columns]
        return narrow

    def drop_padding(self, lengths: Int[Tensor, " batch"]) -> None:
        """Go on with so many tokens of each row: what was added behind them was padding."""
        self.filled = lengths

    def keep(self, rows: Int[Tensor, " kept"]) -> None:
        """Leave these rows, in this order; a row may be named more than once."""
        self.filled = self.filled[rows]
        self._cached = {key: value[rows] for key, value in self._cached.items()}
