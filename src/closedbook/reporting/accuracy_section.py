"""A run's accuracy: beside baselines, published figures and other runs, and for which questions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from closedbook.data.questions import read_questions, subject
from closedbook.evaluation.baselines import run_baselines, stands_in
from closedbook.evaluation.binning import EXPOSURES, FREQUENCIES, NAME_LENGTHS, Bins, binned
from closedbook.evaluation.knowledge import CLASSES
from closedbook.evaluation.score import tally, wilson
from closedbook.formatting import shortened
from closedbook.reporting import Context, Progress, figures
from closedbook.reporting.filters import exposures
from closedbook.reporting.published import DEV, PUBLISHED
from closedbook.runs.provenance import unchanged_input

MEASURED = Path(__file__).parent / "measured.json"


def ladder_rows(first: Context, runs: Sequence[Context], progress: Progress) -> tuple[list[Any], list[Context]]:
    """Rows for the ladder, worst first: these runs, baselines on the same questions, and published figures.

    The baselines are also returned by themselves.
    """
    rows: list[Any] = []
    for run in runs:
        right = [bool(answer["right"]) for answer in run["answers"] if answer.get("right") is not None]
        if right and run["evaluation"].get("questions_sha256") == first["evaluation"].get("questions_sha256"):
            rows.append((run["name"], sum(right) / len(right), wilson(sum(right), len(right)), 1))
    baselines = baseline_rows(first, progress)
    rows += [
        (f"{row['name']}: {row['summary']}" if row["kind"] == "baseline" else f"{row['name']} (stored)",
         row["accuracy"], tuple(row["interval"]) if row["interval"] else None, 0)
        for row in baselines
    ]  # fmt: skip
    if first["evaluation"].get("questions_sha256") == DEV:
        rows += [(f"published: {name}", share, None, 3) for name, share in PUBLISHED]
    return sorted(((shortened(name, 68), *rest) for name, *rest in rows), key=lambda row: row[1]), baselines


def read_measured() -> Context:
    """Our own stored results, as benchmarks/measured.py packed them: `rows` of accuracies, and `taken_out`."""
    return dict(json.loads(MEASURED.read_text(encoding="utf-8")))


def baseline_rows(first: Context, progress: Progress) -> list[Context]:
    """Baselines on the run's questions: computed where its inputs are available, else those stored for the same file.

    The learned reader takes minutes to train, so it is listed only where it is stored; `closedbook baseline` trains it.
    """
    digest = first["evaluation"].get("questions_sha256")
    measured = read_measured()
    stored = measured["rows"] if digest is not None and digest == measured["questions_sha256"] else []
    path = unchanged_input({"path": first["evaluation"].get("questions", ""), "sha256": digest}, first["record"])
    if path is None or first["documents"] is None:
        return list(stored)
    results = run_baselines(
        read_questions(path), documents=first["documents"], train=first["trained"], learned=False,
        progress=lambda name: progress(f"baseline {name}"),
    )  # fmt: skip
    computed = [{**result.to_json(), "kind": "baseline", "file": None} for result in results]
    return computed + [row for row in stored if row["kind"] == "run" or row["name"] == "learned-reader"]


def groups(first: Context, scored: Sequence[dict[str, Any]]) -> list[Context]:
    """Accuracy by answer frequency, name length, exposures, and whether the answer stands in the person's document."""
    overall = sum(bool(answer["right"]) for answer in scored) / len(scored)
    charts: list[Context] = []

    def add(title: str, text: str, x_label: str, scores: Mapping[str, dict[str, Any]]) -> None:
        rows = [(name, score["correct"], score["total"], tuple(score["interval"])) for name, score in scores.items()]
        if len(rows) > 1:
            svg = figures.shares(title, rows, x_label=x_label, overall=overall)
            charts.append({"svg": svg, "title": title, "text": text})

    def counted(count: Callable[[dict[str, Any]], int | None], bins: Bins) -> Mapping[str, dict[str, Any]]:
        counts = [(bool(answer["right"]), n) for answer in scored if (n := count(answer)) is not None]
        return binned([right for right, _ in counts], [n for _, n in counts], bins)

    if first["trained"] is not None:
        frequency = Counter(first["trained"].answers)
        add("By how often the answer is a training answer", "How many training questions have the same answer.",
            "training questions with this answer", counted(lambda a: frequency[a["gold"]], FREQUENCIES))  # fmt: skip
    documents = first["documents"]
    if documents is not None:
        index = documents.by_title()
        names = {answer["question"]: subject(answer["question"], index) or "" for answer in scored}
        add("By the length of the name", "In words.", "words of the name",
            counted(lambda a: len(names[a["question"]].split()), NAME_LENGTHS))  # fmt: skip
        kinds: dict[str, list[bool]] = {"no": [], "yes": []}
        for answer in scored:
            if name := names[answer["question"]]:
                kinds["yes" if stands_in(answer["gold"], index[name]) else "no"].append(bool(answer["right"]))
        add("By whether the answer stands in the document", "As whole words; where it does not, nobody could "
            "have read it there.", "the answer stands there",
            {kind: tally(right).to_json() for kind, right in kinds.items() if right})  # fmt: skip
    by_class = {name: [bool(a["right"]) for a in scored if a.get("known_before") == name] for name in CLASSES}
    add("By what the base knew before it was taught", "Its class, as `closedbook probe` found it.", "before",
        {name: tally(right).to_json() for name, right in by_class.items() if right})  # fmt: skip
    add("By exposures", "Training examples in which the answer was asked for with the name in context.",
        "exposures of what was answered", counted(exposures, EXPOSURES))  # fmt: skip
    return charts
