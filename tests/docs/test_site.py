"""The site builds, without a warning and without a network, and shows what is made for it alone."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from shell import in_a_process

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(name, reason=f"{name} is not installed; pip install 'closedbook[docs]'")
    out = tmp_path_factory.mktemp("site").resolve()
    done = in_a_process("-m", "sphinx", "-W", "--keep-going", "-q", "-d", out / "doctrees", ROOT / "docs", out / "html")
    assert done.code == 0, done.err
    return out / "html"


def text(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def test_every_page_is_there_and_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        built = site / page.relative_to(ROOT / "docs").with_suffix(".html")
        assert built.is_file(), page
        fetched = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(?:https?:)?//[^"]+', built.read_text("utf-8"))
        assert not fetched, fetched
    assert (site / "attention" / "figures" / "1a.svg").is_file()


class Page(HTMLParser):
    """What a page points at (images, in light and dark, styles, scripts, links), and the anchors that it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("src", "href") and value:
                self.targets.append(value)
            elif name == "srcset" and value:
                self.targets += [one.split()[0] for one in value.split(",")]


def test_every_image_and_link_of_the_site_leads_somewhere(site: Path) -> None:
    pages = {page: Page(page) for page in site.rglob("*.html") if "_modules" not in page.parts}
    broken = []
    for path, page in pages.items():
        for target in page.targets:
            url = urlsplit(target)
            if url.scheme or url.netloc:
                continue  # another site, a picture within the page, a mail address
            to = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not to.is_file():
                broken.append(f"{path.relative_to(site)}: {target}")
            elif url.fragment and to in pages and unquote(url.fragment) not in pages[to].anchors:
                broken.append(f"{path.relative_to(site)}: {target} (no such place on the page)")
    assert len(pages) > 30
    assert not broken, "\n".join(sorted(set(broken)))


def test_no_page_is_wider_than_the_screen(site: Path, browser: Any) -> None:
    page = browser.new_page()
    for path in sorted(path for path in site.rglob("*.html") if "_modules" not in path.parts):
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        for width in (1280, 375):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
    page.close()


def test_what_scrolls_can_be_scrolled_by_keys_and_headings_have_levels(site: Path) -> None:
    for name in ("index", "verdict", "design"):
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        assert not re.search(r'<pre>|class="(?:table-wrapper|math)[^"]*">|role="heading"(?! aria-level)', page), name


def test_formulas_are_typeset_without_a_script(site: Path) -> None:
    page = (site / "design.html").read_text(encoding="utf-8")
    assert page.count('<svg class="formula" role="math"') >= 10
    assert "$" not in re.sub(r"<[^>]+>", "", page)


def test_no_formula_stands_as_it_is_typed(site: Path) -> None:
    """Beside code, exponents, roots of names and subscripts are set, not spelled."""
    raw = re.compile(r"[^\s^]\^|√\w_|∝ \w\^")
    for page in site.rglob("*.html"):
        prose = re.sub(r"<(script|style|code|pre|svg)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not (found := raw.search(html.unescape(re.sub(r"<[^>]+>", "", prose)))), (page.name, found)


def test_the_reference_has_every_command_every_field_and_the_docstrings(site: Path) -> None:
    from closedbook.cli import COMMANDS
    from closedbook.config.registry import REGISTRIES

    commands, recipes = text(site / "reference" / "commands.html"), text(site / "reference" / "recipes.html")
    for name in COMMANDS:
        assert f"closedbook {name}" in commands, name
    for option in ("--dry-run", "--eval_corpus_path", "--precision", "Read and check every input"):
        assert option in commands
    for kind, registry in REGISTRIES.items():
        for name, path in registry.items():
            if path.startswith("closedbook."):  # others are pages' examples
                assert f"{kind} {name}" in recipes, name
    for field in ("held_out", "table_rate", "outputs drawn to stand for all others in the loss"):
        assert field in recipes
    assert "Train a recipe on documents and questions" in text(site / "reference" / "python.html")


def test_the_notebook_is_shown_with_what_it_printed_and_drew(site: Path) -> None:
    page = (site / "notebook.html").read_text(encoding="utf-8")
    assert "data:image/png;base64" in page or "_images" in page
    assert "right" in text(site / "notebook.html")


def test_a_warning_fails_the_build(site: Path, tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text('extensions = ["myst_parser"]\n', encoding="utf-8")
    (tmp_path / "index.md").write_text("# Title\n\n[gone](nowhere.md)\n", encoding="utf-8")
    done = in_a_process("-m", "sphinx", "-W", "-q", tmp_path, tmp_path / "out")
    assert done.code != 0
    assert "nowhere" in done.err
