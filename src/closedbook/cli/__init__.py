"""The command line. One file per command, imported when it is called, so that `--help` never waits for torch."""

from __future__ import annotations

import os
import sys

from cyclopts import App, CycloptsError

from closedbook.errors import ClosedbookError

# In the order of a first visit; the text in `closedbook --help` is each function's first line.
COMMANDS = {
    "demo": "closedbook.cli.demo:demo",
    "train": "closedbook.cli.train:train",
    "ask": "closedbook.cli.ask:ask",
    "evaluate": "closedbook.cli.evaluate:evaluate",
    "baseline": "closedbook.cli.baseline:baseline",
    "sample": "closedbook.cli.sample:sample",
    "attention": "closedbook.cli.attention:attention",
    "list": "closedbook.cli.list_:list_",
    "show": "closedbook.cli.show:show",
    "doctor": "closedbook.cli.doctor:doctor",
}

app = App(
    name="closedbook",
    help="Train small Transformers to answer questions from memory, and learn whether an answer was remembered.",
    help_epilogue="Start here: closedbook demo",
)
for _order, (_name, _path) in enumerate(COMMANDS.items()):
    app.command(_path, name=_name, sort_key=_order)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake prints one message and exits with 2."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("--help", "-h"):
        for name in COMMANDS:
            app[name]  # imports the command, for its line in the list
    try:
        app(given, exit_on_error=False)
    except CycloptsError:  # it has said what is wrong
        sys.exit(2)
    except ClosedbookError as error:
        print(f"closedbook: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("closedbook: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone, as in `closedbook … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
