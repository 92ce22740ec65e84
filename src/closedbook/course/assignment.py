"""The course's `run.py` and `dataset.py` on our own training: recipes, predictions, scores, examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from closedbook.config.loading import load_recipe, recipe_names
from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import Recipe
from closedbook.course.params import put_params, read_params, use_rope_cache
from closedbook.course.readings import check_reading
from closedbook.data.arrays import NONE
from closedbook.data.documents import read_documents
from closedbook.data.files import BYTE_ORDER_MARK, read_bytes, universal_newlines
from closedbook.data.questions import Questions, read_questions
from closedbook.data.vocabulary import MASK, PAD, PAD_CHARACTER, Characters, Vocabulary
from closedbook.errors import DataError, RecipeError
from closedbook.evaluation.score import Score, tally
from closedbook.model.generate import greedy
from closedbook.model.gpt import GPT, own_network
from closedbook.objectives import Corpus
from closedbook.training.setup import StartingWeights

UNPRETRAINED_EPOCHS = 75
BOTTLENECK = 32  # the default of the course's flag; its scripts pass 64, as course-perceiver does
FUNCTIONS = {"pretrain": "pretrain_lr", "finetune": "finetune_lr"}  # stage of a course recipe: its learning-rate flag


def course_recipe(
    function: str,
    variant: str,
    *,
    pretrained: bool = True,
    rate: float | None = None,
    bottleneck: int | None = None,
    epochs: int | None = None,
    schedule: str = "2021",
) -> Recipe:
    """One stage of the recipe course-VARIANT, as `run.py pretrain` and `run.py finetune` train it.

    `rate` and `epochs` replace the recipe's; without a file to start from (`pretrained`) finetuning takes 75 epochs.
    `bottleneck` is how many positions lie between the Perceiver's first and last layer, BOTTLENECK if left out; other
    variants ignore it, as in the course. `schedule` is "2024" for the learning rate that decays once over all of
    pretraining; before, it did not. Raises RecipeError for an unknown variant or a value that cannot be used.
    """
    name = f"course-{variant}" + (f"-{schedule}" if schedule != "2021" else "")
    if name not in recipe_names():
        raise RecipeError(f'the variant "{variant}" has no recipe "{name}" here; variants: {", ".join(variants())}')
    sets = []
    if rate is not None:
        sets.append(f"stages.{function}.optimiser.rate={rate}")
    model = load_recipe(name).model
    if model.stack.name == "perceiver":
        if bottleneck is not None and bottleneck > model.context_length:
            raise RecipeError(
                f"--bottleneck_dim {bottleneck} is more than a text has positions; at most {model.context_length}"
            )
        sets.append(f"model.stack.latents={BOTTLENECK if bottleneck is None else bottleneck}")
    if epochs is None and function == "finetune" and not pretrained:
        epochs = UNPRETRAINED_EPOCHS
    if epochs is not None:
        sets.append(f"stages.{function}.epochs={epochs}")
    recipe = load_recipe(name, sets)
    stages = tuple(stage for stage in recipe.stages if stage.name == function)
    if not stages:
        raise RecipeError(f"the recipe {name} has no stage called {function}")
    return replace(recipe, name=f"{name}-{function}", summary=f"One leg of {name}: {function}.", stages=stages)


def variants() -> list[str]:
    """The variants whose recipe has both stages."""
    names = [name.removeprefix("course-") for name in recipe_names() if name.startswith("course-")]
    return [name for name in names if len(load_recipe(f"course-{name}").stages) == len(FUNCTIONS)]


def start_from(path: Path) -> StartingWeights:
    """A parameter file to start training from. Raises DataError or RunError if it is not one."""
    tensors, sha256 = read_params(path)
    return StartingWeights(str(path), sha256, lambda model: put_params(own_network(model), tensors, str(path)))


def load_model(recipe: Recipe, corpus: Path, reading: Path) -> tuple[GPT, Vocabulary]:
    """The network of a parameter file, and the vocabulary of its corpus."""
    documents = read_documents(corpus).items
    vocabulary = Characters.train(document.text for document in documents)
    with torch.random.fork_rng(devices=[]):
        model = GPT(recipe.model, vocabulary.size)
    tensors = read_params(reading)[0]
    put_params(model, tensors, str(reading))
    use_rope_cache(model, tensors)
    if recipe.model.stack.name == "perceiver":
        check_reading(model.eval(), vocabulary, [document.text for document in documents[:32]], str(reading))
    return model.eval(), vocabulary


def prompts(questions: Questions, vocabulary: Vocabulary | None = None) -> list[str]:
    """The text before ⁇, as `run.py evaluate` takes it from a line: up to the tab, or else with the line's newline.

    A byte-order mark is part of the first prompt if the vocabulary has it; otherwise the course's code fails.
    """
    content, texts = read_bytes(questions.source, "questions"), questions.texts
    if not questions.answered:
        closed = content.endswith(b"\n")
        texts = [text + "\n" * (closed or i < len(questions) - 1) for i, text in enumerate(texts)]
    if content.startswith(BYTE_ORDER_MARK.encode()) and vocabulary and not vocabulary.unknown(BYTE_ORDER_MARK):
        texts = [BYTE_ORDER_MARK + texts[0], *texts[1:]]
    return texts


def predict(model: GPT, vocabulary: Vocabulary, texts: Sequence[str], length: int = 32) -> list[str]:
    """The greedy continuation between the prompt's ⁇ and the next, untrimmed, of at most `length` characters.

    Raises DataError for a prompt that is too long or has a character that the corpus lacks.
    """
    encoded = []
    for line, text in enumerate(texts, 1):
        if unknown := vocabulary.unknown(text):
            raise DataError(f"question {line} has {unknown[0]!r}, which the corpus lacks; give the training's corpus")
        encoded.append(np.append(vocabulary.encode(text)[0], MASK).astype(np.int32))
        if len(encoded[-1]) + length >= model.recipe.context_length:
            raise DataError(
                f"question {line} is too long; it may have {model.recipe.context_length - length - 2} characters"
            )
    generated = greedy(model, encoded, length)
    return ["".join(PAD_CHARACTER if i == PAD else vocabulary.decode([i]) for i in answer.ids) for answer in generated]


def predictions_file(predictions: Sequence[str]) -> str:
    """One prediction a line. A newline within a prediction becomes a space."""
    return "".join(prediction.replace("\n", " ") + "\n" for prediction in predictions)


def score_places(predictions: Sequence[str], questions: Questions) -> Score:
    """Exact match, character by character; `correct` is None if the file has no answers.

    Raises DataError if there are more or fewer predictions than questions.
    """
    if len(predictions) != len(questions):
        raise DataError(
            f"there are {len(predictions)} predictions for {len(questions)} questions of {questions.source}"
        )
    if not questions.answered:
        return Score(None, len(questions))
    return tally(prediction == gold for prediction, gold in zip(predictions, questions.answers, strict=True))


def printed(score: Score, written_to: str) -> list[str]:
    """The lines that the course's programs print, character for character."""
    if score.correct is None:
        return [
            "No gold birth places provided; returning (0,0)",
            f"Predictions written to {written_to}; no targets provided",
        ]
    correct, total = float(score.correct), float(score.total)
    return [f"Correct: {correct} out of {total}: {correct / total * 100}%"]


