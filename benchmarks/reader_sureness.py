"""Is the span reader as sure as it is right? It learns from few questions, and answers those about other titles.

    python benchmarks/reader_sureness.py --data ../shared/data

For each corpus and number of questions of each form: how many of its best answers are right, how probable it holds them
on average, the calibration error (in eight groups of equal size) and the mean −log p of the right answer; as it is, and
as it would be if its scores were left as they were fitted ("fitted"). Of the course only training questions are used,
1,000 to learn from and 600 to ask. The figures go to results/reader-sureness.json.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from record import Cells
from worded import WORDED

from closedbook.data.documents import Documents, read_documents
from closedbook.data.pattern_learning import learn
from closedbook.data.patterns import Patterns
from closedbook.data.questions import Question, read_questions, subject
from closedbook.data.scan import Lexicon
from closedbook.data.span_reader import Form, SpanReader
from closedbook.errors import DataError

INVENTED = ("dishes", "policies", "theatres", "castles", "perfumes")
COUNTS = (8, 20, 45, 300)
GROUPS = 8


@dataclass(frozen=True)
class Material:
    documents: Documents
    train: list[Question]
    test: list[Question]

    def form(self, question: Question) -> tuple[Form, str]:
        name = subject(question.text, self.documents.known_titles)
        if name is None:
            raise DataError(f"{question.text!r} names no title")
        before, _, behind = question.text.partition(name)
        return (before, behind), name


def material(name: str, data: Path, scratch: Path) -> Material:
    if name == "course":
        questions = [*read_questions(data / "cs224n/birth_places_train.tsv").items]
        random.Random(3).shuffle(questions)
        return Material(read_documents(data / "cs224n/wiki.txt"), questions[:1000], questions[1000:1600])
    folder = WORDED[name]().write(scratch / name) if name in WORDED else data / name
    documents = next(path for path in (folder / "documents.txt", folder / "documents.jsonl") if path.is_file())
    train, test = (read_questions(folder / f"{part}.tsv").items for part in ("train", "test"))
    return Material(read_documents(documents), [*train], [*test])


def measure(given: Material, each: int) -> dict[str, object]:
    by_form = defaultdict(list)
    for question in given.train:
        by_form[given.form(question)[0]].append(question)
    rng = random.Random(0)
    chosen = [question for form in by_form.values() for question in rng.sample(form, min(each, len(form)))]
    result: dict[str, object] = {"questions": len(chosen), "forms": len(by_form)}
    fitted = mock.patch.object(SpanReader, "sharpened", lambda reader, losses: reader)
    with fitted:
        result["fitted"] = score(given, chosen)
    return result | {"as it is": score(given, chosen)}


def score(given: Material, chosen: list[Question]) -> dict[str, float]:
    texts, titles = [document.text for document in given.documents.items], given.documents.titles
    lower, golds = Lexicon.of(texts).lower_case(), [question.answer or "" for question in chosen]
    patterns = learn(texts, titles, [(question.text, question.answer or "") for question in chosen], lower)
    assert patterns.reader is not None
    asked = [(*given.form(question), question.answer or "") for question in given.test]
    rows = np.array(
        [row for form in patterns.reader.forms for row in answered(given, patterns, lower, golds, form, asked)]
    )
    surely, right, of_gold = rows.T
    groups = np.array_split(np.argsort(surely, kind="stable"), GROUPS)
    off = [abs(surely[group].mean() - right[group].mean()) * len(group) for group in groups if len(group)]
    return {
        "asked": len(rows),
        "right": round(float(right.mean()), 4),
        "probability": round(float(surely.mean()), 4),
        "calibration_error": round(float(sum(off)) / len(rows), 4),
        "nats": round(float(-np.log(of_gold.clip(1e-9)).mean()), 4),
    }


def answered(
    given: Material, patterns: Patterns, lower: object, golds: list[str], form: Form, asked: list[tuple[Form, str, str]]
) -> list[tuple[float, bool, float]]:
    """(probability of the best answer, whether it is right, probability of the right one) of questions of a form."""
    wanted = {name: gold for a_form, name, gold in asked if a_form == form}
    pages = [document for name in wanted for document in given.documents.by_title()[name]]
    spans, names = patterns.spans(
        [page.text for page in pages],
        [page.title for page in pages],
        lower,
        golds,  # type: ignore[arg-type]
    )
    assert patterns.reader is not None
    chances = patterns.reader.chances(spans, list(patterns.reader.forms).index(form))
    rows = []
    for number, name in enumerate(names):
        own = range(spans.starts[number], spans.starts[number + 1])
        of_text = {spans.texts[i]: float(chances[i]) for i in own}
        best = max(of_text, key=of_text.__getitem__, default="")
        nothing = 1 - sum(of_text.values())
        rows.append((of_text.get(best, 0.0), best == wanted[name], of_text.get(wanted[name], nothing)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that has cs224n, elements and faq")
    arguments = parser.parse_args()
    cells = Cells("reader-sureness.json")
    for name in ("course", "elements", *INVENTED):
        with tempfile.TemporaryDirectory() as scratch:
            given = material(name, arguments.data, Path(scratch))
        for each in COUNTS:
            if each == COUNTS[-1] and name != "course":
                continue  # the others have about fifty questions of a form
            if (cell := f"{name}, {each} questions of a form") not in cells:
                cells.add(cell, measure(given, each))
                print(cell, cells[cell]["fitted"], cells[cell]["as it is"], flush=True)


if __name__ == "__main__":
    main()
