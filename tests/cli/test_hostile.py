"""What a stranger's files may do to whoever opens them, and what an output may do to what is there: nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Tiny, closedbook, environment, hashes, make_tiny, refused

from closedbook.cli.output import CONTROL, PipeConsole, echo, escape, print_json, printable, table
from closedbook.runs.folder import RunFolder
from closedbook.runs.store import write_atomically

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, to damage."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


# Outputs -----------------------------------------------------------------------------------------------------------

OF_A_RUN = ("run.json", "recipe.toml", "model.safetensors", "evidence.sqlite", "evaluation.json", "metrics.jsonl")


@pytest.mark.parametrize("name", OF_A_RUN)
@pytest.mark.parametrize("way", ["as it is", "by a link", "through a linked folder"])
def test_no_output_takes_the_place_of_a_file_of_a_run(name: str, way: str, run: Path, tiny: Tiny, tmp_path: Path):
    target = run / name
    if way == "by a link":
        target = tmp_path / "link"
        os.symlink(run / name, target)
    elif way == "through a linked folder":
        os.symlink(run, tmp_path / "elsewhere")
        target = tmp_path / "elsewhere" / ".." / "run" / name
    before = hashes(run)
    for command in (
        ["evaluate", run, "--questions", tiny.dev, "--answers"],
        ["evaluate", run, "--questions", tiny.dev, "--predictions"],
        ["card", run, "--output"],
        ["report", run, "--output"],
        ["export", run, "--to", "params", "--output"],
    ):
        refused(closedbook(*command, target), "would be overwritten")
    assert hashes(run) == before


@pytest.mark.parametrize("way", ["as it is", "by a link", "by a hard link"])
def test_no_output_takes_the_place_of_what_a_run_was_trained_on(way: str, run: Path, tiny: Tiny, tmp_path: Path):
    before = hashes(tiny.folder)
    for number, original in enumerate((tiny.documents, tiny.questions)):
        target = original if way == "as it is" else tmp_path / f"link{number}"
        if way == "by a link":
            os.symlink(original, target)
        elif way == "by a hard link":
            os.link(original, target)
        for command in (
            ["evaluate", run, "--questions", tiny.dev, "--answers"],
            ["card", run, "--output"],
            ["report", run, "--output"],
            ["export", run, "--to", "params", "--output"],
        ):
            refused(closedbook(*command, target), "would be overwritten")
    assert hashes(tiny.folder) == before


def test_no_output_takes_the_place_of_an_input(run: Path, tiny: Tiny):
    before = hashes(tiny.folder)
    refused(closedbook("evaluate", run, "--questions", tiny.dev, "--answers", tiny.dev), "is named twice")
    refused(closedbook("report", run, "--questions", tiny.dev, "--output", tiny.dev), "is named twice")
    assert hashes(tiny.folder) == before


def test_no_output_joins_the_files_that_are_read_from_a_folder(run: Path, tiny: Tiny, tmp_path: Path):
    folder, elsewhere = tmp_path / "notes", tmp_path / "elsewhere.md"
    folder.mkdir()
    (folder / "ada.md").write_text("# Ada\n\nBorn in Oslo.\n")
    elsewhere.write_text("# Bo\n\nBorn in Rome.\n")
    os.symlink(elsewhere, folder / "bo.md")
    os.symlink(folder, tmp_path / "link")
    before = hashes(tmp_path)
    for target in (folder / "ada.md", folder / "new.txt", tmp_path / "link" / "ada.md", elsewhere):
        for command in (
            ["evaluate", run, "--questions", tiny.dev, "--documents", folder, "--answers"],
            ["probe", folder, "--questions", tiny.dev, "--documents", folder, "--output"],
        ):
            refused(closedbook(*command, target), "would be one of the files that are read from")
    assert hashes(tmp_path) == before


def test_an_export_and_other_kinds_of_files_are_not_overwritten(run: Path, tiny: Tiny, tmp_path: Path):
    export, model = tmp_path / "export", tmp_path / "other.params"
    export.mkdir()
    for name in ("closedbook.json", "config.json", "model.safetensors", "README.md"):
        (export / name).write_text("{}\n")
    assert closedbook("export", run, "--to", "params", "--output", model).code == 0
    before = hashes(tmp_path)
    refused(closedbook("card", run, "--output", export / "config.json"), "is a file of the export")
    refused(closedbook("card", run, "--output", model), "holds something other than text")
    refused(closedbook("export", run, "--to", "params", "--output", export / "model.safetensors"), "of the export")
    notes = tmp_path / "notes.txt"
    notes.write_text("mine\n")
    refused(closedbook("export", run, "--to", "params", "--output", notes), "holds text")
    assert hashes(tmp_path) == before | {"notes.txt": hashes(tmp_path)["notes.txt"]}
    assert closedbook("card", run, "--output", export / "README.md").code == 0
    assert closedbook("export", run, "--to", "params", "--output", model).code == 0  # one of its own kind


def test_a_study_does_not_overwrite_its_questions(run: Path, tiny: Tiny, tmp_path: Path):
    questions = tmp_path / "reversal.md"
    shutil.copy(tiny.questions, questions)
    done = closedbook("study", "reversal", run, "--questions", questions, "--folder", tmp_path)
    refused(done, "is named twice")
    assert questions.read_bytes() == tiny.questions.read_bytes()


def test_a_folder_that_is_replaced_holds_no_input(tiny: Tiny, tmp_path: Path):
    params = tmp_path / "a.params"
    words = ["--writing_params_path", params, "--epochs", "1", "--threads", "1"]
    assert closedbook("cs224n", "pretrain", "vanilla", tiny.documents, *words).code == 0
    corpus = tmp_path / "a.params.run" / "wiki.txt"
    shutil.copy(tiny.documents, corpus)
    refused(closedbook("cs224n", "pretrain", "vanilla", corpus, *words), "which is replaced; move it")
    assert corpus.read_bytes() == tiny.documents.read_bytes()


# Temporary files ---------------------------------------------------------------------------------------------------


def test_a_file_that_is_replaced_keeps_its_permissions_and_a_link_is_not_followed(tmp_path: Path):
    path, victim = tmp_path / "a.txt", tmp_path / "victim.txt"
    path.write_text("old")
    path.chmod(0o604)
    write_atomically(path, b"new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o604)
    victim.write_text("precious")
    path.unlink()
    path.symlink_to(victim)
    write_atomically(path, b"newer")
    assert (path.read_text(), path.is_symlink(), victim.read_text()) == ("newer", False, "precious")
    umask = os.umask(0o027)
    try:
        write_atomically(tmp_path / "fresh.txt", b"")
    finally:
        os.umask(umask)
    assert (tmp_path / "fresh.txt").stat().st_mode & 0o777 == 0o640
    assert not list(tmp_path.glob(".*"))


def test_links_under_the_names_that_temporary_files_once_had_are_left_alone(run: Path, tmp_path: Path):
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    shared = tmp_path / "shared"
    shared.mkdir()
    os.symlink(victim, shared / f".card.md.{os.getpid()}.partial")
    assert closedbook("card", run, "--output", shared / "card.md").code == 0
    assert victim.read_text() == "precious"


# Control characters ------------------------------------------------------------------------------------------------

EVIL = "\x1b]0;PWNED\x07\x9b31mRed\u202eder\x7f [bold]x[/] [/] \\\\\\"


def test_everything_that_is_printed_is_without_control_characters(capsys: pytest.CaptureFixture[str]):
    out = PipeConsole(soft_wrap=True, width=300, emoji=False, highlight=False)
    out.print(f"[bold]{escape(EVIL)}[/] and [underline]{escape(EVIL)}[/]")
    rows = table("heading")
    rows.add_row(escape(EVIL))
    out.print(rows)
    echo(EVIL)
    print_json({EVIL: EVIL})
    printed = capsys.readouterr().out
    assert not CONTROL.search(printed)
    assert printed.count(printable(EVIL)) == 4  # brackets and backslashes as they are
    assert json.loads(printed[printed.index("{") :]) == {EVIL: EVIL}
    assert printable("tab\tand line\nä 日本 \u200dZWJ stay") == "tab\tand line\nä 日本 \u200dZWJ stay"


@pytest.mark.parametrize(
    "text",
    [
        "\\" * n + end
        for n in range(5)
        for end in ("", "[", "[b]", "[/]", "[a [red]x", "[a", "[A]", "[[b]]", "[@click=x]y")
    ],
)
def test_markup_never_takes_a_text_for_a_tag(text: str, capsys: pytest.CaptureFixture[str]):
    PipeConsole(soft_wrap=True, width=300).print(f"[bold]{escape(text)}[/]|{escape(text)}[red]{escape(text)}[/]")
    assert capsys.readouterr().out == f"{text}|{text}{text}\n"


def world_of_escapes(folder: Path) -> Tiny:
    names = ["Ann Bell", "Bob Cole", "Cid Dorn", "Dan Earl", "Eve Ford", "Flo Gray", "Gus Hale", "Hal Ives"]
    evil = "\x1b]0;PWNED\x07[bold]Town\x9b[/]\\\\\\"
    lines = [f"{name}. {name} was born in {evil}{i}. Where? There.\n" for i, name in enumerate(names)]
    (folder / "docs.txt").write_text("".join(lines))
    (folder / "q.tsv").write_text("".join(f"Where was {n} born?\t{evil}{i}\n" for i, n in enumerate(names)))
    tiny = make_tiny(folder)
    return Tiny(folder, folder / "docs.txt", folder / "q.tsv", folder / "q.tsv", tiny.recipe)


def test_no_command_sends_what_stands_in_documents_and_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    evil = world_of_escapes(tmp_path)
    run = tmp_path / "runs" / "na\x1b[31mme[bold]"
    done = [closedbook(*evil.train(run, "--dev", f"{evil.dev}"))]
    questions = ["--questions", evil.questions]
    done += [
        closedbook("ask", run, "Where was Ann Bell born?"),
        closedbook("ask", run, "Where was Ann Bell born?", "--json"),
        closedbook("ask", run, "\x1b[31m[/]?"),
        closedbook("evaluate", run, *questions),
        closedbook("evaluate", run, *questions, "--json"),
        closedbook("sample", run, "\x1b]0;PWNED\x07"),
        closedbook("list", "runs", "--runs", tmp_path / "runs"),
        closedbook("baseline", *questions, "--documents", evil.documents, "--train", evil.questions),
        closedbook("baseline", *questions, "--answer", "\x1b[31mOslo[/]"),
        closedbook("show", "objective", "question", "--documents", evil.documents, *questions),
        closedbook("show", "objective", "span", "--documents", evil.documents),
        closedbook("card", run),
        closedbook("cs224n", "dataset", "charcorruption", "--corpus", evil.documents),
    ]
    missing = closedbook("show", "memory", tmp_path / "no\x1b[31m")
    for result in [*done, missing]:
        assert not CONTROL.search(result.out + result.err), result
        assert "Traceback" not in result.err
    assert [result.code for result in done] == [0] * len(done), done
    assert missing.code == 2


def test_what_a_students_file_raises_is_shown_and_not_sent(tmp_path: Path):
    file = tmp_path / "attention.py"
    file.write_text(
        "import torch.nn as nn\n\n\nclass CausalSelfAttention(nn.Module):\n    def __init__(self, config):\n"
        "        raise ValueError('\\x1b]0;PWNED\\x07[bold]\\x9b2J[/]')\n"
    )
    for more in ([], ["--json"]):
        done = closedbook("cs224n", "check", file, "--yes", *more)
        assert done.code in (1, 2)
        assert not CONTROL.search(done.out + done.err)
        assert "PWNED" in done.out + done.err


# Kinds -------------------------------------------------------------------------------------------------------------


@needs_pipes
@pytest.mark.parametrize("name", [*OF_A_RUN, "vocabulary.json", "calibration.json"])
def test_a_pipe_among_the_files_of_a_run_is_refused_and_never_waited_for(name: str, run: Path, tiny: Tiny):
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    commands = [
        ["ask", run, "Where was Ada born?"],
        ["evaluate", run, "--questions", tiny.dev],
        ["card", run],
        ["list", "runs", "--runs", run.parent],
        tiny.train(run, "--resume"),
    ]
    for command in commands:
        done = closedbook(*command)
        assert done.code in (0, 2)
        assert "Traceback" not in done.err
    if name in ("run.json", "recipe.toml", "vocabulary.json", "model.safetensors"):
        refused(closedbook(*commands[0]), "pipe" if name != "model.safetensors" else "")


@needs_pipes
def test_a_pipe_or_a_device_as_any_input_is_refused(run: Path, tiny: Tiny, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for special, kind in ((tmp_path / "pipe", "it is a pipe"), (Path("/dev/zero"), "it is a device")):
        for command in (
            ["train", tiny.recipe, "--documents", special, "--questions", tiny.questions],
            ["train", tiny.recipe, "--documents", tiny.documents, "--questions", special],
            ["train", special, "--documents", tiny.documents],
            ["baseline", "--questions", special, "--answer", "Oslo"],
            ["baseline", "--questions", tiny.dev, "--documents", special],
            ["baseline", "--questions", tiny.dev, "--train", special],
            ["show", "objective", "span", "--documents", special],
            ["evaluate", run, "--questions", special],
            ["cs224n", "london", "--eval_corpus_path", special],
        ):
            refused(closedbook(*command), kind)


def test_evidence_that_names_a_device_as_its_corpus_is_told_and_not_read(run: Path, tiny: Tiny):
    question = tiny.questions.read_text(encoding="utf-8").split("\t")[0]
    done = closedbook("ask", run, question, "--documents", "/dev/zero")
    assert done.code == 0
    assert "/dev/zero is no file" in done.err + done.out


def test_the_lock_of_a_run_follows_no_link(run: Path, tiny: Tiny, tmp_path: Path):
    victim = tmp_path / "victim"
    os.symlink(victim, run / ".lock")
    refused(closedbook("evaluate", run, "--questions", tiny.dev, "--save"), "cannot be written")
    assert not victim.exists()


# Sizes -------------------------------------------------------------------------------------------------------------


def test_every_command_takes_another_limit(tiny: Tiny, tmp_path: Path):
    path = tmp_path / "many.tsv"
    path.write_text("Where was Ada born?\tOslo\n" * 60_000)
    words = ["baseline", "--questions", path, "--answer", "Oslo"]
    refused(closedbook(*words, "--read-at-most", "1"), "holds more than 1 MB", "--read-at-most MEGABYTES")
    assert closedbook(*words, "--read-at-most=2").code == 0
    refused(closedbook("--read-at-most", "much", *words), "is no number of megabytes")
    refused(closedbook(*words, "--read-at-most"), "is no number of megabytes")
    assert "CLOSEDBOOK_READ_AT_MOST" not in os.environ


def test_the_learned_reader_takes_as_many_questions_as_it_is_told_to(tiny: Tiny):
    words = ["baseline", "--questions", tiny.dev, "--documents", tiny.documents, "--train", tiny.questions]
    assert "(5 of 24)" in closedbook(*words, "--learn-from", "5").out
    assert "of 24)" not in closedbook(*words).out
    refused(closedbook(*words, "--learn-from", "0"), "too few to learn from")


# A corpus and its index --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hashed", [1 << 30, 0])
def test_a_corpus_changed_with_its_size_and_time_kept_is_not_trained_on_by_its_old_index(
    hashed: int, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("closedbook.data.token_index.HASHED_WHOLE", hashed)
    corpus = tmp_path / "corpus.txt"
    shutil.copy(tiny.documents, corpus)
    words = ["train", tiny.recipe, "--documents", corpus, "--questions", tiny.questions, "--threads", "1"]
    words += ["--index", tmp_path / "index", "--run"]
    assert closedbook(*words, tmp_path / "one").code == 0
    before, content = corpus.stat(), corpus.read_bytes()
    place = content.index(b" was born in ") + 13
    corpus.write_bytes(content[:place] + b"Q" + content[place + 1 :])
    os.utime(corpus, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert closedbook(*words, tmp_path / "two").code == 0
    first, second = (RunFolder.open(tmp_path / name).record()["documents"] for name in ("one", "two"))
    assert first["sha256"] != second["sha256"]


# Honest data -------------------------------------------------------------------------------------------------------


def test_it_trains_where_no_word_of_any_answer_is_known(tiny: Tiny, tmp_path: Path):
    lines = [line.split("\t")[0] for line in tiny.questions.read_text().splitlines()]
    path = tmp_path / "q.tsv"
    path.write_text("".join(f"{line}\tQqq{i % 3}\n" for i, line in enumerate(lines)))
    done = closedbook(
        "train", "fast", "--documents", tiny.documents, "--questions", path, "--threads", "1", "--dry-run",
        "--set", "model.width=32", "--set", "model.memory.names=false", "--set", "data.held_out={}",
    )  # fmt: skip
    assert done.code == 0, done.err


def test_in_a_terminal_nothing_is_sent_either(run: Path, tmp_path: Path):
    pty = pytest.importorskip("pty")
    mother, child = pty.openpty()
    words = [sys.executable, "-m", "closedbook", "list", "runs", "--runs", "."]
    shutil.copytree(run, tmp_path / "a\x1b[31mb\x07")
    settings = {**environment(), "TERM": "xterm", "COLUMNS": "200"}
    subprocess.run(words, stdout=child, stderr=child, env=settings, timeout=120, check=True, cwd=tmp_path)
    os.close(child)
    with os.fdopen(mother, "rb", closefd=True) as terminal:
        sent = os.read(terminal.fileno(), 1 << 16).decode()
    assert "\\x1b[31mb\\x07" in sent
    assert "\x07" not in sent
    assert "\x1b[31m" not in sent
