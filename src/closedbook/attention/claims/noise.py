"""1c.i: one head averages two values while the noise of the keys is tiny."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from closedbook.attention.bounds import epsilon, ks_distance, ks_p_value, leak, score_error, two_sided
from closedbook.attention.claim import Claim, Measurement, Part, Settings, Value, vary
from closedbook.attention.claim_figures import Slide
from closedbook.attention.heads import miss
from closedbook.attention.keys import generator, orthonormal, precision, weigh
from closedbook.attention.parameters import ALPHA, RANDOM, D, N, T
from closedbook.typing import Float

DERIVATION = """\
The keys are kᵢ = μᵢ + √α·εᵢ with orthonormal μ and standard normal εᵢ; the query q = t(μ_a + μ_b) knows only the μ.
The score of key i is kᵢ·q = t(μᵢ + √α·εᵢ)·(μ_a + μ_b). Since ‖μ_a + μ_b‖² = 2, the noise εᵢ·(μ_a + μ_b) is N(0, 2):

    s_a, s_b ~ N(t, 2αt²),     each other sᵢ ~ N(0, 2αt²),     all independent.

The weights' ratio is the scores' difference, whatever the other keys do:

    log(α_a/α_b) = s_a − s_b ~ N(0, 4αt²).

**When it works.** Two things must be small. The others' weight needs the gap t to exceed ln n; the tilt between a
and b needs the deviation 2t√α to be far below 1. Together:

    ln n ≪ t ≪ 1/(2√α).

Such a window exists only while √α ≪ 1/(2 ln n): the noise must be tiny.

**A bound at a stated confidence.** In N draws of n keys there are N(n + 1) normal variables to hold in check: n
scores and one difference per draw. With z = Φ⁻¹(1 − (1 − confidence)/(2N(n + 1))), all stay within ±z deviations
with that confidence (union bound). Then every gap is at least t(1 − 2z√(2α)), and with L = (n − 2)/(2e^gap + n − 2)
and D = tanh(z·t√α)

    weight on the others ≤ L,      |α_a − α_b| = (α_a + α_b)·tanh(½|s_a − s_b|) ≤ D.

For orthonormal values c − ½(v_a + v_b) has three orthogonal pieces: Σαᵢvᵢ over the others, −(their weight)·½(v_a +
v_b), and ½(α_a − α_b)(v_a − v_b). Divided by ‖½(v_a + v_b)‖² = ½, their squares sum to at most 2L² + L² + D², so in
every draw

    ‖c − ½(v_a + v_b)‖ / ‖½(v_a + v_b)‖ ≤ √(3L² + D²).

The law of log(α_a/α_b) is tested on the score difference itself: weights saturate, scores do not.
"""


@dataclass(frozen=True)
class Draws:
    """Log weights of `queries` heads on the same draws of the keys, and the values they weigh."""

    log_weights: Float[Tensor, "queries draws n"]
    values: Float[Tensor, "n d"]

    def log_ratio(self) -> Float[Tensor, " draws"]:
        """log(α_a/α_b) of the first head, in nats: a difference of scores."""
        return self.log_weights[0, :, 0] - self.log_weights[0, :, 1]

    def errors(self, heads: slice) -> Float[Tensor, " draws"]:
        """The relative error of c, the mean of the given heads' outputs, as ½(v_a + v_b)."""
        return miss(self.log_weights[heads].exp().mean(0), self.values, (self.values[0] + self.values[1]) / 2)


def draw_keys(p: Settings, ask: Callable[[Tensor], Tensor], varied: tuple[int, ...] = (), spread: float = 0.5) -> Draws:
    """Keys around orthonormal means, some of varying length, seen by the heads whose queries `ask` makes of these."""
    g = generator(p)
    means, values = orthonormal(p.n, p.d, g), orthonormal(p.n, p.d, g)
    return Draws(weigh(means, ask(means), p, g, varied, spread), values.to(precision(p)))


def one_head(p: Settings, varied: tuple[int, ...] = (), spread: float = 0.5) -> Draws:
    """One head that asks for both, q = t(μ_a + μ_b)."""
    return draw_keys(p, lambda means: p.t * (means[:1] + means[1:2]), varied, spread)


def construct(p: Settings) -> Draws:
    """One head; a broken premise lets ‖k_a‖ vary."""
    return one_head(p, (0,) if p.premise == "broken" else ())


def closed_form(p: Settings, moved: float = 0.0) -> float:
    """√(3L² + D²), with every score moved by at most `moved` nats of rounding."""
    z = two_sided(p.confidence, p.samples * (p.n + 1))
    lost = leak(p.t * (1 - 2 * z * math.sqrt(2 * p.alpha)) - 2 * moved, p.n - 2, 2)
    return math.hypot(math.sqrt(3) * lost, math.tanh(z * p.t * math.sqrt(p.alpha) + moved))


