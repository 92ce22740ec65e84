"""The style of every chart: slides (claims), pages (studies), and charts inside a report.

Curves differ in lightness, dash and marker, never in hue alone. matplotlib is imported when a figure is drawn.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook.attention.claim import Claim, Settings
from closedbook.environment import require_packages
from closedbook.errors import ClaimError


@dataclass(frozen=True)
class Theme:
    """Colours of a slide, all different: `tones` in order of use, each of another lightness."""

    name: str
    paper: str
    ink: str
    faint: str
    tones: tuple[str, str, str, str]

    @property
    def colours(self) -> tuple[str, ...]:
        return self.paper, self.ink, self.faint, *self.tones


LIGHT = Theme("light", "#ffffff", "#1d2330", "#cfd4dc", ("#12355b", "#c8553d", "#e0a100", "#7f8c9a"))
DARK = Theme("dark", "#14181f", "#eceff4", "#3a4250", ("#f4f1de", "#f2845c", "#5aa9e6", "#8792a2"))
PAGE = Theme("page", "#fbfaf6", "#1d2330", "#dcd9d0", ("#12355b", "#b8452f", "#d99a00", "#7f8c9a"))
VARIABLES = {
    PAGE.paper: "paper", PAGE.ink: "ink", PAGE.faint: "line", **{tone: f"tone{i}" for i, tone in enumerate(PAGE.tones)}
}  # fmt: skip
"""Colours of PAGE, each with the variable of the page's style that it stands for."""
DASHES = ("-", (0, (5, 2)), (0, (1.2, 1.4)), (0, (6, 2, 1.2, 2)))
MARKERS = ("o", "s", "^", "D")


