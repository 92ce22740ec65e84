"""Reading recipes: built in by name, from files, with `key=value` overrides; and writing them as TOML.

A recipe may say `base = "fast"` and list only what differs. The sections `data`, `vocabulary`, `model`, `model.memory`,
`pretrained` and `answer` are taken over key by key, every other value as a whole. Where it lists stages, these are all
it has, and each takes over what it does not say from the base's stage of the same name.
"""

from __future__ import annotations

import copy
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from closedbook.config.schema import Recipe
from closedbook.data.files import read_file
from closedbook.errors import RecipeError
from closedbook.validation import LONGEST_KEY, convert, item_name, nearest, parse_toml

LARGEST_FILE = 2**20  # bytes
MOST_BASES = 8
HASHED = ("rows", "orders", "names_only")  # of model.memory, while it was a hashed table
RENAMED = {
    ("model", "block"): "context_length",
    ("model", "products"): "matmul_dtype",
    ("data", "kept_out"): "held_out",
    ("objectives", "writes"): "update_embeddings",
}


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """A built-in recipe by name, or a recipe file by path, with `key=value` overrides applied.

    Raises RecipeError for an unknown name, a damaged file, an unknown key (naming the nearest) or a bad value.
    """
    data = _read(name_or_path)
    for override in overrides:
        apply_override(data, override)
    _refuse_old_names(data)
    recipe: Recipe = convert(Recipe, data, "")
    return recipe


def _read(name_or_path: str | Path, depth: int = 0) -> dict[str, Any]:
    """The tables of a recipe, with what it takes over from its base."""
    path = Path(name_or_path)
    builtin = recipe_folder() / f"{name_or_path}.toml"
    if path.suffix == ".toml" or (os.path.exists(path) and not os.path.isdir(path)):
        source = path
    elif os.path.isfile(builtin):
        source = builtin
    else:
        name = str(name_or_path)[:LONGEST_KEY]
        raise RecipeError(f'no recipe is called "{name}"; {nearest(name, recipe_names())}')
    try:
        if os.path.isfile(source) and source.stat().st_size > LARGEST_FILE:
            raise RecipeError(f"{source} is too large for a recipe; at most {LARGEST_FILE:,} bytes")
        data = parse_toml(read_file(source).decode("utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{source}: no such recipe file; built in: {', '.join(recipe_names())}") from None
    except OSError as error:
        raise RecipeError(f"{source} cannot be read ({error.strerror}); give another file") from None
    except ValueError as error:
        raise RecipeError(f"{source} is not a readable TOML file: {error}") from None
    base = data.pop("base", None)
    if base is None:
        return data
    if not isinstance(base, str):
        raise RecipeError(f'{source}: base must be the name of a recipe, such as base = "fast"')
    if depth == MOST_BASES:
        raise RecipeError(f"{source}: its base has a base, and so on without end; name one that has none")
    beside = source.parent / base if base.endswith(".toml") and not os.path.isabs(base) else base
    return _over(_read(beside, depth + 1), data)


def _over(base: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """What a recipe says, over what its base says."""
    merged = {**base, **data}
    for section in ("data", "vocabulary", "model", "pretrained", "answer"):
        old, new = base.get(section), data.get(section)
        if isinstance(old, dict) and isinstance(new, dict):
            merged[section] = {**old, **new}
            if isinstance(old.get("memory"), dict) and isinstance(new.get("memory"), dict):
                merged[section]["memory"] = {**old["memory"], **new["memory"]}
    if isinstance(stages := data.get("stages"), list):
        theirs = base.get("stages")
        named = {
            item_name(stage): stage for stage in (theirs if isinstance(theirs, list) else ()) if isinstance(stage, dict)
        }
        merged["stages"] = [
            _stage(named.get(item_name(stage), {}), stage) if isinstance(stage, dict) else stage for stage in stages
        ]
    return copy.deepcopy(merged)


def _stage(base: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """A stage over the base's stage. Of steps and epochs, which exclude each other, the one given here counts."""
    length = {"steps", "epochs"}
    kept = {key: value for key, value in base.items() if key not in length or not length & data.keys()}
    return {**kept, **data}


def _refuse_old_names(data: dict[str, Any]) -> None:
    """Raise RecipeError for a key that was renamed, or is gone, naming what took its place."""
    tables = [("model", data.get("model")), ("data", data.get("data"))]
    for stage in data["stages"] if isinstance(data.get("stages"), list) else ():
        objectives = stage.get("objectives") if isinstance(stage, dict) else None
        tables += [("objectives", entry) for entry in (objectives if isinstance(objectives, list) else ())]
    for (section, old), new in RENAMED.items():
        if any(where == section and isinstance(table, dict) and old in table for where, table in tables):
            raise RecipeError(f"{section}.{old} is called {section}.{new} now; rename the key")
    model = data.get("model")
    memory = model.get("memory") if isinstance(model, dict) else None
    if gone := [key for key in HASHED if isinstance(memory, dict) and key in memory]:
        raise RecipeError(
            f"model.memory.{gone[0]} is gone: every title has a row of its own now; write "
            "model.memory.names = true, or false for none"
        )


def recipe_folder() -> Path:
    return Path(__file__).parent / "recipes"


def recipe_names() -> list[str]:
    return sorted(path.stem for path in recipe_folder().glob("*.toml"))


def apply_override(data: dict[str, Any], override: str) -> None:
    """Set one dotted key, in place: `model.width=128`, `stages.pretrain.epochs=20`. Stages go by their name."""
    key, equals, text = override.partition("=")
    override = " ".join(override.split())[:100]  # as messages show it
    if not equals or not key.strip():
        raise RecipeError(f"--set {override}: write key=value, such as --set model.width=128")
    *parents, last = key.strip().split(".")
    node: Any = data
    for part in parents:
        if isinstance(node, list):
            named = {item_name(item): item for item in node if isinstance(item, dict)}
            if part not in named:
                raise RecipeError(f'--set {override}: nothing is called "{part}"; {nearest(part, named)}')
            node = named[part]
        else:
            node = node.setdefault(part, {})
        if not isinstance(node, (dict, list)):
            raise RecipeError(f"--set {override}: {part} is a value, not a table")
    if not isinstance(node, dict):
        raise RecipeError(f"--set {override}: {key} names a list; give the item's name too")
    try:
        node[last] = parse_toml(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        node[last] = text  # a bare word is a string
    except ValueError as error:
        raise RecipeError(f"--set {override}: {error}") from None
