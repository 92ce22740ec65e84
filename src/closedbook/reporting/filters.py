"""Numbers and mathematics as the report writes them, and what an answer's record says."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape


def number(value: Any) -> Markup | str:
    """Three significant digits, with a power of ten where a plain number would be long."""
    if not isinstance(value, float):
        return str(value)
    mantissa, _, power = f"{value:.3g}".partition("e")
    return Markup("{}·10<sup>{}</sup>").format(mantissa, str(int(power)).replace("-", "−")) if power else mantissa


def typeset(text: str) -> Markup:
    """α_a and e^(β²) with real subscripts and exponents."""
    safe = re.sub(r"([^\W\d_])_([a-z])(?![a-z])", r"\1<sub>\2</sub>", str(escape(text)))
    power = r"\^(?:\(((?:[^()]|\([^()]*\))*)\)|([-−]?\w+(?:\.\d+)?))"
    return Markup(re.sub(power, lambda m: f"<sup>{m[1] or m[2]}</sup>", safe))


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def evidence_of(answer: dict[str, Any]) -> dict[str, Any]:
    evidence: dict[str, Any] | None = answer.get("evidence")
    return evidence or {}


def exposures(answer: dict[str, Any]) -> int | None:
    count = answer.get("exposures", evidence_of(answer).get("exposures"))
    return count if isinstance(count, int) else None
