"""Whatever tells a training to end: it saves, says truly what is saved, and how to go on."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from shell import KILLER, Tiny, closedbook, environment, killed

from closedbook import pipeline
from closedbook.errors import Terminated, exit_code, terminate
from closedbook.interrupts import defer_interrupts
from closedbook.runs.weights import load_tensors

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")


def weights(run: Path) -> dict[str, bytes]:
    return {name: x.numpy().tobytes() for name, x in load_tensors(run / "model.safetensors")[0].items()}


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_scheduler_s_signal_saves_and_says_how_to_go_on_and_that_works(
    name: str, code: int, tiny: Tiny, finished: Path, tmp_path: Path
):
    done = killed(name, "half", 3, tiny.train(tmp_path / "run"))
    assert done.code == code, done.err
    assert "what was done is saved, up to step 3 of stage pretrain" in done.out
    command = shlex.split(done.out.strip().splitlines()[-1])
    assert closedbook(*command[1:]).code == 0
    assert weights(tmp_path / "run") == weights(finished)


def test_where_the_shell_ignores_ctrl_c_sigterm_still_saves(tiny: Tiny, tmp_path: Path):
    """A shell without job control starts what is in the background so: `closedbook train … &` in a script."""
    arguments = [Path(__file__).parents[1], "SIGTERM", "half", 3, 1e9, *tiny.train(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-c", KILLER, *map(str, arguments)],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True, text=True, env=environment(), timeout=120,
    )  # fmt: skip
    assert done.returncode == 143, done.stderr
    assert "up to step 3 of stage pretrain" in done.stdout


def test_ctrl_c_in_the_first_moments_of_a_resume_says_what_is_saved(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = tmp_path / "run"
    assert killed("SIGINT", "half", 4, tiny.train(run)).code == 130

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "prepare_training", interrupt)
    done = closedbook(*tiny.train(run, "--resume"))
    assert done.code == 130
    assert "nothing was written" not in done.out
    assert "saved, up to step 4 of stage pretrain" in done.out
    assert "--resume" in done.out


def test_an_interruption_before_the_first_state_says_that_nothing_of_the_training_is_saved(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "fit", interrupt)
    done = closedbook(*tiny.train(tmp_path / "run"))
    assert done.code == 130
    assert "before anything of the training was saved" in done.out
    monkeypatch.undo()
    assert closedbook(*shlex.split(done.out.strip().splitlines()[-1])[1:]).code == 0


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_is_held_until_a_step_is_whole(name: str):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with defer_interrupts() as raise_held:
        signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt) as caught:
            raise_held()
    assert exit_code(caught.value) == 128 + number
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_second_sigterm_does_not_cut_the_saving_short(name: str):
    with defer_interrupts() as raise_held:
        for _ in range(3):
            signal.raise_signal(getattr(signal, name))
        with pytest.raises(Terminated):
            raise_held()


def test_a_signal_that_is_ignored_or_has_a_handler_keeps_it():
    heard = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN), signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    try:
        with defer_interrupts() as raise_held:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            raise_held()
    finally:
        signal.signal(signal.SIGHUP, before[0])
        signal.signal(signal.SIGTERM, before[1])
    assert heard == [1]


def test_any_command_ends_with_one_line_on_sigterm(monkeypatch: pytest.MonkeyPatch):
    import closedbook as package

    monkeypatch.setattr(package, "load", lambda *_, **__: terminate(signal.SIGTERM))
    done = closedbook("ask", "run", "Where?")
    assert (done.code, done.err) == (143, "closedbook: interrupted\n")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
