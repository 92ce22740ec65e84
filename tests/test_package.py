"""What is built from the sources can be installed and is complete."""

from __future__ import annotations

import shutil
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from shell import closedbook as command
from shell import in_a_process, make_tiny
from tiny_base import make_base
from typed_user import use

import closedbook
from closedbook import __version__
from closedbook.data.questions import read_questions
from closedbook.verdicts.verdict import VERDICTS

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist, built from a copy of the sources with what is installed here."""
    for name in ("build", "setuptools"):
        pytest.importorskip(name, reason=f"{name} is not installed; pip install 'closedbook[test]'")
    sources, out = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    leave = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", sources / "src", ignore=leave)
    done = in_a_process("-m", "build", "--no-isolation", "--outdir", out, sources, cwd=out)
    assert done.code == 0, done.err + done.out
    return out


def test_the_wheel_has_every_module_and_every_file_that_is_read_at_run_time(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"closedbook-{__version__}.dist-info/METADATA").decode()
        points = archive.read(f"closedbook-{__version__}.dist-info/entry_points.txt").decode()
    package = ROOT / "src" / "closedbook"
    expected = {
        f"closedbook/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected <= names, sorted(expected - names)
    for name in (
        "config/recipes/fast.toml",
        "web/static/index.html",
        "reporting/templates/run.html",
        "synthetic/world_words.py",
    ):
        assert f"closedbook/{name}" in names
    assert "closedbook/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "benchmarks/"))]
    assert f"Version: {__version__}" in metadata
    assert "closedbook = closedbook.cli:main" in points


def test_the_wheel_works_where_no_sources_are(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    run = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import closedbook.cli as cli; "
        "assert 'site' in cli.__file__, cli.__file__; cli.main(sys.argv[1:])"
    )
    for words in (["--version"], ["list", "mixers"], ["show", "recipe", "fast"], ["attention", "1b"]):
        done = in_a_process("-c", run, tmp_path / "site", *words, cwd=tmp_path)
        assert (done.code, done.err) == (0, ""), done.err


def test_a_user_s_file_that_mypy_checks_also_runs(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    tiny = make_tiny(tmp_path)
    base = make_base(tmp_path / "base", "llama", tiny.documents.read_text(encoding="utf-8").splitlines())
    verdict, accuracy, probed, error = use(tmp_path / "run", tiny.recipe, tiny.documents, tiny.questions, base)
    assert verdict in VERDICTS
    assert 0 <= float(accuracy) <= 1
    assert int(probed) == len(read_questions(tiny.questions))
    assert "nothing" in error


def test_what_is_public_is_what_a_user_s_file_tries() -> None:
    tried = (ROOT / "tests" / "typed_user.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    for name in closedbook.__all__:
        assert f"closedbook.{name}" in tried
        assert f"{name}" in page
    assert set(closedbook.__all__) <= set(dir(closedbook))


def test_the_sdist_builds_the_same_package(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "src/closedbook/config/recipes/fast.toml",
        "src/closedbook/py.typed",
    ):
        assert name in names


def test_the_changelog_speaks_of_this_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_what_we_test_with_holds_for_every_extra() -> None:
    """Each requirement of pyproject.toml but torch is pinned in constraints.txt, so that set-up is repeatable."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["docs"]]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].replace("_", "-") for line in lines if "==" in line}
    assert {name.split(">")[0] for name in wanted} - {"torch"} <= pinned


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_for_a_shell(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    done = command("--install-completion", "--shell", shell, "--output", tmp_path / "completion")
    assert done.code == 0, done.err
    script = (tmp_path / "completion").read_text(encoding="utf-8")
    for word in ("train", "cs224n", "dry-run"):
        assert word in script
