"""Makes the network that a recipe describes: one of our own, or a pretrained one that is taught."""

from __future__ import annotations

from closedbook.config.schema import Recipe
from closedbook.data.vocabulary import Vocabulary
from closedbook.model.gpt import GPT
from closedbook.model.network import Network


def new_network(recipe: Recipe, vocabulary: Vocabulary, begin: bool = False) -> Network:
    """A network with its first weights; `begin`: it is to be trained from them, and nothing will be loaded into it."""
    if recipe.pretrained is None:
        return GPT(recipe.model, vocabulary.size, vocabulary.outputs, len(vocabulary.names))
    from closedbook.data.pretrained_vocabulary import PretrainedTokens
    from closedbook.model.pretrained import TaughtModel

    assert isinstance(vocabulary, PretrainedTokens)
    model = TaughtModel(recipe, vocabulary)
    if begin:
        model.begin(vocabulary)
    return model
