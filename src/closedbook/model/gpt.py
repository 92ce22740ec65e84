"""The decoder: embeddings, a stack of pre-norm blocks, an untied head.

With the course's recipe this is the assignment's minGPT, parameter for parameter; its mathematics is GPT-2's
(Radford et al. 2019) with exact GELU, and a test holds the logits to Hugging Face's implementation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.config.registry import registered
from closedbook.config.schema import ModelRecipe
from closedbook.data.arrays import NONE
from closedbook.data.vocabulary import PAD
from closedbook.errors import RecipeError
from closedbook.model.dropout import Dropout, add_dropped
from closedbook.model.kv_cache import Cache
from closedbook.model.linear import Linear
from closedbook.model.name_memory import FIRST_READER, NameMemory
from closedbook.model.network import Layer, Network, at_targets
from closedbook.model.ops import gelu, rms_norm, squared_relu
from closedbook.model.packing import PackedBatch, Packing, by_chunk
from closedbook.model.shapes import Hidden, Packed, Targets, Tokens
from closedbook.typing import Bool, Float


@dataclass(frozen=True)
class Candidates:
    """Outputs that stand for all in a sampled loss: the targets, and others drawn at random.

    The scores of those drawn are raised by log(others / drawn), so that the sum over them is right on average.
    """

    own: Tensor  # (own,) int64: every target, once, ascending
    drawn: Tensor  # (drawn,) int64
    raised: float


class GPT(Network):
    """Token ids (batch, time) to hidden states (batch, time, width), and by `head` to scores of `outputs` tokens.

    Ids up to `inputs` are of the embedding; with a memory, `names` more are names, each with vectors of its own.
    """

    def __init__(self, recipe: ModelRecipe, inputs: int, outputs: int | None = None, names: int = 0) -> None:
        super().__init__()
        self.recipe, self.inputs = recipe, inputs
        self.embedding = nn.Embedding(inputs, recipe.width, sparse=recipe.memory is not None)
        self.positions = registered("positions", recipe.positions)(recipe)
        self.memory = NameMemory(names, recipe.width) if recipe.memory and names else None
        # Looked-up rows grow at their own rate; without a gain to learn, the norm keeps them in proportion.
        self.embed_norm = make_norm(recipe) if recipe.norm == "rms" else nn.Identity()
        self.dropout = Dropout(recipe.dropout)
        self.stack = recipe.stack.make("stack", recipe)
        self.sparse = self.embedding.sparse
        self.takes_packed_rows = all(hasattr(block.mixer, "forward_packed") for block in self.stack.blocks)
        self.norm = make_norm(recipe)
        self.head = Linear(recipe.width, outputs or inputs, bias=False, matmul_dtype=recipe.matmul_dtype)
        self.apply(_initialise)
        if recipe.initial == "scaled":
            _scale(self)

    def forward(
        self,
        tokens: Tokens,
        cache: Cache | None = None,
        target_positions: Targets | None = None,
        update_embeddings: Bool[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, ...]:
        """Final hidden states (batch, time, width), or (target, width) at flat `target_positions` of (batch · time).

        With a `cache`, `tokens` are the next ones of each row and the cache is extended. Rows that
        `update_embeddings` says no to send no gradient into the embedding and the memory.
        """
        positions = cache.advance(tokens) if cache else torch.arange(tokens.shape[1], device=tokens.device)[None]
        x = self.embed(tokens)
        if update_embeddings is not None:
            x = torch.where(update_embeddings[:, None, None], x, x.detach())
        x = self.embed_norm(x)
        if (learned := self.positions.embed(positions)) is not None:
            x = x + learned
        x = self.stack(self.dropout(x), self.positions.rotation(positions), cache, target_positions)
        return self.norm(x)

    def embed(self, tokens: Tokens) -> Hidden:
        """The vector of each token; from `inputs` on, tokens are names of the memory."""
        if self.memory is None:
            return self.embedding(tokens)
        names = tokens - self.inputs
        return self.memory(names)[:, :, 0].where(names[:, :, None] >= 0, self.embedding(tokens.where(names < 0, PAD)))

    @torch.inference_mode()
    def read(self, tokens: Tokens, target_positions: Targets | None = None) -> Float[Tensor, "*places state"]:
        """The final states, with each of the memory's readers in place of the names.

        (batch, time, state), or (target, state) at flat `target_positions`; one reader's after another's.
        Raises ValueError for a network without readers.
        """
        if self.memory is None or not len(self.memory.readers):
            raise ValueError("this network has no readers")
        states = [
            self(tokens.where(tokens < self.inputs, self.inputs + FIRST_READER + number), None, target_positions)
            for number in range(len(self.memory.readers))
        ]
        return torch.cat(states, -1)

    def loss(
        self,
        tokens: Tokens,
        target_positions: Targets,
        target: Targets,
        update_embeddings: Bool[Tensor, " batch"] | None = None,
        candidates: Candidates | None = None,
    ) -> Float[Tensor, ""]:
        """Summed cross-entropy in nats of `target` at the flat `target_positions` of (batch · time).

        With `candidates` it is taken over these outputs only, all targets among them.
        """
        hidden = self(tokens, target_positions=target_positions, update_embeddings=update_embeddings)
        if candidates is None:
            return F.cross_entropy(self.head(hidden), target, reduction="sum")
        own, drawn = candidates.own.to(target.device), candidates.drawn.to(target.device)
        raised = torch.cat([hidden.new_zeros(len(own)), hidden.new_full((len(drawn),), candidates.raised)])
        scores = self.head.rows(hidden, torch.cat([own, drawn])) + raised
        return F.cross_entropy(scores, torch.searchsorted(own, target), reduction="sum")

    def packed_loss(self, batch: PackedBatch) -> Float[Tensor, ""]:
        """`loss` of rows laid end to end."""
        positions = batch.packing.positions[None]
        x = self.embed_norm(self.embedding(batch.tokens))
        if (learned := self.positions.embed(positions)) is not None:
            x = x + learned[0]
        rotation = self.positions.rotation(positions)
        x = self.stack.forward_packed(self.dropout(x), rotation, batch.packing, batch.target_positions)
        scores = self.head.product(self.norm(x))
        return F.cross_entropy(scores.to(x.dtype), batch.labels, ignore_index=NONE, reduction="sum")

    def draw(self, targets: Targets, negatives: int) -> Candidates | None:
        """`negatives` outputs to take the loss of these targets over, on the CPU; None where that would be all."""
        outputs = self.head.out_features
        if not negatives or negatives >= outputs:
            return None
        own = targets.unique()
        drawn = torch.randperm(outputs)
        drawn = drawn[torch.isin(drawn, own, invert=True)][: max(1, negatives - len(own))]
        return Candidates(own, drawn, math.log((outputs - len(own)) / len(drawn)) if len(drawn) else 0.0)

    @property
    def device(self) -> torch.device:
        return self.embedding.weight.device

    @property
    def packable(self) -> bool:
        return (
            hasattr(self.stack, "forward_packed")
            and self.recipe.memory is None
            and self.recipe.matmul_dtype != "autocast"
            and self.device.type == "cpu"
        )

    @property
    def reads_first(self) -> Dropout:
        return self.dropout

    def attending(self) -> list[Layer]:
        blocks = [block for block in self.stack.blocks if hasattr(block.mixer, "weights")]
        return [Layer(block, block.mixer, block.mixer.out, block.mixer.heads) for block in blocks]

    @property
    def shareable(self) -> bool:
        """Whether several threads may call it at once.

        A mixer of the user's own may keep something between calls, or draw from torch's generator.
        """
        return {type(module).__module__.partition(".")[0] for module in self.modules()} <= {"closedbook", "torch"}


def own_network(model: Network) -> GPT:
    """The network as one of our own, for what works with these alone. Raises RecipeError for a pretrained one."""
    if not isinstance(model, GPT):
        raise RecipeError("this works with a network of our own, and not with a pretrained model that was taught")
    return model


class Block(nn.Module):
    """Information moves between positions in the mixer, and is worked on at each position in the MLP.

    A mixer may have `forward_at`, which computes what it gives at some positions alone, and `forward_packed`, which
    takes rows laid end to end as they are.
    """

    def __init__(self, recipe: ModelRecipe, mixer: Any) -> None:
        super().__init__()
        self.attn_norm = make_norm(recipe)
        self.mixer = mixer
        self.mlp_norm = make_norm(recipe)
        self.mlp = MLP(recipe)
        self.dropout = Dropout(recipe.dropout)

    def forward(
        self, x: Hidden, rotation: Tensor | None, cache: Cache | None, target_positions: Targets | None = None
    ) -> Float[Tensor, ...]:
        """(batch, time, width) to the same; or, where only the flat `target_positions` matter, to (target, width)."""
        normed = self.attn_norm(x)
        if target_positions is None or cache is not None or not hasattr(self.mixer, "forward_at"):
            return self.add(x, self.mixer(normed, rotation, cache), target_positions)
        return self.add(at_targets(x, target_positions), self.mixer.forward_at(normed, rotation, target_positions))

    def forward_packed(
        self, x: Packed, rotation: Tensor | None, packing: Packing, target_positions: Targets | None = None
    ) -> Float[Tensor, ...]:
        """The same of rows laid end to end: (token, width) to the same; or to (target, width)."""
        normed = self.attn_norm(x)
        if hasattr(self.mixer, "forward_packed"):
            mixed = self.mixer.forward_packed(normed, rotation, packing)
        else:
            mixed = by_chunk(packing, normed, rotation, lambda rows, turns: self.mixer(rows, turns, None))
        if target_positions is not None:
            x, mixed = x.index_select(0, target_positions), mixed.index_select(0, target_positions)
        chance = self.dropout.chance if self.training else 0.0
        x = add_dropped(x, mixed, chance)
        return add_dropped(x, self.mlp.forward_packed(self.mlp_norm(x)), chance)

    def add(self, x: Tensor, mixed: Tensor, target_positions: Tensor | None = None) -> Tensor:
        """What the mixer gave, and what the MLP makes of it, onto x; at the flat `target_positions`, if given."""
        if target_positions is not None:
            x, mixed = at_targets(x, target_positions), at_targets(mixed, target_positions)
        x = x + self.dropout(mixed)
        return x + self.dropout(self.mlp(self.mlp_norm(x)))


class MLP(nn.Module):
    """Two linear maps, four times the width between them."""

    def __init__(self, recipe: ModelRecipe) -> None:
        super().__init__()
        self.up = Linear(recipe.width, 4 * recipe.width, recipe.bias, recipe.matmul_dtype)
        self.down = Linear(4 * recipe.width, recipe.width, recipe.bias, recipe.matmul_dtype)
        activations: dict[str, Callable[[Tensor], Tensor]] = {"gelu": gelu, "relu2": squared_relu}
        self.activation = activations[recipe.feedforward]

    def forward(self, x: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
        return self.down(self.activation(self.up(x)))

    def forward_packed(self, x: Packed) -> Packed:
        """The same in the products' type from end to end; of few shapes, so that GELU may be compiled for each."""
        activation = F.gelu if self.activation is gelu else self.activation
        return self.down.product(activation(self.up.product(x)))


class RMSNorm(nn.Module):
    """Unit mean square, without gain or bias."""

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x)


def make_norm(recipe: ModelRecipe) -> nn.Module:
    return nn.LayerNorm(recipe.width) if recipe.norm == "layer" else RMSNorm()


def _initialise(module: nn.Module) -> None:
    """Weights N(0, 0.02²), biases 0, as GPT-2 and the course have them."""
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def _scale(model: GPT) -> None:
    """Maps N(0, 1/inputs), those that write to the residual stream at half that; the head small, embeddings large."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and module is not model.head:
            to_residual = name.endswith((".out", ".down"))
            nn.init.normal_(module.weight, std=(0.5 if to_residual else 1.0) / math.sqrt(module.in_features))
    nn.init.normal_(model.embedding.weight, std=0.5)
