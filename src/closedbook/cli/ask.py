"""`closedbook ask`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from closedbook.cli.options import Json, RunsMixer
from closedbook.cli.output import console, escape, print_json
from closedbook.formatting import percent, plural

if TYPE_CHECKING:
    from closedbook.inference.answer import Answer
    from closedbook.verdicts.evidence_store import Evidence
    from closedbook.verdicts.quotes import Quote

SUGGESTED = 4  # other questions about a bare name


def ask(
    run: Path,
    question: str,
    /,
    *,
    precision: float = 0.9,
    blind: bool = False,
    signals: Literal["pass", "all"] = "pass",
    documents: Path | None = None,
    mixer: RunsMixer = None,
    json: Json = False,
) -> None:
    """Ask a trained run one question: its answer, whether it is remembered or made up, and the evidence.

    The verdict is one of

    - *remembered*: the answer stands in a document about this name, and the model is sure enough
    - *unsure*: it stands there, but the model is not sure enough
    - *made up*: the documents about this name do not say it
    - *never met*: no document is about this name

    For example:

        closedbook ask runs/fast-… "Where was Khatchig Mouradian born?"

        closedbook ask runs/fast-… "Where was Khatchig Mouradian born?" --blind --precision 0.95

        closedbook ask runs/fast-… "Khatchig Mouradian"

    Args:
        run: A run folder, as `closedbook train` or `closedbook demo` leaves it.
        question: The question, as it was trained or in other words, with a title of the documents in it. Of a title
            alone it asks what most training questions do, and names the other kinds of question.
        precision: How many of the answers it gives should be right; below that it says that it does not know.
        blind: Judge from the model alone, without looking anything up in the documents.
        signals: What the model is judged by: one greedy pass, or other forms, sampling, dropout and checkpoints too.
        documents: Where the file of documents is now, if it was moved since training.
    """
    import closedbook

    loaded = closedbook.load(run, mixer, documents=documents)
    answer = loaded.ask(question, blind=blind, precision=precision, signals=signals)
    out = console(json)
    name = loaded.bare_name(question)
    if name is not None:
        out.print(f"[dim]{escape(answer.question)}[/]")
    show_answer(out, answer)
    if name is not None and (others := loaded.questions_about(name)[1:]):
        out.print("or ask:")
        for other in others[:SUGGESTED]:
            out.print(escape("  " + shlex.join(["closedbook", "ask", str(run), other])), soft_wrap=True)
    if json:
        print_json(answer.to_json())


def show_answer(out: Any, answer: Answer) -> None:
    """An answer with its verdict and the evidence, for people."""
    text = escape(answer.answer) or "(nothing)"
    out.print(f"I don't know; my best guess would be [bold]{text}[/]" if answer.abstained else f"[bold]{text}[/]")
    chance = f"{percent(answer.probability)} chance of being right" if answer.calibrated else "not calibrated"
    if answer.uncalibrated:
        chance += f": {answer.uncalibrated}"
    itself = f"the network itself says {percent(answer.model_probability)}"
    out.print(f"[bold]{answer.verdict}[/]: {escape(answer.why)} ({escape(chance)}; {itself})")
    if answer.read_as is not None:
        out.print(f"  read as “{escape(answer.read_as.replace('{}', '…'))}”")
    if answer.met is not None and answer.evidence is None:
        out.print(f"chance that it was trained on a document about this name: {percent(answer.met)}")
    if answer.evidence is not None:
        show_evidence(out, answer.evidence)


def show_evidence(out: Any, evidence: Evidence) -> None:
    if evidence.spelled is not None:
        out.print(f"  {escape(evidence.spelled)} is taken for {escape(str(evidence.name))}, the only title it can be")
    verb = "stands there" if evidence.status == "stands in" else "says instead"
    for quote in evidence.documents[:3]:
        out.print(f"  {verb if quote.start is not None else 'says first'}: {marked_sentence(quote)}")
    if len(evidence.documents) > 1:
        out.print(f"  {len(evidence.documents)} documents bear this title")
    if evidence.exposures:
        times, wordings = plural(evidence.exposures, "time"), plural(evidence.wordings, "wording")
        out.print(f"  training asked for this answer {times} beside this name; the documents state it in {wordings}")
    for quote in evidence.mentions[: 1 if evidence.documents else 3]:
        out.print(f"  mentioned in the document about {escape(quote.title)}: {marked_sentence(quote)}")
    if evidence.near:
        out.print(f"  names spelled nearly so: {escape(', '.join(evidence.near))}")


def marked_sentence(quote: Quote) -> str:
    """The sentence with the words in question underlined, shortened around them where it is long."""
    text, start, stop = quote.sentence, quote.start or 0, quote.stop or 0
    first, last = max(0, start - 120), stop + 160
    before, after = "…" if first else "", "…" if last < len(text) else ""
    marked = f"{escape(text[first:start])}[underline]{escape(text[start:stop])}[/]{escape(text[stop:last])}"
    return f"{before}{marked}{after} [dim](line {quote.line:,})[/]"
