"""What commands print: JSON alone on standard output, everything else on standard error when JSON is asked for.

Documents, questions, answers and names of runs may be a stranger's. All printing goes through this file, and what would
steer a terminal (move its cursor, set its title, turn its text around) is shown as an escape in place of being sent.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from closedbook.errors import exit_code

# Control characters but line end and tab (\x9b begins an escape sequence too); what ends a line elsewhere; what turns
# the direction of writing around; and halves of surrogate pairs, which cannot be written at all.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """A text that is safe to print: what would steer a terminal is spelled out, as \\x1b, not sent."""
    return CONTROL.sub(lambda match: repr(match.group())[1:-1], text)


# As rich finds a tag, and a bracket that is none; each with the backslashes before it.
BRACKET = re.compile(r"(\\*)(\[[a-z#/@][^[]*?\])|(?<!\\)(?=\[[a-z#/@])|\\+(?=\[)")


def escape(text: str) -> str:
    """A text as it may stand in rich's markup, whatever stands in it and after it.

    rich's own function takes "[a [red]" for one tag and "\\\\[" for one backslash less, and forgets what backslashes a
    text may end in; here a tag that does nothing takes these.
    """
    bare = text.rstrip("\\")
    behind = "\\" * (2 * (len(text) - len(bare)))

    def doubled(match: re.Match[str]) -> str:
        before, tag = match[1], match[2]
        return f"{before}{before}\\{tag}" if tag else f"{match[0]}\\"

    return BRACKET.sub(doubled, bare) + (f"{behind}[none][/none]" if behind else "")


def echo(text: str, end: str = "\n", error: bool = False) -> None:
    """Print a text on standard output, or on standard error."""
    print(printable(text), end=end, file=sys.stderr if error else sys.stdout, flush=error)


class PipeConsole(Console):
    """A console that sends no control characters but its own.

    It leaves a reader who has gone, as in `closedbook … | head`, to `main`.
    """

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)  # here so that columns are as wide as what they hold

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            unsafe = not segment.control and CONTROL.search(segment.text)
            yield Segment(printable(segment.text), segment.style) if unsafe else segment


def console(as_json: bool = False, width: int | None = None) -> Console:
    """Where words for people go. Lines are never broken, and piped tables are as wide as what they hold.

    With a `width`, lines and tables are broken there, on a terminal and piped alike.
    """
    out = PipeConsole(stderr=as_json, highlight=False, soft_wrap=width is None, emoji=False)
    if not out.is_terminal:
        out.width = width or 1000
    elif width is not None:
        out.width = min(out.width, width)
    return out


def print_json(data: Any) -> None:
    """One JSON value on standard output, in UTF-8: where the output has another encoding, other letters are escaped."""
    plain = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    sys.stdout.write(as_json(data, ensure_ascii=plain, indent=2, allow_nan=False) + "\n")


def as_json(data: Any, **options: Any) -> str:
    """JSON that may be printed: what would steer a terminal is escaped, which means the same."""
    text = json.dumps(data, **{"ensure_ascii": False, **options})
    return CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)  # these stand in strings only


def note_if_trained_on(out: Any, questions_sha256: str, record: Mapping[str, Any]) -> None:
    """Say so where the questions that were answered are those that a run was trained on."""
    if questions_sha256 == (record.get("questions") or {}).get("sha256"):
        out.print("these are the training questions: the figure shows what was learned by heart")


def show_warnings() -> None:
    """Print Python's warnings as one plain line each on standard error."""

    def show(message: Any, category: Any, *_: Any, **__: Any) -> None:
        echo(f"closedbook: warning: {message}", error=True)

    warnings.showwarning = show
    warnings.simplefilter("always", UserWarning)


def use_mixers(mixers: Sequence[str]) -> None:
    """Execute the files of --mixer, for commands that open several runs."""
    from closedbook.model.custom_mixers import use_mixer

    for mixer in mixers:
        use_mixer(mixer)


@contextlib.contextmanager
def on_interrupt(out: Console, advice: Callable[[], str]) -> Iterator[None]:
    """After Ctrl-C within, say what is kept and how to go on, and exit by the signal."""
    try:
        yield
    except KeyboardInterrupt as stop:
        out.print("\n" + escape(advice()))
        sys.exit(exit_code(stop))


def resumable(out: Console, kept: Callable[[], str]) -> contextlib.AbstractContextManager[None]:
    """After Ctrl-C within, say what is kept, and that the same command goes on."""
    return on_interrupt(out, lambda: f"interrupted; {kept()}. The same command goes on")


def table(*headings: str) -> Table:
    """A quiet table; headings that end in ">" are right-aligned."""
    quiet = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        # Where the terminal is narrow, a word goes on in the next line: nothing is cut off.
        right = heading.endswith(">")
        quiet.add_column(heading.removesuffix(">"), justify="right" if right else "left", overflow="fold")
    return quiet


@contextlib.contextmanager
def progress(out: Console, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing where piped; yields a function to call with how many are done.

    A count alone where the total is not known.
    """
    if not out.is_interactive:
        yield lambda done: None
        return
    count = "{task.completed:,}" if total is None else "{task.completed:,}/{task.total:,}"
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn(count))
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def typed() -> str:
    """The command as it was typed."""
    return shlex.join(["closedbook", *sys.argv[1:]])
