"""The stored experiments of part 1 as Markdown.

`benchmarks/attention.py` writes the records to `results/attention-NAME.json`; `RENDERERS` has a function for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from closedbook.errors import ClaimError
from closedbook.formatting import markdown_table, percent

Record = dict[str, Any]


def read(results: Path, name: str) -> Record:
    """The stored record of a study. Raises ClaimError where it is missing, with the command that makes it."""
    path = results / f"attention-{name}.json"
    if not path.exists():
        raise ClaimError(f"{path} is missing; make it with: python benchmarks/attention.py {name}")
    record: Record = json.loads(path.read_text(encoding="utf-8"))
    return record


def origin(record: Record) -> str:
    """One line: the command, seed, machine, versions and commit of a record."""
    o = record["origin"]
    return (
        f"*`{o['command']}`, seed {o['seed']}, {o['threads']} thread on {o['machine']}, Python {o['python']}, "
        f"torch {o['torch']}, commit {o['commit'][:7]}, {o['seconds']:g} s.*"
    )


def heads(record: Record) -> str:
    """One head against two, and head 1's misses."""
    names = {"t": "t = t₁ = t₂", "alpha": "α", "n": "n", "d": "d"}
    rows = [
        (f"{names[row['varied']]} = {row['value']:g}",
         *(percent(row[key]) for key in ("one_lost", "two_lost", "predicted")),
         f"{row['one_error']:.2g}", f"{row['two_error']:.2g}")
        for row in record["rows"]
    ]  # fmt: skip
    head = (
        "varied", "one head loses v_a or v_b", "two heads do", "two, predicted", "one head, median error",
        "two heads, median error",
    )  # fmt: skip
    t1s = list(dict.fromkeys(row["t1"] for row in record["misses"]))
    by_n: dict[int, list[str]] = {}
    for row in record["misses"]:
        by_n.setdefault(row["n"], []).append(f"{percent(row['measured'])} ({percent(row['predicted'])})")
    missed = markdown_table(("n", *(f"t₁ = {t1:g}" for t1 in t1s)), ((n, *cells) for n, cells in by_n.items()))
    return f"""\
### One head and two on the same draws

{record["samples"]:,} draws of 1c.ii's keys; what is not varied stands at its default. A value is lost where c gives it
less than half of its due ½. The prediction is that for small α and large t₂: at t = 2 head 2 leaks enough to key a to
save some draws, and at α = 0.1 the noise makes both heads miss more often; the claim's bound allows for both.

{markdown_table(head, rows)}

### How often head 1 misses: measured (predicted)

{missed}

The limit for t₁ → ∞ is Φ(−√2) = {percent(record["limit"])}.
"""


LAWS = {
    "0": "N(0, 4αt²)",
    "1": "N(0, t²(½+4α))",
    "2": "N(0, t²(1+4α))",
    "deviation": "N(0, t²(¼+4α)): ½ taken as a deviation",
}
RIGHT = {("1c.i", "0"), ("1c.ii", "1"), ("1c.ii-both", "2")}


def laws(record: Record) -> str:
    """Right and wrong laws of the score difference, with their p-values."""
    rows = [
        (row["draws"], LAWS[row["law"]], "right" if (row["draws"], row["law"]) in RIGHT else "wrong",
         f"{row['t']:g}", f"{row['alpha']:g}", f"{row['distance']:.4f}", f"{row['p']:.2g}")
        for row in record["rows"]
    ]  # fmt: skip
    return f"""\
### Right laws and wrong ones

Kolmogorov–Smirnov tests of log(α_a/α_b), a difference of scores, on {record["samples"]:,} draws each.

{markdown_table(("draws of", "law tested", "it is", "t", "α", "distance", "p-value"), rows)}

Each t has draws of its own: t only scales the score difference, so on the same draws p would not change with it.
"""


def matrices(record: Record) -> str:
    """1e.ii's matrices beside learned ones."""
    rows = [
        (row["matrices"], percent(row["fitted"]), f"{row['error']:.1e}", f"{row['error_on_other_contents']:.1e}",
         f"{row['weight_21']:.3f}", f"{row['weight_13']:.3f}", percent(row["V_off"]))
        for row in record["rows"]
    ]  # fmt: skip
    errors = "fit the inputs to 1 %", "error", "error on other contents"
    head = ("matrices", *errors, "α₂₁", "α₁₃", "V off the hand-built V by")
    return f"""\
### Hand-built matrices and learned ones

{record["starts"]} random starts, {record["steps"]:,} steps of Adam at β = {record["beta"]:g}; medians over the starts.
Errors are over β (the worse of c₁ and c₂ by hand, root mean square where learned). *Other contents* are inputs
u_d + s₁u_b, u_a, u_c + s₃u_b with normal s₁, s₃ of mean 1, of which c₂ should be s₁u_b and c₁ should be s₃u_b − u_c.

{markdown_table(head, rows)}

Gradient descent on the three inputs finds an exact fit that is no look-up: it attends to other places than the
hand-built matrices do, its V makes up for that, and other contents undo it. Trained on varying contents it arrives at
the hand-built answer: the same two weights, and the same V on u_b, u_c and u_d (what V makes of u_a, which nobody
attends to, is free). Some starts get stuck.
"""


def recall(record: Record) -> str:
    """Recall by softmax attention and by the Synthesizer."""
    rows = [
        (row["n"], row["layer"], ", ".join(map(percent, row["right"])), ", ".join(map(str, row["steps"])),
         percent(row["chance"]), percent(row["ceiling"]) if row["layer"] == "Synthesizer" else "–")
        for row in record["rows"]
    ]  # fmt: skip
    head = ("pairs n", "layer", "right (three seeds)", "steps", "chance", "ceiling, proven")
    return f"""\
### (ii) Recall, trained

Width {record["width"]}, batches of {record["batch"]} fresh examples. Training ends after twenty faultless batches in a
row, or after 1,000 steps.

{markdown_table(head, rows)}

The claim's own check trains both layers anew each time, at n = 8.
"""


def width(record: Record) -> str:
    """How wide an MLP over the bag of pairs must be."""
    rows = [
        (row["n"], row["mlp"] or f"> {record['widths'][-1]}", row["mlp_by_hand"], row["softmax"] or "–")
        for row in record["rows"]
    ]
    head = ("pairs and keys n", "MLP over the bag: width found", "MLP by hand", "softmax attention: width found")
    return f"""\
### (iii) How width must grow

The smallest width, among {", ".join(map(str, record["widths"]))}, that answers {percent(record["enough"])} of fresh
questions rightly: one hidden layer over the bag of pairs (best of three starts), and one softmax attention layer with a
linear read-out (best of two). The searches start at n/4 and above log₂ n.

{markdown_table(head, rows)}

The MLP's width grows about as n to the power {record["mlp_exponent"]:.2f}; by hand n units suffice, and log₂ n! bits
must pass through them. Gradient descent thus comes nearer to one unit for each (key, value), n² of them, each asking
"is this key asked for, and is this value beside it?", than to the n that could do. The attention layer's width must
only keep 2n keys and n values apart.
"""


RENDERERS: dict[str, Callable[[Record], str]] = {f.__name__: f for f in (heads, laws, matrices, recall, width)}


def render(results: Path, name: str) -> str:
    """The Markdown of one experiment, with the command and machine it was made by."""
    record = read(results, name)
    return f"{RENDERERS[name](record)}\n{origin(record)}\n"
