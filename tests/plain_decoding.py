"""Decoding in its plain meaning, to hold `closedbook.model.generate` to."""

from __future__ import annotations

import numpy as np
import torch

from closedbook.data.vocabulary import MASK
from closedbook.model.network import Network


@torch.inference_mode()
def greedy_uncached(model: Network, prompt: np.ndarray, length: int) -> list[int]:
    """One prompt, the whole text through the network for every token: the plain meaning of `greedy`."""
    model.eval()
    ids = [int(i) for i in prompt]
    while len(ids) < min(model.longest, len(prompt) + length):
        scores = model.logits(torch.tensor([ids]).to(model.device))[0, -1]
        if model.never_empty and len(ids) == len(prompt):
            scores[MASK] = -torch.inf
        token = int(scores.argmax())
        if token == MASK:
            break
        ids.append(token)
    return ids[len(prompt) :]
