"""Reads question files in the formats that people have: QUESTION tab ANSWER, tables with a header, JSON Lines, JSON.

Of each question its text and its accepted answers are read. Among the formats are those of NQ-open (a line of
`{"question": …, "answer": […]}`), TriviaQA (an object with a value and its aliases), PopQA (a table whose
`possible_answers` are a JSON list in a cell), DPR (a Python list after the tab) and SQuAD (one JSON object). Other
field names are given after the path: `quiz.csv:question=q,answer=a`.
"""

from __future__ import annotations

import ast
import codecs
import csv
import io
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from closedbook.data.files import (
    BREAK_IT,
    LONGEST_LINE,
    Source,
    cut,
    decode,
    first_few,
    named_fields,
    read_hashed,
    split_lines,
)  # fmt: skip
from closedbook.errors import DataError
from closedbook.validation import parse_json

QUESTION = ("question",)
ANSWER = ("answer", "answers", "possible_answers")
VALUE, ALIASES = ("value",), ("aliases",)
LONGEST_CELL = 1 << 20  # characters; Python's limit of 131,072 is too low for an answer with all its aliases


class Row(NamedTuple):
    """One question of a file; `answers` is empty if it has none."""

    text: str
    answers: tuple[str, ...]
    line: int


class QuestionFile(NamedTuple):
    """The path of a question file and the names of its fields; `named` if the user gave them."""

    path: str
    question: tuple[str, ...] = QUESTION
    answer: tuple[str, ...] = ANSWER
    named: bool = False

    @classmethod
    def of(cls, name: str | Path) -> QuestionFile:
        path, named = named_fields(name, "question", "answer")
        question, answer = ((named[role],) if role in named else () for role in ("question", "answer"))
        return cls(path, question or QUESTION, answer or ANSWER, bool(named))


def read_rows(name: str | Path) -> tuple[list[Row], str]:
    """(the questions of a file, its SHA-256).

    Raises DataError, naming file and line, if the file or one of its lines cannot be used.
    """
    file = QuestionFile.of(name)
    source = Source.of(file.path)
    content, sha256 = read_hashed(file.path, "questions")
    content = content.removeprefix(codecs.BOM_UTF8)  # spreadsheets put a byte-order mark before a table
    names = source.path.name.lower().removesuffix(f".{source.compression}").split(".")
    suffix = names[-1] if len(names) > 1 else ""
    where = str(source.path)
    if suffix == "csv":
        rows = list(_table(decode(content, where), ",", file, where))
    elif suffix in ("jsonl", "ndjson"):
        lines = split_lines(content, where, "questions")
        rows = [_entry(_json(line, f"{where}:{i}"), file, where, i) for i, line in enumerate(lines, 1)]
    elif suffix == "json":
        rows = _whole(_json(decode(content, where), where), file, where)
    else:
        rows = list(_tabbed(content, file, where))
    if not rows:
        raise DataError(f"{where}: holds no questions; it should hold them with their answers")
    return rows, sha256


# Tables ---------------------------------------------------------------------------------------------------------


def _tabbed(content: bytes, file: QuestionFile, where: str) -> Iterator[Row]:
    """Lines of QUESTION tab ANSWER, or a table with tabs whose first line names its columns."""
    lines = split_lines(content, where, "questions")
    first = lines[0].split("\t")
    if _is_header(first, file):
        yield from _table(decode(content, where), "\t", file, where)
        return
    if file.named:
        raise _no_column(first, file, where)
    if lines[0].startswith("{") and _is_object(lines[0]):
        raise DataError(f"{where}:1: is JSON Lines; rename the file so that it ends in .jsonl")
    for number, line in enumerate(lines, 1):
        text, tab, answer = line.partition("\t")
        if "\t" in answer:
            raise DataError(
                f"{where}:{number}: has {line.count(chr(9))} tabs; write QUESTION<tab>ANSWER, several answers as "
                '["ONE", "OTHER"], or name the columns in the first line: question<tab>answer'
            )
        if not text.strip():
            raise DataError(f"{where}:{number}: has no question before the tab; write QUESTION<tab>ANSWER")
        if tab and not answer.strip():
            raise DataError(f"{where}:{number}: has a tab but no answer; write the answer or remove the tab")
        yield Row(text, _cell(answer, f"{where}:{number}"), number)


def _table(text: str, delimiter: str, file: QuestionFile, where: str) -> Iterator[Row]:
    """Rows of a table. Without a header the first column is the question, and a second one the answer."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        rows, start = [], 1
        for cells in reader:
            rows.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{where}:{reader.line_num}: is no row of a table ({error}); check its quotes") from None
    finally:
        csv.field_size_limit(before)
    rows = [(line, cells) for line, cells in rows if cells]
    if not rows:
        return
    header = rows[0][1]
    if _is_header(header, file):
        folded = [cell.strip().casefold() for cell in header]
        question, answer = (next((folded.index(n.casefold()) for n in names if n.casefold() in folded), None)
                            for names in (file.question, file.answer))  # fmt: skip
        rows = rows[1:]
    else:
        if file.named or len(header) > 2:
            raise _no_column(header, file, where)
        question, answer = 0, 1 if len(header) > 1 else None
    width = len(header)
    assert question is not None
    for line, cells in rows:
        if len(cells) != width:
            raise DataError(
                f"{where}:{line}: has {len(cells)} columns, and the first line {width}; "
                "put a text that holds the delimiter in double quotes"
            )
        text = " ".join(cells[question].split())
        if not text:
            raise DataError(f"{where}:{line}: has no question; fill the column, or remove the line")
        yield Row(text, _cell(cells[answer], f"{where}:{line}") if answer is not None else (), line)


def _is_header(cells: Sequence[str], file: QuestionFile) -> bool:
    """Whether these cells name columns, the question's among them."""
    folded = {cell.strip().strip('"').casefold() for cell in cells}
    if not folded & {name.casefold() for name in file.question}:
        return False
    # In a file with one column, the word "question" can only be the header.
    return len(cells) == 1 or file.named or bool(folded & {name.casefold() for name in file.answer})


