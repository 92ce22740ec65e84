"""Objectives: how a document or a question becomes a training example.

An objective is a class with a `Config`, a number of `items` (documents or questions) and one method, `examples`,
which turns item numbers and rows of random numbers into examples, in arrays. It holds no random state: the same
items and numbers give the same examples, so a run can be resumed anywhere and split over any number of workers.
To add one, write a file like `span.py` and register it in `closedbook.config.registry.REGISTRIES`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from closedbook.data.arrays import Examples, Ragged
from closedbook.data.corpus import Corpus

__all__ = ["Corpus", "Examples", "Objective", "Ragged"]


class Objective(Protocol):
    """What every objective offers."""

    items: int  # how many documents or questions one epoch goes through
    draws: int  # how many random numbers in [0, 1) one example takes

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        """Examples of these items: `items` is (n,) int64, `u` is (n, draws) float64."""
        ...

    def exposed_spans(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        """The spans (numbers of `corpus.spans`) that these examples ask for with the document's title in context.

        A span asked for by several examples is listed as often. Objectives that show questions list none.
        """
        ...
