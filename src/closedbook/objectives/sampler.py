"""Draws a stage's batches: which items each step shows, and by which objective, reproducible from the seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from closedbook.config.schema import Stage
from closedbook.errors import RecipeError
from closedbook.objectives import Corpus, Examples, Objective
from closedbook.objectives.epoch import Epoch

RELEASED = 250  # mapped pages are released after so many examples: each reads about ten places, 64 KiB of each
SHOWN = 1 << 16  # `iter_examples` yields so many examples at once


class BatchSampler:
    """The batches of one stage. `batch(step)` depends only on (seed, stage, step), not on the order of calls."""

    def __init__(self, stage: Stage, corpus: Corpus, seed: int, stage_number: int = 0) -> None:
        self.stage, self.key, self.corpus = stage, (seed, stage_number), corpus
        self.objectives: list[Objective] = [share.objective.make("objective", corpus) for share in stage.objectives]
        for share, objective in zip(stage.objectives, self.objectives, strict=True):
            if objective.items == 0:
                raise RecipeError(f"stages.{stage.name}: {nothing_to_show(share.objective.name, corpus)}")
        if stage.epochs and stage.order == "file":
            self.steps = stage.epochs * -(-self.objectives[0].items // stage.batch)
        elif stage.epochs:
            self.steps = -(-stage.epochs * self.objectives[0].items // stage.batch)
        else:
            self.steps = stage.steps
        self.counts = self._counts()
        self._since_release = RELEASED  # the objectives have just read much of the corpus
        self._epoch = lru_cache(maxsize=2 * len(self.objectives))(self._make_epoch)
        self._group = lru_cache(maxsize=2)(self._make_group)

    def _counts(self) -> np.ndarray:
        """(steps + 1, objectives): how many examples of each objective come before each step."""
        progress = (np.arange(self.steps) + 0.5) / max(self.steps, 1)
        shares = np.stack([s.share * ((s.start <= progress) & (progress < s.stop)) for s in self.stage.objectives], 1)
        total = shares.sum(1, keepdims=True)
        if not total.all():
            raise RecipeError(f"stages.{self.stage.name}: some steps have no objective; mind their start and stop")
        counts = np.zeros((self.steps + 1, len(self.objectives)), np.int64)
        counts[1:] = np.floor(np.cumsum(self.stage.batch * shares / total, 0) + 0.5)
        return counts

    def _make_epoch(self, objective: int, epoch: int) -> Epoch:
        items, draws = self.objectives[objective].items, self.objectives[objective].draws
        return Epoch([*self.key, objective, epoch], items, draws, self.stage.order == "file")

    def _pieces(self, objective: int, step: int) -> list[tuple[int, int, int]]:
        """(epoch, first, last) of the items of one objective in `step`: several pieces if an epoch ends in it."""
        items = self.objectives[objective].items
        if self.stage.order == "file":
            per_epoch = -(-items // self.stage.batch)
            epoch, position = divmod(step, per_epoch)
            first = position * self.stage.batch
            return [(epoch, first, min(first + self.stage.batch, items))]
        start, stop = int(self.counts[step, objective]), int(self.counts[step + 1, objective])
        pieces = []
        while start < stop:
            epoch, first = divmod(start, items)
            last = min(items, first + stop - start)
            pieces.append((epoch, first, last))
            start += last - first
        return pieces

    def batch(self, step: int) -> Examples:
        """The examples of one step (0-based); their `kinds` are positions in `stage.objectives`."""
        if self.stage.group == 1:
            return self._drawn(step)
        group, place = divmod(step, self.stage.group)
        return self._group(group)[place]

    def examples_before(self, step: int) -> int:
        """How many examples the steps before this one (0-based) show."""
        if self.stage.order == "file":
            return self._in_file_order(self.objectives[0], step)
        return int(self.counts[step].sum())

    def iter_examples(self, steps: int | None = None) -> Iterator[tuple[Objective, np.ndarray, np.ndarray]]:
        """(objective, items, random numbers) of all examples of the first `steps` steps, many at a time.

        A group of steps redistributes its examples. So if `steps` ends within a group, only their number is exact.
        """
        steps = self.steps if steps is None else steps
        for number, objective in enumerate(self.objectives):
            in_file_order = self.stage.order == "file"
            total = self._in_file_order(objective, steps) if in_file_order else int(self.counts[steps, number])
            for number_of_epoch in range(-(-total // objective.items)):
                epoch = self._make_epoch(number, number_of_epoch)
                last = min(objective.items, total - number_of_epoch * objective.items)
                for first in range(0, last, SHOWN):
                    items = epoch.items_at(first, min(first + SHOWN, last))
                    yield objective, items, epoch.numbers(items)

    def _in_file_order(self, objective: Objective, steps: int) -> int:
        """The number of examples in `steps` steps, if every epoch ends with a smaller batch."""
        epochs, rest = divmod(steps, -(-objective.items // self.stage.batch))
        return epochs * objective.items + min(rest * self.stage.batch, objective.items)

    def _drawn(self, step: int) -> Examples:
        """The examples of this step, before they are redistributed within a group."""
        parts = []
        for number, objective in enumerate(self.objectives):
            items, rows = [np.zeros(0, np.int64)], [np.zeros((0, objective.draws))]
            for epoch, first, last in self._pieces(number, step):
                epoch_order = self._epoch(number, epoch)
                items.append(epoch_order.items_at(first, last))
                rows.append(epoch_order.numbers(items[-1]))
            parts.append(objective.examples(np.concatenate(items), np.concatenate(rows)))
        examples = Examples.join(parts)
        self._since_release += len(examples)
        if self._since_release >= RELEASED:
            self.corpus.arrays.release()
            self._since_release = 0
        return examples

    def _make_group(self, group: int) -> list[Examples]:
        """The examples of a group's steps, redistributed: similar lengths together, about as many tokens a step."""
        first = group * self.stage.group
        steps = range(first, min(first + self.stage.group, self.steps))
        step_examples = [self._drawn(step) for step in steps]
        kinds = np.concatenate([examples.kinds for examples in step_examples])
        pool = replace(Examples.join(step_examples), kinds=kinds)
        rng = np.random.default_rng([*self.key, len(self.objectives), group])
        # Examples of the same length are in random order, so that the objectives stay mixed.
        order = np.lexsort((rng.random(len(pool)), pool.inputs.lengths))
        padded = np.cumsum(pool.inputs.lengths[order])
        bounds = np.searchsorted(padded, padded[-1] * np.arange(1, len(steps)) / len(steps))
        dealt = [pool.take(rows) for rows in np.split(order, bounds)]
        return [dealt[i] for i in rng.permutation(len(dealt))]


def nothing_to_show(name: str, corpus: Corpus) -> str:
    """The error message for an objective that finds nothing in a corpus."""
    why = f'the objective "{name}" has nothing to show'
    if name == "question":
        return f"{why}; give questions that can be trained on"
    return (
        f"{why} in {corpus.documents.source}: behind the titles nothing that it could say is capitalised or a number; "
        'a document is one line, "Title. Text"'
    )