def law(sample: Float[Tensor, " draws"], deviation: float) -> dict[str, Value]:
    """How a sample compares with N(0, deviation²); details for the reader, not part of the verdict."""
    if deviation == 0.0:
        return {"law of log(α_a/α_b)": "a constant 0: no noise"}
    distance = ks_distance(sample, deviation)
    return {
        "deviation of log(α_a/α_b), measured": float(sample.double().std(correction=0)),
        "deviation of log(α_a/α_b), predicted": deviation,
        "Kolmogorov–Smirnov distance": distance,
        "Kolmogorov–Smirnov p-value": ks_p_value(distance, len(sample)),
    }


def measure(draws: Draws, p: Settings) -> Measurement:
    """The worst relative error of c over all draws, and the law of the score difference."""
    errors, dtype = draws.errors(slice(0, 1)), draws.values.dtype
    z = two_sided(p.confidence, p.samples * (p.n + 1))
    moved = score_error(dtype, p.d, math.sqrt(2) * p.t * (1 + z * math.sqrt(p.alpha * p.d)))
    closed = closed_form(p)
    allowance = closed_form(p, moved) - closed + 8 * epsilon(dtype)
    return Measurement(
        (Part("worst relative error of c in all draws", float(errors.max()), closed, allowance),),
        {
            "median relative error": float(errors.median()),
            **law(draws.log_ratio(), 2 * p.t * math.sqrt(p.alpha)),
            "window for t": f"{math.log(p.n):.2g} ≪ t ≪ {0.5 / math.sqrt(p.alpha):.2g}" if p.alpha else "t ≫ ln n",
        },
    )


def draw(slide: Slide, p: Settings) -> None:
    """The error against t for four amounts of noise: a window that closes."""
    (ax,) = slide.panels()
    powers = [10 ** (x / 12) for x in range(-6, 61)]
    for tone, (alpha, power) in enumerate(((1e-10, "⁻¹⁰"), (1e-7, "⁻⁷"), (1e-4, "⁻⁴"), (1e-1, "⁻¹"))):
        draws = (construct(vary(p, t=t, alpha=alpha, samples=500)) for t in powers)
        errors = [float(each.errors(slice(0, 1)).median()) for each in draws]
        slide.curve(ax, powers, errors, tone, f"α = 10{power}")
        slide.dots(ax, [0.5 / math.sqrt(alpha)], [1.35], tone, marker="v", markersize=9, clip_on=False)
    slide.level(ax, p.tolerance, "tolerance")
    slide.note(ax, 9e4, 1.7, "▾ t = 1/(2√α)", ha="right", va="bottom")
    ax.axvline(math.log(p.n), color=slide.theme.ink, linewidth=1)
    slide.note(ax, math.log(p.n) * 0.93, 2e-5, "t = ln n", ha="right", rotation=90)
    ax.set(xscale="log", yscale="log", ylim=(1e-5, 1.35), xlim=(powers[0], powers[-1]))
    ax.set(xlabel="length t of the query (nats)", ylabel="median relative error of c")
    slide.legend(ax, "lower right")


TINY_NOISE = Claim(
    id="1c.i",
    title="One head averages two values while key noise is tiny",
    statement="One head averages two values while key noise is tiny: with kᵢ ~ N(μᵢ, αI) and q = t(μ_a+μ_b), "
    "log(α_a/α_b) ~ N(0, 4αt²), so c ≈ ½(v_a+v_b) while ln n ≪ t ≪ 1/(2√α).",
    derivation=DERIVATION,
    parameters=(T, ALPHA, N, D, *RANDOM),
    construct=construct,
    measure=measure,
    premise="The length of k_a varies too (the keys of 1c.ii): noise that is not tiny.",
    float32="The key's entries are rounded to about 10⁻⁸, which drowns noise of variance α below about 10⁻¹⁵: the "
    "error then stops falling, and the law of log(α_a/α_b) is that of rounding. At larger α the rounding adds about "
    "t·10⁻⁶·√d nats to each score, which the allowance contains.",
    try_next=(
        ("1c.i --set alpha=1e-4", "noise of one hundredth of the key's length is already too much"),
        ("1c.i --set t=1000", "a longer query tilts more"),
        ("1c.i --set t=2", "a shorter one lets the others in: there is no t for large α"),
        ("1c.i --set premise=broken", "the keys of 1c.ii"),
    ),
    draw=draw,
)