def _no_column(cells: Sequence[str], file: QuestionFile, where: str) -> DataError:
    present = ", ".join(repr(cut(cell.strip())) for cell in cells[:12])
    return DataError(
        f"{where}:1: names no column {' or '.join(file.question)!r} and {' or '.join(file.answer)!r} (there are: "
        f"{present}); name them: {where}:question=COLUMN,answer=COLUMN"
    )


def _cell(cell: str, where: str) -> tuple[str, ...]:
    """The answers in a cell: its text, or a list of texts in JSON or Python notation."""
    cell = cell.strip()
    if cell.startswith('"[') and cell.endswith(']"'):  # a list in the quotes of a table's cell
        cell = cell[1:-1].replace('""', '"')
    if cell.startswith("[") and cell.endswith("]"):
        for parse in (json.loads, ast.literal_eval):
            try:
                with warnings.catch_warnings(action="ignore"):  # Python has its opinion of what is no list, too
                    answers = parse(cell)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(answers, list) and answers and all(isinstance(answer, str) for answer in answers):
                return _answers(answers, where)
    return (cell,) if cell else ()


# JSON -----------------------------------------------------------------------------------------------------------


def _json(text: str, where: str) -> Any:
    try:
        return parse_json(text, number=str)  # an answer 1.50 stays 1.50
    except ValueError as error:
        raise DataError(
            f"{where}: cannot be read as JSON ({error}); write one object a line in .jsonl, one value in .json"
        ) from None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _whole(data: Any, file: QuestionFile, where: str) -> list[Row]:
    """The questions of one JSON value: SQuAD's and TriviaQA's `data`, or a list of objects."""
    entries = _named(data, ("data",)) if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise DataError(
            f'{where}: holds neither a list nor {{"data": […]}}; write one of them, or JSON Lines in .jsonl'
        )
    rows: list[Row] = []
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, dict) and "paragraphs" in entry:
            rows += _squad(entry, file, where, number)
        else:
            rows.append(_entry(entry, file, where, number))
    return rows


def _squad(article: Mapping[str, Any], file: QuestionFile, where: str, number: int) -> Iterator[Row]:
    """The questions of one article, without those that its text does not answer (`is_impossible`)."""
    try:
        for paragraph in article["paragraphs"]:
            for entry in paragraph["qas"]:
                if not entry.get("is_impossible"):
                    yield _entry(entry, file, where, number)
    except (KeyError, TypeError, AttributeError):
        raise DataError(
            f"{where}: article {number} is not as SQuAD has it: paragraphs, each with a context and qas"
        ) from None


def _entry(entry: Any, file: QuestionFile, where: str, number: int) -> Row:
    place = f"{where}:{number}"
    if not isinstance(entry, dict):
        raise DataError(f'{place}: is not a JSON object; write {{"question": …, "answer": …}}')
    text = _named(entry, file.question)
    if text is None:
        raise DataError(
            f"{place}: has no field {' or '.join(file.question)!r} (there are: {first_few(entry)}); "
            f"name it: {where}:question=FIELD,answer=FIELD"
        )
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{place}: its question is no text; write a string that is not empty")
    answer = _named(entry, file.answer)
    if answer is None and file.answer != ANSWER:
        raise DataError(f"{place}: has no field {file.answer[0]!r}; name another: {where}:answer=FIELD")
    try:
        return Row(_clean(text, place), () if answer is None else _answers(answer, place), number)
    except RecursionError:
        raise DataError(f"{place}: its answer is nested too deeply; write a text, or a list of texts") from None


def _named(entry: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first field with one of these names, ignoring case; None if there is none."""
    folded = {str(key).casefold(): key for key in entry}
    return next((entry[folded[name.casefold()]] for name in names if name.casefold() in folded), None)


def _answers(value: Any, where: str) -> tuple[str, ...]:
    """The accepted answers in a text, a list of them, or an object with a value and its aliases."""
    if isinstance(value, dict):
        main = _named(value, VALUE)
        if main is None:  # SQuAD's, also as columns: {"text": ["Oslo"], "answer_start": [12]}
            return _answers(_named(value, ("text",)), where)
        return tuple(dict.fromkeys((*_answers(main, where), *_answers(_named(value, ALIASES) or [], where))))
    if isinstance(value, list):
        return tuple(dict.fromkeys(text for item in value for text in _answers(item, where)))
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: an answer is {cut(json.dumps(value))}; write a text, or a list of texts")
    return (_clean(value, where),)


def _clean(text: str, where: str) -> str:
    """The text on one line. Raises DataError if it is too long, cannot be encoded, or holds a NUL."""
    text = " ".join(text.split())
    if len(text) > LONGEST_LINE:
        raise DataError(f"{where}: is longer than {LONGEST_LINE:,} characters; {BREAK_IT}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(f"{where}: holds half a surrogate pair; remove it") from None
    if "\0" in text:
        raise DataError(f"{where}: holds a NUL; remove it")
    return text
