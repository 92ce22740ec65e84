"""Draw results/pretraining.svg: the course's learning rate over its 650 epochs, and the losses of our runs so far.

    python benchmarks/pretraining.py

The rate is the schedule's own, the losses those of results/course-full.json.
"""

from __future__ import annotations

import argparse

from minutes import save
from readme import load

from closedbook.attention.claim_figures import LIGHT, Slide
from closedbook.config.loading import load_recipe
from closedbook.training.schedules import Horizon

DOCUMENTS = 2937  # of wiki.txt


def draw() -> Slide:
    slide = Slide("Pretraining by the course's recipe", LIGHT, size=(9.6, 5.2))
    left, right = slide.panels(2)
    stage = load_recipe("course-vanilla").stages[0]
    assert stage.epochs
    steps = -(-DOCUMENTS // stage.batch)
    horizon = Horizon(stage.epochs * steps, lambda step: step // steps * DOCUMENTS, 128, DOCUMENTS)  # of whole epochs
    schedule = stage.schedule.make("schedule", horizon)
    epochs = list(range(stage.epochs + 1))
    slide.curve(left, epochs, [schedule.multiplier(epoch * steps) for epoch in epochs], 0, "learning rate / 0.006")
    for at, what in ((202, "floor"), (403, "full again"), (605, "floor")):
        slide.note(left, at, 0.14 if what == "floor" else 1.03, what, ha="center")
    left.set_xlabel("epoch")
    left.set_ylabel("fraction of the full rate")
    left.set_ylim(0, 1.1)
    for tone, (name, cell) in enumerate((load("course-full.json") or {"cells": {}})["cells"].items()):
        if curve := cell["stages"]["pretrain"].get("curve"):
            slide.curve(right, [step / steps for step, *_ in curve], [loss for _, loss, _ in curve], tone, name)
    right.set_xlabel("epoch")
    right.set_ylabel("loss, nats a character")
    slide.legend(right, "upper right")
    return slide


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    save("pretraining", draw)
