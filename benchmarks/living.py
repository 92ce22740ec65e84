"""Living memory: some titles are learned after the training, changed, and forgotten again: results/living.json.

    python benchmarks/living.py world elements=../shared/data/elements faq=../shared/data/faq chinese
    python benchmarks/living.py course=../shared/data/cs224n --share 0.5 --joint
    python benchmarks/living.py world-22000 --share 0.909

A corpus is the built-in world (1,200 people, or as many as stand behind the name), one that is made here or stands in
worded/, or a folder with documents, training questions and test questions. A share of its titles, drawn by a hash, is
kept out of the training, documents and questions alike, and learned afterwards from the documents alone. Then all test
questions are asked. `--joint` also trains on all of it at once; `--guarantees` learns and forgets at random. Trained
runs stay in --work for the next time.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from any_corpus_made import MADE
from record import Cells
from worded import WORDED

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.data.documents import Document, Documents, read_documents
from closedbook.data.questions import Question, Titles, read_questions, subject, without
from closedbook.evaluation.baselines import WholeWords
from closedbook.evaluation.metrics import auroc, calibration_error, expected_calibration_error
from closedbook.inference.answer import Answer
from closedbook.inference.run import Run
from closedbook.living.learned_names import FILE
from closedbook.runs.folder import RunFolder
from closedbook.synthetic.spec import WorldSpec
from closedbook.synthetic.world import make_world
from closedbook.synthetic.world_words import QUESTIONS

DOCUMENTS = ("documents.txt", "documents.jsonl", "wiki.txt")
TRAIN = ("train-three.tsv", "train.tsv", "questions-train.tsv", "birth_places_train.tsv")
CHANGED = 1000  # questions, whose documents come to say another answer
TESTS = {
    "trained wording": ("test.tsv", "questions-test.tsv", "birth_dev.tsv"),
    "other": ("other.tsv", "unseen-wordings.tsv"),
}


def prepared(corpus: str, work: Path) -> Path:
    """The folder of a corpus."""
    name, _, folder = corpus.partition("=")
    if folder:
        return Path(folder)
    if name.startswith("world"):
        people = int(name.partition("-")[2] or 1200)
        spec = WorldSpec(people=people, train_share=0.5, relations=("birthplace", "profession", "birth_year"))
        return make_world(spec, seed=23).write(work / "corpora" / name)
    return (MADE | WORDED)[name]().write(work / "corpora" / name)


def first_of(folder: Path, names: Sequence[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def is_later(title: str, share: float) -> bool:
    return int.from_bytes(hashlib.sha256(f"later/{title}".encode()).digest()[:4], "big") < share * 2**32


def trained(run: Path, recipe: str, sets: Sequence[str], documents: Path, questions: Path, threads: int | None) -> Run:
    """A run with these inputs, trained or gone on with, unless it is there."""
    if (run / "run.json").exists() and RunFolder.open(run).finished:
        return pipeline.load(run)
    last = time.monotonic()

    def listen(event: object) -> None:
        nonlocal last
        if isinstance(event, pipeline.Step) and time.monotonic() - last > 20:
            last = time.monotonic()
            print(f"  step {event.step} of {event.steps}, loss {event.loss:.3f}", flush=True)

    resume = (run / "run.json").exists()
    loaded = load_recipe(recipe, list(sets))
    return pipeline.train(loaded, documents, questions, run=run, resume=resume, threads=threads, callbacks=[listen])


def write(place: Path, items: Sequence[Document], questions: Sequence[Question]) -> tuple[Path, Path]:
    place.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"title": item.title, "text": item.text}, ensure_ascii=False) for item in items]
    (place / "documents.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    pairs = "".join(f"{question.text}\t{question.answer}\n" for question in questions)
    (place / "questions.tsv").write_text(pairs, encoding="utf-8")
    return place / "documents.jsonl", place / "questions.tsv"


def scored(answers: Sequence[Answer]) -> dict[str, Any]:
    right = np.array([bool(answer.right) for answer in answers], dtype=bool)
    probability = np.array([answer.probability for answer in answers])
    remembered = [answer for answer in answers if answer.verdict == "remembered"]
    return {
        "right": sum(bool(answer.right) for answer in answers), "of": len(answers),
        "accuracy": round(sum(bool(answer.right) for answer in answers) / max(1, len(answers)), 4),
        "remembered": len(remembered), "remembered_right": sum(bool(answer.right) for answer in remembered),
        "auroc": auroc(right, probability), "calibration_error": round(calibration_error(right, probability), 4),
        "calibration_error_if_perfect": round(expected_calibration_error(probability), 4),
    }  # fmt: skip


def measure(corpus: str, arguments: argparse.Namespace) -> dict[str, Any]:
    folder, work = prepared(corpus, arguments.work), arguments.work / corpus.partition("=")[0]
    share, recipe, sets = arguments.share, arguments.recipe, arguments.set
    source = first_of(folder, DOCUMENTS)
    train_file = first_of(folder, TRAIN)
    assert source is not None
    assert train_file is not None
    documents, train = read_documents(source), read_questions(train_file).items
    titles = Titles(documents.titles)

    def about_later(question: Question) -> bool:
        return is_later(subject(question.text, titles) or question.text, share)

    items = [item for item in documents.items if not is_later(item.title, share)]
    later = [item for item in documents.items if is_later(item.title, share)]
    tests = {name: read_questions(path).items for name, files in TESTS.items() if (path := first_of(folder, files))}
    # More questions about those learned later: nothing of theirs was asked in training.
    never_asked = [question for question in train if about_later(question)]
    inputs = write(work / f"first-{share}", items, [question for question in train if not about_later(question)])
    run = trained(work / f"run-{share}", recipe, sets, *inputs, arguments.threads)
    if run.history():
        run.forget([name for name in run.learned.names])
    before = {name: run.answer([q for q in questions if not about_later(q)]) for name, questions in tests.items()}
    unknown = {
        name: run.answer([q for q in questions if about_later(q)], blind=True) for name, questions in tests.items()
    }
    seconds = learning_seconds(run, later)
    size = sum(name.vectors.nbytes for name in run.learned.names.values())
    result: dict[str, Any] = {
        "share": share, "recipe": recipe, "set": sets, "steps": run.folder.record().get("steps_done"),
        "titles": {"first": len({item.title for item in items}), "later": len({item.title for item in later})},
        "learning": {
            "cpu_seconds_each": round(seconds[-1] / max(1, len(run.learned.names)), 4),
            "cpu_seconds_after_each_tenth": seconds,
            "bytes_each": round(size / max(1, len(run.learned.names))),
        },
    }  # fmt: skip
    for name, questions in tests.items():
        first = run.answer([q for q in questions if not about_later(q)])
        result[name] = {
            "first": scored(first),
            "later": scored(run.answer([q for q in questions if about_later(q)])),
            "later_before_learning": scored(unknown[name]),
            "first_answers_changed": sum(same(a) != same(b) for a, b in zip(before[name], first, strict=True)),
        }
    result["later, training questions that were not trained"] = scored(run.answer(never_asked))
    result["changed documents"] = changed(run, later, [q for q in next(iter(tests.values())) if about_later(q)], titles)
    run.forget([*run.learned.names])
    blind = [
        answer
        for name, questions in tests.items()
        for answer in run.answer([q for q in questions if about_later(q)], blind=True)
    ]
    result["forgotten"] = {"never met": sum(answer.verdict == "never met" for answer in blind), "of": len(blind)}
    if arguments.joint:
        everything = write(work / "all", documents.items, [q for q in train if not about_later(q)])
        joint = trained(work / "joint", recipe, sets, *everything, arguments.threads)
        result["trained jointly"] = {
            name: {
                "first": scored(joint.answer([q for q in questions if not about_later(q)])),
                "later": scored(joint.answer([q for q in questions if about_later(q)])),
            }
            for name, questions in tests.items()
        }
    return result


def learning_seconds(run: Run, items: Sequence[Document]) -> list[float]:
    """Learn documents; the processor's seconds that had passed as each tenth of the names was learned."""
    count, seconds, began = len({item.title for item in items}), [], time.process_time()

    def note(done: int) -> None:
        if done * 10 // count > (done - 1) * 10 // count:
            seconds.append(round(time.process_time() - began, 2))

    run.learn(Documents(tuple(items), "", "later"), progress=note)
    return [*seconds[:-1], round(time.process_time() - began, 2)]


