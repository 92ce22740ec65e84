"""Sets of tensors, compared."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def same_tensors(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    """Whether two sets of tensors agree bit for bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
