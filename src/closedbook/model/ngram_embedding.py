"""The hashed n-gram memory: a table of vectors looked up by the last few tokens and added to the embedding.

Hash embeddings of n-grams are found in Byte Latent Transformer (Pagnoni et al. 2024), section 3.2.1. Here they are
where facts about a name are kept: a name has the same tokens wherever it stands, so the row of its last two or
three tokens is nearly its own, in a document's title as in a question.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.config.schema import MemoryRecipe
from closedbook.errors import RecipeError
from closedbook.typing import Float, Int

MULTIPLIERS = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)  # odd constants; one per place in the n-gram


class NgramEmbedding(nn.Module):
    """`rows` vectors for each order n: the row hash(last n tokens) of each order, summed.

    `named` (vocabulary,) marks tokens that are parts of names; with `names_only` an n-gram that holds any other
    token has no row. Untouched rows are zero and cost nothing to train: gradients are sparse.
    """

    named: Tensor | None

    def __init__(self, recipe: MemoryRecipe, width: int, named: np.ndarray | None = None) -> None:
        super().__init__()
        if not recipe.orders or max(recipe.orders) > len(MULTIPLIERS) or min(recipe.orders) < 1 or recipe.rows < 1:
            raise RecipeError(
                f"model.memory: orders = {list(recipe.orders)} must be from 1 to {len(MULTIPLIERS)}, "
                f"rows = {recipe.rows} above 0"
            )
        if recipe.names_only and named is None:
            raise RecipeError('model.memory.names_only needs vocabulary.kind = "words", which knows what a name is')
        self.recipe, self.none = recipe, len(recipe.orders) * recipe.rows
        self.register_buffer("named", torch.from_numpy(named) if recipe.names_only else None, persistent=False)
        self.table = nn.Parameter(torch.zeros(self.none, width))

    def rows(self, tokens: Int[Tensor, "batch time"]) -> Int[Tensor, "batch time order"]:
        """The row of each order's table at every position, or `none`; tokens before the first count as PAD."""
        rows = []
        for number, order in enumerate(self.recipe.orders):
            padded = F.pad(tokens, (order - 1, 0))
            key = torch.full_like(tokens, order)
            counts = torch.ones_like(tokens, dtype=torch.bool)
            for place in range(order):
                token = padded[:, place : place + tokens.shape[1]]
                key = (key ^ token) * MULTIPLIERS[place] & 0x7FFFFFFFFFFF
                key = key ^ (key >> 23)
                if self.named is not None:
                    counts &= self.named[token]
            row = key % self.recipe.rows + number * self.recipe.rows
            rows.append(row.where(counts, self.none) if self.named is not None else row)
        return torch.stack(rows, -1)

    def forward(
        self, tokens: Int[Tensor, "batch time"], positions: Int[Tensor, "batch new"] | None = None
    ) -> Float[Tensor, "batch new width"]:
        """Vectors to add at every position, or at the `positions` only."""
        rows = self.rows(tokens)
        if positions is not None:
            rows = rows.gather(1, positions[..., None].expand(-1, -1, rows.shape[-1]))
        # Look up only what there is: most positions are in no name.
        position, order = (rows != self.none).flatten(0, 1).nonzero(as_tuple=True)
        vectors = F.embedding(rows.flatten(0, 1)[position, order], self.table, sparse=True)
        out = vectors.new_zeros(rows.shape[0] * rows.shape[1], vectors.shape[1])
        return out.index_add(0, position, vectors).unflatten(0, rows.shape[:2])

    def ngrams(self, tokens: np.ndarray) -> list[tuple[int, tuple[int, ...]]]:
        """(row, n-gram) of every n-gram of a token sequence (time,) that has a row; before its first stands PAD."""
        ids = torch.from_numpy(tokens.astype(np.int64))[None].to(self.table.device)
        rows = self.rows(ids)[0].tolist() if len(tokens) else []
        entries = []
        for number, order in enumerate(self.recipe.orders):
            padded = (0,) * (order - 1) + tuple(tokens.tolist())
            places = (i for i, row in enumerate(rows) if row[number] != self.none)
            entries += [(rows[i][number], padded[i : i + order]) for i in places]
        return entries

    def collisions(self, sequences: list[np.ndarray]) -> list[dict[str, int | float]]:
        """For each order: distinct n-grams of these token sequences, rows they use, share that share a row."""
        different = {pair for sequence in sequences for pair in self.ngrams(sequence)}
        report = []
        for number, order in enumerate(self.recipe.orders):
            users = Counter(row for row, _ in different if row // self.recipe.rows == number)
            shared = sum(count for count in users.values() if count > 1)
            report.append(
                {"order": order, "ngrams": users.total(), "rows_used": len(users), "rows": self.recipe.rows,
                 "sharing": shared / max(1, users.total())}
            )  # fmt: skip
        return report
