"""Draw results/minutes.svg: right answers of the 500 dev questions against minutes of training, ours and others'.

    python benchmarks/minutes.py

Ours are results/accuracy-*.json, a mark for each seed; the public models are those of benchmarks/leaderboard.toml whose
minutes are known. One file serves light and dark pages: its colours follow the reader's setting.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from readme import ASKED, ROOT, load, public_rows

from closedbook.attention.claim_figures import DARK, LIGHT, Slide, Theme, svg
from closedbook.runs.folder import write_atomically

NAMES = {"fast": "fast", "fast-all": "fast, all titles trained", "fast-small": "fast-small"}
ROTARY, SOFTMAX, UNTRAINED = 202, 120, 9  # right answers of the public rows that are named in the picture


def draw() -> Slide:
    slide = Slide("Right answers against minutes of training", LIGHT, size=(9.6, 5.2))
    (ax,) = slide.panels()
    for tone, name in enumerate(NAMES):
        if data := load(f"accuracy-{name}.json"):
            cells = data["cells"].values()
            minutes = [cell["wall_seconds"] / 60 for cell in cells]
            slide.dots(ax, minutes, [100 * cell["accuracy"] for cell in cells], tone, f"{NAMES[name]}, CPU")
    others = [row for row in public_rows() if "minutes" in row]
    right = [100 * row["correct"] / ASKED for row in others]
    slide.dots(ax, [row["minutes"] for row in others], right, 3, "public models, GPU (T4)", marker="X", markersize=9)
    if course := load("course-unpretrained.json"):
        for cell in course["cells"].values():
            spent = sum(cell["seconds"].values()) / 60
            mark = {"marker": "P", "markersize": 9}
            slide.dots(ax, [spent], [100 * cell["accuracy"]], 3, "the course's recipe here, CPU", **mark)
            slide.note(ax, 1.1 * spent, 100 * cell["accuracy"] - 1, "no pretraining", va="center")
    for row in others:
        what = {ROTARY: "rotary positions", SOFTMAX: "softmax attention", UNTRAINED: "no pretraining"}
        if row["correct"] in what:
            at = (1.1 * row["minutes"], 100 * row["correct"] / ASKED)
            slide.note(ax, *at, what[row["correct"]], va="center")
    read = {one["name"]: 100 * one["accuracy"] for one in (load("readers.json") or {"dev": []})["dev"]}
    slide.level(ax, read["learned-reader"], "open book: a trained reader", left=True)
    slide.level(ax, read["constant"], "always “London”", left=True)
    ax.set_xscale("log")
    ax.set_xlim(1, 120)
    ax.set_ylim(-2, 102)
    ticks = (1, 2, 5, 10, 20, 50, 100)
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_xlabel("minutes of training")
    ax.set_ylabel("right of 500 dev questions, %")
    slide.legend(ax, "center left")
    return slide


def following_the_reader(drawing: str) -> str:
    """The drawing with each colour of the light theme as a variable, which a dark page sets to the dark theme's."""
    pairs = dict(zip(colours(LIGHT), colours(DARK), strict=True))
    for number, light in enumerate(pairs):
        drawing = drawing.replace(light, f"var(--c{number}, {light})")
    dark = "; ".join(f"--c{number}: {colour}" for number, colour in enumerate(pairs.values()))
    style = f"<style>@media (prefers-color-scheme: dark) {{ svg {{ {dark} }} }}</style>"
    return drawing.replace("<defs>", f"{style}\n <defs>", 1)


def colours(theme: Theme) -> tuple[str, ...]:
    return (theme.paper, theme.ink, theme.faint, *theme.tones)


def save(name: str, draw: Callable[[], Slide]) -> None:
    """Write results/NAME.svg."""
    drawing = svg(name, lambda slide: None, draw).decode()
    write_atomically(ROOT / "results" / f"{name}.svg", following_the_reader(drawing).encode())


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    save("minutes", draw)
