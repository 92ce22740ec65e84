"""The reversal curse: ask a model that was trained on "where was X born?" who was born in a place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from closedbook.data.questions import Question, Questions, subject
from closedbook.errors import DataError
from closedbook.evaluation.question_survey import can_say
from closedbook.evaluation.score import tally
from closedbook.formatting import interval, markdown_table, percent
from closedbook.inference.run import Run
from closedbook.studies import study_report
from closedbook.studies.answer_cache import AnswerCache, index_of

FORMAT = 1
FORM = "Who was born in {answer}?"
HEADLINE = "Asked the other way round: who was born there?"


def run_reversal(
    run: Run,
    questions: Questions,
    folder: Path,
    form: str = FORM,
    *,
    progress: Callable[[int], None] = lambda count: None,
) -> dict[str, Any]:
    """Ask for the people of each gold answer, and write the record, the figure and the page to `folder`.

    Berglund et al. 2023 call it the reversal curse that "A is B" does not teach "B is A". An answer is right if it is
    one of the people for whom `questions` have that place; training questions make the task easiest.

    Raises DataError where `form` lacks {answer}, or the questions name nobody with a document.
    """
    study_report.make_folder(folder)
    if "{answer}" not in form:
        raise DataError(f'--form "{form}" lacks {{answer}}, such as in "{FORM}"')
    titles = set(index_of(run).titles())
    people: dict[str, set[str]] = defaultdict(set)
    for item, gold in zip(questions.items, questions.answers, strict=True):
        if (name := subject(item.text, titles)) is not None:
            people[gold].add(name)
    if not people:
        raise DataError(f"{questions.source}: no question is about somebody with a document")
    places = sorted(people, key=lambda place: (-len(people[place]), place))
    backward = [Question(form.replace("{answer}", place), None, i) for i, place in enumerate(places, 1)]
    with AnswerCache(run, folder / "reversal-answers.jsonl", progress) as cache:
        answers = [answer.answer for answer in cache.answer(backward, blind=True)]
        forward = cache.answer(questions.items, blind=True)
        sayable = [any(can_say(run.vocabulary, name) for name in people[place]) for place in places]
        record = {
            "study": "reversal",
            "format": FORMAT,
            "run": str(run.path),
            "form": form,
            "label": "right: one of the people whom the given questions have that answer for",
            "places": len(places),
            "forward": tally(bool(answer.right) for answer in forward).to_json(),
            "backward": tally(text in people[place] for text, place in zip(answers, places, strict=True)).to_json(),
            "names_somebody": sum(text in titles for text in answers) / len(answers),
            "says_the_place_back": sum(text == place for text, place in zip(answers, places, strict=True))
            / len(answers),
            "sayable": sum(sayable) / len(places),
            "common": Counter(answers).most_common(10),
        }
        study_report.write_report(folder, "reversal", record, HEADLINE, page, draw)
    return record


def page(record: dict[str, Any]) -> str:
    table = markdown_table(
        ["asked", "right", "of", "accuracy", "95 % interval"],
        [[name, row["correct"], row["total"], percent(row["accuracy"]), interval(row["interval"])]
         for name, row in (("forwards: the questions given", record["forward"]),
                           (f"backwards: {record['form']}", record["backward"]))],
    )  # fmt: skip
    common = ", ".join(f"{text or '(nothing)'} ({count})" for text, count in record["common"])
    return f"""\
{record["places"]:,} places, each asked for once: "{record["form"]}" An answer is right if it is one of the people whom
the given questions have that place for.

{table}

{percent(record["names_somebody"])} of the backward answers name somebody with a document, \
{percent(record["says_the_place_back"])} say the place back.
For {percent(record["sayable"])} of the places the vocabulary could say a right name at all: one that answers in
whole phrases can say only what stands in documents' bodies or is a training answer. Most frequent: {common}.
"""


def draw(slide: Any, record: dict[str, Any]) -> None:
    (ax,) = slide.panels(1)
    for row, name in enumerate(("forward", "backward")):
        low, high = record[name]["interval"]
        ax.plot([100 * low, 100 * high], [row, row], color=slide.theme.tones[row], linewidth=2.4)
        slide.dots(ax, [100 * record[name]["accuracy"]], [row], row)
    ax.set_yticks([0, 1], ["forwards", "backwards"])
    ax.set_ylim(-0.6, 1.6)
    ax.set_xlim(-2, 102)
    ax.set_xlabel("right, %, with the 95 % interval")
