"""What run.json says of a training when it starts, and the checks that a resumed one goes on with the same inputs."""

from __future__ import annotations

import json
import os
import platform
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from closedbook.config.schema import Recipe, encode
from closedbook.errors import RunError
from closedbook.model.custom_mixers import FILES
from closedbook.runs.folder import RunFolder
from closedbook.runs.provenance import source_commit
from closedbook.runs.store import to_json
from closedbook.training.setup import TrainingSetup
from closedbook.validation import convert


def start_record(setup: TrainingSetup, dev: str | Path | None, command: str) -> dict[str, Any]:
    """What run.json says of a run when it starts."""
    start = setup.start
    return {
        "recipe": setup.recipe.name,
        "command": command,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "folder": os.getcwd(),  # where relative paths begin
        "commit": source_commit(),
        "threads": torch.get_num_threads(),
        "processes": setup.distributed.processes,
        "device": setup.distributed.device.type,
        "mixer": setup.recipe.model.mixer.name,  # a user's own with the hash of its file
        "mixer_file": FILES.get(setup.recipe.model.mixer.name),  # told to whoever goes on, and never executed by itself
        "documents": {
            "path": setup.documents.source,
            "sha256": setup.documents.sha256,
            "count": len(setup.documents),
            "index": str(setup.index) if setup.index is not None else None,
        },
        "questions": {"path": setup.questions.source, "sha256": setup.questions.sha256} if setup.questions else None,
        "dev": {"path": str(dev)} if dev is not None else None,
        "start": {"path": start.source, "sha256": start.sha256} if start else None,
        "split": setup.split,
        "parameters": setup.model.count_parameters(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
    }


def check_recipe(folder: RunFolder, recipe: Recipe) -> None:
    """Raise RunError unless the run can go on with this recipe."""
    if folder.recipe() != convert(Recipe, encode(recipe), ""):
        raise RunError(f"{folder.path} was started with another recipe; give the same --set options, or a new --run")


def check_inputs(folder: RunFolder, setup: TrainingSetup) -> None:
    """Raise RunError unless the run was started with these inputs."""
    record = folder.record()
    inputs = (("documents", setup.documents), ("questions", setup.questions), ("start", setup.start))
    for name, now in inputs:
        then = record.get(name) or {}
        if then.get("sha256") != (now.sha256 if now else None):
            before = f" ({then['path']})" if "path" in then else ""
            what = "weights" if name == "start" else name
            raise RunError(f"{folder.path} was started with other {what}{before}; give the same, or begin another run")
    begun = (record.get("versions") or {}).get("torch")
    if begun not in (None, torch.__version__):
        warnings.warn(
            f"begun with torch {begun}, going on with {torch.__version__}: last bits may differ", stacklevel=3
        )
    if folder.read_json("vocabulary.json") != json.loads(to_json(setup.corpus.vocabulary.to_json())):
        raise RunError(f"{folder.path / 'vocabulary.json'} is damaged (not what the documents give); train anew")
