"""What a pretrained base's files are held to before transformers opens them: a folder may be a stranger's."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from closedbook.data.files import check_kind, read_file
from closedbook.environment import most_read, raise_it
from closedbook.errors import ClosedbookError, RecipeError
from closedbook.validation import check_values, parse_json

TEXTS = (".json", ".txt", ".model", ".jinja")  # what transformers reads as a whole
MOST_LAYERS = 1024
MOST_WIDTH = 131_072
MOST_EXPERTS = 65_536  # of all layers together
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
WEIGHTS_IN_A_BYTE = 8  # at the most, of those that a network has and a file stores


def check_files(place: Path) -> None:
    """Raise RecipeError where a base is not made of files, of weights without code, that stand in its own folder."""
    try:
        if place.is_file():
            check_kind(place)
            return
        for path in sorted(place.iterdir()):
            if path.suffix == ".safetensors":
                check_kind(path)
            elif path.suffix in TEXTS and check_kind(path).st_size > most_read():
                raise OSError(errno.EFBIG, f"it holds more than {most_read() / 1e6:,.0f} MB; {raise_it()}")
            if path.suffix == ".json":
                check_values(read_file(path).decode("latin-1"))  # in which no byte is wrong
        config = read_object(place / "config.json")
        index = place / "model.safetensors.index.json"
        parts = read_object(index).get("weight_map") if os.path.lexists(index) else None
    except OSError as error:
        raise RecipeError(f"{error.filename or path} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise RecipeError(f"{path} cannot be read ({error})") from None
    if os.path.lexists(place / "adapter_config.json"):
        raise RecipeError(f"{place} holds an adapter of another model; merge it into that one, and name the result")
    if not any(place.glob("*.safetensors")):
        pickled = " (a .bin file is a pickle, which is not read)" if any(place.glob("*.bin")) else ""
        raise RecipeError(f"{place} holds no weights as *.safetensors{pickled}; save them so with save_pretrained")
    if os.path.lexists(index):
        names = list(parts.values()) if isinstance(parts, dict) else [None]
        there = {path.name for path in place.glob("*.safetensors")}
        if strange := [name for name in names if not isinstance(name, str) or name not in there]:
            raise RecipeError(f"{index} names {strange[0]!r}, which is no *.safetensors in the folder; bring it back")
    if kernel := _kernel(config):
        raise RecipeError(f"{place} asks for code from the hub ({kernel!r:.80}), which is never executed")


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object in a base's folder. Raises OSError where it cannot be read, and RecipeError where it is none."""
    try:
        content = parse_json(read_file(path))
    except ValueError as error:
        raise RecipeError(f"{path} is damaged ({error}); bring it back") from None
    if not isinstance(content, dict):
        raise RecipeError(f"{path} is damaged (not an object); bring it back")
    return content


def _kernel(config: Any) -> str | None:
    """A place on the hub that a configuration, or one within it, names as an implementation: code to be fetched."""
    for key, value in config.items():
        if "implementation" in key:
            names = list(value.values()) if isinstance(value, dict) else [value]
            if kernel := next((name for name in names if isinstance(name, str) and not name.isidentifier()), None):
                return kernel
        elif isinstance(value, dict) and (kernel := _kernel(value)):
            return kernel
    return None


def check_measures(place: Path, config: Any) -> None:
    """Raise RecipeError where a configuration's measures are no measures: before a network is made of them."""
    limits = {"num_hidden_layers": MOST_LAYERS, "num_attention_heads": MOST_WIDTH, "hidden_size": MOST_WIDTH}
    for name, most in limits.items():
        value = getattr(config, name, None)
        if type(value) is not int or not 1 <= value <= most:
            raise RecipeError(f"{place}: {name} = {value!r:.40} in its configuration must be from 1 to {most:,}")
    experts = [value for name in EXPERTS if type(value := getattr(config, name, None)) is int]
    if config.num_hidden_layers * max(experts, default=0) > MOST_EXPERTS:
        raise RecipeError(f"{place}: {max(experts):,} experts in each layer of its configuration are too many")
    length = getattr(config, "max_position_embeddings", None)
    if length is not None and (type(length) is not int or length < 1):
        raise RecipeError(f"{place}: max_position_embeddings = {length!r:.40} in its configuration must be positive")


def check_size(place: Path, numbers: int) -> None:
    """Raise RecipeError where a base's files cannot hold as many weights as its configuration says."""
    files = [place] if place.is_file() else list(place.glob("*.safetensors"))
    size = sum(path.stat().st_size for path in files)
    if numbers > WEIGHTS_IN_A_BYTE * size:
        raise RecipeError(
            f"{place}: {numbers:,} weights in its configuration, {size:,} bytes of them here; bring the others"
        )


@contextlib.contextmanager
def in_a_line(what: str) -> Iterator[None]:
    """Raise what transformers raises as a RecipeError of one line, `what` and the reason.

    Its readers, and those of safetensors, tokenizers and gguf that it calls, raise whatever a wrong value leads to.
    """
    try:
        yield
    except ClosedbookError:
        raise
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])[:160] or type(error).__name__
        if isinstance(error, KeyError):
            reason = f"it knows no {reason}"
        if "trust_remote_code" in str(error):
            reason = "it brings code of its own, which is never executed"
        raise RecipeError(f"{what} ({reason})") from None
