"""Finds and loads a causal language model of transformers', and says what closedbook needs to know of it."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from closedbook.config.schema import MemoryRecipe, ModelRecipe, PretrainedRecipe, Recipe
from closedbook.environment import require_packages
from closedbook.errors import RecipeError
from closedbook.model.base_files import check_files, check_measures, check_size, in_a_line
from closedbook.runs.store import fingerprint

WEIGHTS = ("*.safetensors", "*.gguf")
FEW_TOKENS = "eager"  # attention: of short examples, a CPU's fused one takes six times as long
BYTES = {"float32": 4, "bfloat16": 2}


@dataclass(frozen=True)
class Base:
    """A causal language model: its backbone gives hidden states, its head scores of all tokens."""

    model: Any  # a transformers PreTrainedModel
    layers: nn.ModuleList
    head: nn.Module

    @property
    def backbone(self) -> Any:
        return self.model.base_model

    @property
    def config(self) -> Any:
        return text_config(self.model.config)

    def lowered(self) -> Base | None:
        """A copy in bfloat16, in which a CPU that has it multiplies several times faster; None for one that is so."""
        if self.backbone.dtype != torch.float32:
            return None
        model = copy.deepcopy(self.model)
        for parameter in model.parameters():  # and no buffer: angles need all their digits
            parameter.data = parameter.data.bfloat16()
        model.set_attn_implementation(FEW_TOKENS)
        return _with_parts(model)


def _with_parts(model: Any) -> Base:
    return Base(model, layers_of(model), model.get_output_embeddings())


def layers_of(model: Any) -> nn.ModuleList:
    """A model's list of layers. Raises RecipeError for one that has none."""
    number = text_config(model.config).num_hidden_layers
    stacks = [m for m in model.base_model.modules() if isinstance(m, nn.ModuleList) and len(m) == number]
    if not stacks:
        raise RecipeError(f"{type(model).__name__} has no list of its {number} layers; this class is not known")
    return stacks[0]


def linear_maps(layers: nn.Module) -> list[tuple[str, Any]]:
    """The linear maps within a base's layers, and a name for each; GPT-2 has them as Conv1D."""
    return [
        (name.replace(".", "_"), module)
        for name, module in layers.named_modules()
        if isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"
    ]


def text_config(config: Any) -> Any:
    return config.get_text_config(decoder=True)


def longest(config: Any, unlimited: int) -> int:
    """The most tokens that a base reads at once, or `unlimited` where its configuration sets no limit."""
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "sliding_window")]
    return min((limit for limit in limits if limit), default=unlimited)


def settle(recipe: Recipe) -> tuple[Recipe, list[str]]:
    """The recipe with the base's place, hash and measures filled in, and what was found, in words.

    Raises RecipeError where there is no such base, it is no causal language model, or it will not fit into memory.
    """
    spec = recipe.pretrained
    assert spec is not None
    if not spec.model:
        raise RecipeError(f"the recipe {recipe.name} teaches a pretrained model; name its folder with --base")
    place = find(spec)
    check_files(place)
    whole = read_config(place)
    config, numbers = text_config(whole), count_parameters(place, whole)
    layers = spec.layers or default_layers(spec.train, config.num_hidden_layers)
    if max(layers) >= config.num_hidden_layers or min(layers) < 0:
        raise RecipeError(
            f"pretrained.layers = {list(layers)}: this base has layers 0 to {config.num_hidden_layers - 1}"
        )
    model = replace(
        recipe.model, width=config.hidden_size, layers=config.num_hidden_layers, heads=config.num_attention_heads,
        context_length=min(recipe.model.context_length, longest(config, recipe.model.context_length)),
        memory=MemoryRecipe() if spec.train == "names" else None,
    )  # fmt: skip
    pretrained = replace(spec, model=str(place), sha256=spec.sha256 or hash_weights(place), layers=layers)
    _check_memory(numbers, pretrained, model)
    words = [f"base {place.name}: {numbers:,} weights, {config.num_hidden_layers} layers of {config.hidden_size}"]
    return replace(recipe, model=model, pretrained=pretrained), words


def find(spec: PretrainedRecipe) -> Path:
    """The folder or GGUF file of a base. A name is looked up on transformers' hub, or in what was fetched before."""
    path = Path(spec.model).expanduser()
    if path.suffix == ".gguf" and path.is_file():
        return path.resolve()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise RecipeError(f"{path} is no model of transformers' (no config.json); name a folder that has one")
        return path.resolve()
    if path.exists() or spec.model.count("/") > 1 or spec.model.startswith((".", "/", "~")):
        raise RecipeError(f"{path}: there is no such folder; name a model's folder, a GGUF file, or a name on the hub")
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.safetensors", "*.model", "*.txt"]
    try:
        return Path(snapshot_download(spec.model, revision=spec.revision or None, allow_patterns=wanted)).resolve()
    except Exception as error:  # the hub's client has some twenty kinds, requests' among them
        reason = str(error).splitlines()[0][:120]
        raise RecipeError(
            f'no folder is called "{spec.model}", and it cannot be had from the hub ({reason}); '
            "where there is a network, `hf download` it, and name its folder"
        ) from None


