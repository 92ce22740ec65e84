"""`closedbook study`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from closedbook.cli.options import AtLeastOne, Overrides, OwnMixer, RunsMixer, Threads
from closedbook.cli.output import console, escape, print_json, progress, resumable, table, typed
from closedbook.cli.output_files import check_study
from closedbook.cli.training_display import TrainingDisplay
from closedbook.config.loading import load_recipe
from closedbook.config.schema import Recipe
from closedbook.data.files import read_lines
from closedbook.data.questions import read_questions
from closedbook.errors import DataError, RecipeError
from closedbook.formatting import interval, percent, points

if TYPE_CHECKING:
    from rich.console import Console


study = App(
    name="study",
    help="""Find out what a network knows, on worlds of which everything is known.

Example: closedbook study exposure
""",
)


@study.command
def exposure(
    *,
    folder: Path = Path("studies/exposure"),
    people: int = 400,
    levels: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (1, 2, 5, 20),
    biographies: int | None = None,
    seeds: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (0, 1),
    steps: int = 700,
    recipe: str = "demo",
    set_: Overrides = None,
    mixer: OwnMixer = None,
    threads: Threads = None,
    json: bool = False,
) -> None:
    """How often must a fact be read before it is known? And how many bits of facts does a parameter hold?

    Invents a world in which a person has 1, 2, 5 or 20 documents, trains on it, and asks about people it was never
    asked about in training: once for each seed. A finished seed is kept; after Ctrl-C the same command goes on with
    the others, and more seeds may be added later. Writes exposure.json, exposure.svg (and a dark one) and exposure.md.

    Example: closedbook study exposure --seeds 0 1 2

    Args:
        folder: Where to keep it.
        people: How many people a world has: 20 to 100,000.
        levels: How many documents a person has, by turns over the people.
        biographies: How many of a person's documents are worded anew, the rest being repeats; all of them if left out.
        seeds: One cell for each: a world and a training of its own.
        steps: Steps of the recipe's one stage: about a minute a cell on two cores. 0: as many as the recipe has.
        recipe: What to train; it must answer in one token (vocabulary.kind = "words").
        json: Print exposure.json on standard output, everything else on standard error.
    """
    from closedbook.model.custom_mixers import mixer_overrides
    from closedbook.studies.exposure import Design, Study
    from closedbook.studies.study_report import need_matplotlib

    out = console(json)
    need_matplotlib()
    check_study(folder, "exposure")
    if not seeds or min(seeds) < 0 or not levels:
        raise DataError("study exposure needs at least one of --seeds, from 0, and one of --levels")
    loaded = of_length(recipe, [*mixer_overrides(mixer, recipe), *(set_ or [])], steps)
    experiment = Study(Design(people, tuple(sorted(set(levels))), biographies, loaded), folder)
    cells = len(dict.fromkeys(seeds))

    def done() -> int:
        return cells - len(experiment.missing(seeds))

    with resumable(out, lambda: f"{done()} of {cells} cells are kept in {folder}"), TrainingDisplay(out) as display:
        record = experiment.run(
            seeds, threads=threads, callbacks=[display], command=typed(),
            begin=lambda seed: out.print(f"[bold]cell {done() + 1} of {cells}[/]: seed {seed}"),
        )  # fmt: skip
    if remaining := cells - done():
        out.print(f"{remaining} of {cells} cells are left to another process that is at them; look again later")
    if "summary" not in record:
        return print_json(record) if json else None
    rows = table("", "documents>", "right>", "of>", "accuracy>", "95 % interval", "bits a fact>", "worth>")
    for point in record["summary"]["curves"]:
        bits = sum(point["bits_by_seed"]) / len(point["bits_by_seed"])
        rows.add_row(
            point["relation"].replace("_", " "), f"{point['documents']}", f"{point['correct']}", f"{point['total']}",
            percent(point["accuracy"]), interval(point["interval"], percent), f"{bits:.2f}",
            f"{point['bits_possible']:.2f}",
        )  # fmt: skip
    out.print(rows)
    for entry in record["summary"]["capacity"]:
        out.print(
            f"seed {entry['seed']}: {entry['bits_known']:,.0f} of {entry['bits_possible']:,.0f} bits known, "
            f"{entry['bits_per_parameter']:.4f} a parameter ({entry['parameters']['total']:,}, memory included), "
            f"{entry['bits_per_dense_parameter']:.4f} a dense one"
        )
    finish(out, folder, "exposure", record, json)


@study.command
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
    """Why does pretraining help? Take each title's documents out of half of the models and ask.

    Trains several models, each on a random half of the titles, and asks all of them about titles whose questions none
    was trained on. A finished model's answers are kept; after Ctrl-C the same command goes on with the others. Writes
    ablation.json, ablation.svg (and a dark one) and ablation.md.

    Example: closedbook study ablation --documents wiki.txt --questions birth_places_train.tsv

    Args:
        documents: The corpus: one document a line, "Title. Text …".
        questions: Questions with answers; some are trained on, the others asked.
        folder: Where to keep it.
        models: How many models to train: an even number.
        steps: Steps of the recipe's one stage: one to two minutes a model on two cores. 0: as many as the recipe has.
        asked: The share of titles that are asked about and never trained on.
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
    with resumable(out, lambda: f"finished models are kept in {folder}"), TrainingDisplay(out) as display:
        record = run_ablation(
            design, folder, threads=threads, callbacks=[display], command=typed(),
            begin=lambda number: out.print(f"[bold]model {number + 1} of {models}[/]"),
        )  # fmt: skip
    rows = table(
        "titles", "of them>", "documents in>", "documents out>", "effect, points>", "95 % interval", "by chance"
    )
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


