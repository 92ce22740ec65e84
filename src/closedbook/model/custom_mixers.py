"""A mixer from a user's own file: docs/mixers.md."""

from __future__ import annotations

import hashlib
import sys
import traceback
import types
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from closedbook.config.loading import load_recipe
from closedbook.config.registry import CUSTOM_MIXERS, registered
from closedbook.config.schema import ModelRecipe
from closedbook.data.files import read_file
from closedbook.errors import ClosedbookError, RecipeError
from closedbook.model.kv_cache import Cache
from closedbook.model.mixers.attention_mixer import AttentionMixer

FILES: dict[str, str] = {}  # where each came from, by the same name


def use_mixer(spec: str) -> str:
    """Execute FILE.py and make its class known as a mixer, for `spec` = "FILE.py:Class".

    Returns the name that a recipe calls it by, `Class@sha256`, which says what was executed. Nothing else executes a
    user's file: a recipe or a run with such a name is refused until its file is given here. Raises RecipeError.
    """
    file, _, name = spec.rpartition(":")
    if not file or not name.isidentifier():
        raise RecipeError(f"--mixer {spec}: write FILE.py:CLASS, such as --mixer decay.py:Decay")
    try:
        source = read_file(file)
    except OSError as error:
        raise RecipeError(f"--mixer {spec}: {file} cannot be read ({error.strerror})") from None
    known_as = f"{name}@{hashlib.sha256(source).hexdigest()}"
    path = Path(file).absolute()
    module = types.ModuleType(f"closedbook_own_{known_as.partition('@')[2]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(source, path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise RecipeError(f"--mixer {spec}: {file} cannot be run; {in_one_line(error, path)}") from None
    mixer = getattr(module, name, None)
    config = getattr(mixer, "Config", None)
    if not (isinstance(mixer, type) and issubclass(mixer, nn.Module) and is_dataclass(config)):
        raise RecipeError(f"--mixer {spec}: {file} has no class {name} that is a torch module with a dataclass Config")
    CUSTOM_MIXERS[known_as], FILES[known_as] = mixer, str(path)
    return known_as


def mixer_overrides(spec: str | None, recipe: str | Path) -> list[str]:
    """The overrides that put `spec`, FILE.py:CLASS, in the place of a recipe's mixer; none where nothing is given."""
    if spec is None:
        return []
    name = use_mixer(spec)
    if load_recipe(recipe).model.mixer.name == name:  # a run's own recipe keeps the options that it has
        return []
    return [f'model.mixer={{name="{name}"}}']


def validate_mixer(recipe: ModelRecipe) -> None:
    """Make the recipe's mixer once and hold it to what docs/mixers.md asks, where it is from a user's file.

    Without this one that sees the future would report a false loss, and one that ignores the cache answer falsely.
    Raises RecipeError, naming what is wrong.
    """
    name, own, _ = recipe.mixer.name.partition("@")
    if not own:
        return
    file = Path(FILES.get(recipe.mixer.name, ""))
    with torch.device("cpu"), torch.random.fork_rng(devices=[]), torch.no_grad():  # the network's own draws stay
        try:
            why = _what_is_wrong(replace(recipe, matmul_dtype="float32", dropout=0.0))
        except ClosedbookError:
            raise
        except (Exception, SystemExit) as error:
            why = f"cannot be used: {in_one_line(error, file)}"
    if why is not None:
        raise RecipeError(f"the mixer {name} of {file.name} {why}; what a mixer must do stands in docs/mixers.md")


def _what_is_wrong(recipe: ModelRecipe) -> str | None:
    """What is wrong with the recipe's mixer, on two rows of random numbers; None where nothing is."""
    mixer = recipe.mixer.make("mixer", recipe, 0).eval()
    for parameter in filter(torch.is_floating_point, mixer.parameters()):
        parameter.add_(0.1 * torch.randn_like(parameter))  # what begins at 0 hides nothing
    positions = registered("positions", recipe.positions)(recipe)
    time = min(recipe.context_length - 1, 16)
    x, rotation = torch.randn(2, time, recipe.width), positions.rotation(torch.arange(time)[None])

    if isinstance(mixer, AttentionMixer):
        scores, most = mixer.scores(x, rotation, None), (2, recipe.heads, time, time)
        if (shape := _shape(scores)) not in [(b, h, time, time) for b in (1, 2) for h in (1, recipe.heads)]:
            return f"returns {shape} as scores where (batch or 1, head or 1, query, key) = {most} is needed"
    full = mixer(x, rotation)
    if (shape := _shape(full)) != tuple(x.shape):
        return f"returns {shape} where (batch, time, width) = {tuple(x.shape)} is needed, the shape of what it is given"
    for t in range(1, time):
        changed = torch.cat([x[:, :t], torch.randn_like(x[:, t:])], 1)
        if (first := _first_difference(mixer(changed, rotation)[:, :t], full[:, :t])) is not None:
            return f"sees the future: position {first} changes when later ones do, from {t} on; mask these"
    if hasattr(mixer, "forward_at"):
        targets = torch.arange(1, 2 * time, 3)
        if _differs(mixer.forward_at(x, rotation, targets), full.flatten(0, 1)[targets]):
            return "gives by forward_at(x, rotation, at) something else than rows `at` of forward, flat"

    # As decoding goes: a prompt, in which the second row is shorter by a token of padding, and then token by token.
    cache, rows, prompt = Cache(2), torch.arange(2)[:, None], time // 2
    for length in (prompt, *[1] * (time - prompt)):
        there = cache.advance(torch.zeros(2, length, dtype=torch.long))
        if _differs(mixer(x[rows, there], positions.rotation(there), cache), full[rows, there]):
            return "gives, with a cache, something else for the next tokens than for the whole text without one"
        if length > 1:
            cache.drop_padding(torch.tensor([prompt, prompt - 1]))
    return None


def _shape(output: Any) -> Any:
    """The shape of a tensor, or else the name of what was given."""
    return tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__


def _first_difference(first: Tensor, second: Tensor) -> int | None:
    """The first place of the last dimension but one at which two tensors differ."""
    apart = ~torch.isclose(first, second, rtol=1e-4, atol=1e-4, equal_nan=True)
    return int(apart.any(-1).nonzero()[:, -1].min()) if apart.any() else None


def _differs(output: Any, expected: Tensor) -> bool:
    """Whether what was given is no tensor of the expected shape, or has other numbers."""
    return _shape(output) != tuple(expected.shape) or _first_difference(output, expected) is not None


def in_one_line(error: BaseException, file: Path) -> str:
    """An exception in one line, with the line of the user's file that it came from."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    where = f" (line {lines[-1]} of {file.name})" if lines else ""
    return f"it raised {type(error).__name__}: {' '.join(str(error).split())[:200]}{where}"