def examples(kind: str, corpus: Path, questions: Path, seed: int = 0) -> Iterator[tuple[str, str]]:
    """(x, y) of the first four examples of "namedata" or "charcorruption" as text, padded as in the course.

    Our training does not pad to block_size − 1; the padding would change no gradient.
    """
    recipe = load_recipe("course-vanilla")
    documents = read_documents(corpus)
    pairs = read_questions(questions, need_answers=True).ascii() if kind == "namedata" else None
    vocabulary = Characters.train(document.text for document in documents.items)
    objective = ComponentSpec("question" if kind == "namedata" else "span").make(
        "objective", Corpus(documents, pairs, vocabulary, recipe.model.context_length)
    )
    items = np.arange(min(4, objective.items))
    batch = objective.examples(items, np.random.default_rng(seed).random((len(items), objective.draws)))
    width = recipe.model.context_length - 1

    def shown(tokens: Sequence[int]) -> str:
        text = "".join(PAD_CHARACTER if token in (PAD, NONE) else vocabulary.token(token) for token in tokens)
        return text[:width].ljust(width, PAD_CHARACTER)

    for i in range(len(batch)):
        labels = batch.labels[batch.inputs.starts[i] : batch.inputs.starts[i + 1]]
        # Our inputs end before the last token, which is only a label.
        yield shown([*batch.inputs[i], labels[-1]]), shown(labels)


def census(corpus: Path) -> str:
    """The line that `CharCorruptionDataset` prints: the file's length, and its alphabet with PAD and MASK."""
    text = universal_newlines(read_bytes(corpus, "documents").decode("utf-8"))
    return f"data has {len(text)} characters, {len(set(text)) + 2} unique."
