"""What a run knows beyond one template, on the course's data: results/beyond.json.

    python benchmarks/beyond.py --data ../shared/data/cs224n                 # training, people kept out of training
    python benchmarks/beyond.py --data ../shared/data/cs224n --final         # once, at the end: dev and test people

For each seed two runs: `plain`, trained on the birthplace questions alone, and `relations`, trained on 100 questions
for each of two more relations as well, made here from the documents by the rules of relations.py (docs/relations.md).

wordings    birthplaces in five wordings that were never trained on
names       birthplaces of people named without the middle initial, in lower case, by the surname only
relations   year of birth and nationality of people who are not among the 100
labels      birthplaces against what a rule finds in the document: for the test people, who have no published answer,
            and for the dev people for whom the rule finds one, beside their gold answers

Cells are kept as they end, and unfinished runs too, so that the same command goes on. Nothing is chosen by dev.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from record import Cells
from relations import RELATIONS, Birthplace, Relation

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.config.schema import Recipe, encode
from closedbook.data.documents import Document, Documents, read_documents
from closedbook.data.questions import Question, Questions, most_common_answer, read_questions, split_by_name, subject
from closedbook.evaluation.score import exact_match, tally
from closedbook.inference.run import Run
from closedbook.objectives import sizing
from closedbook.runs.folder import RunFolder
from closedbook.runs.store import write_atomically
from closedbook.synthetic.world_words import HELD_OUT, QUESTIONS
from closedbook.validation import convert

TRAINED = "Where was {name} born?"
UNSEEN = QUESTIONS["birthplace"][-HELD_OUT:]


@dataclass(frozen=True)
class Person:
    """Somebody with one document and a birthplace question; `gold` is None where the file gives no answer."""

    name: str
    gold: str | None
    document: Document


class Course:
    """The course's files, its people, and who of the training people is trained on or kept out."""

    def __init__(self, data: Path, recipe: Recipe) -> None:
        self.documents: Documents = read_documents(data / "wiki.txt")
        self.questions = read_questions(data / "birth_places_train.tsv", need_answers=True)
        self.by_title = self.documents.by_title()
        settled, _ = sizing.held_out(recipe, len(self.questions))  # a recipe may leave its shares to the data
        self.split = split_by_name(self.questions, set(self.by_title), settled.data.held_out)
        self.data = data

    def people(self, questions: Questions) -> list[Person]:
        """Those whose question names a title that is one person's; each once."""
        people = {}
        for question in questions.items:
            name = subject(question.text, self.by_title)
            if name is not None and len(self.by_title[name]) == 1:
                people.setdefault(name, Person(name, question.answer, self.by_title[name][0]))
        return list(people.values())

    def part(self, part: str) -> list[Person]:
        return self.people(self.questions.only(self.split[part]))


# Asking ---------------------------------------------------------------------------------------------------------


def ask(run: Run, wording: str, pairs: Iterable[tuple[str, str | None]]) -> dict[str, Any]:
    """The score of one wording about (name, gold answer) pairs."""
    items = tuple(Question(wording.format(name=name), gold, i) for i, (name, gold) in enumerate(pairs, 1))
    scored = pipeline.evaluate(run, Questions(items, "", "beyond"))
    return {key: scored[key] for key in ("correct", "total", "accuracy", "interval")}


def wordings(run: Run, people: Sequence[Person]) -> dict[str, Any]:
    """The trained wording, and each of five that were never trained on."""
    pairs = [(person.name, person.gold) for person in people]
    unseen = {wording: ask(run, wording, pairs) for wording in UNSEEN}
    right, total = (sum(scored[key] for scored in unseen.values()) for key in ("correct", "total"))
    return {
        "trained": ask(run, TRAINED, pairs),
        "unseen": {"correct": right, "total": total, "accuracy": right / total},
        "by_wording": unseen,
        "dropped_words": {wording: run.vocabulary.unknown(wording.format(name="")) for wording in UNSEEN},
    }


def names(run: Run, people: Sequence[Person], titles: Iterable[str]) -> dict[str, Any]:
    """Each way to shorten a name, and the same people under their full names."""
    report = {}
    for way, shorten in ways(titles).items():
        pairs = [(short, person) for person in people if (short := shorten(person.name))]
        report[way] = {
            "shortened": ask(run, TRAINED, [(short, person.gold) for short, person in pairs]),
            "full": ask(run, TRAINED, [(person.name, person.gold) for _, person in pairs]),
        }
    return report


