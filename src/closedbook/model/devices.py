"""Which device a network computes on, or is only laid out on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

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


class _WithoutNumbers(TorchFunctionMode):
    """Leaves out the drawing of weights. On torch's device without memory it would load a compiler, for 1.4 s."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, arguments: Any = (), named: dict[str, Any] | None = None
    ) -> Any:
        named = named or {}
        if getattr(function, "__module__", "") == "torch.nn.init" or function.__name__ in ("normal_", "uniform_"):
            return (*arguments, *named.values())[0]
        return function(*arguments, **named)


@contextlib.contextmanager
def shapes_only() -> Iterator[None]:
    """Networks that are built meanwhile have shapes and no numbers, and so take no memory."""
    with torch.device("meta"), _WithoutNumbers():
        yield
