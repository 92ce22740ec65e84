"""How questions in wordings that were never trained on are understood, without any network: results/wordings.json.

    python benchmarks/wordings.py                                  # invented corpora, the built-in world
    python benchmarks/wordings.py elements=FOLDER faq=FOLDER course=FOLDER
    python benchmarks/wordings.py --fit dishes packages museums lakes world elements=FOLDER course=FOLDER

For each corpus: of the other wordings, how many were taken for the trained question that asks for the same; how many
were asked in a trained wording, and understood, and right among those; and of the relations that training never asks
for, how many were taken for understood. Then each relation is left out of the training questions in its turn, and
asked for in all its wordings: how many of these were taken for understood. A folder is as benchmarks/any_corpus.py
has it, or the course's. `--fit` prints the constants of `closedbook.data.wordings` as fitted on these corpora, with
and without the list of words that ask for the same, and how well each does without its own part. `--encoder` reads
with the sentence encoder, too.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from any_corpus_made import MADE
from record import Cells
from worded import WORDED

from closedbook.data import wording_evidence
from closedbook.data import wordings as module
from closedbook.data.documents import Documents, read_documents
from closedbook.data.questions import Question, Questions, Titles, read_questions, subject, without
from closedbook.data.wording_evidence import Words
from closedbook.data.wording_groups import as_words
from closedbook.data.wordings import Encoder, Reading, Wordings
from closedbook.model.sentence_encoder import installed_encoder
from closedbook.synthetic.world import WorldSpec, make_world

COURSE_SAME = (
    "What is the birthplace of {}?", "In which city was {} born?", "Where did {} come into the world?",
    "Name the place where {} was born.", "What is {}'s birthplace?", "Where does {} come from?", "Where is {} from?",
    "{} was born where?",
)  # fmt: skip
COURSE_OTHER = (
    "When was {} born?", "What is {}'s nationality?", "Where did {} die?", "Who is {}?", "How old is {}?",
    "What does {} do for a living?", "Where did {} study?", "Who is {} married to?", "In which year was {} born?",
    "Where does {} live?", "Which team does {} play for?", "What is {} famous for?",
)  # fmt: skip


LEFT_OUT, UNASKED = 0.7, 2.0
"""What an example counts, where another wording counts 1: a wording whose relation is left out, and one of a relation
that training never asks for."""


class Example(NamedTuple):
    """What tells how a wording is meant, whether the group that it was taken for is right, and what that counts."""

    signals: list[float]
    right: bool
    weight: float


@dataclass
class Corpus:
    documents: Documents
    train: Questions
    meant: dict[str, str]  # other wording → a trained wording that asks for the same
    unasked: list[str]


def forms(questions: Questions, titles: object) -> list[tuple[str, str, str]]:
    """(wording with {} for the name, name, answer) of each question that names a title."""
    rows = []
    for item in questions.items:
        if (name := subject(item.text, titles)) is not None:  # type: ignore[arg-type]
            rows.append((without(item.text, name, "{}"), name, item.answer or ""))
    return rows


def load(name: str, folder: Path) -> Corpus:
    if (folder / "wiki.txt").is_file():
        documents, train = read_documents(folder / "wiki.txt"), read_questions(folder / "birth_places_train.tsv")
        return Corpus(documents, train, dict.fromkeys(COURSE_SAME, "Where was {} born?"), list(COURSE_OTHER))
    if name == "world":
        make_world(WorldSpec.demo(), 0).write(folder)
        names = ("documents.txt", "questions-train.tsv", "questions-test.tsv", "unseen-wordings.tsv", "")
    else:
        documents_files = [path.name for path in folder.glob("documents.*")] or ["documents.jsonl"]
        train_file = "train-three.tsv" if (folder / "train-three.tsv").is_file() else "train.tsv"
        names = (documents_files[0], train_file, "test.tsv", "other.tsv", "unasked.tsv")
        if name in MADE | WORDED:
            (MADE | WORDED)[name]().write(folder)
    documents, train = read_documents(folder / names[0]), read_questions(folder / names[1])
    titles = documents.known_titles
    trained: dict[tuple[str, str], str] = {}
    for form, title, answer in forms(read_questions(folder / names[2]), titles):
        trained.setdefault((title, answer), form)
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for form, title, answer in forms(read_questions(folder / names[3]), titles):
        if (title, answer) in trained:
            votes[form][trained[title, answer]] += 1
    meant = {form: count.most_common(1)[0][0] for form, count in votes.items()}
    unasked = folder / names[4] if names[4] else folder / "none"
    asked_never = [form for form, _, _ in forms(read_questions(unasked), titles)] if unasked.is_file() else []
    return Corpus(documents, train, meant, list(dict.fromkeys(asked_never)))


def judge(corpus: Corpus, show: bool, encoder: Encoder | None) -> tuple[dict[str, int], list[Example]]:
    """What became of each wording, and what the constants are fitted to."""
    readings = read_by(corpus, corpus.train.items, encoder)
    assert readings is not None
    group_of = {form: number for number, group in enumerate(readings.groups) for form in group.forms}
    trained = {words for group in readings.groups for words in group.words}
    count: Counter[str] = Counter()
    examples = []

    def judge_one(reader: Wordings, form: str, group: int | None, weight: float) -> tuple[Reading, bool]:
        reading = reader.read(form.replace("{}", "Zorn Quaxley"), "Zorn Quaxley")
        best, signals = reader.signals(as_words(form.replace("{}", " ")))
        right = group is not None and group == (best if reading.wording is None else group_of[reading.wording])
        if signals.keys() >= set(names_of(encoder)):  # a question that is not English is read by words alone
            examples.append(Example([signals[name] for name in names_of(encoder)], right, weight))
        if show:
            what = "right" if right else "unasked" if group is None else "wrong"
            print(f"    {reading.confidence:.2f} {what}{', understood' * reading.understood} {form}")
        return reading, right

    for form, meant in corpus.meant.items():
        if as_words(form.replace("{}", " ")) not in trained:
            reading, right = judge_one(readings, form, group_of.get(meant, -1), 1.0)
            read, understood = reading.wording is not None, reading.understood
            count.update({"other": 1, "right": right, "asked as trained": read, "and right": read and right,
                          "understood": understood, "understood and right": understood and right})  # fmt: skip
    for form in corpus.unasked:
        reading, _ = judge_one(readings, form, None, UNASKED)
        count.update({"unasked": 1, "unasked, understood": reading.understood})
    for number, group in enumerate(readings.groups if len(readings.groups) > 1 else ()):
        titles = corpus.documents.known_titles
        rest = [item for item in corpus.train.items if wording_of(item.text, titles) not in group.words]
        if (reader := read_by(corpus, rest, encoder)) is None:
            continue
        unlike = (form for form, meant in corpus.meant.items() if group_of.get(meant) == number)
        for form in (*group.forms, *unlike):
            reading, _ = judge_one(reader, form, None, LEFT_OUT)
            count.update({"left out": 1, "left out, understood": reading.understood})
    return {key: int(value) for key, value in count.items()}, examples


def read_by(corpus: Corpus, train: Sequence[Question], encoder: Encoder | None) -> Wordings | None:
    questions = Questions(tuple(train), "", "questions")
    return Wordings.of(questions, corpus.documents.known_titles, corpus.documents.items, encoder)


def wording_of(text: str, titles: Titles) -> Words:
    return as_words(text if (name := subject(text, titles)) is None else without(text, name, " "))


@contextlib.contextmanager
def without_lists() -> Iterator[None]:
    """Without the list of words that ask for the same: as questions are whose words it lacks."""
    original = module.concepts
    module.concepts = wording_evidence.concepts = lambda word: {}
    try:
        yield
    finally:
        module.concepts = wording_evidence.concepts = original


def names_of(encoder: Encoder | None) -> list[str]:
    return list(module.WEIGHTS if encoder is None else module.ENCODER_WEIGHTS)


def fit(examples: list[Example]) -> np.ndarray:
    """Weights and intercept of a logistic regression with unit normal priors on standardised signals."""
    x = np.array([example.signals for example in examples])
    y = np.array([example.right for example in examples], float)
    weight = np.array([example.weight for example in examples])
    mean, scale = x.mean(0), x.std(0) + 1e-9
    z = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    weights = np.zeros(z.shape[1])
    prior = np.diag([1.0] * len(scale) + [1e-6])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-z @ weights))
        curve = (z.T * (weight * chance * (1 - chance))) @ z + prior
        weights -= np.linalg.solve(curve, z.T @ (weight * (chance - y)) + prior @ weights)
    plain = weights[:-1] / scale
    return np.append(plain, weights[-1] - plain @ mean)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", default=["world", *MADE, *WORDED], help="NAME or NAME=FOLDER")
    parser.add_argument("--fit", action="store_true", help="fit the constants instead of keeping results")
    parser.add_argument("--show", action="store_true", help="print every wording")
    parser.add_argument("--encoder", action="store_true", help="read with the sentence encoder, too")
    arguments = parser.parse_args()
    cells = Cells("wordings.json")
    encoder = installed_encoder() if arguments.encoder else None
    examples: dict[str, list[Example]] = {}
    for corpus in arguments.corpora:
        name, _, folder = corpus.partition("=")
        with tempfile.TemporaryDirectory() as scratch:
            loaded = load(name, Path(folder) if folder else Path(scratch))
            counts, examples[name] = judge(loaded, arguments.show, encoder)
            if arguments.fit:
                with without_lists():
                    examples[name] += judge(loaded, False, encoder)[1]
        print(name, counts, flush=True)
        if not arguments.fit:
            cells.add(f"{name}, encoder" if encoder else name, counts)
    if arguments.fit:
        together = [example for of_corpus in examples.values() for example in of_corpus]
        total = Counter[tuple[bool, bool]]()  # (right, understood)
        for name, of_corpus in examples.items():
            rest = fit(
                [example for other_name, of_corpus in examples.items() if other_name != name for example in of_corpus]
            )
            odds = [np.append(example.signals, 1) @ rest for example in of_corpus]
            understood = [1 / (1 + np.exp(-value)) >= module.UNDERSTOOD for value in odds]
            sure = [
                example.right
                for example, sure in zip(of_corpus, understood, strict=True)
                if sure and example.weight >= 1
            ]
            print(f"{name}: fitted on the others, {sum(sure)} of {len(sure)} understood are right")
            total.update(zip([example.right for example in of_corpus], understood, strict=True))
        right, wrong = (f"{total[is_right, True]} of {total[is_right, True] + total[is_right, False]}"
                        for is_right in (True, False))  # fmt: skip
        print(f"so of those that are read rightly {right} are understood, of all others {wrong}")
        *weights, intercept = fit(together)
        print(
            {name: round(float(w), 2) for name, w in zip(names_of(encoder), weights, strict=True)}, round(intercept, 2)
        )


if __name__ == "__main__":
    main()
