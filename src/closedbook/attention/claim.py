"""What a claim is: a statement, its derivation, its parameters, a construction, and a check that can fail.

This module loads no torch: parameters are read and refused before anything heavy starts.
"""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from closedbook.attention import CLAIMS
from closedbook.errors import ClaimError
from closedbook.validation import shown

Value = float | int | str
Settings = SimpleNamespace  # one attribute per parameter of the claim

# Greek letters are welcome on the command line: `--set α=1e-6`.
ALIASES = {"α": "alpha", "β": "beta", "Δ": "gap", "t₁": "t1", "t₂": "t2"}


def vary(p: Settings, **changes: Value) -> Settings:
    """The same settings with some values changed, for a figure or a study that sweeps them."""
    return Settings(**{**vars(p), **changes})


@dataclass(frozen=True)
class Parameter:
    """One number or word that a claim depends on, with its unit and its limits (inclusive)."""

    name: str
    default: Value
    meaning: str
    unit: str = ""
    low: float | int = -math.inf
    high: float | int = math.inf
    choices: tuple[str, ...] = ()

    @property
    def limits(self) -> str:
        """The allowed values, for error messages and tables."""
        return " or ".join(self.choices) if self.choices else f"{self.low:.12g} … {self.high:.12g}"

    def parse(self, value: Value) -> Value:
        """The value as the default's type. Raises ClaimError, with the allowed values, if it is not one of them."""
        if self.choices:
            if value in self.choices:
                return value
            raise ClaimError(f"{self.name} = {value} is not known; {self.name} can be {self.limits}")
        integer = isinstance(self.default, int)
        text = value if isinstance(value, float) else f"{value:.40}" if isinstance(value, str) else shown(value)
        allowed = f"{self.name} ({self.meaning}) must be {'a whole number' if integer else 'a number'} in {self.limits}"
        try:
            number = float(value)
        except ValueError:
            raise ClaimError(f"{self.name} = {text} is not a number; {allowed}") from None
        except OverflowError:  # an int too large for a float
            number = math.inf
        if not self.low <= number <= self.high or (integer and number != int(number)):  # NaN fails the first
            raise ClaimError(f"{self.name} = {text} is outside its limits; {allowed}")
        return int(number) if integer else number


@dataclass(frozen=True)
class Part:
    """One measured figure and its bound: the closed form plus a stated allowance.

    `allowance` covers rounding and, where keys are drawn at random, a finite sample at the stated confidence.
    """

    measured: str
    figure: float
    closed_form: float
    allowance: float

    @property
    def bound(self) -> float:
        return self.closed_form + self.allowance

    def holds(self, tolerance: float) -> bool:
        """Whether figure ≤ bound ≤ tolerance. False for NaN."""
        return self.figure <= self.bound <= tolerance

    def severity(self, tolerance: float) -> tuple[bool, float]:
        """Sort key: how near the part comes to failing. Failing parts sort last."""
        used = self.figure / self.bound if self.bound else math.inf * self.figure if self.figure else 0.0
        return not self.holds(tolerance), max(used, self.bound / tolerance if tolerance else math.inf)


@dataclass(frozen=True)
class Measurement:
    """The result of a check. The parts decide the verdict; the details are for the reader."""

    parts: tuple[Part, ...]
    details: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check: the claim, its settings, the measurement and the wall time in seconds."""

    claim: Claim
    settings: Settings
    measurement: Measurement
    seconds: float

    @property
    def tolerance(self) -> float:
        return float(self.settings.tolerance)

    @property
    def holds(self) -> bool:
        return all(part.holds(self.tolerance) for part in self.measurement.parts)

    @property
    def headline(self) -> Part:
        """The part that fails, or else the one that comes nearest to failing."""
        return max(self.measurement.parts, key=lambda part: part.severity(self.tolerance))

    def as_json(self) -> dict[str, Any]:
        """The object that `closedbook attention --json` prints."""
        part, keys = self.headline, ("measured", "figure", "bound", "closed_form", "allowance")
        return {
            "id": self.claim.id,
            "statement": self.claim.statement,
            "figure": part.figure,
            "bound": part.bound,
            "tolerance": self.tolerance,
            "holds": self.holds,
            "seconds": round(self.seconds, 3),
            "measured": part.measured,
            "parts": [
                {**{key: getattr(p, key) for key in keys}, "holds": p.holds(self.tolerance)}
                for p in self.measurement.parts
            ],
            "details": self.measurement.details,
            "parameters": vars(self.settings),
        }


@dataclass(frozen=True)
class Claim:
    """One row of part 1.

    Args:
        id: the row's name, as in `closedbook attention ID`.
        title: a few words, for a table or a slide.
        statement: one sentence with its formula.
        derivation: Markdown that a student can follow from the definitions to the formula.
        parameters: everything `--set` can change.
        construct: builds the keys, queries, values and matrices from the settings.
        measure: compares the construction with the closed form. It must not read `premise`.
        premise: what `--set premise=broken` violates; the claim then fails by its figure.
        float32: where the claim stops holding in single precision, and why.
        try_next: arguments worth trying, each with what they show.
        draw: draws the claim's figure on a `closedbook.attention.claim_figures.Slide`.
        studies: names of the stored experiments (`results/attention-NAME.json`) that the page shows.
    """

    id: str
    title: str
    statement: str
    derivation: str
    parameters: tuple[Parameter, ...]
    construct: Callable[[Settings], Any]
    measure: Callable[[Any, Settings], Measurement]
    premise: str
    float32: str
    try_next: tuple[tuple[str, str], ...]
    draw: Callable[[Any, Settings], None]
    studies: tuple[str, ...] = ()

    def settings(self, overrides: Mapping[str, Value] | None = None) -> Settings:
        """The defaults, updated with `overrides`. Raises ClaimError for a value the claim does not allow."""
        parameters = {parameter.name: parameter for parameter in self.parameters}
        values: dict[str, Value] = {name: parameter.default for name, parameter in parameters.items()}
        try:
            for name, value in (overrides or {}).items():
                if name not in parameters:
                    raise ClaimError(f"no parameter {name}; it takes {', '.join(parameters)}")
                values[name] = parameters[name].parse(value)
            settings = Settings(**values)
            _check_joint_limits(settings)
        except ClaimError as error:
            raise ClaimError(f"{self.id}: {error}") from None
        return settings

    def check(self, overrides: Mapping[str, Value] | None = None) -> Verdict:
        """Build the claim's construction and measure it. Raises ClaimError for settings outside the limits."""
        settings = self.settings(overrides)
        start = time.perf_counter()
        measurement = self.measure(self.construct(settings), settings)
        return Verdict(self, settings, measurement, time.perf_counter() - start)


