"""Let a file that asks for a GPU by itself run on the CPU, and take a note of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

FOREIGN = ("cuda", "mps", "xpu")


class OnCPU(TorchFunctionMode):
    """Every device that a call names becomes the CPU. `lines` are those of `file` that named another one."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file, self.lines = file, set[int]()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is Tensor.cuda:
            self._note()
            return args[0]
        if any(map(foreign, (*args[1:], *kwargs.values()))):
            self._note()
            args = (*args[:1], *(cpu(value) for value in args[1:]))
            kwargs = {name: cpu(value) for name, value in kwargs.items()}
        return func(*args, **kwargs)

    def _note(self) -> None:
        lines = [frame.lineno for frame in traceback.extract_stack() if Path(frame.filename) == self.file]
        if lines and lines[-1] is not None:
            self.lines.add(lines[-1])


def foreign(value: Any) -> bool:
    """Whether a value names a device that is not the CPU."""
    return isinstance(value, str | torch.device) and str(value).partition(":")[0] in FOREIGN


def cpu(value: Any) -> Any:
    return torch.device("cpu") if foreign(value) else value
