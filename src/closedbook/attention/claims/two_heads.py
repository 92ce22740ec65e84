"""1d: two heads average two values, and survive what breaks one."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import torch

from closedbook.attention.bounds import NORMAL, epsilon, hoeffding, leak, score_error, two_sided
from closedbook.attention.claim import Claim, Measurement, Part, Settings, vary
from closedbook.attention.claim_figures import Slide
from closedbook.attention.claims.noise import Draws, draw_keys
from closedbook.attention.parameters import ALPHA, RANDOM, T1, T2, D, N, T

AVERAGE = """\
Each head copies one value (1a), and their outputs are averaged: q₁ = t₁μ_a, q₂ = t₂μ_b, c = ½(c₁ + c₂).

**Without noise** the target of head h leads every rival by t_h, so head h loses the share
L_h = (n − 1)/(e^(t_h) + n − 1) of its weight. For orthonormal values ‖vᵢ − v_a‖ = √2, hence ‖c₁ − v_a‖ ≤ √2·L₁, and

    ‖c − ½(v_a + v_b)‖ ≤ ½(√2·L₁ + √2·L₂),     relative to ‖½(v_a + v_b)‖ = 1/√2:   error ≤ L₁ + L₂.

At t₁ = t₂ the exact error is L·√(n(n − 2))/(n − 1), about half the bound, because what head 1 loses to key b is not
lost to the pair.

**With noise** kᵢ ~ N(μᵢ, αI), head 1 sees the scores t₁(μᵢ·μ_a + √α·ηᵢ) with ηᵢ = εᵢ·μ_a ~ N(0, 1). In N draws the
two heads meet 2nN such normals; with z = Φ⁻¹(1 − (1 − confidence)/(4nN)) all stay within ±z with that confidence,
and every gap is at least t_h(1 − 2z√α). So in every draw

    error ≤ L₁ + L₂,     L_h = (n − 1) / (e^(t_h(1 − 2z√α)) + n − 1).

**Against one head** (1c.i): there the noise had to keep 2t√α small, because it tilts two weights that must be
equal. Here no two weights need be equal. The noise must only leave the gap standing, 2z√α < 1: some 10⁻² in α
instead of 10⁻⁸.
"""

SURVIVE = """\
The keys are those of 1c.ii, k_a = (1 + g/√2)·μ_a + √α·ε_a, and the queries those of 1d.i.

**Head 2** asks for μ_b. Neither k_b nor its rivals have a long component along μ_b (μ_a ⟂ μ_b), so as α → 0 it always
gives key b the share 1 − (n − 1)/(e^(t₂) + n − 1).

**Head 1** asks for μ_a and scores key a at t₁(1 + g/√2), the others at 0. As α → 0 its log odds are

    log(α₁ₐ / (1 − α₁ₐ)) = t₁(1 + g/√2) − ln(n − 1) ~ N(t₁ − ln(n − 1), t₁²/2).

It misses, α₁ₐ < ½, when they are negative:

    P(miss) = Φ(√2·(ln(n − 1)/t₁ − 1))  →  Φ(−√2) = 7.86 %   as t₁ → ∞.

The limit is the chance that the length 1 + g/√2 of k_a is negative: then no longer query helps, for it pushes key a
further down. For n > 2 the limit is approached from above, for n = 2 it is reached at every t₁. So two heads are
not safe: they lose v_a in 8 % of the draws. But one head almost never holds both values (1c.ii).

**For α > 0** the variance of key a's score is t₁²(½ + α), and the prediction is Φ((ln(n − 1)/t₁ − 1)/√(½ + α)).
With z as in 1d.i the rivals' scores stay within ±z·t₁√α, which shifts their logarithm of sums by no more; and head
2 adds at most its leak L₂ to what key a gets. "c misses" is: the mean of the two heads' weights gives v_a, or v_b,
less than half of the ½ that is its due; so α₁ₐ < ½ − α₂ₐ with 0 ≤ α₂ₐ ≤ L₂. The bound is what these shifts can
change in the prediction, plus Hoeffding's √(ln(2/δ)/(2N)) for N draws.

