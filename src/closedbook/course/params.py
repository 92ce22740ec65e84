"""The course's parameter files: a pickled dictionary of tensors under minGPT's names, causal masks included."""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from closedbook.data.files import read_bytes
from closedbook.errors import RecipeError, RunError
from closedbook.model.gpt import GPT
from closedbook.runs.store import write_output

CONSTANTS = (".mask", ".rope_cache")  # entries that are not trained
WRAPPERS = ("module.", "_orig_mod.")  # prefixes of DataParallel and torch.compile


def params(model: GPT) -> dict[str, Tensor]:
    """Everything that the course's own model would save, in its order, as copies.

    Raises RecipeError for a network that the course's code has no class for.
    """
    return {name: tensor.detach().clone().contiguous() for name, tensor in _named(model)}


def put_params(model: GPT, tensors: dict[str, Tensor], source: str) -> None:
    """Copy parameters under the course's names into a network, or change nothing if they do not fit.

    Raises RunError, naming `source` and the first name or shape that differs; RecipeError as `params` does.
    """
    if unlike := other_rope_cache(model, tensors):
        warnings.warn(f"{source}: {unlike[0]}", stacklevel=2)
    places = {name: place for name, place in _named(model) if not name.endswith(CONSTANTS)}
    weights = {name: tensor for name, tensor in tensors.items() if not name.endswith(CONSTANTS)}
    for name in (*places, *weights):
        if name not in weights:
            lost = "was it saved by another variant?"
            if name == "down_block.C" and "down_block.ln1.weight" in weights:
                lost = "C was no nn.Parameter then, neither trained nor saved: mend the model and train it anew"
            raise RunError(f"{source} has no {name}, which this variant has; {lost}")
        if name not in places:
            raise RunError(f"{source} has {name}, which this variant has not; was it saved by another variant?")
        tensor = weights[name]
        if tensor.layout != torch.strided or tensor.is_nested or tensor.is_meta or not tensor.is_floating_point():
            kind = "meta" if tensor.is_meta else f"{tensor.layout}, {tensor.dtype}".replace("torch.", "")
            raise RunError(
                f"{source}: {name} is no plain tensor of real numbers ({kind}); save it as model.state_dict()"
            )
        if places[name].shape != tensor.shape:
            why = {"tok_emb.weight": "give the corpus it was trained on", "head.weight": "give its own corpus"}
            raise RunError(
                f"{source}: {name} is {list(tensor.shape)}, but {list(places[name].shape)} is needed; "
                f"{why.get(name, 'was it saved by another variant, or with another --bottleneck_dim?')}"
            )
        if not torch.isfinite(tensor.float()).all():
            raise RunError(f"{source}: {name} holds values that are no numbers; its training diverged, train it anew")
    with torch.no_grad():
        for name, place in places.items():
            place.copy_(weights[name])


def other_rope_cache(model: GPT, tensors: dict[str, Tensor]) -> tuple[str, Tensor | None] | None:
    """If a file's `rope_cache` differs from ours: a message, and its rotations (time, pair) if they can be used.

    The course's model saves the result of the student's `precompute_rotary_emb`, with which it was trained.
    """
    caches = {name: tensor for name, tensor in tensors.items() if name.endswith(".rope_cache")}
    if not caches or model.recipe.positions != "rotary":
        return None
    positions: Any = model.positions
    ours, (name, first) = torch.view_as_real(positions.turns).cpu(), next(iter(caches.items()))
    if any(tensor.shape != ours.shape or tensor.is_complex() for tensor in caches.values()):
        return (
            f"{name} is {list(first.shape)}, not {list(ours.shape)}, and is not used: if its rotations are others than "
            "the handout's, the answers are another network's"
        ), None
    if all(torch.allclose(tensor.float(), ours, atol=1e-3) for tensor in caches.values()):
        return None
    if any(not torch.equal(tensor, first) for tensor in caches.values()):
        return "its layers have different rope_caches, which are not used; the answers are another network's", None
    return (
        "its rope_cache is not the handout's (theta_i = 10000^(-2(i-1)/d), t from 0); answers are given with the "
        "file's own, training goes on with the handout's; cs224n check says what is wrong with attention.py"
    ), torch.view_as_complex(first.float().contiguous())


def use_rope_cache(model: GPT, tensors: dict[str, Tensor]) -> None:
    """Make a network answer with the `rope_cache` that it was trained with."""
    if (unlike := other_rope_cache(model, tensors)) is not None and unlike[1] is not None:
        model.positions.turns = unlike[1]


def write_params(path: Path, model: GPT) -> None:
    """Write a file that the course's `model.load_state_dict(torch.load(path))` reads. Raises RunError, RecipeError."""
    content = io.BytesIO()
    torch.save(params(model), content)
    write_output(path, content.getvalue())


