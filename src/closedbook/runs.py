"""The run folder: everything one training leaves behind, in a versioned format, never half written.

run.json             format, versions, hashes, command, threads, commit, the split of the questions
recipe.toml          the resolved recipe
vocabulary.json      the vocabulary
metrics.jsonl        one line per logged step
training.safetensors everything needed to go on: weights, optimiser, position (until the run is finished)
model.safetensors    the weights
evidence.sqlite      what it was trained on, to be looked up; the text itself stays where it is
calibration.json     the coefficients that turn signals into probabilities
evaluation.json      the score on --dev, or what `evaluate --save` wrote
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook import __version__
from closedbook.errors import RecipeError, RunError
from closedbook.recipe import Recipe, load_recipe

FORMAT = 1


@dataclass(frozen=True)
class RunFolder:
    """Paths and records of one run. Opening checks the format; writing is atomic."""

    path: Path

    @classmethod
    def create(cls, path: Path, record: Mapping[str, Any], files: Mapping[str, str] | None = None) -> RunFolder:
        """Make a new folder with these files. Raises RunError where something is there already.

        run.json comes last: a folder that has it has the other files too.
        """
        check_free(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{path} cannot be made ({error.strerror}); choose another folder with --run") from None
        folder = cls(path)
        for name, text in (files or {}).items():
            folder.write_text(name, text)
        folder.write_json("run.json", {"format": FORMAT, "version": __version__, "status": "training", **record})
        return folder

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run. Raises RunError where there is none, or one of another format."""
        path = Path(path)
        if not os.path.lexists(path):
            raise RunError(f"{path}: no such run; `closedbook list runs` shows those that are there")
        if not (path / "run.json").is_file():
            raise RunError(f"{path} is not a run folder (it has no run.json); `closedbook list runs` shows runs")
        folder = cls(path)
        found = folder.record().get("format")
        if found != FORMAT or isinstance(found, bool):
            raise RunError(
                f"{path} is a run of format {json.dumps(found)}; this closedbook ({__version__}) reads format {FORMAT}"
            )
        return folder

    @property
    def finished(self) -> bool:
        return bool(self.record().get("status") == "finished")

    def recipe(self) -> Recipe:
        """The resolved recipe. Raises RunError where it is missing or damaged."""
        path = self.path / "recipe.toml"
        if not path.is_file():
            raise RunError(f"{self.path} has no recipe.toml; bring it back from a copy")
        try:
            return load_recipe(path)
        except RecipeError as error:
            raise RunError(f"{path} is damaged ({error}); bring it back from a copy") from None

    def record(self) -> dict[str, Any]:
        """run.json."""
        return self.read_json("run.json")

    def update(self, **changes: Any) -> None:
        """Change entries of run.json."""
        self.write_json("run.json", {**self.record(), **changes})

    def read_json(self, name: str) -> dict[str, Any]:
        """Raises RunError where the file is missing or damaged."""
        try:
            data = json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(f"{self.path} has no {name}; the run was not finished, or the file was removed") from None
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{self.path / name} is damaged ({error}); bring it back from a copy") from None
        if not isinstance(data, dict):
            raise RunError(f"{self.path / name} is damaged (not an object); bring it back from a copy")
        return data

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        write_atomically(self.path / name, (to_json(data, indent=2) + "\n").encode())

    def write_text(self, name: str, text: str) -> None:
        write_atomically(self.path / name, text.encode())

    def read_text(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{self.path / name} cannot be read ({error})") from None

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl; a last line that a crash cut short is left out."""
        path = self.path / "metrics.jsonl"
        lines = []
        for line in path.read_bytes().splitlines() if path.is_file() else []:
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    lines.append(entry)
        return lines

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder while training in it. Raises RunError where another training does."""
        with contextlib.ExitStack() as held:
            try:
                mine = held.enter_context(claimed(self.path / ".lock"))
            except OSError as error:
                raise RunError(f"{self.path} cannot be written ({error.strerror}); check its permissions") from None
            if not mine:
                raise RunError(f"{self.path}: another training is writing here; wait for it, or use --run")
            for leftover in self.path.glob(".*.partial"):  # of a training that was killed while saving
                with contextlib.suppress(OSError):
                    leftover.unlink()
            yield


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold a lock file while this lasts, and then remove it; False where another process holds it.

    A process that ends in any way holds nothing any more. Raises OSError where the file cannot be written.
    """
    with open(path, "a+b") as file:
        try:
            _lock(file.fileno())
            if not os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                raise OSError  # its holder has just finished and removed it
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def check_free(path: Path) -> None:
    """Raise RunError unless a new run can be made at `path`: nothing or an empty folder is there, and it is writable.

    Asked before any work is done. Writes nothing.
    """
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(path)  # a name that is too long, say, is found here
        if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
            raise RunError(f"{path} exists already; go on with --resume, or choose another folder with --run")
        nearest = next(folder for folder in (path, *path.absolute().parents) if os.path.lexists(folder))
    except OSError as error:
        raise RunError(f"{path} cannot be made ({error.strerror}); choose another folder with --run") from None
    if not nearest.is_dir():
        raise RunError(f"{path} cannot be made ({nearest} is a file); choose another folder with --run")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RunError(f"{path} cannot be made ({nearest} is not writable); choose another folder with --run")


def to_json(data: Any, indent: int | None = None) -> str:
    """JSON with readable letters; a file name that is no UTF-8 is escaped rather than refused."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(data, indent=indent)
    return text


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the file, then put it in place: a reader sees the old content or the new, never a part.

    A device or a pipe (/dev/stdout) is written to as it is. Raises RunError where the file cannot be written.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(content)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise RunError(
                f"{path} cannot be written ({error.strerror}); what was saved before is still there"
            ) from None
        raise


def resume_command(folder: RunFolder) -> str:
    """What to type to go on with an interrupted run: its own recipe file, and the inputs it was started with."""
    record = folder.record()
    words = ["closedbook", "train", str(folder.path / "recipe.toml")]
    for option in ("documents", "questions", "dev"):
        given = record.get(option)
        if isinstance(given, dict) and "path" in given:
            words += [f"--{option}", str(given["path"])]
    return shlex.join([*words, *mixer_option(folder), "--run", str(folder.path), "--resume"])


def mixer_option(folder: RunFolder) -> list[str]:
    """--mixer FILE.py:CLASS, where this run's mixer is from a user's file: what opens it needs that too."""
    record = folder.record()
    name, at, _ = str(record.get("mixer")).partition("@")
    return ["--mixer", f"{record.get('mixer_file') or 'FILE.py'}:{name}"] if at else []


def default_folder(recipe_name: str, root: Path = Path("runs")) -> Path:
    """runs/RECIPE-DATE, with a number behind it where that exists."""
    name = "".join("-" if character in '/\\:*?"<>|' or character < " " else character for character in recipe_name)
    base = root / f"{name}-{time.strftime('%Y-%m-%d-%H%M%S')}"
    path, number = base, 2
    while path.exists():
        path, number = base.with_name(f"{base.name}-{number}"), number + 1
    return path


def list_runs(root: Path = Path("runs")) -> list[RunFolder]:
    """The runs in a folder, oldest first."""
    found = []
    for path in sorted(root.glob("*/run.json")):
        with contextlib.suppress(RunError):
            found.append(RunFolder.open(path.parent))
    return sorted(found, key=lambda folder: str(folder.record().get("started", "")))


def source_commit() -> str | None:
    """The commit of the package's own checkout, with "+" where it was changed; None where it is installed."""
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git(here, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()
