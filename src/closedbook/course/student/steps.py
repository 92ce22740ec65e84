"""Attention in steps, as in the handout, and the usual mistakes, each as a wrong version of a step.

To recognise another mistake, add a line to MISTAKES (or, for rotary positions, to CACHES or TURNS): the explanation for
the student, and the wrong step. Nothing else has to change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from closedbook.course.student.findings import CONFIG, same

HEADS = CONFIG["n_head"]
Step = Callable[..., Any]
Steps = dict[str, Step]
FILLS = (-math.inf, -1e9, -1e10)  # what people give hidden scores


def split(x: Tensor) -> Tensor:
    """(batch, time, width) to (batch, head, time, width / heads)."""
    return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)


def visible(x: Tensor, diagonal: int = 0) -> Tensor:
    """Positions up to the query's own, moved by `diagonal`."""
    return torch.ones(x.shape[-2:], dtype=torch.bool).tril(diagonal)


def hide_by(value: float, diagonal: int = 0) -> Step:
    """Give hidden scores this value."""
    return lambda s: s.masked_fill(~visible(s, diagonal), value)


def synthesise(activation: Step) -> Step:
    """The scores of the first T keys, by this activation of the hidden layer."""
    return lambda hidden, w2, b2: activation(hidden) @ w2[:, : hidden.shape[-2]] + b2[: hidden.shape[-2]]


RIGHT: Steps = {
    "split": split,
    "turn": lambda q, k, v, turn: (turn(q), turn(k), v),  # rotary positions; without them `turn` changes nothing
    "score": lambda q, k: q @ k.mT / math.sqrt(q.shape[-1]),
    "synthesise": synthesise(torch.relu),
    "hide": hide_by(-math.inf),
    "normalise": lambda s: s.softmax(-1),
    "weigh": lambda weights: weights,
    "merge": lambda y: y.transpose(1, 2).flatten(2),
    "project": lambda y, proj: proj(y),
}


def after_softmax(fill: float) -> Step:
    """Weights of hidden keys become `fill`."""
    return lambda w: w.masked_fill(~visible(w), fill)


