"""Training speed of every mixer against a plain eager implementation of its formula: results/mixers.json.

    python benchmarks/mixers.py --threads 1

For each mixer at blocks of 128 and 1,024, with the course's sizes and dropout, about 4,000 positions a batch:

mixer  the mixer alone, its linear maps included, forward and backward.
step   the course's whole network with it (256 outputs, a loss at every position): forward, backward and AdamW.

The plain one is the same, but masks, softmaxes, drops (in the whole network) and sums with torch's own functions, one
after another. Both take turns in one run; medians, and the median of the ratios. Seconds are those of the processor:
with one thread they are what a clock would show on a machine with nothing else to do. Where cores share a cache or are
two halves of one, a busy neighbour still makes them longer, and the gains of staying in the cache smaller.
"""

from __future__ import annotations

import argparse
import copy
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from types import MethodType

import torch
import torch.nn.functional as F
from record import Cells
from torch import Tensor, nn

from closedbook.config.loading import load_recipe
from closedbook.config.registry import REGISTRIES, ComponentSpec
from closedbook.config.schema import ModelRecipe
from closedbook.model.dropout import Dropout
from closedbook.model.gpt import GPT
from closedbook.model.mixers.attention_mixer import AttentionMixer
from closedbook.model.mixers.softmax import Softmax
from closedbook.model.positions import rotate

KINDS = {
    **{name: {"mixer": ComponentSpec(name)} for name in REGISTRIES["mixer"]},
    "rotary": {"positions": "rotary"},
}


def weighted(scores: Tensor, v: Tensor, dropout: float) -> Tensor:
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    weights = scores.masked_fill(future, -math.inf).softmax(-1).expand(len(v), -1, -1, -1)
    return (F.dropout(weights, dropout) @ v).transpose(1, 2).flatten(2)


def plain_softmax(self: Softmax, x: Tensor, rotation: Tensor | None = None, cache: None = None) -> Tensor:
    q, k, v = (part.unflatten(-1, (self.heads, -1)) for part in self.qkv(x).chunk(3, -1))
    if rotation is not None:
        q, k = rotate(q, rotation), rotate(k, rotation)
    q, k, v = (part.transpose(1, 2) for part in (q, k, v))
    return self.out(weighted(q @ k.mT / math.sqrt(q.shape[-1]), v, self.dropout))


def plain_scored(self: AttentionMixer, x: Tensor, rotation: Tensor | None = None, cache: None = None) -> Tensor:
    v = self.value(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
    return self.out(weighted(self.scores(x, rotation, None), v, self.dropout))


def plain(model: GPT) -> GPT:
    """A copy whose mixers compute their formula step by step."""
    copied = copy.deepcopy(model)
    for module in copied.modules():
        if isinstance(module, Softmax):
            module.forward = MethodType(plain_softmax, module)
        elif isinstance(module, AttentionMixer):
            module.forward = MethodType(plain_scored, module)
        for name, part in module.named_children():
            if isinstance(part, Dropout):
                setattr(module, name, nn.Dropout(part.chance))
    return copied


def timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def step(model: GPT, optimiser: torch.optim.Optimizer, tokens: Tensor) -> None:
    inputs, targets = tokens[:, :-1], tokens[:, 1:].flatten()
    model.loss(inputs, torch.arange(targets.numel()), targets).div(targets.numel()).backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def alone(model: GPT, x: Tensor) -> None:
    """The first block's mixer, forward and backward."""
    mixer: nn.Module = model.stack.blocks[0].mixer  # type: ignore[union-attr, index, assignment]
    rotation = model.positions.rotation(torch.arange(x.shape[1])[None])  # type: ignore[operator]
    mixer(x, rotation).backward(x)
    mixer.zero_grad(set_to_none=True)


def measure(recipe: ModelRecipe, turns: int, positions: int) -> dict[str, object]:
    torch.manual_seed(0)
    ours = GPT(recipe, 256)
    theirs = plain(ours)
    check_same(ours, theirs, recipe)
    pair = (ours, theirs)
    optimisers = [torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True) for model in pair]
    batch = max(1, positions // recipe.context_length)
    times: dict[str, list[tuple[float, ...]]] = {"mixer": [], "step": []}
    for turn in range(turns + 1):
        tokens = torch.randint(2, 256, (batch, recipe.context_length))
        x = torch.randn(batch, recipe.context_length - 1, recipe.width, requires_grad=True)
        row = {
            "mixer": tuple(timed(lambda m=model, x=x: alone(m, x)) for model in pair),
            "step": tuple(
                timed(lambda m=m, o=o, t=tokens: step(m, o, t)) for m, o in zip(pair, optimisers, strict=True)
            ),
        }
        if turn:  # the first is the warm-up
            for name, seconds in row.items():
                times[name].append(seconds)
    return {
        **{
            name: {
                "milliseconds": round(1000 * statistics.median(first for first, _ in seconds), 1),
                "plain_milliseconds": round(1000 * statistics.median(second for _, second in seconds), 1),
                "times_faster": round(statistics.median(second / first for first, second in seconds), 2),
            }
            for name, seconds in times.items()
        },
        "parameters": ours.count_parameters()["total"],
        "batch": [batch, recipe.context_length - 1],
        "turns": turns,
    }


def check_same(ours: GPT, theirs: GPT, recipe: ModelRecipe) -> None:
    """Raise AssertionError unless the two are the same network without dropout, or the comparison says nothing."""
    tokens = torch.randint(2, 256, (1, recipe.context_length - 1))
    mixers = [
        module for model in (ours, theirs) for module in model.modules() if isinstance(module, AttentionMixer | Softmax)
    ]
    for mixer in mixers:
        mixer.dropout = 0.0
    with torch.no_grad():
        assert torch.allclose(ours.eval().logits(tokens), theirs.eval().logits(tokens), atol=1e-4)
    for mixer in mixers:
        mixer.dropout = recipe.dropout
    ours.train()
    theirs.train()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--positions", type=int, default=4096)
    parser.add_argument("--blocks", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cells = Cells("mixers.json")
    for block in arguments.blocks:
        for name in arguments.only:
            recipe = replace(load_recipe("course-vanilla").model, context_length=block, **KINDS[name])
            key = f"{name}, block {block}"
            if key not in cells:
                cells.add(key, measure(recipe, arguments.turns, arguments.positions))
            print(key, cells[key], flush=True)


if __name__ == "__main__":
    main()