class Slide:
    """A figure with a headline in one theme. Claims and studies draw on it; it does the styling."""

    def __init__(
        self, headline: str, theme: Theme, size: tuple[float, float] = (9.6, 5.4), text: float | int = 13
    ) -> None:
        """`size` is in inches, `text` the size of the axes' names in points. No headline: an empty one."""
        from matplotlib.figure import Figure

        self.theme, self.text = theme, text
        self.figure = Figure(figsize=size, facecolor=theme.paper, layout="constrained")
        if headline:
            self.figure.suptitle(headline, x=0.015, ha="left", color=theme.ink, fontsize=17, fontweight="bold")

    def panels(self, count: int = 1, widths: Sequence[float] | None = None, stacked: bool = False) -> list[Any]:
        """`count` axes side by side, or one below another with the same x."""
        if stacked:
            grid = self.figure.subplots(count, 1, squeeze=False, sharex=True)[:, 0]
        else:
            grid = self.figure.subplots(1, count, squeeze=False, width_ratios=widths)[0]
        for ax in grid:
            self._style(ax)
        return list(grid)

    def _style(self, ax: Any) -> None:
        ax.set_facecolor(self.theme.paper)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(self.theme.ink)
        ax.tick_params(colors=self.theme.ink, labelsize=self.text - 2, which="both")
        for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
            text.set(color=self.theme.ink, fontsize=self.text)
        ax.grid(color=self.theme.faint, linewidth=0.6, alpha=0.6)
        ax.set_axisbelow(True)

    def curve(self, ax: Any, x: Any, y: Any, tone: int, label: str | None = None, **style: Any) -> None:
        """A closed form: a line, dashed by its tone."""
        style = {"linewidth": 2.4, "linestyle": DASHES[tone], **style}
        ax.plot(x, y, color=self.theme.tones[tone], label=label, **style)

    def dots(self, ax: Any, x: Any, y: Any, tone: int, label: str | None = None, **style: Any) -> None:
        """Measurements: marks without a line."""
        edge = {"markeredgecolor": self.theme.paper, "markeredgewidth": 0.7}
        style = {"markersize": 6.5, "marker": MARKERS[tone], "linestyle": "none", **edge, **style}
        ax.plot(x, y, color=self.theme.tones[tone], label=label, **style)

    def bars(self, ax: Any, sample: Any, edges: Any, tone: int, label: str | None = None) -> None:
        """A histogram as a density, filled lightly and outlined in its tone."""
        colour = self.theme.tones[tone]
        ax.hist(sample, bins=edges, density=True, color=colour, alpha=0.25)
        ax.hist(sample, bins=edges, density=True, histtype="step", color=colour, linewidth=1.4, label=label)

    def level(self, ax: Any, y: float | int, label: str, below: bool = False, left: bool = False) -> None:
        """A horizontal line, named above it at its right end, or below, or at its left."""
        ax.axhline(y, color=self.theme.ink, linewidth=1.1, linestyle=(0, (2, 2)))
        place = {"xy": (0.01 if left else 0.99, y), "xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
        lean = {"ha": "left" if left else "right", "va": "top" if below else "bottom"}
        ax.annotate(label, **place, xytext=(0, -8 if below else 3), color=self.theme.ink, fontsize=11, **lean)

    def shade(self, share: float) -> tuple[str, float]:
        """The ink, so much of it that 0 is paper and 1 is ink: for areas that stand for a number."""
        return self.theme.ink, share

    def note(self, ax: Any, x: float | int, y: float | int, text: str, **style: Any) -> None:
        """Text beside the data, in data coordinates."""
        ax.text(x, y, text, **{"color": self.theme.ink, "fontsize": 11.5, **style})

    def typeset(self) -> None:
        """Typeset all text of the slide; call it when the slide is complete."""
        from matplotlib.text import Text

        for text in self.figure.findobj(Text):
            text.set_text(typeset(text.get_text()))

    def legend(self, ax: Any, where: str = "best", **style: Any) -> None:
        """The names of the curves."""
        box = {"facecolor": self.theme.paper, "edgecolor": "none", "framealpha": 0.85}
        ax.legend(loc=where, labelcolor=self.theme.ink, **{"fontsize": 11, **box, **style})


def typeset(text: str) -> str:
    """α_a and e^(β²) as matplotlib's mathematics, with real subscripts and exponents."""
    if "$" in text:
        return text
    text = re.sub(r"(\w)_([a-z])", r"$\1_\2$", text)
    return re.sub(r"e\^(?:\(([^()]*)\)|(\w))", lambda m: f"$e^{{{m[1] or m[2]}}}$", text)


@contextmanager
def drawing(salt: str, **settings: Any) -> Iterator[None]:
    """matplotlib's settings while drawing and saving; with one `salt` they make the same file every time.

    Raises RunError where matplotlib is not installed.
    """
    require_packages("a figure", "matplotlib", extra="plot")
    import matplotlib

    fixed: Any = {"font.family": "DejaVu Sans", "mathtext.default": "regular", "svg.hashsalt": salt, **settings}
    with matplotlib.rc_context(fixed):
        yield


def svg(salt: str, draw: Callable[[Slide], None], make: Callable[[], Slide], **settings: Any) -> bytes:
    """The slide that `make` returns, after `draw`, as SVG: the same bytes every time."""
    out = io.BytesIO()
    with drawing(salt, **settings):
        draw(slide := make())
        slide.figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def recoloured(svg: str, before: Theme, after: Theme) -> str:
    """A drawing in another theme, without drawing it again."""
    colours = dict(zip(before.colours, after.colours, strict=True))
    return re.sub("|".join(colours), lambda match: colours[match[0]], svg)


def inline_svg(
    title: str, description: str, draw: Callable[[Slide], None], size: tuple[float | int, float | int]
) -> str:
    """A chart as an <svg> to stand in a page's HTML, `size` wide and high in pixels of a page.

    Its colours are the page's CSS variables, so that one drawing serves light, dark and print. Its text is set in the
    page's font, never as mathematics. Screen readers read `title` and `description`.
    """
    from html import escape

    def make() -> Slide:
        return Slide("", PAGE, (size[0] / 72, size[1] / 72), 12)

    settings = {"svg.fonttype": "none", "text.parse_math": False}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the page's font has it, or the system's
        text = svg(f"{title} {description} {size}", draw, make, **settings).decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>", "", text, flags=re.DOTALL)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    text = text.replace("font-family: 'DejaVu Sans'", "font-family: var(--sans)")
    text = re.sub(r"\s*\n\s*", " ", text.replace("<g/>", ""))
    used = set(re.findall(r"#([\w.]+)", text))  # other ids could clash with another chart's
    text = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", text)
    head, _, body = text.partition(">")
    head = re.sub(r' (width|height|version|xmlns\S*)="[^"]*"', "", head)
    return (
        f'{head} role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>'
        f"<desc>{escape(description)}</desc>{body}"
    )


def save(
    claim: Claim, settings: Settings, directory: Path, themes: Iterable[Theme] = (LIGHT, DARK), png: bool = True
) -> list[Path]:
    """Write ID.svg and ID.png, and the dark ID-dark.svg and ID-dark.png, into `directory`; returns their paths.

    Raises RunError where matplotlib is missing, ClaimError where the directory cannot be written.
    """
    written = []
    with drawing(claim.id):
        for theme in themes:
            slide = Slide(claim.title, theme)
            claim.draw(slide, settings)
            slide.typeset()
            stem = claim.id if theme is LIGHT else f"{claim.id}-{theme.name}"
            for kind in ("svg", "png") if png else ("svg",):
                path = directory / f"{stem}.{kind}"
                options = {"metadata": {"Date": None}} if kind == "svg" else {"dpi": 150}
                try:
                    directory.mkdir(parents=True, exist_ok=True)
                    slide.figure.savefig(path, **options)
                except OSError as error:
                    message = f"cannot write {path}: {error.strerror}; give another --figures folder"
                    raise ClaimError(message) from error
                written.append(path)
    return written
