"""`closedbook baseline`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from closedbook.cli.output import console, escape, print_json, table
from closedbook.config.loading import load_recipe
from closedbook.data.questions import read_questions
from closedbook.formatting import interval, percent
from closedbook.runs.folder import RunFolder


def baseline(
    *,
    questions: Path,
    documents: Path | None = None,
    train: Path | None = None,
    answer: str | None = None,
    learn_from: int = 10_000,
    run: Path | None = None,
    seed: int = 0,
    json: bool = False,
) -> None:
    """Score what a model has to beat: guesses that know nothing, and readers that have the documents open.

    What runs depends on what you give. --answer: that answer, always. --train: the most common training answer.
    --documents: a random name from the document that the question names, a rule that reads it, and the ceiling (is
    the answer there at all?). --documents with --train: a reader that learns from the training questions too, in about
    ten seconds.

    Example: closedbook baseline --questions birth_dev.tsv --answer London

    Args:
        questions: Questions in any format (docs/own-corpus.md); without answers nothing can be scored.
        documents: One document a line, its title first. A question is read in every document with the title it names.
        train: Answered questions to learn from.
        answer: Give this answer to every question.
        learn_from: The most training questions that the learned reader learns from, evenly spread over the file; more
            take more memory.
        run: Count for the ceiling what this run can say; what the recipe fast could, trained on these files, if left
            out.
        seed: For the random name.
        json: Print one JSON object on standard output: name, correct, total, accuracy, interval (95 %) and seconds of
            the first baseline in the order above, then all of them under "baselines".
    """
    from closedbook.data.documents import read_documents
    from closedbook.data.vocabulary_builder import make_vocabulary, vocabulary_from_json
    from closedbook.evaluation.baselines import run_baselines
    from closedbook.evaluation.question_survey import can_say

    out = console(json)
    test = read_questions(questions)
    training = read_questions(train, need_answers=True) if train is not None else None
    read = read_documents(documents) if documents is not None else None
    vocabulary = None
    if run is not None:
        vocabulary = vocabulary_from_json(RunFolder.open(run).read_json("vocabulary.json"))
    elif read is not None and training is not None:
        spec = load_recipe("fast").vocabulary
        lines = [item.text for item in read.items]
        vocabulary = make_vocabulary(spec.kind, lines, spec.size, training.texts, training.answers, read.titles)
    with out.status("") as status:
        results = run_baselines(
            test, documents=read, train=training, answer=answer, seed=seed, most=learn_from,
            sayable=partial(can_say, vocabulary) if vocabulary is not None else None,
            progress=lambda name: status.update(name),
        )  # fmt: skip
    rows = table("baseline", "right>", "accuracy>", "95 % interval", "normalised>", "F1>", "")
    for result in results:
        scored = result.score
        right = f"{'–' if scored.correct is None else f'{scored.correct:,}'} of {scored.total:,}"
        compared = (percent(scored.normalised_match), percent(scored.f1))
        accuracy = (percent(scored.accuracy), interval(scored.interval, percent))
        rows.add_row(result.name, right, *accuracy, *compared, escape(result.summary))
    out.print(rows)
    if not test.answered:
        out.print(escape(f"{questions} has no answers, so nothing is scored; add them as QUESTION tab ANSWER"))
    if documents is None or train is None:
        missing = " ".join(
            option for option, path in (("--documents FILE", documents), ("--train FILE", train)) if path is None
        )
        out.print(f"next: add {missing} for the readers, the bar for a model that answers from memory")
    else:
        out.print(escape(f"next: score a model beside them\n  closedbook evaluate RUN --questions {questions}"))
    if json:
        records = [result.to_json() for result in results]
        print_json({**records[0], "baselines": records})
