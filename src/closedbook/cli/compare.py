"""`closedbook compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from closedbook.cli.options import AtLeastOne, Overrides, Threads
from closedbook.cli.output import console, escape, print_json, resumable, table, typed
from closedbook.cli.output_files import check_study
from closedbook.cli.training_display import TrainingDisplay
from closedbook.config.loading import load_recipe
from closedbook.errors import RecipeError
from closedbook.formatting import duration, interval, percent, points

if TYPE_CHECKING:
    from rich.console import Console


def compare(
    *names: str,
    documents: Path,
    questions: Path,
    budget: float,
    seeds: AtLeastOne = 2,
    base: str = "fast",
    match: Literal["width", "parameters"] = "width",
    folder: Path = Path("studies/comparison"),
    set_: Overrides = None,
    threads: Threads = None,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Train several mixers, stacks, positions or recipes alike, and see what each costs and gains.

    Example: closedbook compare softmax synthesizer-dense --documents wiki.txt --questions birth_places_train.tsv
    --budget 5 --seeds 2

    Each is trained for the same steps with every seed and answers the training questions that are kept out. A finished
    cell is kept; after Ctrl-C the same command goes on, and more names or seeds may be added later. The same command in
    a second terminal takes cells of its own: two cores are best used so, each with --threads 1. Writes comparison.json,
    comparison.md, comparison.svg (and a dark one), and keeps every run in runs/ beside them.

    Args:
        names: Mixers (`closedbook list mixers`), the stack perceiver, or positions: rotary, learned, none; put into the
            base recipe, with learned positions where these are not the subject. FILE.py:CLASS, a mixer of your own,
            which is executed. Or recipes. The others are held against softmax, or the first where it is missing.
        documents: The corpus.
        questions: Training questions with answers; those kept out are scored. Never give dev or test questions.
        budget: Minutes for one training of softmax on this machine, now: they become steps once, for all.
        seeds: How many trainings of each: seeds 0, 1, …
        base: The recipe that names are put into: fast, course-vanilla, or a file.
        match: width: all as wide as the base. parameters: each as wide as brings it nearest to softmax's parameters.
        folder: Where to keep it.
        dry_run: Check every input, say what would be trained and how wide the intervals will be, and stop.
        json: Print comparison.json on standard output, everything else on standard error.
    """
    from closedbook.studies.comparison import Comparison
    from closedbook.studies.comparison_page import label
    from closedbook.studies.study_report import need_matplotlib

    out = console(json)
    need_matplotlib()
    check_study(folder, "comparison", documents, questions, *names)
    comparison = Comparison(names, load_recipe(base, set_ or []), documents, questions, budget, folder, match)
    wanted = list(range(seeds))
    cells = len(comparison.names) * seeds

    def done() -> int:
        return cells - len(comparison.left(wanted))

    if dry_run:
        plan = comparison.plan(wanted)
        for cell in plan["cells"]:
            out.print(escape(f"{label(cell['name'])}, seed {cell['seed']}{' (kept)' if cell['done'] else ''}"))
        out.print(
            f"{cells - done()} of {cells} cells are to be trained, each as long as softmax trains in {budget:g} min: "
            f"about {duration(60 * plan['minutes'])} in all with one process\n"
            f"{plan['questions']:,} questions are kept out to score by: an interval of up to "
            f"{100 * plan['widest_interval']:.0f} points"
        )
        return print_json(plan) if json else None
    with resumable(out, lambda: f"{done()} of {cells} cells are kept in {folder}"), TrainingDisplay(out) as display:
        record = comparison.run(
            wanted, threads=threads, callbacks=[display], command=typed(),
            begin=lambda name, seed: out.print(
                escape(f"cell {done() + 1} of {cells}: {label(name)}, seed {seed}")
            ),
        )  # fmt: skip
    if "summary" in record:
        _print_table(out, record)
        out.print(f"\nthe table is {escape(str(folder / 'comparison.md'))}, its figure beside it")
    if remaining := len(comparison.left(wanted)) - len(comparison.diverged):
        out.print(f"{remaining} of {cells} cells are left to another process that is at them; look again later")
    if json:
        print_json(record)
    if comparison.diverged:
        which = ", ".join(f"{label(name)} (seed {seed})" for name, seed in comparison.diverged)
        raise RecipeError(
            f"{len(comparison.diverged)} of {cells} cells diverged and are in no table: {which}. Of the first: "
            f"{next(iter(comparison.diverged.values()))}"
        )


def _print_table(out: Console, record: dict[str, Any]) -> None:
    from closedbook.studies.comparison_page import label, speed

    against = f"against {record['summary']['reference']}>"
    rows = table("", "right>", "95 % interval", against, "tokens/s>", "layers × width>", "parameters>")
    for row in record["summary"]["rows"]:
        gap = points(row["difference"]["mean"]) if "difference" in row else "–"
        rows.add_row(
            escape(label(row["name"])), percent(row["accuracy"]), interval(row["interval"], percent), gap,
            speed(row), f"{row['model']['layers']} × {row['model']['width']}", f"{row['parameters']['total']:,}",
        )  # fmt: skip
    out.print(rows)