**The spread of c**, the root of its mean squared distance from its own mean, for α = 0, t → ∞ and p = Φ(−√2): one
head's c is v_a or v_b with chance ½ each: spread ½·√2 = 0.71. Two heads' is ½(c₁ + v_b), c₁ = v_a or, with chance p,
the mean of the others: spread ½·√(p(1 − p)·n/(n − 1)) = 0.135·√(n/(n − 1)), a fifth of it. (Where t₁√α is not small, a
head 1 that misses settles on one of the others by noise, and the spread is somewhat larger: up to 0.19.)
"""


def queries_of(p: Settings, means: torch.Tensor) -> torch.Tensor:
    """q₁ and q₂."""
    return torch.stack([p.t1 * means[0], p.t2 * means[1]])


def three_queries(p: Settings, means: torch.Tensor) -> torch.Tensor:
    """q₁, q₂ and, in the third place, that of one head which asks for both, q = t(μ_a + μ_b)."""
    return torch.cat([queries_of(p, means), p.t * (means[:1] + means[1:2])])


def construct_average(p: Settings) -> Draws:
    """Keys with noise, two queries; broken: both heads ask for key a."""
    return draw_keys(p, lambda means: queries_of(p, means if p.premise == "kept" else means[[0, 0]]))


def quantile(p: Settings) -> float:
    """z such that all scores of both heads, in all draws, stay within ±z deviations."""
    return two_sided(p.confidence, 2 * p.n * p.samples) if p.alpha else 0.0


def leaks(p: Settings, moved: float = 0.0) -> tuple[float, float]:
    """L₁ and L₂ with noise, and with every score moved by `moved`·t_h nats of rounding."""
    gap = 1 - 2 * quantile(p) * math.sqrt(p.alpha) - 2 * moved  # of t₁ and t₂
    return leak(p.t1 * gap, p.n - 1), leak(p.t2 * gap, p.n - 1)


def measure_average(draws: Draws, p: Settings) -> Measurement:
    """The worst relative error of c over all draws."""
    dtype = draws.values.dtype
    errors = draws.errors(slice(0, 2))
    moved = score_error(dtype, p.d, 1 + quantile(p) * math.sqrt(p.alpha * p.d))
    closed = sum(leaks(p))
    allowance = sum(leaks(p, moved)) - closed + 8 * epsilon(dtype)
    return Measurement(
        (Part("worst relative error of c in all draws", float(errors.max()), closed, allowance),),
        {
            "median relative error": float(errors.median()),
            "gap left standing": f"{1 - 2 * quantile(p) * math.sqrt(p.alpha):.3g} of t₁ and t₂",
        },
    )


def construct_survival(p: Settings) -> Draws:
    """1c.ii's keys seen by head 1, head 2 and, in the third place, the one head of 1c.ii.

    A broken premise puts that one head where the two are needed.
    """
    heads = [0, 1, 2] if p.premise == "kept" else [2, 2, 2]
    return draw_keys(p, lambda means: three_queries(p, means)[heads], (0,))


def miss_chance(n: int, t1: float, alpha: float = 0.0, shift: float = 0.0) -> float:
    """P(α₁ₐ < ½) = Φ((ln(n−1)/t₁ − 1 + shift)/√(½+α)); `shift` moves the scores, in units of t₁. Source: 1d.ii."""
    return NORMAL.cdf((math.log(n - 1) / t1 - 1 + shift) / math.sqrt(0.5 + alpha))


def lost(weights: torch.Tensor) -> torch.Tensor:
    """In which draws c gives v_a or v_b less than half of its due ½."""
    return (weights[:, :2] < 0.25).any(dim=1)


def shift_allowance(p: Settings, moved: float) -> float:
    """How far the share of misses may lie from `miss_chance` because α > 0, t₂ is finite and scores are rounded."""
    leaked = leaks(p, moved)[1]
    if leaked >= 0.5:  # head 2 may miss as well: nothing is promised
        return 1.0
    noise = quantile(p) * math.sqrt(p.alpha) + 2 * moved
    odds = math.log((0.5 + leaked) / (0.5 - leaked)) / p.t1
    chance = miss_chance(p.n, p.t1, p.alpha)
    low, high = (miss_chance(p.n, p.t1, p.alpha, s) for s in (-noise - odds, noise))
    return max(high - chance, chance - low)


def spread(weights: torch.Tensor, values: torch.Tensor) -> float:
    """The root of the mean squared distance of c from its mean."""
    c = weights @ values
    return float((c - c.mean(0)).square().sum(1).mean().sqrt())


def measure_survival(draws: Draws, p: Settings) -> Measurement:
    """The share of draws in which the averaged heads lose v_a or v_b, against the share predicted."""
    weights = draws.log_weights.exp()
    pair, single = weights[:2].mean(0), weights[2]
    share, chance = float(lost(pair).double().mean()), miss_chance(p.n, p.t1, p.alpha)
    confidence = 1 - (1 - p.confidence) / 2  # half of the doubt for the noise, half for the finite sample
    moved = score_error(draws.values.dtype, p.d, 5 + 5 * math.sqrt(p.alpha * p.d))
    bound, allowance = hoeffding(p.samples, confidence), shift_allowance(vary(p, confidence=confidence), moved)
    return Measurement(
        (Part("share of draws that lose v_a or v_b, off its prediction", abs(share - chance), bound, allowance),),
        {
            "two heads: share that loses v_a or v_b, measured": share,
            "two heads: the same, predicted": chance,
            "limit for t₁ → ∞, α → 0: Φ(−√2)": NORMAL.cdf(-math.sqrt(2)),
            "one head: share that loses v_a or v_b, same draws": float(lost(single).double().mean()),
            "two heads: spread of c": spread(pair, draws.values),
            "one head: spread of c, same draws": spread(single, draws.values),
            "two heads: median relative error of c": float(draws.errors(slice(0, 2)).median()),
            "one head: median relative error of c": float(draws.errors(slice(2, 3)).median()),
        },
    )


def draw_average(slide: Slide, p: Settings) -> None:
    """The error of two heads against t, for three amounts of noise, with one head's beside it."""
    (ax,) = slide.panels()
    powers = [10 ** (x / 10) for x in range(0, 31)]
    for tone, alpha in enumerate((0.0, 1e-3, 3e-2)):
        both: tuple[list[float], list[float]] = ([], [])
        for t in powers:
            q = vary(p, t1=t, t2=t, t=t, alpha=alpha, samples=500)
            draws = draw_keys(q, partial(three_queries, q))
            for errors, heads in zip(both, (slice(0, 2), slice(2, 3)), strict=True):
                errors.append(float(draws.errors(heads).median()))
        name = "no noise" if alpha == 0 else f"α = {alpha:g}"
        slide.curve(ax, powers, both[0], tone, f"two heads, {name}")
        if alpha:
            slide.dots(ax, powers, both[1], tone, f"one head, {name}", markersize=5)
    slide.level(ax, p.tolerance, "tolerance")
    ax.set(xscale="log", yscale="log", ylim=(1e-6, 2), xlim=(1, 1000))
    ax.set(xlabel="length of the queries, t₁ = t₂ = t (nats)", ylabel="median relative error of c")
    slide.legend(ax, "lower right")


