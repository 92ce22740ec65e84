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
evaluation.json      the score on --dev, or what `evaluate --save` wrote

run.json holds the hashes of the others, and a seal of its own: a file that is not what was saved is never used. What
survives what: docs/safety.md.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook import __version__
from closedbook.config.schema import Recipe, load_recipe
from closedbook.data.files import Source, check_kind, create_beside, open_file, read_file
from closedbook.errors import RecipeError, RunError
from closedbook.runs.records import EvaluationRecord, MetricsRecord, RunRecord
from closedbook.validation import convert, parse_json

FORMAT = 2
READS = (1, 2)  # runs of format 1 hold no hashes
MADE_FIRST = ("run.json", "recipe.toml", "vocabulary.json")  # what a folder holds before the first step
HASHED_WHOLE = 2**28  # bytes; of a larger file, samples are hashed
SAMPLED = "sampled:"
RECORDS: dict[str, Any] = {"evaluation.json": EvaluationRecord, "calibration.json": Any, "vocabulary.json": Any}
REMEDIES = {
    "metrics.jsonl": "bring it back from a copy, or remove it and do without the curve",
    "evidence.sqlite": "bring it back from a copy, ask it blind, or train anew",
    "evaluation.json": "make it again with: closedbook evaluate RUN --questions FILE --save",
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
        there = path.is_dir()
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
            if not there:
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
        """What tells this run's training states from another's; None in format 1."""
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
        found = data.get("format")
        if found not in READS or isinstance(found, bool):
            known, told = " and ".join(map(str, READS)), json.dumps(found)[:40]
            raise RunError(f"{self.path} is a run of format {told}; this closedbook ({__version__}) reads {known}")
        if data.pop("seal", None) != digest(data) and found != 1:
            raise RunError(f"{path} is damaged (it is not what was saved); bring it back from a copy")
        return typed(RunRecord, data, path)

    def update(self, **changes: Any) -> None:
        """Change entries of run.json."""
        self.write_json("run.json", {**self.record(), **changes})

    def finish(self, **changes: Any) -> None:
        """Call the run finished and take down the hash of every file."""
        kept = sorted(path.name for path in self.path.glob("checkpoint-*.safetensors"))
        named = (*MADE_FIRST, *REMEDIES, "model.safetensors", "calibration.json", *kept)
        there = [name for name in named if name != "run.json" and (self.path / name).is_file()]
        self.update(status="finished", files={name: [fingerprint(self.path / name)] for name in there}, **changes)

    def check(self, name: str, content: bytes | None = None) -> bool:
        """Whether all of a file is known to be what was saved; `content` where it has been read already.

        Raises RunError where it is not. False where only samples of it were hashed, and where there is no hash: of
        files that a training in progress is still writing, and in a run of format 1.
        """
        record = self.record()
        known = record.get("files", {}).get(name)
        if known is None and (record["format"] == 1 or record.get("status") != "finished"):
            return False
        path = self.path / name
        try:
            found = hashlib.sha256(content).hexdigest() if content is not None else fingerprint(path)
        except OSError as error:
            raise RunError(f"{path} cannot be read ({error.strerror}); {_remedy(name)}") from None
        if found not in (known or ()):
            raise RunError(f"{path} is damaged (it is not what this run saved); {_remedy(name)}")
        return not found.startswith(SAMPLED)

    def read_json(self, name: str) -> dict[str, Any]:
        """Raises RunError where the file is missing or damaged, or holds other types than such a file has."""
        content = self._read(name)
        data = _parse(self.path / name, content)
        self.check(name, content)
        return typed(RECORDS[name], data, self.path / name)

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        """Write an object. Of a finished run, run.json learns the new hash first, and keeps the one there was.

        So whichever of the two files a kill leaves behind, they fit.
        """
        if name == "run.json" and data.get("format") != 1:
            data = json.loads(json.dumps(data))
            data = {**data, "seal": digest(data)}
        content = (to_json(data, indent=2) + "\n").encode()
        if name == "run.json" or not self.finished or self.record()["format"] == 1:
            write_atomically(self.path / name, content)
            return
        with self.lock(wait=10.0):
            known, path = self.record()["files"], self.path / name
            there = [fingerprint(path)] if path.is_file() else []
            kept = [sha256 for sha256 in known.get(name, []) if sha256 in there]
            self.update(files={**known, name: [hashlib.sha256(content).hexdigest(), *kept]})
            try:
                write_atomically(path, content)
            except BaseException:
                self.update(files=known)
                raise

    def write_text(self, name: str, text: str) -> None:
        write_atomically(self.path / name, text.encode())

    def read_text(self, name: str) -> str:
        content = self._read(name)
        self.check(name, content)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RunError(f"{self.path / name} is damaged ({error}); {_remedy(name)}") from None

    def _read(self, name: str) -> bytes:
        try:
            return read_file(self.path / name)
        except FileNotFoundError:
            raise RunError(f"{self.path} has no {name}; the run was not finished, or the file was removed") from None
        except OSError as error:
            raise RunError(f"{self.path / name} is damaged ({error.strerror}); {_remedy(name)}") from None

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


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[bool]:
    """Hold a lock file while this lasts, and then remove it; False where another process holds it.

    A process that ends in any way holds nothing any more. Raises OSError where the file cannot be written, or is none.
    """
    with contextlib.suppress(FileNotFoundError):
        check_kind(path)
    with open(path, "a+b", opener=_unlinked) as file:
        if not _lock(file.fileno(), path):
            yield False
            return
        try:
            yield True
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def _unlinked(path: str, flags: int) -> int:
    """Open a file, but none that a link leads to: it may be somebody else's."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)


HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.EWOULDBLOCK)


def _lock(descriptor: int, path: Path) -> bool:
    """Whether the open file could be locked, and is still the one in the folder."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in HELD:
            return False
        warnings.warn(f"{path.parent} cannot be locked ({error.strerror}); train in it once at a time", stacklevel=4)
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False  # its holder has just finished and removed it


def digest(record: Mapping[str, Any]) -> str:
    """A hash of a JSON object, to be kept in it."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _remedy(name: str) -> str:
    return REMEDIES.get(name, "bring it back from a copy, or train anew")


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        data = parse_json(content)
        if not isinstance(data, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise RunError(f"{path} is damaged ({error}); {_remedy(path.name)}") from None
    return data


def typed(kind: Any, data: Any, path: Path, where: str = "") -> Any:
    """What a file of a run held, as `kind`. Raises RunError, naming the file, where a value is of another type."""
    try:
        return convert(kind, data, where, RunError)
    except RunError as error:
        raise RunError(f"{path} is damaged ({error}); {_remedy(path.name)}") from None


def metrics_lines(path: Path, content: bytes) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl that are objects; others are left out. Raises RunError for other types in one."""
    lines = []
    for number, line in enumerate(content.splitlines(), 1):
        with contextlib.suppress(ValueError):
            entry = parse_json(line)
            if isinstance(entry, dict):
                lines.append(typed(MetricsRecord, entry, path, f"line {number}"))
    return lines


def fingerprint(path: Path) -> str:
    """SHA-256 of a file; of one larger than HASHED_WHOLE, of its size and 64 MB spread over it."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= HASHED_WHOLE:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest, block = hashlib.sha256(str(size).encode()), 2**20
        for number in range(64):
            file.seek((size - block) * number // 63)
            digest.update(file.read(block))
        return f"{SAMPLED}{digest.hexdigest()}"


def check_free(path: Path, advice: str = "go on with --resume, or choose another folder with --run") -> None:
    """Raise RunError unless a new run can be made at `path`: nothing or an empty folder is there, and it is writable.

    A folder whose making was killed counts as empty. Asked before any work is done. Writes nothing.
    """
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(path)  # a name that is too long, say, is found here
        if os.path.lexists(path) and not is_free(path):
            raise RunError(f"{path} exists already; {advice}")
        nearest = next(folder for folder in (path, *path.absolute().parents) if os.path.lexists(folder))
    except OSError as error:
        raise RunError(f"{path} cannot be made ({error.strerror}); choose another folder with --run") from None
    if not nearest.is_dir():
        raise RunError(f"{path} cannot be made ({nearest} is a file); choose another folder with --run")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RunError(f"{path} cannot be made ({nearest} is not writable); choose another folder with --run")


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


def to_json(data: Any, indent: int | None = None) -> str:
    """JSON with readable letters; a file name that is no UTF-8 is escaped rather than refused."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(data, indent=indent)
    return text


def write_atomically(path: Path, content: bytes, keep: Path | None = None) -> None:
    """Write beside the file, then put it in place: a reader sees the old content or the new, never a part.

    `keep` is where the old file goes. The new one has the old one's permissions. A link or a pipe in its place is
    replaced, not followed. Raises RunError where the file cannot be written.
    """
    temporary = None
    try:
        file, temporary = create_beside(path)
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.is_file():
            os.replace(path, keep)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        if isinstance(error, OSError):
            full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))
            advice = "make room" if full else "check the folder"
            raise RunError(
                f"{path} cannot be written ({error.strerror}); {advice}: what was saved before is still there"
            ) from None
        raise


