"""Figure and page of the exposure study."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from closedbook.attention.claim_figures import Slide
from closedbook.formatting import interval, markdown_table, percent, plural

HEADLINE = "How often a fact must be read before it is known"


def draw(slide: Slide, record: Mapping[str, Any]) -> None:
    """Accuracy, and bits a fact, against documents of the person: the mean as a line, each seed as a mark."""
    accuracy, bits = slide.panels(2)
    for tone, (relation, points) in enumerate(by_relation(record).items()):
        levels = [point["documents"] for point in points]
        name = relation.replace("_", " ")
        for ax, key, scale in ((accuracy, "by_seed", 100), (bits, "bits_by_seed", 1)):
            means = [scale * statistics.mean(point[key]) for point in points]
            slide.curve(ax, levels, means, tone % 4, label=name)
            for level, point in zip(levels, points, strict=True):
                slide.dots(ax, [level] * len(point[key]), [scale * value for value in point[key]], tone % 4)
        slide.level(bits, points[0]["bits_possible"], f"{name}: all there is to know", left=True, below=tone % 2 == 1)
    accuracy.set_ylim(-2, 102)
    accuracy.set_ylabel("right, % of people never asked about in training")
    bits.set_ylabel("bits a fact")
    for ax in (accuracy, bits):
        ax.set_xscale("log")
        ax.set_xticks(levels, [str(level) for level in levels])
        ax.set_xticks([], minor=True)
        ax.set_xlabel("documents about the person")
    slide.legend(accuracy, "lower right")


def body(record: Mapping[str, Any]) -> str:
    """What was done and what came out, in tables."""
    design, curves, cells = record["design"], record["summary"]["curves"], record["cells"]
    levels = list(dict.fromkeys(point["documents"] for point in curves))
    relations = by_relation(record)
    right, shown, bits = [], [], []
    for relation, points in relations.items():
        name = relation.replace("_", " ")
        right.append([name, *map(_right, points)])
        shown.append([name, *(f"{point['exposures']:.1f} ({point['wordings']:.1f})" for point in points)])
        bits_known = [f"{statistics.mean(point['bits_by_seed']):.2f}" for point in points]
        bits.append([name, f"{points[0]['bits_possible']:.2f}", *bits_known])
    weighed = [
        [entry["seed"], f"{entry['facts']:,}", f"{entry['bits_known']:,.0f} of {entry['bits_possible']:,.0f}",
         f"{entry['parameters']['total']:,} ({entry['parameters']['memory']:,} memory)",
         f"{entry['bits_per_parameter']:.4f}", f"{entry['bits_per_dense_parameter']:.4f}"]
        for entry in record["summary"]["capacity"]
    ]  # fmt: skip
    first = next(iter(cells.values()))
    stages = ", ".join(f"{stage['name']} {stage['steps']:,} steps" for stage in design["recipe"]["stages"])
    count = sum(entry["unsayable"] for entry in record["summary"]["capacity"])
    unsayable = f"\nOf {count:,} facts the network has no output for the answer; they count 0.\n" if count else ""
    heads = [plural(level, "document") for level in levels]
    *most, last = map(str, levels)
    listed = f"{', '.join(most)} or {last}" if most else last
    return f"""\
This page shows how many documents must state a fact before a model can answer for it, and how much of it the network
then holds.

Worlds of {design["people"]:,} invented people, {listed} documents about each by turns, at most
{design["biographies"]} of them worded anew; recipe `{design["recipe"]["name"]}` ({stages}), \
{plural(len(cells), "seed")}, each a world and a
training of its own. Half of the people are asked about in training; the tables but the last are of the others.

## Right answers

All seeds together, with the 95 % Wilson interval.

{markdown_table(["", *heads], right)}

## How often a fact was shown

Training examples in which the answer was asked for with the person's name in view, a fact, and in brackets the
different wordings in which documents state it: means over the same people.

{markdown_table(["", *heads], shown)}

## Bits a fact

What a fact is worth is log₂ of the number of candidates, all equally likely in this world. The network is given that
less its cross-entropy among them; less than 0 is possible for one that is sure and wrong. Mean of the seeds.

{markdown_table(["", "worth", *heads], bits)}

## Bits a parameter

All facts of the world, those asked about in training included. Where the network could hold more than the world has
to tell, this is not its capacity: the share of the bits that is known says how near it comes.
{unsayable}
{markdown_table(["seed", "facts", "bits known", "parameters", "bits a parameter", "a dense parameter"], weighed)}

*`{first["command"]}`, {plural(first["threads"], "thread")}, \
{first["machine"]["system"]} {first["machine"]["processor"]}, torch {first["versions"]["torch"]}, \
commit {first["commit"] or "unknown"}, about {statistics.mean(cell["train_seconds"] for cell in cells.values()):.0f} s \
a cell.*
"""


def by_relation(record: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The points of each relation's curve, fewest documents first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for point in record["summary"]["curves"]:
        groups.setdefault(point["relation"], []).append(point)
    return {relation: sorted(points, key=lambda point: point["documents"]) for relation, points in groups.items()}


def _right(point: dict[str, Any]) -> str:
    return f"{percent(point['accuracy'])} ({interval(point['interval'], lambda end: f'{100 * end:.0f}')})"
