"""`closedbook attention`: exit codes, JSON, figures, and words for every mistake."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from closedbook.attention import CLAIMS
from closedbook.cli import main

FAST = [id for id in CLAIMS if id != "2g.ii"]


def run(capsys, *arguments):
    """(exit code, standard output, standard error)."""
    with pytest.raises(SystemExit) as stop:
        main(["attention", *arguments])
    out, err = capsys.readouterr()
    return stop.value.code or 0, out, err


def test_all_claims_hold_in_json(capsys):
    code, out, _ = run(capsys, "--json")
    claims = json.loads(out)["claims"]
    assert code == 0
    assert [claim["id"] for claim in claims] == list(CLAIMS)
    for claim in claims:
        assert {"id", "statement", "figure", "bound", "tolerance", "holds", "seconds"} <= set(claim)
        assert claim["holds"] is True
        assert claim["figure"] <= claim["bound"] <= claim["tolerance"] == 0.01


def test_a_short_query_makes_1b_fail_with_exit_code_1(capsys):
    code, out, _ = run(capsys, "1b", "--set", "t=0.1", "--json")
    assert code == 1
    assert json.loads(out)["claims"][0]["holds"] is False


def test_no_tolerance_at_all_fails_every_claim(capsys):
    code, out, _ = run(capsys, *FAST, "--set", "tolerance=0", "--json")
    assert code == 1
    assert not any(claim["holds"] for claim in json.loads(out)["claims"])


def test_where_piped_each_claim_keeps_to_its_two_lines(capsys):
    _, out, _ = run(capsys, "1c.ii", "1d.i")
    assert "One head fails when one key's length varies  " in out
    assert "largest error of a predicted share (Kolmogorov–Smirnov)" in out


def test_a_setting_reaches_every_claim_that_has_it_and_no_other(capsys):
    code, out, _ = run(capsys, *FAST, "--set", "t=30", "--set", "α=1e-10", "--json")
    seen = {claim["id"]: claim["parameters"] for claim in json.loads(out)["claims"]}
    assert code == 0
    assert seen["1b"]["t"] == seen["1c.i"]["t"] == seen["1d.ii"]["t"] == 30
    assert seen["1c.i"]["alpha"] == seen["1d.i"]["alpha"] == 1e-10
    assert "t" not in seen["1a"]


def test_breaking_every_premise_fails_every_claim_by_its_figure(capsys):
    code, out, _ = run(capsys, *FAST, "--set", "premise=broken", "--json")
    claims = json.loads(out)["claims"]
    assert code == 1
    assert all(claim["figure"] > claim["bound"] and not claim["holds"] for claim in claims)


def test_one_claim_is_shown_in_full(capsys):
    code, out, _ = run(capsys, "1e.ii")
    assert code == 0
    for word in ("derivation", "parameters", "try next", "premise=broken", "In float32"):
        assert word in out


def test_several_claims_are_a_table(capsys):
    code, out, _ = run(capsys, "1a", "1b")
    assert code == 0
    assert "2 of 2 hold" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["1x"], "the claims are 1a, 1b"),
        (["1b", "--set", "tt=1"], "the nearest is t (taken by 1b, 1c.i"),
        (["1a", "--set", "t=1"], "claims that take it: 1b"),
        (["--set", "alhpa=1"], "the nearest is alpha"),
        (["1b", "--set", "t"], "KEY=VALUE"),
        (["1b", "--set", "n=1"], "2 … 1024"),
        (["1c.i", "--set", "alpha=-1"], "0 … 100"),
        (["1b", "--set", "t=nan"], "1e-06 … 1000000"),
        (["1b", "--set", "t=1e300"], "1e-06 … 1000000"),
        (["--set", "d=3"], "d ≥ n"),
    ],
)
def test_a_mistake_exits_with_2_and_says_what_is_allowed(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("closedbook: ")
    assert message in err


def test_figures_are_drawn_in_svg_and_png_light_and_dark(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    drawn = ("1a", "1e.ii")
    code, out, err = run(capsys, *drawn, "--json", "--figures", str(tmp_path / "new"))
    assert code == 0
    json.loads(out)  # the names of the files went elsewhere
    names = {path.name for path in (tmp_path / "new").iterdir() if path.stat().st_size > 5000}
    assert names == {f"{id}{theme}.{kind}" for id in drawn for theme in ("", "-dark") for kind in ("svg", "png")}
    assert all(name in err for name in names)


def test_without_matplotlib_figures_say_what_to_install(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("closedbook.environment.find_spec", lambda name: None)
    code, _, err = run(capsys, "1b", "--figures", str(tmp_path))
    assert code == 2
    assert "pip install 'closedbook[plot]'" in err


def test_a_folder_that_cannot_be_written_is_a_users_mistake(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, "1b", "--figures", str(tmp_path / "file"))
    assert code == 2
    assert "--figures" in err


def test_import_and_help_do_not_load_torch():
    script = (
        "import sys, closedbook, closedbook.attention, closedbook.attention.claim, closedbook.cli.attention\n"
        "from closedbook.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
