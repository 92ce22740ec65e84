"""What a file that a command writes may not take the place of: an input, a run, an export, an index."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from closedbook.data.document_files import MARKDOWN, TEXT, text_files
from closedbook.data.files import Source
from closedbook.errors import ClosedbookError, RunError
from closedbook.runs.folder import RunFolder, is_of_run
from closedbook.runs.provenance import found_from_here


def check_output(path: Path, *inputs: str | Path | None, runs: Sequence[Path] = (), binary: bool = False) -> None:
    """Raise RunError where a file cannot be written, or would destroy another by it, before work is done for it.

    Where the path leads through links is what counts. An output takes the place of no input, of nothing that `runs`
    were trained on, of no file that a run, an export or an index is made of, and of no file of another kind; nor does
    it join the files that are read from a folder. Text never replaces a binary file, nor, with `binary`, the reverse.
    """
    if path.is_dir():
        raise RunError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise RunError(f"{path} cannot be written: there is no folder {path.parent}; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise RunError(f"{path} cannot be written: no permission; choose another place")
    kept = [
        (Source.of(source).path, "is named twice; name another file, so that nothing is overwritten")
        for source in inputs
        if source is not None
    ]
    for run in runs:
        for what, trained in _trained_on(run):
            kept.append((trained, f"is the file of {what} of {run}, and would be overwritten; name another file"))
    for other, why in kept:
        _check_apart(path, other)
        if _same(path, other):
            raise RunError(f"{path} {why}")
    for place in {path.absolute(), Path(os.path.realpath(path))}:
        if owner := _owner(place):
            raise RunError(f"{path} is a file of {owner}, and would be overwritten; name another file")
    if path.is_file():
        with open(path, "rb") as file:
            head = file.read(4096)
        if head and (b"\0" in head) != binary:
            holds, content = ("text", "something that is not text") if binary else ("something other than text", "text")
            raise RunError(f"{path} holds {holds}, and {content} would take its place; name another file, or remove it")


def check_folder(folder: Path, *inputs: str | Path | None) -> None:
    """Raise RunError where an input lies in a folder that is to be replaced."""
    base = Path(os.path.realpath(folder))
    for source in inputs:
        if source is not None and base in Path(os.path.realpath(Source.of(source).path)).parents:
            raise RunError(f"{source} is in {folder}, which is replaced; move it elsewhere first")


def check_study(folder: Path, name: str, *inputs: str | Path | None, runs: Sequence[Path] = ()) -> None:
    """Raise RunError where one of the files that a study writes into its folder would destroy another."""
    if folder.is_dir():
        for suffix in (".json", ".md", ".svg", "-dark.svg"):
            check_output(folder / f"{name}{suffix}", *inputs, runs=runs)


def _same(path: Path, other: Path) -> bool:
    """Whether two paths lead to one file."""
    try:
        return path.samefile(other) if path.exists() and other.exists() else path.resolve() == other.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a NUL: whoever reads it says so
        return False


def _check_apart(path: Path, folder: Path) -> None:
    """Raise RunError where a file is, or would be, one that is read from a folder of documents or of a model."""
    if not os.path.isdir(folder):
        return
    place, base = Path(os.path.realpath(path)), Path(os.path.realpath(folder))
    of_model = (base / "config.json").is_file() and path.exists()
    inside = base in place.parents and (of_model or place.suffix.lower() in (*MARKDOWN, *TEXT))
    with contextlib.suppress(OSError):  # whoever reads the folder says so
        inside = inside or (path.exists() and any(_same(path, base / name) for name in text_files(base)))
    if inside:
        raise RunError(f"{path} would be one of the files that are read from {folder}; name another file")


def _trained_on(run: Path) -> Iterator[tuple[str, Path]]:
    """The files that a run's record names; nothing where there is no run: whoever opens it says so."""
    with contextlib.suppress(ClosedbookError):
        folder = RunFolder.open(run)
        record = folder.record()
        for what in ("documents", "questions", "dev"):
            entry = record.get(what)
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                yield what, Source.of(found_from_here(entry["path"], record)).path
        if (base := folder.recipe().pretrained) is not None:
            yield "the pretrained model", Path(base.model)


def _owner(place: Path) -> str | None:
    """What a file belongs to, if to something of ours: a run, an export or an index."""
    folder, name = place.parent, place.name.lower()
    if (folder / "run.json").is_file() and is_of_run(name):
        return f"the run {folder}"
    if (folder / "closedbook.json").is_file() and place.exists() and name != "readme.md":
        return f"the export {folder}"
    if (folder / "index.json").is_file() and place.exists():
        return f"the index {folder}"
    return None
