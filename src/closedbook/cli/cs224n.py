"""`closedbook cs224n`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App, Parameter

from closedbook.cli.options import Json, NotNegative
from closedbook.cli.output import console, echo, escape, print_json, resumable, typed
from closedbook.cli.output_files import check_folder, check_output
from closedbook.cli.students import check, score
from closedbook.cli.training_display import TrainingDisplay
from closedbook.config.schema import Recipe
from closedbook.data.questions import read_questions
from closedbook.errors import DataError, DivergedError, RunError
from closedbook.runs.folder import RunFolder, is_free
from closedbook.runs.store import write_output

if TYPE_CHECKING:
    from closedbook.training.setup import StartingWeights, TrainingSetup

cs224n = App(
    name="cs224n",
    help="""The assignment's own commands: put `closedbook cs224n` where `python src/run.py` stood.

Example: closedbook cs224n evaluate vanilla wiki.txt --reading_params_path vanilla.model.params
--eval_corpus_path birth_dev.tsv --outputs_path vanilla.predictions
""",
    default_parameter=Parameter(name_transform=str),  # --an_option, as the course has it; --an-option is understood too
)

RATES = {"pretrain_lr": 6e-3, "finetune_lr": 6e-4}  # where the flags are left out
Variant = Literal["vanilla", "synthesizer", "perceiver", "rope"]


@Parameter(name="*")
@dataclass(frozen=True)
class Flags:
    """The course's flags. Every function takes all of them and uses its own, as `run.py` does."""

    reading_params_path: Path | None = None
    """Parameters to begin from, or to evaluate."""
    writing_params_path: Path | None = None
    """Where to write the trained parameters: a dictionary under minGPT's names, for torch.load."""
    finetune_corpus_path: Path | None = None
    """Questions with answers to finetune on."""
    eval_corpus_path: Path | None = None
    """Questions to answer, with or without their answers."""
    outputs_path: Path | None = None
    """Where to write one prediction a line."""
    pretrain_lr: float | None = None
    """Learning rate of pretraining; 6e-3 if left out."""
    finetune_lr: float | None = None
    """Learning rate of finetuning; 6e-4 if left out."""
    bottleneck_dim: int | None = None
    """Positions in the middle of the Perceiver; 32 if left out. Give the same one to all three functions."""
    tb_expt_name: str | None = None
    """Write TensorBoard's files into expt/FUNCTION, under a name that begins with this one."""
    epochs: int | None = None
    """Ours: train for fewer epochs, to try the commands in seconds."""
    schedule: Literal["2021", "2024"] = "2021"
    """Ours: 2024 for that edition's learning rate, which falls once over all of pretraining."""
    threads: int | None = None
    """Ours: CPU threads; one per core, at most 8, if left out."""
    json: bool = False
    """Ours: print one JSON object on standard output, everything else on standard error."""

    def need(self, function: str, *names: str) -> list[Path]:
        """The values of flags that must be there. Raises DataError, naming those that are not."""
        if lacking := [f"--{name}" for name in names if getattr(self, name) is None]:
            raise DataError(
                f"cs224n {function} needs {' and '.join(lacking)}; see: closedbook cs224n {function} --help"
            )
        return [getattr(self, name) for name in names]


DEFAULTS = Flags()


@cs224n.command
def pretrain(variant: Variant, corpus: Path, /, *, flags: Flags = DEFAULTS) -> None:
    """Pretrain on a corpus by span corruption: 650 epochs, hours on a CPU.

    Example: closedbook cs224n pretrain vanilla wiki.txt --writing_params_path vanilla.pretrain.params --epochs 1

    Ctrl-C saves, and the same command goes on. What is needed for that, the loss curve and a run that other commands
    open are in a folder beside the parameters, named after them with .run behind.

    Args:
        corpus: The documents, wiki.txt: one a line.
    """
    (writing,) = flags.need("pretrain", "writing_params_path")
    _train("pretrain", variant, corpus, None, writing, flags)


