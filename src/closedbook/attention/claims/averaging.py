"""1b: attention can average two values."""

from __future__ import annotations

import math

from closedbook.attention.bounds import epsilon, leak, log_leak, orders_of_ten, score_error
from closedbook.attention.claim import Claim, Measurement, Part, Settings, vary
from closedbook.attention.claim_figures import Slide
from closedbook.attention.heads import Head, log_weights, miss
from closedbook.attention.keys import generator, orthonormal, precision
from closedbook.attention.parameters import EVERY, D, N, T

DERIVATION = """\
The keys are orthonormal and q = t(k_a + k_b). Then k_a·q = k_b·q = t, and every other score is 0, so

    α_a = α_b = eᵗ / (2eᵗ + n − 2),     each other αᵢ = 1 / (2eᵗ + n − 2).

Let ρ = (n − 2) / (2eᵗ + n − 2) be all the weight that the other n − 2 keys take together; then α_a = α_b = (1 − ρ)/2.
Collect the values, writing v̄ for the mean of the other values:

    c = (1 − ρ)·½(v_a + v_b) + ρ·v̄,    so    c − ½(v_a + v_b) = ρ·(v̄ − ½(v_a + v_b)).

The output lies on the segment from the wanted mean to the mean of the rest, a share ρ of the way along. For n = 2
there is no rest, and c is exact at every t.

**As one number.** Take orthonormal values, so that no value can stand in for another. Then
‖v̄ − ½(v_a + v_b)‖² = 1/(n − 2) + ½, and ‖½(v_a + v_b)‖² = ½. The relative error is

    ‖c − ½(v_a + v_b)‖ / ‖½(v_a + v_b)‖ = ρ·√(n/(n − 2)) = √(n(n − 2)) / (2eᵗ + n − 2),

which falls below 0.01 at t = 5.5 for n = 6: in general from about t = ln(50(n − 1)).
"""


def construct(p: Settings) -> Head:
    """Orthonormal keys and values in random orientations, and q = t(k_a + k_b) with a, b the first two keys."""
    g = generator(p)
    keys = orthonormal(p.n, p.d, g)
    query = p.t * (keys[0] + keys[1])
    if p.premise == "broken":
        keys[-1] = (keys[0] + keys[-1]) / math.sqrt(2)
    dtype = precision(p)
    return Head(keys.to(dtype), query.to(dtype), orthonormal(p.n, p.d, g).to(dtype))


def closed_form(t: float, n: int) -> float:
    """The relative error √(n(n−2)) / (2eᵗ + n − 2)."""
    return leak(t, n - 2, 2) * math.sqrt(n / (n - 2)) if n > 2 else 0.0


def measure(head: Head, p: Settings) -> Measurement:
    """The relative distance of c from ½(v_a + v_b)."""
    dtype, (n, d) = head.keys.dtype, head.keys.shape
    target = (head.values[0] + head.values[1]) / 2
    weights = log_weights(head.keys, head.query).exp()
    closed = closed_form(p.t, n)
    moved = score_error(dtype, d, math.sqrt(2) * p.t)
    # Scores moved by rounding leak a little more, and tilt the two weights by tanh of half their difference.
    allowance = closed_form(p.t - 2 * moved, n) - closed + math.tanh(moved) + 8 * epsilon(dtype)
    error = float(miss(weights, head.values, target))
    return Measurement(
        (Part("distance of c from ½(v_a+v_b), relative", error, closed, allowance),),
        {
            "α_a": float(weights[0]),
            "α_b": float(weights[1]),
            "weight on the others, closed form": orders_of_ten(log_leak(p.t, n - 2, 2)),
        },
    )


def draw(slide: Slide, p: Settings) -> None:
    """The error against t: e^(−t) down to rounding, which then grows with t."""
    (ax,) = slide.panels()
    powers = [10 ** (x / 8) for x in range(-8, 49)]
    names = {"float64": "float64, worst of 8 draws", "float32": "float32, worst of 8 draws"}
    slide.curve(ax, powers, [closed_form(t, p.n) for t in powers], 0, f"√(n(n−2)) / (2eᵗ+n−2),  n = {p.n}")
    for tone, (dtype, name) in enumerate(names.items()):
        sweeps = [[vary(p, t=t, dtype=dtype, seed=seed) for seed in range(8)] for t in powers]
        worst = [max(measure(construct(q), q).parts[0].figure for q in sweep) for sweep in sweeps]
        slide.dots(ax, powers, worst, tone, name)
    slide.level(ax, p.tolerance, "tolerance", left=True)
    slide.note(ax, 0.12, 1e-6, "too small a t:\nthe others leak in", va="top")
    slide.note(ax, 1.5e2, 1e-11, "too large a t: rounding\ndecides between a and b", va="bottom")
    ax.set(xscale="log", yscale="log", ylim=(1e-18, 3), xlim=(0.1, 1e6))
    ax.set(xlabel="length t of the query (nats)", ylabel="relative error of c")
    slide.legend(ax, "lower left")


AVERAGING = Claim(
    id="1b",
    title="One head can average two values",
    statement="Attention can average two values: with orthonormal keys and q = t(k_a+k_b), α_a = α_b = eᵗ/(2eᵗ+n−2), "
    "and c misses ½(v_a+v_b) by the relative error √(n(n−2))/(2eᵗ+n−2) (orthonormal values).",
    derivation=DERIVATION,
    parameters=(T, N, D, *EVERY),
    construct=construct,
    measure=measure,
    premise="The last key leans 45° towards k_a after the query was chosen, so the keys are not orthogonal.",
    float32="k_a and k_b have length 1 only up to rounding, about 10⁻⁷, and the query multiplies that: the two scores "
    "differ by about t·10⁻⁷ nats. From t ≈ 14 on this tilt exceeds the closed form, and near t = 10⁴ its allowance "
    "reaches the tolerance. By then one head no longer averages: it selects by rounding error, just as 1c.i predicts "
    "for noise of variance α ≈ 10⁻¹⁴. In float64 the same happens near t = 10¹².",
    try_next=(
        ("1b --set t=0.1", "the bound passes the tolerance: the query is too short to be selective"),
        ("1b --set n=1000 --set d=1000", "t must exceed about ln(50n)"),
        ("1b --set t=1e5 --set dtype=float32", "the rounding allowance alone passes the tolerance"),
        ("1b --set premise=broken", "one key that is not orthogonal: the figure passes the bound"),
    ),
    draw=draw,
)