def draw_survival(slide: Slide, p: Settings) -> None:
    """Left: where c lies, one head and two on the same draws. Right: how often head 1 misses."""
    left, right = slide.panels(2)
    draws = construct_survival(vary(p, samples=400, premise="kept"))
    weights = draws.log_weights.exp()
    g = torch.Generator().manual_seed(1)
    for tone, name, w in ((1, "one head", weights[2]), (0, "two heads", weights[:2].mean(0))):
        seen = w[:, :2] + 0.012 * torch.randn(w[:, :2].shape, generator=g)  # many draws coincide: spread them a little
        slide.dots(left, seen[:, 0], seen[:, 1], tone, f"{name}, 400 draws", markersize=5, alpha=0.75)
    slide.dots(left, [0.5], [0.5], 2, "wanted", marker="*", markersize=21, zorder=5)
    left.set(xlabel="weight of v_a in c", ylabel="weight of v_b in c", xlim=(-0.08, 1.08), ylim=(-0.08, 1.3))
    slide.legend(left, "upper right", ncols=2, fontsize=10)
    t1 = [10 ** (x / 40) for x in range(0, 121)]
    marked_t1 = [10 ** (x / 4) for x in range(0, 13)]
    for tone, n in enumerate((2, 6, 32)):
        slide.curve(right, t1, [miss_chance(n, t) for t in t1], tone, f"n = {n}")
        runs = [construct_survival(vary(p, n=n, d=max(n, p.d), t1=t, samples=2000, premise="kept")) for t in marked_t1]
        shares = [float((run.log_weights[0, :, 0] < math.log(0.5)).double().mean()) for run in runs]
        slide.dots(right, marked_t1, shares, tone, "measured" if tone == 2 else None)
    slide.level(right, NORMAL.cdf(-math.sqrt(2)), "limit Φ(−√2) = 7.9 %", below=True)
    right.set(xscale="log", xlim=(1, 1000), ylim=(0, 1))
    right.set(xlabel="length t₁ of head 1's query (nats)", ylabel="share of draws in which head 1 misses")
    slide.legend(right, "upper right")


