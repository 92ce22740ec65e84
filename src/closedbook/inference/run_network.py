"""A run's network, built by its recipe and filled with its weights; a damaged or deceiving folder is refused."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from closedbook.config.schema import Recipe
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import RecipeError, RunError
from closedbook.model.devices import shapes_only
from closedbook.model.factory import new_network
from closedbook.model.gpt import GPT
from closedbook.model.name_memory import LENGTH_KEY, READERS_KEY
from closedbook.model.network import Network
from closedbook.runs.folder import RunFolder
from closedbook.runs.weights import load_tensors, load_weights

ROOM = 2**26  # numbers of a network that no file of weights holds: masks, turns


def load_network(recipe: Recipe, vocabulary: Vocabulary, folder: RunFolder, name: str) -> Network:
    """A run's network, with weights from a file of its folder. Raises RunError where they are damaged."""
    weights = folder.path / name
    tensors, _ = load_tensors(weights, checked=weights.is_file() and folder.check(name))
    try:
        model = make_network(recipe, vocabulary, tensors)
    except (RecipeError, RunError) as error:
        raise RunError(f"{folder.path} is damaged ({error}); bring its files back from a copy") from None
    readers, length = tensors.pop(READERS_KEY, None), tensors.pop(LENGTH_KEY, None)
    load_weights(model, tensors, weights)
    if isinstance(model, GPT) and model.memory is not None:
        try:
            model.memory.take(readers, length)
        except ValueError as error:
            raise RunError(f"{weights} is damaged ({error}); bring it back from a copy, or train anew") from None
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise RunError(f"{weights} holds values that are no numbers: its training diverged; train anew at a lower rate")
    return model.eval()


def make_network(recipe: Recipe, vocabulary: Vocabulary, tensors: Mapping[str, torch.Tensor]) -> Network:
    """A run's network, whose weights are still to be put in. Raises RecipeError for one that cannot be made.

    Its size is first held to that of its weights: a folder from elsewhere may ask for any amount of memory. Raises
    RunError where it asks for more, or where the vocabulary has names and the network no memory of them.
    """
    memory = recipe.model.memory
    if len(vocabulary.names) and not (memory is not None and memory.names):
        raise RunError("its vocabulary has names, and its recipe no memory of them")

    def build() -> Network:
        with torch.random.fork_rng(devices=[]):  # drawing weights that are overwritten must not disturb the caller
            return new_network(recipe, vocabulary)

    try:
        # A user's class need not know a device without memory, and a base is as large as it is.
        if "@" not in recipe.model.mixer.name and recipe.pretrained is None:
            there = sum(tensor.numel() for tensor in tensors.values())
            with shapes_only():
                model = build()
            if sum(x.numel() for x in (*model.parameters(), *model.buffers())) > 2 * there + ROOM:
                raise RunError("its recipe asks for a larger network than its weights are of")
        return build()
    except (RuntimeError, TypeError, OverflowError) as error:  # torch's words for a size beyond memory, or beyond 2**63
        raise RunError(f"its network cannot be made: {str(error).splitlines()[0][:200]}") from None