def changed(run: Run, later: Sequence[Document], questions: Sequence[Question], titles: Titles) -> dict[str, Any]:
    """Documents that say another answer now, learned anew: whether the new one is given and the old one is gone."""
    wording = {q.text: without(q.text, subject(q.text, titles) or "", "_") for q in questions}
    texts: dict[str, list[str]] = {}
    for item in later:
        texts.setdefault(item.title, []).append(item.text)
    rng, new, before = random.Random(0), dict[str, Question](), dict[str, str]()
    questions = questions[:CHANGED]
    for question, answer in zip(questions, run.answer(list(questions)), strict=True):
        title, old = subject(question.text, titles) or "", question.answer or ""
        wrong = sorted({q.answer for q in questions if q.answer and wording[q.text] == wording[question.text]} - {old})
        wrong = [other for other in wrong if not any(WholeWords(other).search(text) for text in texts.get(title, []))]
        if answer.right and title in texts and title not in new and wrong:
            replacement = rng.choice(wrong)
            texts[title] = [replaced(text, old, replacement) for text in texts[title]]
            new[title], before[title] = replace(question, answer=replacement, others=()), old
    items = tuple(Document(text, title, 1) for title in new for text in texts[title])
    plan = run.learn(Documents(items, "", "changed"))
    answers = dict(zip(new, run.answer(list(new.values())), strict=True))
    return {
        "documents": len(plan.changed),
        "new_answer": sum(bool(answer.right) for answer in answers.values()),
        "old_answer_remembered": sum(
            answer.answer == before[title] and answer.verdict == "remembered" for title, answer in answers.items()
        ),
    }