TWO_HEADS = Claim(
    id="1d.i",
    title="Two heads average two values, noise or not",
    statement="Two heads average two values: with q₁ = t₁μ_a, q₂ = t₂μ_b and c = ½(c₁+c₂) the relative error of c is "
    "at most L₁+L₂, L_h = (n−1)/(e^(t_h(1−2z√α))+n−1), z the normal quantile of the stated confidence.",
    derivation=AVERAGE,
    parameters=(T1, T2, replace(ALPHA, default=1e-4), N, D, *RANDOM),
    construct=construct_average,
    measure=measure_average,
    premise="Both heads ask for key a: two heads, but not two questions.",
    float32="Rounding takes about 4·10⁻⁷·√d off the gap's factor 1 − 2z√α, which is nothing: the claim stands in "
    "float32 at every allowed t₁ and t₂, where one head (1b) fails from t ≈ 10⁴. The error of c itself cannot fall "
    "below about 10⁻⁷.",
    try_next=(
        ("1d.i --set alpha=0.01", "a tenth of the key's length as noise: 2z√α passes 1 and nothing is promised"),
        ("1d.i --set t1=3", "one short query suffices to spoil the average"),
        ("1c.i --set alpha=1e-4", "one head with the same noise"),
        ("1d.i --set premise=broken", "two heads that ask for the same key"),
    ),
    draw=draw_average,
)

SURVIVAL = Claim(
    id="1d.ii",
    title="Two heads survive what breaks one, but for 8 %",
    statement="Two heads survive what breaks one: on 1c.ii's keys c loses v_a only when head 1 misses, with "
    "probability Φ(√2(ln(n−1)/t₁−1)) as α → 0, which tends to Φ(−√2) = 7.9 % as t₁ → ∞; one head loses v_a or v_b "
    "almost always.",
    derivation=SURVIVE,
    parameters=(T1, T2, T, ALPHA, N, D, *RANDOM),
    construct=construct_survival,
    measure=measure_survival,
    premise="One head, q = t(μ_a+μ_b), where two are needed.",
    float32="The varying length is of order 1, so shares of misses are the same in float32, at every allowed t₁. "
    "Weights below 10⁻⁴⁵ turn to 0; a miss asks only whether a weight is under ¼.",
    try_next=(
        ("1d.ii --set t1=2", "a short query misses more often: 39 % for n = 6"),
        ("1d.ii --set t1=1e6", "no query is long enough: 7.9 % is the limit"),
        ("1d.ii --set n=2", "with one rival the share is 7.9 % at every t₁"),
        ("1d.ii --set premise=broken", "one head in the place of two"),
    ),
    draw=draw_survival,
    studies=("heads",),
)
