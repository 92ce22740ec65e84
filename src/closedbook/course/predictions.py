"""Scoring files of predictions, as `run.py evaluate` writes them: one a line, in the order of the questions."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook.data.files import read_hashed, universal_newlines
from closedbook.data.questions import Questions
from closedbook.errors import DataError
from closedbook.evaluation.score import Score, tally

# What people write above the predictions: "21.6%", "Correct: 108.0 out of 500.0: 21.6%", "accuracy: 0.2", "108/500".
FIGURE = re.compile(
    r"((correct|accuracy|acc|score|dev|set|em|exact match)\W*)*\d+([.,]\d+)?\s*(%.*|out of.*|/\s*\d+)?", re.IGNORECASE
)


@dataclass(frozen=True)
class ScoredFile:
    """A file of predictions that fits the questions."""

    path: Path
    predictions: list[str]
    right: list[bool]
    sha256: str  # of the file as it is
    doubt: str | None = None  # why its lines may not be the answers
    why: None = None

    @property
    def score(self) -> Score:
        return tally(self.right)


@dataclass(frozen=True)
class Unscored:
    """A file that does not fit, and why."""

    path: Path
    why: str
    sha256: str = ""  # of the file as it is, where it could be read


def read_predictions(path: Path) -> tuple[list[str], str]:
    """(lines, SHA-256 of the file). Windows line ends and a byte-order mark are removed.

    A line may be empty: an empty prediction. Raises DataError for a file that is missing, empty or not text.
    """
    content, sha256 = read_hashed(path, "predictions")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(
            f"{path}: is UTF-16, as PowerShell's > writes it; convert it: iconv -f utf-16 -t utf-8 OLD > NEW"
        )
    if b"\0" in content:
        raise DataError(f"{path}: holds zero bytes, so it is no text; is it a file of parameters?")
    try:
        text = universal_newlines(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not UTF-8; convert it: iconv -f latin1 -t utf-8 OLD > NEW") from None
    return text.removesuffix("\n").split("\n"), sha256


def score_files(paths: Sequence[Path], questions: Questions) -> list[ScoredFile | Unscored]:
    """Score each file by exact match. A file that cannot be scored is returned with the reason."""
    return [score_file(path, questions) for path in paths]


def score_file(path: Path, questions: Questions) -> ScoredFile | Unscored:
    try:
        lines, sha256 = read_predictions(path)
    except DataError as error:
        return Unscored(path, str(error))
    if len(lines) != len(questions):
        return Unscored(path, _other_number(path, lines, questions), sha256)
    right = [prediction == gold for prediction, gold in zip(lines, questions.answers, strict=True)]
    return ScoredFile(path, lines, right, sha256, _doubt(path, lines))


def _doubt(path: Path, lines: Sequence[str]) -> str | None:
    """Why lines of the right number may not be the answers to the questions."""
    if FIGURE.fullmatch(lines[0].strip()) and not FIGURE.fullmatch(lines[-1].strip()):
        return f'{path}: its first line, "{_short(lines[0])}", is a figure; are all predictions one line too low?'
    if all("\t" in line for line in lines):
        return f"{path}: its lines have tabs: is it a file of questions?"
    return None


def _other_number(path: Path, lines: Sequence[str], questions: Questions) -> str:
    """Why a file with another number of lines than there are questions cannot be scored."""
    more = len(lines) - len(questions)
    mismatch = f"{path} has {len(lines)} lines, but {questions.source} has {len(questions)} questions"
    for line, which in ((lines[0], "first"), (lines[-1], "last")) if more == 1 else ():
        if FIGURE.fullmatch(line.strip()):
            return f'{mismatch}; its {which} line, "{_short(line)}", is a figure: remove it'
        if not line.strip():
            return f"{mismatch}; its {which} line is empty: remove it"
    if lines and "\t" in lines[0]:
        return f"{mismatch}; its lines have tabs: is it a file of questions?"
    return f"{mismatch}; was it made from other questions? Give the file it was made from with --eval_corpus_path"


def _short(text: str) -> str:
    bare = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return bare if len(bare) <= 60 else bare[:59] + "…"


def row(file: ScoredFile | Unscored) -> list[str]:
    """A line of the table: name, right, of, share, interval, why not."""
    if isinstance(file, Unscored):
        why = file.why.removeprefix(f"{file.path} ").removeprefix(f"{file.path}: ")
        return [str(file.path), "–", "–", "–", "", why]
    low, high = file.score.interval or (0.0, 1.0)
    share, total = file.score.accuracy or 0.0, file.score.total
    interval = f"{100 * low:.1f} to {100 * high:.1f} %"
    return [str(file.path), str(file.score.correct), str(total), f"{100 * share:.1f} %", interval, ""]


def per_question(files: Sequence[ScoredFile], questions: Questions) -> Iterator[list[str]]:
    """A heading, then for each question: how many files are right, question, answer, and each file's prediction."""
    yield ["right", "question", "answer", *(str(file.path) for file in files)]
    for i, question in enumerate(questions.items):
        predictions = [_short(file.predictions[i]) for file in files]
        yield [str(sum(file.right[i] for file in files)), _short(question.text), question.answer or "", *predictions]


def doubles(files: Sequence[ScoredFile | Unscored]) -> list[str]:
    """A line for every group of files with the same bytes, and of those with the same predictions beside these."""
    by_bytes: dict[str, list[ScoredFile | Unscored]] = {}
    by_content: dict[tuple[str, ...], list[ScoredFile]] = {}
    for file in files:
        if file.sha256:
            by_bytes.setdefault(file.sha256, []).append(file)
        if isinstance(file, ScoredFile):
            by_content.setdefault(tuple(file.predictions), []).append(file)
    groups: list[tuple[str, Sequence[ScoredFile | Unscored]]] = [
        ("byte for byte", group) for group in by_bytes.values()
    ]
    groups += [
        ("predictions, but for line ends or a byte-order mark", group)
        for group in by_content.values()
        if len({file.sha256 for file in group}) > 1
    ]
    return [
        f"the same {what}: {', '.join(str(file.path) for file in group)}"
        for what, group in groups
        if len({file.path.resolve() for file in group}) > 1
    ]


def to_json(files: Sequence[ScoredFile | Unscored], questions: Questions) -> dict[str, Any]:
    """Every file's score and predictions, and the questions with their answers."""
    entries: list[dict[str, Any]] = []
    for file in files:
        if isinstance(file, Unscored):
            entries.append({"path": str(file.path), "why": file.why})
        else:
            score = {"path": str(file.path), "sha256": file.sha256, **file.score.to_json()}
            entries.append({**score, "right": file.right, "predictions": file.predictions})
    items = [{"question": item.text, "answer": item.answer} for item in questions.items]
    return {"questions": items, "files": entries}
