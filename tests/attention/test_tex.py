"""Derivations are written for a terminal; the pages get their formulas as TeX."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from closedbook.attention import CLAIMS
from closedbook.attention.claim import load

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

from tex import tex, typeset


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("Σᵢ≠₁ βᵢ", r"\sum _{i\neq 1} \beta _{i}"),
        ("3e^(β(x − 1))", r"3e^{\beta (x - 1)}"),
        ("√(m(m + 1)) ≤ √7", r"\sqrt{m(m + 1)} \leq \sqrt{7}"),
        ("ln k,   for each k", r"\ln  k, \qquad \text{ for each } k"),
        ("w_b = eᵗ", r"w_{b} = e^{t}"),
    ],
)
def test_a_formula_of_a_terminal_becomes_tex(formula: str, expected: str) -> None:
    assert re.sub(r"\s+", " ", tex(formula)) == re.sub(r"\s+", " ", expected)


@pytest.mark.parametrize("id", CLAIMS)
def test_every_formula_of_the_claims_can_be_drawn(id: str) -> None:
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    formulas = re.findall(r"\$\$\n(.*?)\n\$\$", typeset(load(id).derivation), re.DOTALL)
    assert formulas
    for formula in formulas:
        assert not re.search(r"[½√²₁ᵢᵗΣ‖·]", formula), formula
        parser.parse(f"${formula}$")


def test_words_about_a_formula_stay_as_they_are() -> None:
    told = 'First\n\n    K = I     "be found by all"\n\nlast\n'
    assert typeset(told) == told
