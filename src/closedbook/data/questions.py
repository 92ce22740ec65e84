"""Reads questions, with or without answers, and finds the title that a question names."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from closedbook.data.question_files import read_rows
from closedbook.errors import DataError

LONGEST_NAME = 24  # words; longer ones are not names, and looking for them would take too long
LONGEST_SPELLED = 1000  # characters of a name
LOOKED_AT = 400  # names are looked for in so many words of a question
LONGEST_UNSPACED = 120  # and in so many characters of a text without spaces
# Thai to Khmer, kana, Chinese characters, Hangul: words are not separated there, or a particle directly follows a name.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
DEFAULT_WORDING = "Where was {} born?"  # for a bare name, where the training questions are not at hand
POSSESSIVE = re.compile(r"['’]s\b")
POSSESSIVE_END = re.compile(r"['’]s?$")
MOST_MARKS = 4  # how many marks behind a name are taken off one by one, as titles may end in some of them
MARKS = ' ?!,;:()[]"“”„«»‘’？！，、。：；（）「」『』《》؟،؛।'


@dataclass(frozen=True)
class Question:
    """One question of a file. `answer` is None if the file has no answers; `others` are accepted as well."""

    text: str
    answer: str | None
    line: int
    others: tuple[str, ...] = ()

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every right answer, the one to learn first."""
        return () if self.answer is None else (self.answer, *self.others)


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

    @property
    def accepted(self) -> list[tuple[str, ...]]:
        """The accepted answers of each question. Raises DataError where the file has none."""
        return [(_answer(question, self.source), *question.others) for question in self.items]

    def only(self, keep: Iterable[int]) -> Questions:
        """The questions at these positions."""
        return replace(self, items=tuple(self.items[i] for i in keep))

    def ascii(self) -> Questions:
        """Without the characters that ASCII lacks, as the course's reader drops them from training questions."""

        def drop(text: str) -> str:
            return text.encode("ascii", "ignore").decode()

        return replace(self, items=tuple(
            Question(drop(item.text), item.answer and drop(item.answer), item.line, tuple(map(drop, item.others)))
            for item in self.items
        ))  # fmt: skip


def _answer(question: Question, source: str) -> str:
    if question.answer is None:
        raise DataError(f"{source}:{question.line}: has no answer; write QUESTION<tab>ANSWER")
    return question.answer


def read_questions(path: str | Path, *, need_answers: bool = False) -> Questions:
    """Read a question file in any of the formats of `closedbook.data.question_files`.

    Raises DataError, naming file and line, for what is no question or answer, answers to some questions only, and, with
    `need_answers`, for a file without answers.
    """
    rows, sha256 = read_rows(path)
    items = tuple(Question(row.text, next(iter(row.answers), None), row.line, row.answers[1:]) for row in rows)
    without = [item.line for item in items if item.answer is None]
    if without and (need_answers or len(without) < len(items)):
        raise DataError(f"{path}:{without[0]}: has no answer; write QUESTION<tab>ANSWER in every line")
    return Questions(items, sha256, str(path))


class Titles(set[str]):
    """Titles to look up the subjects of questions in, ignoring case."""

    @cached_property
    def folded(self) -> dict[str, str]:
        """The title of each folded form; of several that differ only in case, the alphabetically first."""
        return {fold(title): title for title in sorted(self, reverse=True)}


def fold(name: str, *, accents: bool = True) -> str:
    """A name in lower case with single spaces, so that two spellings compare equal; `accents` are kept unless False."""
    folded = " ".join(name.casefold().split())
    if accents:
        return folded
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))


def subject(question: str, titles: Collection[str]) -> str | None:
    """The longest title that stands in the question as whole words: the person it asks about. None if there is none.

    In scripts without spaces it may stand anywhere. An exact match is preferred; other cases of letters are tried only
    if the titles are `Titles`.
    """
    if (exact := next((text for text in names_in(question) if text in titles), None)) is not None:
        return exact
    if not isinstance(titles, Titles):
        return None
    return next((titles.folded[key] for text in names_in(question) if (key := fold(text)) in titles.folded), None)