@cs224n.command
def finetune(variant: Variant, corpus: Path, /, *, flags: Flags = DEFAULTS) -> None:
    """Finetune on questions: 10 epochs from pretrained parameters, 75 from random ones.

    Example: closedbook cs224n finetune vanilla wiki.txt --reading_params_path vanilla.pretrain.params
    --writing_params_path vanilla.finetune.params --finetune_corpus_path birth_places_train.tsv

    Ctrl-C saves, and the same command goes on. What is needed for that, the loss curve and a run that other commands
    open (closedbook ask vanilla.finetune.params.run "…") are in a folder beside the parameters.

    Args:
        corpus: The pretraining corpus, whose characters are the vocabulary.
    """
    writing, questions = flags.need("finetune", "writing_params_path", "finetune_corpus_path")
    _train("finetune", variant, corpus, questions, writing, flags)


@cs224n.command
def evaluate(variant: Variant, corpus: Path, /, *, flags: Flags = DEFAULTS) -> None:
    """Answer a file of questions, write the predictions, and print how many are right.

    Example: closedbook cs224n evaluate vanilla wiki.txt --reading_params_path vanilla.finetune.params
    --eval_corpus_path birth_dev.tsv --outputs_path vanilla.pretrain.dev.predictions

    Args:
        corpus: The pretraining corpus, whose characters are the vocabulary.
    """
    reading, questions_path, outputs = flags.need("evaluate", "reading_params_path", "eval_corpus_path", "outputs_path")
    from closedbook.course import assignment
    from closedbook.training.setup import set_threads

    check_output(outputs, reading, questions_path, corpus)
    recipe = assignment.course_recipe("finetune", variant, bottleneck=flags.bottleneck_dim)
    questions = read_questions(questions_path)
    set_threads(flags.threads)
    model, vocabulary = assignment.load_model(recipe, corpus, reading)
    predictions = assignment.predict(model, vocabulary, assignment.prompts(questions, vocabulary), recipe.answer.length)
    write_output(outputs, assignment.predictions_file(predictions).encode())
    scored = assignment.score_places(predictions, questions)
    console(flags.json).print("\n".join(map(escape, assignment.printed(scored, str(outputs)))))
    if flags.json:
        print_json(scored.to_json() | {"outputs": str(outputs)})


@cs224n.command
def london(*, eval_corpus_path: Path = Path("birth_dev.tsv"), json: Json = False) -> None:
    """How many are right if every answer is London.

    Example: closedbook cs224n london --eval_corpus_path birth_dev.tsv

    Args:
        eval_corpus_path: Questions with answers.
    """
    from closedbook.course.assignment import printed, score_places

    questions = read_questions(eval_corpus_path, need_answers=True)
    scored = score_places(["London"] * len(questions), questions)
    console(json).print("\n".join(printed(scored, "")))
    if json:
        print_json(scored.to_json())


@cs224n.command
def dataset(
    kind: Literal["namedata", "charcorruption"],
    /,
    *,
    corpus: Path = Path("wiki.txt"),
    finetune_corpus_path: Path = Path("birth_places_train.tsv"),
    seed: NotNegative = 0,
    json: bool = False,
) -> None:
    """Print the first four examples, as `python src/dataset.py` does: x is read, y is to be said, □ is padding.

    Example: closedbook cs224n dataset charcorruption

    Args:
        kind: namedata for questions, charcorruption for pretraining.
        corpus: The documents.
        finetune_corpus_path: Questions with answers.
        seed: Other seeds cut other spans out.
        json: Print a JSON list of objects with x and y.
    """
    from closedbook.course.assignment import census, examples

    pairs = list(examples(kind, corpus, finetune_corpus_path, seed=seed))
    if json:
        print_json([{"x": x, "y": y} for x, y in pairs])
        return
    echo(census(corpus))
    for x, y in pairs:
        echo(f"x: {x}\ny: {y}")


cs224n.command(check)
cs224n.command(score)


