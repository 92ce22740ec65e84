"""How numbers are written, everywhere alike: on a terminal, in a page and in a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def percent(share: float | None) -> str:
    """0.123 → "12.3 %"; "–" for what is not known."""
    return "–" if share is None else f"{100 * share:.1f} %"


def decimal(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def points(share: float) -> str:
    """A difference of two shares in points, with its sign: 0.123 → "+12.3", -0.123 → "−12.3"."""
    return f"{100 * share:+.1f}".replace("-", "−")


def interval(ends: Sequence[float] | None, write: Any = decimal) -> str:
    """Both ends of an interval, each as `write` writes it."""
    return "–" if ends is None else " to ".join(map(write, ends))


def spaced(value: int | None) -> str:
    """12345 → "12,345"."""
    return "–" if value is None else f"{value:,}"


def plural(count: int, thing: str) -> str:
    """2, "name" → "2 names"."""
    return f"{count:,} {thing}{'s' if count != 1 else ''}"


def duration(seconds: float | None) -> str:
    """150 → "2 min 30 s"."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def markdown_table(head: Iterable[object], body: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    names = list(head)
    lines: list[Iterable[object]] = [names, ["---"] * len(names), *body]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
