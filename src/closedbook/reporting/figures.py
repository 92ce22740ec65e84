"""The report's charts: each an <svg> in the page's colours and fonts, which states its figures in its description."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from closedbook.attention.claim_figures import Slide, inline_svg
from closedbook.formatting import percent, spaced

Point = tuple[float, float]
Group = tuple[str, int, int, tuple[float, float]]
"""A group's name, how many are right, of how many, and the interval of that share."""
SMOOTHED = 1 / 80
"""The share of a curve's points, on either side of one, that its mean is taken over."""


def chart(
    title: str, description: str, draw: Callable[[Slide], None], *, width: float = 400, height: float = 260
) -> Markup:
    """A chart `width` by `height` pixels, or as wide as its column."""
    return Markup(inline_svg(title, description, draw, (width, height)))


def lines(title: str, curves: Sequence[tuple[Sequence[Point], int, str]], *, x: str, y: str, **size: float) -> Markup:
    """Curves as (points, tone, "thin" or ""), from zero on."""
    description = "; ".join(
        f"from {points[0][1]:.3g} to {points[-1][1]:.3g}" for points, _, kind in curves if kind != "thin"
    )

    def draw(slide: Slide) -> None:
        (ax,) = slide.panels()
        for points, tone, kind in curves:
            style: dict[str, Any] = {"alpha": 0.35, "linewidth": 0.9} if kind == "thin" else {}
            steps, values = zip(*points, strict=True)
            slide.curve(ax, steps, values, tone, linestyle="-", **style)
        ax.set(xlabel=x, ylabel=y, xlim=(0, max(points[-1][0] for points, *_ in curves)))
        ax.set_ylim(bottom=0)
        with_commas(ax.xaxis, ax.yaxis)

    return chart(title, description, draw, **size)


def with_commas(*axes: Any) -> None:
    """Label thousands as everywhere else."""
    for axis in axes:
        axis.set_major_formatter(lambda value, _: f"{value:g}" if abs(value) < 1000 else spaced(round(value)))


def as_percent(*axes: Any) -> None:
    """Label shares from 0 to 1 in percent."""
    for axis in axes:
        axis.set_major_formatter(lambda share, _: f"{100 * share:g} %")


def unit(ax: Any, x: str, y: str) -> None:
    """Shares against shares."""
    ax.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(0, 1.02))
    as_percent(ax.xaxis, ax.yaxis)


def shares(title: str, groups: Sequence[Group], *, x_label: str = "", overall: float | None = None) -> Markup:
    """Shares of right answers with their intervals, side by side."""
    description = "; ".join(
        f"{name}: {right:,} of {total:,}, {percent(right / total)}" for name, right, total, _ in groups
    )

    def draw(slide: Slide) -> None:
        (ax,) = slide.panels()
        for i, (_, right, total, (low, high)) in enumerate(groups):
            ax.bar(i, right / total, 0.64, color=slide.theme.tones[0], alpha=0.85)
            ax.plot([i, i], [low, high], color=slide.theme.tones[1], linewidth=2)
            high_enough = right / total > 0.12  # else beside the whisker
            place = {"ha": "center", "color": slide.theme.paper} if high_enough else {"ha": "left"}
            slide.note(ax, i if high_enough else i + 0.06, 0.02, spaced(total), **place)
        if overall is not None:
            ax.axhline(overall, color=slide.theme.tones[2], linewidth=1.4, linestyle=(0, (5, 3)))
        ax.set(xlabel=x_label, ylabel="right", ylim=(0, 1.02))
        ax.set_xticks(range(len(groups)), [name for name, *_ in groups])
        ax.set_xlim(-0.6, max(len(groups), 4) - 0.4)  # a single bar is no wall
        ax.grid(False, axis="x")
        as_percent(ax.yaxis)

    return chart(title, description, draw)


def ladder(
    title: str, rows: Sequence[tuple[str, float, tuple[float, float] | None, int]], *, narrow: bool = False
) -> Markup:
    """Accuracies one above another: (name, share, interval, tone). Published ones have no interval.

    Names stand beside the marks, or above them where it is `narrow`.
    """
    description = "; ".join(f"{name}: {percent(share)}" for name, share, *_ in reversed(rows))

    def draw(slide: Slide) -> None:
        (ax,) = slide.panels()
        for y, (name, share, interval, tone) in enumerate(rows):
            colour = slide.theme.tones[tone]
            if interval:
                ax.plot(interval, [y, y], color=colour, linewidth=2)
            ax.plot(share, y, "o", markersize=7, color=colour, markerfacecolor=colour if interval else "none")
            right = max(share, interval[1] if interval else 0) + 0.02
            slide.note(ax, right, y, percent(share), va="center", fontweight="bold" if tone == 1 else "normal")
            if narrow:
                slide.note(ax, 0, y + 0.28, name, fontsize=11)
        ax.set(xlim=(-0.02, 1.14), ylim=(-0.6, len(rows) - 0.2 if narrow else len(rows) - 0.4))
        ax.set_yticks(range(len(rows)), [""] * len(rows) if narrow else [name for name, *_ in rows])
        ax.tick_params(axis="y", length=0, labelsize=12)
        ax.spines["left"].set_visible(False)
        ax.grid(False, axis="y")
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
        as_percent(ax.xaxis)

    size = (400.0, 44.0) if narrow else (940.0, 28.0)
    return chart(title, description, draw, width=size[0], height=size[1] * len(rows) + 40)


