"""How right a run is: beside baselines, published figures and other runs, and for which questions."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from closedbook.data.questions import read_questions, subject
from closedbook.evaluation.score import wilson
from closedbook.reporting import figures
from closedbook.reporting.formatting import exposures, shortened
from closedbook.reporting.published import DEV, PUBLISHED
from closedbook.web.registry import unchanged

MEASURED = Path(__file__).parent / "measured.json"
MANY = 10**9  # no upper end
Context = dict[str, Any]
Progress = Callable[[str], None]


def beside(first: Context, runs: Sequence[Context], progress: Progress) -> tuple[list[Any], list[Context]]:
    """Rows for the ladder, worst first: these runs, baselines on the same questions, and published figures."""
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
    """Baselines on the run's questions: computed where its inputs are there, else those stored for the same file."""
    asked = first["evaluation"].get("questions_sha256")
    stored = read_measured()
    same = [row for row in stored["rows"] if asked is not None and asked == stored["questions_sha256"]]
    runs = [row for row in same if row["kind"] == "run"]
    path = unchanged({"path": first["evaluation"].get("questions", ""), "sha256": asked}, first["record"])
    if path is None or first["documents"] is None:
        return same
    from closedbook.evaluation.baselines import run_baselines

    results = run_baselines(
        read_questions(path), documents=first["documents"], train=first["trained"],
        progress=lambda name: progress(f"baseline {name}"),
    )  # fmt: skip
    return [{**result.to_json(), "kind": "baseline", "file": None} for result in results] + runs


def comparable(first: Context, other: Context) -> bool:
    asked = first["evaluation"].get("questions_sha256")
    same = asked is not None and asked == other["evaluation"].get("questions_sha256")
    return same and len(first["answers"]) == len(other["answers"])


def pair(first: Context, other: Context) -> Context:
    """Two runs on the same questions: who alone is right how often, and McNemar's exact test."""
    ours = [bool(answer["right"]) for answer in first["answers"]]
    theirs = [bool(answer["right"]) for answer in other["answers"]]
    only = sum(a and not b for a, b in zip(ours, theirs, strict=True))
    lost = sum(b and not a for a, b in zip(ours, theirs, strict=True))
    return {"name": other["name"], "only_first": only, "only_other": lost, "p": mcnemar(only, lost)}


def mcnemar(one: int, other: int) -> float:
    """The chance of as uneven a split of the questions that only one is right on, were both as good (exact)."""
    total = one + other
    tail = sum(math.comb(total, k) for k in range(min(one, other) + 1))
    return min(1.0, 2 * tail / 2**total)


def groups(first: Context, scored: Sequence[dict[str, Any]]) -> list[Context]:
    """Accuracy by answer frequency, name length, exposures, and whether the answer stands in the person's document."""
    overall = sum(map(bool, (answer["right"] for answer in scored))) / len(scored)
    made: list[Context] = []
    bins: tuple[tuple[int, int], ...]

    def add(
        title: str, text: str, x_label: str, keyed: Sequence[tuple[str | None, bool]], order: Sequence[str]
    ) -> None:
        counted = {name: [right for key, right in keyed if key == name] for name in order}
        rows = [(name, sum(r), len(r), wilson(sum(r), len(r))) for name, r in counted.items() if r]
        if len(rows) > 1:
            drawn = figures.shares(title, rows, x_label=x_label, overall=overall)
            made.append({"svg": drawn, "title": title, "text": text})

    if first["trained"] is not None:
        frequency = Counter(first["trained"].answers)
        bins = ((0, 0), (1, 1), (2, 4), (5, 14), (15, MANY))
        keyed = [(binned(frequency[answer["gold"]], bins), bool(answer["right"])) for answer in scored]
        add("By how often the answer is a training answer", "How many training questions have the same answer.",
            "training questions with this answer", keyed, [bin_name(*b) for b in bins])  # fmt: skip
    documents = first["documents"]
    if documents is not None:
        titles = set(documents.titles)
        names = {answer["question"]: subject(answer["question"], titles) for answer in scored}
        bins = ((1, 1), (2, 2), (3, 3), (4, MANY))
        named = [(name, answer) for answer in scored if (name := names[answer["question"]])]
        keyed = [(binned(len(name.split()), bins), bool(answer["right"])) for name, answer in named]
        add("By the length of the name", "In words.", "words of the name", keyed, [bin_name(*b) for b in bins])
        from closedbook.evaluation.baselines import stands_in

        index = documents.by_title()
        keyed = [("yes" if stands_in(answer["gold"], index[name]) else "no", bool(answer["right"]))
                 for answer in scored if (name := names[answer["question"]])]  # fmt: skip
        add("By whether the answer stands in the person's document", "As whole words; where it does not, nobody could "
            "have read it there.", "the answer stands there", keyed, ("no", "yes"))  # fmt: skip
    exposed = [(exposures(answer), bool(answer["right"])) for answer in scored]
    if any(count is not None for count, _ in exposed):
        bins = ((0, 0), (1, 9), (10, 29), (30, 99), (100, MANY))
        keyed = [(None if count is None else binned(count, bins), right) for count, right in exposed]
        add("By exposures", "Training examples in which the answer was asked for with the name in context.",
            "exposures of what was answered", keyed, [bin_name(*b) for b in bins])  # fmt: skip
    return made


def bin_name(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} or more" if high == MANY else f"{low} to {high}"


def binned(count: int, bins: Sequence[tuple[int, int]]) -> str | None:
    return next((bin_name(low, high) for low, high in bins if low <= count <= high), None)
