"""`closedbook train`."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from closedbook.cli.options import Json, Overrides, OwnMixer
from closedbook.cli.output import console, escape, note_if_trained_on, on_interrupt, print_json, typed
from closedbook.cli.training_display import TrainingDisplay
from closedbook.config.loading import load_recipe
from closedbook.config.schema import Recipe
from closedbook.data.document_files import in_lines
from closedbook.data.files import Source, chunks, opened
from closedbook.data.questions import read_questions
from closedbook.errors import ClosedbookError, RunError
from closedbook.formatting import interval, percent, plural
from closedbook.runs.folder import RunFolder, check_free, default_folder, list_runs
from closedbook.runs.provenance import mixer_option, resume_command

if TYPE_CHECKING:
    from closedbook.inference.run import Run
    from closedbook.reporting.tensorboard import TensorBoard

READING = "reading the inputs, timing a batch"


def train(
    recipe: str = "fast",
    *,
    documents: Path,
    questions: Path | None = None,
    dev: Path | None = None,
    run: Path | None = None,
    resume: bool = False,
    set_: Overrides = None,
    seed: int | None = None,
    threads: int | None = None,
    device: str = "cpu",
    dry_run: bool = False,
    tensorboard: Path | None = None,
    mixer: OwnMixer = None,
    index: Path | None = None,
    base: str | None = None,
    json: Json = False,
) -> None:
    """Train a model to answer from memory, and score it.

    For example:

        closedbook train fast --documents wiki.txt --questions birth_places_train.tsv --dev birth_dev.tsv

        closedbook train course-vanilla --documents wiki.txt --questions birth_places_train.tsv --dry-run

        closedbook train teach --base FOLDER --documents wiki.txt --questions birth_places_train.tsv

        closedbook train characters --documents any.txt --set stages.train.steps=500

    Args:
        recipe: A built-in recipe (`closedbook list recipes`) or a TOML file of your own; fast, which sizes itself, if
            left out.
        documents: The corpus: one document a line, "Title. Text …", UTF-8; or JSON Lines with a title and a text
            (FILE.jsonl, or FILE.jsonl:title=NAME,text=NAME for fields of other names); or another format
            (docs/own-corpus.md).
        questions: Training questions: one a line, QUESTION tab ANSWER; or another format (docs/own-corpus.md).
        dev: Questions with answers to score at the very end; nothing before that reads them.
        run: Where to keep the run; runs/RECIPE-DATE if left out.
        resume: Go on with an interrupted run: the one in --run, or the last unfinished one of this recipe.
        seed: Short for --set seed=N.
        threads: CPU threads of each process; the machine's cores, at most 8, if left out. Stored in the run.
        device: What to compute on: cpu, cuda or mps. Started by torchrun, several processes train together
            (docs/processes.md).
        dry_run: Read and check every input, print the plan, and stop.
        tensorboard: Also write TensorBoard's files into this folder, for `tensorboard --logdir`.
        index: The folder to keep indexes of corpora in; beside the corpus if left out. Corpora of 32 MiB or more are
            indexed, and with this option smaller ones too.
        base: The pretrained model to teach, for the recipe teach: its folder, a GGUF file, or its name on the hub
            (docs/pretrained.md).
    """
    from closedbook import pipeline
    from closedbook.evaluation.question_survey import survey
    from closedbook.model.custom_mixers import mixer_overrides
    from closedbook.model.devices import find_device
    from closedbook.training.distributed import DistributedContext, silent
    from closedbook.training.events import Message
    from closedbook.training.plan import plan_training
    from closedbook.training.setup import prepare_training, set_threads
    from closedbook.verdicts.calibration import FEWEST

    out = console(json)
    out.quiet = silent()
    find_device(device)
    overrides = [*mixer_overrides(mixer, recipe), *(set_ or []), *([f"seed={seed}"] if seed is not None else [])]
    overrides += [f"pretrained.model={base}"] if base is not None else []
    loaded = load_recipe(recipe, overrides)
    if dry_run:
        if run is not None and not resume:
            check_free(run)
        set_threads(threads)
        with TrainingDisplay(out) as display, DistributedContext.start(device) as distributed:
            display.wait(READING)
            setup = prepare_training(
                loaded, documents, questions, dev, index, lambda text: display(Message(text)), distributed
            )
            plan = plan_training(setup, run or default_folder(loaded.name))
            display.plan(plan)
            question_sets = [read_questions(path) for path in (questions, dev) if path is not None]
            vocabulary = setup.corpus.vocabulary
            phrases = set(vocabulary.phrases_of(setup.later.items)) if setup.later else set()
            surveys = [survey(setup.documents, content, vocabulary, phrases) for content in question_sets]
        for question_survey in surveys:
            for line in question_survey.lines():
                out.print(escape(line))
        if setup.calibrate is not None and 0 < len(setup.calibrate) < FEWEST:
            out.print(
                f"only {plural(len(setup.calibrate), 'question')} kept out to calibrate by, where {FEWEST} are needed: "
                "the probability beside an answer will be the network's own; sixty questions are mostly enough"
            )
        out.print("dry run: every input was read and checked, nothing was trained or written")
        if all(question_survey.named for question_survey in surveys):
            out.print(escape(f"next: train it\n  {typed().replace(' --dry-run', '')}"))
        if json:
            print_json({**dataclasses.asdict(plan), "data": [question_survey.to_json() for question_survey in surveys]})
        return
    if resume and run is None:
        run = last_unfinished(loaded)
    with (
        on_interrupt(out, lambda: after_interrupt(display.run or (str(run) if resume else ""), mixer)),
        TrainingDisplay(out) as display,
        tensorboard_in(None if silent() else tensorboard) as boards,
    ):
        display.wait(READING)
        finished = pipeline.train(
            loaded, documents, questions, dev=dev, run=run, resume=resume, threads=threads, device=device, index=index,
            callbacks=[display, *boards], command=typed(),
        )  # fmt: skip
    if silent():
        return
    record = finished.folder.record()
    result = {"run": str(finished.path), "train_seconds": record["train_seconds"], "seconds": record["seconds"]}
    out.print(f"\nthe run is in [bold]{escape(str(finished.path))}[/]")
    if dev is not None:
        evaluation = finished.folder.read_json("evaluation.json")
        result |= {key: evaluation[key] for key in ("correct", "total", "accuracy", "interval")}
        note_if_trained_on(out, evaluation["questions_sha256"], record)
        out.print(
            f"dev: {evaluation['correct']:,} of {evaluation['total']:,} right, "
            f"[bold]{percent(evaluation['accuracy'])}[/] (95 % interval {interval(evaluation['interval'], percent)})"
        )
    out.print("next:\n" + escape(next_step(finished, questions, documents, mixer)))
    if json:
        print_json(result)


@contextlib.contextmanager
def tensorboard_in(folder: Path | None) -> Iterator[list[TensorBoard]]:
    """The callback that writes TensorBoard's files into a folder; none where none is given."""
    if folder is None:
        yield []
        return
    from closedbook.reporting.tensorboard import TensorBoard

    with contextlib.closing(TensorBoard(folder)) as board:
        yield [board]


