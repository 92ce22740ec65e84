"""Recipes: complete, named, immutable descriptions of a run, counted in steps, never in minutes.

A recipe is a TOML file that maps one to one onto the dataclasses here. Mechanisms (mixers, stacks, objectives,
optimisers, schedules) are named in it; a `ComponentSpec` is such a name with the options of the class behind it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Annotated, Any, Literal

from closedbook.config.registry import REGISTRIES, ComponentSpec
from closedbook.errors import RecipeError
from closedbook.validation import LONGEST_KEY, Above0, Below1, Count, NotNegative, Positive, UnitInterval, one_of, shown


class Auto(int):
    """A number that is chosen from the data when a training begins; "auto" in a recipe."""

    @classmethod
    def from_plain(cls, data: Any, where: str) -> Auto:
        if data != "auto":
            raise RecipeError(f'{where} must be a number, or "auto"')
        return cls(-1)


@dataclass(frozen=True)
class VocabularyRecipe:
    kind: Literal["characters", "bpe", "words", "pretrained"] = "characters"  # pretrained: the base's
    size: Count = 0  # tokens, for bpe; words and phrases at the most, for words, 0 for all
    phrases: Count = 0  # for words: answers that are said in one at the most, the others spelled; 0 for `size`


@dataclass(frozen=True)
class MemoryRecipe:
    """The memory of names (closedbook.model.name_memory): every document's title has vectors of its own."""

    names: bool = True  # without them, an embedding that is trained as the memory is


@dataclass(frozen=True)
class ModelRecipe:
    # Beyond these limits, building a network takes minutes before any memory is asked for.
    width: Annotated[int, (1, 2**17)] = 256
    layers: Annotated[int, (1, 2**10)] = 4
    heads: Annotated[int, (1, 2**10)] = 8
    context_length: Annotated[int, (8, 2**20)] = 128  # the longest example, in tokens
    stack: ComponentSpec = field(default_factory=lambda: ComponentSpec("uniform"))
    mixer: ComponentSpec = field(default_factory=lambda: ComponentSpec("softmax"))
    positions: str = "learned"
    feedforward: Literal["gelu", "relu2"] = "gelu"  # relu2: squared ReLU
    norm: Literal["layer", "rms"] = "layer"  # rms: no bias and no gain
    bias: bool = True  # in the linear maps of blocks
    initial: Literal["gpt2", "scaled"] = "gpt2"  # all weights N(0, 0.02²); scaled: by the width of what each map reads
    # What linear maps multiply in, the rest stays float32; "fastest" becomes one of the two when a training begins.
    matmul_dtype: str = "float32"  # or "bfloat16", or "fastest"; or "autocast", torch's
    dropout: Below1 = 0.1
    memory: MemoryRecipe | None = None

    def __post_init__(self) -> None:
        if self.width % self.heads:
            works = [h for h in range(1, self.width + 1) if self.width % h == 0]
            nearest = min(works, key=lambda h: abs(h - self.heads))
            raise RecipeError(
                f"model.width = {self.width} is not divisible by model.heads = {self.heads}; "
                f"nearest that works: model.heads = {nearest}"
            )
        one_of(self.matmul_dtype, "model.matmul_dtype", ("float32", "bfloat16", "fastest", "autocast"))
        one_of(self.positions, "model.positions", tuple(REGISTRIES["positions"]))


@dataclass(frozen=True)
class PretrainedRecipe:
    """A causal language model of transformers' to teach, and how; see closedbook.model.pretrained."""

    model: str = ""  # its folder, its GGUF file, or its name on the hub
    revision: str = ""  # of a name on the hub
    sha256: str = ""  # of its weights and configuration; filled in when a training begins
    dtype: Literal["float32", "bfloat16"] = "float32"  # what it is kept and answers in
    # What is trained: a memory of names and an adapter; all weights; those of some layers; low-rank maps beside them,
    # by peft; or nothing, to ask it as it is.
    train: Literal["names", "all-weights", "layers", "lora", "nothing"] = "names"
    layers: tuple[int, ...] = ()  # names have vectors before these, or these are trained; none given: as `train` likes
    rank: Count = 16  # of the adapter that all names share, 0 for none; or of "lora"

    def __post_init__(self) -> None:
        if self.train == "lora" and not self.rank:
            raise RecipeError('pretrained.rank = 0 leaves nothing to train with "lora"; give it 1 or more')


