"""1e.ii: with key, query and value matrices a position can ask for another, and pass on a part of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from closedbook.attention.bounds import epsilon, orders_of_ten, score_error
from closedbook.attention.claim import Claim, Measurement, Part, Settings, vary
from closedbook.attention.claim_figures import Slide
from closedbook.attention.claims.own_query import copy_error, sentence
from closedbook.attention.heads import self_attention
from closedbook.attention.keys import generator, orthonormal, precision
from closedbook.attention.parameters import BETA, EVERY, D
from closedbook.typing import Float

DERIVATION = """\
The inputs are those of 1e.i, x₁ = u_d + u_b, x₂ = u_a, x₃ = u_c + u_b, with orthogonal u of norm β. We want c₂ ≈
u_b and c₁ ≈ u_b − u_c. Since u·uᵀ/β² picks out the component along u (u·uᵀu/β² = u), matrices can be written down
as wishes:

    V = (u_b·u_bᵀ − u_c·u_cᵀ)/β²     "pass on u_b, and u_c with its sign turned"
    K = I                            "be found by all that you contain"
    Q = (u_d·u_aᵀ + u_c·u_dᵀ)/β²     "where I contain u_a, ask for u_d; where I contain u_d, ask for u_c"

**Values.** v₁ = V(u_d + u_b) = u_b,   v₂ = V·u_a = 0,   v₃ = V(u_c + u_b) = u_b − u_c.

**Position 2** asks q₂ = Q·u_a = u_d. The scores of x₁, x₂, x₃ are β², 0, 0, so with Z = e^(β²) + 2

    c₂ = (e^(β²)·u_b + 0 + u_b − u_c)/Z,   c₂ − u_b = −(u_b + u_c)/Z,   ‖c₂ − u_b‖ = √2·β/Z.

**Position 1** asks q₁ = Q(u_d + u_b) = u_c. The scores are 0, 0, β², so

    c₁ = (u_b + 0 + e^(β²)(u_b − u_c))/Z,   c₁ − (u_b − u_c) = (−u_b + 2u_c)/Z,   ‖…‖ = √5·β/Z.

**Are they the only ones?** No. Only the product KᵀQ matters, so any invertible M gives the same head with MK and
M⁻ᵀQ. And V can undo a blunt look-up: c₂ and c₁ are mixtures of v₁, v₂, v₃, and whenever the two rows of weights are
linearly independent, some V makes both mixtures exactly right: an error of 0, which the hand-built matrices never
reach. What the hand-built ones have is that they work for other contents too. An experiment in the documentation
trains matrices from random starts, first on these three inputs, then on inputs whose contents s₁u_b and s₃u_b vary,
and looks at both.
"""


@dataclass(frozen=True)
class Layer:
    """The u's in the order a, b, c, d, each of norm β, and the matrices."""

    u: Float[Tensor, "4 d"]
    K: Float[Tensor, "*starts d d"]
    Q: Float[Tensor, "*starts d d"]
    V: Float[Tensor, "*starts d d"]


def hand_built(u: Float[Tensor, "4 d"], beta: float) -> Layer:
    """The matrices of the statement."""
    a, b, c, d = u / beta
    V = torch.outer(b, b) - torch.outer(c, c)
    return Layer(u, torch.eye(len(a), dtype=u.dtype), torch.outer(d, a) + torch.outer(c, d), V)


def construct(p: Settings) -> Layer:
    """The hand-built layer in a random orientation; broken: V lacks its second term."""
    u = p.beta * orthonormal(4, p.d, generator(p))
    layer = hand_built(u, p.beta)
    V = torch.outer(u[1], u[1]) / p.beta**2 if p.premise == "broken" else layer.V
    dtype = precision(p)
    return Layer(u.to(dtype), layer.K.to(dtype), layer.Q.to(dtype), V.to(dtype))


