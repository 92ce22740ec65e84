"""A sparse Adam for the memory of names, AdamW for what all names share, or for all where there is no memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from closedbook.runs.weights import split_names
from closedbook.training.muon import BETAS, SparseAdam
from closedbook.training.optimisers import Moments
from closedbook.validation import Above0, NotNegative

TABLE = "memory.table"


class Rows:
    """A name's row moves only when the name is met, and then by much; the rest is AdamW's."""

    @dataclass(frozen=True)
    class Config:
        rate: Above0 = 1e-3  # of AdamW
        row_rate: Above0 = 0.05  # of the sparse Adam
        decay: NotNegative = 0.0  # of both

    def __init__(self, config: Config, model: nn.Module) -> None:
        named = dict(model.named_parameters())
        self.config, table = config, named.pop(TABLE, None)
        self.rows = None if table is None else SparseAdam(table, config.row_rate, config.decay)
        self.rest = Moments(named, BETAS, config.decay)

    def step(self, multiplier: float) -> None:
        if self.rows is not None:
            self.rows.step(multiplier)
        self.rest.step(self.config.rate * multiplier)

    def tensors(self) -> dict[str, Tensor]:
        rows = {} if self.rows is None else self.rows.tensors()
        return {**{f"rows/{which}": value for which, value in rows.items()}, **self.rest.tensors()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        if self.rows is not None:
            self.rows.load(split_names(tensors, "rows/"))
        self.rest.load(tensors)
