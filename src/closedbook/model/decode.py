"""Decoding: greedy answers to many questions at once, and sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from closedbook.model.cache import Cache
from closedbook.model.gpt import GPT
from closedbook.text.vocabulary import MASK, PAD


@dataclass(frozen=True)
class Generated:
    """What greedy decoding gave for one prompt.

    `ids` end before the MASK that closes the answer, if there is one; `logprobs` are those of `ids` and, last,
    of the closing MASK where it came. Beside each of them, `runners_up` has the log-probability of the next best token
    and `entropies` the entropy of the whole distribution, in nats. `hidden` (width,) is the final hidden state at the
    prompt's last position, from which the first token is said.
    """

    ids: list[int]
    logprobs: list[float]
    closed: bool
    runners_up: list[float]
    entropies: list[float]
    hidden: np.ndarray = field(compare=False)


@torch.inference_mode()
def greedy(
    model: GPT, prompts: Sequence[np.ndarray], length: int, batch: int = 256, *, in_one: bool = False
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
    room = min(model.recipe.block - 1, longest + length)
    cache = Cache(len(prompts), room)
    hidden = model(tokens, cache)
    last = hidden[torch.arange(len(prompts)), lengths - 1]
    cache.filled = lengths

    generated = [Generated([], [], False, [], [], state) for state in last.float().numpy()]
    alive = torch.arange(len(prompts))
    while True:
        logprobs = model.head(last).log_softmax(-1)
        best, token = logprobs.max(-1)
        entropy = -(logprobs.exp() * logprobs).sum(-1)
        second = logprobs.scatter(1, token[:, None], -torch.inf).max(-1).values
        row_by_row = (alive, token, best, second, entropy)
        for row, i, value, runner_up, spread in zip(*(x.tolist() for x in row_by_row), strict=True):
            one = generated[row]
            closed = i == MASK and not in_one
            generated[row] = Generated(
                one.ids if closed else [*one.ids, i], [*one.logprobs, value], closed,
                [*one.runners_up, runner_up], [*one.entropies, spread], one.hidden,
            )  # fmt: skip
        length -= 1
        if in_one or not length:
            break
        going = ((token != MASK) & (cache.filled < room)).nonzero()[:, 0]
        if not len(going):
            break
        alive, token = alive[going], token[going]
        if len(going) < len(cache.filled):
            cache.keep(going)
        last = model(token[:, None], cache)[:, -1]
        cache.filled = cache.filled + 1
    return generated


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