def measure(layer: Layer, p: Settings) -> Measurement:
    """The distances of c₂ from u_b and of c₁ from u_b − u_c, over β."""
    u, dtype = layer.u, layer.u.dtype
    x = sentence(u)
    _, weights = self_attention(x, layer.K, layer.Q, layer.V)
    values = x @ layer.V.mT
    wanted = ((1, u[1]), (0, u[1] - u[2]))
    errors = [float((weights[i] @ (values - target)).double().norm()) / p.beta for i, target in wanted]
    moved = score_error(dtype, p.d, 2 * math.sqrt(2) * p.beta**2)
    rounding = 16 * epsilon(dtype) * math.sqrt(p.d)
    parts = []
    for name, error, norm in zip(("c₂ from u_b", "c₁ from u_b−u_c"), errors, (2**0.5, 5**0.5), strict=True):
        closed = copy_error(p.beta, norm)
        allowance = copy_error(p.beta, norm, moved) - closed + rounding
        parts.append(Part(f"distance of {name}, over β", error, closed, allowance))
    log_z = p.beta**2 + math.log1p(2 * math.exp(-(p.beta**2)))
    return Measurement(
        tuple(parts),
        {
            "c₂, closed form": orders_of_ten(math.log(2) / 2 - log_z),
            "c₁, closed form": orders_of_ten(math.log(5) / 2 - log_z),
            "α₂₁": float(weights[1, 0]),
            "α₁₃": float(weights[0, 2]),
        },
    )


def draw(slide: Slide, p: Settings) -> None:
    """Left: who attends to whom, without and with the matrices. Right: the errors against β."""
    left, middle, right = slide.panels(3, widths=(1.0, 1.0, 1.7))
    layer = construct(vary(p, premise="kept"))
    x = sentence(layer.u)
    for ax, matrices, title in ((left, (), "no matrices (1e.i)"), (middle, (layer.K, layer.Q, layer.V), "K, Q and V")):
        weights = self_attention(x, *matrices)[1]
        for i, row in enumerate(weights.tolist()):
            for j, weight in enumerate(row):
                ax.fill_between([j - 0.5, j + 0.5], i - 0.5, i + 0.5, color=slide.shade(0.8 * weight), linewidth=0)
                legible = slide.theme.paper if weight > 0.5 else slide.theme.ink
                slide.note(ax, j, i, f"{weight:.2f}", ha="center", va="center", color=legible)
        ax.set(xlim=(-0.5, 2.5), ylim=(2.5, -0.5), aspect="equal")
        ax.grid(False)
        ax.set(xticks=range(3), yticks=range(3), xticklabels=["x₁", "x₂", "x₃"], yticklabels=["c₁", "c₂", "c₃"])
        ax.set_title(title, color=slide.theme.ink, fontsize=13)
    betas = [0.1 * i for i in range(1, 46)]
    for tone, (name, norm) in enumerate(
        (("c₂ from u_b:  √2 / (e^(β²)+2)", 2**0.5), ("c₁ from u_b−u_c:  √5 / (…)", 5**0.5))
    ):
        slide.curve(right, betas, [copy_error(b, norm) for b in betas], tone, name)
        some = betas[4::5]
        runs = [measure(construct(q), q).parts[tone] for q in (vary(p, beta=b, premise="kept") for b in some)]
        slide.dots(right, some, [run.figure for run in runs], tone, "measured" if tone else None)
    slide.level(right, p.tolerance, "tolerance")
    right.set(yscale="log", xlabel="norm β of the u's", ylabel="distance, over β", ylim=(1e-9, 3), xlim=(0, 4.5))
    slide.legend(right, "lower left")


MATRICES = Claim(
    id="1e.ii",
    title="With K, Q and V a position can ask for another",
    statement="Key, query and value matrices can: V = (u_b·u_bᵀ−u_c·u_cᵀ)/β², K = I, Q = (u_d·u_aᵀ+u_c·u_dᵀ)/β² give "
    "‖c₂−u_b‖ = √2·β/(e^(β²)+2) and ‖c₁−(u_b−u_c)‖ = √5·β/(e^(β²)+2).",
    derivation=DERIVATION,
    parameters=(BETA, replace(D, low=4, meaning="dimension of the vectors; at least 4"), *EVERY),
    construct=construct,
    measure=measure,
    premise="V lacks its second term, −u_c·u_cᵀ/β²: nothing turns the sign of u_c.",
    float32="The value matrix returns u_b only up to rounding, a relative 10⁻⁷: from β ≈ 4 on that, and no longer "
    "e^(−β²), is the error of c. The claim's bound contains it, so the claim stands in float32 at every allowed β.",
    try_next=(
        ("1e.ii --set beta=2", "the error is e^(−β²): 0.04 at β = 2, 0.0003 at β = 3"),
        ("1e.ii --set beta=4 --set dtype=float32", "rounding takes over from the closed form"),
        ("1e.ii --set premise=broken", "half of V: c₂ is right, c₁ is not"),
        ("1e.i", "the same inputs without matrices"),
    ),
    draw=draw,
    studies=("matrices",),
)
