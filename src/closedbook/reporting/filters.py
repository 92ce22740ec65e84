"""Numbers and mathematics as the report writes them, and what an answer's record says."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from closedbook.formatting import marked, percent


def unparted(share: float | None) -> str:
    """A percentage that no line ends within."""
    return percent(share).replace(" ", "\N{NO-BREAK SPACE}")


def number(value: Any) -> Markup | str:
    """Three significant digits, with a power of ten where a plain number would be long."""
    if not isinstance(value, float):
        return str(value)
    return Markup(marked(f"{value:.3g}"))


def typeset(text: str) -> Markup:
    """α_a, e^(β²) and 1.6e+04 with real subscripts and exponents."""
    return Markup(marked(str(escape(text))))


def evidence_of(answer: dict[str, Any]) -> dict[str, Any]:
    evidence: dict[str, Any] | None = answer.get("evidence")
    return evidence or {}


def exposures(answer: dict[str, Any]) -> int | None:
    count = answer.get("exposures", evidence_of(answer).get("exposures"))
    return count if isinstance(count, int) else None
