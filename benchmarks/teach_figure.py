"""Draw results/teach.svg: people answered right against minutes of teaching, for each way to train a pretrained model.

    python benchmarks/teach_figure.py

The figures are those of results/teach.json that were taught 200 people, by the recipe as it is or by plain training.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from typing import Any

from minutes import save
from readme import load
from teach import WORDINGS

from closedbook.attention.claim_figures import LIGHT, Slide

PEOPLE, PLAIN = 200, ("documents", "questions")
SHOWN = ("names", "documents", "cues, all weights", "cues, LoRA, text")


def points() -> dict[str, list[tuple[float, float, float]]]:
    """Of each way: (minutes, right in the trained wording, right in the others) in percent, by minutes."""
    series = defaultdict(list)
    for cell in (load("teach.json") or {"cells": {}})["cells"].values():
        if cell.get("people") == PEOPLE and not cell["set"] and (cell.get("doubt") or cell["way"] in PLAIN):
            trained, *unseen = (100 * cell[wording]["right"] / cell[wording]["of"] for wording in WORDINGS)
            minutes = cell["this_time"]["cpu_seconds"] / 60
            series[cell["way"]].append((minutes, trained, sum(unseen) / len(unseen)))
    return {way: sorted(series[way]) for way in SHOWN if way in series}


def draw() -> Slide:
    slide = Slide("SmolLM2-135M, taught 200 people", LIGHT, size=(9.6, 5.2))
    panels: list[Any] = slide.panels(2)
    for panel, title, place in zip(panels, ("trained wording", "five wordings never trained"), (1, 2), strict=True):
        for tone, (way, some) in enumerate(points().items()):
            times, right = [point[0] for point in some], [point[place] for point in some]
            slide.curve(panel, times, right, tone, way, marker="o", markersize=7)
        panel.set_title(title)
        panel.set_xlabel("minutes of one core")
        panel.set_ylabel("people answered right, %")
        panel.set_xlim(0, None)
        panel.set_ylim(0, 100)
    slide.legend(panels[0], "center left")
    return slide


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    save("teach", draw)
