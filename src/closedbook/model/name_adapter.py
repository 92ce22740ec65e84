"""What makes names act in a pretrained base: their vectors between its layers, and the adapter that reads them.

From a name's last token on, a low-rank map stands beside each linear map of the base (LoRA: Hu et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MethodType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.model.pretrained_base import linear_maps
from closedbook.model.shapes import Hidden
from closedbook.typing import Bool, Float, Int

ROW_STEP = 16  # in training, products have a multiple of so many rows


@dataclass(frozen=True)
class Acting:
    """The names of a batch: where their last tokens stand, what is added there, and where the adapter acts."""

    row: Int[Tensor, " name"]
    place: Int[Tensor, " name"]
    vectors: Float[Tensor, "name layer width"]
    here: Tensor  # (batch, time, 1) bool; in a base's dtype 0 or 1
    adapter: Adapter
    split: tuple[Tensor, Tensor] | None = None  # in training: flat positions before the names, and from them on

    def to(self, dtype: torch.dtype) -> Acting:
        return replace(self, vectors=self.vectors.to(dtype), here=self.here.to(dtype))

    def in_training(self, padding: Bool[Tensor, "batch time"]) -> Acting:
        """The same, where the linear maps leave padding out, and have no gradient before the names.

        Nothing that is trained acts before a name, so the gradients of what is trained are the same.
        """
        here = self.here[..., 0]
        before, since = (places.flatten().nonzero()[:, 0] for places in (~here & ~padding, here & ~padding))
        return replace(self, split=(before, since))


def hook(layers: nn.ModuleList, places: Sequence[int], now: Any) -> None:
    """Add names' vectors and the adapter to a base's layers, wherever `now.acting` says so."""

    def add(number: int) -> Callable[..., Any]:
        def before(module: nn.Module, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            acting: Acting | None = getattr(now, "acting", None)
            if acting is None or not len(acting.row):
                return None
            x = inputs[0] if inputs else keywords["hidden_states"]
            x = x.index_put((acting.row, acting.place), acting.vectors[:, number], accumulate=True)
            return ((x, *inputs[1:]), keywords) if inputs else (inputs, {**keywords, "hidden_states": x})

        return before

    def adapt(name: str) -> Callable[..., Tensor]:
        def forward(module: nn.Module, x: Tensor) -> Tensor:
            frozen = partial(type(module).forward, module)
            acting: Acting | None = getattr(now, "acting", None)
            if acting is None:
                return frozen(x)
            if acting.split is None:
                return frozen(x) + acting.adapter(name, x, acting.here)
            before, since = acting.split
            rows = _rows(x, since)
            mapped = frozen(rows) + acting.adapter(name, rows)
            with torch.no_grad():
                whole = mapped.new_zeros(x.shape[0] * x.shape[1], mapped.shape[1])
                whole.index_copy_(0, before, frozen(_rows(x, before))[: len(before)])
            return whole.index_copy(0, since, mapped[: len(since)]).view(*x.shape[:2], -1)

        return forward

    for number, layer in enumerate(places):
        layers[layer].register_forward_pre_hook(add(number), with_kwargs=True)
    for name, module in linear_maps(layers):
        module.forward = MethodType(adapt(name), module)  # copying a base binds it to the copy's module


def _rows(x: Hidden, which: Int[Tensor, " row"]) -> Float[Tensor, "few width"]:
    """These rows of all positions, and zero rows up to the next of few numbers.

    For a product of a new shape the CPU's library compiles a kernel, and keeps a thousand of them.
    """
    return F.pad(x.flatten(0, 1).index_select(0, which), (0, 0, 0, -len(which) % ROW_STEP))


class Adapter(nn.Module):
    """One low-rank map beside each linear map of the base's layers, zero at first."""

    def __init__(self, layers: nn.ModuleList, rank: int) -> None:
        super().__init__()
        self.rank = rank
        self.down, self.up = nn.ParameterDict(), nn.ParameterDict()
        for name, module in linear_maps(layers):
            rows, columns = module.weight.shape
            inputs, outputs = (columns, rows) if isinstance(module, nn.Linear) else (rows, columns)
            self.down[name] = nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
            self.up[name] = nn.Parameter(torch.zeros(outputs, rank))

    def forward(
        self, name: str, x: Float[Tensor, "*batch inputs"], here: Float[Tensor, "*batch 1"] | float = 1.0
    ) -> Float[Tensor, "*batch outputs"]:
        """What is added to the map of this name; exactly 0 where `here` is 0."""
        return F.linear(F.linear(x, self.down[name].to(x.dtype)) * here, self.up[name].to(x.dtype))
