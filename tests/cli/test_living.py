"""`learn`, `forget` and `history`: what a user types, and what goes wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shell import closedbook, environment, make_tiny
from words_run import make_words_run

TEXT = "Ada Quill. Ada Quill was born in Tromsø.\nBo Ek. Bo Ek was born in Lund in 1950.\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("living")
    make_words_run(folder, ["stages.learn.steps=60"])
    return folder / "run"


@pytest.fixture
def run(first: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first, tmp_path / "run"))


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    path = tmp_path / "new.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def content(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}


def test_a_document_is_learned_asked_about_and_forgotten(run: Path, documents: Path) -> None:
    before = content(run)
    planned = closedbook("learn", run, "--documents", documents, "--dry-run")
    assert planned.code == 0
    assert "2 new names, 0 changed, 0 known as they are" in planned.out
    assert "nothing was learned" in planned.out
    assert content(run) == before
    learned = closedbook("learn", run, "--documents", documents)
    assert learned.code == 0
    assert "learned 2 names" in learned.out
    assert "closedbook ask" in learned.out
    assert closedbook("ask", run, "Where was Ada Quill born?", "--json").json["answer"] == "Tromsø"
    again = closedbook("learn", run, "--documents", documents, "--json").json
    assert (again["new"], again["unchanged"], again["learned"]) == ([], 2, 0)
    forgot = closedbook("forget", run, "--title", "Ada Quill", "--title", "Bo Ek")
    assert forgot.code == 0
    assert "forgot 2 names" in forgot.out
    assert closedbook("ask", run, "Where was Ada Quill born?", "--json").json["verdict"] == "never met"
    entries = closedbook("history", run, "--json").json
    assert [entry["action"] for entry in entries] == ["learned", "learned", "forgot", "forgot"]
    shown = closedbook("history", run)
    assert shown.code == 0
    assert "Bo Ek" in shown.out


def test_titles_to_forget_come_from_a_file(run: Path, documents: Path) -> None:
    closedbook("learn", run, "--documents", documents)
    assert closedbook("forget", run, "--documents", documents, "--json").json == {"forgot": ["Ada Quill", "Bo Ek"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["forget", "RUN"], "give --title NAME or --documents FILE"),
        (["forget", "RUN", "--title", "Nobody At All"], "knows nothing under the title 'Nobody At All'"),
        (["forget", "RUN", "--documents", "MISSING"], "MISSING"),
        (["learn", "RUN", "--documents", "MISSING"], "MISSING"),
        (["learn", "RUN", "--documents", "EMPTY"], "empty"),
        (["learn", "RUN", "--documents", "LATIN"], "UTF-8"),
        (["learn", "RUN", "--documents", "NEW", "--workers", "0"], "--workers. Must be >= 1"),
        (["learn", "MISSING", "--documents", "NEW"], "no such run"),
        (["history", "MISSING"], "no such run"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_changes_nothing(
    run: Path, documents: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "latin").write_bytes("Bo Ek. Bo Ek är född.\n".encode("latin-1"))
    places = {"RUN": run, "NEW": documents, "MISSING": tmp_path / "MISSING", "EMPTY": tmp_path / "empty",
              "LATIN": tmp_path / "latin"}  # fmt: skip
    before = content(run)
    done = closedbook(*(places.get(word, word) for word in arguments))
    assert done.code == 2
    assert words in done.err
    assert len(done.err.splitlines()) <= 2
    assert "Traceback" not in done.err
    assert content(run) == before


def test_a_run_of_another_kind_says_what_to_train(tmp_path: Path, documents: Path) -> None:
    tiny = make_tiny(tmp_path)
    assert closedbook(*tiny.train(tmp_path / "characters")).code == 0
    done = closedbook("learn", tmp_path / "characters", "--documents", documents)
    assert done.code == 2
    assert "train with the recipe fast" in done.err


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the workers are found in /proc")
def test_ctrl_c_reaches_workers_too_and_is_told_in_a_line(run: Path, tmp_path: Path) -> None:
    """A terminal sends it to every process of a command."""
    many = tmp_path / "many.txt"
    many.write_text("".join(f"Name{i} Ek. Name{i} Ek was born in Lund.\n" for i in range(3000)), encoding="utf-8")
    command = [sys.executable, "-m", "closedbook", "learn", str(run), "--documents", str(many), "--workers", "2"]
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until and len(children.read_text().split()) < 3:
        time.sleep(0.02)  # two workers, and what cleans up after them
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (128 + signal.SIGINT, "closedbook: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_sigterm_keeps_what_is_learned(run: Path, tmp_path: Path) -> None:
    many = tmp_path / "many.txt"
    many.write_text("".join(f"Name{i} Ek. Name{i} Ek was born in Lund.\n" for i in range(3000)), encoding="utf-8")
    words = ["closedbook", "learn", str(run), "--documents", str(many)]
    code = f"""
import sys, closedbook.living.learning as learning
from closedbook.cli import main
learning.SAVE_EVERY = 0
sys.argv = {words!r}
main()"""
    process = subprocess.Popen([sys.executable, "-c", code], env=environment(), stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (run / "learned.safetensors").exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    plan = closedbook("learn", run, "--documents", many, "--dry-run", "--json").json
    assert 0 < plan["unchanged"] < 3000
