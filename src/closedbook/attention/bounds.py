"""The closed forms that several claims share, and the allowances for rounding and for a finite sample.

All work with logarithms of shares, so that large arguments neither overflow nor become 0 too early.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import torch
from torch import Tensor

from closedbook.typing import Float

NORMAL = NormalDist()


def log_leak(gap: float, rivals: int, targets: int = 1) -> float:
    """Natural log of the weight that misses `targets` keys scoring `gap` above `rivals` others.

    rivals / (rivals + targets·e^gap), in logs: log of a share, in nats. −∞ where there are no rivals. Source: 1a, 1b.
    """
    if rivals == 0:
        return -math.inf
    odds = math.log(rivals) - math.log(targets) - gap
    return -(max(-odds, 0.0) + math.log1p(math.exp(-abs(odds))))


def leak(gap: float, rivals: int, targets: int = 1) -> float:
    """The weight itself; 0.0 where it is too small for a float64, for which `log_leak` still has a number."""
    return math.exp(log_leak(gap, rivals, targets))


def epsilon(dtype: torch.dtype) -> float:
    """The spacing of numbers next to 1 in this precision."""
    return float(torch.finfo(dtype).eps)


def score_error(dtype: torch.dtype, d: int, size: float) -> float:
    """How far rounding may move a score k·q, in nats, where ‖k‖‖q‖ ≤ size.

    4ε√d·size: the errors of d products behave like a random walk (Higham and Mary 2019), not like their sum.
    """
    return 4 * epsilon(dtype) * math.sqrt(d) * size


def two_sided(confidence: float, events: int) -> float:
    """z such that `events` standard normals all lie in ±z with at least this confidence (union bound)."""
    return -NORMAL.inv_cdf((1 - confidence) / (2 * events))


def hoeffding(samples: int, confidence: float) -> float:
    """How far a measured share may lie from its probability, at this confidence. Hoeffding 1963.

    And how far a measured distribution function may lie from its law, at its worst point: Dvoretzky, Kiefer and
    Wolfowitz, with Massart's constant (1990). Exact for every number of samples.
    """
    return math.sqrt(math.log(2 / (1 - confidence)) / (2 * samples))


def ks_distance(sample: Float[Tensor, " draws"], deviation: float) -> float:
    """The Kolmogorov–Smirnov distance between a sample and N(0, deviation²)."""
    law = torch.special.ndtr(sample.double().sort().values / deviation)
    steps = torch.arange(len(law) + 1, dtype=torch.float64) / len(law)
    return float(torch.maximum(steps[1:] - law, law - steps[:-1]).max())


def ks_p_value(distance: float, samples: int) -> float:
    """The chance of a larger Kolmogorov–Smirnov distance under the law itself (Kolmogorov's limit, Stephens' n)."""
    x = distance * (math.sqrt(samples) + 0.12 + 0.11 / math.sqrt(samples))
    if x < 0.2:  # the series needs many terms there, and the p-value is 1 to twelve digits
        return 1.0
    series = sum((-1) ** (k - 1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * series))


def orders_of_ten(log_value: float) -> str:
    """A natural logarithm as a power of ten, for values that a float cannot hold: '10^-434.3'."""
    return "0" if log_value == -math.inf else f"10^{log_value / math.log(10):.1f}"
