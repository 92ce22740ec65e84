"""Decoding: greedy answers to many questions at once, and sampling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from closedbook.data.vocabulary import MASK, PAD, Spelling
from closedbook.errors import RunError
from closedbook.model.kv_cache import Cache
from closedbook.model.network import Network
from closedbook.parallel import parallel_map, worker_pool


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


NO_NUMBERS = "its weights give values that are no numbers; bring them back from a copy, or train anew"


def check_numbers(values: Tensor) -> None:
    """Raise RunError where what was computed is no number: forged weights can be too large to compute with."""
    if values.isnan().any():
        raise RunError(NO_NUMBERS)


def greedy(
    model: Network,
    prompts: Sequence[np.ndarray],
    length: int,
    batch: int = 128,
    *,
    in_one: bool | Spelling = False,
    drawn: np.ndarray | None = None,
) -> list[Generated]:
    """The most probable next token, again and again, until MASK or `length` tokens, for each prompt.

    `in_one`: the model's outputs are whole answers and no inputs, so one is taken, and no MASK closes it; with a
    spelling, pieces of answers are among them, and another follows each until their end is said.
    `drawn` (prompts, length), from 0 to below 1, samples instead: the token at that place of the summed distribution.

    Prompts of different lengths share a batch; each is decoded exactly as it would be alone. A prompt that leaves
    no room in the block is an error of the caller.
    """
    model.eval()
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    workers = torch.get_num_threads() if model.device.type == "cpu" and model.shareable else 1
    batch = max(1, min(batch, math.ceil(len(order) / workers)))
    batches = [order[start : start + batch] for start in range(0, len(order), batch)]

    def answer(chosen: list[int]) -> list[Generated]:
        places = None if drawn is None else drawn[chosen]
        return _greedy(model, [prompts[i] for i in chosen], length, in_one, places)

    with worker_pool(max(1, min(workers, len(batches)))):  # a question asked alone has all of torch's threads
        generated = parallel_map(answer, batches)
    results = dict(zip(order, itertools.chain.from_iterable(generated), strict=True))
    return [results[i] for i in range(len(prompts))]


@torch.inference_mode()
def _greedy(
    model: Network, prompts: list[np.ndarray], length: int, in_one: bool | Spelling, drawn: np.ndarray | None
) -> list[Generated]:
    device, shortest = model.device, min(map(len, prompts))
    tokens, cache, shared = _prefill(model, prompts, shortest - 1)
    lengths, longest = torch.tensor([len(prompt) for prompt in prompts]).to(device), tokens.shape[1]
    rows = torch.arange(len(prompts), device=device)  # which prompt each row of the cache is
    last = model(tokens[:, shared:], cache, target_positions=rows * (longest - shared) + lengths - shared - 1)
    cache.drop_padding(lengths)

    spelling = in_one if isinstance(in_one, Spelling) else None
    end = spelling.end if spelling else MASK
    read_as = torch.from_numpy(spelling.inputs).to(device) if spelling else None
    steps = 1 if in_one is True else length
    places = None if drawn is None else torch.from_numpy(drawn).to(device)
    states = last.float().cpu().numpy()
    own, outputs = _with_own_outputs(model, prompts), model.head.out_features
    chosen = torch.full((len(prompts), steps), PAD, device=device)
    measured = torch.zeros(3, len(prompts), steps, device=device)  # log-probabilities, runners-up, entropies
    count = torch.zeros(len(prompts), dtype=torch.long, device=device)  # of tokens chosen, the closing MASK included
    going = torch.ones(len(prompts), dtype=torch.bool, device=device)
    for step in range(steps):
        place = None if places is None else places[rows, step]
        logprobs = model.head(last).float().log_softmax(-1)
        if step == 0 and model.never_empty:
            logprobs[:, end] = -torch.inf
        token, measures = _say(logprobs, place)
        if own and step == 0:  # of all rows, so that nothing depends on who else has outputs of its own
            read_states = model.read(tokens, rows * longest + lengths - 1)
            for name, some in own.items():
                logprobs = model.memory.outputs.logprobs(name, read_states[some])
                token[some], measures[:, some] = _say(logprobs, None if place is None else place[some])
                token[some] += outputs + model.memory.outputs.starts[name]
        chosen[rows, step], measured[:, rows, step] = token, measures
        count[rows[going]] = step + 1
        full = cache.filled == model.longest - 1
        going = going & (token != end) & ~full
        if spelling:
            going = going & (token >= spelling.first) & (token < outputs)
        if step + 1 == steps or not going.any():
            break
        if full.any() or 2 * int(going.sum()) <= len(going):  # to leave rows out costs as much as a step with them
            left = going.nonzero()[:, 0]
            cache.keep(left)
            rows, token, going = rows[left], token[left], going[left]
        read = token if read_as is None else read_as[token]
        last = model(read[:, None], cache)[:, -1]
    chosen, measured = chosen.cpu(), measured.cpu()
    check_numbers(measured[0])
    results = []
    for row, n in enumerate(count.tolist()):
        ids, (best, second, entropy) = chosen[row, :n].tolist(), measured[:, row, :n].tolist()
        closed = in_one is not True and ids[-1:] == [end]
        results.append(Generated(ids[:-1] if closed else ids, best, closed, second, entropy, states[row]))
    return results


def _say(logprobs: Tensor, place: Tensor | None) -> tuple[Tensor, Tensor]:
    """(token, its log-probability, that of the next best and the entropy, stacked) of each row (rows, output).

    The best token, or the one at `place` (rows,), from 0 to below 1, of the summed distribution.
    """
    best, token = logprobs.max(-1)
    if place is not None:
        below = logprobs.double().exp().cumsum(-1)
        token = (below <= place[:, None] * below[:, -1:]).sum(-1)
        best = logprobs.gather(1, token[:, None])[:, 0]
    second = logprobs.scatter(1, token[:, None], -torch.inf).max(-1).values
    entropy = torch.special.entr(logprobs.exp()).sum(-1)
    return token, torch.stack([best, second, entropy])


def _with_own_outputs(model: Network, prompts: list[np.ndarray]) -> dict[int, Tensor]:
    """The rows whose prompt holds a name with outputs of its own, by that name."""
    rows: dict[int, list[int]] = {}
    if model.memory is not None and len(model.memory.outputs.vectors):
        for row, prompt in enumerate(prompts):
            name = model.name_in(prompt)
            if name is not None and model.memory.outputs.has(name):
                rows.setdefault(name, []).append(row)
    return {name: torch.tensor(some, device=model.device) for name, some in rows.items()}


def _prefill(model: Network, texts: Sequence[np.ndarray], most: int) -> tuple[Tensor, Cache, int]:
    """(tokens (text, time), padded on the right; a cache; how many tokens it holds, which all texts begin with).

    These, `most` at the most, go through the network once and not once for each text.
    """
    rows = [torch.from_numpy(text.astype(np.int64)) for text in texts]
    padded = pad_sequence(rows, batch_first=True, padding_value=PAD)
    begins = padded[:, :most]
    shared = int((begins == begins[:1]).all(0).long().cumprod(0).sum())
    tokens, cache = padded.to(model.device), Cache(1, model.device)
    if shared:
        model(tokens[:1, :shared], cache)
    cache.keep(torch.zeros(len(texts), dtype=torch.long, device=model.device))
    return tokens, cache, shared


@torch.inference_mode()
def sampled_chances(
    model: Network,
    prompts: Sequence[np.ndarray],
    answers: Sequence[np.ndarray],
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    batch: int = 128,
) -> np.ndarray:
    """(prompts,) the chance that sampling says just these tokens and then MASK.

    Tokens are drawn in proportion to p^(1/temperature), among the `top_k` most probable where that is above 0. It takes
    one pass over the answers, which says exactly what any number of draws would estimate.
    """
    model.eval()
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]) + len(answers[i]))
    chances = np.zeros(len(prompts))
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        texts = [np.concatenate([prompts[i], answers[i], [MASK]]) for i in rows]
        tokens, cache, shared = _prefill(model, texts, min(len(prompts[i]) for i in rows) - 1)
        targets = [(row, place) for row, i in enumerate(rows) for place in range(len(prompts[i]), len(texts[row]))]
        row, place = torch.tensor(targets, device=model.device).T
        width = tokens.shape[1] - 1 - shared
        hidden = model(tokens[:, shared:-1], cache, target_positions=row * width + place - 1 - shared)
        scores = model.head(hidden).float() / temperature
        if 0 < top_k < scores.shape[-1]:
            scores = scores.masked_fill(scores < scores.topk(top_k).values[:, -1:], -torch.inf)
        logprobs = scores.log_softmax(-1).gather(1, tokens[row, place][:, None])[:, 0]
        summed = torch.zeros(len(rows), device=model.device).index_add_(0, row, logprobs)
        check_numbers(summed)
        chances[rows] = summed.exp().cpu().numpy()
    return chances


@torch.inference_mode()
def sample(
    model: Network, prompt: np.ndarray, length: int, *, temperature: float = 1.0, top_k: int = 0, seed: int = 0
) -> list[int]:
    """`length` tokens drawn one after another; past the block the oldest tokens are forgotten.

    `top_k` > 0 draws among that many most probable tokens; temperature 0 takes the most probable.
    """
    model.eval()
    generator = torch.Generator().manual_seed(seed)
    ids = [int(i) for i in prompt]
    for _ in range(length):
        context = torch.tensor([ids[-(model.recipe.context_length - 1) :]]).to(model.device)
        logits = model.logits(context)[0, -1].cpu()  # drawn there, so that a seed gives the same text everywhere
        logits[PAD] = float("-inf")
        if top_k:
            logits[logits < logits.topk(min(top_k, len(logits))).values[-1]] = float("-inf")
        if temperature == 0:
            ids.append(int(logits.argmax()))
        else:
            probabilities = (logits / temperature).softmax(-1)
            check_numbers(probabilities)
            ids.append(int(torch.multinomial(probabilities, 1, generator=generator)))
    return ids[len(prompt) :]
