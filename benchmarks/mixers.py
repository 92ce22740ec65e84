"""Training-step speed of every mixer against a plain eager implementation of its formula: results/mixers.json.

    python benchmarks/mixers.py --threads 1

The course's network (dropout 0.1, 256 outputs, a loss at every position) at blocks of 128 and 1,024, forward, backward
and AdamW, about 4,000 positions a batch. The plain one is the same network whose mixers mask, softmax, drop and sum
with torch's own functions, one after another. Both take turns in one run; medians, and the median of the ratios.
"""

from __future__ import annotations

import argparse
import copy
import math
import statistics
import time
from dataclasses import replace
from types import MethodType

import torch
import torch.nn.functional as F
from record import Cells
from torch import Tensor, nn

from closedbook.model.gpt import GPT
from closedbook.model.mixers.scored import Scored
from closedbook.model.mixers.softmax import Softmax
from closedbook.model.positions import rotate
from closedbook.recipe import REGISTRIES, ModelRecipe, Part, load_recipe

KINDS = {
    **{name: {"mixer": Part(name)} for name in REGISTRIES["mixer"]},
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


def plain_scored(self: Scored, x: Tensor, rotation: Tensor | None = None, cache: None = None) -> Tensor:
    v = self.value(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
    return self.out(weighted(self.scores(x, rotation, None), v, self.dropout))


def plain(model: GPT) -> GPT:
    """A copy whose mixers compute their formula step by step."""
    copied = copy.deepcopy(model)
    for module in copied.modules():
        if isinstance(module, Softmax):
            module.forward = MethodType(plain_softmax, module)
        elif isinstance(module, Scored):
            module.forward = MethodType(plain_scored, module)
    return copied


def step(model: nn.Module, optimiser: torch.optim.Optimizer, tokens: Tensor) -> float:
    began = time.perf_counter()
    inputs, targets = tokens[:, :-1], tokens[:, 1:].flatten()
    model.loss(inputs, torch.arange(targets.numel()), targets).div(targets.numel()).backward()  # type: ignore[operator]
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return time.perf_counter() - began


def measure(recipe: ModelRecipe, turns: int, positions: int) -> dict[str, object]:
    torch.manual_seed(0)
    ours = GPT(recipe, 256)
    theirs = plain(ours)
    with torch.no_grad():  # the same network, or the comparison says nothing
        tokens = torch.randint(2, 256, (1, recipe.block))
        for model in (ours, theirs):
            model.eval()
            for module in model.modules():
                if hasattr(module, "dropout") and isinstance(module.dropout, float):
                    module.dropout = 0.0
        assert torch.allclose(ours.logits(tokens[:, :-1]), theirs.logits(tokens[:, :-1]), atol=1e-4)
        for model in (ours, theirs):
            model.train()
            for module in model.modules():
                if hasattr(module, "dropout") and isinstance(module.dropout, float):
                    module.dropout = recipe.dropout
    optimisers = [torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True) for model in (ours, theirs)]
    times: list[tuple[float, float]] = []
    for turn in range(turns + 1):
        tokens = torch.randint(2, 256, (max(1, positions // recipe.block), recipe.block))
        first, second = (step(m, o, tokens) for m, o in zip((ours, theirs), optimisers, strict=True))
        if turn:  # the first is the warm-up
            times.append((first, second))
    return {
        "steps_per_second": round(1 / statistics.median(first for first, _ in times), 3),
        "plain_steps_per_second": round(1 / statistics.median(second for _, second in times), 3),
        "times_faster": round(statistics.median(second / first for first, second in times), 2),
        "parameters": ours.count_parameters()["total"],
        "batch": [len(tokens), recipe.block - 1],
        "turns": turns,
    }


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
            recipe = replace(load_recipe("course-vanilla").model, block=block, **KINDS[name])
            key = f"{name}, block {block}"
            if key not in cells:
                cells.add(key, measure(recipe, arguments.turns, arguments.positions))
            print(key, cells[key], flush=True)


if __name__ == "__main__":
    main()
