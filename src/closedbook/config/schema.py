"""Recipes: complete, named, immutable descriptions of a run, counted in steps; and the registries they name.

A recipe is a TOML file that maps one to one onto the dataclasses here. Mechanisms (mixers, stacks, objectives,
optimisers, schedules) are named in it; a `Part` is such a name with the options of the class behind it. The
registries map names to import paths, so that nothing here imports torch.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from closedbook.data.files import read_file
from closedbook.errors import RecipeError
from closedbook.validation import LONGEST_KEY, convert, item_name, nearest, parse_toml

REGISTRIES: dict[str, dict[str, str]] = {
    "mixer": {
        "softmax": "closedbook.model.mixers.softmax:Softmax",
        "synthesizer-dense": "closedbook.model.mixers.synthesizer_dense:SynthesizerDense",
        "synthesizer-random": "closedbook.model.mixers.synthesizer_random:SynthesizerRandom",
        "synthesizer-fixed": "closedbook.model.mixers.synthesizer_fixed:SynthesizerFixed",
        "synthesizer-factorized-dense": (
            "closedbook.model.mixers.synthesizer_factorized_dense:SynthesizerFactorizedDense"
        ),
        "synthesizer-factorized-random": (
            "closedbook.model.mixers.synthesizer_factorized_random:SynthesizerFactorizedRandom"
        ),
        "synthesizer-dense-vanilla": "closedbook.model.mixers.synthesizer_dense_vanilla:SynthesizerDenseVanilla",
        "synthesizer-random-vanilla": "closedbook.model.mixers.synthesizer_random_vanilla:SynthesizerRandomVanilla",
    },
    "stack": {
        "uniform": "closedbook.model.stacks:Sequential",
        "perceiver": "closedbook.model.stacks:Perceiver",
    },
    "positions": {
        "learned": "closedbook.model.positions:Learned",
        "rotary": "closedbook.model.positions:Rotary",
        "none": "closedbook.model.positions:NoPositions",
    },
    "objective": {
        "span": "closedbook.objectives.span_corruption:SpanCorruption",
        "language": "closedbook.objectives.language:Language",
        "cue": "closedbook.objectives.cue:Cue",
        "masked": "closedbook.objectives.masked:Masked",
        "question": "closedbook.objectives.question:QuestionAnswer",
    },
    "optimiser": {
        "adamw": "closedbook.training.optimisers:AdamW",
        "muon": "closedbook.training.muon:Muon",
    },
    "schedule": {
        "course": "closedbook.training.schedules:Course",
        "trapezoid": "closedbook.training.schedules:Trapezoid",
    },
}

LARGEST_FILE = 2**20  # bytes of a recipe
# Beyond these, building a network takes minutes before any memory is asked for.
LARGEST_MODEL = {"width": 2**17, "layers": 2**10, "heads": 2**10, "context_length": 2**20}

CUSTOM_MIXERS: dict[
    str, type
] = {}  # mixers from users' files, by name and hash; closedbook.model.custom_mixers fills it


def registered(kind: str, name: str) -> Any:
    """The class registered under `name`. Raises RecipeError, naming the nearest, where there is none."""
    registry = REGISTRIES[kind]
    own, at, sha256 = name.partition("@")
    if kind == "mixer" and at:
        if name not in CUSTOM_MIXERS:
            raise RecipeError(
                f'the mixer "{own}" is from a file of its author\'s own, whose SHA-256 begins {sha256[:12]}; files are '
                f"only executed when asked for: give that very file with --mixer FILE.py:{own}"
            )
        return CUSTOM_MIXERS[name]
    if name not in registry:
        raise RecipeError(f'no {kind} is called "{name}"; {nearest(name, registry)}')
    module, _, attribute = registry[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True)
class ComponentSpec:
    """A registered class by name, with its own options: `{name = "adamw", rate = 6e-3}`."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, data: Any, where: str) -> ComponentSpec:
        """A name alone, or a table of a name and options. These are checked where the part is made."""
        options = {"name": data} if isinstance(data, str) else convert(Mapping[str, Any], data, where)
        name = options.pop("name", None)
        if not isinstance(name, str):
            raise RecipeError(f"{where} needs a name")
        return cls(name, options)

    def make(self, kind: str, *args: Any, **kwargs: Any) -> Any:
        """Call the class with its `Config` built from the options, then the given arguments."""
        cls = registered(kind, self.name)
        return cls(decode(cls.Config, self.options, f'the {kind} "{self.name}"'), *args, **kwargs)