def ways(titles: Iterable[str]) -> dict[str, Callable[[str], str | None]]:
    """Shortened names by way; None where a name has nothing to lose, or what is left is not one person's."""
    titles = set(titles)
    bare = Counter(without_initials(title) for title in titles)
    holders = Counter(word for title in titles for word in set(re.findall(r"\w[\w'’-]*", title)))

    def no_initial(name: str) -> str | None:
        short = without_initials(name)
        return short if short != name and bare[short] == 1 else None

    def surname(name: str) -> str | None:
        words = [word for word in name.split(",")[0].split() if word.strip(".") not in ("Jr", "Sr")]
        alone = len(words) > 1 and re.fullmatch(r"\w[\w'’-]*", words[-1]) and holders[words[-1]] == 1
        return words[-1] if alone else None

    return {"without the middle initial": no_initial, "in lower case": str.lower, "surname only": surname}


def without_initials(name: str) -> str:
    """The name without the initials between its first word and its last."""
    first, *middle, last = name.split() if " " in name else ["", name]
    return " ".join([first, *(word for word in middle if not re.fullmatch(r"(?:\w\.)+", word)), last]).strip()


# Relations ------------------------------------------------------------------------------------------------------


def labelled(people: Iterable[Person], relation: Relation) -> list[tuple[str, str]]:
    """(name, answer) of those for whom the rule finds one, in an order that their names' hash gives."""
    pairs = [(person.name, answer) for person in people if (answer := relation.label(person.document))]
    return sorted(pairs, key=lambda pair: hashlib.sha256(f"{relation.name}\0{pair[0]}".encode()).digest())


def training_file(course: Course, path: Path, number: int) -> None:
    """The birthplace questions, then `number` questions of each relation about people who are trained on."""
    lines = [f"{question.text}\t{question.answer}" for question in course.questions.items]
    for relation in RELATIONS:
        chosen = labelled(course.part("train"), relation)[:number]
        lines += [f"{relation.question.format(name=name)}\t{answer}" for name, answer in chosen]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode())


def relations(run: Run, course: Course, people: Sequence[Person], number: int) -> dict[str, Any]:
    """Each relation about those of `people` who are not among its trained ones, beside the most common answer."""
    report = {}
    for relation in RELATIONS:
        trained = labelled(course.part("train"), relation)[:number]
        taught = {name for name, _ in trained}
        pairs = [(name, answer) for name, answer in labelled(people, relation) if name not in taught]
        usual = most_common_answer([answer for _, answer in trained])
        phrases = set(getattr(run.vocabulary, "sayable", ()))
        sayable = sum(answer in phrases or len(run.vocabulary.encode_answer(answer)) > 0 for _, answer in pairs)
        report[relation.name] = {
            "question": relation.question,
            **ask(run, relation.question, pairs),
            "most_common": tally(answer == usual for _, answer in pairs).to_json() | {"answer": usual},
            "sayable": sayable / max(1, len(pairs)),
        }
    return report


# The two runs of a seed -----------------------------------------------------------------------------------------


def trained(recipe: Recipe, documents: Path, questions: Path, folder: Path, threads: int | None) -> Run:
    """The finished run in a folder; it is trained, or gone on with, where it is not finished."""
    if (folder / "run.json").exists() and (there := RunFolder.open(folder)).finished:
        began = there.recipe()  # what it leaves to the machine and the data was settled when the training began
        wanted = replace(
            recipe,
            model=replace(recipe.model, matmul_dtype=began.model.matmul_dtype),
            data=replace(recipe.data, trained_titles=began.data.trained_titles),
        )
        if there.recipe() != convert(Recipe, encode(wanted), ""):
            raise SystemExit(f"{folder} is a run of another recipe; give another --work")
        return pipeline.load(folder)

    def listen(event: object) -> None:
        if isinstance(event, pipeline.Plan) or (isinstance(event, pipeline.Step) and event.step % 200 == 0):
            print(event, flush=True)

    resume = (folder / "run.json").exists()
    return pipeline.train(recipe, documents, questions, run=folder, resume=resume, threads=threads, callbacks=[listen])


def held_out(run: Run, course: Course, kind: str, number: int) -> dict[str, Any]:
    """Scored on training people: those kept out, and for relations all who are not among the 100."""
    people = course.part("choose")
    if kind == "plain":
        return {"wordings": wordings(run, people), "names": names(run, people, course.by_title)}
    pairs = [(person.name, person.gold) for person in people]
    return {
        "birthplace": ask(run, TRAINED, pairs),
        "kept out": relations(run, course, people, number),
        "trained on birthplace only": relations(run, course, course.part("train"), number),
    }


