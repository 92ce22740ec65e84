"""Groups answers by a count, with the same bins for `evaluate --json`, the report and the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from closedbook.evaluation.score import tally

Bins = tuple[tuple[int, int | None], ...]
"""The lowest and highest count of each bin, in order; None if it has no upper end."""

EXPOSURES: Bins = ((0, 0), (1, 9), (10, 29), (30, 99), (100, 299), (300, None))
"""How many training examples asked for the answer with the name in context."""
FREQUENCIES: Bins = ((0, 0), (1, 1), (2, 4), (5, 19), (20, None))
"""How many training questions have the answer."""
NAME_LENGTHS: Bins = ((1, 1), (2, 2), (3, 3), (4, None))
"""How many words the name has."""


def binned(right: Sequence[bool], counts: Sequence[int], bins: Bins) -> dict[str, dict[str, Any]]:
    """The score of the answers in each bin, in order; bins without answers are left out."""
    scores = {}
    for low, high in bins:
        most = math.inf if high is None else high
        in_bin = [bool(r) for r, count in zip(right, counts, strict=True) if low <= count <= most]
        name = f"{low}" if low == high else f"{low}+" if high is None else f"{low}–{high}"
        if in_bin:
            scores[name] = tally(in_bin).to_json()
    return scores
