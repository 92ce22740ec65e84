"""`closedbook train`."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from closedbook.cli.output import TrainingDisplay, console, percent, print_json, show_warnings
from closedbook.errors import RunError


def train(
    recipe: str,
    *,
    documents: Path,
    questions: Path | None = None,
    dev: Path | None = None,
    run: Path | None = None,
    resume: bool = False,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="", consume_multiple=False)] = None,
    seed: int | None = None,
    threads: int | None = None,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Train a model to answer from memory, and score it.

    Examples:

        closedbook train fast --documents wiki.txt --questions birth_places_train.tsv --dev birth_dev.tsv

        closedbook train course-vanilla --documents wiki.txt --questions birth_places_train.tsv --dry-run

        closedbook train characters --documents any.txt --set stages.train.steps=500

    Parameters
    ----------
    recipe: str
        A built-in recipe (`closedbook list recipes`) or a TOML file of your own.
    documents: Path
        The corpus: one document a line, "Title. Text …", UTF-8.
    questions: Path
        Training questions: one a line, QUESTION tab ANSWER.
    dev: Path
        Questions with answers to score at the very end; nothing before that reads them.
    run: Path
        Where to keep the run; runs/RECIPE-DATE if left out.
    resume: bool
        Go on with an interrupted run: the one in --run, or the last unfinished one of this recipe.
    set_: list[str]
        Override one value of the recipe, such as model.width=128 or stages.pretrain.epochs=20; may be repeated.
    seed: int
        Short for --set seed=N.
    threads: int
        CPU threads; one per core if left out. Stored in the run.
    dry_run: bool
        Read and check every input, print the plan, and stop.
    json: bool
        Print one JSON object on standard output, everything else on standard error.
    """
    from closedbook import workflow
    from closedbook.recipe import load_recipe

    show_warnings()
    out = console(json)
    overrides = [*(set_ or []), *([f"seed={seed}"] if seed is not None else [])]
    loaded = load_recipe(recipe, overrides)
    display = TrainingDisplay(out)
    if dry_run:
        workflow.set_threads(threads)
        plan = workflow.plan(workflow.prepare(loaded, documents, questions, dev), run or "")
        display.plan(plan)
        out.print("dry run: every input was read and checked, nothing was trained or written")
        if json:
            print_json(dataclasses.asdict(plan))
        return
    if resume and run is None:
        run = last_unfinished(loaded.name)
    command = shlex.join(["closedbook", *sys.argv[1:]])
    try:
        finished = workflow.train(
            loaded, documents, questions, dev=dev, run=run, resume=resume, threads=threads,
            listeners=[display], command=command,
        )  # fmt: skip
    except KeyboardInterrupt:
        display.close()
        again = command if resume else f"{command} --resume"
        out.print(f"\ninterrupted; the state is saved. Go on with:\n  {again}")
        sys.exit(130)
    finally:
        display.close()
    record = finished.folder.record()
    result = {"run": str(finished.path), "train_seconds": record["train_seconds"], "seconds": record["seconds"]}
    out.print(f"\nthe run is in [bold]{finished.path}[/]")
    if dev is not None:
        evaluation = finished.folder.read_json("evaluation.json")
        result |= {key: evaluation[key] for key in ("correct", "total", "accuracy", "interval")}
        low, high = evaluation["interval"] or (None, None)
        out.print(
            f"dev: {evaluation['correct']} of {evaluation['total']} right, [bold]{percent(evaluation['accuracy'])}[/] "
            f"(95 % interval {percent(low)} to {percent(high)})"
        )
    out.print("next:\n" + next_step(finished.path, questions))
    if json:
        print_json(result)


def next_step(run: Path, questions: Path | None) -> str:
    """What to type after a training."""
    if questions is None:
        return f'  closedbook sample {shlex.quote(str(run))} "The "'
    from closedbook.text.questions import read_questions

    example = read_questions(questions).items[0].text
    return f"  closedbook ask {shlex.quote(str(run))} {shlex.quote(example)}"


def last_unfinished(recipe: str) -> Path:
    """The newest run of a recipe that can be resumed. Raises RunError where there is none."""
    from closedbook.runs import list_runs

    found = [f for f in list_runs() if f.record()["recipe"] == recipe and f.record()["status"] != "finished"]
    if not found:
        raise RunError(f"no unfinished run of {recipe} in runs/; name its folder with --run")
    return found[-1].path