LARGEST_DRAW = 1_000_000_000  # random numbers for one claim: about ten seconds on one core


def _check_joint_limits(p: Settings) -> None:
    """Raise ClaimError for values that are allowed one by one but not together."""
    if hasattr(p, "d") and hasattr(p, "n") and p.d < p.n:
        raise ClaimError(f"d = {p.d} is less than n = {p.n}; n orthogonal keys need d ≥ n: --set d={p.n} or more")
    if hasattr(p, "samples") and hasattr(p, "d") and (numbers := p.samples * p.n * p.d) > LARGEST_DRAW:
        most = LARGEST_DRAW // (p.n * p.d)
        raise ClaimError(
            f"samples·n·d = {numbers:,} numbers are more than the {LARGEST_DRAW:,} allowed; "
            f"at n = {p.n}, d = {p.d}: --set samples={most}, or smaller n and d"
        )


def load(id: str) -> Claim:
    """The claim with this id. Raises ClaimError, listing the ids, for an unknown one."""
    if id not in CLAIMS:
        near = difflib.get_close_matches(id, CLAIMS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ClaimError(f"there is no claim {id}; {hint}the claims are {', '.join(CLAIMS)}")
    module, _, name = CLAIMS[id].partition(":")
    claim = getattr(import_module(module), name)
    assert isinstance(claim, Claim)
    return claim


def claims() -> dict[str, Claim]:
    """The ten claims by id: `closedbook.claims()["1a"].check({"gap": 12}).holds`."""
    return {id: load(id) for id in CLAIMS}


def parse_overrides(texts: Iterable[str]) -> dict[str, str]:
    """`["t=20", "α=1e-6"]` → `{"t": "20", "alpha": "1e-6"}`. Raises ClaimError for anything that is not KEY=VALUE."""
    overrides = {}
    for text in texts:
        name, equals, value = (piece.strip() for piece in text.partition("="))
        if not (name and equals and value):
            raise ClaimError(f"--set {text} is not KEY=VALUE; for example --set t=20")
        overrides[ALIASES.get(name, name)] = value
    return overrides


def overrides_by_claim(claims: Sequence[Claim], overrides: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    """For each claim, the overrides that it has a parameter for.

    Raises ClaimError for a key that none of `claims` takes, naming the nearest key and the claims that take it.
    """
    takers: dict[str, list[str]] = {}
    for claim in map(load, CLAIMS):
        for parameter in claim.parameters:
            takers.setdefault(parameter.name, []).append(claim.id)
    ids = {claim.id for claim in claims}
    for name in overrides:
        if name in takers and ids.isdisjoint(takers[name]):
            own = ", ".join(parameter.name for claim in claims for parameter in claim.parameters)
            raise ClaimError(
                f"{', '.join(ids)} has no parameter {name} (claims that take it: {', '.join(takers[name])}); "
                f"it takes {own}"
            )
        if name not in takers:
            near = difflib.get_close_matches(name, takers, n=1, cutoff=0.0)[0]
            raise ClaimError(
                f"no claim has a parameter {name}; the nearest is {near} (taken by {', '.join(takers[near])})"
            )
    return {c.id: {k: v for k, v in overrides.items() if c.id in takers[k]} for c in claims}