@dataclass(frozen=True)
class ObjectiveWeight:
    """An objective of a stage: its share of each batch's examples, from `start` to `stop` (fractions of the stage)."""

    objective: ComponentSpec
    share: Above0 = 1.0
    start: UnitInterval = 0.0
    stop: UnitInterval = 1.0
    update_embeddings: bool = True  # whether its gradient reaches the embedding and the memory

    def __post_init__(self) -> None:
        if self.start >= self.stop:
            raise RecipeError(
                f'objective "{self.objective.name}": start = {self.start} must be below stop = {self.stop}'
            )


@dataclass(frozen=True)
class StopRecipe:
    """End a stage once its own kept-out questions are no longer answered better; see training/early_stopping.py."""

    every: Positive  # steps between looks
    patience: Positive = 5  # looks in a row without a gain
    after: UnitInterval = 0.5  # fraction of the stage's steps before the first look; best where the rate begins to fall


@dataclass(frozen=True)
class Stage:
    """One leg of a run, with an optimiser of its own. Give `steps`, or `epochs` over its one objective."""

    name: str
    objectives: tuple[ObjectiveWeight, ...]
    optimiser: ComponentSpec
    schedule: ComponentSpec
    batch: Auto | Positive = 128  # examples, or "auto"
    steps: Auto | Count = 0  # or "auto", which goes by the next two
    visits: Above0 = 36.0  # how often to ask for a fact that only one document states
    fewest_steps: Count = 600
    epochs: Count = 0
    order: Literal["shuffled", "file"] = "shuffled"  # file: file order, a smaller last batch in each epoch
    clip: NotNegative = 0.0  # largest norm of the gradient; 0: no clipping
    group: Positive = 1  # steps that share a pool of examples sorted by length, so that each needs few slices
    at_once: Count = 0  # most positions of a slice, where a larger one does not fit into memory; 0: no limit
    negatives: Count = 0  # outputs drawn to stand for all others in the loss; 0: all outputs
    keep: Count = 0  # checkpoints kept from its second half, evenly spaced, that `--signals all` asks too
    stop: StopRecipe | None = None  # needs data.held_out.stop

    def __post_init__(self) -> None:
        short(self.name, "a stage's name")
        if (isinstance(self.steps, Auto) or self.steps > 0) == (self.epochs > 0):
            raise RecipeError(f"stages.{self.name}: give either steps or epochs, and more than 0 of them")
        if not self.objectives:
            raise RecipeError(f"stages.{self.name} has no objectives")
        if self.group > 1 and self.order == "file":
            raise RecipeError(f"stages.{self.name}: group > 1 deals examples out anew; it needs the shuffled order")
        if len(self.objectives) > 1 and (self.epochs or self.order == "file"):
            raise RecipeError(f"stages.{self.name}: several objectives need steps and the shuffled order")