@dataclass(frozen=True)
class VocabularyRecipe:
    kind: str = "characters"  # or "bpe", or "words"
    size: int = 0  # tokens, for bpe

    def __post_init__(self) -> None:
        one_of(self.kind, "vocabulary.kind", ("characters", "bpe", "words"))
        not_negative(self, "vocabulary", "size")


@dataclass(frozen=True)
class MemoryRecipe:
    """The hashed n-gram table; see closedbook.model.ngram_embedding."""

    rows: int = 65_536  # per order; 0: no memory, but an embedding that is trained as one
    orders: tuple[int, ...] = (2, 3)  # how many of the last tokens form a key
    names_only: bool = False  # only n-grams whose tokens are all parts of names (the words vocabulary knows them)


@dataclass(frozen=True)
class ModelRecipe:
    width: int = 256
    layers: int = 4
    heads: int = 8
    context_length: int = 128  # the longest example, in tokens
    stack: ComponentSpec = field(default_factory=lambda: ComponentSpec("uniform"))
    mixer: ComponentSpec = field(default_factory=lambda: ComponentSpec("softmax"))
    positions: str = "learned"
    feedforward: str = "gelu"  # or "relu2": squared ReLU
    norm: str = "layer"  # or "rms": no bias and no gain
    bias: bool = True  # in the linear maps of blocks
    initial: str = "gpt2"  # all weights N(0, 0.02²); or "scaled": by the width of what each map reads
    # What linear maps multiply in, the rest stays float32; "fastest" becomes one of the two when a training begins.
    matmul_dtype: str = "float32"  # or "bfloat16", or "fastest"; or "autocast", torch's
    dropout: float = 0.1
    memory: MemoryRecipe | None = None

    def __post_init__(self) -> None:
        positive(self, "model", "width", "layers", "heads")
        for name, most in LARGEST_MODEL.items():
            if getattr(self, name) > most:
                raise RecipeError(f"model.{name} = {getattr(self, name)} is too large; at most {most:,}")
        if self.context_length < 8:
            raise RecipeError(f"model.context_length = {self.context_length} is too short; at least 8 tokens")
        if self.width % self.heads:
            works = [h for h in range(1, self.width + 1) if self.width % h == 0]
            nearest = min(works, key=lambda h: abs(h - self.heads))
            raise RecipeError(
                f"model.width = {self.width} is not divisible by model.heads = {self.heads}; "
                f"nearest that works: model.heads = {nearest}"
            )
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"model.dropout = {self.dropout} must be at least 0 and below 1")
        one_of(self.feedforward, "model.feedforward", ("gelu", "relu2"))
        one_of(self.norm, "model.norm", ("layer", "rms"))
        one_of(self.initial, "model.initial", ("gpt2", "scaled"))
        one_of(self.matmul_dtype, "model.matmul_dtype", ("float32", "bfloat16", "fastest", "autocast"))
        one_of(self.positions, "model.positions", REGISTRIES["positions"])


@dataclass(frozen=True)
class ObjectiveWeight:
    """An objective of a stage: its share of each batch's examples, from `start` to `stop` (fractions of the stage)."""

    objective: ComponentSpec
    share: float = 1.0
    start: float = 0.0
    stop: float = 1.0
    update_embeddings: bool = True  # whether its gradient reaches the embedding and the memory

    def __post_init__(self) -> None:
        if self.share <= 0 or not 0 <= self.start < self.stop <= 1:
            raise RecipeError(
                f'objective "{self.objective.name}": share must be above 0 and 0 <= start < stop <= 1; '
                f"got share = {self.share}, start = {self.start}, stop = {self.stop}"
            )


@dataclass(frozen=True)
class StopRecipe:
    """End a stage once its own kept-out questions are no longer answered better; see training/early_stopping.py."""

    every: int  # steps between looks
    patience: int = 5  # looks in a row without a gain
    after: float = 0.5  # fraction of the stage's steps before the first look; best where the rate begins to fall

    def __post_init__(self) -> None:
        positive(self, "stop", "every", "patience")
        fraction(self, "stop", "after")


