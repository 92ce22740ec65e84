"""Where a run came from, and the command that goes on with it."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from closedbook.data.files import Source
from closedbook.runs.folder import RunFolder


def resume_command(folder: RunFolder, mixer: str | None = None) -> str:
    """What to type to go on with an interrupted run: its own recipe file, and the inputs it was started with.

    It is put together here. The command that a run folder records is its maker's word, and is advised to nobody; so is
    the file of a mixer, which is executed: only one that was given just now, as `mixer`, is named.
    """
    record = folder.record()
    if record.get("start") and (words := _course_command(folder, record)):
        return shlex.join(words)
    return f"{repeat_command(folder, mixer)} {shlex.join(['--run', plainly(str(folder.path)), '--resume'])}"


def repeat_command(folder: RunFolder, mixer: str | None = None) -> str:
    """What to type to train the same again, in a new run folder."""
    record = folder.record()
    words = ["closedbook", "train", plainly(str(folder.path / "recipe.toml"))]
    for option in ("documents", "questions", "dev"):
        if entry := record.get(option):
            words += [f"--{option}", plainly(found_from_here(entry["path"], record))]
            if entry.get("index"):
                words += ["--index", plainly(entry["index"])]
    if (device := record.get("device", "cpu")) in ("cuda", "mps"):
        words += ["--device", device]
    return shlex.join([*words, *mixer_option(folder, mixer)])


def _course_command(folder: RunFolder, record: Mapping[str, Any]) -> list[str]:
    """The command of the course that goes on with a leg which began from a file of parameters; none for other runs."""
    recipe = folder.recipe()
    named = re.fullmatch(r"course-([a-z]+)(-2024)?-(pretrain|finetune)", recipe.name)
    if not named or folder.path.suffix != ".run":
        return []
    variant, edition, function = named.groups()
    stage = recipe.stages[0]
    words = ["closedbook", "cs224n", function, variant, found_from_here(record["documents"]["path"], record)]
    flags = {
        "reading_params_path": found_from_here(record["start"]["path"], record),
        "writing_params_path": str(folder.path.with_suffix("")),
        "finetune_corpus_path": record["questions"] and found_from_here(record["questions"]["path"], record),
        f"{function}_lr": stage.optimiser.options.get("rate"),
        "bottleneck_dim": recipe.model.stack.options.get("latents"),
        "epochs": stage.epochs,
        "schedule": edition and edition[1:],
    }
    options = [(f"--{name}", str(value)) for name, value in flags.items() if value]
    return list(map(plainly, words)) + [word for name, value in options for word in (name, plainly(value))]


def plainly(path: str) -> str:
    """A file name that no command takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def found_from_here(path: str, record: Mapping[str, Any]) -> str:
    """An input of a run as it was named, or, where that is nothing here, from the folder that training began in."""
    elsewhere = os.path.join(str(record.get("folder", "")), path)
    return path if Source.of(path).path.exists() or not Source.of(elsewhere).path.exists() else elsewhere


def unchanged_input(entry: Mapping[str, Any] | None, record: Mapping[str, Any]) -> Path | None:
    """Where an input of a run is; None if its file is not what it was, or so large that it must be indexed."""
    from closedbook.data.token_index import is_large

    if not entry:
        return None
    named = found_from_here(entry.get("path", ""), record)
    path = Source.of(named).path
    if not path.is_file() or is_large(named):
        return None
    with open(path, "rb") as file:
        return Path(named) if hashlib.file_digest(file, "sha256").hexdigest() == entry.get("sha256") else None


def mixer_option(folder: RunFolder, spec: str | None = None) -> list[str]:
    """--mixer FILE.py:CLASS, where this run's mixer is from a user's file: what opens it needs that too."""
    name, own, _ = folder.record().get("mixer", "").partition("@")
    return ["--mixer", spec or f"FILE.py:{name}"] if own else []


def source_commit() -> str | None:
    """The commit of the package's own checkout, with "+" where it was changed; None where it is installed."""
    here = Path(__file__).parent
    try:
        _git(here, "ls-files", "--error-unmatch", Path(__file__).name)  # in a checkout around an environment: refused
        commit = _git(here, "rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git(here, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()
