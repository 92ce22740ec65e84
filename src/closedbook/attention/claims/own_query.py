"""1e.i: with keys, queries and values equal to the inputs, a position cannot ask for anything but itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from closedbook.attention.bounds import epsilon, orders_of_ten, score_error
from closedbook.attention.claim import Claim, Measurement, Part, Settings, vary
from closedbook.attention.claim_figures import Slide
from closedbook.attention.heads import self_attention
from closedbook.attention.keys import generator, orthonormal, precision
from closedbook.attention.parameters import BETA, EVERY, D
from closedbook.typing import Float

DERIVATION = """\
Keys, queries and values are the inputs themselves, x₁ = u_d + u_b, x₂ = u_a, x₃ = u_c + u_b, with orthogonal u of
norm β.

**What position 2 copies.** Its scores are x₁·x₂ = 0, x₂·x₂ = β², x₃·x₂ = 0. With Z = e^(β²) + 2

    c₂ = (e^(β²)·u_a + u_d + u_b + u_c + u_b) / Z,
    c₂ − u_a = (u_d + u_c + 2u_b − 2u_a) / Z,     ‖c₂ − u_a‖ = √(1 + 1 + 4 + 4)·β/Z = √10·β/(e^(β²) + 2).

So c₂ ≈ u_a: position 2 copies itself.

**Can x₂ be changed so that c₂ ≈ u_b?** Add any multiples: x₂ = u_a + λu_d + μu_c. Position 2's scores, over β², are
now

    of x₁: λ,     of x₂: 1 + λ² + μ²,     of x₃: μ.

Its own is always the largest, because 1 + λ² + μ² − λ = (λ − ½)² + ¾ + μ² ≥ ¾, and likewise for μ. Each rival is at
least ¾β² behind, so position 2 keeps for itself the weight

    w = α₂₂ ≥ 1 / (1 + 2e^(−¾β²)) ≥ ⅓.

Write c₂ in the u's, with α₂₁ + α₂₃ = 1 − w:

    c₂ − u_b = w·u_a − w·u_b + (α₂₁ + λw)·u_d + (α₂₃ + μw)·u_c,

since u_b has the coefficient α₂₁ + α₂₃ = 1 − w. Leaving out the last two squares,

    ‖c₂ − u_b‖ ≥ √2·w·β ≥ √2·β / (1 + 2e^(−¾β²)).

The bound is of order β for every β (at least √2·β/3), tends to √2·β, and is sharp at both ends: as β → ∞, and as β
→ 0, where λ = μ = −1 attains √2·β/3.

**Why.** q = k = x makes the score of a position with itself ‖x₂‖², and asking louder for x₁ or x₃ makes x₂ longer
still. Only a query of its own could free position 2 (1e.ii).