@dataclass(frozen=True)
class Stage:
    """One leg of a run, with an optimiser of its own. Give `steps`, or `epochs` over its one objective."""

    name: str
    objectives: tuple[ObjectiveWeight, ...]
    optimiser: ComponentSpec
    schedule: ComponentSpec
    batch: int = 128  # examples
    steps: int = 0
    epochs: int = 0
    order: str = "shuffled"  # or "file": file order, a smaller last batch in each epoch
    clip: float = 0.0  # largest norm of the gradient; 0: no clipping
    group: int = 1  # steps that share a pool of examples sorted by length, so that each needs few slices
    at_once: int = 0  # most positions of a slice, where a larger one does not fit into memory; 0: no limit
    negatives: int = 0  # outputs drawn to stand for all others in the loss; 0: all outputs
    keep: int = 0  # checkpoints kept from its second half, evenly spaced, that `--signals all` asks too
    stop: StopRecipe | None = None  # needs data.held_out.stop

    def __post_init__(self) -> None:
        positive(self, f"stages.{self.name}", "batch", "group")
        not_negative(self, f"stages.{self.name}", "steps", "epochs", "clip", "at_once", "negatives", "keep")
        if (self.steps > 0) == (self.epochs > 0):
            raise RecipeError(f"stages.{self.name}: give either steps or epochs, and more than 0 of them")
        one_of(self.order, f"stages.{self.name}.order", ("shuffled", "file"))
        if not self.objectives:
            raise RecipeError(f"stages.{self.name} has no objectives")
        if self.group > 1 and self.order == "file":
            raise RecipeError(f"stages.{self.name}: group > 1 deals examples out anew; it needs the shuffled order")
        if len(self.objectives) > 1 and (self.epochs or self.order == "file"):
            raise RecipeError(f"stages.{self.name}: several objectives need steps and the shuffled order")


@dataclass(frozen=True)
class DataRecipe:
    documents: str = "titled"  # or "text": any text, one stream
    evidence: bool = True  # index titled documents at the end, so that answers can be looked up in them
    ascii_questions: bool = False  # drop other characters from training questions, as the course's reader does
    held_out: Mapping[str, float] = field(default_factory=dict)  # parts of the training questions, by name's hash

    def __post_init__(self) -> None:
        one_of(self.documents, "data.documents", ("titled", "text"))
        unknown = set(self.held_out) - {"choose", "stop", "calibrate"}
        if unknown:
            raise RecipeError(f"data.held_out has an unknown part {min(unknown)!r}; known: choose, stop, calibrate")
        if min(self.held_out.values(), default=0) < 0 or sum(self.held_out.values()) >= 1:
            raise RecipeError(f"data.held_out = {dict(self.held_out)} must hold shares from 0 that sum to less than 1")


@dataclass(frozen=True)
class AnswerRecipe:
    length: int = 32  # tokens generated at the most

    def __post_init__(self) -> None:
        positive(self, "answer", "length")


@dataclass(frozen=True)
class Recipe:
    name: str
    summary: str
    stages: tuple[Stage, ...]
    seed: int = 0
    data: DataRecipe = field(default_factory=DataRecipe)
    vocabulary: VocabularyRecipe = field(default_factory=VocabularyRecipe)
    model: ModelRecipe = field(default_factory=ModelRecipe)
    answer: AnswerRecipe = field(default_factory=AnswerRecipe)

    def __post_init__(self) -> None:
        if not self.stages:
            raise RecipeError(f"recipe {self.name} has no stages")
        if self.seed < 0:
            raise RecipeError(f"seed = {self.seed} must not be negative")
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise RecipeError(f"recipe {self.name} has two stages of one name: {names}")
        asked = {share.objective.name for stage in self.stages for share in stage.objectives}
        if self.data.documents == "text" and (titled := sorted(asked & {"cue", "masked"})):
            raise RecipeError(f'data.documents = "text" has no titles, which the objective "{titled[0]}" asks about')
        if (early := [stage.name for stage in self.stages if stage.stop]) and not self.data.held_out.get("stop"):
            raise RecipeError(
                f"stages.{early[0]}.stop needs training questions kept out for it, such as data.held_out.stop = 0.05"
            )

    @property
    def needs_questions(self) -> bool:
        return any(stage.stop for stage in self.stages) or any(
            share.objective.name == "question" for stage in self.stages for share in stage.objectives
        )

    def to_toml(self) -> str:
        import tomli_w

        return tomli_w.dumps(encode(self))


