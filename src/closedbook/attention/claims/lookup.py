"""2g.ii: a Synthesizer layer cannot look things up by content."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from closedbook.attention.bounds import epsilon, hoeffding, leak, score_error
from closedbook.attention.claim import Claim, Measurement, Parameter, Part, Settings, vary
from closedbook.attention.claim_figures import Slide
from closedbook.attention.heads import self_attention, synthesizer
from closedbook.attention.keys import generator, orthonormal, precision
from closedbook.attention.parameters import CONFIDENCE, EVERY, D, N, T
from closedbook.attention.recall import LAYERS, Recall, affine_ceiling, train
from closedbook.typing import Float

DERIVATION = """\
A Synthesizer gives position j the weight αᵢⱼ = softmax(ReLU(xᵢA + b₁)B + b₂)ⱼ: it depends on xᵢ and on the place j,
never on what stands at j. Its output is cᵢ = Σⱼ αᵢⱼ(xᵢ)·Vxⱼ.

**(i) For fixed xᵢ it is affine in the other contents.** The αᵢⱼ are then constants, so cᵢ = αᵢᵢVxᵢ + Σⱼ≠ᵢ αᵢⱼ·Vxⱼ
is a constant plus a linear map of the xⱼ. For any changes δ, δ' of the other positions the second difference
vanishes:

    f(x + δ + δ') − f(x + δ) − f(x + δ') + f(x) = 0.

Several heads, a skip connection from position i and a linear read-out change nothing about that. Softmax attention's
second differences do not vanish, for there αᵢⱼ depends on xⱼ.

**Looking up is not affine.** Position i asks for key k. Two positions hold the keys k, k' and the values v, v', in
four arrangements (place 1; place 2):

    A = (k v; k' v')     B = (k v'; k' v)     C = (k' v; k v')     D = (k' v'; k v)

