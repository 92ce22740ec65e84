"""Let a file that asks for a GPU by itself run on the CPU, and take a note of it."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

FOREIGN = ("cuda", "mps", "xpu")
TENSORS = {"FloatTensor": torch.float32, "HalfTensor": torch.float16, "LongTensor": torch.int64}


class OnCPU(TorchFunctionMode):
    """Every device that a call names becomes the CPU. `lines` are those of `file` that named another one."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file, self.lines, self.patched = file, set[int](), contextlib.ExitStack()

    def __enter__(self) -> OnCPU:
        """What asks for a GPU without a tensor is replaced: it would fail before any device is named."""
        instead: dict[str, Callable[..., Any]] = {
            "current_device": lambda: "cuda",
            "device": lambda *_: contextlib.nullcontext(),
            "set_device": lambda *_: None,
            "empty_cache": lambda: None,
            "synchronize": lambda *_: None,
            **{name: lambda *size, dtype=dtype: self._made(size, dtype) for name, dtype in TENSORS.items()},
        }
        for name, stand_in in instead.items():
            self.patched.enter_context(mock.patch.object(torch.cuda, name, self._noting(stand_in)))
        self.patched.enter_context(mock.patch.object(torch, "set_default_device", self._noting(lambda *_: None)))
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.patched.close()

    def _noting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._note()
            return function(*args, **kwargs)

        return call

    @staticmethod
    def _made(size: tuple[Any, ...], dtype: torch.dtype) -> Tensor:
        """What torch.cuda.FloatTensor(…) and its like give: of a size, or of numbers."""
        given = size[0] if len(size) == 1 and not isinstance(size[0], int) else None
        return torch.empty(size, dtype=dtype) if given is None else torch.tensor(given, dtype=dtype)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is Tensor.cuda:
            self._note()
            return args[0]
        if func is Tensor.to and len(args) > 1 and type(args[1]) is int:  # a GPU by its number
            args = (args[0], "cuda", *args[2:])
        if type(kwargs.get("device")) is int:
            kwargs["device"] = "cuda"
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
