"""What is quick stays quick: nothing that only shows or reads loads torch."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import in_a_process, make_tiny

from closedbook import __version__

HEAVY = "import sys; bad = {'torch', 'tokenizers', 'safetensors', 'matplotlib', 'transformers'} & set(sys.modules); "
REPORT = "sys.exit(f'loaded {bad}' if bad else 0)"


def quietly(arguments: list[str]) -> str:
    """Code that runs a command, and then reports what it loaded."""
    return f"""
from closedbook.cli import main
try:
    main({arguments!r})
except SystemExit as stop:
    assert not stop.code, stop.code
{HEAVY}{REPORT}
"""


def test_importing_the_package_loads_no_torch_and_not_even_numpy():
    done = in_a_process("-c", f"import closedbook; {HEAVY}bad |= {{'numpy', 'rich'}} & set(sys.modules); {REPORT}")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["train", "--help"], ["demo", "--help"], ["attention", "--help"], ["list", "mixers", "--json"],
     ["list", "recipes"], ["show", "recipe", "fast"]],
    ids=" ".join,
)  # fmt: skip
def test_help_and_lists_load_no_torch(arguments: list[str]):
    done = in_a_process("-c", quietly(arguments))
    assert done.code == 0, done.err
    assert done.out


def test_every_command_s_help_loads_no_torch():
    from closedbook.cli import COMMANDS

    calls = "\n".join(
        quietly([*name.split(), "--help"]) for name in [*COMMANDS, "show recipe", "show objective", "study ablation"]
    )
    done = in_a_process("-c", calls)
    assert done.code == 0, done.err


def test_a_training_does_not_load_torch_s_compiler(tmp_path: Path):
    code = """
import sys
from closedbook.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    assert not stop.code, stop.code
sys.exit("loaded" if "torch._dynamo" in sys.modules else 0)
"""
    done = in_a_process("-c", code, *make_tiny(tmp_path).train(tmp_path / "run"))
    assert done.code == 0, done.err


def test_python_dash_m_is_the_command():
    assert in_a_process("-m", "closedbook", "--version").out.strip() == __version__
    done = in_a_process("-m", "closedbook", "trian")
    assert done.code == 2
    assert "train" in done.err


def test_the_package_offers_what_it_names():
    import closedbook

    for name in closedbook.__all__:
        assert callable(getattr(closedbook, name))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        closedbook.trian  # noqa: B018
