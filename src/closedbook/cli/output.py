"""What commands print: JSON alone on standard output, everything else on standard error when JSON is asked for.

Documents, questions, answers and names of runs may be a stranger's. All printing goes through this file, and what would
steer a terminal (move its cursor, set its title, turn its text around) is shown as an escape in place of being sent.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.status import Status
from rich.table import Table
from rich.text import Text

from closedbook.errors import ClosedbookError, RunError
from closedbook.formatting import duration
from closedbook.training.events import Message, Plan, Step, ValidationEvent

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


# Options that several commands have, with their line in the help.
SET = "Override one value of the recipe; may be repeated."
MIXER_HELP = "FILE.py:CLASS, a mixer of your own in place of the recipe's (docs/mixers.md); the file is executed."
RUNS_MIXER_HELP = "FILE.py:CLASS, the file that the run's own mixer is in (docs/mixers.md); it is executed."
Overrides = Annotated[list[str] | None, Parameter(name="--set", negative="", consume_multiple=False, help=SET)]
Threads = Annotated[int | None, Parameter(help="CPU threads; one per core, at most 8, if left out.")]
OwnMixer = Annotated[str | None, Parameter(help=MIXER_HELP)]
RunsMixer = Annotated[str | None, Parameter(help=RUNS_MIXER_HELP)]


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


def check_output(path: Path, *inputs: str | Path | None, runs: Sequence[Path] = (), binary: bool = False) -> None:
    """Raise RunError where a file cannot be written, or would destroy another by it, before work is done for it.

    Where the path leads through links is what counts. An output takes the place of no input, of nothing that `runs`
    were trained on, of no file that a run, an export or an index is made of, and of no file of another kind: text does
    not replace what is none, nor, where it is `binary`, something else a text.
    """
    if path.is_dir():
        raise RunError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise RunError(f"{path} cannot be written: there is no folder {path.parent}; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise RunError(f"{path} cannot be written: no permission; choose another place")
    from closedbook.data.files import Source

    for source in inputs:
        if source is not None and _same(path, Source.of(source).path):
            raise RunError(f"{path} is named twice; name another file, so that nothing is overwritten")
    for run in runs:
        for what, trained in _trained_on(run):
            if _same(path, trained):
                raise RunError(f"{path} is the file of {what} of {run}, and would be overwritten; name another file")
    for place in {path.absolute(), Path(os.path.realpath(path))}:
        if owner := _owner(place):
            raise RunError(f"{path} is a file of {owner}, and would be overwritten; name another file")
    if path.is_file():
        with open(path, "rb") as file:
            head = file.read(4096)
        if head and (b"\0" in head) != binary:
            holds, writes = ("text", "what is no text") if binary else ("something else than text", "text")
            raise RunError(f"{path} holds {holds}, and {writes} would take its place; name another file, or remove it")


def check_folder(folder: Path, *inputs: str | Path | None) -> None:
    """Raise RunError where an input lies in a folder that is to be replaced."""
    from closedbook.data.files import Source

    for source in inputs:
        if source is None:
            continue
        place = Path(os.path.realpath(Source.of(source).path))
        if Path(os.path.realpath(folder)) in place.parents:
            raise RunError(f"{source} is in {folder}, which is replaced; move it elsewhere first")


def check_study(folder: Path, name: str, *inputs: str | Path | None, runs: Sequence[Path] = ()) -> None:
    """Raise RunError where one of the files that a study writes into its folder would destroy another."""
    if folder.is_dir():
        for suffix in (".json", ".md", ".svg", "-dark.svg"):
            check_output(folder / f"{name}{suffix}", *inputs, runs=runs)


def _same(path: Path, other: Path) -> bool:
    """Whether two paths lead to one file."""
    try:
        return path.samefile(other) if path.exists() and other.exists() else path.resolve() == other.resolve()
    except (OSError, RuntimeError):  # a loop of links, say: whoever reads it says so
        return False


def _trained_on(run: Path) -> Iterator[tuple[str, Path]]:
    """The files that a run's record names; nothing where there is no run: whoever opens it says so."""
    from closedbook.data.files import Source
    from closedbook.runs.folder import RunFolder
    from closedbook.runs.provenance import found_from_here

    with contextlib.suppress(ClosedbookError):
        record = RunFolder.open(run).record()
        for what in ("documents", "questions", "dev"):
            entry = record.get(what)
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                yield what, Source.of(found_from_here(entry["path"], record)).path


