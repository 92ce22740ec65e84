"""The run folder: everything one training leaves behind, in a versioned format, never half written.

run.json             format, versions, hashes, command, threads, commit, the split of the questions
recipe.toml          the resolved recipe
vocabulary.json      the vocabulary
metrics.jsonl        one line per logged step
training.safetensors everything needed to go on: weights, optimiser, position (until the run is finished)
training.previous.safetensors   the same, as it was saved the time before
model.safetensors    the weights
checkpoint-STAGE-STEP.safetensors   weights along the way, where a stage's `keep` asks for some
evidence.sqlite      what it was trained on, to be looked up; the text itself stays where it is
calibration.json     the coefficients that turn signals into probabilities
learned.safetensors  names that were learned later
history.jsonl        what was learned and forgotten, one line each
evaluation.json      the score on --dev, or what `evaluate --save` wrote
probe.json           what a taught run and its base know: what `probe --save` wrote

run.json holds the hashes of the others, and a seal of its own: a file that is not what was saved is never used. What
survives what: docs/safety.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook import __version__
from closedbook.config.loading import load_recipe
from closedbook.config.schema import Recipe
from closedbook.data.files import read_file
from closedbook.environment import most_read
from closedbook.errors import RecipeError, RunError
from closedbook.runs.records import EvaluationRecord, MetricsRecord, ProbeRecord, RunRecord
from closedbook.runs.store import SAMPLED, digest, file_lock, fingerprint, put_in_place, to_json, write_atomically
from closedbook.validation import BYTES_OF_A_VALUE, convert, parse_json

FORMAT = 5
MADE_FIRST = ("run.json", "recipe.toml", "vocabulary.json")  # what a folder holds before the first step
RECORDS: dict[str, Any] = {
    "evaluation.json": EvaluationRecord, "probe.json": ProbeRecord, "calibration.json": Any, "vocabulary.json": Any,
}  # fmt: skip
REMEDIES = {
    "metrics.jsonl": "bring it back from a copy, or remove it and do without the curve",
    "evidence.sqlite": "bring it back from a copy, ask it blind, or train anew",
    "learned.safetensors": "bring it back from a copy",
    "history.jsonl": "bring it back from a copy, or remove it",
    "evaluation.json": "make it again with: closedbook evaluate RUN --questions FILE --save",
    "probe.json": "make it again with: closedbook probe RUN --questions FILE --save",
}


@dataclass(frozen=True)
class RunFolder:
    """Paths and records of one run. Opening checks the format; writing is atomic; reading holds files to their hash."""

    path: Path

    @classmethod
    def create(cls, path: Path, record: Mapping[str, Any], files: Mapping[str, str] | None = None) -> RunFolder:
        """Make a new folder with these files, or nothing. Raises RunError where something is there already.

        run.json says "creating" until the other files are there, so that a folder whose making was killed is known
        for what it is and can be made anew.
        """
        check_free(path)
        existed = path.is_dir()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{path} cannot be made ({error.strerror}); choose another folder with --run") from None
        folder, texts = cls(path), dict(files or {})
        head = {"format": FORMAT, "version": __version__, "id": uuid.uuid4().hex}
        hashes = {name: [hashlib.sha256(text.encode()).hexdigest()] for name, text in texts.items()}
        try:
            with folder.lock():
                check_free(path)  # once more: another training may have been quicker
                folder.write_json("run.json", {**head, "status": "creating", **record})
                try:
                    for name, text in texts.items():
                        folder.write_text(name, text)
                    folder.write_json("run.json", {**head, "status": "training", "files": hashes, **record})
                except BaseException:
                    for name in ("run.json", *texts):
                        with contextlib.suppress(OSError):
                            (path / name).unlink()
                    raise
        except BaseException:
            if not existed:
                with contextlib.suppress(OSError):  # not empty: it is somebody else's
                    path.rmdir()
            raise
        return folder

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run. Raises RunError where there is none, or one that is damaged or of another format."""
        path = Path(path)
        if not os.path.lexists(path):
            raise RunError(f"{path}: no such run; `closedbook list runs` shows those that are there")
        if not os.path.lexists(path / "run.json"):
            raise RunError(f"{path} is not a run folder (it has no run.json); `closedbook list runs` shows runs")
        folder = cls(path)
        if folder.record().get("status") == "creating":
            raise RunError(f"{path} was killed while it was made; train anew with the same --run, without --resume")
        return folder

    @property
    def finished(self) -> bool:
        return bool(self.record().get("status") == "finished")

    @property
    def id(self) -> str | None:
        """What tells this run's training states from another's."""
        return self.record().get("id")

    def recipe(self) -> Recipe:
        """The resolved recipe. Raises RunError where it is missing or damaged."""
        path = self.path / "recipe.toml"
        if not os.path.lexists(path):
            raise RunError(f"{self.path} has no recipe.toml; bring it back from a copy")
        self.check("recipe.toml")
        try:
            return load_recipe(path)
        except RecipeError as error:
            raise RunError(f"{path} is damaged ({error}); bring it back from a copy") from None

    def record(self) -> dict[str, Any]:
        """run.json without its seal. Raises RunError where it is damaged or of another format."""
        path = self.path / "run.json"
        data = _parse(path, self._read("run.json"))
        number = data.get("format")
        if number != FORMAT or isinstance(number, bool):
            raise RunError(
                f"{self.path} is a run of format {json.dumps(number)[:40]}; this closedbook ({__version__}) reads "
                f"format {FORMAT}: train anew, or open it with the version that made it"
            )
        if data.pop("seal", None) != digest(data):
            raise RunError(f"{path} is damaged (it is not what was saved); bring it back from a copy")
        return typed(RunRecord, data, path)

    def update(self, **changes: Any) -> None:
        """Change entries of run.json."""
        self.write_json("run.json", {**self.record(), **changes})

    def finish(self, **changes: Any) -> None:
        """Call the run finished and take down the hash of every file."""
        checkpoints = sorted(path.name for path in self.path.glob("checkpoint-*.safetensors"))
        names = (*MADE_FIRST, *REMEDIES, "model.safetensors", "calibration.json", *checkpoints)
        present = [name for name in names if name != "run.json" and (self.path / name).is_file()]
        self.update(status="finished", files={name: [fingerprint(self.path / name)] for name in present}, **changes)

    def check(self, name: str, content: bytes | None = None) -> bool:
        """Whether all of a file is known to be what was saved; `content` where it has been read already.

        Raises RunError where it is not. False where only samples of it were hashed, and where there is no hash: of
        files that a training in progress is still writing.
        """
        record = self.record()
        expected = record.get("files", {}).get(name)
        if expected is None and record.get("status") != "finished":
            return False
        path = self.path / name
        try:
            actual = fingerprint(path if content is None else content)
        except OSError as error:
            raise _damaged(path, error.strerror, "cannot be read") from None
        if actual not in (expected or ()):
            raise _damaged(path, "it is not what this run saved")
        return not actual.startswith(SAMPLED)

    def read_json(self, name: str) -> dict[str, Any]:
        """Raises RunError where the file is missing or damaged, or holds other types than such a file has."""
        content = self._read(name)
        data = _parse(self.path / name, content)
        self.check(name, content)
        return typed(RECORDS[name], data, self.path / name)

    def read_json_if_there(self, name: str) -> dict[str, Any] | None:
        """As `read_json`; None where there is no such file."""
        return self.read_json(name) if (self.path / name).is_file() else None

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        """Write an object. Of a finished run, run.json learns the new hash first, and keeps the one there was.

        So whichever of the two files a kill leaves behind, they fit.
        """
        if name == "run.json":
            data = json.loads(json.dumps(data))
            data = {**data, "seal": digest(data)}
        content = (to_json(data, indent=2) + "\n").encode()
        if name == "run.json" or not self.finished:
            write_atomically(self.path / name, content)
            return
        with self.lock(wait=10.0):
            self.replace(name, content)

    def replace(self, name: str, content: bytes | Path) -> None:
        """Put other content, or a file written beside it, in a file's place; the folder is finished, and locked.

        run.json learns the new hash first, and keeps the one there was: whichever file a kill leaves behind fits.
        """
        hashes, path = self.record()["files"], self.path / name
        current = [fingerprint(path)] if path.is_file() else []
        still_valid = [sha256 for sha256 in hashes.get(name, []) if sha256 in current]
        new = fingerprint(content)
        self.update(files={**hashes, name: [new, *still_valid]})
        try:
            if isinstance(content, Path):
                put_in_place(content, path)
            else:
                write_atomically(path, content)
        except BaseException:
            self.update(files=hashes)
            raise

    def write_text(self, name: str, text: str) -> None:
        write_atomically(self.path / name, text.encode())

    def read_text(self, name: str) -> str:
        content = self._read(name)
        self.check(name, content)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _damaged(self.path / name, error) from None

    def _read(self, name: str) -> bytes:
        try:
            return read_file(self.path / name)
        except FileNotFoundError:
            raise RunError(f"{self.path} has no {name}; the run was not finished, or the file was removed") from None
        except OSError as error:
            raise _damaged(self.path / name, error.strerror) from None

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl; while it trains, a last line that is not all there is left out.

        Raises RunError where the run is finished and they are not what was saved, or of other types.
        """
        path = self.path / "metrics.jsonl"
        if not path.is_file():
            return []
        content = self._read("metrics.jsonl")
        self.check("metrics.jsonl", content)
        return metrics_lines(path, content)

    @contextlib.contextmanager
    def lock(self, wait: float = 0.0) -> Iterator[None]:
        """Hold the folder while writing in it. Raises RunError where another training does, after `wait` seconds.

        The lock is the system's, and ends with the process however that ends: none is ever stale.
        """
        until = time.monotonic() + wait
        with contextlib.ExitStack() as held:
            while True:
                try:
                    if held.enter_context(file_lock(self.path / ".lock")):
                        break
                except OSError as error:
                    raise RunError(f"{self.path} cannot be written ({error.strerror}); check its permissions") from None
                if time.monotonic() >= until:
                    raise RunError(f"{self.path}: another training is writing here; wait for it, or use --run")
                time.sleep(0.5)
            for leftover in self.path.glob(".*.partial"):  # of a training that was killed while saving
                with contextlib.suppress(OSError):
                    leftover.unlink()
            yield


def _damaged(path: Path, why: object, how: str = "is damaged") -> RunError:
    return RunError(f"{path} {how} ({why})", REMEDIES.get(path.name, "bring it back from a copy, or train anew"))


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        data = parse_json(content)
        if not isinstance(data, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise _damaged(path, error) from None
    return data


def typed(kind: Any, data: Any, path: Path, where: str = "") -> Any:
    """What a file of a run held, as `kind`. Raises RunError, naming the file, where a value is of another type."""
    try:
        return convert(kind, data, where, RunError)
    except RunError as error:
        raise _damaged(path, error) from None


def metrics_lines(path: Path, content: bytes) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl that are objects; others are left out.

    Raises RunError for other types in one, and for more lines than a file of honest ones could have.
    """
    if content.count(b"\n") > most_read() // BYTES_OF_A_VALUE:
        raise _damaged(path, "it has very many lines")
    lines = []
    for number, line in enumerate(content.splitlines(), 1):
        with contextlib.suppress(ValueError):
            entry = parse_json(line)
            if isinstance(entry, dict):
                lines.append(typed(MetricsRecord, entry, path, f"line {number}"))
    return lines


