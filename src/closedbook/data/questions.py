"""Questions, with or without their answers: `Where was NAME born?<tab>PLACE`, or the question alone."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from closedbook.data.files import BYTE_ORDER_MARK, read_lines
from closedbook.errors import DataError

LONGEST_NAME = 24  # words; a longer line of them is no name, and looking for one would take too long
LOOKED_AT = 400  # words of a question among which names are looked for
DEFAULT_WORDING = "Where was {} born?"  # for a bare name, where the training questions are not at hand
POSSESSIVE = re.compile(r"['’]s\b")
MARKS = ' ?!,;:()[]"“”„«»‘’'


@dataclass(frozen=True)
class Question:
    """One line of a question file. `answer` is None where the file has no answers."""

    text: str
    answer: str | None
    line: int


@dataclass(frozen=True)
class Questions:
    """A question file in its order, with the hash of the file it was read from."""

    items: tuple[Question, ...]
    sha256: str
    source: str

    def __len__(self) -> int:
        return len(self.items)

    @property
    def answered(self) -> bool:
        return bool(self.items) and self.items[0].answer is not None

    @property
    def texts(self) -> list[str]:
        return [question.text for question in self.items]

    @property
    def answers(self) -> list[str]:
        """The gold answers. Raises DataError where the file has none."""
        return [_answer(question, self.source) for question in self.items]

    def only(self, keep: Iterable[int]) -> Questions:
        """The questions at these positions."""
        return replace(self, items=tuple(self.items[i] for i in keep))

    def ascii(self) -> Questions:
        """Without the characters that ASCII lacks, as the course's reader drops them from training questions."""

        def drop(text: str | None) -> str | None:
            return None if text is None else text.encode("ascii", "ignore").decode()

        items = tuple(Question(drop(item.text) or "", drop(item.answer), item.line) for item in self.items)
        return replace(self, items=items)


def _answer(question: Question, source: str) -> str:
    if question.answer is None:
        raise DataError(f"{source}:{question.line}: has no answer; write QUESTION<tab>ANSWER")
    return question.answer


def read_questions(path: str | Path, *, need_answers: bool = False) -> Questions:
    """Read a question file.

    Raises DataError, naming file and line, for more than one tab, an empty question or answer, answers in some
    lines only, and, with `need_answers`, for a file without answers.
    """
    lines, sha256 = read_lines(path, "questions")
    lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
    items = []
    for number, line in enumerate(lines, 1):
        text, tab, answer = line.partition("\t")
        if "\t" in answer:
            raise DataError(f"{path}:{number}: has {line.count(chr(9))} tabs; write QUESTION<tab>ANSWER")
        if not text.strip():
            raise DataError(f"{path}:{number}: has no question before the tab; write QUESTION<tab>ANSWER")
        if tab and not answer.strip():
            raise DataError(f"{path}:{number}: has a tab but no answer; write the answer or remove the tab")
        items.append(Question(text, answer.strip() if tab else None, number))
    without = [item.line for item in items if item.answer is None]
    if without and (need_answers or len(without) < len(items)):
        raise DataError(f"{path}:{without[0]}: has no answer; write QUESTION<tab>ANSWER in every line")
    return Questions(tuple(items), sha256, str(path))


def subject(question: str, titles: Collection[str]) -> str | None:
    """The longest title that stands in the question as whole words, or None: the person it asks about."""
    return next((text for text in names_in(question) if text in titles), None)


def names_in(question: str) -> Iterator[str]:
    """Every stretch of whole words that could be a name, the longest first: as it stands, then without a possessive
    and the marks around it (with "Jr.", then "Jr"). Where accents are characters of their own, the same again without.
    Only the first LOOKED_AT words are looked at.
    """
    for spelled in dict.fromkeys((question, unicodedata.normalize("NFC", question))):
        words = spelled.split(maxsplit=LOOKED_AT)[:LOOKED_AT]
        for length in range(min(len(words), LONGEST_NAME), 0, -1):
            for start in range(len(words) - length + 1):
                text = " ".join(words[start : start + length])
                bare = POSSESSIVE.sub("", text).strip(MARKS)
                yield from dict.fromkeys((text, bare, bare.rstrip(".")))


def commonest_wording(questions: Questions | None, titles: Collection[str]) -> str:
    """The wording that most of the first 300 questions have, with {} for the name; DEFAULT_WORDING without any."""
    names = (
        (question.text, subject(question.text, titles)) for question in (questions.items[:300] if questions else ())
    )
    wordings = Counter(text.replace(name, "{}", 1) for text, name in names if name)
    return wordings.most_common(1)[0][0] if wordings else DEFAULT_WORDING


def fold(name: str, *, accents: bool = True) -> str:
    """A name in lower case with single spaces, so that two spellings compare equal; `accents` are kept unless False."""
    folded = " ".join(name.casefold().split())
    if accents:
        return folded
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))


def split_by_name(
    questions: Questions, titles: Collection[str], parts: Mapping[str, float], *, salt: str = "closedbook"
) -> dict[str, list[int]]:
    """Positions of the questions in each part, `train` taking what `parts` (name → share) leaves.

    The part is decided by a hash of the person's name, so a person who occurs twice stays on one side, and the
    split is the same on every machine and for every seed.
    """
    if sum(parts.values()) >= 1:
        raise DataError(f"the parts {dict(parts)} leave no question to train on; their shares must sum to less than 1")
    split: dict[str, list[int]] = {name: [] for name in (*parts, "train")}
    for position, question in enumerate(questions.items):
        name = subject(question.text, titles) or question.text
        digest = hashlib.sha256(f"{salt}\0{name}".encode()).digest()
        left = int.from_bytes(digest[:8], "big") / 2**64
        for part, share in parts.items():
            if left < share:
                split[part].append(position)
                break
            left -= share
        else:
            split["train"].append(position)
    return split


def most_common_answer(answers: Sequence[str]) -> str:
    """The most frequent answer; the alphabetically first of several."""
    counts: dict[str, int] = {}
    for answer in answers:
        counts[answer] = counts.get(answer, 0) + 1
    return min(counts, key=lambda answer: (-counts[answer], answer))
