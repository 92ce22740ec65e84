"""The registries: what a recipe may name, and the class behind each name, by import path.

Nothing here imports torch; a mechanism's file is imported when the mechanism is made. To add one, write one file and
one line here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from closedbook.errors import RecipeError
from closedbook.validation import convert, nearest

REGISTRIES: dict[str, dict[str, str]] = {
    "mixer": {
        "softmax": "closedbook.model.mixers.softmax:Softmax",
        "synthesizer-dense": "closedbook.model.mixers.synthesizer_dense:SynthesizerDense",
        "synthesizer-random": "closedbook.model.mixers.synthesizer_random:SynthesizerRandom",
        "synthesizer-fixed": "closedbook.model.mixers.synthesizer_fixed:SynthesizerFixed",
        "synthesizer-factorized-dense": (
            "closedbook.model.mixers.synthesizer_factorized_dense:SynthesizerFactorizedDense"
        ),
        "synthesizer-factorized-random": (
            "closedbook.model.mixers.synthesizer_factorized_random:SynthesizerFactorizedRandom"
        ),
        "synthesizer-dense-vanilla": "closedbook.model.mixers.synthesizer_dense_vanilla:SynthesizerDenseVanilla",
        "synthesizer-random-vanilla": "closedbook.model.mixers.synthesizer_random_vanilla:SynthesizerRandomVanilla",
    },
    "stack": {
        "uniform": "closedbook.model.stacks:Sequential",
        "perceiver": "closedbook.model.stacks:Perceiver",
    },
    "positions": {
        "learned": "closedbook.model.positions:Learned",
        "rotary": "closedbook.model.positions:Rotary",
        "none": "closedbook.model.positions:NoPositions",
    },
    "objective": {
        "span": "closedbook.objectives.span_corruption:SpanCorruption",
        "language": "closedbook.objectives.language:Language",
        "cue": "closedbook.objectives.cue:Cue",
        "masked": "closedbook.objectives.masked:Masked",
        "question": "closedbook.objectives.question:QuestionAnswer",
        "text": "closedbook.objectives.text:Text",
    },
    "optimiser": {
        "adamw": "closedbook.training.optimisers:AdamW",
        "muon": "closedbook.training.muon:Muon",
        "rows": "closedbook.training.rows:Rows",
    },
    "schedule": {
        "course": "closedbook.training.schedules:Course",
        "trapezoid": "closedbook.training.schedules:Trapezoid",
    },
}

CUSTOM_MIXERS: dict[str, type] = {}
"""Mixers from users' files, by name and hash; closedbook.model.custom_mixers fills it."""


def registered(kind: str, name: str) -> Any:
    """The class registered under `name`. Raises RecipeError, naming the nearest, where there is none."""
    registry = REGISTRIES[kind]
    own, at, sha256 = name.partition("@")
    if kind == "mixer" and at:
        if name not in CUSTOM_MIXERS:
            raise RecipeError(
                f'the mixer "{own}" is from a file of its author\'s own, whose SHA-256 begins {sha256[:12]}; files are '
                f"only executed when asked for: give that very file with --mixer FILE.py:{own}"
            )
        return CUSTOM_MIXERS[name]
    if name not in registry:
        raise RecipeError(f'no {kind} is called "{name}"; {nearest(name, registry)}')
    module, _, attribute = registry[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True)
class ComponentSpec:
    """A registered class by name, with its own options: `{name = "adamw", rate = 6e-3}`."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, data: Any, where: str) -> ComponentSpec:
        """A name alone, or a table of a name and options. These are checked where the part is made."""
        options = {"name": data} if isinstance(data, str) else convert(Mapping[str, Any], data, where)
        name = options.pop("name", None)
        if not isinstance(name, str):
            raise RecipeError(f"{where} needs a name")
        return cls(name, options)

    def make(self, kind: str, *args: Any, **kwargs: Any) -> Any:
        """Call the class with its `Config` built from the options, then the given arguments."""
        cls = registered(kind, self.name)
        return cls(convert(cls.Config, self.options, f'the {kind} "{self.name}"'), *args, **kwargs)
