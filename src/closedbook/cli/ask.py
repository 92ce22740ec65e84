"""`closedbook ask`."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from closedbook.cli.output import console, percent, print_json, show_warnings


def ask(run: Path, question: str, /, *, json: bool = False) -> None:
    """Ask a trained run one question.

    Example: closedbook ask runs/fast-… "Where was Khatchig Mouradian born?"

    Parameters
    ----------
    run: Path
        A run folder, as `closedbook train` or `closedbook demo` leaves it.
    question: str
        The question, in the form it was trained on.
    json: bool
        Print one JSON object on standard output.
    """
    import closedbook

    show_warnings()
    answer = closedbook.load(run).ask(question)
    out = console(json)
    said = escape(answer.answer) or "(nothing)"
    out.print(f"[bold]{said}[/]   (the model's own probability: {percent(answer.probability)})")
    if json:
        print_json(answer.to_json())
