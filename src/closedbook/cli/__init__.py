"""The command line. One file per command, imported when it is called, so that `--help` never waits for torch."""

from __future__ import annotations

import sys

from cyclopts import App

from closedbook.errors import ClosedbookError

# name: (import path, the line in `closedbook --help`)
COMMANDS = {
    "attention": ("closedbook.cli.attention:attention", "Check what attention can and cannot do, claim by claim."),
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
