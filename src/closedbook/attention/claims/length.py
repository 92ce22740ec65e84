"""1c.ii: one head fails when the length of one key varies; and the same with both lengths varying."""

from __future__ import annotations

import math

import torch

from closedbook.attention.bounds import NORMAL, hoeffding, ks_distance, score_error
from closedbook.attention.claim import Claim, Measurement, Part, Settings, vary
from closedbook.attention.claim_figures import Slide
from closedbook.attention.claims.noise import Draws, law, one_head
from closedbook.attention.parameters import ALPHA, RANDOM, D, N, T

ONE = """\
Now k_a ~ N(μ_a, αI + ½μ_aμ_aᵀ): besides the noise of 1c.i its length along μ_a varies, k_a = (1 + g/√2)·μ_a + √α·ε_a
with g ~ N(0, 1). (½ is a variance: the length's standard deviation is 1/√2 ≈ 0.71.) With q = t(μ_a + μ_b)

    s_a = t(1 + g/√2 + √α·ε_a·(μ_a + μ_b)) ~ N(t, t²(½ + 2α)),     s_b ~ N(t, 2αt²),

independent, and their difference, whatever the other n − 2 keys do, is

    log(α_a/α_b) = s_a − s_b ~ N(0, t²(½ + 4α)),     for every n, t and α.

**Why this is failure.** Its deviation is at least t/√2, and the noise has no part in it: no α is small enough. Let
w = α_a/(α_a + α_b). The smaller of w and 1 − w is below 10 % whenever |s_a − s_b| > ln 9, so in a share

    2Φ(−ln 9 / (t·√(½ + 4α)))

of the draws: 76 % at t = 10, 97 % at t = 100. c swings between v_a and v_b. A small t does not help either, because
the others' weight is kept out only by t ≫ ln n.

**Where that needs care.** The law holds for n = 2 as well, but the failure does not: without others to keep out, t
→ 0 gives α_a = α_b = ½ whatever the lengths. "Fails for every n, t, α" is true of n ≥ 3, and even there q = 0 gives
the plain mean of all values: a poor average of two, but a steady one.

**The check.** The figure is the largest error, over all thresholds, of a share predicted from this law: the
Kolmogorov–Smirnov distance between the draws and the law. The bound is √(ln(2/δ)/(2N)) for N draws at confidence
1 − δ (Dvoretzky, Kiefer, Wolfowitz; Massart 1990), which no true law exceeds more often than that.
"""

BOTH = """\
The source document writes ε_a and ε_b, as if both lengths varied; the handout varies one. With both,

    s_a = t(1 + g_a/√2 + √α·ε_a·(μ_a + μ_b)),     s_b = t(1 + g_b/√2 + √α·ε_b·(μ_a + μ_b)),

each N(t, t²(½ + 2α)), so that

    log(α_a/α_b) = s_a − s_b ~ N(0, t²(1 + 4α)),

against N(0, t²(½ + 4α)) with one length varying (1c.ii). The swing is √2 times wider, and the story is the same:
what one head does with two keys depends on the difference of their lengths, and a difference of two independent
lengths has twice the variance of one. The two laws are far apart for a test on 10,000 draws: at small α their
largest difference in distribution is 8.3 %, where 1.6 % already rejects at p = 0.01.

The check is that of 1c.ii: the Kolmogorov–Smirnov distance to the law, against the bound of Dvoretzky, Kiefer and
Wolfowitz.
"""


def measure(draws: Draws, p: Settings, lengths: int) -> Measurement:
    """The Kolmogorov–Smirnov distance of log(α_a/α_b) from its law, for `lengths` = 1 or 2 keys varying."""
    deviation = p.t * math.sqrt(lengths / 2 + 4 * p.alpha)
    sample = draws.log_ratio()
    moved = score_error(draws.values.dtype, p.d, math.sqrt(2) * p.t * (5 + 5 * math.sqrt(p.alpha * p.d)))
    shift = 2 * moved / (deviation * math.sqrt(2 * math.pi))  # a shift times the normal density's peak
    distance, bound = ks_distance(sample, deviation), hoeffding(p.samples, p.confidence)
    return Measurement(
        (Part("largest error of a predicted share (Kolmogorov–Smirnov)", distance, bound, shift),),
        {
            **law(sample, deviation),
            "one weight below 10 % of the pair, measured": float((sample.abs() > math.log(9)).double().mean()),
            "one weight below 10 % of the pair, predicted": 2 * NORMAL.cdf(-math.log(9) / deviation),
        },
    )


