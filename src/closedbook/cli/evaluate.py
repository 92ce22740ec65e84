"""`closedbook evaluate`."""

from __future__ import annotations

import json as json_module
import shlex
from pathlib import Path

from rich.markup import escape

from closedbook.cli.output import check_output, console, percent, print_json, progress, show_warnings


def evaluate(
    run: Path,
    /,
    *,
    questions: Path,
    predictions: Path | None = None,
    answers: Path | None = None,
    save: bool = False,
    json: bool = False,
) -> None:
    """Answer a file of questions from memory, and score the answers where the file has them.

    Example: closedbook evaluate runs/fast-… --questions birth_dev.tsv --answers answers.jsonl

    Parameters
    ----------
    run: Path
        A run folder, as `closedbook train` or `closedbook demo` leaves it.
    questions: Path
        One question a line, with or without tab ANSWER.
    predictions: Path
        Write the answers here, one a line (a line break within an answer becomes a space).
    answers: Path
        Write one JSON object a line here: question, answer, gold, right, probability and more.
    save: bool
        Keep the result in the run folder as evaluation.json; without it the folder is not changed.
    json: bool
        Print one JSON object on standard output.
    """
    from closedbook import workflow
    from closedbook.runs import write_atomically
    from closedbook.text.questions import read_questions

    show_warnings()
    out = console(json)
    given = read_questions(questions)
    for output in (predictions, answers):
        if output is not None:
            check_output(output, questions, *([predictions] if output is answers and predictions else []))
    loaded = workflow.load(run)
    with progress(out, "answering", len(given)) as advance:
        result = workflow.evaluate(loaded, given, advance)
    entries = result["answers"]
    if predictions is not None:
        lines = (" ".join(entry["answer"].splitlines()) + "\n" for entry in entries)
        write_atomically(predictions, "".join(lines).encode())
    if answers is not None:
        lines = (json_module.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        write_atomically(answers, "".join(lines).encode())
    if save:
        loaded.folder.write_json("evaluation.json", result)
    if result["accuracy"] is None:
        out.print(
            f"{result['total']} questions answered in {result['seconds']:.2f} s; the file has no answers to score"
        )
    else:
        low, high = result["interval"]
        out.print(
            f"{result['correct']} of {result['total']} right: [bold]{percent(result['accuracy'])}[/] "
            f"(95 % interval {percent(low)} to {percent(high)}), answered in {result['seconds']:.2f} s"
        )
    if json:
        print_json(result)
    elif predictions is None and answers is None:
        out.print(
            "next: see every answer with\n  "
            + escape(shlex.join(["closedbook", "evaluate", f"{run}", "--questions", f"{questions}"]))
            + " --answers answers.jsonl"
        )
