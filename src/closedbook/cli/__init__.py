"""The command line. One file per command, imported when it is called, so that `--help` never waits for torch."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import NoReturn

from cyclopts import App, CycloptsError

from closedbook.cli.output import PipeConsole, say
from closedbook.errors import ClosedbookError, LostProcessError

# In the order of a first visit; the text in `closedbook --help` is each function's first line.
COMMANDS = {
    "demo": "closedbook.cli.demo:demo",
    "train": "closedbook.cli.train:train",
    "ask": "closedbook.cli.ask:ask",
    "evaluate": "closedbook.cli.evaluate:evaluate",
    "baseline": "closedbook.cli.baseline:baseline",
    "report": "closedbook.cli.report:report",
    "serve": "closedbook.cli.serve:serve",
    "sample": "closedbook.cli.sample:sample",
    "export": "closedbook.cli.export:export",
    "import": "closedbook.cli.import_:import_",
    "card": "closedbook.cli.card:card",
    "attention": "closedbook.cli.attention:attention",
    "study": "closedbook.cli.study:study",
    "compare": "closedbook.cli.compare:compare",
    "cs224n": "closedbook.cli.cs224n:cs224n",
    "list": "closedbook.cli.list_:list_",
    "show": "closedbook.cli.show:show",
    "doctor": "closedbook.cli.doctor:doctor",
}

app = App(
    name="closedbook",
    help="Train small Transformers to answer questions from memory, and see what that is worth beside reading.",
    help_epilogue="Start here: closedbook demo\n\n"
    "Of a file at most 256 MB are read into memory; every command takes --read-at-most MB for another limit.",
)
for _order, (_name, _path) in enumerate(COMMANDS.items()):
    app.command(_path, name=_name, sort_key=_order)
app.register_install_completion_command(help="Let the shell complete commands and options.", sort_key=len(COMMANDS))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake prints one message and exits with 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that the terminal's encoding lacks must stop nothing
            stream.reconfigure(errors="backslashreplace")
    if not given or given[0] in ("--help", "-h"):
        for name in COMMANDS:
            app[name]  # imports the command, for its line in the list
    app.console = PipeConsole()
    try:
        with _limited(given) as words:
            app(words, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        command = " ".join(["closedbook", *(error.command_chain or ())])
        fail(f"{' '.join(str(error).split())} See: {command} --help")
    except ClosedbookError as error:
        fail(str(error), everywhere=isinstance(error, LostProcessError))
    except MemoryError:
        fail("this does not fit into memory; give a smaller file, or fewer steps with --set")
    except KeyboardInterrupt:
        print("closedbook: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone, as in `closedbook … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


@contextlib.contextmanager
def _limited(given: list[str]) -> Iterator[list[str]]:
    """The arguments without --read-at-most MB, which every command understands and which holds meanwhile."""
    name = "--read-at-most"
    place = next((i for i, word in enumerate(given) if word == name or word.startswith(f"{name}=")), None)
    if place is None:
        yield given
        return
    from closedbook.data.files import LIMIT, most_read

    _, _, value = given[place].partition("=")
    behind = place + 1
    if given[place] == name:
        value, behind = "".join(given[behind : behind + 1]), behind + 1
    before = os.environ.get(LIMIT)
    os.environ[LIMIT] = value or "nothing"
    try:
        most_read()  # says what is wrong with it
        yield [*given[:place], *given[behind:]]
    finally:
        del os.environ[LIMIT]
        if before is not None:
            os.environ[LIMIT] = before


def fail(message: str, everywhere: bool = False) -> NoReturn:
    """Say what is wrong and exit with 2. Control characters are shown, not sent to the terminal.

    Of several processes, which all know what stops one of them, the first one speaks; `everywhere`: each does.
    """
    if not everywhere and int(os.environ.get("WORLD_SIZE", 1)) > 1 and os.environ.get("RANK") != "0":
        sys.exit(2)
    say(f"closedbook: {message}", error=True)
    sys.exit(2)
