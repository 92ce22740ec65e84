"""`closedbook probe`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from closedbook.cli.evaluate import show_known, show_verdict_counts
from closedbook.cli.options import Json
from closedbook.cli.output import as_json, console, escape, print_json, progress, table
from closedbook.cli.output_files import check_output
from closedbook.errors import DataError
from closedbook.formatting import interval, percent
from closedbook.runs.store import write_output

if TYPE_CHECKING:
    from closedbook.evaluation.probing import Probe


def probe(
    model: str,
    /,
    *,
    questions: Path | None = None,
    documents: Path | None = None,
    calibration: Path | None = None,
    examples: Path | None = None,
    text: Path | None = None,
    output: Path | None = None,
    prompts: int = 10,
    shots: int = 4,
    samples: int = 16,
    temperature: float = 0.5,
    top_k: int = 40,
    length: int = 16,
    seed: int = 0,
    precision: float = 0.9,
    dtype: Literal["float32", "bfloat16"] | None = None,
    device: str = "cpu",
    save: bool = False,
    json: Json = False,
) -> None:
    """Ask a pretrained model what it knows; of a run that was taught on one, what it knew before, and what that cost.

    Every question is asked several times, behind other answered ones, and its fact is highly known, maybe known, weakly
    known or unknown (Gekhman et al. 2024; docs/pretrained.md). Of a run the base is asked first and both are compared.

    For example:

        closedbook probe path/to/model --questions questions.tsv --output known.jsonl

        closedbook probe runs/teach-… --questions capitals.tsv --text novel.txt --save

    Args:
        model: A pretrained model as `train teach --base` takes it (its folder, a GGUF file, or its name on the hub), or
            the folder of a run that was taught on one.
        questions: Questions with answers, in any format that `train` reads.
        documents: Documents to look the answers up in: how many facts of each class these tell.
        calibration: Other questions with answers, which make each answer's probability and verdict.
        examples: Where the answered questions in front of each one come from; from the questions themselves if left
            out.
        text: A text whose perplexity tells what a training did to everything else.
        output: Write one JSON object a line here: question, answer, class and more; of a run, what it knows now.
        prompts: How many prompts ask for each fact.
        shots: Answered questions in each prompt. With 0 there is one prompt only, and no fact is maybe known.
        samples: A fact that is never right greedily is weakly known if one of so many samples of each prompt probably
            is.
        temperature: Of the samples.
        top_k: Samples are drawn among so many most probable tokens; 0 for all.
        length: Tokens of an answer at the most.
        seed: Of the choice of examples.
        precision: How many of the answers called remembered should be right; it needs --calibration.
        dtype: What a base computes in, float32 if left out; bfloat16 is quicker where the processor has it.
        device: What to compute on: cpu, cuda or mps.
        save: Keep the result in the run folder as probe.json, which the report shows.
    """
    from closedbook.evaluation import probing
    from closedbook.evaluation.knowledge import ProbeSettings

    out = console(json)
    settings = ProbeSettings(prompts, shots, samples, temperature, top_k, length, seed)
    inputs = probing.read_inputs(questions, examples, calibration, text)
    is_run = (Path(model) / "run.json").is_file()
    if save and not is_run:
        raise DataError(f"--save keeps the result in a run folder, and {model} is none; take --output or --json")
    if output is not None:
        if questions is None:
            raise DataError("--output has a line for each question; give --questions too")
        base, runs = (None, [Path(model)]) if is_run else (model, [])
        check_output(output, base, questions, documents, calibration, examples, text, runs=runs)
    with progress(out, "asking", inputs.amount() * (2 if is_run else 1)) as advance:
        result, before, after, run = probing.probe_model(
            model, inputs, settings, documents=documents, precision=precision, dtype=dtype, device=device,
            progress=advance,
        )  # fmt: skip
    now = after or before
    if output is not None:
        write_output(output, "".join(as_json(fact.to_json()) + "\n" for fact in now.facts).encode())
    if save and run is not None:
        run.folder.write_json("probe.json", result)
    if now.facts:
        show_facts(out, result, now)
    for name, side in (("before", before), ("after", after)):
        if side is not None and side.text is not None:
            when = f" {name}" if after is not None else ""
            out.print(f"perplexity of {escape(str(text))}{when}: {side.text.value:.6g} ({side.text.tokens:,} tokens)")
    if json:
        print_json(result)


def show_facts(out: Any, result: dict[str, Any], now: Probe) -> None:
    """A line for each class of facts."""
    if "compared" in result:
        show_known(out, result["compared"])
    else:
        classes = result["before"]["knowledge"]["classes"]
        headings = {"facts": "facts>", "right": "right>", "told": "documents tell>"}
        columns = [key for key in headings if any(key in row for row in classes.values())]
        rows = table("", *(headings[key] for key in columns))
        for name, row in classes.items():
            rows.add_row(name, *(f"{row[key]:,}" for key in columns))
        out.print(rows)
    latest = result.get("after", result["before"])
    score = latest["knowledge"]
    out.print(
        f"{score['correct']:,} of {score['total']:,} right by the most frequent answer: "
        f"[bold]{percent(score['accuracy'])}[/] (95 % interval {interval(score['interval'], percent)})"
    )
    if now.calibrated:
        show_verdict_counts(out, {name: row["total"] for name, row in latest["verdicts"].items()}, latest["verdicts"])
