"""`closedbook history`."""

from __future__ import annotations

from pathlib import Path

from closedbook.cli.output import console, escape, print_json, table
from closedbook.runs.folder import RunFolder

SHOWN = 20


def history(run: Path, /, *, all_: bool = False, json: bool = False) -> None:
    """What a run has learned and forgotten since its training.

    For example:

        closedbook history runs/fast-…

    Args:
        run: A run folder.
        all_: Show every entry, not the last twenty.
        json: Print one JSON list on standard output.
    """
    from closedbook.living.learning import history as read_history

    out = console(json)
    entries = read_history(RunFolder.open(run))
    if json:
        print_json(entries)
        return
    if not entries:
        out.print("nothing was learned or forgotten since its training\nnext: closedbook learn RUN --documents FILE")
        return
    shown = entries if all_ else entries[-SHOWN:]
    rows = table("when", "what", "title", "SHA-256 of its documents")
    for entry in shown:
        rows.add_row(*map(escape, (entry["time"], entry["action"], entry["title"], entry.get("sha256", "")[:12])))
    out.print(rows)
    if len(shown) < len(entries):
        out.print(f"and {len(entries) - len(shown):,} before; --all shows them")
