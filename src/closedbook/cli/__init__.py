"""The command line. One file per command, imported when it is called, so that `--help` never waits for torch."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

from cyclopts import App, CycloptsError, Parameter

from closedbook.cli.output import PipeConsole, echo, show_warnings
from closedbook.environment import LIMIT, most_read, process_rank
from closedbook.errors import ClosedbookError, LostProcessError, exit_code, terminate

# In the order of a first visit; the text in `closedbook --help` is each function's first line.
COMMANDS = (
    "demo", "train", "probe", "ask", "learn", "forget", "history", "evaluate", "baseline", "report", "serve", "sample",
    "export", "import", "card", "attention", "study", "compare", "cs224n", "list", "show", "doctor",
)  # fmt: skip

EPILOGUE = """\
Exit codes: 0 done; 1 a check failed; 2 something given cannot be used, and the message says what to give instead; \
130 stopped by Ctrl-C.

Files that have to fit into memory may have 256 MB; --read-at-most MB, which every command takes, sets another limit."""

app = App(
    name="closedbook",
    help="Train small Transformers to answer questions from memory, and see what that is worth beside reading.",
    help_epilogue=EPILOGUE,
    suppress_keyboard_interrupt=False,  # main says so, and exits by the signal
    default_parameter=Parameter(negative_iterable=()),
)
for _order, _name in enumerate(COMMANDS):
    _python_name = f"{_name}_" if _name in ("import", "list") else _name  # else Python's own
    app.command(f"closedbook.cli.{_python_name}:{_python_name}", name=_name, sort_key=_order)
app.register_install_completion_command(help="Let the shell complete commands and options.", sort_key=len(COMMANDS))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake prints one message and exits with 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that the terminal's encoding lacks must stop nothing
            stream.reconfigure(errors="backslashreplace")
    try:
        process_rank()
        with _terminate_as_interrupt(), _read_limit(words) as words:
            _run(words)
        sys.stdout.flush()
    except CycloptsError as error:
        command = " ".join(["closedbook", *(error.command_chain or ())])
        fail(f"{' '.join(str(error).split())} See: {command} --help")
    except ClosedbookError as error:
        fail(str(error), everywhere=isinstance(error, LostProcessError))
    except MemoryError:
        fail("this does not fit into memory; give a smaller file, or fewer steps with --set")
    except KeyboardInterrupt as stop:
        print("closedbook: interrupted", file=sys.stderr)
        sys.exit(exit_code(stop))
    except BrokenPipeError:  # the reader of our output has gone, as in `closedbook … | head`
        _give_up_output()
        sys.exit(141)
    except OSError as error:  # a name too long, a loop of links, a folder without rights, a full disk behind `>`
        _give_up_output()
        named = error.filename if isinstance(error.filename, (str, bytes)) else "the output"
        fail(f"{os.fsdecode(named)} cannot be used ({error.strerror or error}); name another file, or mend this one")


def _run(words: list[str]) -> None:
    lists_commands = not words or words[0] in ("--help", "-h")
    if lists_commands:
        for name in COMMANDS:
            app[name]  # imports the command, for its line in the list
    app.help_epilogue = f"Start here: closedbook demo\n\n{EPILOGUE}" if lists_commands else EPILOGUE
    app.help_format = "plaintext" if lists_commands else "markdown"  # a line each needs no parser, which loads slowly
    show_warnings()
    app.console = PipeConsole()
    app(words, exit_on_error=False, print_error=False)


def _open_streams() -> None:
    """A standard stream that was closed (`>&-`) becomes one of nothing: else the next file opened takes its place.

    Nothing can be said on a closed standard output, so that ends here.
    """
    lost = sys.stdout is None
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    if lost:
        fail("standard output is closed; send it to a file, or to /dev/null")


def _give_up_output() -> None:
    """Drop what could not be written to standard output: Python would try once more at its end, and fail with 120."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP are as Ctrl-C, where nobody ignores or handles them (nohup ignores SIGHUP)."""
    numbers: list[int] = []
    if threading.current_thread() is threading.main_thread():
        signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
        numbers = [number for number in signals if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in numbers:
            signal.signal(number, terminate)
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def _read_limit(words: list[str]) -> Iterator[list[str]]:
    """The arguments without --read-at-most MB, which every command understands and which holds meanwhile."""
    name = "--read-at-most"
    words = [part for word in words for part in (word.split("=", 1) if word.startswith(f"{name}=") else [word])]
    if name not in words:
        yield words
        return
    place = words.index(name)
    before = os.environ.get(LIMIT)
    os.environ[LIMIT] = "".join(words[place + 1 : place + 2]) or "nothing"
    try:
        most_read()  # says what is wrong with it
        yield [*words[:place], *words[place + 2 :]]
    finally:
        del os.environ[LIMIT]
        if before is not None:
            os.environ[LIMIT] = before


def fail(message: str, everywhere: bool = False) -> NoReturn:
    """Say what is wrong and exit with 2. Control characters are shown, not sent to the terminal.

    Of several processes, which all know what stops one of them, the first one speaks; `everywhere`: each does.
    """
    with contextlib.suppress(ClosedbookError):
        if not everywhere and process_rank()[0] > 0:
            sys.exit(2)
    with contextlib.suppress(OSError):
        echo(f"closedbook: {message}", error=True)
    sys.exit(2)
