"""A training as it is shown: its plan, then a curve, answers and a bar on a terminal, or plain lines where piped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status
from rich.text import Text

from closedbook.cli.output import escape, table
from closedbook.formatting import duration, plural
from closedbook.training.events import Learned, Message, Plan, Step, ValidationEvent


class TrainingDisplay:
    """A callback that shows the plan, then what happens; within a `with`, which clears what moves at its end.

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, event: Plan | Step | Learned | Message | ValidationEvent) -> None:
        match event:
            case Plan():
                self.plan(event)
            case Message():
                self.out.print(escape(event.text))
            case Step():
                self.step(event)
            case Learned():
                self.learned(event)
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
        places = plural(plan.threads, "thread") if plan.device == "cpu" else plan.device
        if plan.processes > 1:
            places = f"{plan.processes} processes with {places} each"
        self.out.print(
            f"[bold]{escape(plan.recipe)}[/]: {plan.parameters:,} parameters{memory}, "
            f"{plural(plan.documents, 'document')} under {plural(plan.titles, 'title')}, "
            f"{plural(plan.questions, 'question')} to train on"
            + (f", {plan.unnamed:,} of which name no title and are read by their words alone" if plan.unnamed else "")
            + "\n"
            f"{plan.steps:,} steps, about {plan.tokens:,} tokens, about {duration(plan.estimated_seconds)} "
            f"on {places} here, matrix products in {plan.matmul_dtype}"
            + (f"\nchosen from the data: {escape('; '.join(plan.chosen))}" if plan.chosen else "")
            + (f"\nkept in {escape(plan.run)}" if plan.run else "")
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

    def learned(self, event: Learned) -> None:
        """A bar of its own for what is learned after the training; where piped, a line now and then."""
        done = event.titles == event.of
        if self.out.is_interactive:
            self.progress = self.progress or self._learning(event.of)
            self.progress.update(self.task, completed=event.titles)
            if done:
                self.close()
        elif done or time.monotonic() - self.spoke > 10:
            self.out.print(f"learned {event.titles:,} of {event.of:,} other titles")
            self.spoke = time.monotonic()

    def _learning(self, titles: int) -> Progress:
        what = TextColumn("learning the other titles")
        bar = Progress(what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=self.out)
        self.live = Live(console=self.out, get_renderable=lambda: bar, refresh_per_second=4)
        self.live.start()
        self.task = bar.add_task("", total=titles)
        return bar

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
