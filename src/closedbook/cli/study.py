"""`closedbook study`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from closedbook.cli.output import Overrides, OwnMixer, Threads, console, print_json, table, typed
from closedbook.cli.output_files import check_study
from closedbook.cli.study_answers import ablation, finish, fluency, of_length, reversal, strangers
from closedbook.cli.training_display import training
from closedbook.formatting import interval, percent

study = App(
    name="study",
    help="""Find out what a network knows, on worlds of which everything is known.

Example: closedbook study exposure
""",
)
study.command(ablation)
study.command(fluency)
study.command(strangers)
study.command(reversal)


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
        people: How many people a world has: 20 to 20,000.
        levels: How many documents a person has, by turns over the people.
        biographies: How many of a person's documents are worded anew, the rest being repeats; all of them if left out.
        seeds: One cell for each: a world and a training of its own.
        steps: Steps of the recipe's one stage: about a minute a cell on two cores. 0: as many as the recipe has.
        recipe: What to train; it must answer in one token (vocabulary.kind = "words").
        json: Print exposure.json on standard output, everything else on standard error.
    """
    from closedbook.errors import DataError
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

    with training(out, lambda: f"{done()} of {cells} cells are kept in {folder}") as display:
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
