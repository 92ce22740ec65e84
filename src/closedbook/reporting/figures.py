"""Figures of the report as SVG in words: coloured by the page's style, so that they follow light, dark and print.

All text is escaped by `Markup.format`; what comes out is marked as safe to put into a page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup

Point = tuple[float, float]


def nice(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers from `low` to `high`."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(k * power for k in (1, 2, 5, 10) if k * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A tick's label."""
    return f"{value:,.0f}".replace(",", "\u2009") if abs(value) >= 1000 else f"{value:g}"


def percent(value: float) -> str:
    return f"{100 * value:g} %"


class Plot:
    """A chart of `width` by `height` pixels, drawn in data coordinates; the classes `tone0` to `tone3` colour it."""

    def __init__(
        self,
        label: str,
        x: Point,
        y: Point,
        *,
        width: int = 460,
        height: int = 270,
        left: int = 54,
        x_label: str = "",
        y_label: str = "",
        x_show: Callable[[float], str] | None = short,
        y_show: Callable[[float], str] | None = short,
    ) -> None:
        self.width, self.height, self.x, self.y, self.label = width, height, x, y, label
        self.left, self.right, self.top, self.bottom = left, width - 12, 10, height - (42 if x_label else 24)
        self.parts: list[Markup] = []
        for value in nice(*y) if y_show else ():
            at = self.py(value)
            self._add('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>', self.left, self.right, at, at)
            self.words(self.left - 7, at + 4, y_show(value) if y_show else "", "end", "faint")
        for value in nice(*x) if x_show else ():
            self.words(self.px(value), self.bottom + 17, x_show(value) if x_show else "", "middle", "faint")
        self._add(
            '<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>', self.left, self.right, self.bottom, self.bottom
        )
        if x_label:
            self.words((self.left + self.right) / 2, height - 5, x_label, "middle", "faint")
        if y_label:
            middle = (self.top + self.bottom) / 2
            turned = f"rotate(-90 12 {middle:.1f})"
            self._add(
                '<text class="faint" text-anchor="middle" x="12" y="{}" transform="{}">{}</text>',
                middle,
                turned,
                y_label,
            )

    def px(self, x: float) -> float:
        low, high = self.x
        return self.left + (x - low) / ((high - low) or 1) * (self.right - self.left)

    def py(self, y: float) -> float:
        low, high = self.y
        return self.bottom - (y - low) / ((high - low) or 1) * (self.bottom - self.top)

    def _add(self, template: str, *values: object) -> None:
        self.parts.append(shape(template, *values))

    def words(self, x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> None:
        """Text at a place in pixels."""
        self._add('<text x="{}" y="{}" text-anchor="{}" class="{}">{}</text>', float(x), float(y), anchor, kind, text)

    def line(self, points: Iterable[Point], tone: int, kind: str = "") -> None:
        """A curve; `kind` may be thin, dashed or both."""
        path = "".join(
            f"{'M' if not i else 'L'}{self.px(x):.1f} {self.py(y):.1f}"
            for i, (x, y) in enumerate(p for p in points if math.isfinite(p[1]))
        )
        self._add('<path class="curve tone{} {}" d="{}"/>', tone, kind, path)

    def dot(self, x: float, y: float, tone: int, size: float = 4.5, title: str = "") -> None:
        inner = Markup("<title>{}</title>").format(title) if title else ""
        self._add(
            '<circle class="dot tone{}" cx="{}" cy="{}" r="{}">{}</circle>', tone, self.px(x), self.py(y), size, inner
        )

    def whisker(self, x: float, low: float, high: float, tone: int) -> None:
        """An interval, upright."""
        at = self.px(x)
        self._add(
            '<line class="whisker tone{}" x1="{}" x2="{}" y1="{}" y2="{}"/>', tone, at, at, self.py(low), self.py(high)
        )

    def bar(
        self, x0: float, x1: float, y0: float, y1: float, tone: int, strength: float = 1.0, title: str = ""
    ) -> None:
        """A rectangle between two corners."""
        left, right = sorted((self.px(x0), self.px(x1)))
        top, bottom = sorted((self.py(y0), self.py(y1)))
        inner = Markup("<title>{}</title>").format(title) if title else ""
        self._add(
            '<rect class="bar tone{}" x="{}" y="{}" width="{}" height="{}" opacity="{}">{}</rect>',
            tone, left, top, max(right - left, 0.5), max(bottom - top, 0.3), f"{strength:.3f}", inner,
        )  # fmt: skip

    def svg(self) -> Markup:
        return picture(self.width, self.height, self.label, self.parts)


def shares(
    label: str,
    groups: Sequence[tuple[str, int, int, tuple[float, float]]],
    *,
    x_label: str = "",
    overall: float | None = None,
) -> Markup:
    """Shares with their intervals, side by side: (name, right, of, interval) each."""
    plot = Plot(
        label, (0, len(groups)), (0, 1), x_label=x_label, y_label="right", x_show=None, y_show=percent, height=280,
    )  # fmt: skip
    for i, (name, right, total, (low, high)) in enumerate(groups):
        share = right / total
        plot.bar(i + 0.18, i + 0.82, 0, share, 0, 0.85, f"{name}: {right} of {total}, {100 * share:.1f} %")
        plot.whisker(i + 0.5, low, high, 1)
        plot.words(plot.px(i + 0.5), plot.bottom + 16, name, "middle", "faint")
        inside = share > 0.1
        top = plot.bottom - 6 if inside else plot.py(high) - 5
        plot.words(plot.px(i + 0.5), top, f"{total}", "middle", "inside" if inside else "faint")
    if overall is not None:
        plot.line([(0, overall), (len(groups), overall)], 2, "dashed")
    return plot.svg()


def ladder(
    label: str, rows: Sequence[tuple[str, float, tuple[float, float] | None, int]], *, narrow: bool = False
) -> Markup:
    """Accuracies one below another: (name, share, interval, tone). Published ones have no interval.

    Names stand beside the marks, or above them where it is `narrow`.
    """
    step, width, names = (44, 400, 8) if narrow else (30, 940, 430)
    high = len(rows) * step + 34
    parts = []

    def at(share: float) -> float:
        return names + share * (width - names - 74)

    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(shape('<line class="grid" x1="{0}" x2="{0}" y1="4" y2="{1}"/>', at(share), high - 26))
        text = '<text class="faint" x="{}" y="{}" text-anchor="middle">{}</text>'
        parts.append(shape(text, at(share), high - 8, percent(share)))
    for i, (name, share, interval, tone) in enumerate(rows):
        y = (30 if narrow else 18) + i * step
        place = (0, y - 14, "start") if narrow else (names - 14, y + 4, "end")
        parts.append(shape('<text x="{}" y="{}" text-anchor="{}">{}</text>', *place, name))
        if interval:
            line = '<line class="whisker tone{0}" x1="{1}" x2="{2}" y1="{3}" y2="{3}"/>'
            parts.append(shape(line, tone, at(interval[0]), at(interval[1]), y))
        mark = '<circle class="dot tone{}{}" cx="{}" cy="{}" r="{}"/>'
        parts.append(shape(mark, tone, "" if interval else " hollow", at(share), y, 6 if tone == 1 else 4.8))
        right = at(max(share, interval[1] if interval else 0)) + 12
        kind = "strong" if tone == 1 else "faint"
        parts.append(shape('<text class="{}" x="{}" y="{}">{}</text>', kind, right, y + 4, f"{100 * share:.1f} %"))
    return picture(width, high, label, parts)


def looks(label: str, tokens: Sequence[str], rows: Sequence[tuple[str, Sequence[float] | None, float, str]]) -> Markup:
    """One row per part of a network: where it looked (a share per token), and what its loss does to the answer.

    Each row is (name, shares or None, drop in nats, what would be said instead or "").
    """
    cell, names, effects, gap, step = (22 if len(tokens) > 14 else 46), 118, 190, 26, 23
    head = 22 + 4 * max(map(len, tokens))
    start = names + cell * len(tokens) + gap
    most = max(0.05, *(abs(drop) for _, _, drop, _ in rows))
    parts = []
    for i, token in enumerate(tokens):
        x, y = names + cell * (i + 0.5), head - 6
        text = '<text x="{0}" y="{1}" class="faint" transform="rotate(-38 {0} {1})">{2}</text>'
        parts.append(shape(text, x, y, token))
    for i, (name, weights, drop, instead) in enumerate(rows):
        y = head + i * step
        parts.append(shape('<text x="{}" y="{}" text-anchor="end">{}</text>', names - 8, y + 15, name))
        for j, weight in enumerate(weights or ()):
            box = '<rect class="bar tone0" x="{}" y="{}" width="{}" height="{}" opacity="{}"><title>{}</title></rect>'
            strength, title = f"{max(weight, 0.03):.3f}", f"{tokens[j]}: {100 * weight:.0f} %"
            parts.append(shape(box, names + cell * j, y, cell - 2, step - 3, strength, title))
        long = abs(drop) / most * (effects - 70)
        box = '<rect class="bar tone{}" x="{}" y="{}" width="{}" height="{}"/>'
        parts.append(shape(box, 1 if drop >= 0 else 2, start, y + 3, max(long, 0.6), step - 9))
        sign = "−" if drop > 0.0005 else "+" if drop < -0.0005 else ""
        said = f"{sign}{abs(drop):.3f}" + (f" → {instead}" if instead else "")
        parts.append(shape('<text x="{}" y="{}" class="faint">{}</text>', start + long + 6, y + 15, said))
    return picture(start + effects + 90, head + step * len(rows) + 8, label, parts)


def shape(template: str, *values: object) -> Markup:
    """An element with its values put in, escaped; floats get one digit."""
    return Markup(template).format(*(f"{value:.1f}" if isinstance(value, float) else value for value in values))


def both(wide: Markup, narrow: Markup) -> Markup:
    """Two drawings of one figure, of which the page's style shows the one that fits."""
    return shape('<div class="on-wide">{}</div><div class="on-narrow">{}</div>', wide, narrow)


def picture(width: float, height: float, label: str, parts: Iterable[Markup]) -> Markup:
    """A whole SVG, named for those who cannot see it."""
    inside = Markup("").join(parts)
    return shape('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', width, height, label, inside)


def smooth(points: Sequence[Point], share: float = 1 / 80) -> list[Point]:
    """The mean over the points around each, fewer towards the ends."""
    sums = [0.0]
    for _, y in points:
        sums.append(sums[-1] + y)
    made = []
    for i, (x, _) in enumerate(points):
        reach = min(math.ceil(len(points) * share), i, len(points) - 1 - i)
        made.append((x, (sums[i + reach + 1] - sums[i - reach]) / (2 * reach + 1)))
    return made


def thin(points: Sequence[Point], most: int = 300) -> list[Point]:
    """At most so many points, each the mean of its neighbours."""
    if len(points) <= most:
        return list(points)
    edges = [len(points) * i // most for i in range(most + 1)]
    return [
        (sum(x for x, _ in points[i:j]) / (j - i), sum(y for _, y in points[i:j]) / (j - i)) for i, j in pairwise(edges)
    ]
