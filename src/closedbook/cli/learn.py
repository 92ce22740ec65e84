"""`closedbook learn`."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

from closedbook.cli.options import AtLeastOne, Json
from closedbook.cli.output import console, escape, print_json, progress
from closedbook.errors import DataError, WorkerError
from closedbook.formatting import duration, plural


def learn(
    run: Path,
    /,
    *,
    documents: Path,
    workers: AtLeastOne = 1,
    scheduler: str | None = None,
    dry_run: bool = False,
    json: Json = False,
) -> None:
    """Learn documents into a finished run, in seconds; what it says of other names stays the same to the bit.

    Titles that are new are added, those whose documents have changed are learned anew, others are left alone. The
    documents of a title take the place of those that the run knew. Nothing is trained: each name gets vectors of its
    own, and `closedbook forget` takes them out again.

    For example:

        closedbook learn runs/fast-… --documents new.txt

        closedbook learn runs/fast-… --documents new.txt --dry-run

    Args:
        run: A run folder, as `closedbook train` or `closedbook demo` leaves it; trained with a memory of names (fast,
            demo).
        documents: Documents to learn, in any format that `train` reads; a title may have several.
        workers: Processes that learn side by side; worth it from some thousand names on.
        scheduler: Learn on other machines: the address of Dask's scheduler, such as tcp://10.0.0.5:8786
            (docs/living.md).
        dry_run: Only say what there is to learn.
    """
    import closedbook

    out = console(json)
    loaded = closedbook.load(run)
    plan = loaded.plan_learning(documents)
    seconds = loaded.memory.learner.seconds * len(plan.texts) / workers
    about = f"about {duration(seconds)}" if seconds >= 1 else "less than a second"
    out.print(
        f"{plural(len(plan.new), 'new name')}, {len(plan.changed):,} changed, {len(plan.unchanged):,} known as they are"
        + (f"; to learn them takes {about}" if plan.texts else "")
    )
    if plan.shared:
        shared = ", ".join(plan.shared[:3]) + (", …" if len(plan.shared) > 3 else "")
        out.print(f"{plural(len(plan.shared), 'name')} of several documents, which share one memory: {escape(shared)}")
    done, began = 0, time.monotonic()
    if not dry_run:

        def count(names: int) -> None:
            nonlocal done
            done = names
            advance(names)

        try:
            with progress(out, "learning", len(plan.texts)) as advance:
                loaded.learn(documents, workers=workers, scheduler=scheduler, progress=count)
        except (KeyboardInterrupt, DataError, WorkerError):
            out.print(f"{done:,} of {len(plan.texts):,} names are learned and saved; the same command goes on")
            raise
        if done:
            out.print(f"learned {plural(done, 'name')} in {duration(time.monotonic() - began)}")
    else:
        out.print("dry run: nothing was learned")
    if json:
        print_json(
            {
                "new": list(plan.new), "changed": list(plan.changed), "unchanged": len(plan.unchanged),
                "shared": list(plan.shared), "learned": done,
            }
        )  # fmt: skip
    elif done:
        question = loaded.questions_about(next(iter(plan.texts)))[0]
        out.print("next: ask about one\n  " + escape(shlex.join(["closedbook", "ask", f"{run}", question])))