@dataclass(frozen=True)
class DataRecipe:
    documents: Literal["titled", "text"] = "titled"  # text: any text, one stream
    evidence: bool = True  # index titled documents at the end, so that answers can be looked up in them
    ascii_questions: bool = False  # drop other characters from training questions, as the course's reader does
    derive_questions: bool = False  # ask every title what training asks of some, as its documents answer it
    # Titles that the network is trained on, 0 for all; the others are learned afterwards, from documents and questions.
    trained_titles: Auto | Count = 0
    # Parts of the training questions, by name's hash.
    held_out: Mapping[str, Auto | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = set(self.held_out) - {"choose", "stop", "calibrate"}
        if unknown:
            raise RecipeError(f"data.held_out has an unknown part {min(unknown)!r}; known: choose, stop, calibrate")
        shares = [share for share in self.held_out.values() if not isinstance(share, Auto)]
        if min(shares, default=0) < 0 or sum(shares) >= 1:
            raise RecipeError(f"data.held_out = {dict(self.held_out)} must hold shares from 0 that sum to less than 1")


@dataclass(frozen=True)
class AnswerRecipe:
    length: Auto | Positive = 32  # most tokens of an answer; "auto": half more than what was trained has


@dataclass(frozen=True)
class Recipe:
    name: str
    summary: str
    stages: tuple[Stage, ...]
    seed: Count = 0
    data: DataRecipe = field(default_factory=DataRecipe)
    vocabulary: VocabularyRecipe = field(default_factory=VocabularyRecipe)
    model: ModelRecipe = field(default_factory=ModelRecipe)
    pretrained: PretrainedRecipe | None = None  # a base to teach, in place of a network of `model`'s measures
    answer: AnswerRecipe = field(default_factory=AnswerRecipe)

    def __post_init__(self) -> None:
        short(self.name, "name")
        if not self.stages:
            raise RecipeError(f"recipe {self.name} has no stages")
        if (self.pretrained is None) == (self.vocabulary.kind == "pretrained"):
            raise RecipeError(
                f'recipe {self.name}: [pretrained] and vocabulary.kind = "pretrained" go together; '
                "to teach a pretrained model, take the recipe teach"
            )
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise RecipeError(f"recipe {self.name} has two stages of one name: {names}")
        if self.model.memory is not None and self.model.memory.names:
            if self.vocabulary.kind not in ("words", "pretrained"):
                raise RecipeError(
                    f'model.memory needs vocabulary.kind = "words", in which a name is one token; got '
                    f'"{self.vocabulary.kind}". Write model.memory.names = false to do without'
                )
            if self.data.documents == "text":
                raise RecipeError('data.documents = "text" has no titles, which model.memory needs')
        objectives = {share.objective.name for stage in self.stages for share in stage.objectives}
        if self.data.trained_titles > 0 and not self.learns_later:
            raise RecipeError(
                f"data.trained_titles = {self.data.trained_titles} needs a network of our own with a memory of names "
                "and the objective cue, which learn the others; leave it out"
            )
        if self.data.documents == "text" and (titled := sorted(objectives & {"cue", "masked"})):
            raise RecipeError(f'data.documents = "text" has no titles, which the objective "{titled[0]}" asks about')
        if (early := [stage.name for stage in self.stages if stage.stop]) and not self.data.held_out.get("stop"):
            raise RecipeError(
                f"stages.{early[0]}.stop needs training questions kept out for it, such as data.held_out.stop = 0.05"
            )

    @property
    def learns_later(self) -> bool:
        """Whether names can be learned afterwards in less time than they take to train."""
        cued = any(share.objective.name == "cue" for stage in self.stages for share in stage.objectives)
        return cued and self.pretrained is None and self.model.memory is not None and self.model.memory.names

    @property
    def needs_questions(self) -> bool:
        return any(stage.stop for stage in self.stages) or any(
            share.objective.name == "question" for stage in self.stages for share in stage.objectives
        )

    @property
    def network(self) -> str:
        """What kind of network it is, in words."""
        model, base = self.model, self.pretrained
        size = f"{model.layers} layers of {model.heads} heads, width {model.width}"
        if base is None:
            return (
                f"{size}, mixer {model.mixer.name}, stack {model.stack.name}, positions {model.positions}, "
                f"vocabulary of {self.vocabulary.kind}"
            )
        taught = f"the pretrained model {PurePath(base.model).name} ({size}; SHA-256 {base.sha256[:16]}…)"
        if base.train != "names":
            return taught
        places = ", ".join(map(str, base.layers))
        shared = f"share an adapter of rank {base.rank}" if base.rank else "share no adapter"
        return f"{taught}, frozen; names have vectors before layers {places}, and {shared}"

    def to_toml(self) -> str:
        import tomli_w

        return tomli_w.dumps(encode(self))


def encode(value: Any) -> Any:
    """Dataclasses to plain tables, lists and values for TOML or JSON; None is left out."""
    if isinstance(value, Auto):
        return "auto"
    if isinstance(value, ComponentSpec):
        return {"name": value.name, **encode(value.options)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {name: encode(item) for name, item in fields.items() if item is not None}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


# Checks ---------------------------------------------------------------------------------------------------------


def short(name: str, where: str) -> None:
    """Raise RecipeError for a name that would fill the messages it stands in."""
    if len(name) > LONGEST_KEY:
        raise RecipeError(f"{where} = {shown(name)} is too long; at most {LONGEST_KEY} characters")
