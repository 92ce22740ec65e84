"""Formulas of derivations, written for a terminal (α_a = eᵗ / (2eᵗ + n − 2)), as TeX for the pages."""

from __future__ import annotations

import re

SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₘₐ", "0123456789ijma", strict=True))
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵗᵀ", (*"0123456789-t", r"\top"), strict=True))
FUNCTIONS = ("log", "ln", "min", "tanh")
SYMBOLS = {
    "½": r"\frac{1}{2}", "¾": r"\frac{3}{4}", "⅓": r"\frac{1}{3}", "·": r"\cdot ", "−": "-",
    "≤": r"\leq ", "≥": r"\geq ",
    "≪": r"\ll ", "≈": r"\approx ", "~": r"\sim ", "→": r"\to ", "∞": r"\infty ", "∈": r"\in ", "≠": r"\neq ",
    "‖": r"\Vert ", "…": r"\ldots ", "%": r"\%", "Σ": r"\sum ", "α": r"\alpha ", "β": r"\beta ", "δ": r"\delta ",
    "Δ": r"\Delta ", "ε": r"\epsilon ", "λ": r"\lambda ", "μ": r"\mu ", "ρ": r"\rho ", "σ": r"\sigma ", "Φ": r"\Phi ",
}  # fmt: skip
SUB, SUPER = "".join(SUBSCRIPTS), "".join(SUPERSCRIPTS)
MARKS = str.maketrans(SUBSCRIPTS | SUPERSCRIPTS)


def tex(formula: str) -> str:
    """One formula, or several with two spaces or more between them; words within it become text."""
    formula = re.sub(r" {2,}", r" \\qquad ", formula)
    formula = re.sub(r"v\u0304", r"\\bar{v}", formula)
    formula = re.sub(rf"[{SUB}]+(?:≠[{SUB}]+)?", lambda m: f"_{{{m[0].translate(MARKS)}}}", formula)
    formula = re.sub(rf"[{SUPER}]+", lambda m: f"^{{{m[0].translate(MARKS)}}}", formula)
    formula = re.sub(r"([FG])_(σ'?)\(p\)", r"\1_{\2(p)}", formula)
    formula = re.sub(r"_([a-zσ]'?)(?![{(])", r"_{\1}", formula)
    formula = braced(braced(formula, "^(", "^{"), "√(", r"\sqrt{")
    formula = re.sub(r"\^(\w)", r"^{\1}", formula)
    formula = re.sub(r"√(\d+|\w)", r"\\sqrt{\1}", formula)
    formula = re.sub(r"(?<![\\A-Za-z{])[A-Za-z]{2,}(?: [A-Za-z]{2,})*(?![A-Za-z{])", word, formula)
    for symbol, command in SYMBOLS.items():
        formula = formula.replace(symbol, command)
    return formula


def word(match: re.Match[str]) -> str:
    """A function's name, or words with the spaces around them, which TeX would drop."""
    if match[0] in FUNCTIONS:
        return f"\\{match[0]} "
    left = " " if match.string[: match.start()].endswith(" ") else ""
    right = " " if match.string[match.end() :].startswith(" ") else ""
    return f"\\text{{{left}{match[0]}{right}}}"


def braced(formula: str, opening: str, instead: str) -> str:
    """The formula with what stands in brackets behind `opening` in braces: e^(a(b)) becomes e^{a(b)}."""
    while (start := formula.find(opening)) >= 0:
        inside = start + len(opening)
        depth, end = 1, inside
        while depth:
            depth += {"(": 1, ")": -1}.get(formula[end], 0)
            end += 1
        formula = f"{formula[:start]}{instead}{formula[inside : end - 1]}}}{formula[end:]}"
    return formula


def typeset(derivation: str) -> str:
    """A derivation with its indented formulas between dollars. A block with words in quotes stays as it is."""

    def block(match: re.Match[str]) -> str:
        lines = match[0].strip("\n").splitlines()
        if any('"' in line or ";" in line for line in lines):
            return match[0]
        return "\n\n".join(f"$$\n{tex(line.strip())}\n$$" for line in lines) + "\n"

    return re.sub(r"(?:^    .*\n?)+", block, derivation, flags=re.MULTILINE)
