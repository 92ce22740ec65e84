"""Which of a base's own weights are trained, where it is not a memory of names that learns.

Such weights act in every text, so what they learn costs something elsewhere: `closedbook probe` tells how much.
"""

from __future__ import annotations

import warnings

from torch import nn

from closedbook.config.schema import PretrainedRecipe
from closedbook.environment import require_packages
from closedbook.model.pretrained_base import Base, linear_maps


def choose(base: Base, spec: PretrainedRecipe) -> nn.Module | None:
    """Make the weights that `spec.train` names trainable, and return the module that holds them; None for none.

    "all-weights", "layers" (all of the chosen layers) or "lora" (low-rank maps beside the linear maps of the chosen
    layers, by peft; Hu et al. 2022). Raises RunError where peft is not installed.
    """
    if spec.train == "all-weights":
        base.model.requires_grad_(True)
    elif spec.train == "layers":
        for number in spec.layers:
            base.layers[number].requires_grad_(True)
    elif spec.train == "lora":
        _add_lora(base, spec)
    else:
        return None
    return base.model


def _add_lora(base: Base, spec: PretrainedRecipe) -> None:
    require_packages('pretrained.train = "lora"', "peft", extra="pretrained")
    import peft

    chosen = {id(module) for number in spec.layers for _, module in linear_maps(base.layers[number])}
    names = [name for name, module in base.model.named_modules() if id(module) in chosen]
    config = peft.LoraConfig(r=spec.rank, lora_alpha=2 * spec.rank, target_modules=names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that GPT-2's maps are stored the other way around, which it then minds
        peft.inject_adapter_in_model(config, base.model)