def replaced(text: str, old: str, new: str) -> str:
    """A text with a phrase of it replaced wherever it stands as whole words."""
    kept, start, words = "", 0, WholeWords(old)
    while match := words.search(text, start):
        kept, start = f"{kept}{text[start : match.start()]}{new}", match.end()
    return kept + text[start:]


def guarantees(corpus: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Random learning and forgetting: what it does to answers about others, and whether its order can be told."""
    share, work = arguments.share, arguments.work / corpus.partition("=")[0]
    documents = read_documents(first_of(prepared(corpus, arguments.work), DOCUMENTS) or "")
    run = pipeline.load(work / f"run-{share}")
    run.forget([*run.learned.names])
    later: dict[str, list[Document]] = {}
    for item in documents.items:
        if is_later(item.title, share):
            later.setdefault(item.title, []).append(item)
    first = [name for name in run.first_vocabulary.names.names if name]
    forms = [form for forms in QUESTIONS.values() for form in forms]
    texts = [form.format(name=name) for name, form in itertools.product(first, forms)][: arguments.questions]
    questions = [Question(text, None, 1) for text in texts]
    before = [same(answer) for answer in run.answer(questions)]
    rng, there, began = random.Random(0), set[str](), time.process_time()

    def learn(titles: Iterable[str]) -> None:
        run.learn(Documents(tuple(item for title in titles for item in later[title]), "", "later"))

    for _ in range(arguments.operations):
        some = rng.sample(sorted(later), rng.randint(1, 3))
        if rng.random() < 0.5 and (gone := there.intersection(some)):
            run.forget(sorted(gone))
            there -= gone
        else:
            learn(some)
            there.update(some)
    seconds = time.process_time() - began
    after = [same(answer) for answer in run.answer(questions)]
    ended = (run.path / FILE).read_bytes()
    run.forget(sorted(there))
    learn(sorted(there, reverse=True))
    return {
        "operations": arguments.operations, "names": len(later), "known_in_the_end": len(there),
        "same_bytes_as_learning_what_remains": (run.path / FILE).read_bytes() == ended,
        "questions_about_others": len(questions),
        "answers_changed": sum(a != b for a, b in zip(before, after, strict=True)),
        "cpu_seconds_an_operation": round(seconds / arguments.operations, 3),
    }  # fmt: skip


def same(answer: Answer) -> tuple[Any, ...]:
    """All that must stay as it is."""
    return answer, tuple(answer.signals.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", help=f"world, {', '.join([*MADE, *WORDED])}, or NAME=FOLDER")
    parser.add_argument("--share", type=float, default=0.2, help="of the titles, learned later")
    parser.add_argument("--recipe", default="fast")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--guarantees", action="store_true", help="of a world that was measured before")
    parser.add_argument("--operations", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--joint", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/living"))
    arguments = parser.parse_args()
    cells = Cells("living.json")
    for corpus in arguments.corpora:
        result = (guarantees if arguments.guarantees else measure)(corpus, arguments)
        print(json.dumps(result, indent=1, ensure_ascii=False), flush=True)
        name = [corpus.partition("=")[0], f"{arguments.share:g}", *arguments.set]
        cells.add(" ".join([*name, *["guarantees"] * arguments.guarantees]), result)


if __name__ == "__main__":
    main()
