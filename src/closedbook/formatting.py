"""How numbers are written, everywhere alike: on a terminal, in a page and in a report."""

from __future__ import annotations

import re
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


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


MARKS = re.compile(
    r"(?P<base>[^\W\d_])_(?P<below>[a-z](?![a-z])|σ'?\(p\))"
    r"|(?<![\w.])(?P<mantissa>\d(?:\.\d+)?)e(?P<ten>[-+]\d+)"
    r"|\^(?:\((?P<inside>(?:[^()]|\([^()]*\))*)\)|(?P<power>[-−]?\w+(?:\.\d+)?))"
)


def marked(text: str) -> str:
    """α_a, F_σ(p), e^(β²) and 1.6e+04 with real subscripts and exponents, in HTML; in the page: dom.js, typeset."""

    def mark(match: re.Match[str]) -> str:
        if match["base"]:
            return f"{match['base']}<sub>{match['below']}</sub>"
        if match["mantissa"]:
            factor = "" if match["mantissa"] == "1" else f"{match['mantissa']}·"
            ten = int(match["ten"])
            return f"{factor}10<sup>{ten}</sup>".replace("-", "−") if ten else match["mantissa"]
        return f"<sup>{marked(match['inside']) if match['inside'] else match['power'].replace('-', '−')}</sup>"

    return MARKS.sub(mark, text)


def markdown_table(head: Iterable[object], body: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    names = list(head)
    lines: list[Iterable[object]] = [names, ["---"] * len(names), *body]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