def read_params(path: Path) -> tuple[dict[str, Tensor], str]:
    """(tensors by the course's names, SHA-256 of the file), whatever device they were saved from.

    The file is a pickle, of which only tensors are accepted and no code is run. Raises DataError if it cannot be read
    and RunError if it holds anything else.
    """
    content = read_bytes(path, "parameters saved by torch.save")
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):  # torch.load does not verify the checksums
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if (part := archive.testzip()) is not None:
                    raise ValueError(f"the checksum of {part} differs")
        state: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or hostile pickle fails in many ways, each with a page of advice
        reason = type(error).__name__
        if not isinstance(error, UnpicklingError):  # its text is only advice to trust the file
            reason += ": " + " ".join(str(error).split("\n\n")[0].split())[:160]
        safe = path.suffix == ".safetensors"
        advice = "; make one with: closedbook export RUN --to params --output FILE" if safe else ""
        raise RunError(f"{path} is no file of parameters ({reason}); nothing was run{advice}") from None
    if not isinstance(state, dict) or not state or not all(isinstance(item, Tensor) for item in state.values()):
        raise RunError(f"{path} is no file of parameters; save it with torch.save(model.state_dict(), path)")
    tensors = {}
    for name, tensor in state.items():
        for wrapper in WRAPPERS:
            name = str(name).removeprefix(wrapper)
        tensors[name] = tensor
    return tensors, hashlib.sha256(content).hexdigest()


def _named(model: GPT) -> Iterator[tuple[str, Tensor]]:
    """(the course's name, a view of our tensor, or a constant) in the order of the course's `state_dict`."""
    _check(model)
    recipe = model.recipe
    if recipe.positions == "learned":
        yield "pos_emb", model.positions.table[None]
    yield "tok_emb.weight", model.embedding.weight
    stack: Any = model.stack
    blocks = list(stack.blocks)
    if recipe.stack.name == "perceiver":
        yield "down_block.C", stack.C
        yield from _block("down_block", blocks[0], model, recipe.context_length)
        for number, block in enumerate(blocks[1:-1]):
            yield from _block(f"blocks.{number}", block, model, stack.C.shape[1])
        yield from _block("up_block", blocks[-1], model, recipe.context_length)
    else:
        for number, block in enumerate(blocks):
            yield from _block(f"blocks.{number}", block, model, recipe.context_length)
    yield from _linear("ln_f", model.norm)
    yield "head.weight", model.head.weight


def _block(name: str, block: Any, model: GPT, length: int) -> Iterator[tuple[str, Tensor]]:
    yield from _linear(f"{name}.ln1", block.attn_norm)
    yield from _linear(f"{name}.ln2", block.mlp_norm)
    for part, tensor in _attention(block.mixer, model, length):
        yield f"{name}.attn.{part}", tensor
    yield from _linear(f"{name}.mlp.0", block.mlp.up)
    yield from _linear(f"{name}.mlp.2", block.mlp.down)


def _attention(mixer: Any, model: GPT, length: int) -> Iterator[tuple[str, Tensor]]:
    if hasattr(mixer, "B"):
        yield "w2", mixer.B
        yield "b2", mixer.b2
    if model.recipe.positions == "rotary":
        turns: Any = model.positions.turns
        yield "rope_cache", torch.view_as_real(turns)  # (block, d_h / 2, 2): cos and sin
    yield "mask", torch.ones(length, length).tril()[None, None]
    if hasattr(mixer, "B"):
        yield from _linear("w1", mixer.A)
        yield from _linear("value", mixer.value)
    elif hasattr(mixer, "qkv"):
        for number, part in ((1, "key"), (0, "query"), (2, "value")):
            yield f"{part}.weight", mixer.qkv.weight.chunk(3)[number]
            yield f"{part}.bias", mixer.qkv.bias.chunk(3)[number]
    else:
        for part in ("key", "query", "value"):
            yield from _linear(part, getattr(mixer, part))
    yield from _linear("proj", mixer.out)


def _linear(name: str, module: Any) -> Iterator[tuple[str, Tensor]]:
    yield f"{name}.weight", module.weight
    yield f"{name}.bias", module.bias


def _check(model: GPT) -> None:
    """Raise RecipeError unless the course's code could hold this network."""
    recipe = model.recipe
    lacks = {
        f"mixer {recipe.mixer.name}": recipe.mixer.name not in ("softmax", "synthesizer-dense"),
        "normalised queries and keys": bool(recipe.mixer.options.get("qk_norm")),
        f"stack {recipe.stack.name}": recipe.stack.name not in ("uniform", "perceiver"),
        "Perceiver with rotary positions": recipe.stack.name == "perceiver" and recipe.positions == "rotary",
        "Perceiver with a Synthesizer": recipe.stack.name == "perceiver" and recipe.mixer.name != "softmax",
        "model without positions": recipe.positions == "none",
        f"{recipe.feedforward} activation": recipe.feedforward != "gelu",
        f"{recipe.norm} norm": recipe.norm != "layer",
        "map without bias": not recipe.bias,
        "memory": recipe.memory is not None,
        "vocabulary of answers": model.head.out_features != model.embedding.num_embeddings,
    }
    for what, lacking in lacks.items():
        if lacking:
            raise RecipeError(f"the course's code has no {what}, so its .params file cannot hold this network")
