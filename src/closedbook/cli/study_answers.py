"""The studies of answers: `closedbook study ablation`, `fluency`, `strangers` and `reversal`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from closedbook.cli.output import (
    TrainingDisplay,
    check_study,
    console,
    escape,
    percent,
    print_json,
    progress,
    show_warnings,
    table,
)

if TYPE_CHECKING:
    from closedbook.data.questions import Questions
    from closedbook.inference.run import Run


def ablation(
    *,
    documents: Path,
    questions: Path,
    folder: Path = Path("studies/ablation"),
    models: int = 8,
    steps: int = 900,
    asked: float = 0.3,
    recipe: str = "fast",
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="", consume_multiple=False)] = None,
    mixer: str | None = None,
    seed: int = 0,
    threads: int | None = None,
    json: bool = False,
) -> None:
    """Why does pretraining help? Take each person's page out of half of the models and ask.

    Trains several models, each on a random half of the people, and asks all of them about people whose questions none
    was trained on. A finished model's answers are kept; after Ctrl-C the same command goes on with the others. Writes
    ablation.json, ablation.svg (and a dark one) and ablation.md.

    Example: closedbook study ablation --documents wiki.txt --questions birth_places_train.tsv

    Parameters
    ----------
    documents: Path
        The corpus: one document a line, "Title. Text …".
    questions: Path
        Questions with answers; some are trained on, the others asked.
    folder: Path
        Where to keep it.
    models: int
        How many models to train: an even number.
    steps: int
        Steps of the recipe's one stage: one to two minutes a model on two cores. 0: as many as the recipe has.
    asked: float
        The share of people who are asked about and never trained on.
    recipe: str
        What to train; it should keep out questions to calibrate by.
    set_: list[str]
        Override one value of the recipe; may be repeated.
    mixer: str
        FILE.py:CLASS, a mixer of your own in place of the recipe's (docs/mixers.md); the file is executed.
    seed: int
        Another seed draws other halves.
    threads: int
        CPU threads; one per core, at most 8, if left out.
    json: bool
        Print ablation.json on standard output, everything else on standard error.
    """
    from closedbook.config.schema import load_recipe
    from closedbook.errors import RecipeError
    from closedbook.model.custom_mixers import mixer_overrides
    from closedbook.studies.ablation import Design, run_ablation

    show_warnings()
    out = console(json)
    overrides = ["data.held_out={calibrate=0.1}", *mixer_overrides(mixer, recipe), *(set_ or []), f"seed={seed}"]
    loaded = load_recipe(recipe, overrides)
    if steps:
        if len(loaded.stages) > 1:
            raise RecipeError(f"--steps {steps}: {loaded.name} has several stages; give --steps 0 to keep theirs")
        loaded = load_recipe(recipe, [*overrides, f"stages.{loaded.stages[0].name}.steps={steps}"])
    check_study(folder, "ablation", documents, questions)
    display = TrainingDisplay(out)
    try:
        record = run_ablation(
            Design(documents, questions, loaded, models, seed, asked), folder, threads=threads, callbacks=[display],
            begin=lambda number: out.print(f"[bold]model {number + 1} of {models}[/]"),
            command=shlex.join(["closedbook", *sys.argv[1:]]),
        )  # fmt: skip
    except KeyboardInterrupt:
        display.close()
        out.print(f"\ninterrupted; finished models are kept in {escape(str(folder))}. The same command goes on")
        sys.exit(130)
    finally:
        display.close()
    rows = table("people", "of them>", "page in>", "page out>", "effect, points>", "95 % interval", "by chance")
    for name, one in record["summary"]["effect"].items():
        spans = [" to ".join(f"{100 * x:+.1f}" for x in one[key]) for key in ("interval", "permutation_interval")]
        rows.add_row(
            name, f"{one['people']:,}", percent(one["accuracy_in"]), percent(one["accuracy_out"]),
            f"{100 * one['effect']:+.1f}", *spans,
        )  # fmt: skip
    out.print(rows)
    if met := record["summary"]["met"]:
        listing = ", ".join(f"{name} {one['mean']:.3f}" for name, one in met["auroc"].items())
        out.print(f"met or taken out, AUROC: {listing}")
    _done(out, folder, "ablation", record, json)


def fluency(
    run: Path,
    /,
    *,
    questions: Path,
    folder: Path = Path("studies/fluency"),
    mixer: str | None = None,
    json: bool = False,
) -> None:
    """Does the output tell memory from invention? How plausible wrong answers are, and who can tell.

    After Ctrl-C the same command goes on.

    Example: closedbook study fluency runs/fast-… --questions birth_dev.tsv

    Parameters
    ----------
    run: Path
        A trained run.
    questions: Path
        Questions with answers that the run was not trained on.
    folder: Path
        Where to write fluency.json, fluency.svg (and a dark one) and fluency.md.
    mixer: str
        FILE.py:CLASS, the file that the run's own mixer is in (docs/mixers.md); it is executed.
    json: bool
        Print fluency.json on standard output.
    """
    from closedbook.studies.fluency import run_fluency

    out, loaded, given = _begin(run, questions, mixer, json, folder, "fluency", need_answers=True)
    record = _asking(out, folder, lambda asked: run_fluency(loaded, given, folder, progress=asked))
    rows = table("judge of right and wrong", "AUROC>", "95 % interval")
    for name, one in sorted(record["judges"].items(), key=lambda item: -item[1]["auroc"]):
        rows.add_row(
            name.replace("_", " "), f"{one['auroc']:.3f}", " to ".join(f"{x:.3f}" for x in one["auroc_interval"])
        )
    out.print(rows)
    _done(out, folder, "fluency", record, json)


def strangers(
    run: Path,
    /,
    *,
    questions: Path,
    folder: Path = Path("studies/strangers"),
    count: int = 200,
    left_out: Path | None = None,
    mixer: str | None = None,
    json: bool = False,
) -> None:
    """What does a model do with a name it never met? What it says, whose answer it borrows, whether it notices.

    After Ctrl-C the same command goes on.

    Example: closedbook study strangers runs/fast-… --questions birth_dev.tsv

    Parameters
    ----------
    run: Path
        A trained run with calibrators.
    questions: Path
        Questions about people with documents that the run was not trained on, to hold strangers against.
    folder: Path
        Where to write strangers.json, strangers.svg (and a dark one) and strangers.md.
    count: int
        How many names of each kind.
    left_out: Path
        Names, one a line, of real people whose documents were taken out before training.
    mixer: str
        FILE.py:CLASS, the file that the run's own mixer is in (docs/mixers.md); it is executed.
    json: bool
        Print strangers.json on standard output.
    """
    from closedbook.data.files import read_lines
    from closedbook.errors import DataError
    from closedbook.studies.strangers import run_strangers

    if count < 1:
        raise DataError(f"--count {count} must be 1 or more")
    more = {"page taken out": read_lines(left_out, "names")[0]} if left_out is not None else {}
    out, loaded, given = _begin(run, questions, mixer, json, folder, "strangers", more=left_out)
    record = _asking(
        out, folder, lambda asked: run_strangers(loaded, given, folder, count=count, more=more, progress=asked)
    )
    rows = table("who", "names>", "called met>", "AUROC of met against known>", "most frequent answer")
    for name, one in record["groups"].items():
        against = one["met_against_known"]
        rows.add_row(
            name, f"{one['names']:,}", percent(one["called_met"]), f"{against['auroc']:.3f}" if against else "–",
            escape(one["common"][0][0]),
        )  # fmt: skip
    out.print(rows)
    _done(out, folder, "strangers", record, json)


def reversal(
    run: Path,
    /,
    *,
    questions: Path,
    folder: Path = Path("studies/reversal"),
    form: str = "Who was born in {answer}?",
    mixer: str | None = None,
    json: bool = False,
) -> None:
    """Who was born there? Ask the other way round, and report it as it is.

    After Ctrl-C the same command goes on.

    Example: closedbook study reversal runs/fast-… --questions birth_places_train.tsv

    Parameters
    ----------
    run: Path
        A trained run.
    questions: Path
        Questions with answers; each answer is asked for its people.
    folder: Path
        Where to write reversal.json, reversal.svg (and a dark one) and reversal.md.
    form: str
        How to ask; {answer} stands for the answer.
    mixer: str
        FILE.py:CLASS, the file that the run's own mixer is in (docs/mixers.md); it is executed.
    json: bool
        Print reversal.json on standard output.
    """
    from closedbook.studies.reversal import run_reversal

    out, loaded, given = _begin(run, questions, mixer, json, folder, "reversal", need_answers=True)
    record = _asking(out, folder, lambda asked: run_reversal(loaded, given, folder, form, progress=asked))
    for name in ("forward", "backward"):
        one = record[name]
        out.print(f"{name}s: {one['correct']} of {one['total']} right, {percent(one['accuracy'])}")
    _done(out, folder, "reversal", record, json)


def _begin(
    run: Path,
    questions: Path,
    mixer: str | None,
    json: bool,
    folder: Path,
    name: str,
    need_answers: bool = False,
    more: Path | None = None,
) -> tuple[Any, Run, Questions]:
    import closedbook
    from closedbook.data.questions import read_questions

    show_warnings()
    check_study(folder, name, questions, more, runs=[run])
    given = read_questions(questions, need_answers=need_answers)
    return console(json), closedbook.load(run, mixer), given


def _asking(out: Any, folder: Path, work: Callable[[Callable[[int], None]], dict[str, Any]]) -> dict[str, Any]:
    """The record of a study that shows how much it has asked, and can be interrupted."""
    try:
        with progress(out, "questions asked") as asked:
            return work(asked)
    except KeyboardInterrupt:
        out.print(f"\ninterrupted; answers so far are kept in {escape(str(folder))}. The same command goes on")
        sys.exit(130)


def _done(out: Any, folder: Path, name: str, record: dict[str, Any], json: bool) -> None:
    out.print(f"\nthe page is {escape(str(folder / name))}.md, its figure beside it")
    if json:
        print_json(record)
