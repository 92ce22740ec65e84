"""`closedbook import`."""

from __future__ import annotations

import shlex
from pathlib import Path

from closedbook.cli.options import Json
from closedbook.cli.output import console, escape, print_json


def import_(folder: Path, /, *, run: Path, json: Json = False) -> None:
    """Make a run of a Hugging Face export, as it was or fine-tuned elsewhere. Runs no code of the folder.

    Example: closedbook import mine-hf --run runs/again

    Args:
        folder: What `closedbook export --to huggingface` has written, its weights perhaps replaced by other tools
            since.
        run: The new run folder.
    """
    from closedbook.export.exporters import import_huggingface

    out = console(json)
    imported, changed = import_huggingface(folder, run)
    out.print(
        f"the run is in [bold]{escape(str(imported.path))}[/]; its weights are "
        + ("not those of the export, so its calibration was left behind" if changed else "those of the export")
        + f"\nnext:\n  {escape(shlex.join(['closedbook', 'evaluate', str(imported.path)]))} --questions FILE --save"
    )
    if json:
        print_json({"run": str(imported.path), "weights_changed": changed})
