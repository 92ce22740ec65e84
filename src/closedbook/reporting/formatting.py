"""Numbers and mathematics as the report writes them, and what an answer's record says."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def number(value: Any) -> Markup | str:
    """Three significant digits, with a power of ten where a plain number would be long."""
    if not isinstance(value, float):
        return str(value)
    mantissa, _, power = f"{value:.3g}".partition("e")
    return Markup("{}·10<sup>{}</sup>").format(mantissa, str(int(power)).replace("-", "−")) if power else mantissa


def typeset(text: str) -> Markup:
    """α_a and e^(β²) with real subscripts and exponents."""
    safe = str(escape(text))
    safe = re.sub(r"([^\W\d_])_([a-z])(?![a-z])", r"\1<sub>\2</sub>", safe)
    return Markup(re.sub(r"\^(?:\(([^()]*)\)|(\w))", lambda m: f"<sup>{m[1] or m[2]}</sup>", safe))


def spaced(value: Any) -> str:
    """12345 → 12 345, with thin spaces."""
    return f"{value:,}".replace(",", "\u2009") if isinstance(value, int) else "–" if value is None else str(value)


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def evidence_of(answer: dict[str, Any]) -> dict[str, Any]:
    found = answer.get("evidence")
    return found if isinstance(found, dict) else {}


def exposures(answer: dict[str, Any]) -> int | None:
    found = answer.get("exposures", evidence_of(answer).get("exposures"))
    return found if isinstance(found, int) else None


def verdict_of(answer: dict[str, Any]) -> str | None:
    found = answer.get("verdict")
    return found if isinstance(found, str) else None
