"""Write what the report tells of our own stored results (reporting/measured.json), or check it (--check).

An installed package has no results/ folder, so the figures that the report stands beside a run are packed with it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "src" / "closedbook" / "reporting" / "measured.json"


def load(name: str) -> dict[str, Any] | None:
    path = ROOT / "results" / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def measured() -> dict[str, Any]:
    """Baselines, and every accuracy on the course's dev questions, each with the file it comes from."""
    rows = []
    readers = load("readers.json")
    for row in readers["dev"] if readers else []:
        about = {key: row[key] for key in ("name", "summary", "correct", "total", "accuracy", "interval")}
        rows.append({**about, "kind": "baseline", "file": "readers.json"})
    for path in sorted((ROOT / "results").glob("course-*.json")):
        for cell, value in json.loads(path.read_text(encoding="utf-8"))["cells"].items():
            if "accuracy" in value:
                about = {key: value[key] for key in ("recipe", "correct", "total", "accuracy", "interval")}
                which = cell.removeprefix(value["recipe"]).strip()
                name = f"{value['recipe']}, {which}".removesuffix(", ")
                rows.append({"name": name, **about, "kind": "run", "file": path.name})
    for path in sorted((ROOT / "results").glob("accuracy-*.json")):
        summary = json.loads(path.read_text(encoding="utf-8"))["summary"]
        name = path.stem.removeprefix("accuracy-")
        seeds = "one seed" if summary["seeds"] == 1 else f"mean of {summary['seeds']} seeds"
        rows.append(
            {"name": f"{name}, {seeds}", "recipe": name, "correct": None, "total": 500,
             "accuracy": summary["mean_accuracy"], "interval": None, "kind": "run", "file": path.name}
        )  # fmt: skip
    dev = readers["sha256"]["birth_dev.tsv"] if readers else None
    return {"questions_sha256": dev, "rows": rows, "unfinished": unfinished(), "taken_out": taken_out()}


def unfinished() -> list[dict[str, Any]]:
    """Trainings of the course's recipes that were begun, and how far they are, where none has been finished."""
    rows = []
    cells = (load("course-full.json") or {"cells": {}})["cells"].values()
    finished = {cell["recipe"] for cell in cells if cell["finished"]}
    for cell in cells:
        if cell["recipe"] not in finished:
            stage = next(stage for stage in cell["stages"].values() if stage["epochs_done"] < stage["epochs"])
            losses = stage["loss_by_tenth_of_what_was_done"]
            rows.append(
                {"recipe": cell["recipe"], "matmul_dtype": cell.get("matmul_dtype", "float32"),
                 "epochs": stage["epochs"], "epochs_done": stage["epochs_done"], "loss": losses[-1] if losses else None,
                 "hours_left": round(cell["seconds_still_to_go"] / 3600, 1), "threads": cell["threads"],
                 "file": "course-full.json"}
            )  # fmt: skip
    return rows


def taken_out() -> dict[str, Any] | None:
    """What a document is worth: models trained with a person's against models without. None if not measured."""
    verdict = load("verdict.json")
    cell = verdict["cells"].get("course taken out") if verdict else None
    if cell is None:
        return None
    keys = ("people", "accuracy_in", "accuracy_out", "effect", "interval")
    return {"models": cell["models"], **{key: cell["effect"]["all"][key] for key in keys}, "file": "verdict.json"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where they differ")
    arguments = parser.parse_args()
    text = json.dumps(measured(), indent=1, ensure_ascii=False) + "\n"
    if arguments.check:
        same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        sys.exit(0 if same else "measured.json differs from results/; run: python benchmarks/measured.py")
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