def final(run: Run, course: Course, kind: str, number: int) -> dict[str, Any]:
    """The same about dev people, and birthplaces against the rule's labels for dev and test people."""
    dev = course.people(read_questions(course.data / "birth_dev.tsv", need_answers=True))
    if kind == "relations":
        pairs = [(person.name, person.gold) for person in dev]
        return {"birthplace": ask(run, TRAINED, pairs), "dev": relations(run, course, dev, number)}
    test = course.people(read_questions(course.data / "birth_test_inputs.tsv"))
    rule = Birthplace(course.documents)
    labels = {person.name: rule.label(TRAINED.format(name=person.name)) for person in (*dev, *test)}
    labelled = [person for person in dev if labels[person.name]]
    return {
        "wordings": wordings(run, dev),
        "names": names(run, dev, course.by_title),
        "labels": {
            "test people, the rule's label": ask(
                run, TRAINED, [(p.name, labels[p.name]) for p in test if labels[p.name]]
            ),
            "test people": len(test),
            "dev people, the rule's label": ask(run, TRAINED, [(p.name, labels[p.name]) for p in labelled]),
            "the same dev people, gold": ask(run, TRAINED, [(p.name, p.gold) for p in labelled]),
            "dev people": len(dev),
            "the rule agrees with gold": tally(
                exact_match(str(labels[p.name]), str(p.gold)) for p in labelled
            ).to_json(),
        },
    }


def rules(course: Course) -> dict[str, Any]:
    """How many training people each rule labels, and how often the birthplace rule agrees with the gold answer."""
    people = course.people(course.questions)
    rule = Birthplace(course.documents)
    told = [(rule.label(TRAINED.format(name=person.name)), person.gold) for person in people]
    agree = tally(exact_match(label, str(gold)) for label, gold in told if label)
    report: dict[str, Any] = {"birthplace": {"of": len(people), "agrees_with_gold": agree.to_json()}}
    for relation in RELATIONS:
        answers = [answer for _, answer in labelled(people, relation)]
        common = Counter(answers).most_common(3)
        report[relation.name] = {"of": len(people), "labelled": len(answers), "most_common": common}
    return report


def summary(cells: dict[str, Any]) -> dict[str, Any]:
    """Every accuracy, averaged over the seeds, under the path of names that leads to it."""
    accuracies: dict[str, list[float]] = {}

    def walk(path: str, node: Any) -> None:
        if isinstance(node, dict):
            if node.get("accuracy") is not None:
                accuracies.setdefault(path, []).append(node["accuracy"])
            for key, value in node.items():
                walk(f"{path} / {key}", value)

    for cell, value in cells.items():
        if " / seed " in cell:
            walk(cell.split(" / seed ")[0], value)
    return {path: {"mean": statistics.mean(values), "seeds": len(values)} for path, values in accuracies.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", default="fast")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--number", type=int, default=100, help="training questions of each further relation")
    parser.add_argument("--work", type=Path, default=Path("runs/beyond"), help="where runs are kept")
    parser.add_argument("--results", default="beyond.json", help="file in results/")
    parser.add_argument("--final", action="store_true", help="score dev and test people too, once all is settled")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe, arguments.set)
    course = Course(arguments.data, recipe)
    cells = Cells(arguments.results)
    if "rules" not in cells:
        cells.add("rules", rules(course))
    added = arguments.work / "questions-relations.tsv"
    training_file(course, added, arguments.number)
    files = {"plain": arguments.data / "birth_places_train.tsv", "relations": added}
    for seed in arguments.seeds:
        for kind, questions in files.items():
            wanted = {f"{kind}, kept out / seed {seed}": held_out}
            if arguments.final:
                wanted[f"{kind}, dev and test / seed {seed}"] = final
            missing = [cell for cell in wanted if cell not in cells]
            if not missing:
                continue
            seeded = load_recipe(arguments.recipe, [*arguments.set, f"seed={seed}"])
            run = trained(
                seeded, arguments.data / "wiki.txt", questions, arguments.work / f"{kind}-{seed}", arguments.threads
            )
            for cell in missing:
                cells.add(cell, {"set": arguments.set, **wanted[cell](run, course, kind, arguments.number)})
                cells.save(summary=summary(cells.data["cells"]))
    for path, value in cells.data.get("summary", {}).items():
        print(f"{100 * value['mean']:5.1f} %  {path}")


if __name__ == "__main__":
    main()
