"""`closedbook show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from closedbook.cli.output import console, print_json

show = App(name="show", help="Look at a recipe, or at the examples an objective makes.")


@show.command
def recipe(
    name: str,
    /,
    *,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="", consume_multiple=False)] = None,
    json: bool = False,
) -> None:
    """Print a recipe in full, as a TOML file to copy and change.

    Parameters
    ----------
    name: str
        A built-in recipe or a TOML file.
    set_: list[str]
        Override one value first; may be repeated.
    json: bool
        Print it as JSON instead.
    """
    from closedbook.recipe import encode, load_recipe

    loaded = load_recipe(name, set_ or [])
    if json:
        print_json(encode(loaded))
    else:
        print(loaded.to_toml(), end="")


@show.command
def objective(
    name: str,
    /,
    *,
    documents: Path,
    questions: Path | None = None,
    recipe: str = "course-vanilla",
    number: int = 5,
    seed: int = 0,
    json: bool = False,
) -> None:
    """Print training examples: x is what the network sees, y what it should say next ("·": not a target).

    Parameters
    ----------
    name: str
        An objective (`closedbook list objectives`).
    documents: Path
        The corpus.
    questions: Path
        Training questions, for objectives that need them.
    recipe: str
        Whose vocabulary and block to use, and whose options for this objective.
    number: int
        How many examples.
    seed: int
        Other seeds show other examples.
    json: bool
        Print a JSON list of objects with x and y.
    """
    import numpy as np

    from closedbook.objectives import Corpus
    from closedbook.objectives.arrays import NONE
    from closedbook.recipe import Part, load_recipe
    from closedbook.text.documents import read_documents
    from closedbook.text.questions import read_questions
    from closedbook.text.vocabulary import PAD_CHARACTER, make_vocabulary

    loaded = load_recipe(recipe)
    corpus_documents = read_documents(documents)
    lines = [item.text for item in corpus_documents.items]
    vocabulary = make_vocabulary(loaded.vocabulary.kind, lines, loaded.vocabulary.size)
    given = read_questions(questions, need_answers=True) if questions else None
    corpus = Corpus(corpus_documents, given, vocabulary, loaded.model.block)
    parts = [share.objective for stage in loaded.stages for share in stage.objectives if share.objective.name == name]
    made = (parts[0] if parts else Part(name)).make("objective", corpus)
    rng = np.random.default_rng(seed)
    items = rng.permutation(made.items)[:number]
    examples = made.examples(items, rng.random((len(items), made.draws)))
    entries = []
    for i in range(len(examples)):
        labels = examples.labels[examples.inputs.starts[i] : examples.inputs.starts[i + 1]]
        seen = "".join(vocabulary.token(token) for token in examples.inputs[i])
        said = "".join("·" if label == NONE else vocabulary.token(label) for label in labels)
        entries.append({"x": seen, "y": said})
    if json:
        print_json(entries)
        return
    out = console()
    for entry in entries:
        out.print(f"[bold]x[/] {entry['x']}", markup=True)
        out.print(f"[bold]y[/] {entry['y']}\n")
    out.print(f"({PAD_CHARACTER} padding is left out; the course pads every example to {loaded.model.block - 1})")
