"""Shape contracts are enforced while testing: jaxtyping's annotations are checked by beartype on every call."""

import os
import signal
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: waiting threads leave the cores to other tests

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# A job started in a shell's background ignores Ctrl-C, and its children inherit that: the tests that send one would
# wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

install_import_hook(["closedbook.attention", "closedbook.model"], "beartype.beartype")

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