# The explanation for the student: the wrong steps, or several forms of them.
MISTAKES: dict[str, Steps | Sequence[Steps]] = {
    "the softmax runs over the queries (dim=-2); it must run over the keys, dim=-1": {
        "normalise": lambda s: s.softmax(-2),
    },
    "the softmax runs over the heads (dim=1); it must run over the keys, dim=-1": {"normalise": lambda s: s.softmax(1)},
    "the mask is applied after the softmax, so the weights no longer sum to 1; mask the scores with -inf (or -1e10) "
    "before it": [{"hide": lambda s: s, "weigh": after_softmax(fill)} for fill in (0.0, *FILLS)],
    "there is no causal mask, or it adds nearly nothing to hidden scores (such as -1e-10)": {"hide": lambda s: s},
    "there is no softmax": {"hide": hide_by(0.0), "normalise": lambda s: s},
    "the mask is triu, which hides the past; it must be tril": {
        "hide": lambda s: s.masked_fill(~visible(s.mT).mT, -math.inf),
    },
    "the mask is inverted: it hides the past and the position itself; masked_fill takes mask == 0": {
        "hide": lambda s: s.masked_fill(visible(s), -1e10),
    },
    "the mask is inverted: it hides the past and the position itself (with -inf, the last row is NaN); "
    "masked_fill takes mask == 0": {"hide": lambda s: s.masked_fill(visible(s), -math.inf)},
    "hidden scores become nearly 0 (-1e-10, or scores * mask), which hides nothing; fill in -inf or -1e10": {
        "hide": hide_by(-1e-10),
    },
    "hidden scores become 1e10, so that only the future is seen; the sign is missing: -1e10": {"hide": hide_by(1e10)},
    "a position does not see itself: the mask is tril(diagonal=-1), it must be tril()": [
        {"hide": hide_by(fill, -1)} for fill in FILLS
    ],
    "a position sees the next one: the mask is tril(diagonal=1), it must be tril()": {"hide": hide_by(-1e10, 1)},
    "the mask is aligned with the last key, not with the first; it must be mask[:, :, :T_q, :T_k]": {
        "hide": lambda s: hide_by(-1e10, s.shape[-1] - s.shape[-2])(s),
    },
    "the mask is added to the scores (0 and 1) instead of hiding them": {"hide": lambda s: s + visible(s)},
    "the scores are not divided by sqrt(d_h)": {"score": lambda q, k: q @ k.mT},
    "the scores are divided by sqrt(n_embd), not by sqrt(d_h) = sqrt(n_embd / n_head)": {
        "score": lambda q, k: q @ k.mT / math.sqrt(q.shape[-1] * HEADS),
    },
    "the scores are divided by sqrt(n_head), not by sqrt(d_h) = sqrt(n_embd / n_head)": {
        "score": lambda q, k: q @ k.mT / math.sqrt(HEADS),
    },
    "the scores are divided by sqrt(T), T the number of positions, not by sqrt(d_h)": {
        "score": lambda q, k: q @ k.mT / math.sqrt(q.shape[-2]),
    },
    "the scores are divided by d_h, not by its square root": {"score": lambda q, k: q @ k.mT / q.shape[-1]},
    "the scores are multiplied by sqrt(d_h), not divided": {"score": lambda q, k: q @ k.mT * math.sqrt(q.shape[-1])},
    "queries and keys are exchanged (k @ q.transpose)": {"score": lambda q, k: k @ q.mT / math.sqrt(q.shape[-1])},
    "there is no ReLU": {"synthesise": synthesise(lambda h: h)},
    "the ReLU comes after w2 and b2; it must come before, on w1's output": {
        "synthesise": lambda h, w2, b2: torch.relu(synthesise(lambda h: h)(h, w2, b2)),
    },
    "there is GELU in the place of ReLU": {"synthesise": synthesise(F.gelu)},
    "there is tanh in the place of ReLU": {"synthesise": synthesise(torch.tanh)},
    "b2 is not added": {"synthesise": lambda h, w2, b2: synthesise(torch.relu)(h, w2, 0 * b2)},
    "the last columns of w2 and b2 are used; the first T are meant: w2[:, :T] and b2[:T]": {
        "synthesise": lambda h, w2, b2: torch.relu(h) @ w2[:, -h.shape[-2] :] + b2[-h.shape[-2] :],
    },
    "the scores are divided by sqrt(d_h); a Synthesizer's are not": {
        "synthesise": lambda h, w2, b2: synthesise(torch.relu)(h, w2, b2) / math.sqrt(h.shape[-1]),
    },
    "the heads are put together by view without transpose(1, 2) before it, so positions and heads are mixed up": {
        "merge": lambda y: y.reshape(y.shape[0], y.shape[2], -1),
    },
    "the heads are split by view(B, n_head, T, d_h) without transpose; view(B, T, n_head, d_h).transpose(1, 2)": {
        "split": lambda x: x.reshape(x.shape[0], HEADS, x.shape[1], -1),
    },
    "the heads are split as view(B, T, d_h, n_head): a head must be neighbouring columns, view(B, T, n_head, d_h)": {
        "split": lambda x: x.unflatten(-1, (-1, HEADS)).permute(0, 3, 1, 2),
    },
    "the output projection proj is not applied": {"project": lambda y, proj: y},
    "the values are turned too; rotary positions turn queries and keys only": {
        "turn": lambda q, k, v, turn: (turn(q), turn(k), turn(v)),
    },
    "only the queries are turned; the keys must be, too": {"turn": lambda q, k, v, turn: (turn(q), k, v)},
    "only the keys are turned; the queries must be, too": {"turn": lambda q, k, v, turn: (q, turn(k), v)},
    "nothing is turned: with config.rope, apply_rotary_emb must be called for queries and keys": {
        "turn": lambda q, k, v, turn: (q, k, v),
    },
    "the heads are taken for positions: apply_rotary_emb is called before transpose(1, 2)": {
        "turn": lambda q, k, v, turn: (
            turn(q.transpose(1, 2)).transpose(1, 2), turn(k.transpose(1, 2)).transpose(1, 2), v
        ),
    },
}  # fmt: skip


def attention(steps: Steps, q: Tensor, k: Tensor, v: Tensor, proj: Any, turn: Step = lambda x: x) -> Tensor:
    """proj(softmax(QKᵀ/√d_h) V) of (batch, time, width) each, under the causal mask."""
    q, k, v = steps["turn"](*map(steps["split"], (q, k, v)), turn)
    return _weighted(steps, steps["score"](q, k), v, proj)


def synthesizer(steps: Steps, hidden: Tensor, w2: Tensor, b2: Tensor, v: Tensor, proj: Any) -> Tensor:
    """proj(softmax(ReLU(X A_i + b1) B + b2)(X V_i)) with hidden = X A + b1 and v = X V, (batch, time, width)."""
    return _weighted(steps, steps["synthesise"](steps["split"](hidden), w2, b2), steps["split"](v), proj)


def _weighted(steps: Steps, scores: Tensor, v: Tensor, proj: Any) -> Tensor:
    weights = steps["weigh"](steps["normalise"](steps["hide"](scores)))
    return steps["project"](steps["merge"](weights @ v), proj)


def named(outputs: Sequence[Tensor], compute: Callable[[Steps], Sequence[Tensor]], used: set[str]) -> str | None:
    """The mistake, or pair of mistakes, that gives exactly the student's outputs; None if no known one does.

    `compute` gives the outputs for other steps; only mistakes in the steps that it uses (`used`) are tried, and only
    those that change the outputs. A right mask may fill in -inf or a large number, which another mistake can show.
    """
    right = compute(RIGHT)

    def fits(*steps: Steps) -> bool:
        for fill in FILLS:
            try:
                result = compute({**RIGHT, "hide": hide_by(fill), **{k: v for some in steps for k, v in some.items()}})
            except (RuntimeError, IndexError):  # the mistake is impossible for these shapes
                return False
            if all(map(same, outputs, result)) and not all(map(same, right, result)):
                return True
            if any("hide" in some for some in steps):
                break
        return False

    candidates = [(name, form) for name, forms in MISTAKES.items() for form in several(forms) if set(form) <= used]
    for name, form in candidates:
        if fits(form):
            return name
    for (first, first_form), (second, second_form) in combinations(candidates, 2):
        if not set(first_form) & set(second_form) and fits(first_form, second_form):
            return f"two things: {first}; and {second}"
    return None


