"""`closedbook show`."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from closedbook.cli.options import AtLeastOne, Json, NotNegative, Overrides, RunsMixer
from closedbook.cli.output import console, echo, escape, print_json, table
from closedbook.config.loading import load_recipe, recipe_names
from closedbook.config.schema import encode
from closedbook.data.files import Source
from closedbook.data.questions import read_questions
from closedbook.errors import DataError
from closedbook.runs.provenance import found_from_here

show = App(
    name="show",
    help="""Look at a recipe, at the examples an objective makes, or at a run's memory.

Example: closedbook show recipe fast
""",
)


@show.command
def recipe(name: str, /, *, set_: Overrides = None, json: bool = False) -> None:
    """Print a recipe in full, as a TOML file to copy and change.

    Example: closedbook show recipe fast > mine.toml

    Args:
        name: A built-in recipe or a TOML file.
        json: Print it as JSON instead.
    """
    loaded = load_recipe(name, set_ or [])
    if json:
        print_json(encode(loaded))
    else:
        echo(loaded.to_toml(), end="")


@show.command
def objective(
    name: str,
    /,
    *,
    documents: Path,
    questions: Path | None = None,
    recipe: str | None = None,
    number: AtLeastOne = 5,
    seed: NotNegative = 0,
    json: bool = False,
) -> None:
    """Print training examples: x is what the network sees, y what it should say next ("·": not a target).

    Example: closedbook show objective span --documents wiki.txt

    Args:
        name: An objective (`closedbook list objectives`).
        documents: The corpus.
        questions: Training questions, for objectives that need them.
        recipe: Whose vocabulary and block to use, and whose options for this objective; if left out, a built-in recipe
            that trains with it.
        number: How many examples.
        seed: Other seeds show other examples.
        json: Print a JSON list of objects with x and y.
    """
    import numpy as np

    from closedbook.config.registry import ComponentSpec
    from closedbook.data.arrays import NONE
    from closedbook.data.corpus import derive_questions
    from closedbook.data.documents import read_documents, read_text
    from closedbook.data.vocabulary import MASK_CHARACTER, PAD_CHARACTER
    from closedbook.data.vocabulary_builder import make_vocabulary
    from closedbook.objectives import Corpus
    from closedbook.objectives.sampler import nothing_to_show

    loaded = load_recipe(recipe or trained_with(name))
    corpus_documents = (read_documents if loaded.data.documents == "titled" else read_text)(documents)
    lines = [item.text for item in corpus_documents.items]
    loaded_questions = read_questions(questions, need_answers=True) if questions else None
    texts, answers = (loaded_questions.texts, loaded_questions.answers) if loaded_questions else ([], [])
    vocabulary = make_vocabulary(
        loaded.vocabulary.kind, lines, loaded.vocabulary.size, texts, answers, corpus_documents.titles
    )
    context_length, derived = loaded.model.context_length, []
    if loaded.data.derive_questions and loaded_questions is not None:
        derived = derive_questions(corpus_documents, vocabulary, context_length, texts)
    corpus = Corpus(corpus_documents, loaded_questions, vocabulary, context_length, derived=derived)
    parts = [share.objective for stage in loaded.stages for share in stage.objectives if share.objective.name == name]
    built = (parts[0] if parts else ComponentSpec(name)).make("objective", corpus)
    rng = np.random.default_rng(seed)
    if not built.items:
        raise DataError(nothing_to_show(name, corpus))
    items = rng.permutation(built.items)[:number]
    examples = built.examples(items, rng.random((len(items), built.draws)))
    entries = []
    for i in range(len(examples)):
        labels = examples.labels[examples.inputs.starts[i] : examples.inputs.starts[i + 1]]
        seen = "".join(vocabulary.token(token) for token in examples.inputs[i])
        between = " " if vocabulary.answers_in_one else ""  # phrases need room, characters stand below each other
        target = between.join("·" if label == NONE else vocabulary.output(label) for label in labels)
        entries.append({"x": seen, "y": target})
    if json:
        print_json(entries)
        return
    out = console()
    for entry in entries:
        out.print(f"[bold]x[/] {escape(entry['x'])}")
        out.print(f"[bold]y[/] {escape(entry['y'])}\n")
    most = loaded.model.context_length - 1
    out.print(
        f"x: what the network sees. y: what it should say next, token by token of x.\n"
        f"{MASK_CHARACTER}: a gap, and the end of an answer. ·: not a target, costs nothing. "
        f"{PAD_CHARACTER}: padding, left out here.\nAn example of {loaded.name} has at most {most} tokens."
    )


@show.command
def memory(run: Path, /, *, documents: Path | None = None, mixer: RunsMixer = None, json: Json = False) -> None:
    """Count a run's parameters, dense and memory, its names, and the documents that share one.

    Example: closedbook show memory runs/fast-…

    Args:
        run: A finished run.
        documents: The corpus it was trained on, where that is no longer in its place.
    """
    from closedbook import pipeline
    from closedbook.data.documents import read_documents, read_text
    from closedbook.inference.memory_stats import weigh

    loaded = pipeline.load(run, mixer)
    record = loaded.folder.record()
    trained = record.get("documents") or {}
    path = documents or Path(found_from_here(str(trained.get("path", "")), record))
    if documents is None and not Source.of(str(path)).path.exists():
        raise DataError(f"{path} is no longer there; say with --documents where the corpus of {run} is")
    corpus = (read_documents if loaded.recipe.data.documents == "titled" else read_text)(path)
    if corpus.sha256 != trained.get("sha256"):
        raise DataError(f"{path} is not the corpus that {run} was trained on; give that with --documents")
    report = weigh(loaded, corpus)
    if json:
        print_json(report)
        return
    out = console()
    rows = table("", "parameters>", "bytes>")
    for name, counts in report["size"].items():
        rows.add_row(name, f"{counts['parameters']:,}", f"{counts['bytes']:,}")
    out.print(rows)
    if report["names"] is None:
        out.print("this run has no memory")
        return
    out.print(
        f"\n{report['names']:,} names have a row; {report['shared']:,} documents share theirs, as they share a title"
    )
    if report["learned"]["names"]:
        learned = report["learned"]
        out.print(f"{learned['names']:,} names were learned later; their outputs take {learned['bytes']:,} bytes")


def trained_with(objective: str) -> str:
    """A built-in recipe with this objective, the course's before others."""
    for name in ("course-vanilla", "fast", *recipe_names()):
        stages = load_recipe(name).stages
        if any(share.objective.name == objective for stage in stages for share in stage.objectives):
            return name
    return "course-vanilla"
