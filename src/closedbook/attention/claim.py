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
from closedbook.validation import shown as shorter

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
        """The allowed values, as an error message or a table says them."""
        return " or ".join(self.choices) if self.choices else f"{self.low:.12g} … {self.high:.12g}"

    def read(self, given: Value) -> Value:
        """The value that was meant. Raises ClaimError, saying what is allowed, for one that means nothing here."""
        if self.choices:
            if given in self.choices:
                return given
            raise ClaimError(f"{self.name} = {given} is not known; {self.name} can be {self.limits}")
        whole = isinstance(self.default, int)
        shown = given if isinstance(given, float) else f"{given:.40}" if isinstance(given, str) else shorter(given)
        try:
            number = float(given)
        except ValueError:
            raise ClaimError(f"{self.name} = {shown} is not a number; {self._allowed(whole)}") from None
        except OverflowError:  # a whole number beyond every float
            number = math.inf
        if not self.low <= number <= self.high or (whole and number != int(number)):  # NaN fails the first
            raise ClaimError(f"{self.name} = {shown} is outside its limits; {self._allowed(whole)}")
        return int(number) if whole else number

    def _allowed(self, whole: bool) -> str:
        return f"{self.name} ({self.meaning}) must be {'a whole number' if whole else 'a number'} in {self.limits}"


@dataclass(frozen=True)
class Part:
    """One measurement against one bound. `bound` is the closed form plus the allowance that is stated for it.

    `allowance` is the room for rounding and, for random claims, for a finite sample at the stated confidence.
    """

    measured: str
    figure: float
    closed_form: float
    allowance: float

    @property
    def bound(self) -> float:
        return self.closed_form + self.allowance

    def holds(self, tolerance: float) -> bool:
        """True where figure ≤ bound ≤ tolerance. A NaN holds nothing."""
        return self.figure <= self.bound <= tolerance

    def strain(self, tolerance: float) -> tuple[bool, float]:
        """Orders parts by how near they come to failing; a failing part comes last."""
        used = self.figure / self.bound if self.bound else math.inf * self.figure if self.figure else 0.0
        return not self.holds(tolerance), max(used, self.bound / tolerance if tolerance else math.inf)


@dataclass(frozen=True)
class Measurement:
    """What a check saw: the parts that decide, and details (in the reader's words) that do not."""

    parts: tuple[Part, ...]
    details: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """A claim checked once, with the settings it was checked at and the wall time in seconds."""

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
        return max(self.measurement.parts, key=lambda part: part.strain(self.tolerance))

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and words, as `closedbook attention --json` prints them."""
        part = self.headline
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
                {
                    "measured": p.measured,
                    "figure": p.figure,
                    "bound": p.bound,
                    "closed_form": p.closed_form,
                    "allowance": p.allowance,
                    "holds": p.holds(self.tolerance),
                }
                for p in self.measurement.parts
            ],
            "details": self.measurement.details,
            "parameters": vars(self.settings),
        }


@dataclass(frozen=True)
class Claim:
    """One row of part 1.

    Args:
        id: the row, as `closedbook attention ID` takes it.
        title: a few words, for the head of a table or a slide.
        statement: one sentence with its formula.
        derivation: Markdown that a student can follow from the definitions to the formula.
        parameters: everything `--set` can change.
        construct: builds the keys, queries, values and matrices from the settings.
        measure: compares what was built with the closed form. It must not look at `premise`.
        premise: what `--set premise=broken` breaks; the claim then fails by its figure.
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
        """The defaults with `overrides` put in. Raises ClaimError for what the claim does not allow."""
        known = {parameter.name: parameter for parameter in self.parameters}
        chosen: dict[str, Value] = {name: parameter.default for name, parameter in known.items()}
        try:
            for name, value in (overrides or {}).items():
                if name not in known:
                    raise ClaimError(f"no parameter {name}; it takes {', '.join(known)}")
                chosen[name] = known[name].read(value)
            settings = Settings(**chosen)
            _refuse_what_does_not_fit(settings)
        except ClaimError as error:
            raise ClaimError(f"{self.id}: {error}") from None
        return settings

    def check(self, overrides: Mapping[str, Value] | None = None) -> Verdict:
        """Build the claim's construction and measure it. Raises ClaimError for settings outside the limits."""
        settings = self.settings(overrides)
        start = time.perf_counter()
        measurement = self.measure(self.construct(settings), settings)
        return Verdict(self, settings, measurement, time.perf_counter() - start)


LARGEST_DRAW = 1_000_000_000  # numbers drawn for one claim: about ten seconds on one core


def _refuse_what_does_not_fit(p: Settings) -> None:
    """Limits that tie two parameters together."""
    if hasattr(p, "d") and hasattr(p, "n") and p.d < p.n:
        raise ClaimError(f"d = {p.d} is less than n = {p.n}; n orthogonal keys need d ≥ n: --set d={p.n} or more")
    if hasattr(p, "samples") and hasattr(p, "d") and (drawn := p.samples * p.n * p.d) > LARGEST_DRAW:
        most = LARGEST_DRAW // (p.n * p.d)
        raise ClaimError(
            f"samples·n·d = {drawn:,} numbers are more than the {LARGEST_DRAW:,} allowed; "
            f"at n = {p.n}, d = {p.d}: --set samples={most}, or smaller n and d"
        )


def load(id: str) -> Claim:
    """The claim with this id. Raises ClaimError with the ids there are."""
    if id not in CLAIMS:
        near = difflib.get_close_matches(id, CLAIMS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ClaimError(f"there is no claim {id}; {hint}the claims are {', '.join(CLAIMS)}")
    module, _, name = CLAIMS[id].partition(":")
    claim = getattr(import_module(module), name)
    assert isinstance(claim, Claim)
    return claim


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
    """Give each claim the overrides it has a parameter for.

    Raises ClaimError for a key that none of `claims` takes, naming the nearest key and the claims that take it.
    """
    takers: dict[str, list[str]] = {}
    for claim in map(load, CLAIMS):
        for parameter in claim.parameters:
            takers.setdefault(parameter.name, []).append(claim.id)
    asked = {claim.id for claim in claims}
    for name in overrides:
        if name in takers and asked.isdisjoint(takers[name]):
            own = ", ".join(parameter.name for claim in claims for parameter in claim.parameters)
            raise ClaimError(
                f"{', '.join(asked)} has no parameter {name} (claims that take it: {', '.join(takers[name])}); "
                f"it takes {own}"
            )
        if name not in takers:
            near = difflib.get_close_matches(name, takers, n=1, cutoff=0.0)[0]
            raise ClaimError(
                f"no claim has a parameter {name}; the nearest is {near} (taken by {', '.join(takers[near])})"
            )
    return {c.id: {k: v for k, v in overrides.items() if c.id in takers[k]} for c in claims}
