"""How an answer came about: its tokens with their runners-up, where the heads looked, and what each part was worth.

Where a head looks is no explanation: it may look somewhere and change nothing. What a part is worth is measured by
switching it off and asking for the same answer again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from closedbook.data.vocabulary import MASK, MASK_CHARACTER
from closedbook.model import generate
from closedbook.model.hooks import Switch, activations, one_off_per_row, switches
from closedbook.model.network import Network

if TYPE_CHECKING:
    from closedbook.inference.run import Run

RUNNERS_UP = 5
ROWS = 64  # experiments in one pass through the network


class Activations(dict[str, Tensor]):
    """What the network computed for one text, by name (`closedbook.model.hooks` says which), without a batch.

    `tokens` are the positions' tokens as the network read them.
    """

    def __init__(self, tokens: list[str], values: Mapping[str, Tensor]) -> None:
        super().__init__(values)
        self.tokens = tokens


@dataclass(frozen=True)
class Choice:
    """One token that could have come next, and its probability."""

    text: str
    probability: float


@dataclass(frozen=True)
class TokenPrediction:
    """One token of the answer: what was said, and the most probable choices at that place, best first."""

    text: str
    probability: float
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Effect:
    """What switching one part off does to the answer that was given.

    `drop` is how much its log-probability falls, in nats: 0 for a part that does not matter here, below 0 where the
    answer becomes more probable. `answer` is what is said instead, where answers are single tokens.
    """

    off: Switch
    drop: float
    answer: str | None


@dataclass(frozen=True)
class Attribution:
    """`tokens` are the prompt and what was said after it; `weights` the attention of each layer, (head, query, key)."""

    answer: str
    said: tuple[TokenPrediction, ...]
    tokens: list[str]
    prompt: int  # how many of the tokens are the prompt
    weights: tuple[Tensor, ...]
    effects: tuple[Effect, ...]

    def to_json(self) -> dict[str, Any]:
        """Weights are rounded to four digits, probabilities and drops to six."""
        return {
            "answer": self.answer,
            "said": [
                {
                    "text": token.text,
                    "probability": round(token.probability, 6),
                    "choices": [{"text": c.text, "probability": round(c.probability, 6)} for c in token.choices],
                }
                for token in self.said
            ],
            "tokens": self.tokens,
            "prompt": self.prompt,
            "weights": [_rounded(layer) for layer in self.weights],
            "effects": [
                {"off": effect.off if isinstance(effect.off, str) else list(effect.off), "drop": round(effect.drop, 6),
                 "answer": effect.answer}
                for effect in self.effects
            ],
        }  # fmt: skip


def _rounded(weights: Tensor) -> list[Any]:
    return np.round(weights.double().numpy(), 4).tolist()


def read(run: Run, text: str) -> Activations:
    """What the network computes while it reads a text: as a question where it answers questions, else as it is."""
    ids = _prompt(run, text)
    computed = activations(run.model, torch.from_numpy(ids)[None].to(run.model.device))
    return Activations(_tokens(run, ids), {name: value[0] for name, value in computed.items()})


def attribute(run: Run, text: str) -> Attribution:
    """Answer a question and look at how. Raises DataError for an empty one."""
    prompt, vocabulary = _prompt(run, text), run.vocabulary
    length, spelling = vocabulary.longest(run.recipe.answer.length), vocabulary.spelling
    (generated,) = generate.greedy(run.model, [prompt], length, in_one=vocabulary.in_one)
    outputs = [*generated.ids, *([spelling.end if spelling else MASK] if generated.closed else [])]
    read = outputs[:-1] if spelling is None else spelling.inputs[outputs[:-1]]
    ids = np.concatenate([prompt, read]).astype(np.int64)
    tokens = torch.from_numpy(ids)[None].to(run.model.device)
    computed = {name: value.cpu() for name, value in activations(run.model, tokens).items()}
    positions = torch.arange(len(prompt) - 1, len(ids))
    own = OwnAnswers.of(run, prompt)
    local = [i - own.first for i in outputs]
    with torch.inference_mode():
        logprobs = own.logprobs(tokens, positions)[0]
    full_logprob = _logprob(logprobs[None], local)
    return Attribution(
        answer=vocabulary.answer(generated.ids),
        said=tuple(_said(run, own, i, row) for i, row in zip(local, logprobs, strict=True)),
        tokens=[*_tokens(run, prompt), *(_output(run, i) for i in outputs)],
        prompt=len(prompt),
        weights=tuple(value[0] for name, value in computed.items() if name.endswith(".weights")),
        effects=tuple(_effects(run, own, tokens, positions, local, float(full_logprob))),
    )


@torch.inference_mode()
def _effects(
    run: Run, own: OwnAnswers, tokens: Tensor, positions: Tensor, outputs: list[int], full_logprob: float
) -> Iterator[Effect]:
    off = switches(run.model)
    for start in range(0, len(off), ROWS):
        chosen = off[start : start + ROWS]
        with one_off_per_row(run.model, chosen):
            logprobs = own.logprobs(tokens.expand(len(chosen), -1), positions)
        instead = logprobs[:, 0].argmax(-1).tolist()
        for switch, logprob, first in zip(chosen, _logprob(logprobs, outputs).tolist(), instead, strict=True):
            answer = run.vocabulary.answer([first + own.first]) if run.vocabulary.answers_in_one else None
            yield Effect(switch, full_logprob - logprob, answer)


def _logprob(logprobs: Tensor, outputs: list[int]) -> Tensor:
    """The summed log-probability of what was said, for each row of (row, place, output)."""
    return logprobs.gather(2, torch.tensor(outputs)[None, :, None].expand(len(logprobs), -1, 1)).sum((1, 2))


@dataclass(frozen=True)
class OwnAnswers:
    """What can be said where a prompt's name was learned later: its own outputs, numbered on from `first`.

    Without such a name it is the head's outputs, and `name` is None.
    """

    model: Network
    name: int | None = None
    first: int = 0

    @classmethod
    def of(cls, run: Run, prompt: np.ndarray) -> OwnAnswers:
        name, memory = run.model.name_in(prompt), run.model.memory
        if memory is None or name is None or not memory.outputs.has(name):
            return cls(run.model)
        return cls(run.model, name, run.vocabulary.outputs + int(memory.outputs.starts[name]))

    def logprobs(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """(batch, place, output) log-probabilities at some places of the tokens (batch, time), on the CPU."""
        positions = positions.to(tokens.device)
        if self.name is None:
            return self.model.head(self.model(tokens)[:, positions]).log_softmax(-1).cpu()
        return self.model.memory.outputs.logprobs(self.name, self.model.read(tokens)[:, positions]).cpu()


def _said(run: Run, own: OwnAnswers, i: int, logprobs: Tensor) -> TokenPrediction:
    best = logprobs.topk(min(RUNNERS_UP, len(logprobs)))
    choices = zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    return TokenPrediction(
        _output(run, i + own.first),
        float(logprobs[i].exp()),
        tuple(Choice(_output(run, j + own.first), p) for j, p in choices),
    )


def _prompt(run: Run, text: str) -> np.ndarray:
    ids = run.prompt(text).astype(np.int64)
    return ids if run.recipe.needs_questions else ids[:-1]


def _tokens(run: Run, ids: np.ndarray) -> list[str]:
    return [MASK_CHARACTER if i == MASK else run.vocabulary.token(int(i)) for i in ids]


def _output(run: Run, i: int) -> str:
    return MASK_CHARACTER if i == MASK and not run.vocabulary.answers_in_one else run.vocabulary.output(i)
