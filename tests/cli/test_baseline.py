"""`closedbook baseline`: what scripts read, what people read, and what it says when it cannot."""

import json
import subprocess
import sys
import time

import pytest

from closedbook.cli import main

DOCUMENTS = "Anna Berg. Anna Berg was born in Oslo.\nBo Li. Bo Li, born in Rome, lived in Oslo.\n"
TRAIN = "Where was Anna Berg born?\tOslo\n"
DEV = "Where was Bo Li born?\tRome\nWhere was Anna Berg born?\tOslo\n"


@pytest.fixture
def files(tmp_path):
    contents = {"documents": DOCUMENTS, "train": TRAIN, "questions": DEV}
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return {name: str(tmp_path / name) for name in contents}


def run(capsys, *arguments):
    """(exit code, standard output, standard error)."""
    try:
        main(["baseline", *arguments])
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    return code, *capsys.readouterr()


def test_always_london_is_right_for_25_of_the_courses_500(capsys, cs224n):
    code, out, _ = run(capsys, "--questions", str(cs224n / "birth_dev.tsv"), "--answer", "London", "--json")
    record = json.loads(out)
    assert code == 0
    assert (record["name"], record["correct"], record["total"], record["accuracy"]) == ("constant", 25, 500, 0.05)
    assert record["interval"] == pytest.approx([0.0341, 0.0728], abs=1e-4)
    assert record["seconds"] >= 0


def test_json_holds_every_baseline_and_is_alone_on_standard_output(capsys, files):
    options = [word for name, path in files.items() for word in (f"--{name}", path)]
    code, out, err = run(capsys, *options, "--answer", "Oslo", "--json")
    record = json.loads(out)
    names = [entry["name"] for entry in record["baselines"]]
    assert code == 0
    assert names == ["constant", "most-common", "random-place", "rule-reader", "learned-reader", "ceiling"]
    assert all(
        {"name", "summary", "correct", "total", "accuracy", "interval", "seconds"} <= set(entry)
        for entry in record["baselines"]
    )
    assert record["correct"] == record["baselines"][0]["correct"] == 1
    assert "rule-reader" in err


def test_the_table_has_a_row_for_each_and_says_what_to_do_next(capsys, files):
    code, out, _ = run(capsys, "--questions", files["questions"], "--documents", files["documents"])
    assert code == 0
    assert "rule-reader   2 of 2   100.0 %" in out
    assert "next: add --train FILE" in out


def test_questions_without_answers_give_null_and_exit_0(capsys, files, tmp_path):
    (tmp_path / "asked").write_text("Where was Bo Li born?\n", encoding="utf-8")
    files_given = ("--questions", str(tmp_path / "asked"), "--documents", files["documents"])
    code, out, err = run(capsys, *files_given, "--json")
    record = json.loads(out)
    assert code == 0
    assert (record["correct"], record["accuracy"], record["interval"], record["total"]) == (None, None, None, 1)
    assert "no answers" in err
    assert run(capsys, *files_given)[0] == 0


def test_with_nothing_to_answer_from_it_says_what_to_give(capsys, files):
    code, out, err = run(capsys, "--questions", files["questions"])
    assert (code, out) == (2, "")
    assert "--answer TEXT" in err
    assert "--documents FILE" in err


@pytest.mark.parametrize(("option", "reason"), [("--train", "no answer"), ("--documents", "no such file")])
def test_a_file_that_cannot_be_used_is_named_with_the_reason(capsys, files, tmp_path, option, reason):
    bad = tmp_path / "bad"
    if option == "--train":
        bad.write_text("Where was Bo Li born?\n", encoding="utf-8")
    code, out, err = run(capsys, "--questions", files["questions"], option, str(bad))
    assert (code, out) == (2, "")
    assert str(bad) in err
    assert reason in err


def test_help_and_baselines_do_not_load_torch():
    check = "import sys; from closedbook.cli import main, baseline; main(['baseline', '--help'])"
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--answer" in done.stdout
    assert time.perf_counter() - began < 5  # on a busy machine; under 1 on a free one
    check = "import sys, closedbook.evaluation.baselines, closedbook.cli.baseline; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
