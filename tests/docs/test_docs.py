"""Every command and snippet of README.md and docs/ works, on a tiny world."""

from __future__ import annotations

import contextlib
import json
import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from snippets import Reader, blocks, commands, make_desk, make_small

from closedbook.config.registry import REGISTRIES

ROOT = Path(__file__).parents[2]
notebook = runpy.run_path(str(ROOT / "docs" / "notebook.py"))
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"), ROOT / "docs" / "notebook.ipynb"]
)


def markdown(page: Path) -> str:
    """A page's text; a notebook's as the site shows it, without what was printed."""
    text = page.read_text(encoding="utf-8")
    return notebook["to_markdown"](text, outputs=False) if page.suffix == ".ipynb" else text


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        yield


@pytest.fixture(scope="module")
def request_queue(small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_desk(tmp_path_factory.mktemp("docs") / "desk")


@pytest.fixture
def here(request_queue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the desk to work in, whose Python files can be imported; what a page registers is gone after it."""
    folder = tmp_path / "desk"
    shutil.copytree(request_queue, folder)
    monkeypatch.syspath_prepend(folder)
    for kind, parts in REGISTRIES.items():
        monkeypatch.setitem(REGISTRIES, kind, dict(parts))
    with contextlib.chdir(folder):
        yield folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_the_page_says_to_type_works(page: Path, here: Path) -> None:
    troubles = Reader().read(markdown(page))
    assert not troubles, f"{page.relative_to(ROOT)}:\n" + "\n".join(map(str, troubles))


@pytest.mark.parametrize(
    ("beside", "installed"),
    [
        ("../pyproject.toml", "..[plot]"),
        ("closedbook-0.1.0-py3-none-any.whl", "./closedbook-0.1.0-py3-none-any.whl[plot]"),
        ("sample_data", "closedbook[plot]"),
    ],
)
def test_the_notebook_s_first_cell_installs_where_the_package_is_missing(
    beside: str, installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a checkout, from a wheel that was uploaded, from the index; and does nothing where the package is there."""
    cells = json.loads((ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    first = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code"))
    (tmp_path / "content").mkdir()
    monkeypatch.chdir(tmp_path / "content")
    Path(beside).touch()
    typed: list[list[str]] = []
    monkeypatch.setattr("subprocess.check_call", typed.append)
    exec(first, {})
    assert typed == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(first, {})
    assert typed == [[sys.executable, "-m", "pip", "install", "--quiet", installed]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```bash\nclosedbook train fast --document wiki.txt\n```", "--document"),
        ("```bash\nclosedbook trian fast\n```", "train"),
        ("```console\n$ closedbook evaluate runs/mine --questions no.tsv\nright\n```", "no.tsv"),
        ("```\nclosedbook show recipe fst\n```", "fast"),
        ("```bash\nclosedbook list recipes  # exit code 1\n```", "exit code 0, not 1"),
        ("    closedbook ask runs/nobody x", "runs/nobody"),
        ("```bash\nmake demo\n```", "not run: REASON"),
        ("<!-- not run: -->\n```bash\nmake demo\n```", "say why"),
        ("<!-- not run: it serves until stopped -->\n```bash\nclosedbook serve --prot 1\n```", "--prot"),
        ("Type `closedbook evaluate runs/mine --questions q.tsv --question x`.", "--question"),
        ("Type `closedbook evalute runs/mine`.", "evalute"),
        ("```python\nimport closedbook\nclosedbook.lod('runs/mine')\n```", "AttributeError"),
        ("```python\nx = 1\n```\n```python\nassert x == 2\n```", "AssertionError"),
        ("```toml\nname = fast\n```", "TOMLDecodeError"),
    ],
)
def test_a_page_that_tells_something_wrong_fails(text: str, why: str, here: Path) -> None:
    (trouble,) = Reader().read(text)
    assert why in str(trouble)


def test_what_is_typed_is_what_the_page_has() -> None:
    page = "# T\n\n```console\n$ closedbook list \\\n    recipes  # all\nfast\n```\n\n"
    page += "<!-- file: a.py -->\n```python\n1\n```\n"
    shell, python = blocks(page)
    assert list(commands(shell)) == [(4, "closedbook list      recipes  # all")]
    assert (python.file, python.line, python.text) == ("a.py", 11, "1")