# Reading and writing --------------------------------------------------------------------------------------------


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """A built-in recipe by name, or a recipe file by path, with `key=value` overrides applied.

    Raises RecipeError for an unknown name, a damaged file, an unknown key (naming the nearest) or a bad value.
    """
    path = Path(name_or_path)
    builtin = recipe_folder() / f"{name_or_path}.toml"
    if path.suffix == ".toml" or (os.path.exists(path) and not os.path.isdir(path)):
        source = path
    elif os.path.isfile(builtin):
        source = builtin
    else:
        shown = str(name_or_path)[:LONGEST_KEY]
        raise RecipeError(f'no recipe is called "{shown}"; {nearest(shown, recipe_names())}')
    try:
        if os.path.isfile(source) and source.stat().st_size > LARGEST_FILE:
            raise RecipeError(f"{source} is too large for a recipe; at most {LARGEST_FILE:,} bytes")
        data = parse_toml(read_file(source).decode("utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{source}: no such recipe file; built in: {', '.join(recipe_names())}") from None
    except OSError as error:
        raise RecipeError(f"{source} cannot be read ({error.strerror}); give another file") from None
    except ValueError as error:
        raise RecipeError(f"{source} is not a readable TOML file: {error}") from None
    for override in overrides:
        apply_override(data, override)
    return decode(Recipe, data, "")


def recipe_folder() -> Path:
    return Path(__file__).parent / "recipes"


def recipe_names() -> list[str]:
    return sorted(path.stem for path in recipe_folder().glob("*.toml"))


def apply_override(data: dict[str, Any], override: str) -> None:
    """Set one dotted key, in place: `model.width=128`, `stages.pretrain.epochs=20`. Stages go by their name."""
    key, equals, text = override.partition("=")
    override = " ".join(override.split())[:100]  # as messages show it
    if not equals or not key.strip():
        raise RecipeError(f"--set {override}: write key=value, such as --set model.width=128")
    *parents, last = key.strip().split(".")
    node: Any = data
    for part in parents:
        if isinstance(node, list):
            named = {item_name(item): item for item in node if isinstance(item, dict)}
            if part not in named:
                raise RecipeError(f'--set {override}: nothing is called "{part}"; {nearest(part, named)}')
            node = named[part]
        else:
            node = node.setdefault(part, {})
        if not isinstance(node, (dict, list)):
            raise RecipeError(f"--set {override}: {part} is a value, not a table")
    if not isinstance(node, dict):
        raise RecipeError(f"--set {override}: {key} names a list; give the item's name too")
    try:
        node[last] = parse_toml(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        node[last] = text  # a bare word is a string
    except ValueError as error:
        raise RecipeError(f"--set {override}: {error}") from None


def encode(value: Any) -> Any:
    """Dataclasses to plain tables, lists and values for TOML or JSON; None is left out."""
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


def decode(cls: type, data: Any, where: str) -> Any:
    """The inverse of `encode` for one dataclass. Raises RecipeError for unknown keys, missing ones and wrong types."""
    return convert(cls, data, where)


# Checks ---------------------------------------------------------------------------------------------------------


def positive(owner: Any, where: str, *names: str) -> None:
    """Raise RecipeError unless each named field is above 0."""
    for name in names:
        if getattr(owner, name) <= 0:
            raise RecipeError(f"{where}.{name} = {getattr(owner, name)} must be above 0")


def not_negative(owner: Any, where: str, *names: str) -> None:
    """Raise RecipeError if a named field is below 0."""
    for name in names:
        if getattr(owner, name) < 0:
            raise RecipeError(f"{where}.{name} = {getattr(owner, name)} must not be negative")


def fraction(owner: Any, where: str, *names: str) -> None:
    """Raise RecipeError unless each named field lies between 0 and 1."""
    for name in names:
        if not 0 <= getattr(owner, name) <= 1:
            raise RecipeError(f"{where}: {name} = {getattr(owner, name)} must lie between 0 and 1")


def one_of(value: str, where: str, known: Iterable[str]) -> None:
    """Raise RecipeError, naming the nearest, unless `value` is known."""
    known = list(known)
    if value not in known:
        raise RecipeError(f'{where} = "{value}" is unknown; {nearest(value, known)}')