B is A with the values exchanged, C with the keys, D with both. The right answers are v, v', v', v, while an affine f
has f(A) − f(B) − f(C) + f(D) = 0. The four signed errors, added with these signs, make 2(v' − v); so the largest
is at least

    ½·‖v − v'‖.

The constant answer ½(v + v') errs by just that: in the worst case no affine map does better than not looking at all.
Softmax attention with a query t·k does the look-up: its key leads n others (the n − 1 other pairs, and position i
itself) by t, and the error is at most ‖v − v'‖·n/(eᵗ + n) (as in 1a).

**How many answers can be right?** Let the logits be affine in the pairs, logit_v = F_v(keys' places) + G_v(values'
places): key and value stand in the same content, but add up. Fix for each place p an arrangement of the keys with
the asked key at p, and let the values lie in a random order σ. Suppose m places S are answered rightly both for σ
and for another order σ' of the same values on S. Right for σ means that for p in S the logit of σ(p) beats that of
σ'(p) (or equals it, where they are the same value):

    F_σ(p)(p) + G_σ(p)(σ) ≥ F_σ'(p)(p) + G_σ'(p)(σ),     strictly where σ(p) ≠ σ'(p).

Add these up over S. The G's cancel, since σ and σ' put the same values on S, and Σ F_σ(p)(p) > Σ F_σ'(p)(p)
remains. But right for σ' gives the opposite. So of the m! orders on S at most one has all of S right, and by
counting the C(n, m) sets S, P(at least m places right) ≤ C(n, m)/m!. The share of right answers is therefore at
most

    (1/n)·Σₘ min(1, C(n, m)/m!),

¾ for n = 2, 0.56 for n = 8, and about e/√n for large n: no width, no number of heads and no training gets a
Synthesizer with a linear read-out beyond it. (Ties count as one of them: breaking them by index is an infinitesimal
change of F.)

**(ii) What training makes of it.** Associative recall: n pairs in random order, then a key; the answer is the value
beside it; key and value are embedded separately, pairs are fresh in every batch, and chance is 1/n. One layer and a
linear read-out, no MLP. Softmax attention solves it within some hundred steps (with few
pairs it may stay on a plateau; the check then starts anew, up to four times). The Synthesizer stays near chance,
which is far below the ceiling: the ceiling is what no affine map can pass, not what gradient descent finds.

**(iii) Honestly: with an MLP it can be solved without looking up by content.** Bind key and value first (an MLP
before the layer can), average them with weights that ignore content, and a position holds a bag of pairs: how often
each (key, value) occurs. From the bag and the key asked for, an MLP with one hidden unit per key answers without
fault. Unit k computes

    ReLU(y_k + (n + 1)·([k is asked for] − 1)),     y_k ∈ 1 … n the number of the value beside k,

which is y_k for the asked key and 0 for all others; their sum y is the answer's number, and the logits v·y − v²/2
are linear in it and largest at v = y. So width n suffices for n keys. And it cannot be much less: the bag enters
the hidden layer as w numbers before the question is known to matter, and all n! orders of values must remain apart
in them, so

    w·(bits per number) ≥ log₂ n! ≈ n·log₂(n/e).

The hand-built units hold log₂ n bits each: width times precision is of order n log n either way, for any such
network. Softmax attention needs its keys apart, a width of order log n. The width must grow with the number of
things to remember because the bag is squeezed through it before anybody asks; look-up by content asks first. An
experiment in the documentation measures what trained MLPs need.
"""

LookUp = Callable[[Float[Tensor, "*batch n w"]], Float[Tensor, "*batch w"]]


@dataclass(frozen=True)
class Rivals:
    """The two layers compared, each a map from contents to the last position's output, and their inputs.

    Contents have three blocks of d numbers: key, value, question.
    """

    blind: LookUp  # the Synthesizer
    seeing: LookUp  # hand-built softmax attention
    contents: Float[Tensor, "n w"]
    changes: Float[Tensor, "2 n w"]
    arrangements: Float[Tensor, "4 n w"]
    answers: Float[Tensor, "4 w"]
    trained: dict[str, Recall]


def softmax_lookup(t: float, d: int, dtype: torch.dtype) -> LookUp:
    """Softmax attention by hand: K passes on the key block, Q compares it with t times the question, V the value."""
    K, Q, V = torch.zeros(3, 3 * d, 3 * d, dtype=dtype)
    key, value, question = slice(0, d), slice(d, 2 * d), slice(2 * d, 3 * d)
    identity = torch.eye(d, dtype=dtype)
    K[key, key], Q[key, question], V[value, value] = identity, t * identity, identity
    return lambda x: self_attention(x, K, Q, V)[0][..., -1, :]


def random_synthesizer(n: int, d: int, g: torch.Generator, dtype: torch.dtype) -> LookUp:
    """A dense Synthesizer of width 3d over n positions, with normal weights."""
    w = 3 * d
    shapes = ((w, w), (w,), (w, n), (n,), (w, w))
    drawn = (torch.randn(shape, generator=g, dtype=torch.float64) / shape[0] ** 0.5 for shape in shapes)
    A, b1, B, b2, V = (tensor.to(dtype) for tensor in drawn)
    return lambda x: synthesizer(x, A, b1, B, b2, V)[..., -1, :]


def four_arrangements(p: Settings, g: torch.Generator) -> tuple[Tensor, Tensor]:
    """Contents A, B, C, D of the derivation, n pairs and a question each, and the values they should answer with."""
    keys, values = orthonormal(p.n, p.d, g), orthonormal(p.n, p.d, g)
    contents = torch.zeros(4, p.n + 1, 3, p.d, dtype=torch.float64)
    contents[:, :-1, 0], contents[:, :-1, 1], contents[:, -1, 2] = keys, values, keys[0]
    swap = torch.tensor([1, 0])
    contents[1::2, :2, 1] = values[swap]  # B and D: values exchanged
    contents[2:, :2, 0] = keys[swap]  # C and D: keys exchanged
    contents[2, :2, 1], contents[3, :2, 1] = values[:2], values[swap]
    answers = torch.zeros(4, 3, p.d, dtype=torch.float64)
    answers[:, 1] = values[torch.tensor([0, 1, 1, 0])]
    return contents.flatten(2), answers.flatten(1)


STARTS = 4  # softmax attention's training, too, can stay on a plateau, at small n: then it starts anew


def trained_attention(p: Settings) -> Recall:
    """Softmax attention trained on recall, from the first of STARTS random starts that solves it."""
    for start in range(STARTS):
        run = train("softmax attention", p.n, p.width, p.steps, p.seed + start, p.examples)
        if run.accuracy >= 1 - p.tolerance:
            break
    return run


def trained_layers(p: Settings) -> dict[str, Recall]:
    """Both layers trained on recall; the Synthesizer for at least as many steps as softmax attention took."""
    if p.steps == 0:
        return {}
    solved = trained_attention(p)
    kind, steps = "softmax attention" if p.premise == "broken" else "Synthesizer", max(300, solved.steps)
    blind = train(kind, p.n, p.width, min(p.steps, steps), p.seed, p.examples)
    return {"softmax attention": solved, "Synthesizer": blind}


def construct(p: Settings) -> Rivals:
    """Random and trained layers; broken: softmax attention in the Synthesizer's place."""
    g, dtype = generator(p), precision(p)
    seeing = softmax_lookup(p.t, p.d, dtype)
    blind = random_synthesizer(p.n + 1, p.d, g, dtype)
    arrangements, answers = four_arrangements(p, g)
    changes = torch.randn(2, *arrangements[0].shape, generator=g, dtype=torch.float64) / p.d**0.5
    changes[:, -1] = 0  # the asking position stays as it is
    contents, changes, arrangements, answers = (x.to(dtype) for x in (arrangements[0], changes, arrangements, answers))
    blind = seeing if p.premise == "broken" else blind
    return Rivals(blind, seeing, contents, changes, arrangements, answers, trained_layers(p))


def second_difference(f: LookUp, x: Float[Tensor, "n w"], changes: Float[Tensor, "2 n w"], size: float = 1.0) -> float:
    """‖f(x+δ+δ') − f(x+δ) − f(x+δ') + f(x)‖ over the largest of the four outputs; δ and δ' are scaled by `size`."""
    first, second = size * changes
    outputs = f(torch.stack([x + first + second, x + first, x + second, x]))
    signs = torch.tensor([1, -1, -1, 1], dtype=x.dtype)
    return float((signs @ outputs).norm() / outputs.norm(dim=1).max())


def best_read_out(f: LookUp, arrangements: Float[Tensor, "4 n w"], answers: Float[Tensor, "4 w"]) -> float:
    """The worst error, over ‖v − v'‖, of the read-out of f that fits the four answers best (least squares, affine)."""
    outputs = f(arrangements)
    features = torch.cat([outputs, torch.ones_like(outputs[:, :1])], dim=1)
    fitted = features @ torch.linalg.pinv(features, rtol=1e-4) @ answers  # rounding noise must not be fitted
    return float((fitted - answers).norm(dim=1).max() / (answers[0] - answers[1]).norm())


def measure(rivals: Rivals, p: Settings) -> Measurement:
    """Second differences, the four arrangements, and both layers after training."""
    dtype = rivals.contents.dtype
    rounding = 32 * epsilon(dtype) * math.sqrt(3 * p.d + p.n)
    bent = second_difference(rivals.blind, rivals.contents, rivals.changes)
    fit = best_read_out(rivals.blind, rivals.arrangements, rivals.answers)
    errors = (rivals.seeing(rivals.arrangements) - rivals.answers).norm(dim=1)
    looked_up = float(errors.max() / (rivals.answers[0] - rivals.answers[1]).norm())
    moved = score_error(dtype, 3 * p.d, p.t)
    closed = leak(p.t, p.n)
    leaked = leak(p.t - 2 * moved, p.n) - closed + 16 * epsilon(dtype)
    parts = [
        Part("Synthesizer: second difference, relative", bent, 0.0, rounding),
        Part("Synthesizer: worst error below ½‖v−v'‖, over ‖v−v'‖", max(0.0, 0.5 - fit), 0.0, rounding),
        Part("softmax attention by hand: worst error, over ‖v−v'‖", looked_up, closed, leaked),
        *trained_parts(rivals.trained, p),
    ]
    return Measurement(
        tuple(parts),
        {
            "softmax attention by hand: second difference": second_difference(
                softmax_lookup(min(p.t, 5.0), p.d, dtype), rivals.contents, rivals.changes
            ),
            "Synthesizer: worst error with the best read-out, over ‖v−v'‖": fit,
            "chance": 1 / p.n,
            "ceiling for any affine layer": affine_ceiling(p.n),
            **{f"trained {kind}: right": run.accuracy for kind, run in rivals.trained.items()},
            **{f"trained {kind}: steps": run.steps for kind, run in rivals.trained.items()},
            **({} if rivals.trained else {"training": "left out (steps = 0)"}),
        },
    )


def trained_parts(trained: dict[str, Recall], p: Settings) -> list[Part]:
    """Softmax attention must answer all but the tolerance; the Synthesizer must respect its ceiling."""
    if not trained:
        return []
    wrong = 1 - trained["softmax attention"].accuracy
    excess = max(0.0, trained["Synthesizer"].accuracy - affine_ceiling(p.n))
    by_chance = hoeffding(p.examples, p.confidence)
    return [
        Part("softmax attention, trained: share of errors", wrong, p.tolerance, 0.0),
        Part("Synthesizer, trained: right answers above the ceiling", excess, 0.0, by_chance),
    ]


def draw(slide: Slide, p: Settings) -> None:
    """Left: learning curves on recall. Right: second differences against the size of the change."""
    left, right = slide.panels(2)
    for tone, kind in enumerate(LAYERS):
        run = train(kind, p.n, p.width, 300, p.seed, examples=1)
        steps, shares = zip(*run.curve, strict=True)
        smooth = [sum(shares[max(0, i - 9) : i + 1]) / len(shares[max(0, i - 9) : i + 1]) for i in range(len(shares))]
        slide.curve(left, [*steps, 300], [*smooth, smooth[-1]], tone, kind)
    slide.level(left, affine_ceiling(p.n), f"no affine layer gets above {affine_ceiling(p.n):.2f}")
    slide.level(left, 1 / p.n, f"chance, 1/{p.n}", below=True)
    left.set(xlabel="training steps (128 fresh examples each)", ylabel="share of right answers", ylim=(0, 1.03))
    left.set(xlim=(0, 300))
    slide.legend(left, "center right", bbox_to_anchor=(1.0, 0.8))
    rivals = construct(vary(p, steps=0, premise="kept", t=5.0))
    sizes = [10 ** (x / 4) for x in range(-12, 5)]
    for tone, (kind, f) in enumerate((("softmax attention", rivals.seeing), ("Synthesizer", rivals.blind))):
        bent = [max(second_difference(f, rivals.contents, rivals.changes, h), 1e-17) for h in sizes]
        slide.curve(right, sizes, bent, tone, None)
        slide.dots(right, sizes, bent, tone, kind)
    slide.note(right, 2e-3, 2e-14, "0, but for rounding")
    right.set(xscale="log", yscale="log", ylim=(1e-17, 10), xlabel="size of the changes δ and δ'")
    right.set(ylabel="second difference, relative")
    slide.legend(right, "center left")


UP_TO = "most training steps from each of up to four starts; 0 leaves the training out"
STEPS = Parameter("steps", 500, UP_TO, "steps", 0, 100_000)

LOOKUP = Claim(
    id="2g.ii",
    title="A Synthesizer layer cannot look things up by content",
    statement="A Synthesizer layer cannot look things up by content: for fixed xᵢ its output is affine in the other "
    "contents, so it errs by at least ½‖v−v'‖ on one of four exchanges of two pairs, and with a linear read-out "
    "answers at most a share (1/n)·Σₘ min(1, C(n,m)/m!) of recall questions; softmax attention answers all.",
    derivation=DERIVATION,
    parameters=(
        T,
        replace(N, default=8, meaning="number of pairs; chance is 1/n", unit="pairs", high=64),
        replace(D, meaning="dimension of keys and of values, by hand; at least n", high=1024),
        STEPS,
        Parameter("width", 32, "width of the trained layers", "dimensions", 1, 1024),
        Parameter("examples", 50_000, "fresh examples that test the trained layers", "examples", 1, 1_000_000),
        CONFIDENCE,
        *EVERY,
    ),
    construct=construct,
    measure=measure,
    premise="Softmax attention stands in the Synthesizer's place.",
    float32="A second difference is a difference of differences: in float32 a Synthesizer's is about 10⁻⁷ of its "
    "output instead of 0, and for changes smaller than about 10⁻³ softmax attention's, which falls as the square of "
    "the change, is no larger. The changes here are of order 1. Training is in float32 whatever `dtype` says.",
    try_next=(
        ("2g.ii --set n=4", "fewer pairs: chance and ceiling rise"),
        ("2g.ii --set t=3", "too short a query by hand: the bound passes the tolerance"),
        ("2g.ii --set steps=0", "the proofs without the training, at once"),
        ("2g.ii --set premise=broken", "softmax attention is not affine, and passes the ceiling"),
    ),
    draw=draw,
    studies=("recall", "width"),
)
