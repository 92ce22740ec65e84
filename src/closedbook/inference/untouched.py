"""Opens a pretrained model as it is, untaught, as a network like any other."""

from __future__ import annotations

from pathlib import Path

from closedbook.config.loading import load_recipe
from closedbook.data.pretrained_vocabulary import PretrainedTokens
from closedbook.model import pretrained_base
from closedbook.model.devices import find_device
from closedbook.model.network import Network
from closedbook.model.pretrained import TaughtModel

LONGEST = 2048  # tokens of a prompt with its answer, where the base reads so many


def open_base(
    base: str, device: str = "cpu", dtype: str = "float32", sha256: str = ""
) -> tuple[Network, PretrainedTokens]:
    """A causal language model of transformers' and its tokens, by its folder, its GGUF file or its name on the hub.

    `dtype` is float32 or bfloat16; with `sha256` it must be that very one. Raises RecipeError where it cannot be used.
    """
    place = find_device(device)
    sets = [f"pretrained.dtype={dtype}", "pretrained.train=nothing", f"model.context_length={LONGEST}"]
    recipe = load_recipe("teach", [f"pretrained.model={base}", f"pretrained.sha256={sha256}", *sets])
    recipe, _ = pretrained_base.settle(recipe)
    assert recipe.pretrained is not None
    vocabulary = PretrainedTokens(pretrained_base.read_tokenizer(Path(recipe.pretrained.model)))
    model = TaughtModel(recipe, vocabulary)
    model.begin(vocabulary)
    return model.to(place).eval(), vocabulary