def without(question: str, title: str, instead: str = "") -> str:
    """The question with the first occurrence of a title, in any case, removed or replaced by `instead`."""
    pattern = r"\s+".join(map(re.escape, title.split()))
    place = re.search(pattern, question) or re.search(pattern, question, re.IGNORECASE)
    return question if place is None else question[: place.start()] + instead + question[place.end() :]


def names_in(question: str) -> Iterator[str]:
    """Every run of whole words that could be a name, the longest first.

    Each is given as it stands, then with the marks around it taken off one after another ("Rule 7 (Keys)?", "Rule 7
    (Keys)"), and without possessives ("Jr.'s", then "Jr.", then "Jr"). If the question writes accents as characters of
    their own, the same follows for its composed form. Only the first LOOKED_AT words are considered, and no name of
    more than LONGEST_SPELLED characters.
    """
    for spelled in dict.fromkeys((question, unicodedata.normalize("NFC", question))):
        words = spelled.split(maxsplit=LOOKED_AT)[:LOOKED_AT]
        for length in range(min(len(words), LONGEST_NAME), 0, -1):
            for start in range(len(words) - length + 1):
                if len(text := " ".join(words[start : start + length])) <= LONGEST_SPELLED:
                    yield from _spellings(text)
        for word in words:
            if unspaced := UNSPACED.search(word[:LONGEST_UNSPACED]):
                yield from _within(word[:LONGEST_UNSPACED], unspaced.start())


def _spellings(text: str) -> Iterator[str]:
    """A run of words in the forms in which a title may be spelled."""
    bare = POSSESSIVE.sub("", text).strip(MARKS)
    if bare == text and not text.endswith("."):
        yield text
        return
    stripped = [text]
    while len(stripped) <= MOST_MARKS and stripped[-1] and stripped[-1][-1] in MARKS:
        stripped.append(stripped[-1][:-1])
    possessive = POSSESSIVE_END.sub("", stripped[-1])
    for form in dict.fromkeys((*stripped, stripped[-1].rstrip("."), possessive)):
        yield from dict.fromkeys((form, form.lstrip(MARKS)))
    yield from dict.fromkeys((bare, bare.rstrip(".")))


def _within(word: str, first: int) -> Iterator[str]:
    """Every part of two or more characters of a text without spaces, the longest first.

    `first` is the position of the first character of such a script; every part reaches beyond it.
    """
    for length in range(min(len(word) - 1, LONGEST_NAME), 1, -1):
        for start in range(len(word) - length + 1):
            part = word[start : start + length]
            if start + length > first and UNSPACED.search(part) and not set(MARKS) & {part[0], part[-1]}:
                yield part


def checked_text(text: str, what: str) -> str:
    """The text, if it is one. Raises DataError where it is empty or was no UTF-8."""
    if not text.strip():
        raise DataError(f"the {what} is empty; give some text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(f"the {what} is not UTF-8; type it in a terminal that is set to UTF-8") from None
    return text


def commonest_wording(questions: Questions | None, titles: Collection[str]) -> str:
    """The wording that most of the first 300 questions have, with {} for the name; DEFAULT_WORDING without any."""
    names = (
        (question.text, subject(question.text, titles)) for question in (questions.items[:300] if questions else ())
    )
    wordings = Counter(without(text, name, "{}") for text, name in names if name)
    return wordings.most_common(1)[0][0] if wordings else DEFAULT_WORDING


def split_by_name(
    questions: Questions, titles: Collection[str], parts: Mapping[str, float], *, salt: str = "closedbook"
) -> dict[str, list[int]]:
    """The positions of the questions in each part (name → share); `train` gets what `parts` leaves.

    A hash of the person's name decides the part, so all questions about a person are in one part, and the split is the
    same on every machine and for every seed.
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
    counts = Counter(answers)
    return min(counts, key=lambda answer: (-counts[answer], answer))
