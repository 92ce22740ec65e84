"""`closedbook study`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from closedbook.cli.output import TrainingDisplay, console, escape, percent, print_json, show_warnings, table

study = App(
    name="study",
    help="""Find out what a network knows, on worlds of which everything is known.

Example: closedbook study exposure
""",
)
for _name in ("ablation", "fluency", "strangers", "reversal"):
    study.command(f"closedbook.cli.study_answers:{_name}", name=_name)


@study.command
def exposure(
    *,
    folder: Path = Path("studies/exposure"),
    people: int = 400,
    levels: Annotated[tuple[int, ...], Parameter(negative="", consume_multiple=True)] = (1, 2, 5, 20),
    biographies: int | None = None,
    seeds: Annotated[tuple[int, ...], Parameter(negative="", consume_multiple=True)] = (0, 1),
    steps: int = 700,
    recipe: str = "demo",
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="", consume_multiple=False)] = None,
    mixer: str | None = None,
    threads: int | None = None,
    json: bool = False,
) -> None:
    """How often must a fact be read before it is known? And how many bits of facts does a parameter hold?

    Invents a world in which a person has 1, 2, 5 or 20 documents, trains on it, and asks about people it was never
    asked about in training: once for each seed. A finished seed is kept; after Ctrl-C the same command goes on with
    the others, and more seeds may be added later. Writes exposure.json, exposure.svg (and a dark one) and exposure.md.

    Example: closedbook study exposure --seeds 0 1 2

    Parameters
    ----------
    folder: Path
        Where to keep it.
    people: int
        How many people a world has: 20 to 20,000.
    levels: tuple[int, ...]
        How many documents a person has, by turns over the people.
    biographies: int
        How many of a person's documents are worded anew, the rest being repeats; all of them if left out.
    seeds: tuple[int, ...]
        One cell for each: a world and a training of its own.
    steps: int
        Steps of the recipe's one stage: about a minute a cell on two cores. 0: as many as the recipe has.
    recipe: str
        What to train; it must answer in one token (vocabulary.kind = "words").
    set_: list[str]
        Override one value of the recipe; may be repeated.
    mixer: str
        FILE.py:CLASS, a mixer of your own in place of the recipe's (docs/mixers.md); the file is executed.
    threads: int
        CPU threads; one per core, at most 8, if left out.
    json: bool
        Print exposure.json on standard output, everything else on standard error.
    """
    from closedbook.config.schema import load_recipe
    from closedbook.errors import DataError, RecipeError
    from closedbook.model.custom_mixers import mixer_overrides
    from closedbook.studies.exposure import Design, Study
    from closedbook.studies.study_report import need_matplotlib

    show_warnings()
    out = console(json)
    need_matplotlib()
    if not seeds or min(seeds) < 0 or not levels:
        raise DataError("study exposure needs at least one of --seeds, from 0, and one of --levels")
    overrides = [*mixer_overrides(mixer, recipe), *(set_ or [])]
    loaded = load_recipe(recipe, overrides)
    if steps:
        if len(loaded.stages) > 1:
            raise RecipeError(f"--steps {steps}: {loaded.name} has several stages; give --steps 0 to keep theirs")
        loaded = load_recipe(recipe, [*overrides, f"stages.{loaded.stages[0].name}.steps={steps}"])
    made = Study(Design(people, tuple(sorted(set(levels))), biographies, loaded), folder)
    display = TrainingDisplay(out)
    cells = len(dict.fromkeys(seeds))

    def begin(seed: int) -> None:
        done = cells - len(made.left(seeds))
        out.print(f"[bold]cell {done + 1} of {cells}[/]: seed {seed}")

    try:
        record = made.run(
            seeds, threads=threads, callbacks=[display], begin=begin, command=shlex.join(["closedbook", *sys.argv[1:]])
        )
    except KeyboardInterrupt:
        display.close()
        kept = cells - len(made.left(seeds))
        out.print(f"\ninterrupted; {kept} of {cells} cells are kept in {escape(str(folder))}. The same command goes on")
        sys.exit(130)
    finally:
        display.close()
    rows = table("", "documents>", "right>", "of>", "accuracy>", "95 % interval", "bits a fact>", "worth>")
    for point in record["summary"]["curves"]:
        bits = sum(point["bits_by_seed"]) / len(point["bits_by_seed"])
        rows.add_row(
            point["relation"].replace("_", " "), f"{point['documents']}", f"{point['correct']}", f"{point['total']}",
            percent(point["accuracy"]), " to ".join(map(percent, point["interval"])), f"{bits:.2f}",
            f"{point['bits_possible']:.2f}",
        )  # fmt: skip
    out.print(rows)
    for entry in record["summary"]["capacity"]:
        out.print(
            f"seed {entry['seed']}: {entry['bits_known']:,.0f} of {entry['bits_possible']:,.0f} bits known, "
            f"{entry['bits_per_parameter']:.4f} a parameter ({entry['parameters']['total']:,}, memory included), "
            f"{entry['bits_per_dense_parameter']:.4f} a dense one"
        )
    out.print(f"\nthe page is {escape(str(folder / 'exposure.md'))}, its figure beside it")
    if json:
        print_json(record)
