"""A device that is pretended: it computes on the CPU, calls itself "meta", and refuses what was not moved to it.

For code that should run on a GPU, on machines without one. As on a GPU, a tensor of the CPU's meets one of the
device's in no operation, unless it is a single number, and numpy reads the CPU's only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("meta")
MOVES = {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default, torch.ops.aten._local_scalar_dense.default}


class Elsewhere(torch.Tensor):
    """A tensor of the pretended device; `inner` is where its numbers are."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Elsewhere:
        wrapper = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            layout=inner.layout, device=DEVICE, requires_grad=False,
        ) if not inner.is_sparse else torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), dtype=inner.dtype, device=DEVICE, requires_grad=False,
        )  # fmt: skip
        wrapper.inner = inner
        return wrapper

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch.inference_mode(False), torch.no_grad():
            return compute(func, args, kwargs or {})

    def tolist(self) -> Any:
        return self.inner.tolist()

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Elsewhere({self.inner!r})"


class Pretend(TorchDispatchMode):
    """Sends what is made or moved there to the pretended device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch.inference_mode(False), torch.no_grad():
            return compute(func, args, kwargs or {})


def compute(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, torch.Tensor)]
    there = any(isinstance(x, Elsewhere) for x in tensors)
    if there and func not in MOVES:
        for x in tensors:
            if not isinstance(x, Elsewhere) and x.dim():
                raise RuntimeError(f"{func}: a tensor {tuple(x.shape)} of the CPU met one of the device")
    device = kwargs.get("device")
    if device is not None:
        there = torch.device(device).type == DEVICE.type
        kwargs = {**kwargs, "device": torch.device("cpu")}
    if func is torch.ops.aten.copy_.default:
        there = isinstance(args[0], Elsewhere)
    if func is torch.ops.aten._conj.default:  # lazily, on a flag that would be lost
        func = torch.ops.aten.conj_physical.default
    plain_args, plain_kwargs = tree_map(lambda x: x.inner if isinstance(x, Elsewhere) else x, (args, kwargs))
    out = func(*plain_args, **plain_kwargs)
    if not there:
        return out
    wrapped = tree_map(_wrap, out)
    if func._schema.is_mutable:  # in place: what was given is given back
        return return_and_correct_aliasing(func, args, kwargs, wrapped)
    return wrapped


def _wrap(x: Any) -> Any:
    # Autograd keeps a sparse gradient's values to itself by copying them; that ours are sparse it does not see.
    return Elsewhere(x.clone() if x.is_sparse else x) if isinstance(x, torch.Tensor) else x
