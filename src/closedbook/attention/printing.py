"""Check several claims and print the verdicts: a table, one claim in full, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Column, Table

from closedbook.attention.claim import Claim, Value, Verdict


def check_all(
    claims: Sequence[Claim], overrides: Mapping[str, Mapping[str, Value]], figures: Path | None = None
) -> list[Verdict]:
    """Check each claim with its overrides; draw it into `figures` if given, naming the files on standard error.

    All settings are read before anything is computed. Raises ClaimError for settings outside a claim's limits.
    """
    for claim in claims:
        claim.settings(overrides[claim.id])
    verdicts = []
    for claim in claims:
        verdicts.append(claim.check(overrides[claim.id]))
        if figures:
            from closedbook.attention.claim_figures import save

            for path in save(claim, verdicts[-1].settings, figures):
                print(path, file=sys.stderr)
    return verdicts


def print_json(verdicts: Sequence[Verdict]) -> None:
    """One JSON object on standard output."""
    print(json.dumps({"claims": [verdict.as_json() for verdict in verdicts]}, ensure_ascii=False, allow_nan=False))


def number(value: Value) -> str:
    """Floats with three significant digits; integers and text unchanged."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def print_verdicts(verdicts: Sequence[Verdict], console: Console) -> None:
    """A table; a single claim is shown in full."""
    if len(verdicts) == 1:
        print_in_full(verdicts[0], console)
        return
    head = ("claim", Column(overflow="fold"), "figure", "bound", "tolerance", "verdict", "seconds")
    table = Table(*head, box=None, pad_edge=False)
    for verdict in verdicts:
        part, claim = verdict.headline, verdict.claim
        figures = map(number, (part.figure, part.bound, verdict.tolerance))
        what = f"{claim.title}\n[dim]{part.measured}[/]"
        table.add_row(f"[bold]{claim.id}[/]", what, *figures, word(verdict), f"{verdict.seconds:.2f}")
    console.print(table)
    holding = sum(verdict.holds for verdict in verdicts)
    console.print(
        f"\n{holding} of {len(verdicts)} hold, in {sum(v.seconds for v in verdicts):.1f} seconds. "
        "A claim holds where figure ≤ bound ≤ tolerance.\n"
        "One in full: closedbook attention 1b. Break them all: closedbook attention --set premise=broken"
    )


def word(verdict: Verdict) -> str:
    """The verdict and, if it fails, whether by the figure or the bound."""
    if verdict.holds:
        return "[green]holds[/]"
    part = verdict.headline
    return f"[red]fails[/] by its {'figure' if not part.figure <= part.bound else 'bound'}"


def print_in_full(verdict: Verdict, console: Console) -> None:
    """Print statement, derivation, measurements, parameters, and what to try next."""
    claim = verdict.claim
    console.print(f"[bold]{claim.id}  {claim.title}[/]  {word(verdict)}  ({verdict.seconds:.2f} s)\n")
    console.print(claim.statement, markup=False, highlight=False)
    console.rule("derivation", align="left", style="dim")
    console.print(Markdown(claim.derivation))
    console.rule("measured", align="left", style="dim")
    parts = Table("what", "figure", "bound", "of it allowance", "tolerance", box=None, pad_edge=False)
    for part in verdict.measurement.parts:
        row = [number(x) for x in (part.figure, part.bound, part.allowance, verdict.tolerance)]
        parts.add_row(part.measured, *row, style=None if part.holds(verdict.tolerance) else "red")
    console.print(parts)
    console.print()
    for name, value in verdict.measurement.details.items():
        console.print(f"  {name}: {number(value)}", markup=False)
    console.rule("parameters: --set NAME=VALUE", align="left", style="dim")
    parameters = Table("name", "value", "limits", "unit", "meaning", box=None, pad_edge=False)
    for parameter in claim.parameters:
        value = getattr(verdict.settings, parameter.name)
        parameters.add_row(parameter.name, number(value), parameter.limits, parameter.unit, parameter.meaning)
    console.print(parameters)
    console.print(f"\npremise=broken: {claim.premise}\nIn float32: {claim.float32}", markup=False, highlight=False)
    console.rule("try next", align="left", style="dim")
    for call, shows in claim.try_next:
        console.print(f"  closedbook attention {call}\n      {shows}", markup=False, highlight=False)