def check_free(
    path: Path,
    if_exists: str = "go on with --resume, or choose another folder with --run",
    otherwise: str = "choose another folder with --run",
) -> None:
    """Raise RunError unless a new run can be made at `path`: nothing or an empty folder is there, and it is writable.

    A folder whose making was killed counts as empty. Asked before any work is done. Writes nothing.
    """
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(path)  # a name that is too long, say, is found here
        if os.path.lexists(path) and not is_free(path):
            raise RunError(f"{path} exists already; {if_exists}")
        nearest = next(folder for folder in (path, *path.absolute().parents) if os.path.lexists(folder))
    except OSError as error:
        raise RunError(f"{path} cannot be made ({error.strerror}); {otherwise}") from None
    if not nearest.is_dir():
        raise RunError(f"{path} cannot be made ({nearest} is a file); {otherwise}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RunError(f"{path} cannot be made ({nearest} is not writable); {otherwise}")


def is_free(path: Path) -> bool:
    """Whether a folder holds nothing but a lock, a half written file, or a run whose making was killed."""
    if not path.is_dir():
        return False
    names = {entry.name for entry in path.iterdir() if entry.name != ".lock" and entry.suffix != ".partial"}
    if not names:
        return True
    if not names <= set(MADE_FIRST) or "run.json" not in names:
        return False
    try:
        return RunFolder(path).record().get("status") == "creating"
    except RunError:
        return False


def is_of_run(name: str) -> bool:
    """Whether a run folder has files of this name, which nothing else may be called there."""
    own = (*MADE_FIRST, *REMEDIES, "model.safetensors", "calibration.json", ".lock")
    return name in own or (name.startswith(("training.", "checkpoint-")) and name.endswith(".safetensors"))


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
    return look_for_runs(root)[0]


def look_for_runs(root: Path) -> tuple[list[RunFolder], dict[str, str]]:
    """The runs in a folder, oldest first; and why others in it cannot be opened, by name."""
    runs, damaged = [], {}
    for path in sorted(root.glob("*/run.json")):
        try:
            folder = RunFolder.open(path.parent)
            runs.append((folder.record().get("started", ""), folder))
        except (RunError, OSError) as error:
            damaged[path.parent.name] = str(error)
    return [folder for _, folder in sorted(runs, key=lambda pair: pair[0])], damaged
