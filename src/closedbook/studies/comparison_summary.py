"""What the cells of a comparison say: means, intervals, and differences paired by seed and by question."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np

from closedbook.evaluation.score import wilson

RESAMPLES = 2000


def summary(record: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """Each name: mean accuracy with the interval of its questions, spread over seeds, the difference to the reference.

    The interval is Wilson's for one seed's number of questions: other seeds ask the same questions, so they add none.
    The difference is of the seeds that both have; its interval is a bootstrap over seeds and over questions.
    """
    by_name: dict[str, dict[int, dict[str, Any]]] = {}
    for cell in record["cells"].values():
        by_name.setdefault(cell["name"], {})[cell["seed"]] = cell
    rows = []
    for name, cells in by_name.items():
        right = np.array([cell["right"] for cell in cells.values()], dtype=float)  # (seed, question)
        some = next(iter(cells.values()))
        losses = {s: statistics.mean(cell["loss"][s] for cell in cells.values()) for s in some["loss"]}
        rates = [cell["tokens_per_second"] for cell in cells.values() if cell["tokens_per_second"]]
        row: dict[str, Any] = {
            "name": name,
            "seeds": sorted(cells),
            "questions": right.shape[1],
            "accuracy": right.mean(),
            "interval": list(wilson(round(right.sum() / len(right)), right.shape[1])),
            "by_seed": {str(seed): sum(cell["right"]) / len(cell["right"]) for seed, cell in sorted(cells.items())},
            "spread_over_seeds": statistics.stdev(right.mean(1)) if len(right) > 1 else None,
            "loss": losses,
            "tokens_per_second": round(statistics.mean(rates)) if rates else None,
            "parameters": some["parameters"],
            "model": some["model"],
        }
        shared = sorted(set(cells) & set(by_name.get(reference, {})))
        if name != reference and shared:
            theirs = np.array([by_name[reference][seed]["right"] for seed in shared], dtype=float)
            ours = np.array([cells[seed]["right"] for seed in shared], dtype=float)
            row["difference"] = difference(ours, theirs)
        rows.append(row)
    return {"reference": reference, "rows": rows}


def difference(ours: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """Of two (seed, question) tables of 0 and 1, paired in both: the mean difference, each seed's, a 95 % interval.

    The interval is the middle of a bootstrap that draws seeds, and questions, with replacement. Of a single seed it
    tells what other questions would give, and nothing about other seeds.
    """
    gaps = ours - theirs
    rng = np.random.default_rng(0)
    rows = rng.integers(0, gaps.shape[0], (RESAMPLES, gaps.shape[0]))
    columns = rng.integers(0, gaps.shape[1], (RESAMPLES, gaps.shape[1]))
    means = [gaps[np.ix_(r, c)].mean() for r, c in zip(rows, columns, strict=True)]
    return {
        "mean": float(gaps.mean()),
        "by_seed": [float(gap) for gap in gaps.mean(1)],
        "interval": [float(value) for value in np.quantile(means, [0.025, 0.975])],
    }
