"""The documentation is generated: a page that differs from the claims, or lacks its figure, fails here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from closedbook.attention import CLAIMS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "attention"
sys.path.insert(0, str(ROOT / "docs"))

from claim_pages import main, pages  # noqa: E402


@pytest.fixture(scope="module")
def built():
    return pages(ROOT / "results")


@pytest.mark.parametrize("name", ["index.md", *(f"{id}.md" for id in CLAIMS)])
def test_the_page_is_what_the_claim_says(built, name):
    stored = (DOCS / name).read_text(encoding="utf-8")
    assert stored == built[name], "run: make pages"


@pytest.mark.parametrize("id", CLAIMS)
@pytest.mark.parametrize("theme", ["", "-dark"])
def test_every_page_has_its_figures(id, theme):
    assert (DOCS / "figures" / f"{id}{theme}.svg").stat().st_size > 5000


def test_a_missing_result_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(Exception, match=r"python benchmarks/attention.py claims"):
        main([str(tmp_path / "docs"), "--results", str(tmp_path)])
