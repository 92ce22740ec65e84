"""Shape contracts are enforced in the tests of the network and of attention: beartype checks jaxtyping's annotations on
every call. The other tests train and ask the same code, and would take a quarter longer.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: waiting threads leave the cores to other tests
if "PYTEST_XDIST_WORKER" in os.environ:  # there is a worker for each core already
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import jaxtyping
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from shell import Tiny

# A job started in a shell's background ignores Ctrl-C, and its children inherit that: the tests that send one would
# wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):  # and under nohup they would ignore this one
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

jaxtyping.install_import_hook(["closedbook.attention", "closedbook.model"], "beartype.beartype")
CHECKED = {"attention", "inference", "living", "model"}  # the folders whose tests hold every call to its shapes
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# The slowest files, first: where files are dealt out to processes, none should begin one of these when the others end.
SLOWEST = (
    "web/test_page.py", "docs/test_docs.py", "training/test_distributed.py", "web/test_report.py",
    "course/test_check.py", "web/test_server.py", "model/test_generate.py", "training/test_trainer.py",
    "cli/test_cs224n.py", "living/test_living_memory.py", "export/test_export.py", "training/test_devices.py",
    "studies/test_answer_studies.py", "test_teach.py", "attention/test_attention_claims.py", "test_crashes.py",
    "docs/test_site.py", "living/test_taught_living.py", "studies/test_compare.py", "cli/test_train.py",
)  # fmt: skip


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).as_posix()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: SLOWEST.index(_file(item)) if _file(item) in SLOWEST else len(SLOWEST))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    jaxtyping.config.update("jaxtyping_disable", _file(item).partition("/")[0] not in CHECKED)
    if plan := sys.modules.get("closedbook.training.plan"):
        plan.TIMED = 64  # a plan times more inputs than most trainings here have


settings.register_profile("closedbook", deadline=None)  # a busy machine is no failure
settings.load_profile("closedbook")


@pytest.fixture(scope="session")
def cs224n() -> Path:
    """The folder of the course's data, which is not ours to ship; tests that need it are skipped without it."""
    beside = Path(__file__).parents[1] / "../shared/data/cs224n"
    folder = Path(os.environ.get("CLOSEDBOOK_CS224N") or beside)
    if not (folder / "wiki.txt").is_file():
        pytest.skip(f"the course's data is not in {folder}; set CLOSEDBOOK_CS224N to its folder")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The Chromium or Chrome that is on this machine."""
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium or Chrome on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Inputs of a training that takes a second."""
    from shell import make_tiny

    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def finished(tiny: Tiny) -> Path:
    """A run trained on them, not to be changed."""
    from shell import closedbook

    done = closedbook(*tiny.train(tiny.folder / "finished"))
    assert done.code == 0, done.err
    return tiny.folder / "finished"
