"""The source document, row by row: what it states, and beside it what we measured, also where that differs and why.

The source document is a worked solution of the course's assignment (Stanford CS224N, self-attention and pretraining);
its statements are given in our words. Rows go by its numbers, 1a to 3c.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook import __version__
from closedbook.reporting import Progress, html_report
from closedbook.reporting.accuracy_section import read_measured
from closedbook.reporting.published import PUBLISHED
from closedbook.validation import convert


@dataclass(frozen=True)
class Row:
    """One statement. `claims` are ours that answer it; `differs` says where the source and we part, and why."""

    id: str
    about: str
    stated: str
    claims: tuple[str, ...] = ()
    published: str = ""  # the entry of PUBLISHED that belongs to it
    recipes: tuple[str, ...] = ()  # whose stored accuracies answer it
    baselines: tuple[str, ...] = ()  # stored baselines that answer it
    part: str = ""  # of a run's report that answers it: "groups", "certainty" or "strangers"
    cohort: tuple[int, ...] = ()  # right of 500 in others' prediction files: minimum, median, maximum; number of files
    differs: str = ""


def rows() -> list[Row]:
    """The rows of source.toml, in its order."""
    data = tomllib.loads((Path(__file__).parent / "source.toml").read_text(encoding="utf-8"))
    return [convert(Row, row, f"row {row.get('id')}") for row in data["row"]]


def source_report(paths: Sequence[Path] = (), *, progress: Progress = lambda what: None) -> str:
    """The page as HTML. With a run, its figures answer part 3; without one they say how to get them."""
    stored = read_measured()["rows"]
    checked = {item["claim"].id: item for item in html_report.claim_figures(progress)}
    run = html_report.open_run(paths[0], None, progress) if paths else None
    sections = html_report.sections(run, [run], progress) if run else {}
    answered_rows = [answered(row, stored, checked, sections) for row in rows()]
    progress("writing")
    context = {
        "version": __version__,
        "rows": answered_rows,
        "run": run,
        "claims": list(checked.values()),
        "published": PUBLISHED,
        "stored": stored,
        "taken_out": read_measured()["taken_out"],
    }
    return html_report.render("source.html", context)


def answered(
    row: Row, stored: Sequence[dict[str, Any]], checked: dict[str, Any], sections: dict[str, Any]
) -> dict[str, Any]:
    """A row with what was measured beside it; `missing` names what nobody has measured yet."""
    begun = [entry for entry in read_measured()["unfinished"] if entry["recipe"] in row.recipes]
    runs = [entry for entry in stored if entry["kind"] == "run" and entry["recipe"] in row.recipes]
    kinds = [entry for entry in stored if entry["kind"] == "baseline" and entry["name"] in row.baselines]
    missing = []
    if row.recipes and not runs:
        missing = [
            f"closedbook train {name} --documents wiki.txt --questions birth_places_train.tsv --dev birth_dev.tsv"
            for name in row.recipes
        ]
    if row.part and not sections.get(row.part):
        missing = ["closedbook report --source RUN"]
    return {
        "row": row,
        "claims": [checked[id] for id in row.claims],
        "stored": [*runs, *kinds],
        "published": dict(PUBLISHED).get(row.published),
        "part": row.part if sections.get(row.part) else "",
        "sections": sections,
        "missing": missing,
        "begun": begun,
    }
