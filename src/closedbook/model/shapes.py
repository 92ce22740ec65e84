"""The shapes that the whole network has in common, by names for its signatures."""

from __future__ import annotations

from torch import Tensor

from closedbook.typing import Float, Int

Tokens = Int[Tensor, "batch time"]
Targets = Int[Tensor, " target"]  # flat positions in (batch · time) that are asked for something
Hidden = Float[Tensor, "batch time width"]  # the residual stream
Packed = Float[Tensor, "token width"]  # the same of rows laid end to end (closedbook.model.packing)
Heads = Float[Tensor, "batch head time d"]
Scores = Float[Tensor, "batch head query key"]
