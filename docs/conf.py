"""The site: `make docs`. Pages are plain Markdown; what is made for the site alone is made here."""

from __future__ import annotations

import ast
import dataclasses
import html
import importlib
import inspect
import logging
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "src"))

from notebook import to_markdown  # noqa: E402

from closedbook import __version__  # noqa: E402
from closedbook.cli import app as app_of_the_shell  # noqa: E402
from closedbook.config import schema as recipes  # noqa: E402
from closedbook.config.registry import REGISTRIES  # noqa: E402
from closedbook.formatting import marked  # noqa: E402

project, author, copyright = "closedbook", "the closedbook authors", "the closedbook authors"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".ipynb": "markdown"}
exclude_patterns = ["*.py"]
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "drawn"
html_theme = "furo"
html_static_path = ["_static"]
html_favicon = "../src/closedbook/web/static/icon.svg"
html_css_files = ["site.css"]
html_title = f"closedbook {__version__}"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_preserve_defaults = True


def fields_of(cls: type) -> Iterator[tuple[str, str, str, str]]:
    """(field, type, default, comment) of a dataclass, from its source."""
    lines = inspect.getsource(cls).splitlines()
    (node,) = ast.parse(inspect.cleandoc("\n".join(lines))).body
    lines = inspect.cleandoc("\n".join(lines)).splitlines()
    for item in getattr(node, "body", []):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            _, _, comment = lines[item.end_lineno - 1].partition("  # ")
            default = ast.unparse(item.value) if item.value else "must be given"
            if "default_factory" in default:
                default = default.partition("lambda: ")[2].rstrip(")") + ")" if "lambda" in default else "its defaults"
            yield item.target.id, ast.unparse(item.annotation), default, comment


def table(cls: type) -> str:
    rows = [f"| `{name}` | `{kind}` | `{default}` | {said} |".replace(" | None`", "` or none")
            for name, kind, default, said in fields_of(cls)]  # fmt: skip
    return "\n".join(["| field | type | default | |", "|---|---|---|---|", *rows]) if rows else "It has no options."


def recipe_tables() -> str:
    """Every field of a recipe, and every option of what a recipe names."""
    parts = []
    where = {
        "Recipe": "the file itself", "DataRecipe": "[data]", "VocabularyRecipe": "[vocabulary]",
        "ModelRecipe": "[model]", "MemoryRecipe": "[model.memory]", "Stage": "[[stages]]",
        "ObjectiveWeight": "stages.objectives, each", "StopRecipe": "[stages.stop]", "AnswerRecipe": "[answer]",
    }  # fmt: skip
    for name, place in where.items():
        cls = getattr(recipes, name)
        doc = "" if (cls.__doc__ or "").startswith(f"{name}(") else inspect.cleandoc(cls.__doc__ or "")
        parts.append(f"## `{place}`\n\n{doc}\n\n{table(cls)}")
    for kind, registry in REGISTRIES.items():
        for name, path in registry.items():
            module, _, attribute = path.partition(":")
            cls = getattr(importlib.import_module(module), attribute)
            options = table(cls.Config) if dataclasses.is_dataclass(getattr(cls, "Config", None)) else ""
            doc = marked(inspect.cleandoc(cls.__doc__ or "")).replace("*", r"\*")
            parts.append(f"## {kind} `{name}`\n\n{doc}\n\n{options}")
    return "\n\n".join(parts)


def read(app: Any, docname: str, source: list[str]) -> None:
    if docname == "index":  # a page that the index does not name is one more how-to
        named = set(source[0].split())
        others = sorted(name for name in app.env.found_docs if "/" not in name and name not in {*named, "index"})
        source[0] = source[0].replace("\ncourse\n", "\n".join(["\ncourse", *others, ""]))
    elif docname == "notebook":
        source[0] = to_markdown(source[0])
    elif docname == "reference/recipes":
        source[0] = source[0].replace("<!-- tables -->", recipe_tables())
    elif docname == "reference/commands":
        listed = app_of_the_shell.generate_docs(output_format="markdown", heading_level=1).partition("\n## ")
        source[0] = source[0].replace("<!-- commands -->", "## " + listed[2])


def copy_figures(app: Any, error: Exception | None) -> None:
    """Some pages show their figures by HTML of their own, for light and dark; Sphinx copies those of Markdown alone."""
    if error is None and app.builder.format == "html":
        for figure in sorted({*HERE.rglob("*.svg"), *HERE.rglob("*.png")}):
            copy = Path(app.outdir) / figure.relative_to(HERE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(figure, copy)


def make_operable(app: Any, error: Exception | None) -> None:
    """What the theme leaves out for those who use keys or a screen reader: levels of headings, a way to scroll."""
    if error is not None or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = re.sub(r'role="heading"(?! aria-level)', 'role="heading" aria-level="2"', text)
        text = re.sub(r'<(pre|div class="(?:table-wrapper|math)[^"]*")>', r'<\1 tabindex="0">', text)
        page.write_text(text, encoding="utf-8")


def drawn(tex: str, size: float = 10) -> str:
    """A formula as SVG in the colour of the text around it: no script and no font has to be fetched to see it.

    MathML alone would do where the system has a font for mathematics; many have none, and set subscripts on the line.
    """
    from matplotlib import rc_context
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath, text_to_path

    logging.getLogger("matplotlib.mathtext").setLevel(logging.WARNING)  # that it takes another cut of a letter
    text, font = f"${tex}$", FontProperties(size=size)
    with rc_context({"mathtext.fontset": "stix"}):
        width, height, depth = text_to_path.get_text_width_height_descent(text, font, ismath=True)
        path = TextPath((0, 0), text, size=size, prop=font)
    letters = {path.MOVETO: "M", path.LINETO: "L", path.CURVE3: "Q", path.CURVE4: "C", path.CLOSEPOLY: "Z"}
    d = []
    for points, code in path.iter_segments(simplify=False, curves=True):
        numbers = "" if code == path.CLOSEPOLY else " ".join(
            f"{x:.2f} {-y:.2f}" for x, y in points.reshape(-1, 2)
        )  # fmt: skip
        d.append(letters[code] + numbers)
    style = f"width:{width / size:.3f}em;height:{height / size:.3f}em;vertical-align:{-depth / size:.3f}em"
    box = f"0 {depth - height:.2f} {width:.2f} {height:.2f}"
    head = f'<svg class="formula" role="math" aria-label="{html.escape(tex)}" viewBox="{box}" style="{style}">'
    return f'{head}<path d="{"".join(d)}"/></svg>'


def inline_formula(writer: Any, node: nodes.math) -> None:
    """`$…$`, within a sentence."""
    writer.body.append(drawn(node.astext()))
    raise nodes.SkipNode


def formula(writer: Any, node: nodes.math_block) -> None:
    """`$$…$$` on a line of its own, which scrolls where the screen is narrower."""
    writer.body.append(f'<div class="math">{drawn(" ".join(node.astext().split()))}</div>')
    raise nodes.SkipNode


def keep_percents_together(app: Any, doctree: nodes.document, name: str) -> None:
    """No line ends between a number and its percent sign."""
    for text in list(doctree.findall(nodes.Text)):
        if " %" in text and not isinstance(text.parent, (nodes.literal, nodes.literal_block)):
            text.parent.replace(text, nodes.Text(re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)))


def setup(app: Any) -> None:
    app.add_html_math_renderer("drawn", (inline_formula, None), (formula, None))
    app.connect("source-read", read)
    app.connect("doctree-resolved", keep_percents_together)
    app.connect("build-finished", copy_figures)
    app.connect("build-finished", make_operable)
