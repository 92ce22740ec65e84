"""Looking inside a network and switching parts of it off, by hooks: the network itself knows nothing of either.

Names are stable and the same for every mixer and stack: `embedding` is what the first layer reads, `layer.0.weights`
the attention weights of its mixer (head, query, key), `layer.0.mixed` what the mixer adds, `layer.0` the layer's
output, `hidden` what the head reads, and `logits` its scores. Layers count from 0, in the order they run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from closedbook.model.dropout import Dropout
from closedbook.model.network import Network
from closedbook.model.shapes import Tokens
from closedbook.typing import Bool

Switch = tuple[int, int] | str  # a head as (layer, head), or "memory"


def switches(model: Network) -> list[Switch]:
    """Everything that can be switched off: every head of every layer, then the memory where there is one."""
    heads: list[Switch] = [(i, head) for i, layer in enumerate(model.attending()) for head in range(layer.heads)]
    return [*heads, "memory"] if model.memory is not None else heads


@torch.inference_mode()
def activations(model: Network, tokens: Tokens) -> dict[str, Tensor]:
    """What the network computes on its way, by name; each with the batch in front. See the module's text for names."""
    model.eval()
    seen: dict[str, Tensor] = {}

    def read(name: str) -> Any:
        return lambda module, inputs, output: seen.__setitem__(name, output[0] if isinstance(output, tuple) else output)

    with model.showing_weights() as weights, contextlib.ExitStack() as held:

        def weigh(name: str) -> Any:
            return lambda *arguments: seen.__setitem__(name, weights(*arguments))

        def hook(handle: Any) -> None:
            held.callback(handle.remove)

        hook(model.reads_first.register_forward_hook(read("embedding")))
        for i, layer in enumerate(model.attending()):
            hook(layer.mixer.register_forward_hook(weigh(f"layer.{i}.weights"), with_kwargs=True))
            hook(layer.mixer.register_forward_hook(read(f"layer.{i}.mixed")))
            hook(layer.block.register_forward_hook(read(f"layer.{i}")))
        hidden = model(tokens)
        return {**seen, "hidden": hidden, "logits": model.head(hidden)}


def ablated(model: Network, off: Sequence[Switch]) -> contextlib.AbstractContextManager[None]:
    """The network without these heads (their part of what the mixer's last map reads is 0), or without its memory.

    Raises ValueError for a head that is not there.
    """
    return _kept(model, {switch: torch.zeros(1, dtype=torch.bool) for switch in off})


def one_off_per_row(model: Network, off: Sequence[Switch | None]) -> contextlib.AbstractContextManager[None]:
    """Row i of every batch runs without `off[i]`, or whole where that is None: many experiments in one pass."""
    return _kept(model, {s: torch.tensor([s != row for row in off]) for s in dict.fromkeys(off) if s is not None})


@contextlib.contextmanager
def mc_dropout(model: Network, chance: float, seed: int) -> Iterator[None]:
    """The network with units of its residual stream dropped: wherever it has dropout, the same units at every position.

    What is dropped depends on the seed alone, so whoever is asked goes through the same thinned network (one mask over
    a whole sequence: Gal and Ghahramani 2016).
    """
    generator = torch.Generator().manual_seed(seed)
    with contextlib.ExitStack() as held:
        for module in model.modules():
            if isinstance(module, Dropout):
                stays = (torch.rand(model.recipe.width, generator=generator) >= chance) / (1 - chance)
                hook = _multiply(stays.to(model.device))
                held.callback(module.register_forward_hook(hook).remove)
        yield


def _multiply(by: Tensor) -> Any:
    return lambda module, inputs, output: output * by


@contextlib.contextmanager
def _kept(model: Network, rows: Mapping[Switch, Bool[Tensor, " row"]]) -> Iterator[None]:
    """Each switch stays on in the rows that are True only; a single entry counts for all rows."""
    names = switches(model)
    for switch in rows:
        if switch not in names:
            raise ValueError(f"there is no {switch} to switch off; this network has {names}")
    with contextlib.ExitStack() as held:
        for number, layer in enumerate(model.attending()):
            heads = {s[1]: keep.to(model.device) for s, keep in rows.items() if isinstance(s, tuple) and s[0] == number}
            if heads:
                held.callback(layer.out.register_forward_pre_hook(_silence(layer.heads, heads)).remove)
        if "memory" in rows:
            keep = rows["memory"].to(model.device)[:, None, None, None]
            held.callback(model.memory.register_forward_hook(_multiply(keep)).remove)
        yield


def _silence(count: int, heads: Mapping[int, Bool[Tensor, " row"]]) -> Any:
    """A hook that multiplies what the last map reads of these heads, of `count` side by side, by 0 or 1 in each row."""

    def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        split = inputs[0].unflatten(-1, (count, -1)).clone()
        for head, keep in heads.items():
            split[..., head, :] *= keep[:, None, None]
        return (split.flatten(-2), *inputs[1:])

    return hook
