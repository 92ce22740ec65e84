"""The studies of answers: `closedbook study ablation`, `fluency`, `strangers` and `reversal`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedbook.cli.output import (
    Overrides,
    OwnMixer,
    RunsMixer,
    Threads,
    console,
    escape,
    print_json,
    progress,
    table,
    typed,
)
from closedbook.cli.output_files import check_study
from closedbook.cli.training_display import training
from closedbook.errors import exit_code
from closedbook.formatting import interval, percent, points

if TYPE_CHECKING:
    from rich.console import Console

    from closedbook.config.schema import Recipe


def ablation(
    *,
    documents: Path,
    questions: Path,
    folder: Path = Path("studies/ablation"),
    models: int = 8,
    steps: int = 900,
    asked: float = 0.3,
    recipe: str = "fast",
    set_: Overrides = None,
    mixer: OwnMixer = None,
    seed: int = 0,
    threads: Threads = None,
    json: bool = False,
) -> None:
    """Why does pretraining help? Take each person's page out of half of the models and ask.

    Trains several models, each on a random half of the people, and asks all of them about people whose questions none
    was trained on. A finished model's answers are kept; after Ctrl-C the same command goes on with the others. Writes
    ablation.json, ablation.svg (and a dark one) and ablation.md.

    Example: closedbook study ablation --documents wiki.txt --questions birth_places_train.tsv

    Args:
        documents: The corpus: one document a line, "Title. Text …".
        questions: Questions with answers; some are trained on, the others asked.
        folder: Where to keep it.
        models: How many models to train: an even number.
        steps: Steps of the recipe's one stage: one to two minutes a model on two cores. 0: as many as the recipe has.
        asked: The share of people who are asked about and never trained on.
        recipe: What to train; it should keep out questions to calibrate by.
        seed: Another seed draws other halves.
        json: Print ablation.json on standard output, everything else on standard error.
    """
    from closedbook.model.custom_mixers import mixer_overrides
    from closedbook.studies.ablation import Design, run_ablation

    out = console(json)
    overrides = ["data.held_out={calibrate=0.1}", *mixer_overrides(mixer, recipe), *(set_ or []), f"seed={seed}"]
    design = Design(documents, questions, of_length(recipe, overrides, steps), models, seed, asked)
    check_study(folder, "ablation", documents, questions)
    with training(out, lambda: f"finished models are kept in {folder}") as display:
        record = run_ablation(
            design, folder, threads=threads, callbacks=[display], command=typed(),
            begin=lambda number: out.print(f"[bold]model {number + 1} of {models}[/]"),
        )  # fmt: skip
    rows = table("people", "of them>", "page in>", "page out>", "effect, points>", "95 % interval", "by chance")
    for name, row in record["summary"]["effect"].items():
        intervals = [interval(row[key], points) for key in ("interval", "permutation_interval")]
        rows.add_row(
            name, f"{row['people']:,}", percent(row["accuracy_in"]), percent(row["accuracy_out"]),
            points(row["effect"]), *intervals,
        )  # fmt: skip
    out.print(rows)
    if met := record["summary"]["met"]:
        listing = ", ".join(f"{name} {judge['mean']:.3f}" for name, judge in met["auroc"].items())
        out.print(f"met or taken out, AUROC: {listing}")
    finish(out, folder, "ablation", record, json)


def fluency(
    run: Path,
    /,
    *,
    questions: Path,
    folder: Path = Path("studies/fluency"),
    mixer: RunsMixer = None,
    json: bool = False,
) -> None:
    """Does the output tell memory from invention? How plausible wrong answers are, and who can tell.

    After Ctrl-C the same command goes on.

    Example: closedbook study fluency runs/fast-… --questions birth_dev.tsv

    Args:
        run: A trained run.
        questions: Questions with answers that the run was not trained on.
        folder: Where to write fluency.json, fluency.svg (and a dark one) and fluency.md.
        json: Print fluency.json on standard output.
    """
    from closedbook.studies.fluency import run_fluency

    def show(out: Console, record: dict[str, Any]) -> None:
        rows = table("judge of right and wrong", "AUROC>", "95 % interval")
        for name, judge in sorted(record["judges"].items(), key=lambda item: -item[1]["auroc"]):
            rows.add_row(name.replace("_", " "), f"{judge['auroc']:.3f}", interval(judge["auroc_interval"]))
        out.print(rows)

    _study("fluency", run_fluency, show, run, questions, folder, mixer, json, need_answers=True)


def strangers(
    run: Path,
    /,
    *,
    questions: Path,
    folder: Path = Path("studies/strangers"),
    count: int = 200,
    left_out: Path | None = None,
    mixer: RunsMixer = None,
    json: bool = False,
) -> None:
    """What does a model do with a name it never met? What it says, whose answer it borrows, whether it notices.

    After Ctrl-C the same command goes on.

    Example: closedbook study strangers runs/fast-… --questions birth_dev.tsv

    Args:
        run: A trained run with calibrators.
        questions: Questions about people with documents that the run was not trained on, to hold strangers against.
        folder: Where to write strangers.json, strangers.svg (and a dark one) and strangers.md.
        count: How many names of each kind.
        left_out: Names, one a line, of real people whose documents were taken out before training.
        json: Print strangers.json on standard output.
    """
    from closedbook.data.files import read_lines
    from closedbook.errors import DataError
    from closedbook.studies.strangers import run_strangers

    if count < 1:
        raise DataError(f"--count {count} must be 1 or more")
    more = {"page taken out": read_lines(left_out, "names")} if left_out is not None else {}

    def show(out: Console, record: dict[str, Any]) -> None:
        rows = table("who", "names>", "called met>", "AUROC of met against known>", "most frequent answer")
        for name, group in record["groups"].items():
            against = group["met_against_known"]
            rows.add_row(
                name, f"{group['names']:,}", percent(group["called_met"]),
                f"{against['auroc']:.3f}" if against else "–", escape(group["common"][0][0]),
            )  # fmt: skip
        out.print(rows)

    work = partial(run_strangers, count=count, more=more)
    _study("strangers", work, show, run, questions, folder, mixer, json, more=left_out)


def reversal(
    run: Path,
    /,
    *,
    questions: Path,
    folder: Path = Path("studies/reversal"),
    form: str = "Who was born in {answer}?",
    mixer: RunsMixer = None,
    json: bool = False,
) -> None:
    """Who was born there? Ask the other way round, and report it as it is.

    After Ctrl-C the same command goes on.

    Example: closedbook study reversal runs/fast-… --questions birth_places_train.tsv

    Args:
        run: A trained run.
        questions: Questions with answers; each answer is asked for its people.
        folder: Where to write reversal.json, reversal.svg (and a dark one) and reversal.md.
        form: How to ask; {answer} stands for the answer.
        json: Print reversal.json on standard output.
    """
    from closedbook.studies.reversal import run_reversal

    def show(out: Console, record: dict[str, Any]) -> None:
        for name in ("forward", "backward"):
            score = record[name]
            out.print(f"{name}s: {score['correct']} of {score['total']} right, {percent(score['accuracy'])}")

    _study(
        "reversal", partial(run_reversal, form=form), show, run, questions, folder, mixer, json, need_answers=True
    )  # fmt: skip


def _study(
    name: str,
    work: Callable[..., dict[str, Any]],
    show: Callable[[Console, dict[str, Any]], None],
    run: Path,
    questions: Path,
    folder: Path,
    mixer: str | None,
    json: bool,
    *,
    need_answers: bool = False,
    more: Path | None = None,
) -> None:
    """Load the inputs, run the study with a progress bar, and show its record. After Ctrl-C it can be resumed."""
    import closedbook
    from closedbook.data.questions import read_questions

    check_study(folder, name, questions, more, runs=[run])
    content = read_questions(questions, need_answers=need_answers)
    out, loaded = console(json), closedbook.load(run, mixer)
    try:
        with progress(out, "questions asked") as bar:
            record = work(loaded, content, folder, progress=bar)
    except KeyboardInterrupt as stop:
        out.print(f"\ninterrupted; answers so far are kept in {escape(str(folder))}. The same command goes on")
        sys.exit(exit_code(stop))
    show(out, record)
    finish(out, folder, name, record, json)


def finish(out: Console, folder: Path, name: str, record: dict[str, Any], json: bool) -> None:
    """Say where the page is, and print the record for --json."""
    out.print(f"\nthe page is {escape(str(folder / name))}.md, its figure beside it")
    if json:
        print_json(record)


def of_length(recipe: str, overrides: list[str], steps: int) -> Recipe:
    """A recipe whose one stage has so many steps; 0: as many as it has. Raises RecipeError where it has several."""
    from closedbook.config.loading import load_recipe
    from closedbook.errors import RecipeError

    loaded = load_recipe(recipe, overrides)
    if not steps:
        return loaded
    if len(loaded.stages) > 1:
        raise RecipeError(f"--steps {steps}: {loaded.name} has several stages; give --steps 0 to keep theirs")
    return load_recipe(recipe, [*overrides, f"stages.{loaded.stages[0].name}.steps={steps}"])
