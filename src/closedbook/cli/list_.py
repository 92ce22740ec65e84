"""`closedbook list`."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Literal

from closedbook.cli.output import console, escape, print_json, table
from closedbook.config.loading import load_recipe, recipe_names
from closedbook.runs.folder import RunFolder, list_runs


def list_(
    what: Literal["recipes", "runs", "mixers", "objectives"], /, *, runs: Path = Path("runs"), json: bool = False
) -> None:
    """List what there is to choose from.

    Example: closedbook list recipes

    Args:
        what: recipes, runs, mixers or objectives.
        runs: The folder that holds runs.
        json: Print a JSON list of objects with name and summary.
    """
    from closedbook.config.registry import REGISTRIES

    entries = {
        "recipes": lambda: [{"name": name, "summary": load_recipe(name).summary} for name in recipe_names()],
        "runs": lambda: [_run(folder) for folder in list_runs(runs)],
        "mixers": lambda: [_registered(*item) for item in REGISTRIES["mixer"].items()],
        "objectives": lambda: [_registered(*item) for item in REGISTRIES["objective"].items()],
    }[what]()
    if json:
        print_json(entries)
        return
    out = console()
    if not entries:
        out.print(f"no {what} in {escape(str(runs))}; make one with: closedbook demo")
        return
    rows = table("name", "summary")
    for entry in entries:
        rows.add_row(escape(entry["name"]), escape(entry["summary"]))
    out.print(rows)


def _run(folder: RunFolder) -> dict[str, Any]:
    record = folder.record()
    recipe, status, started = (str(record.get(key, "unknown")) for key in ("recipe", "status", "started"))
    summary = f"{recipe}, {status}, started {started}"
    return {"name": str(folder.path), "summary": summary, "recipe": recipe, "status": status}


def _registered(name: str, path: str) -> dict[str, Any]:
    """The first line of the class's docstring, read from the source: importing it would load torch."""
    module, _, attribute = path.partition(":")
    source = Path(__file__).parents[1].joinpath(*module.split(".")[1:]).with_suffix(".py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == attribute:
            return {"name": name, "summary": (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")}
    raise LookupError(path)