@study.command
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

    out = console(json)
    record = _ask_run(out, "fluency", run_fluency, run, questions, folder, mixer, need_answers=True)
    rows = table("judge of right and wrong", "AUROC>", "95 % interval")
    for name, judge in sorted(record["judges"].items(), key=lambda item: -item[1]["auroc"]):
        rows.add_row(name.replace("_", " "), f"{judge['auroc']:.3f}", interval(judge["auroc_interval"]))
    out.print(rows)
    finish(out, folder, "fluency", record, json)


@study.command
def strangers(
    run: Path,
    /,
    *,
    questions: Path,
    folder: Path = Path("studies/strangers"),
    count: AtLeastOne = 200,
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
    from closedbook.studies.strangers import run_strangers

    more = {"page taken out": read_lines(left_out, "names")} if left_out is not None else {}
    out, work = console(json), partial(run_strangers, count=count, more=more)
    record = _ask_run(out, "strangers", work, run, questions, folder, mixer, more=left_out)
    rows = table("who", "names>", "called met>", "AUROC of met against known>", "most frequent answer")
    for name, group in record["groups"].items():
        against = group["met_against_known"]
        rows.add_row(
            name, f"{group['names']:,}", percent(group["called_met"]),
            f"{against['auroc']:.3f}" if against else "–", escape(group["common"][0][0]),
        )  # fmt: skip
    out.print(rows)
    finish(out, folder, "strangers", record, json)


@study.command
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

    out, work = console(json), partial(run_reversal, form=form)
    record = _ask_run(out, "reversal", work, run, questions, folder, mixer, need_answers=True)
    for name in ("forward", "backward"):
        score = record[name]
        out.print(f"{name}s: {score['correct']:,} of {score['total']:,} right, {percent(score['accuracy'])}")
    finish(out, folder, "reversal", record, json)


def _ask_run(
    out: Console, name: str, work: Callable[..., dict[str, Any]], run: Path, questions: Path, folder: Path,
    mixer: str | None, *, need_answers: bool = False, more: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The record of a study that asks a run. After Ctrl-C it can be resumed."""
    import closedbook

    check_study(folder, name, questions, more, runs=[run])
    content = read_questions(questions, need_answers=need_answers)
    loaded = closedbook.load(run, mixer)
    with resumable(out, lambda: f"answers so far are kept in {folder}"), progress(out, "questions asked") as bar:
        return work(loaded, content, folder, progress=bar)


def finish(out: Console, folder: Path, name: str, record: dict[str, Any], json: bool) -> None:
    """Say where the page is, and print the record for --json."""
    out.print(f"\nthe page is {escape(str(folder / name))}.md, its figure beside it")
    if json:
        print_json(record)


def of_length(recipe: str, overrides: list[str], steps: int) -> Recipe:
    """A recipe whose one stage has so many steps; 0: as many as it has. Raises RecipeError where it has several."""
    loaded = load_recipe(recipe, overrides)
    if not steps:
        return loaded
    if len(loaded.stages) > 1:
        raise RecipeError(f"--steps {steps}: {loaded.name} has several stages; give --steps 0 to keep theirs")
    return load_recipe(recipe, [*overrides, f"stages.{loaded.stages[0].name}.steps={steps}"])
