"""`closedbook evaluate`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from closedbook.cli.options import Json, RunsMixer
from closedbook.cli.output import as_json, console, escape, note_if_trained_on, print_json, printable, progress, table
from closedbook.cli.output_files import check_output
from closedbook.data.questions import read_questions
from closedbook.formatting import interval, percent
from closedbook.runs.store import write_output


def evaluate(
    run: Path,
    /,
    *,
    questions: Path,
    predictions: Path | None = None,
    answers: Path | None = None,
    blind: bool = False,
    precision: float = 0.9,
    signals: Literal["pass", "all"] = "pass",
    documents: Path | None = None,
    known: Path | None = None,
    save: bool = False,
    mixer: RunsMixer = None,
    device: str = "cpu",
    json: Json = False,
) -> None:
    """Answer a file of questions from memory, judge each answer, and score them where the file has answers.

    For example:

        closedbook evaluate runs/fast-… --questions birth_dev.tsv --answers answers.jsonl

        closedbook evaluate runs/fast-… --questions birth_dev.tsv --blind --precision 0.95 --signals all

    Args:
        run: A run folder, as `closedbook train` or `closedbook demo` leaves it.
        questions: One question a line, with or without tab ANSWER.
        predictions: Write the answers here, one a line (a line break within an answer becomes a space).
        answers: Write one JSON object a line here: question, answer, gold, right, probability, verdict, evidence and
            more.
        blind: Judge from the model alone, without looking anything up in the documents.
        precision: How many of the answers called remembered should be right.
        signals: What the model is judged by: one greedy pass, or other forms, sampling, dropout and checkpoints too.
        documents: Where the file of documents is now, if it was moved since training.
        known: What `closedbook probe --output` wrote of the base: facts that it knew and new ones are scored apart.
        save: Keep the result in the run folder as evaluation.json; without it the folder is not changed.
        device: What to answer on: cpu, cuda or mps.
    """
    from closedbook import pipeline
    from closedbook.evaluation.knowledge import read_known, tell_apart

    out = console(json)
    question_set = read_questions(questions)
    known_before = read_known(known) if known is not None else None
    for output in (predictions, answers):
        if output is not None:
            other = predictions if output is answers else None
            check_output(
                output, questions, documents, known, (mixer or "").rpartition(":")[0] or None, other, runs=[run]
            )
    loaded = pipeline.load(run, mixer, device, documents)
    with progress(out, "answering", len(question_set)) as advance:
        result = pipeline.evaluate(loaded, question_set, advance, blind=blind, precision=precision, signals=signals)
    entries = result["answers"]
    if known_before is not None:
        result["known_before"] = tell_apart(entries, known_before)
    if predictions is not None:
        text = "".join(" ".join(entry["answer"].splitlines()) + "\n" for entry in entries)
        if predictions.is_char_device():  # a terminal, perhaps
            text = printable(text)
        write_output(predictions, text.encode())
    if answers is not None:
        lines = (as_json(entry) + "\n" for entry in entries)
        write_output(answers, "".join(lines).encode())
    if save:
        loaded.folder.write_json("evaluation.json", result)
    note_if_trained_on(out, question_set.sha256, loaded.folder.record())
    if result["accuracy"] is None:
        out.print(
            f"{result['total']:,} questions answered in {result['seconds']:.2f} s; the file has no answers to score"
        )
    else:
        out.print(
            f"{result['correct']:,} of {result['total']:,} right: [bold]{percent(result['accuracy'])}[/] "
            f"(95 % interval {interval(result['interval'], percent)}), answered in {result['seconds']:.2f} s\n"
            f"without regard to case, punctuation and articles {percent(result.get('normalised_match'))}; "
            f"words in common, F1 {percent(result.get('f1'))}"
        )
    if known_before is not None:
        show_known(out, result["known_before"])
    show_verdicts(out, result["confidence"])
    if json:
        print_json(result)
    elif predictions is None and answers is None:
        again = shlex.join(["closedbook", "evaluate", f"{run}", "--questions", f"{questions}"])
        kept = f"see them in a report\n  {shlex.join(['closedbook', 'report', f'{run}'])}"
        keep = f"keep the score, for `closedbook report` and `serve`\n  {again} --save"
        first = "" if result["accuracy"] is None else f"{kept if save else keep}\nor "
        out.print(escape(f"next: {first}see every answer\n  {again} --answers answers.jsonl"))


def show_known(out: Any, rows: Mapping[str, Mapping[str, int]]) -> None:
    """A line for each class of facts that a base knew before it was taught."""
    shown = table("before", "facts>", "right before>", "right now>")
    for name, row in rows.items():
        shown.add_row(name, *(f"{row[key]:,}" for key in ("facts", "right_before", "right_after")))
    out.print(shown)


def show_verdicts(out: Any, confidence: dict[str, Any]) -> None:
    """How many answers got which verdict, how many of these are right, and how well probabilities rank them."""
    show_verdict_counts(out, confidence["verdicts"], confidence.get("right_by_verdict", {}))
    if "given" in confidence and confidence["probability"]["auroc"] is not None:
        answered, quality = confidence["given"], confidence["probability"]
        ends = interval(quality["auroc_interval"])
        out.print(
            f"its probability tells right from wrong: AUROC {quality['auroc']:.3f} (0.5 is chance, 1 perfect; 95 % "
            f"interval {ends})\nit answers {percent(answered['coverage'])} of the questions, and says of the others "
            f"that it does not know; {percent(answered['precision'])} of the answers are right "
            f"(asked for: {percent(answered['asked_precision'])})"
        )
    if not confidence["calibrated"]:
        why = confidence.get("uncalibrated") or "the run has no calibration.json"
        out.print(escape(f"the probabilities are the network's own: {why}"))


def show_verdict_counts(out: Any, counts: Mapping[str, int], scored: Mapping[str, Any]) -> None:
    """A line for each verdict."""
    rows = table("verdict", "answers>", "right>")
    for name, count in counts.items():
        rows.add_row(name, f"{count:,}", percent(scored[name]["accuracy"]) if name in scored else "–")
    out.print(rows)