def write_output(path: Path, content: bytes) -> None:
    """Write what a user asked for: into a device or a pipe (/dev/stdout) as it is, else at once, as all files here."""
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(content)
    else:
        write_atomically(path, content)


def put_in_place(partial: Path, path: Path) -> None:
    """Give a file that was written beside its place its name, once it is on the disk. Raises OSError."""
    with open(partial, "r+b") as file:
        os.fsync(file.fileno())
    os.replace(partial, path)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """Make the names in a folder outlast a power failure, where the system has a way."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def resume_command(folder: RunFolder, mixer: str | None = None) -> str:
    """What to type to go on with an interrupted run: its own recipe file, and the inputs it was started with.

    It is put together here. The command that a run folder records is its maker's word, and is advised to nobody; so is
    the file of a mixer, which is executed: only one that was given just now, as `mixer`, is named.
    """
    record = folder.record()
    if record.get("start") and (words := _course_command(folder, record)):
        return shlex.join(words)
    words = ["closedbook", "train", _plainly(str(folder.path / "recipe.toml"))]
    for option in ("documents", "questions", "dev"):
        if given := record.get(option):
            words += [f"--{option}", _plainly(found_from_here(given["path"], record))]
            if given.get("index"):
                words += ["--index", _plainly(given["index"])]
    if (device := record.get("device", "cpu")) in ("cuda", "mps"):
        words += ["--device", device]
    return shlex.join([*words, *mixer_option(folder, mixer), "--run", _plainly(str(folder.path)), "--resume"])


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
    given = [(f"--{name}", str(value)) for name, value in flags.items() if value]
    return list(map(_plainly, words)) + [word for name, value in given for word in (name, _plainly(value))]


def _plainly(path: str) -> str:
    """A file name that no command takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def found_from_here(path: str, record: Mapping[str, Any]) -> str:
    """An input of a run as it was named, or, where that is nothing here, from the folder that training began in."""
    elsewhere = os.path.join(str(record.get("folder", "")), path)
    return path if Source.of(path).path.exists() or not Source.of(elsewhere).path.exists() else elsewhere


def mixer_option(folder: RunFolder, given: str | None = None) -> list[str]:
    """--mixer FILE.py:CLASS, where this run's mixer is from a user's file: what opens it needs that too."""
    name, own, _ = folder.record().get("mixer", "").partition("@")
    return ["--mixer", given or f"FILE.py:{name}"] if own else []


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
    found, damaged = [], {}
    for path in sorted(root.glob("*/run.json")):
        try:
            folder = RunFolder.open(path.parent)
            found.append((folder.record().get("started", ""), folder))
        except (RunError, OSError) as error:
            damaged[path.parent.name] = str(error)
    return [folder for _, folder in sorted(found, key=lambda pair: pair[0])], damaged


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
