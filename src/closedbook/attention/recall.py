"""Associative recall, the task of 2g.ii: n (key, value) pairs in random order, then a key; the answer is its value.

One attention layer and a linear read-out, no MLP. Key and value are embedded separately and added. The n values are
the same in every example, in another order, so that a guess is right with chance 1/n.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, factorial

import torch
from torch import Generator, Tensor

from closedbook.attention.heads import synthesizer
from closedbook.typing import Float, Int


@dataclass(frozen=True)
class Pairs:
    """A batch of examples: the pairs in order, the queried key, and its value."""

    keys: Int[Tensor, "batch n"]
    values: Int[Tensor, "batch n"]
    query: Int[Tensor, " batch"]
    answer: Int[Tensor, " batch"]


def pairs(size: int, n: int, key_count: int, g: Generator) -> Pairs:
    """Fresh pairs: n of `key_count` keys in random order, the n values in random order, one key queried."""
    keys = torch.rand(size, key_count, generator=g).argsort(1)[:, :n]
    values = torch.rand(size, n, generator=g).argsort(1)
    place = torch.randint(n, (size, 1), generator=g)
    return Pairs(keys, values, keys.gather(1, place)[:, 0], values.gather(1, place)[:, 0])


Weights = dict[str, Tensor]
Layer = Callable[[Weights, Float[Tensor, "batch n d"]], Float[Tensor, "batch d"]]


def embedding(n: int, key_count: int, width: int, g: Generator) -> Weights:
    """Random embeddings of keys, values, questions and places, and the linear read-out."""
    return {
        "key": torch.randn(key_count, width, generator=g),
        "value": torch.randn(n, width, generator=g),
        "question": torch.randn(key_count, width, generator=g),
        "place": 0.1 * torch.randn(n + 1, width, generator=g),
        "V": torch.randn(width, width, generator=g) / width**0.5,
        "out": torch.randn(width, n, generator=g) / width**0.5,
    }


def softmax_layer(n: int, width: int, g: Generator) -> tuple[Weights, Layer]:
    """Softmax attention: the last position's query against every position's key."""
    weights = {name: torch.randn(width, width, generator=g) / width**0.5 for name in "KQ"}

    def layer(w: Weights, x: Tensor) -> Tensor:
        scores = (x @ w["K"]) @ (x[:, -1] @ w["Q"]).unsqueeze(-1) / x.shape[-1] ** 0.5
        return (scores.softmax(1).mT @ (x @ w["V"]))[:, 0]

    return weights, layer


def synthesizer_layer(n: int, width: int, g: Generator) -> tuple[Weights, Layer]:
    """A dense Synthesizer: the last position's weights depend on that position alone."""
    weights = {
        "A": torch.randn(width, width, generator=g) / width**0.5,
        "b1": torch.zeros(width),
        "B": 0.1 * torch.randn(width, n + 1, generator=g),
        "b2": torch.zeros(n + 1),
    }

    def layer(w: Weights, x: Tensor) -> Tensor:
        return synthesizer(x, w["A"], w["b1"], w["B"], w["b2"], w["V"])[:, -1]

    return weights, layer


LAYERS = {"softmax attention": softmax_layer, "Synthesizer": synthesizer_layer}


def logits(w: Weights, layer: Layer, batch: Pairs) -> Float[Tensor, "batch n"]:
    """Read-out of the last position, which holds the query, after one layer."""
    bound = w["key"][batch.keys] + w["value"][batch.values]
    x = torch.cat([bound, w["question"][batch.query].unsqueeze(1)], dim=1) + w["place"]
    return layer(w, x) @ w["out"]


@dataclass(frozen=True)
class Recall:
    """A trained layer's accuracy on fresh examples, and its training curve: (step, accuracy on the batch)."""

    accuracy: float
    steps: int
    curve: tuple[tuple[int, float], ...]


def accuracy(answer: Callable[[Pairs], Tensor], n: int, key_count: int, examples: int, g: Generator) -> float:
    """The share of fresh examples answered correctly."""
    right = 0
    for done in range(0, examples, 4096):
        batch = pairs(min(4096, examples - done), n, key_count, g)
        right += int((answer(batch).argmax(1) == batch.answer).sum())
    return right / examples


SOLVED = 20  # training ends after so many batches in a row without an error


def train(
    kind: str, n: int, width: int, steps: int, seed: int, examples: int = 20_000, batch: int = 128, rate: float = 1e-2
) -> Recall:
    """Train one layer of `kind` (a key of LAYERS) by Adam on fresh pairs of 2n keys, and test it on `examples` more.

    It ends after `steps`, or once SOLVED batches in a row were answered without an error.
    """
    g = torch.Generator().manual_seed(seed)
    layer_weights, layer = LAYERS[kind](n, width, g)
    w = {**embedding(n, 2 * n, width, g), **layer_weights}
    optimiser = torch.optim.Adam([tensor.requires_grad_() for tensor in w.values()], lr=rate)
    shares: list[float] = []
    while len(shares) < steps and not (len(shares) >= SOLVED and min(shares[-SOLVED:]) == 1.0):
        examples_in_step = pairs(batch, n, 2 * n, g)
        out = logits(w, layer, examples_in_step)
        shares.append(float((out.argmax(1) == examples_in_step.answer).double().mean()))
        loss = torch.nn.functional.cross_entropy(out, examples_in_step.answer)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        share = accuracy(lambda b: logits(w, layer, b), n, 2 * n, examples, g)
    return Recall(share, len(shares), tuple(enumerate(shares, start=1)))


def affine_ceiling(n: int) -> float:
    """The largest share of right answers that any read-out affine in the pairs can reach: 2g.ii's counting argument.

    (1/n) Σₘ min(1, C(n, m)/m!), about e/√n for large n.
    """
    return sum(min(1.0, comb(n, m) / factorial(m)) for m in range(1, n + 1)) / n
