"""Weights and training state as safetensors files, written atomically, with a checksum that is held to when read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from closedbook.data.files import check_kind
from closedbook.errors import RunError
from closedbook.runs.store import write_atomically
from closedbook.validation import convert, parse_json


def save_tensors(
    path: Path, tensors: Mapping[str, Tensor], record: Mapping[str, Any], keep: Path | None = None
) -> None:
    """Write tensors, a JSON record and the checksum of both in one file. `keep` is where the file before it goes."""
    write_atomically(path, tensors_to_bytes(tensors, record), keep)


def tensors_to_bytes(tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> bytes:
    """The content of such a file."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    sealed = {"record": dict(record), "sha256": checksum(plain, record)}
    return save(plain, metadata={"closedbook": json.dumps(sealed)})


def checksum(tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> str:
    """SHA-256 of the record and of every tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def load_tensors(path: Path, checked: bool = False) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The inverse of `save_tensors`. Raises RunError where the file is missing, cut short or altered.

    `checked`: the whole file has been held to its hash just now, and need not be held to its own checksum.
    """
    if not path.exists():
        raise RunError(f"{path.parent} has no {path.name}", "the run was not finished, or the file was removed")
    try:
        check_kind(path)
        with safe_open(path, framework="pt") as file:
            sealed = parse_json((file.metadata() or {})["closedbook"])
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        record = convert(dict[str, Any], sealed["record"], "its record", RunError)
        if not checked and checksum(tensors, record) != sealed["sha256"]:
            raise ValueError("its content is not what was saved")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RunError) as error:
        reason = getattr(error, "strerror", None) or error
        reason = "it has no checksum" if isinstance(error, (KeyError, TypeError)) else reason
        raise RunError(f"{path} is damaged ({reason})", "bring it back from a copy, or train anew") from None
    return tensors, record


def read_record(path: Path) -> Any:
    """The JSON record alone, unchecked. Raises RunError where it cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return parse_json((file.metadata() or {})["closedbook"])["record"]
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged ({error})") from None


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put weights into a model. Raises RunError where names or shapes differ."""
    try:
        model.load_state_dict(dict(tensors))
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise RunError(f"{path} does not fit the run's recipe ({reason})") from None


def split_names(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names start with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
