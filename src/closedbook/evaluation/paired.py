"""Two runs on the same questions: which of them only one gets right, and whether that could be chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from closedbook.evaluation.metrics import mcnemar


def comparable(first: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two evaluations (evaluation.json) are of the same questions."""
    digest = first.get("questions_sha256")
    same = digest is not None and digest == other.get("questions_sha256")
    return same and len(first.get("answers", [])) == len(other.get("answers", []))


def paired(first: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The questions that only one of two comparable evaluations answers rightly, and McNemar's exact test (`p`)."""
    only: dict[bool, list[dict[str, Any]]] = {True: [], False: []}  # by whether the first is the one that is right
    for ours, theirs in zip(first["answers"], other["answers"], strict=True):
        if bool(ours["right"]) != bool(theirs["right"]):
            row = {"question": ours["question"], "gold": ours["gold"]}
            only[bool(ours["right"])].append(row | {"first": ours["answer"], "other": theirs["answer"]})
    return {"only_first": only[True], "only_other": only[False], "p": mcnemar(len(only[True]), len(only[False]))}