def read_config(place: Path) -> Any:
    """A base's configuration. Raises RecipeError where it is not of a kind that transformers knows."""
    with _transformers(f"{place} cannot be opened by transformers") as transformers:
        config = transformers.AutoConfig.from_pretrained(**_where(place), trust_remote_code=False)
        check_measures(place, text_config(config))
        return config


def count_parameters(place: Path, config: Any) -> int:
    """How many weights a base has, without loading them. Raises RecipeError where it is no causal language model."""
    with _transformers(f"{place} is no causal language model") as transformers, torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    numbers = sum(p.numel() for p in model.parameters())
    check_size(place, numbers)
    return numbers


def load(place: Path, spec: PretrainedRecipe) -> Base:
    """A base with its weights. Raises RecipeError where these are not what the run began with, or cannot be read."""
    if not place.exists():
        raise RecipeError(f"the base {place} is not there any more; bring it back")
    check_files(place)
    if spec.sha256 and (sha256 := hash_weights(place)) != spec.sha256:
        raise RecipeError(
            f"{place} is not the base that this run was taught on (SHA-256 {sha256[:12]}…); bring it back"
        )
    with _transformers(f"{place} cannot be loaded") as transformers:
        model, loading = transformers.AutoModelForCausalLM.from_pretrained(
            **_where(place), dtype=getattr(torch, spec.dtype), trust_remote_code=False, output_loading_info=True
        )
    if missing := sorted(loading["missing_keys"]):
        raise RecipeError(f"{place} lacks {len(missing):,} of its weights, {missing[0]} among them; bring them back")
    model.eval().requires_grad_(False)
    return _with_parts(model)


def read_tokenizer(place: Path) -> Any:
    """The base's tokenizer, as a `tokenizers.Tokenizer`. Raises RecipeError where it has none of that kind."""
    from tokenizers import Tokenizer

    with _transformers(f"{place}: its tokenizer cannot be read") as transformers:
        tokenizer = transformers.AutoTokenizer.from_pretrained(**_where(place), trust_remote_code=False)
        return Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())


def hash_weights(place: Path) -> str:
    """A hash of a base's weights and configuration, whatever the folder's name."""
    files = [place] if place.is_file() else sorted(path for kind in WEIGHTS for path in place.glob(kind))
    if (config := place / "config.json").is_file():
        files.append(config)
    parts = [f"{path.name} {fingerprint(path)}" for path in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _where(place: Path) -> dict[str, Any]:
    """Where a base is, as transformers takes it; nothing is ever fetched by this."""
    if place.is_file():
        return {"pretrained_model_name_or_path": str(place.parent), "gguf_file": place.name, "local_files_only": True}
    return {"pretrained_model_name_or_path": str(place), "local_files_only": True, "use_safetensors": True}


def _check_memory(numbers: int, spec: PretrainedRecipe, model: ModelRecipe) -> None:
    """Raise RecipeError where a base is too large for this machine to teach, before anything is loaded."""
    own = BYTES[spec.dtype]
    lowered = spec.train == "names" and own == 4 and model.matmul_dtype in ("bfloat16", "fastest")
    share = {"all-weights": 1.0, "layers": len(spec.layers) / model.layers}.get(spec.train, 0.0)
    # Beside the weights: a copy in bfloat16; the gradient and AdamW's two moments.
    needed = numbers * (own + 2 * lowered + 4 * 3 * share)
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 1 << 62
    if needed > 0.9 * there:
        smaller = ' --set pretrained.dtype="bfloat16"' if spec.dtype == "float32" else " a smaller base"
        raise RecipeError(
            f"{spec.model}: {numbers:,} weights need about {needed / 1e9:.0f} GB, and this machine has "
            f"{there / 1e9:.0f} GB; try{smaller}"
        )


def default_layers(train: str, number: int) -> tuple[int, ...]:
    """Which of a base's layers a recipe means that names none.

    For a memory of names, every second one of the lower half; all of the upper half for "layers"; else all.
    """
    if train == "names":
        return tuple(range(0, max(1, number // 2), 2))
    return tuple(range(number // 2 if train == "layers" else 0, number))


@contextlib.contextmanager
def _transformers(what: str) -> Iterator[Any]:
    """transformers; what it raises within is a RecipeError of one line, `what` and the reason."""
    require_packages("a pretrained base", "transformers", extra="pretrained")
    import transformers

    with in_a_line(what), quiet(transformers):
        yield transformers


@contextlib.contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """transformers' progress bars, and what it logs of a file that cannot be used, belong to a terminal of its own."""
    logging = transformers.utils.logging
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
