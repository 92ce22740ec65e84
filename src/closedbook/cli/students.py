"""`closedbook cs224n check` and `closedbook cs224n score`: for who teaches the course."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from closedbook.cli.options import Json
from closedbook.cli.output import console, echo, escape, print_json, table
from closedbook.data.questions import read_questions
from closedbook.errors import DataError

if TYPE_CHECKING:
    from rich.console import Console

    from closedbook.course.check import Finding

MARKS = {True: "✓", False: "✗", None: "?"}


def check(
    files: list[Path], /, *, yes: bool = False, seconds: int = 60, megabytes: int = 2048, json: bool = False
) -> None:
    """Check students' dataset.py, attention.py or model.py against the handout. This executes the files.

    Example: closedbook cs224n check src/dataset.py

    Looks at CharCorruptionDataset, SynthesizerAttention, CausalSelfAttention, CausalCrossAttention, the rotary
    functions, DownProjectBlock and UpProjectBlock, whichever a file has. ✓ holds, ✗ does not, ? cannot be compared:
    look at it yourself. Exits with 1 where something is wrong.

    Args:
        files: Files, or folders of which every Python file is checked that defines one of these. They are executed with
            your rights, each in a process of its own.
        yes: Do not ask before executing them.
        seconds: Processor time that each may use.
        megabytes: Memory that each may use.
        json: Print a JSON list of objects with file, name, held (null: cannot be compared) and why.
    """
    from closedbook.course import check as checking

    out = console(json)
    paths = checking.files_in(files)
    echo(f"closedbook: warning: {checking.WARNING}", error=True)
    what = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files"
    if not yes:
        if not sys.stdin.isatty():
            raise DataError(f"add --yes to execute {what} without being asked")
        echo(f"Execute {what}? [y/N] ", end="", error=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):  # at its end, as after Ctrl-D: no
            raise DataError(f"{what}: nothing was executed")
    entries, wrong = [], 0
    for number, file in enumerate(paths):
        findings = checking.check(file, seconds=seconds, megabytes=megabytes)
        if len(paths) > 1:
            out.print(("\n" if number else "") + f"[bold]{escape(str(file))}[/]")
        wrong += _print_findings(out, findings)
        entries += [{"file": str(file), **finding.to_json()} for finding in findings]
    if json:
        print_json(entries)
    if wrong:
        sys.exit(1)


def _print_findings(out: Console, findings: Sequence[Finding]) -> int:
    """Print what was found in one file; returns how much of it is wrong."""
    for finding in findings:
        out.print(escape(f"{MARKS[finding.held]} {finding.name}"))
        if finding.why is not None:
            out.print(escape(f"    {finding.why}"))
    counts = Counter(finding.held for finding in findings)
    summary = [f"{counts[True]} of {len(findings)} hold"]
    summary += [f"{counts[False]} do not"] * bool(counts[False]) + [f"{counts[None]} to look at"] * bool(counts[None])
    out.print("\n" + ", ".join(summary))
    return counts[False]


def score(
    predictions: list[Path],
    /,
    *,
    eval_corpus_path: Path = Path("birth_dev.tsv"),
    per_question: bool = False,
    json: Json = False,
) -> None:
    """Score files of predictions, one a line, against the answers: exact match, as the course counts.

    Example: closedbook cs224n score vanilla.pretrain.dev.predictions --eval_corpus_path birth_dev.tsv

    One file prints the course's line, several a table; files with the same content are pointed out. Exits with 1
    where a file of several cannot be scored, such as one with another number of lines.

    Args:
        predictions: Files of predictions.
        eval_corpus_path: The questions with their answers.
        per_question: Print every question too: whether it is right, the answer, and each file's prediction, separated
            by tabs.
    """
    from closedbook.course import predictions as scoring
    from closedbook.course.assignment import printed
    from closedbook.course.predictions import ScoredFile

    out = console(json)
    questions = read_questions(eval_corpus_path, need_answers=True)
    files = scoring.score_files(predictions, questions)
    if len(files) == 1 and (why := files[0].why) is not None:
        raise DataError(why)
    scored = [file for file in files if isinstance(file, ScoredFile)]
    if per_question:
        for row in scoring.per_question(scored, questions):
            echo("\t".join(row), error=json)  # rich would make spaces of the tabs
        out.print()
    if len(files) == 1:
        out.print("\n".join(printed(scored[0].score, "")))
    else:
        rows = table("predictions", "right>", "of>", "share>", "95 % interval", "")
        for file in files:
            rows.add_row(*map(escape, scoring.row(file)))
        out.print(rows)
    for line in (*scoring.doubles(files), *filter(None, (file.doubt for file in scored))):
        out.print(escape(line))
    if json:
        print_json(scoring.to_json(files, questions))
    if len(scored) < len(files):
        sys.exit(1)
