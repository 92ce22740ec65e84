"""Figure and page of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from closedbook.attention.claim_figures import Slide
from closedbook.formatting import interval, markdown_table, percent, points

HEADLINE = "Right answers to training questions kept out"


def label(name: str) -> str:
    """A name as people read it: with a mixer's hash shortened."""
    own, at, sha256 = name.partition("@")
    return f"{own}{at}{sha256[:8]}"


def speed(row: dict[str, Any]) -> str:
    """Tokens a second, where they were counted."""
    return f"{row['tokens_per_second']:,}" if row["tokens_per_second"] else "–"


def draw(slide: Slide, record: Mapping[str, Any]) -> None:
    """A line for each name: its interval, its mean, and every seed as a small mark."""
    (ax,) = slide.panels()
    rows = sorted(record["summary"]["rows"], key=lambda row: row["accuracy"])
    for y, row in enumerate(rows):
        slide.curve(ax, [100 * end for end in row["interval"]], [y, y], 0, linewidth=1.6, linestyle="-")
        slide.dots(ax, [100 * row["accuracy"]], [y], 0, markersize=9)
        slide.dots(ax, [100 * value for value in row["by_seed"].values()], [y + 0.2] * len(row["by_seed"]), 1)
    ax.set_yticks(range(len(rows)), [label(row["name"]) for row in rows])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlim(left=0)
    ax.set_xlabel("right, %: mean with the 95 % interval of its questions; above it every seed")


def comparison_table(record: Mapping[str, Any]) -> str:
    """Every name with what it costs and gains, the most right answers first."""
    summary = record["summary"]
    reference = summary["reference"]
    headings = ["", "right", "95 % interval", f"against {reference}, paired", "sd over seeds", "loss", "tokens/s"]
    rows = []
    for row in sorted(summary["rows"], key=lambda row: -row["accuracy"]):
        apart = row.get("difference")
        gap = f"{points(apart['mean'])} ({interval(apart['interval'], points)})" if apart else "–"
        spread = row["spread_over_seeds"]
        parameters = row["parameters"]
        memory = f" (+ {parameters['memory']:,} memory)" if parameters["memory"] else ""
        losses = ", ".join(f"{stage} {loss:.3f}" for stage, loss in row["loss"].items())
        rows.append(
            [label(row["name"]), percent(row["accuracy"]), interval(row["interval"], lambda end: f"{100 * end:.1f}"),
             gap, "–" if spread is None else f"{100 * spread:.1f}", losses, speed(row),
             f"{row['model']['layers']} × {row['model']['width']}", f"{parameters['dense']:,}{memory}"]
        )  # fmt: skip
    return markdown_table([*headings, "layers × width", "parameters"], rows)


def body(record: Mapping[str, Any]) -> str:
    """What was compared, and the table."""
    budget, some = record["budget"], record["summary"]["rows"][0]
    lengths = [cell["steps"].items() for cell in record["cells"].values()]
    steps = "; or ".join(dict.fromkeys(", ".join(f"{n:,} of {stage}" for stage, n in each) for each in lengths))
    matching = record["design"].get("match", "width")
    alike = "as wide as brings them nearest softmax attention's parameters" if matching != "width" else "as wide"
    return f"""\
{comparison_table(record)}

Base recipe {record["design"]["base"]["name"]}, as deep with each mechanism and {alike}. A budget of
{budget["minutes"]:g} minutes became steps once, by timing {budget["timed"]["name"]} on {budget["timed"]["threads"]}
thread(s): {steps}. {some["questions"]} training questions, kept out by a hash of the person's name, were answered by
every cell. The interval is Wilson's for these questions; the paired difference, in points, has a bootstrap interval
over seeds and questions; with one seed no interval says anything about other seeds. Loss: the mean of each stage's last
tenth, in nats per target. Tokens a second are of the processor's time in training: with one thread, what a clock would
show on a machine with nothing else to do.
"""