def _owner(place: Path) -> str | None:
    """What a file belongs to, if to something of ours: a run, an export or an index."""
    from closedbook.runs.folder import is_of_run

    folder, name = place.parent, place.name.lower()
    if (folder / "run.json").is_file() and is_of_run(name):
        return f"the run {folder}"
    if (folder / "closedbook.json").is_file() and place.exists() and name != "readme.md":
        return f"the export {folder}"
    if (folder / "index.json").is_file() and place.exists():
        return f"the index {folder}"
    return None


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


def use_mixers(mixers: Sequence[str] | None) -> None:
    """Execute the files of --mixer, for commands that open several runs."""
    if mixers:
        from closedbook.model.custom_mixers import use_mixer

        for mixer in mixers:
            use_mixer(mixer)


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


class TrainingDisplay:
    """A callback that shows the plan, then what happens.

    On a terminal: the loss as a small curve, a few kept-out questions as they are answered now, a bar with loss, speed
    and time left. Where piped: plain lines.
    """

    def __init__(self, out: Console) -> None:
        self.out = out
        self.progress: Progress | None = None
        self.live: Live | None = None
        self.losses: list[float] = []
        self.answers: list[Any] = []
        self.status: Status | None = None
        self.task: Any = None
        self.run = ""
        self.stage = ""
        self.tokens, self.seconds, self.loss = 0, 0.0, 0.0
        self.spoke = 0.0

    def __call__(self, event: Plan | Step | Message | ValidationEvent) -> None:
        match event:
            case Plan():
                self.plan(event)
            case Message():
                self.out.print(escape(event.text))
            case Step():
                self.step(event)
            case ValidationEvent():
                self.validation(event)

    def wait(self, what: str) -> None:
        """On a terminal, say what takes so long until the plan comes."""
        if self.out.is_interactive:
            self.status = self.out.status(what)
            self.status.start()

    def plan(self, plan: Plan) -> None:
        self.close()
        self.run, self.stage, self.losses, self.answers = plan.run, "", [], []
        memory = f" ({plan.memory_parameters:,} of them memory)" if plan.memory_parameters else ""
        places = f"{plan.threads} thread{'s' if plan.threads > 1 else ''}" if plan.device == "cpu" else plan.device
        if plan.processes > 1:
            places = f"{plan.processes} processes with {places} each"
        self.out.print(
            f"[bold]{escape(plan.recipe)}[/]: {plan.parameters:,} parameters{memory}, {plan.documents:,} documents "
            f"under {plan.titles:,} titles, {plan.questions:,} questions"
            + (f", {plan.unnamed:,} of which name no title and are read by their words alone" if plan.unnamed else "")
            + "\n"
            f"{plan.steps:,} steps, about {plan.tokens:,} tokens, about {duration(plan.estimated_seconds)} "
            f"on {places} here, matrix products in {plan.matmul_dtype}"
            + (f"\nchosen from the data: {escape('; '.join(plan.chosen))}" if plan.chosen else "")
            + (f"\nin {escape(plan.run)}" if plan.run else "")
        )

    def step(self, step: Step) -> None:
        # A running mean: one step's loss is noise.
        fresh = step.stage != self.stage
        keep = 0.0 if fresh else 0.95
        self.loss = keep * self.loss + (1 - keep) * step.loss
        self.tokens = int(keep * self.tokens + (1 - keep) * step.tokens)
        self.seconds = keep * self.seconds + (1 - keep) * step.seconds
        speed = self.tokens / max(self.seconds, 1e-9)
        if self.out.is_interactive:
            self._bar(step, speed, fresh)
        else:
            self._line(step, speed, fresh)
        self.stage = step.stage
        if step.step == step.steps and self.progress:
            self.close()

    def _bar(self, step: Any, speed: float, fresh: bool) -> None:
        if fresh or self.progress is None:
            self.close()
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.completed:,}/{task.total:,} · loss {task.fields[loss]:.3f} · {task.fields[speed]}"),
                TimeRemainingColumn(),
            )
            self.progress = Progress(*columns, console=self.out)
            self.live = Live(console=self.out, get_renderable=self._view, refresh_per_second=4)
            self.live.start()
            self.task = self.progress.add_task(step.stage, total=step.steps, loss=step.loss, speed="")
        if step.step % (step.steps // 2000 + 1) == 0:
            self.losses.append(self.loss if step.steps > 2000 else step.loss)
        self.progress.update(self.task, completed=step.step, loss=self.loss, speed=f"{speed:,.0f} tokens/s")

    def validation(self, event: ValidationEvent) -> None:
        """Keep the answers for the next look; where piped, say them in one line."""
        self.answers = list(event.answers)
        if not self.out.is_interactive:
            line = " · ".join(f"{answer.answer} {_mark(answer)}" for answer in self.answers)
            self.out.print(escape(f"kept-out questions: {line}"))

    def _view(self) -> Group:
        """Curve, questions and bar, as they stand."""
        assert self.progress is not None
        parts: list[Any] = [Text("\n".join(curve(self.losses)), style="cyan")] if len(self.losses) > 1 else []
        if self.answers:
            rows = table("kept out", "answer now", "")
            for answer in self.answers:
                rows.add_row(escape(answer.question), escape(answer.answer), escape(_mark(answer)))
            parts.append(rows)
        return Group(*parts, self.progress)

    def _line(self, step: Any, speed: float, fresh: bool) -> None:
        now = time.monotonic()
        if fresh or step.step == step.steps or now - self.spoke > 10:
            left = duration(self.seconds * (step.steps - step.step))
            place = f"{escape(step.stage)} {step.step:,}/{step.steps:,}"
            self.out.print(f"{place} loss {self.loss:.3f} {speed:,.0f} tokens/s {left} left")
            self.spoke = now

    def close(self) -> None:
        if self.status:
            self.status.stop()
            self.status = None
        if self.live:
            self.live.stop()
            self.live = self.progress = None


@contextlib.contextmanager
def training(out: Console, progress_so_far: Callable[[], str]) -> Iterator[TrainingDisplay]:
    """The display of a study's trainings. After Ctrl-C it says how far they came, and exits with 130."""
    display = TrainingDisplay(out)
    try:
        yield display
    except KeyboardInterrupt:
        display.close()
        out.print(f"\ninterrupted; {escape(progress_so_far())}. The same command goes on")
        sys.exit(130)
    finally:
        display.close()


def typed() -> str:
    """The command as it was typed."""
    return shlex.join(["closedbook", *sys.argv[1:]])


def _mark(answer: Any) -> str:
    return "✓" if answer.right else f"(it is {answer.gold})"


DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille letter: row, column


def curve(values: Sequence[float], width: int = 60, height: int = 5) -> list[str]:
    """A small curve in braille letters, `height` lines of `width`: each column of dots is the mean of its values."""
    columns = min(2 * width, len(values))
    edges = [len(values) * i // columns for i in range(columns + 1)]
    means = [sum(values[i:j]) / (j - i) for i, j in pairwise(edges)]
    low, high = min(means), max(means)
    letters = [[0x2800] * width for _ in range(height)]
    before = None
    for x, mean in enumerate(means):
        y = round((high - mean) / ((high - low) or 1) * (4 * height - 1))
        for dot in range(min(y, y if before is None else before), max(y, y if before is None else before) + 1):
            letters[dot // 4][x // 2] |= DOTS[dot % 4][x % 2]
        before = y
    lines = ["".join(map(chr, line)) for line in letters]
    lines[0] += f" {high:.2f}"
    lines[-1] += f" {low:.2f}"
    return lines
