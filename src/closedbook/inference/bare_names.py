"""Makes a question of a bare name: somebody types "Ada Lovelace", and what most were asked in training is asked."""

from __future__ import annotations

from closedbook.data.names import NameIndex
from closedbook.data.question_kinds import ENGLISH, languages
from closedbook.data.questions import MARKS, Titles, commonest_wording, read_questions
from closedbook.data.wordings import Wordings
from closedbook.runs.folder import RunFolder
from closedbook.runs.provenance import unchanged_input


def bare_name(text: str, names: NameIndex, wordings: Wordings | None) -> str | None:
    """The name that a text is, one of `names` or one never read; None where it says more, or asks."""
    if not text.strip():
        return None
    if (title := names.find(text)) is not None:  # even one that reads like a question: The Who
        more = text[: title.start] + text[title.stop :]
        return None if more.strip(MARKS) else text[title.start : title.stop]
    language = wordings.language if wordings else languages()[ENGLISH]
    return None if language.asks(text) else text.strip()


def trained_wordings(folder: RunFolder, names: NameIndex, wordings: Wordings | None) -> list[str]:
    """The commonest wording of each kind of question trained, {} for the name, the most frequent kind first."""
    kept = [group.forms[0] for group in wordings.groups] if wordings else []
    if with_name := [wording for wording in kept if "{}" in wording]:
        return with_name
    record = folder.record()
    path = unchanged_input(record.get("questions"), record)
    questions = read_questions(path) if path is not None else None
    return [commonest_wording(questions, Titles(names.names))]