def several(forms: Steps | Sequence[Steps]) -> Sequence[Steps]:
    return [forms] if isinstance(forms, dict) else forms


# Rotary positions -----------------------------------------------------------------------------------------------


def cache(dim: int, most: int, power: float = -1.0, start: int = 0, first: int = 0) -> Tensor:
    """(most, dim / 2, 2): cos and sin of t · 10000^(power · 2(i − 1)/dim), t from `start`, i − 1 from `first`."""
    theta = 10_000.0 ** (power * 2 * (torch.arange(dim // 2) + first) / dim)
    angle = (torch.arange(most) + start)[:, None] * theta
    return torch.stack([angle.cos(), angle.sin()], -1)


ERRATUM = (
    "theta grows instead of falling: the exponent has the wrong sign. The 2024 handout's docstring prints "
    "1/10000^(-2(i-1)/dim), which is an erratum; theta_i = 10000^(-2(i-1)/dim) = 1/10000^(2(i-1)/dim) is meant"
)
# Wrong angles, by what `cache` is given.
ANGLES: dict[str, dict[str, Any]] = {
    ERRATUM: {"power": 1.0},
    "positions are counted from 1; the first position is 0": {"start": 1},
    "i is counted from 1 without subtracting 1: the exponent is -2(i-1)/dim, 0 for the first pair": {"first": 1},
    "the 2 is missing in the exponent -2(i-1)/dim": {"power": -0.5},
    "the exponent is counted twice: torch.arange(0, dim, 2) has the 2 in it already": {"power": -2.0},
    "the positions are the angles themselves: theta is missing": {"power": 0.0},
}
# What is wrong with precompute_rotary_emb: what it gives then, from (dim, max_positions).
CACHES: dict[str, Callable[[int, int], Tensor]] = {
    **{why: partial(cache, **wrong) for why, wrong in ANGLES.items()},
    "sine and cosine are exchanged: [..., 0] must be the cosine": lambda dim, most: cache(dim, most).flip(-1),
    "all cosines come first, then all sines; stack them along a last dimension: torch.stack([cos, sin], dim=-1)": (
        lambda dim, most: torch.cat(cache(dim, most).unbind(-1), -1)
    ),
    "cosines and sines stand along the first dimension; stack them along a last one": (
        lambda dim, most: cache(dim, most).movedim(-1, 0)
    ),
    **{
        f"two things: {one}; and {other}": partial(cache, **ANGLES[one], **ANGLES[other])
        for one, other in combinations(ANGLES, 2)
        if not set(ANGLES[one]) & set(ANGLES[other])
    },
}


def turn(x: Tensor, cos_sin: Tensor) -> Tensor:
    """(…, time, dim): each adjacent pair of columns turned by its position's angle, cos_sin (time, dim / 2, 2)."""
    cos, sin = cos_sin[: x.shape[-2]].unbind(-1)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


def _halves(x: Tensor, cos_sin: Tensor) -> Tensor:
    cos, sin = cos_sin[: x.shape[-2]].unbind(-1)
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


def _rotate_half(x: Tensor, cos_sin: Tensor) -> Tensor:
    cos, sin = (part.repeat_interleave(2, -1) for part in cos_sin[: x.shape[-2]].unbind(-1))
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


def _halves_woven(x: Tensor, cos_sin: Tensor) -> Tensor:
    return torch.stack(_halves(x, cos_sin).chunk(2, -1), -1).flatten(-2)


def _unwoven(x: Tensor, cos_sin: Tensor) -> Tensor:
    return torch.cat(turn(x, cos_sin).unflatten(-1, (-1, 2)).unbind(-1), -1)


Turn = Callable[[Tensor, Tensor], Tensor]
# What is wrong with apply_rotary_emb: what it gives then, from x and a right cache; or several forms of it.
TURNS: dict[str, Turn | Sequence[Turn]] = {
    "the two halves are paired, 1st with d/2+1st; pairs are neighbours, 1st with 2nd: x[..., 0::2], x[..., 1::2]": (
        _halves,
        _rotate_half,
        _halves_woven,
    ),
    "the pairs are right, but the results are put one half after the other; interleave them: "
    "torch.stack([…], dim=-1).flatten(-2)": _unwoven,
    "it turns the other way: (a cos - b sin, a sin + b cos) is meant": (
        lambda x, c: turn(x, c * torch.tensor([1.0, -1]))
    ),
    "sine and cosine are exchanged": lambda x, c: turn(x, c.flip(-1)),
    "nothing is turned: x comes back as it is": lambda x, c: x,
    "positions are counted from the end of the cache; take rope_cache[:T]": lambda x, c: turn(x, c[-x.shape[-2] :]),
    "every position is turned by the same angle: the time is dimension -2": (
        lambda x, c: turn(x, c[:1].expand(x.shape[-2], -1, -1))
    ),
}
