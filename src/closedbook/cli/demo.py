"""`closedbook demo`."""

from __future__ import annotations

import shlex
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.padding import Padding

from closedbook.cli.options import Json
from closedbook.cli.output import console, escape, on_interrupt, print_json, table, typed
from closedbook.cli.train import after_interrupt
from closedbook.cli.training_display import TrainingDisplay
from closedbook.config.loading import load_recipe
from closedbook.data.questions import Question, read_questions
from closedbook.errors import RunError
from closedbook.formatting import duration, interval, percent
from closedbook.runs.folder import check_free, default_folder, is_free

if TYPE_CHECKING:
    from closedbook.synthetic.world import World


def demo(*, run: Path | None = None, seed: int = 0, json: Json = False) -> None:
    """See it all in minutes: invent a world, learn it, answer from memory.

    Writes biographies of people who do not exist, trains a small Transformer on them and on the questions about half
    of the people, and asks it about the other half, whom it has only read about. Beside it: what guessing, and what
    reading the page, would have got. Nothing is downloaded.

    Example: closedbook demo --seed 1

    Args:
        run: Where to keep the run, and beside it the world in RUN-world; runs/demo-DATE if left out.
        seed: Another seed is another world, and another training.
    """
    from closedbook import pipeline
    from closedbook.data.documents import read_documents
    from closedbook.evaluation.baselines import run_baselines
    from closedbook.synthetic.world import WorldSpec, make_world

    out = console(json, width=80)
    began = time.perf_counter()
    recipe = load_recipe("demo", [f"seed={seed}"])
    path = (run if run.name else run.resolve()) if run else default_folder("demo")  # the world is beside it
    check_free(path, "choose another folder with --run")
    beside = path.with_name(f"{path.name}-world")
    if not is_free(beside) and beside.exists() and not (beside / "truth.json").is_file():
        raise RunError(f"{beside}, where the world is to be written, holds something else; choose another --run")

    out.print("[bold]1. A world of our own[/]")
    world = make_world(WorldSpec.demo(), seed)
    files = world.write(beside)
    train, test = read_questions(files / "questions-train.tsv"), read_questions(files / "questions-test.tsv")
    trained_on = sum(person.trained for person in world.people)
    tested = len(world.people) - trained_on
    out.print(f"{len(world.people):,} invented people in {len(world.documents):,} biographies, such as")
    out.print(Padding(escape(world.documents[0]), (0, 2)))
    out.print(
        f"It reads them all. Questions about {trained_on} of the people may be trained on; "
        f"the other {tested} are asked about at the end.\n"
    )

    out.print("[bold]2. Learning[/]")
    with on_interrupt(out, lambda: after_interrupt(str(path))), TrainingDisplay(out) as display:
        trained = pipeline.train(
            recipe, files / "documents.txt", files / "questions-train.tsv", dev=files / "questions-test.tsv",
            run=path, callbacks=[display], command=typed(),
        )  # fmt: skip

    out.print("\n[bold]3. Answering from memory[/] about people whose questions were never trained on")
    evaluation = trained.folder.read_json("evaluation.json")
    relations = by_relation(evaluation["answers"], tested, world.spec.relations)
    unseen = read_questions(files / "unseen-wordings.tsv")
    answered = pipeline.evaluate(trained, unseen)["answers"]
    reworded = by_relation(answered, tested, world.spec.relations)
    main = world.spec.relations[0]  # the questions stand relation by relation
    baselines = run_baselines(
        test.only(range(tested)),
        documents=read_documents(files / "documents.txt"),
        train=train.only(range(len(train) // len(relations))),
    )
    rows = table("", "right>", "of>", "accuracy>", "95 % interval")
    for relation, scored in relations.items():
        add_row(rows, f"[bold]{relation.replace('_', ' ')}, from memory[/]", scored)
        add_row(rows, "  in wordings never trained on", reworded[relation])
    for result in baselines:
        add_row(rows, f"{main}: {escape(result.summary)}", result.score.to_json())
    out.print(rows)

    out.print("\n[bold]4. A few people it was never asked about, and a few who do not exist[/]")
    strangers = [Question(question.text, None, 1) for question in world.questions(split="strangers")[:3]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # strangers' names are words that no document holds
        answers = [answer.to_json() for answer in trained.answer([*test.items[:3], *strangers])]
    rows = table("question", "answer", "truth", "own chance>", "verdict")
    for answer in answers:
        truth = answer["gold"] or "(nobody)"
        own = percent(answer["model_probability"])
        rows.add_row(escape(answer["question"]), escape(answer["answer"]), truth, own, answer["verdict"])
    out.print(rows)
    seconds = time.perf_counter() - began
    ablation = ["--documents", f"{files}/documents.txt", "--questions", f"{files}/questions-train.tsv"]
    suggestions = {
        "Ask it yourself:": ["ask", str(path), test.items[0].text],
        "Ask in wordings it never trained on:": ["evaluate", str(path), "--questions", f"{files}/unseen-wordings.tsv"],
        "Look inside, in a browser:": ["serve", str(path)],
        "See why reading helps (trains two models, each without half of the pages):":
            ["study", "ablation", *ablation, "--recipe", "demo", "--steps", "0", "--models", "2"],
    }  # fmt: skip
    out.print(
        "\nIt answers about strangers with the same ease: the answer alone does not tell memory from invention. The "
        "verdict looks into the documents; `closedbook ask --blind` judges from the model alone.\n\n"
        f"Done in {duration(seconds)}. Next:"
    )
    for why, words in suggestions.items():
        out.print(why)
        out.print(escape("  " + shlex.join(["closedbook", *words])), soft_wrap=True)  # unbroken, to be copied
    if json:
        summary = {key: evaluation[key] for key in ("correct", "total", "accuracy", "interval")}
        print_json(
            {
                "run": str(path),
                "world": str(files),
                "people": len(world.people),
                "asked_people": tested,
                **summary,
                "relations": relations,
                "unseen_wordings": reworded,
                "unseen_by_wording": by_wording(answered, world),
                "baselines": [result.to_json() for result in baselines],
                "answers": answers,
                "train_seconds": trained.folder.record()["train_seconds"],
                "seconds": round(seconds, 1),
            }
        )


def by_relation(answers: Sequence[dict[str, Any]], people: int, relations: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The score of each relation; the question file takes them one after another, each about all people."""
    from closedbook.evaluation.score import tally

    groups = {name: answers[i * people : (i + 1) * people] for i, name in enumerate(relations)}
    return {name: tally(answer["right"] for answer in group).to_json() for name, group in groups.items()}


def by_wording(answers: Sequence[dict[str, Any]], world: World) -> dict[str, dict[str, Any]]:
    """The score of each wording never trained on, NAME standing for the name; the file has them by turns."""
    from closedbook.evaluation.score import tally

    groups: dict[str, list[bool]] = {}
    questions = [q for relation in world.spec.relations for q in world.questions(relation, wording="unseen")]
    for question, answer in zip(questions, answers, strict=True):
        groups.setdefault(question.text.replace(question.name, "NAME"), []).append(answer["right"])
    return {wording: tally(right).to_json() for wording, right in groups.items()}


def add_row(rows: Any, name: str, scored: dict[str, Any]) -> None:
    share, ends = percent(scored["accuracy"]), interval(scored["interval"], percent)
    rows.add_row(name, f"{scored['correct']:,}", f"{scored['total']:,}", share, ends)
