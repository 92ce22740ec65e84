"""Decoding: greedy answers to many questions at once, and sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from closedbook.model.cache import Cache
from closedbook.model.gpt import GPT
from closedbook.text.vocabulary import MASK, PAD


@dataclass(frozen=True)
class Generated:
    """What greedy decoding gave for one prompt.

    `ids` end before the MASK that closes the answer, if there is one; `logprobs` are those of `ids` and, last,
    of the closing MASK where it came.
    """

    ids: list[int]
    logprobs: list[float]
    closed: bool


@torch.inference_mode()
def greedy(
    model: GPT, prompts: Sequence[np.ndarray], length: int, batch: int = 128, *, in_one: bool = False
) -> list[Generated]:
    """The most probable next token, again and again, until MASK or `length` tokens, for each prompt.

    `in_one`: the model's outputs are whole answers and no inputs, so one is taken, and no MASK closes it.

    Prompts of different lengths share a batch; each is decoded exactly as it would be alone. A prompt that leaves
    no room in the block is an error of the caller.
    """
    model.eval()
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    results: dict[int, Generated] = {}
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        results.update(zip(chosen, _greedy(model, [prompts[i] for i in chosen], length, in_one), strict=True))
    return [results[i] for i in range(len(prompts))]


def _greedy(model: GPT, prompts: list[np.ndarray], length: int, in_one: bool) -> list[Generated]:
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    longest = int(lengths.max())
    tokens = torch.full((len(prompts), longest), PAD)
    for row, prompt in enumerate(prompts):
        tokens[row, : len(prompt)] = torch.from_numpy(prompt.astype(np.int64))
    cache = Cache(1)
    shared = _shared(tokens[:, : int(lengths.min()) - 1])
    if shared:  # how all the prompts begin is worked out once
        model(tokens[:1, :shared], cache)
    cache.keep(torch.zeros(len(prompts), dtype=torch.long))
    last = model(tokens[:, shared:], cache, at=torch.arange(len(prompts)) * (longest - shared) + lengths - shared - 1)
    cache.filled = lengths

    steps = 1 if in_one else length
    said, logprobs = torch.full((len(prompts), steps), PAD), torch.zeros(len(prompts), steps)
    count = torch.zeros(len(prompts), dtype=torch.long)  # of tokens said, the closing MASK included
    rows = torch.arange(len(prompts))  # which prompt each row of the cache is
    going = torch.ones(len(prompts), dtype=torch.bool)
    for step in range(steps):
        best, token = model.head(last).log_softmax(-1).max(-1)
        said[rows, step], logprobs[rows, step] = token, best
        count[rows[going]] = step + 1
        full = cache.filled == model.recipe.block - 1
        going = going & (token != MASK) & ~full
        if step + 1 == steps or not going.any():
            break
        if full.any() or 2 * int(going.sum()) <= len(going):  # to leave rows out costs as much as a step with them
            left = going.nonzero()[:, 0]
            cache.keep(left)
            rows, token, going = rows[left], token[left], going[left]
        last = model(token[:, None], cache)[:, -1]
    ends = zip(said.tolist(), logprobs.tolist(), count.tolist(), strict=True)
    return [_generated(ids[:n], values[:n], in_one) for ids, values, n in ends]


def _shared(tokens: Tensor) -> int:
    """How many columns are the same in all rows, from the first on."""
    return int((tokens == tokens[:1]).all(0).long().cumprod(0).sum())


def _generated(said: list[int], logprobs: list[float], in_one: bool) -> Generated:
    closed = not in_one and said[-1:] == [MASK]
    return Generated(said[:-1] if closed else said, logprobs, closed)


@torch.inference_mode()
def greedy_uncached(model: GPT, prompt: np.ndarray, length: int) -> list[int]:
    """One prompt, the whole text through the network for every token: the plain meaning of `greedy`."""
    model.eval()
    ids = [int(i) for i in prompt]
    while len(ids) < min(model.recipe.block, len(prompt) + length):
        token = int(model.logits(torch.tensor([ids]))[0, -1].argmax())
        if token == MASK:
            break
        ids.append(token)
    return ids[len(prompt) :]


@torch.inference_mode()
def sample(
    model: GPT, prompt: np.ndarray, length: int, *, temperature: float = 1.0, top_k: int = 0, seed: int = 0
) -> list[int]:
    """`length` tokens drawn one after another; past the block the oldest tokens are forgotten.

    `top_k` > 0 draws among that many most probable tokens; temperature 0 takes the most probable.
    """
    model.eval()
    generator = torch.Generator().manual_seed(seed)
    ids = [int(i) for i in prompt]
    for _ in range(length):
        logits = model.logits(torch.tensor([ids[-(model.recipe.block - 1) :]]))[0, -1]
        logits[PAD] = float("-inf")
        if top_k:
            logits[logits < logits.topk(min(top_k, len(logits))).values[-1]] = float("-inf")
        if temperature == 0:
            ids.append(int(logits.argmax()))
        else:
            probabilities = (logits / temperature).softmax(-1)
            ids.append(int(torch.multinomial(probabilities, 1, generator=generator)))
    return ids[len(prompt) :]