def _train(function: str, variant: Variant, corpus: Path, questions: Path | None, writing: Path, flags: Flags) -> None:
    """Train one stage in a folder beside the parameters, and write the parameters at the end."""
    from closedbook import pipeline
    from closedbook.cli.train import READING, tensorboard_in
    from closedbook.course.assignment import course_recipe, start_from
    from closedbook.course.params import write_params
    from closedbook.model.gpt import own_network
    from closedbook.training.setup import prepare_training

    out, rate, reading = console(flags.json), f"{function}_lr", flags.reading_params_path
    recipe = course_recipe(
        function, variant, pretrained=reading is not None, rate=getattr(flags, rate), bottleneck=flags.bottleneck_dim,
        epochs=flags.epochs, schedule=flags.schedule,
    )  # fmt: skip
    check_output(writing, corpus, questions, reading, binary=True)
    folder = writing.with_name(f"{writing.name}.run")
    check_folder(folder, corpus, questions, reading)
    start = start_from(reading) if reading is not None else None
    going_on, run = _unfinished(folder, recipe), None
    if folder.exists() and not going_on:  # finished: it makes way for the new one, as its file will
        setup = prepare_training(recipe, corpus, questions, start=start)  # but not for inputs that cannot be used
        if not writing.exists() and _is_this(folder, recipe, setup, start):  # all but the last step was done
            run = pipeline.load(folder)
        else:
            shutil.rmtree(folder)
    if run is None:
        with (
            resumable(out, lambda: _kept(folder)),
            TrainingDisplay(out) as display,
            tensorboard_in(_board(function, variant, flags)) as boards,
        ):
            display.wait(READING)
            try:
                run = pipeline.train(
                    recipe, corpus, questions, run=folder, resume=going_on, threads=flags.threads, start=start,
                    callbacks=[display, *boards], command=typed(),
                )  # fmt: skip
            except DivergedError as error:
                lower = min(float(recipe.stages[0].optimiser.options["rate"]) / 10, RATES[rate])
                advice = f"remove {folder} and start anew with a lower rate, such as --{rate} {lower:g}"
                raise DivergedError(error.what, advice) from None
    write_params(writing, own_network(run.model))
    out.print(f"\nthe parameters are in [bold]{escape(str(writing))}[/], their run in {escape(str(folder))}")
    if flags.json:
        print_json({"params": str(writing), "run": str(folder), "seconds": run.folder.record()["train_seconds"]})


def _kept(folder: Path) -> str:
    """What an interrupted training has left in its folder."""
    from closedbook.training.checkpoint import saved_so_far

    saved = saved_so_far(RunFolder(folder)) if folder.is_dir() else None
    return f"what was done is saved, up to {saved}" if saved else "nothing of the training is saved yet"


def _is_this(folder: Path, recipe: Recipe, setup: TrainingSetup, start: StartingWeights | None) -> bool:
    """Whether the finished run in a folder had the same recipe and inputs."""
    if is_free(folder):
        return False
    run = RunFolder.open(folder)
    record, inputs = run.record(), {"documents": setup.documents, "questions": setup.questions, "start": start}
    then = {name: (record.get(name) or {}).get("sha256") for name in inputs}
    now = {name: source.sha256 if source else None for name, source in inputs.items()}
    return run.read_text("recipe.toml") == recipe.to_toml() and then == now


def _unfinished(folder: Path, recipe: Recipe) -> bool:
    """Whether there is a training to resume. Raises RunError if the folder is no run, or another training's."""
    if not folder.exists() or is_free(folder):
        return False
    run = RunFolder.open(folder)
    if run.finished:
        return False
    if run.read_text("recipe.toml") != recipe.to_toml():
        raise RunError(
            f"{folder} is a training with other flags, unfinished; give the same flags, or remove that folder"
        )
    return True


def _board(function: str, variant: str, flags: Flags) -> Path | None:
    """The folder where the course puts TensorBoard's files."""
    if flags.tb_expt_name is None:
        return None
    pretraining = RATES["pretrain_lr"] if flags.pretrain_lr is None else flags.pretrain_lr
    finetuning = RATES["finetune_lr"] if flags.finetune_lr is None else flags.finetune_lr
    return Path("expt", function, f"{flags.tb_expt_name}_{variant}_pt_lr_{pretraining:f}_ft_lr_{finetuning:f}")
