"""1a: attention can copy one value."""

from __future__ import annotations

import math

import torch

from closedbook.attention.bounds import epsilon, leak, log_leak, orders_of_ten, score_error
from closedbook.attention.claim import Claim, Measurement, Parameter, Part, Settings, vary
from closedbook.attention.claim_figures import Slide
from closedbook.attention.heads import Head, log_weights, miss
from closedbook.attention.keys import generator, orthonormal, precision
from closedbook.attention.parameters import EVERY, D, N

DERIVATION = """\
A head gives key i the weight αᵢ = e^(sᵢ) / Σⱼ e^(sⱼ), where sᵢ = kᵢ·q is its score. Let key 1 be the target, and let
every other score be at least Δ below it: sᵢ ≤ s₁ − Δ. Write xᵢ = e^(sᵢ − s₁) ≤ e^(−Δ). Dividing numerator and
denominator by e^(s₁), the weight that misses the target is

    lost = Σᵢ≠₁ αᵢ = X / (1 + X),   X = Σᵢ≠₁ xᵢ ≤ (n − 1)·e^(−Δ).

X / (1 + X) grows with X, so

    lost ≤ (n − 1) / (e^Δ + n − 1) < (n − 1)·e^(−Δ).

The first bound is attained when all rivals score exactly Δ less; the second, which courses quote, is simpler and is
within a factor 1 + (n − 1)·e^(−Δ) of it. This check uses the first.

**What that means for the output.** The weights sum to 1, so c − v₁ = Σᵢ≠₁ αᵢ(vᵢ − v₁): the output is wrong by at most
lost · maxᵢ‖vᵢ − v₁‖. For orthonormal values ‖vᵢ − v₁‖ = √2, so ‖c − v₁‖ ≤ √2 · lost.

**Why d ≥ n.** With linearly independent keys some query gives each key any score we like. The construction takes
orthogonal keys of unequal lengths between ½ and 2, chooses all the scores (the runner-up at 0, the target at Δ, the
others at random below 0) and solves for q = Σ sᵢ kᵢ/‖kᵢ‖². Neither equal lengths nor orthogonality matters for
copying: the gap alone does.
"""


def construct(p: Settings) -> Head:
    """Orthogonal keys of random lengths, and the query that gives them the chosen scores."""
    g = generator(p)
    keys = orthonormal(p.n, p.d, g) * (0.5 + 1.5 * torch.rand(p.n, 1, generator=g, dtype=torch.float64))
    scores = -p.gap * torch.rand(p.n, generator=g, dtype=torch.float64)
    scores[0], scores[1] = p.gap, 0.0
    query = (scores / keys.square().sum(1)) @ keys
    if p.premise == "broken":
        keys[1] = (keys[0] + keys[1]) / 2  # halves the gap that the query was made for
    dtype = precision(p)
    return Head(keys.to(dtype), query.to(dtype), orthonormal(p.n, p.d, g).to(dtype))


def measure(head: Head, p: Settings) -> Measurement:
    """The weight lost, summed over the rivals (1 − α₁ would cancel), and the distance of c from v₁."""
    dtype, (n, d) = head.keys.dtype, head.keys.shape
    logs = log_weights(head.keys, head.query)
    lost = logs[1:].double().logsumexp(0)
    moved = score_error(dtype, d, float(head.keys.norm(dim=1).max() * head.query.norm()))
    closed, rounded = leak(p.gap, n - 1), leak(p.gap - 2 * moved, n - 1)
    allowance = rounded * (1 + 4 * n * epsilon(dtype)) - closed
    error = float(miss(logs.exp(), head.values, head.values[0]))
    of_distance = math.sqrt(2) * allowance + 8 * epsilon(dtype) * rounded
    return Measurement(
        (
            Part("weight that misses key 1", float(lost.exp()), closed, allowance),
            Part("distance of c from v₁, over ‖v₁‖", error, math.sqrt(2) * closed, of_distance),
        ),
        {
            "weight lost": orders_of_ten(float(lost)),
            "bound, closed form": orders_of_ten(log_leak(p.gap, n - 1)),
            "(n−1)·e^(−Δ)": orders_of_ten(math.log(n - 1) - p.gap),
        },
    )


def draw(slide: Slide, p: Settings) -> None:
    """The weight lost against the gap, for three numbers of keys."""
    (ax,) = slide.panels()
    gaps = torch.linspace(0, 20, 81).tolist()
    for tone, n in enumerate((2, 16, 256)):
        slide.curve(ax, gaps, [leak(gap, n - 1) for gap in gaps], tone, f"n = {n}: (n−1)/(e^Δ + n−1)")
        marked_gaps = [1 + 2 * i for i in range(10)]
        heads = [construct(vary(p, n=n, d=n, gap=float(gap))) for gap in marked_gaps]
        lost = [float(log_weights(h.keys, h.query)[1:].exp().sum()) for h in heads]
        slide.dots(ax, marked_gaps, lost, tone, "random rivals, measured" if tone == 2 else None)
    slide.level(ax, p.tolerance, "tolerance")
    ax.set(yscale="log", xlabel="score gap Δ between key 1 and the rest (nats)", ylabel="weight that misses key 1")
    ax.set(xlim=(0, 20), ylim=(1e-9, 2))
    slide.legend(ax, "lower left")


GAP = Parameter("gap", 10.0, "smallest score gap Δ between key 1 and any other", "nats", 0.0, 1e6)

COPYING = Claim(
    id="1a",
    title="One head can copy one value",
    statement="Attention can copy one value: if key 1 scores at least Δ more than each other key, at most "
    "(n−1)/(e^Δ+n−1) < (n−1)·e^(−Δ) of the weight misses it, so c ≈ v₁.",
    derivation=DERIVATION,
    parameters=(GAP, N, D, *EVERY),
    construct=construct,
    measure=measure,
    premise="The runner-up key is moved halfway to key 1 after the query was chosen, so Δ is no longer the smallest "
    "gap.",
    float32="Rounding moves a score by about 4·10⁻⁷·√d·‖k‖‖q‖, which multiplies the weight lost by e to twice that: "
    "the formula holds until Δ is about 10⁴, and even then the copy is perfect. The rivals' weights themselves turn "
    "to 0 below 10⁻⁴⁵, at Δ ≈ 103; so the weight lost is summed in logarithms, which do not underflow.",
    try_next=(
        ("1a --set gap=3", "the bound alone, 0.2, is now above the tolerance"),
        ("1a --set n=1000 --set d=1000", "more rivals need a larger gap: ln n more"),
        ("1a --set gap=1000", "the loss is 10^-434: too small for a float, not for a logarithm"),
        ("1a --set premise=broken", "a rival comes nearer than Δ: the figure passes the bound"),
    ),
    draw=draw,
)
