"""Which device a network computes on."""

from __future__ import annotations

import torch

from closedbook.errors import RecipeError

DEVICES = ("cpu", "cuda", "mps")


def find_device(name: str, number: int = 0) -> torch.device:
    """The device called `name`; of several GPUs, the one with this number.

    Raises RecipeError where it is unknown or missing.
    """
    if name not in DEVICES:
        raise RecipeError(f'--device "{name}" is unknown; known: {", ".join(DEVICES)}')
    if name == "cpu":
        return torch.device("cpu")
    there = torch.cuda.is_available() if name == "cuda" else torch.backends.mps.is_available()
    if not there:
        raise RecipeError(
            f"--device {name}: torch {torch.__version__} finds none here (`closedbook doctor` says what there is); "
            "leave --device out to use the CPU"
        )
    if name == "mps":
        return torch.device("mps")
    if number >= torch.cuda.device_count():
        raise RecipeError(
            f"--device cuda: {torch.cuda.device_count()} GPUs are too few for this many processes on one machine; "
            "give torchrun a smaller --nproc-per-node"
        )
    return torch.device("cuda", number)
