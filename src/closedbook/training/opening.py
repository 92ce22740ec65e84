"""How a training begins: a new run folder is made, or that of an interrupted one is opened, and held until the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from closedbook.config.schema import Recipe
from closedbook.errors import RunError
from closedbook.runs.folder import RunFolder, check_free
from closedbook.runs.store import to_json
from closedbook.training.checkpoint import TrainingState, already_finished, load_state
from closedbook.training.distributed import DistributedContext
from closedbook.training.events import Message, Plan
from closedbook.training.plan import plan_training
from closedbook.training.run_record import check_inputs, check_recipe
from closedbook.training.setup import TrainingSetup, set_threads, settle_matmul_dtype


@contextlib.contextmanager
def open_training(
    path: Path,
    recipe: Recipe,
    prepare: Callable[[Recipe], TrainingSetup],
    emit: Callable[[Plan | Message], None],
    record: Callable[[TrainingSetup], dict[str, Any]],
    distributed: DistributedContext,
    *,
    resume: bool = False,
    threads: int | None = None,
    by_turns: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[TrainingSetup, RunFolder, TrainingState | None]]:
    """What a training is made of, its folder, which is locked meanwhile, and the state that it goes on from, if any.

    `prepare` reads the inputs; where `by_turns` says so, in rank 0 first, which makes what the others then find. `emit`
    gets the plan and what there is to say; `record` makes what run.json says of a new run. Raises RunError where the
    folder is taken or, with `resume`, of another training.
    """
    setup, state = None, None
    with contextlib.ExitStack() as held:
        with distributed.sync_errors():
            existing = RunFolder.open(path) if resume else None
            recipe = settle_matmul_dtype(recipe, existing, distributed)
            if existing is not None and existing.finished:
                raise RunError(already_finished(existing))
            if distributed.first:
                if existing is None:
                    check_free(path)
                else:
                    held.enter_context(existing.lock())
                    state = load_state(existing)
            set_threads(threads, existing, distributed)
            if distributed.first or not by_turns():
                setup = prepare(recipe)
        with distributed.sync_errors():
            setup = setup or prepare(recipe)
            if existing is not None:
                check_recipe(existing, setup.recipe)
                check_inputs(existing, setup)
        folder = existing or RunFolder(path)
        with distributed.sync_errors():
            if not distributed.first:  # whose own load has put aside what was damaged
                state = load_state(existing) if existing else None
            else:
                emit(plan_training(setup, path))
                if existing is None:
                    vocabulary = to_json(setup.corpus.vocabulary.to_json(), indent=2)
                    files = {"recipe.toml": setup.recipe.to_toml(), "vocabulary.json": vocabulary}
                    RunFolder.create(path, record(setup), files)
                    held.enter_context(folder.lock())
                elif state is None:
                    emit(Message("no state was saved before; beginning with the first step"))
                if existing and (before := folder.record().get("processes", 1)) != distributed.processes:
                    now = f"{distributed.processes} process{'es' * (distributed.processes > 1)}"
                    emit(Message(f"the examples go on in the same order, now in {now} in place of {before}"))
                    folder.update(processes=distributed.processes, threads=torch.get_num_threads())
        yield setup, folder, state
