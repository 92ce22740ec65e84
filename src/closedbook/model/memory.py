"""The hashed n-gram memory: a table of vectors looked up by the last few tokens and added to the embedding.

Hash embeddings of n-grams are found in Byte Latent Transformer (Pagnoni et al. 2024), section 3.2.1; here the
table is large, sparse in use, and where facts about a name are kept. A name has the same tokens wherever it
stands, so the rows of its last tokens are nearly its own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.errors import RecipeError
from closedbook.recipe import MemoryRecipe
from closedbook.shapes import Float, Int

MIXERS = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)  # odd constants; one per place in the n-gram


class Memory(nn.Module):
    """`rows` vectors for each order n: row hash(last n tokens) of each order, summed."""

    def __init__(self, recipe: MemoryRecipe, width: int) -> None:
        super().__init__()
        if not recipe.words or max(recipe.words) > len(MIXERS) or min(recipe.words) < 1:
            raise RecipeError(f"model.memory.words = {list(recipe.words)}: give orders from 1 to {len(MIXERS)}")
        self.recipe = recipe
        self.table = nn.Parameter(torch.zeros(len(recipe.words) * recipe.rows, width))

    def rows(self, tokens: Int[Tensor, "batch time"]) -> Int[Tensor, "batch time order"]:
        """The row of each order's table at every position; tokens before the first count as PAD."""
        rows = []
        for table, order in enumerate(self.recipe.words):
            padded = F.pad(tokens, (order - 1, 0))
            key = torch.full_like(tokens, order)
            for place in range(order):
                key = (key ^ padded[:, place : place + tokens.shape[1]]) * MIXERS[place] & 0x7FFFFFFF
                key = key ^ (key >> 15)
            rows.append(key % self.recipe.rows + table * self.recipe.rows)
        return torch.stack(rows, -1)

    def forward(
        self, tokens: Int[Tensor, "batch time"], at: Int[Tensor, "batch new"] | None = None
    ) -> Float[Tensor, "batch new width"]:
        """Vectors to add at every position, or at the positions `at` only."""
        rows = self.rows(tokens)
        if at is not None:
            rows = rows.gather(1, at[..., None].expand(-1, -1, rows.shape[-1]))
        return F.embedding(rows, self.table, sparse=True).sum(-2)