def density(x: torch.Tensor, deviation: float) -> torch.Tensor:
    """The normal density."""
    return torch.exp(-((x / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))


def draw_one(slide: Slide, p: Settings) -> None:
    """Left: the score difference and its law. Right: where c lies between v_a and v_b."""
    left, right = slide.panels(2)
    x = torch.linspace(-3, 3, 301)
    for tone, t in enumerate((2.0, 20.0)):
        sample = one_head(vary(p, t=t), (0,)).log_ratio()
        share = torch.sigmoid(sample)
        slide.bars(right, share, torch.linspace(0, 1, 26), tone, f"t = {t:g}")
        if t == p.t or tone == 1:
            slide.bars(left, sample / t, torch.linspace(-3, 3, 61), 1, "measured, t = 20")
    slide.curve(left, x, density(x, math.sqrt(0.5 + 4 * p.alpha)), 0, "N(0, ½+4α): the law")
    slide.curve(left, x, density(x, 0.5), 2, "½ read as a deviation: wrong")
    left.set(xlabel="log(α_a/α_b) / t", ylabel="density", ylim=(0, 1.0))
    right.set(xlabel="α_a / (α_a+α_b):  0 is v_b, 1 is v_a", ylabel="density", xlim=(0, 1))
    right.axvline(0.5, color=slide.theme.ink, linewidth=1.1, linestyle=(0, (2, 2)))
    top = right.get_ylim()[1]
    slide.note(right, 0.49, top * 0.62, "the average\nthat was wanted", ha="right")
    slide.legend(left, "upper left")
    slide.legend(right, "upper center")


def draw_both(slide: Slide, p: Settings) -> None:
    """The two laws, each on its own draws."""
    (ax,) = slide.panels()
    x, edges = torch.linspace(-4, 4, 401), torch.linspace(-4, 4, 81)
    for tone, (varied, name) in enumerate((((0,), "one length varies (handout)"), ((0, 1), "both lengths vary"))):
        deviation = math.sqrt(len(varied) / 2 + 4 * p.alpha)
        sample = one_head(p, varied).log_ratio() / p.t
        slide.bars(ax, sample, edges, tone, f"{name}, measured")
        slide.curve(ax, x, density(x, deviation), tone, f"N(0, {'½' if tone == 0 else '1'}+4α)")
    ax.set(xlabel="log(α_a/α_b) / t", ylabel="density", xlim=(-4, 4))
    slide.legend(ax, "upper left")


FLOAT32 = (
    "The varying length is of order 1 and rounding of order 10⁻⁷, so the law stands in float32 at every allowed t "
    "and α. The weights themselves saturate at 0 and 1 once |s_a − s_b| exceeds about 100; the test therefore uses "
    "the score difference, never the weights."
)

ONE_LENGTH = Claim(
    id="1c.ii",
    title="One head fails when one key's length varies",
    statement="One head fails when one key's length varies: with Σ_a = αI + ½μ_aμ_aᵀ and q = t(μ_a+μ_b), "
    "log(α_a/α_b) ~ N(0, t²(½+4α)) for every n, t, α, so c swings between v_a and v_b.",
    derivation=ONE,
    parameters=(T, ALPHA, N, D, *RANDOM),
    construct=lambda p: one_head(p, (0,), 0.25 if p.premise == "broken" else 0.5),
    measure=lambda draws, p: measure(draws, p, lengths=1),
    premise="The ½ is taken for the length's standard deviation: the law would be N(0, t²(¼+4α)).",
    float32=FLOAT32,
    try_next=(
        ("1c.ii --set t=100", "97 % of the draws give one of the two keys less than 10 %"),
        ("1c.ii --set samples=10000", "fewer draws: the bound passes the tolerance, and is said to"),
        ("1c.ii --set premise=broken", "a law with the wrong variance is rejected"),
        ("1d.ii", "what two heads make of the same keys"),
    ),
    draw=draw_one,
    studies=("laws",),
)

BOTH_LENGTHS = Claim(
    id="1c.ii-both",
    title="Both lengths varying: the swing is √2 times wider",
    statement="When both lengths vary (Σ_a and Σ_b as in 1c.ii), log(α_a/α_b) ~ N(0, t²(1+4α)): "
    "twice the variance of 1c.ii, and the same failure.",
    derivation=BOTH,
    parameters=(T, ALPHA, N, D, *RANDOM),
    construct=lambda p: one_head(p, (0,) if p.premise == "broken" else (0, 1)),
    measure=lambda draws, p: measure(draws, p, lengths=2),
    premise="Only k_a varies: the law of both is tested on the draws of one.",
    float32=FLOAT32,
    try_next=(
        ("1c.ii 1c.ii-both", "the two laws beside each other"),
        ("1c.ii-both --set premise=broken", "the law for two lengths is rejected on draws where one varies"),
        ("1c.ii-both --set alpha=1", "noise as large as the keys: the law still holds"),
    ),
    draw=draw_both,
)