def looks(title: str, tokens: Sequence[str], rows: Sequence[tuple[str, Sequence[float] | None, float, str]]) -> Markup:
    """One row per part of a network: where it looked (a share per token), and what its loss does to the answer.

    Each row is (name, shares or None, drop in nats, what would be said instead or "").
    """
    effects = [f"{'−' if drop > 0.0005 else '+' if drop < -0.0005 else ''}{abs(drop):.3f}"
               + (f" → {instead}" if instead else "") for _, _, drop, instead in rows]  # fmt: skip
    description = "; ".join(
        f"{name}: {effect}" + (f", most at {tokens[int(np.argmax(weights))]}" if weights else "")
        for (name, weights, *_), effect in zip(rows, effects, strict=True)
    )
    cell = 22 if len(tokens) > 14 else 46

    def draw(slide: Slide) -> None:
        from matplotlib.colors import to_rgba

        heads, bars = slide.panels(2, widths=(float(cell * len(tokens)), 280.0))
        for y, (_, weights, drop, _) in enumerate(rows):
            shades = [to_rgba(slide.theme.tones[0], max(weight, 0.03)) for weight in weights or ()]
            heads.broken_barh([(j, 0.94) for j in range(len(shades))], (y - 0.45, 0.9), facecolors=shades)
            bars.barh(y, abs(drop), 0.6, color=slide.theme.tones[1 if drop >= 0 else 2])
            slide.note(bars, abs(drop), y, f" {effects[y]}", va="center", fontsize=11)
        heads.set_xticks([j + 0.45 for j in range(len(tokens))], tokens, rotation=45, ha="left", rotation_mode="anchor")
        heads.set_yticks(range(len(rows)), [name for name, *_ in rows])
        heads.xaxis.tick_top()
        heads.set_xlim(0, len(tokens))
        bars.set_yticks([])
        bars.set_xlim(0, 1.9 * max(0.05, *(abs(drop) for _, _, drop, _ in rows)))
        bars.set_xlabel("change of the log-probability, nats")
        for ax in (heads, bars):
            ax.set_ylim(len(rows) - 0.4, -0.6)
            ax.grid(False)
            ax.spines[["left", "bottom"]].set_visible(False)
            ax.tick_params(length=0)

    width, height = cell * len(tokens) + 420, 24 * len(rows) + 60 + 5 * max(map(len, tokens))
    return chart(title, description, draw, width=width, height=height)


def both(draw: Callable[[bool], Markup]) -> Markup:
    """A figure as it is drawn when wide and when narrow; the page's style shows the one that fits."""
    return Markup('<div class="on-wide">{}</div><div class="on-narrow">{}</div>').format(draw(False), draw(True))


def smooth(points: Sequence[Point]) -> list[Point]:
    """The mean over the points around each; near the end, where few follow, the line through them (least squares).

    Near the start, where values fall fast, fewer points count.
    """
    y, index = np.array([y for _, y in points]), np.arange(len(points))
    reach = np.minimum(math.ceil(len(points) * SMOOTHED), index)
    first, last = index - reach, np.minimum(index + reach, len(points) - 1)
    sums, moments = (np.concatenate([[0.0], np.cumsum(values)]) for values in (y, index * y))
    count, centre = last - first + 1, (first + last) / 2
    total = sums[last + 1] - sums[first]
    slope = (moments[last + 1] - moments[first] - centre * total) / np.maximum(count * (count**2 - 1) / 12, 1)
    values = total / count + slope * (index - centre)
    return [(x, float(value)) for (x, _), value in zip(points, values, strict=True)]


def thin(points: Sequence[Point], most: int = 300) -> list[Point]:
    """At most so many points, each the mean of its neighbours."""
    parts = np.array_split(np.array(points), min(most, len(points)))
    return [(float(x), float(y)) for x, y in (part.mean(0) for part in parts)]