def after_interrupt(run: str, mixer: str | None = None) -> str:
    """What Ctrl-C left behind, and how to go on; `mixer` as it was given."""
    from closedbook.training.checkpoint import saved_so_far

    if not run or not Path(run, "run.json").is_file():
        return "interrupted before training began; nothing was written"
    folder = RunFolder.open(run)
    if folder.finished:
        return f"interrupted; the run in {run} is finished"
    command, saved = resume_command(folder, mixer), saved_so_far(folder)
    if saved is None:
        return f"interrupted before anything of the training was saved. Begin again with:\n  {command}"
    return f"interrupted; what was done is saved, up to {saved}. Go on with:\n  {command}"


def next_step(run: Run, questions: Path | None, documents: Path, mixer: str | None = None) -> str:
    """What to type after a training."""
    if run.recipe.needs_questions and questions is not None:
        words = ["ask", str(run.path), read_questions(questions).items[0].text]
    else:
        words = ["sample", str(run.path), " ".join(_beginning(documents).split()[:3])]
    return f"  {shlex.join(['closedbook', *words, *mixer_option(run.folder, mixer)])}"


def _beginning(documents: Path) -> str:
    """Some of what a corpus begins with; of one with a document a line, which may be large, no more is read."""
    from closedbook.data.documents import read_text

    if not in_lines(documents):
        return read_text(documents).items[0].text[:1000]
    source = Source.of(documents)
    with opened(source, "text") as (stream, _):
        if source.fields is None:
            return stream.read(1000).decode(errors="ignore")
        return source.parse(next(chunks(stream, 1 << 16)).content.partition(b"\n")[0].decode(), 1)[1]


def last_unfinished(recipe: Recipe) -> Path:
    """The newest run of a recipe that can be resumed, of those with other options the newest, if there is none with
    these. Raises RunError where there is none at all.
    """

    def same(folder: RunFolder) -> bool:
        try:
            started = folder.recipe()
        except ClosedbookError:
            return False
        return replace(started, model=replace(started.model, matmul_dtype=recipe.model.matmul_dtype)) == recipe

    unfinished = [f for f in list_runs() if f.record().get("recipe") == recipe.name and not f.finished]
    if not unfinished:
        raise RunError(f"no unfinished run of {recipe.name} in runs/; name its folder with --run")
    return ([f for f in unfinished if same(f)] or unfinished)[-1].path
