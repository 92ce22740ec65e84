"""Chooses what a recipe leaves to the data ("auto"): the steps and the batch size.

The rules were found by experiment (docs/log.md) on corpora of 120 to 5,000 documents, and are at most linear in the
data.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from closedbook.config.schema import Auto, Recipe, Stage
from closedbook.data.corpus import Corpus
from closedbook.data.documents import Documents
from closedbook.data.files import is_storable
from closedbook.data.questions import Questions, subject, without

TELLINGS = 4  # at most so many documents with the same title are taken to state the same facts
ASKED = 0.4  # of a fact's visits by cues are enough, where its title is asked the questions themselves
MANY = 1_000_000  # examples; of more than these, only as many as the square root says
FEWEST_OF_MANY = 15 / 36  # of them, however many there are
BATCHES = ((200_000, 64), (500_000, 128))  # (up to so many examples in all, batch size)
LARGEST_BATCH = 230
SHORTEST_ANSWER = 16  # tokens that are allowed for, whatever was trained
TRAINED = 1_000  # titles teach a network to tell what is asked for; what more there are it can learn afterwards
LATER_SECONDS = 0.015  # of one core, to learn a title afterwards
LONG = 8_192  # characters of a title's documents, beyond which there may be too much to learn afterwards
TO_CALIBRATE = 30  # questions to hold out for calibration, but between a tenth and three tenths of all


def held_out(recipe: Recipe, questions: int) -> tuple[Recipe, list[str]]:
    """The recipe with the shares of held-out questions filled in, and what was chosen, in words."""
    shares: Mapping[str, float] = recipe.data.held_out
    chosen = {
        "choose": 0.05 if questions >= 1000 else 0.0,
        "stop": 0.05,
        "calibrate": round(min(0.3, max(0.1, TO_CALIBRATE / max(1, questions))), 3),
    }
    settled = {name: chosen[name] if isinstance(share, Auto) else share for name, share in shares.items()}
    choices = [f"{100 * settled[name]:.0f} % of {questions:,} questions kept out to {name} by (data.held_out.{name})"
               for name, share in shares.items() if isinstance(share, Auto) and settled[name]]  # fmt: skip
    return replace(recipe, data=replace(recipe.data, held_out=settled)), choices


def trained_titles(
    recipe: Recipe, documents: Documents, questions: Questions | None
) -> tuple[Recipe, Documents, Documents | None]:
    """The recipe with the number of titles to train on, their documents, and those to learn afterwards, if any.

    Trained are what cannot be learned afterwards, such as much text of one title, then titles that questions name, the
    rarest kinds first, then others, drawn by a hash. Without questions nothing would be asked of the others: then all
    are trained.
    """
    most: int = recipe.data.trained_titles
    if isinstance(recipe.data.trained_titles, Auto):
        most = TRAINED if recipe.learns_later and questions is not None else 0
    texts = documents.by_title()
    if not 0 < most < len(texts):
        return train_all(recipe), documents, None
    pairs = [
        (subject(text, documents.known_titles), text) for text in (questions.texts if questions is not None else ())
    ]
    kinds = [(name, without(text, name)) for name, text in pairs if name is not None]
    often, rarest = Counter(kind for _, kind in kinds), dict[str, int]()
    for name, kind in kinds:
        rarest[name] = min(often[kind], rarest.get(name, len(kinds)))
    kept = {title for title, own in texts.items() if not learnable(title, [document.text for document in own])}
    if len(kept) == len(texts):
        return train_all(recipe), documents, None

    def later(title: str) -> tuple[bool, float, bytes]:
        return title not in kept, rarest.get(title, math.inf), hashlib.sha256(title.encode("utf-8", "replace")).digest()

    trained = set(sorted(texts, key=later)[: max(most, len(kept))])
    pinned = replace(recipe, data=replace(recipe.data, trained_titles=most))
    return pinned, documents.of(trained), documents.of(texts.keys() - trained)


def train_all(recipe: Recipe) -> Recipe:
    """The recipe with all titles trained."""
    return replace(recipe, data=replace(recipe.data, trained_titles=0))


def learnable(title: str, texts: Sequence[str]) -> bool:
    """Whether a title can be learned afterwards."""
    return bool(title.strip()) and sum(map(len, texts)) <= LONG and all(map(is_storable, texts))


def settle(recipe: Recipe, corpus: Corpus) -> tuple[Recipe, list[str]]:
    """The recipe with every "auto" replaced by a number, and what was chosen and why, in words."""
    documents, titles = len(corpus.documents), max(1, len(corpus.documents.known_titles))
    choices = []
    stages = []
    for stage in recipe.stages:
        sized, words = _sized(stage, corpus, documents, titles)
        stages.append(sized)
        choices += words
    answer = recipe.answer
    if isinstance(answer.length, Auto):
        # For the longest span or training answer and half more, but at most half of what the network reads.
        longest = max(corpus.spans.output.longest, corpus.answers.longest if corpus.questions is not None else 0)
        tokens = max(SHORTEST_ANSWER, math.ceil(1.5 * (longest + 1)))
        answer = replace(answer, length=min(corpus.context_length // 2, tokens))
        choices.append(f"answer.length = {answer.length}")
    return replace(recipe, stages=tuple(stages), answer=answer), choices


def enough(examples: float) -> float:
    """How many of so many examples a training takes.

    A large corpus teaches the network by its size what is asked for, so each fact needs fewer visits.
    """
    return examples if examples <= MANY else max(math.sqrt(MANY * examples), examples * FEWEST_OF_MANY)


def _asked(corpus: Corpus) -> int:
    """How many titles are asked the questions of others; 0 where none are derived."""
    if not corpus.derived or corpus.questions is None:
        return 0
    trained = {subject(text, corpus.documents.known_titles) for text in corpus.questions.texts} - {None}
    return len(trained | {derived.title for derived in corpus.derived})


def _sized(stage: Stage, corpus: Corpus, documents: int, titles: int) -> tuple[Stage, list[str]]:
    steps, batch = stage.steps, stage.batch
    if not isinstance(steps, Auto) and not isinstance(batch, Auto):
        return stage, []
    main = max(stage.objectives, key=lambda share: share.share)
    items = main.objective.make("objective", corpus).items
    if isinstance(steps, Auto):
        visits = stage.visits * (1 - (1 - ASKED) * _asked(corpus) / titles)
        examples = enough(visits * items / min(TELLINGS, documents / titles) / main.share)
    else:  # given steps are taken to be steps of the largest size
        examples = math.inf
    if isinstance(batch, Auto):
        batch = next((size for most, size in BATCHES if examples <= most), LARGEST_BATCH)
    why = f"for {items:,} cues from {documents:,} documents of {titles:,} titles"
    if isinstance(steps, Auto):
        steps = max(stage.fewest_steps, -(-round(examples) // batch))
    return replace(stage, steps=steps, batch=batch), [f"{stage.name}: {steps:,} steps of {batch} examples {why}"]
