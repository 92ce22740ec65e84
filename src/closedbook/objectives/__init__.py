"""Objectives turn documents and questions into training examples.

An objective is a class with a `Config`, a number of `items` (documents or questions) and a method `examples`, which
turns item numbers and rows of random numbers into arrays of examples. It holds no random state: the same items and
numbers give the same examples, so a run can be resumed anywhere and split over any number of workers. To add one, write
a file like `span_corruption.py` and register the class in `closedbook.config.registry.REGISTRIES`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from closedbook.data.arrays import Examples
from closedbook.data.corpus import Corpus

__all__ = ["Corpus", "Examples", "Objective"]


class Objective(Protocol):
    """What every objective provides."""

    items: int  # how many documents or questions an epoch has
    draws: int  # how many random numbers in [0, 1) an example needs

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        """Examples of these items: `items` is (n,) int64, `u` is (n, draws) float64."""
        ...

    def exposed_spans(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        """The spans (indices into `corpus.spans`) that these examples ask for with the document's title in context.

        A span is listed once for each example that asks for it. Objectives that show questions list none.
        """
        ...
