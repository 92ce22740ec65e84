"""Two tiny runs, one of characters and one of words, with evaluations; a server of them; a browser; the claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from serving import Served, serving
from shell import Tiny, make_tiny

import closedbook
from closedbook.config.loading import load_recipe
from closedbook.web.run_registry import RunRegistry

SCRIPT = "<script>document.title='broken'</script>"
BREAKER = "</script><img src=x onerror=\"document.title='broken'\">"
WORDS = ["stages.learn.steps=150", "stages.learn.batch=64", "model.width=32", "model.heads=2"]


UNTRAINED = ["stages.pretrain.steps=1", "stages.finetune.steps=1", "stages.finetune.optimiser.rate=1e-6"]  # it babbles


@dataclass(frozen=True)
class Runs:
    """`characters` and `words` in `root`; `known` is a person who was asked about in training."""

    root: Path
    tiny: Tiny
    known: str


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    tiny = make_tiny(tmp_path_factory.mktemp("show"))
    with open(tiny.documents, "a", encoding="utf-8") as file:  # a person whose name is a script
        file.write(f"{SCRIPT}. {SCRIPT} was born in {BREAKER}, in 1900.\n")
    with open(tiny.dev, "a", encoding="utf-8") as file:
        file.write(f"Where was {SCRIPT} born?\t{BREAKER}\n")
    root = tiny.folder / "runs"
    for name, recipe in (("characters", load_recipe(tiny.recipe, UNTRAINED)), ("words", load_recipe("fast", WORDS))):
        closedbook.train(
            recipe, tiny.documents, tiny.questions, dev=tiny.dev, run=root / name, threads=1,
            command=f"closedbook train {name} {SCRIPT}",
        )  # fmt: skip
    question = tiny.questions.read_text(encoding="utf-8").split("\t")[0]
    return Runs(root, tiny, question)


@pytest.fixture(scope="session")
def served(runs: Runs) -> Iterator[Served]:
    with serving(RunRegistry([runs.root / "words"], runs.root)) as up:
        yield up


@pytest.fixture(scope="session")
def claims() -> list[dict[str, Any]]:
    """The ten claims, checked and drawn once for all reports."""
    from closedbook.reporting.html_report import claim_figures

    return claim_figures(lambda what: None)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page; the test fails where its scripts do."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.set_default_timeout(15_000)
    yield opened
    context.close()
    assert errors == []
