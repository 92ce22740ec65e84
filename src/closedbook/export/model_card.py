"""A model card: a run's data, recipe, measurements and limits, and the command that reproduces it.

Every figure is read from the run folder; one that is missing there is reported as not measured.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from closedbook.config.schema import Recipe
from closedbook.errors import RunError
from closedbook.formatting import interval, percent, plural
from closedbook.runs.folder import RunFolder
from closedbook.runs.provenance import mixer_option, plainly, resume_command

HUGGINGFACE = """## Use

```python
from transformers import pipeline

answer = pipeline("text-generation", "FOLDER"{trust})  # this folder; needs no network
answer("QUESTION{closing}", return_full_text=False)[0]["generated_text"].strip()
```

The question is followed by {what}, and another closes the answer. Nothing is retrieved: the answer is from memory."""
TRUST = ", trust_remote_code=True"  # for our own class, whose code is in the folder


def card(folder: RunFolder, use: str = "") -> str:
    """The card of a finished run in Markdown, with the front matter that model hubs read.

    `use` is a section about using the files beside the card. Raises RunError for an unfinished or damaged run.
    """
    if not folder.finished:
        raise RunError(f"{folder.path} is not finished; go on with: {resume_command(folder)}")
    record, recipe = folder.record(), folder.recipe()
    evaluation = folder.read_json_if_there("evaluation.json")
    sections = [
        "---\ntags:\n- closedbook\n- closed-book-question-answering\npipeline_tag: text-generation\n---",
        f"# {recipe.name}",
        f"{recipe.summary} It answers from memory. Trained by closedbook {record.get('version', '')}".rstrip() + ".",
        use,
        "## Data\n\n" + "\n".join(_data(recipe, record)),
        "## Recipe\n\n" + "\n".join(_recipe(recipe, record)),
        "## Measured\n\n" + "\n".join(_measured(evaluation, record)),
        "## Verdicts\n\n" + "\n".join(_verdicts(evaluation, (folder.path / "calibration.json").is_file())),
        "## Limits\n\n" + "\n".join(_limits(recipe, evaluation)),
        "## Again\n\n" + "\n".join(_again(folder)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _data(recipe: Recipe, record: Mapping[str, Any]) -> Iterator[str]:
    documents, questions = record.get("documents"), record.get("questions")
    if documents:
        yield f"- documents: {documents['count']:,}, {_file(documents)}"
    if questions:
        split = {part: len(rows) for part, rows in (record.get("split") or {}).items()}
        parts = ", ".join(f"{count:,} {_PARTS.get(part, part)}" for part, count in split.items() if count)
        yield f"- training questions: {_file(questions)}{f' ({parts})' if parts else ''}"
    else:
        yield "- no training questions"
    if record.get("start"):
        yield f"- began from: {_file(record['start'])}"
    elif recipe.pretrained is None:
        yield "- began from random weights"
    imported = record.get("imported")
    if imported:
        yield "- imported from an export" + (", whose weights were changed elsewhere" if imported["changed"] else "")


_PARTS = {"train": "trained on", "choose": "kept out to choose recipes by", "stop": "kept out to stop by"}
_PARTS |= {"calibrate": "kept out to calibrate by"}


def _name(source: Mapping[str, Any]) -> str:
    """A file's name as it may stand in Markdown's code: without what would end that."""
    return re.sub(r"[`\x00-\x1f\x7f\u2028\u2029]", "", Path(str(source["path"])).name)


def _file(source: Mapping[str, Any]) -> str:
    return f"`{_name(source)}` (SHA-256 `{str(source['sha256'])[:16]}…`)"


def _recipe(recipe: Recipe, record: Mapping[str, Any]) -> Iterator[str]:
    model, parameters = recipe.model, record.get("parameters")
    if parameters:
        yield (
            f"- parameters: {parameters['total']:,}: {parameters['dense']:,} dense, {parameters['memory']:,} in the "
            "memory of names"
        )
    yield f"- network: {recipe.network}; at most {model.context_length} tokens"
    for stage in recipe.stages:
        what = ", ".join(share.objective.name for share in stage.objectives)
        done = record.get("steps_done", {}).get(stage.name)
        count = f"{done:,} steps" if done else f"{stage.epochs} epochs" if stage.epochs else f"{stage.steps:,} steps"
        yield f"- {stage.name}: {count} of {stage.batch} examples ({what}), optimiser {stage.optimiser.name}"
    yield f"- seed {recipe.seed}"


def _measured(evaluation: Mapping[str, Any] | None, record: Mapping[str, Any]) -> Iterator[str]:
    if evaluation is None:
        yield (
            "- accuracy: **not measured**; measure it with `closedbook evaluate RUN --questions FILE --save` and write "
            "the card anew"
        )
    else:
        on = _file({"path": evaluation["questions"], "sha256": evaluation["questions_sha256"]})
        if evaluation["correct"] is None or evaluation["accuracy"] is None or evaluation["interval"] is None:
            yield f"- accuracy: **not measured**; {evaluation['total']:,} questions of {on} have no known answers"
        else:
            yield (
                f"- accuracy: **{percent(evaluation['accuracy'])}**, exact match, {evaluation['correct']:,} of "
                f"{evaluation['total']:,} questions of {on}; 95 % Wilson interval "
                f"{interval(evaluation['interval'], percent)}, for other questions of the same kind. "
                "One run: what another seed would give is not in it"
            )
        trained = record.get("questions") or {}
        if evaluation["questions_sha256"] == trained.get("sha256"):
            yield "- **these are the training questions**: the figure shows what was learned by heart"
    seconds, machine = record.get("train_seconds"), record.get("machine")
    if seconds is None:
        yield "- training time: not measured"
    else:
        on_what = f" on {machine['processor']}, {machine['system']}" if machine else ""
        threads = f", {plural(record['threads'], 'thread')}" if "threads" in record else ""
        yield f"- training time: {seconds / 60:.1f} minutes in all{on_what}{threads}"
    versions = record.get("versions") or {}
    if versions:
        yield "- with " + ", ".join(f"{name} {version}" for name, version in versions.items())


def _verdicts(evaluation: Mapping[str, Any] | None, calibrated: bool) -> Iterator[str]:
    yield (
        "- probabilities are calibrated on training questions kept out for it"
        if calibrated
        else "- probabilities are **not calibrated**: they are the network's own"
    )
    confidence = (evaluation or {}).get("confidence")
    if not confidence or "given" not in confidence or "probability" not in confidence:
        yield "- how well they tell right answers from wrong ones: **not measured**"
        return
    auroc, ends = confidence["probability"]["auroc"], confidence["probability"]["auroc_interval"]
    if auroc is None or ends is None:
        yield "- right against wrong: not measured, since all answers are right or none is"
    else:
        yield f"- right against wrong by probability: AUROC {auroc:.3f} (95 % interval {interval(ends)})"
    yield (
        f"- calibration error {confidence['probability']['calibration_error']:.3f} "
        f"({confidence['probability']['calibration_error_if_perfect']:.3f} would be seen of perfect ones)"
    )
    at_precision = confidence["given"]
    way = "from the model alone" if confidence["blind"] else "with the documents looked up"
    precision = at_precision["precision"]
    outcome = "none could be judged" if precision is None else f"{percent(precision)} of these answers are right"
    yield (
        f"- judged {way}, it answers {percent(at_precision['coverage'])} of the questions; {outcome} "
        f"(asked for: {percent(at_precision['asked_precision'])})"
    )
    for name, scored in confidence.get("right_by_verdict", {}).items():
        yield f"- *{name}*: {plural(scored['total'], 'answer')}, {percent(scored['accuracy'])} right"


def _limits(recipe: Recipe, evaluation: Mapping[str, Any] | None) -> Iterator[str]:
    yield (
        "- It always answers, and fluently: the answer alone does not tell memory from invention. An export holds no "
        "evidence; verdicts need the run and its documents."
    )
    if recipe.vocabulary.kind == "words":
        yield "- It can say nothing but the spans of its documents and the answers of its training questions."
        yield "- It does not write text: one phrase, then it is closed."
    if not recipe.needs_questions:
        yield "- It was not trained on questions; it goes on with a text."
    yield "- What the documents get wrong, or say of another person of the same name, it has learned too."
    right = ((evaluation or {}).get("confidence") or {}).get("right_by_exposures")
    if right:
        groups = ((name, score) for name, score in right.items() if not isinstance(score, str))
        shares = "; ".join(f"{name}: {percent(score['accuracy'])} of {score['total']:,}" for name, score in groups)
        yield f"- Right by how many training examples asked for the answer with the name in context: {shares}."
    yield "- Other languages, other kinds of questions, bias in what is remembered of whom: not measured."


def _again(folder: RunFolder) -> Iterator[str]:
    record = folder.record()
    words = ["closedbook", "train", "recipe.toml", *mixer_option(folder)]
    for name in ("documents", "questions"):
        if record.get(name):
            words += [f"--{name}", plainly(_name(record[name]))]
    if record.get("threads"):
        words += ["--threads", str(record["threads"])]
    yield f"```\n{shlex.join(words)}\n```\n"
    commit = f", commit {record['commit']}" if record.get("commit") else ""
    yield f"with the files above and the run's `recipe.toml` ({record.get('recipe', '')}{commit})" + (
        ", from the weights named above." if record.get("start") else "."
    )
