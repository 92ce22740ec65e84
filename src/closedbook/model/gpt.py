"""The decoder: embeddings, a stack of pre-norm blocks, an untied head.

With the course's recipe this is the assignment's minGPT, parameter for parameter; its mathematics is GPT-2's
(Radford et al. 2019) with exact GELU, and a test holds the logits to Hugging Face's implementation.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.model.cache import Cache
from closedbook.model.memory import Memory
from closedbook.model.positions import Rotation
from closedbook.recipe import ModelRecipe, registered
from closedbook.shapes import Float, Int


class GPT(nn.Module):
    """Token ids (batch, time) to hidden states (batch, time, width), and by `head` to logits over the vocabulary."""

    def __init__(self, recipe: ModelRecipe, vocabulary_size: int) -> None:
        super().__init__()
        self.recipe, self.vocabulary_size = recipe, vocabulary_size
        self.embedding = nn.Embedding(vocabulary_size, recipe.width)
        self.positions = registered("positions", recipe.positions)(recipe)
        self.memory = Memory(recipe.memory, recipe.width) if recipe.memory else None
        self.dropout = nn.Dropout(recipe.dropout)
        self.stack = recipe.stack.make("stack", recipe, [Block(recipe, layer) for layer in range(recipe.layers)])
        self.norm = make_norm(recipe)
        self.head = nn.Linear(recipe.width, vocabulary_size, bias=False)
        self.apply(_initialise)
        for module in self.modules():  # parameters that are no Linear's, Embedding's or LayerNorm's
            if hasattr(module, "initialise"):
                module.initialise()

    def forward(
        self, tokens: Int[Tensor, "batch time"], cache: Cache | None = None
    ) -> Float[Tensor, "batch time width"]:
        """Final hidden states. With a `cache`, `tokens` are the next ones of each row and the cache is extended."""
        at = cache.advance(tokens) if cache else torch.arange(tokens.shape[1], device=tokens.device)[None]
        x = self.embedding(tokens)
        if (learned := self.positions.embed(at)) is not None:
            x = x + learned
        if self.memory is not None:
            x = x + self.memory(cache.tokens if cache else tokens, at if cache else None)
        x = self.stack(self.dropout(x), self.positions.rotation(at), cache)
        return self.norm(x)

    def logits(self, tokens: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time vocabulary"]:
        """Scores of every next token at every position."""
        return self.head(self(tokens))

    def loss(
        self, tokens: Int[Tensor, "batch time"], at: Int[Tensor, " target"], target: Int[Tensor, " target"]
    ) -> Float[Tensor, ""]:
        """Summed cross-entropy in nats of `target` at the flat positions `at` of (batch · time)."""
        hidden = self(tokens).flatten(0, 1).index_select(0, at)
        return F.cross_entropy(self.head(hidden), target, reduction="sum")

    def count_parameters(self) -> dict[str, int]:
        """Trainable numbers: `dense`, `memory` and their sum `total`."""
        memory = sum(p.numel() for p in self.memory.parameters()) if self.memory is not None else 0
        total = sum(p.numel() for p in self.parameters() if p.requires_grad)
        return {"dense": total - memory, "memory": memory, "total": total}


class Block(nn.Module):
    """Information moves between positions in the mixer, and is worked on at each position in the MLP."""

    def __init__(self, recipe: ModelRecipe, layer: int) -> None:
        super().__init__()
        self.norm1 = make_norm(recipe)
        self.mixer = recipe.mixer.make("mixer", recipe, layer)
        self.norm2 = make_norm(recipe)
        self.mlp = MLP(recipe)
        self.dropout = nn.Dropout(recipe.dropout)

    def forward(
        self, x: Float[Tensor, "batch time width"], rotation: Rotation | None, cache: Cache | None
    ) -> Float[Tensor, "batch time width"]:
        x = x + self.dropout(self.mixer(self.norm1(x), rotation, cache))
        return x + self.dropout(self.mlp(self.norm2(x)))


class MLP(nn.Module):
    """Two linear maps, four times the width between them."""

    def __init__(self, recipe: ModelRecipe) -> None:
        super().__init__()
        self.up = nn.Linear(recipe.width, 4 * recipe.width, bias=recipe.bias)
        self.down = nn.Linear(4 * recipe.width, recipe.width, bias=recipe.bias)
        self.activation = {"gelu": F.gelu, "relu2": squared_relu}[recipe.feedforward]

    def forward(self, x: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
        return self.down(self.activation(self.up(x)))


def squared_relu(x: Tensor) -> Tensor:
    """max(x, 0)² (So et al. 2021, Primer)."""
    return F.relu(x).square()


class RMSNorm(nn.Module):
    """x / √mean(x²), without gain or bias (Zhang and Sennrich 2019)."""

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:])


def make_norm(recipe: ModelRecipe) -> nn.Module:
    return nn.LayerNorm(recipe.width) if recipe.norm == "layer" else RMSNorm()


def _initialise(module: nn.Module) -> None:
    """Weights N(0, 0.02²), biases 0, as GPT-2 and the course have them."""
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