**The check** measures c₂, then searches λ and μ for the smallest distance to u_b: a grid on [−6, 6]², then ever
finer grids around the best. Nothing is lost outside: for λ ≤ 0 the error along u_d is −α₂₁ − λw ≥ (|λ| − 1)/3 with
w ≥ ⅓ and α₂₁ ≤ w, for λ > 0 it is at least λ/3, so beyond 6 it exceeds √2 by itself; the same for μ.
"""


@dataclass(frozen=True)
class Inputs:
    """The orthogonal vectors u_a, u_b, u_c, u_d of norm β, and the query matrix: none, unless the premise is broken."""

    u: Float[Tensor, "4 d"]
    Q: Float[Tensor, "d d"] | None = None


def sentence(u: Float[Tensor, "4 d"], lam: Tensor | float = 0.0, mu: Tensor | float = 0.0) -> Tensor:
    """x₁, x₂, x₃ with x₂ = u_a + λu_d + μu_c; shape (3, d), or (*batch, 3, d) for λ and μ of shape (*batch, 1)."""
    a, b, c, d = u
    x2 = a + lam * d + mu * c
    return torch.stack([(d + b).expand_as(x2), x2, (c + b).expand_as(x2)], dim=-2)


def construct(p: Settings) -> Inputs:
    """Four orthogonal vectors of norm β; broken: position 2 is given a query matrix, and so may ask for u_d."""
    u = (p.beta * orthonormal(4, p.d, generator(p))).to(precision(p))
    return Inputs(u, torch.outer(u[3], u[0]) / p.beta**2 if p.premise == "broken" else None)


def distance(inputs: Inputs, lam: Float[Tensor, " m"], mu: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
    """‖c₂ − u_b‖/β for each pair (λ, μ)."""
    c, _ = self_attention(sentence(inputs.u, lam[:, None], mu[:, None]), Q=inputs.Q)
    return (c[:, 1] - inputs.u[1]).norm(dim=1) / inputs.u[1].norm()


def closest(inputs: Inputs, reach: float = 6.0, steps: int = 21, zooms: int = 7) -> tuple[float, float, float]:
    """The smallest ‖c₂ − u_b‖/β over all λ and μ, and where: (distance, λ, μ)."""
    line = torch.linspace(-reach, reach, steps, dtype=inputs.u.dtype)
    grid = torch.cartesian_prod(line, line)
    best, least = torch.zeros_like(grid[0]), math.inf
    for zoom in range(zooms):
        tried = best + grid * 0.25**zoom
        distances = distance(inputs, tried[:, 0], tried[:, 1])
        i = int(distances.argmin())
        if float(distances[i]) < least:
            least, best = float(distances[i]), tried[i]
    return least, float(best[0]), float(best[1])


def least_distance(beta: float, moved: float = 0.0) -> float:
    """√2/(1 + 2e^(−¾β²)): what no λ and μ can get below, over β; `moved` nats of rounding narrow the gap."""
    return math.sqrt(2) / (1 + 2 * math.exp(min(2 * moved - 0.75 * beta**2, 700.0)))


def copy_error(beta: float, norm: float, moved: float = 0.0) -> float:
    """norm/(e^(β²) + 2), the gap narrowed by 2·`moved`; never more than norm/3·e^(2·moved)."""
    gap = beta**2 - 2 * moved
    return norm * math.exp(-gap) / (1 + 2 * math.exp(-gap)) if gap > 0 else norm / 3 * math.exp(min(-gap, 700.0))


def measure(inputs: Inputs, p: Settings) -> Measurement:
    """c₂ against u_a, and the closest that c₂ comes to u_b."""
    u, dtype = inputs.u, inputs.u.dtype
    _, weights = self_attention(x := sentence(u), Q=inputs.Q)
    missed = float((weights[1] @ (x - u[0])).double().norm()) / p.beta  # Σ α₂ⱼ(xⱼ − u_a) = c₂ − u_a, without cancelling
    nearest, lam, mu = closest(inputs)
    moved = score_error(dtype, p.d, math.sqrt(2) * p.beta**2)
    closed, proven = copy_error(p.beta, math.sqrt(10)), least_distance(p.beta)
    rounding = 16 * epsilon(dtype) * math.sqrt(p.d)
    size = math.sqrt(1 + lam**2 + mu**2)
    moved_there = score_error(dtype, p.d, size * max(size, math.sqrt(2)) * p.beta**2)
    log_closed = math.log(10) / 2 - p.beta**2 - math.log1p(2 * math.exp(-(p.beta**2)))
    narrowed = copy_error(p.beta, math.sqrt(10), moved) - closed + rounding * closed
    below, lowered = max(0.0, proven - nearest), proven - least_distance(p.beta, moved_there) + rounding
    return Measurement(
        (
            Part("distance of c₂ from u_a, over β", missed, closed, narrowed),
            Part("how far c₂ gets below the proven distance to u_b, over β", below, 0.0, lowered),
        ),
        {
            "error, closed form": orders_of_ten(log_closed),
            "closest that c₂ comes to u_b, over β": nearest,
            "at λ (multiple of u_d)": lam,
            "at μ (multiple of u_c)": mu,
            "proven: not closer than": proven,
        },
    )


def draw(slide: Slide, p: Settings) -> None:
    """Left: the distance to u_b over all λ, μ. Right: its minimum and the bound, against β."""
    left, right = slide.panels(2)
    inputs = construct(vary(p, beta=1.0, premise="kept"))
    line = torch.linspace(-3, 3, 121, dtype=inputs.u.dtype)
    grid = torch.cartesian_prod(line, line)
    height = distance(inputs, grid[:, 0], grid[:, 1]).reshape(121, 121).T.numpy()
    levels = [0.8, 0.9, 1.0, 1.25, 1.5, 2, 2.5, 3, 3.5]
    ticks = line.numpy()
    shades = [slide.shade(0.055 * band) for band in range(len(levels) + 1)]
    left.contourf(ticks, ticks, height, levels=[0.6, *levels, 5], colors=shades)
    lines = left.contour(ticks, ticks, height, levels=levels, colors=slide.theme.ink, linewidths=0.9)
    left.clabel(lines, fontsize=9)
    nearest, lam, mu = closest(inputs)
    slide.dots(left, [lam], [mu], 1, markersize=9)
    box = {"fc": slide.theme.paper, "lw": 0}
    slide.note(left, lam, mu - 2.35, f"closest to u_b: {nearest:.2f}·β", ha="center", bbox=box)
    left.plot([lam, lam], [mu - 0.1, mu - 2.0], color=slide.theme.ink, linewidth=0.9)
    left.set(xlabel="λ, the multiple of u_d added to x₂", ylabel="μ, the multiple of u_c added to x₂", aspect="equal")
    left.set_title("distance of c₂ from u_b, over β (β = 1)", color=slide.theme.ink, fontsize=12)
    betas = [0.05 * i for i in range(1, 61)]
    slide.curve(right, betas, [least_distance(b) for b in betas], 0, "proven: √2 / (1+2e^(−¾β²))")
    some = betas[3::4]
    slide.dots(right, some, [closest(construct(vary(p, beta=b, premise="kept")))[0] for b in some], 1, "closest to u_b")
    slide.curve(right, betas, [copy_error(b, math.sqrt(10)) for b in betas], 2, "distance of c₂ from u_a")
    right.set(xlabel="norm β of the u's", ylabel="distance, over β", ylim=(0, 1.75), xlim=(0, 3))
    slide.legend(right, "upper right")


OWN_QUERY = Claim(
    id="1e.i",
    title="Without matrices a position can ask only for itself",
    statement="With v = k = q = x and x₁ = u_d+u_b, x₂ = u_a, x₃ = u_c+u_b: ‖c₂−u_a‖ = √10·β/(e^(β²)+2), and no "
    "multiples of u_d and u_c added to x₂ bring c₂ nearer to u_b than √2·β/(1+2e^(−¾β²)).",
    derivation=DERIVATION,
    parameters=(BETA, replace(D, low=4, meaning="dimension of the vectors; at least 4"), *EVERY),
    construct=construct,
    measure=measure,
    premise="Position 2 gets a query matrix, Q = u_d·u_aᵀ/β²: it may ask for something other than itself.",
    float32="The scores grow like β² and so do their rounding errors, 10⁻⁷ times as fast: the gap of ¾β² always "
    "wins, and both halves of the claim stand in float32 for every allowed β. From β ≈ 4 on, c₂ equals u_a to the "
    "last bit, and from β ≈ 10 the rivals' weights turn to 0 (in float64 from β ≈ 27); the closed form is then shown "
    "as a power of ten.",
    try_next=(
        ("1e.i --set beta=1", "a short u: c₂ is a mixture, but still far from u_b"),
        ("1e.i --set beta=30", "an error of 10^-390, and no overflow"),
        ("1e.i --set premise=broken", "a query matrix: c₂ comes nearer than the proof allows"),
        ("1e.ii", "what key, query and value matrices can do"),
    ),
    draw=draw,
)
