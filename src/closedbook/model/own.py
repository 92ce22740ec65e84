"""A mixer from a user's own file: docs/mixers.md."""

from __future__ import annotations

import hashlib
import sys
import types
from dataclasses import is_dataclass
from pathlib import Path

from torch import nn

from closedbook.errors import RecipeError
from closedbook.recipe import OWN, load_recipe

FILES: dict[str, str] = {}  # where each came from, by the same name


def use_mixer(given: str) -> str:
    """Execute FILE.py and make its class known as a mixer, for `given` = "FILE.py:Class".

    Returns the name that a recipe calls it by, `Class@sha256`, which says what was executed. Nothing else executes a
    user's file: a recipe or a run with such a name is refused until its file is given here. Raises RecipeError.
    """
    file, _, name = given.rpartition(":")
    if not file or not name.isidentifier():
        raise RecipeError(f"--mixer {given}: write FILE.py:CLASS, such as --mixer decay.py:Decay")
    try:
        source = Path(file).read_bytes()
    except OSError as error:
        raise RecipeError(f"--mixer {given}: {file} cannot be read ({error.strerror})") from None
    known_as = f"{name}@{hashlib.sha256(source).hexdigest()}"
    module = types.ModuleType(f"closedbook_own_{known_as.partition('@')[2]}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(source, file, "exec"), module.__dict__)
    except Exception as error:
        raise RecipeError(f"--mixer {given}: {file} cannot be run ({type(error).__name__}: {error})") from None
    mixer = getattr(module, name, None)
    config = getattr(mixer, "Config", None)
    if not (isinstance(mixer, type) and issubclass(mixer, nn.Module) and is_dataclass(config)):
        raise RecipeError(f"--mixer {given}: {file} has no class {name} that is a torch module with a dataclass Config")
    OWN[known_as], FILES[known_as] = mixer, str(Path(file).absolute())
    return known_as


def in_place(given: str | None, recipe: str | Path) -> list[str]:
    """The overrides that put `given`, FILE.py:CLASS, in the place of a recipe's mixer; none where nothing is given."""
    if given is None:
        return []
    name = use_mixer(given)
    if load_recipe(recipe).model.mixer.name == name:  # a run's own recipe keeps the options that it has
        return []
    return [f'model.mixer={{name="{name}"}}']
