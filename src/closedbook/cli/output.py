"""What commands print: JSON alone on standard output, everything else on standard error when JSON is asked for."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status
from rich.table import Table
from rich.text import Text

from closedbook.errors import RunError


class PipeConsole(Console):
    """A console that leaves a reader who has gone, as in `closedbook … | head`, to `main`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(as_json: bool = False) -> Console:
    """Where words for people go. Lines are never broken, and piped tables are as wide as what they hold."""
    out = PipeConsole(stderr=as_json, highlight=False, soft_wrap=True, emoji=False)
    if not out.is_terminal:
        out.width = 1000
    return out


def print_json(data: Any) -> None:
    """One JSON value on standard output, in UTF-8: where the output has another encoding, other letters are escaped."""
    plain = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    text = json.dumps(data, ensure_ascii=plain, indent=2, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(data, indent=2, allow_nan=False)
    sys.stdout.write(text + "\n")


def check_output(path: Path, *inputs: Path) -> None:
    """Raise RunError where a file cannot be written, before work is done for it."""
    if path.is_dir():
        raise RunError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise RunError(f"{path} cannot be written: there is no folder {path.parent}; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise RunError(f"{path} cannot be written: no permission; choose another place")
    for given in inputs:
        there = path.exists() and given.exists()
        if path.samefile(given) if there else path.resolve() == given.resolve():
            raise RunError(f"{path} is named twice; name another file, so that nothing is overwritten")


def note_if_trained_on(out: Any, questions_sha256: str, record: Mapping[str, Any]) -> None:
    """Say so where the questions that were answered are those that a run was trained on."""
    if questions_sha256 == (record.get("questions") or {}).get("sha256"):
        out.print("these are the training questions: the figure shows what was learned by heart")


def show_warnings() -> None:
    """Print Python's warnings as one plain line each on standard error."""

    def show(message: Any, category: Any, *_: Any, **__: Any) -> None:
        print(f"closedbook: warning: {message}", file=sys.stderr)

    warnings.showwarning = show
    warnings.simplefilter("always", UserWarning)


def use_mixers(given: Sequence[str] | None) -> None:
    """Execute the files of --mixer, for commands that open several runs."""
    if given:
        from closedbook.model.custom_mixers import use_mixer

        for one in given:
            use_mixer(one)


def percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:.1f} %"


def table(*headings: str) -> Table:
    """A quiet table; headings that end in ">" are right-aligned."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        made.add_column(heading.removesuffix(">"), justify="right" if heading.endswith(">") else "left")
    return made


def duration(seconds: float) -> str:
    """150 → "2 min 30 s"."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


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
    """A listener that shows the plan, then what happens.

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

    def __call__(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "Plan":
            self.plan(event)
        elif kind == "Note":
            self.out.print(escape(event.text))
        elif kind == "Step":
            self.step(event)
        elif kind == "Asked":
            self.asked(event)

    def wait(self, what: str) -> None:
        """On a terminal, say what takes so long until the plan comes."""
        if self.out.is_interactive:
            self.status = self.out.status(what)
            self.status.start()

    def plan(self, plan: Any) -> None:
        self.close()
        self.run, self.stage, self.losses, self.answers = plan.run, "", [], []
        memory = f" ({plan.memory_parameters:,} of them memory)" if plan.memory_parameters else ""
        places = f"{plan.threads} thread{'s' if plan.threads > 1 else ''}" if plan.device == "cpu" else plan.device
        if plan.processes > 1:
            places = f"{plan.processes} processes with {places} each"
        self.out.print(
            f"[bold]{escape(plan.recipe)}[/]: {plan.parameters:,} parameters{memory}, {plan.documents:,} documents "
            f"under {plan.titles:,} titles, {plan.questions:,} questions\n"
            f"{plan.steps:,} steps, about {plan.tokens:,} tokens, about {duration(plan.estimated_seconds)} "
            f"on {places} here, products in {plan.matmul_dtype} (on a GPU, by arithmetic, {duration(plan.gpu_seconds)})"
            + (f"\nchosen from the data: {escape('; '.join(plan.chosen))}" if plan.chosen else "")
            + (f"\nin {escape(plan.run)}" if plan.run else "")
        )

    def step(self, step: Any) -> None:
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
            self.live = Live(console=self.out, get_renderable=self._seen, refresh_per_second=4)
            self.live.start()
            self.task = self.progress.add_task(step.stage, total=step.steps, loss=step.loss, speed="")
        if step.step % (step.steps // 2000 + 1) == 0:
            self.losses.append(self.loss if step.steps > 2000 else step.loss)
        self.progress.update(self.task, completed=step.step, loss=self.loss, speed=f"{speed:,.0f} tokens/s")

    def asked(self, asked: Any) -> None:
        """Keep the answers for the next look; where piped, say them in one line."""
        self.answers = list(asked.answers)
        if not self.out.is_interactive:
            said = " · ".join(f"{answer.answer} {_mark(answer)}" for answer in self.answers)
            self.out.print(escape(f"kept-out questions: {said}"))

    def _seen(self) -> Group:
        """Curve, questions and bar, as they stand."""
        assert self.progress is not None
        shown: list[Any] = [Text("\n".join(curve(self.losses)), style="cyan")] if len(self.losses) > 1 else []
        if self.answers:
            rows = table("kept out", "answer now", "")
            for answer in self.answers:
                rows.add_row(escape(answer.question), escape(answer.answer), escape(_mark(answer)))
            shown.append(rows)
        return Group(*shown, self.progress)

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
