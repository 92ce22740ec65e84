"""`closedbook card`."""

from __future__ import annotations

from pathlib import Path

from closedbook.cli.output import console, echo, escape, print_json
from closedbook.cli.output_files import check_output
from closedbook.runs.folder import RunFolder
from closedbook.runs.store import write_output


def card(run: Path, /, *, output: Path | None = None, json: bool = False) -> None:
    """Write a run's model card in Markdown: data, recipe, what was measured and what was not, how to do it again.

    Example: closedbook card runs/mine --output README.md

    Args:
        run: A finished run; `closedbook evaluate --save` gives it figures to tell.
        output: The file to write; standard output if left out.
        json: Print {"card": …} on standard output.
    """
    if output is not None:
        check_output(output, runs=[run])
    from closedbook.export.model_card import card as make_card

    text = make_card(RunFolder.open(run))
    if output is not None:
        write_output(output, text.encode())
        console(json).print(f"[bold]{escape(str(output))}[/]")
    if json:
        print_json({"card": text, "output": None if output is None else str(output)})
    elif output is None:
        echo(text, end="")
