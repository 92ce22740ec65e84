"""The command line. One file per command, imported when it is called, so that `--help` never waits for torch."""

from __future__ import annotations

import sys

from cyclopts import App

from closedbook.errors import ClosedbookError

# name: (import path, the line in `closedbook --help`)
COMMANDS = {
    "demo": ("closedbook.cli.demo:demo", "See it all in minutes: invent a world, learn it, answer from memory."),
    "train": ("closedbook.cli.train:train", "Train a model on documents and questions."),
    "ask": ("closedbook.cli.ask:ask", "Ask a trained run one question."),
    "evaluate": ("closedbook.cli.evaluate:evaluate", "Answer a file of questions and score the answers."),
    "baseline": ("closedbook.cli.baseline:baseline", "Score what needs no training: guessing, and reading the page."),
    "sample": ("closedbook.cli.sample:sample", "Let a trained model go on from a prompt."),
    "attention": ("closedbook.cli.attention:attention", "Check what attention can and cannot do, claim by claim."),
    "list": ("closedbook.cli.list_:list_", "List recipes, runs, mixers or objectives."),
    "show": ("closedbook.cli.show:show", "Look at a recipe, or at the examples an objective makes."),
    "doctor": ("closedbook.cli.doctor:doctor", "Say what this machine has and whether it is enough."),
}

app = App(
    name="closedbook",
    help="Train small Transformers to answer questions from memory, and learn whether an answer was remembered.",
)
for _name, (_path, _summary) in COMMANDS.items():
    app.command(_path, name=_name, help=_summary)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake prints one message and exits with 2."""
    try:
        app(arguments)
    except ClosedbookError as error:
        print(f"closedbook: {error}", file=sys.stderr)
        sys.exit(2)
