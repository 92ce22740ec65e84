"""A pretrained model that is taught names: the base is frozen, and each name has vectors of its own.

Before some of its layers, a name's vectors are added to the residual stream at the name's last token. From that token
on a small adapter (LoRA: Hu et al. 2022), which all names share, learns to read them. Where no stored name stands, the
network is the base, to the bit.

It offers what `closedbook.model.gpt.GPT` offers, so that objectives, training, generation and signals need not know
which of the two they work with.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closedbook.config.schema import Recipe
from closedbook.data.pretrained_vocabulary import PretrainedTokens
from closedbook.data.vocabulary import PAD
from closedbook.errors import RecipeError
from closedbook.model import pretrained_base, trained_weights
from closedbook.model.dropout import Dropout
from closedbook.model.kv_cache import Cache
from closedbook.model.name_adapter import ROW_STEP, Acting, Adapter, hook
from closedbook.model.name_memory import NameMemory
from closedbook.model.network import Layer, Network, at_targets
from closedbook.model.pretrained_base import FEW_TOKENS, Base
from closedbook.model.shapes import Hidden, Targets, Tokens
from closedbook.typing import Bool, Float, Int

LOWERED = {"bfloat16": "autocast", "autocast": "autocast"}  # weights that change: no copy of them is made
PROBED, LONGEST = 64, 8  # names by which the residual stream's size is taken, and tokens of each


class TaughtModel(Network):
    """Token ids (batch, time) to hidden states (batch, time, width), and by `head` to scores of the base's tokens.

    Ids below `inputs` are the base's, in the vocabulary's order; each id beyond is a name's last token. What a run
    folder keeps is what was trained: the memory of names and the adapter, beside which the base stands, or the weights
    of the base that closedbook.model.trained_weights chooses.
    """

    base: Base
    _low: Base | None  # the base in bfloat16, where it is trained in that
    _now: Any
    base_ids: Tensor
    last_tokens: Tensor
    scale: Tensor

    def __init__(self, recipe: Recipe, vocabulary: PretrainedTokens) -> None:
        """Raises RecipeError where the base cannot be loaded, or is not the one that the recipe names."""
        super().__init__()
        spec = recipe.pretrained
        assert spec is not None
        self.recipe, self.inputs = recipe.model, vocabulary.size
        base = pretrained_base.load(Path(spec.model), spec)
        # Not registered: neither trained, nor saved with the run.
        self.__dict__["base"], self.__dict__["_low"] = base, None
        self.__dict__["_now"] = threading.local()  # .acting: what the hooks of the base's layers do in this thread
        self.places, self.made_of = spec.layers, (recipe, vocabulary)
        objectives = [share.objective for stage in recipe.stages for share in stage.objectives]
        doubts = any(objective.options.get("doubt") for objective in objectives)
        self.never_empty = doubts and spec.train != "nothing"
        width = base.config.hidden_size
        self.register_buffer("base_ids", torch.from_numpy(vocabulary.base_ids), persistent=False)
        self.register_buffer("last_tokens", torch.from_numpy(vocabulary.last_tokens).long(), persistent=False)
        self.dropout = Dropout(recipe.model.dropout)
        self.head = Head(self)
        self.memory: NameMemory | None = None
        self.adapter: Adapter | None = None
        if (weights := trained_weights.choose(base, spec)) is not None:
            self.weights, self._attention = weights, base.model.config._attn_implementation
            self.recipe = replace(self.recipe, matmul_dtype=LOWERED.get(self.recipe.matmul_dtype, "float32"))
        if spec.train != "names":
            return
        self.memory, self.sparse = NameMemory(len(vocabulary.names), width, len(self.places)), True
        nn.init.zeros_(self.memory.common)  # what it is added to is not zero, so it need not be anything yet
        self.adapter = Adapter(base.layers, spec.rank)
        self.register_buffer("scale", torch.ones(len(self.places)))
        hook(base.layers, self.places, self._now)

    def begin(self, vocabulary: PretrainedTokens) -> None:
        """What is done once, before the first training: names' vectors are measured by the stream they are added to.

        Raises RecipeError where the base makes its scores in a way that is not known here.
        """
        if self.memory is not None:
            self.scale.copy_(self._stream_size(vocabulary))
        self._check_head()

    def forward(
        self,
        tokens: Tokens,
        cache: Cache | None = None,
        target_positions: Targets | None = None,
        update_embeddings: Bool[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, ...]:
        """Final hidden states (batch, time, width), or (target, width) at flat `target_positions` of (batch · time).

        With a `cache`, `tokens` are the next ones of each row and the cache is extended. Rows that
        `update_embeddings` says no to send no gradient into the memory.
        """
        batch, time = tokens.shape
        on_cpu = self.training and torch.is_grad_enabled() and self.device.type == "cpu"
        if on_cpu:  # a kernel is compiled for each shape, and kept: let there be few
            tokens = F.pad(tokens, (0, -time % 4, 0, -batch % 4), value=PAD)
        named = tokens >= self.inputs
        row, place = named.nonzero(as_tuple=True)
        if cache is None:
            here = named.cumsum(1) > 0
        else:
            positions = cache.advance(tokens)
            seen = cache.extend(-1, "named", named.float()[:, None, :, None])[:, 0, :, 0]
            here = seen.cumsum(1).gather(1, positions) > 0
        read = self.base_ids[tokens.index_put((row, place), self.last_tokens[tokens[row, place] - self.inputs])]
        acting = None
        if self.memory is not None and self.adapter is not None and here.any():
            vectors = self.memory(torch.where(named, tokens - self.inputs, -1))[row, place]
            vectors = self.dropout(vectors) * self.scale[:, None]
            if update_embeddings is not None:
                vectors = torch.where(update_embeddings[row][:, None, None], vectors, vectors.detach())
            acting = Acting(row, place, vectors, here[..., None], self.adapter)
            if on_cpu:
                acting = acting.in_training(tokens == PAD)
        x = self._states(read, acting, self.training, cache)[:batch, :time]
        return x if target_positions is None else at_targets(x, target_positions)

    def _states(self, read: Tokens, acting: Acting | None, training: bool, cache: Cache | None = None) -> Hidden:
        """Final hidden states of the base's tokens, with names acting on them."""
        backbone = (self._low or self.base).backbone if training else self.base.backbone
        self._now.acting = acting.to(backbone.dtype) if acting is not None else None
        try:
            if cache is None:
                return backbone(input_ids=read, use_cache=False).last_hidden_state
            mask = torch.zeros(cache.visible.shape, dtype=backbone.dtype, device=read.device)
            mask.masked_fill_(~cache.visible, torch.finfo(backbone.dtype).min)
            return backbone(
                input_ids=read, attention_mask=mask, position_ids=cache.positions, past_key_values=_Layers(cache),
                use_cache=True,
            ).last_hidden_state  # fmt: skip
        finally:
            self._now.acting = None

    def loss_of_row(
        self,
        row: Float[Tensor, " row"],
        tokens: Tokens,
        places: Int[Tensor, " batch"],
        target_positions: Targets,
        target: Targets,
    ) -> Float[Tensor, ""]:
        """`loss` where each text has one name, at `places`, and this row is the name's; no number is a name's here.

        In the base's own dtype or the lower one, whichever was trained in.
        """
        assert self.memory is not None
        assert self.adapter is not None
        self._lower()
        vectors = (self.memory.common.detach() + row).view(len(self.places), -1) * self.scale[:, None]
        batch, time = tokens.shape
        here = torch.arange(time, device=tokens.device) >= places[:, None]
        rows = torch.arange(batch, device=tokens.device)
        acting = Acting(rows, places, vectors.expand(batch, -1, -1), here[..., None], self.adapter)
        if self.device.type == "cpu":
            acting = acting.in_training(tokens == PAD)
        x = at_targets(self._states(self.base_ids[tokens], acting, training=True), target_positions)
        return self._nats(x, target)

    def loss(
        self,
        tokens: Tokens,
        target_positions: Targets,
        target: Targets,
        update_embeddings: Bool[Tensor, " batch"] | None = None,
        candidates: None = None,
    ) -> Float[Tensor, ""]:
        hidden = self(tokens, target_positions=target_positions, update_embeddings=update_embeddings)
        loss = self._nats(hidden, target)
        if not loss.requires_grad and self.memory is not None:  # where no name stands
            loss = loss + 0 * self.memory.common.sum()
        return loss

    def _nats(self, hidden: Float[Tensor, "target width"], target: Targets) -> Float[Tensor, ""]:
        """Summed cross-entropy of `target`; zero rows are added to the hidden states, so that there are few shapes."""
        rows = F.pad(hidden, (0, 0, 0, -len(target) % ROW_STEP))
        scores = self.head.base_scores(rows)[: len(target)].float()
        return F.cross_entropy(scores, self.base_ids[target], reduction="sum")

    @property
    def device(self) -> torch.device:
        return self.base_ids.device

    @property
    def longest(self) -> int:
        return pretrained_base.longest(self.base.config, self.recipe.context_length)

    def train(self, mode: bool = True) -> TaughtModel:
        """Training may be in bfloat16, which takes a copy of the base, or has another attention where that is quicker.

        Answers are always in the base's own dtype, and by its own attention.
        """
        if mode:
            self._lower()
        if self._registered and self.device.type == "cpu":
            self.base.model.set_attn_implementation(FEW_TOKENS if mode else self._attention)
        return super().train(mode)

    def _lower(self) -> None:
        if self.memory is not None and self._low is None and self.recipe.matmul_dtype == "bfloat16":
            self.__dict__["_low"] = self.base.lowered()

    def _tied(self) -> dict[str, str]:
        """Names under which a weight is found once more, and its first name: a head that is the embedding, say."""
        first: dict[int, str] = {}
        named = [(name, first.setdefault(id(p), name)) for name, p in self.named_parameters(remove_duplicate=False)]
        return {name: own for name, own in named if name != own}

    def state_dict(self, *arguments: Any, **options: Any) -> Any:
        """What was trained, each tensor once."""
        left_out = {*self._tied(), *(name for name, p in self.named_parameters() if not p.requires_grad)}
        state = super().state_dict(*arguments, **options)
        left_out |= {name for name, _ in self.named_buffers() if name.startswith("weights.")}
        return {name: tensor for name, tensor in state.items() if name not in left_out}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        own, trained = super().state_dict(), self.state_dict()
        state = {**{name: tensor for name, tensor in own.items() if name not in trained}, **state}
        state |= {name: state[first] for name, first in self._tied().items() if first in state}
        return super().load_state_dict(state, strict, assign)

    @property
    def reads_first(self) -> Any:
        """The module that gives what the first layer reads, before names' vectors are added."""
        return self.base.model.get_input_embeddings()

    def attending(self) -> list[Layer]:
        layers = []
        for block in self.base.layers:
            mixer = next(m for name, m in block.named_children() if name in ("self_attn", "attn", "attention"))
            out = [m for name, m in mixer.named_modules() if name in ("o_proj", "c_proj", "out_proj", "dense")]
            layers.append(Layer(block, mixer, out[0], self.base.config.num_attention_heads))
        return layers

    @contextlib.contextmanager
    def showing_weights(self) -> Iterator[Callable[..., Tensor]]:
        model = self.base.model
        usual = model.config._attn_implementation
        model.set_attn_implementation("eager")  # no other has them
        try:
            yield lambda mixer, inputs, keywords, output: output[1]
        finally:
            model.set_attn_implementation(usual)

    @property
    def _registered(self) -> bool:
        """Whether the base is part of what is trained, and does not only stand beside it."""
        return "weights" in self._modules

    # The base, beside ------------------------------------------------------------------------------------------------

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> TaughtModel:
        for base in (self.base, self._low):
            if base is not None and not self._registered:
                base.model._apply(fn)
        return super()._apply(fn, recurse)

    def __deepcopy__(self, memo: dict[int, Any]) -> TaughtModel:
        """A copy with parameters of its own and the same base."""
        memo |= {id(shared): shared for shared in (() if self._registered else (self.base, self._low))}
        memo[id(self._now)] = self._now
        memo[id(self.made_of)] = self.made_of
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__dict__.update({name: copy.deepcopy(value, memo) for name, value in self.__dict__.items()})
        return copied

    def __reduce__(self) -> Any:
        """It goes to another process by what it was made of and what was trained; the base is loaded there."""
        return _remade, (*self.made_of, self.state_dict())

    @torch.no_grad()
    def _stream_size(self, vocabulary: PretrainedTokens) -> Float[Tensor, " layer"]:
        """The root mean square of the residual stream at names' last tokens before each layer that is added to."""
        names = [vocabulary.name_tokens(number)[-LONGEST:] for number in range(min(PROBED, len(vocabulary.names)))]
        lengths = torch.tensor([len(ids) for ids in names])
        tokens = torch.full((len(names), LONGEST), PAD)
        for row, ids in enumerate(names):
            tokens[row, : len(ids)] = torch.from_numpy(ids)
            tokens[row, len(ids) - 1] = self.last_tokens[row]
        read = self.base_ids[tokens.to(self.device)]
        states = self.base.backbone(input_ids=read, output_hidden_states=True, use_cache=False).hidden_states
        # The first token of a text has a stream like no other's.
        rows = (lengths > 1).nonzero()[:, 0]
        last = [states[layer][rows, lengths[rows] - 1].float().square().mean(-1).sqrt() for layer in self.places]
        return torch.stack(last).median(1).values if len(rows) else torch.ones(len(self.places))

    @torch.no_grad()
    def _check_head(self) -> None:
        """Raise RecipeError where the base does more to its scores than is known here."""
        ids = torch.arange(3, device=self.device)[None]
        scores = self.head.base_scores(self.base.backbone(input_ids=ids, use_cache=False).last_hidden_state)
        if not torch.equal(scores, self.base.model(input_ids=ids, use_cache=False).logits):
            raise RecipeError(f"{type(self.base.model).__name__} makes its scores in a way that is not known here")


def _remade(recipe: Recipe, vocabulary: PretrainedTokens, state: Mapping[str, Any]) -> TaughtModel:
    model = TaughtModel(recipe, vocabulary)
    model.load_state_dict(state)
    return model.eval()


class Head(nn.Module):
    """Hidden states to scores of the vocabulary's tokens: the base's, in the vocabulary's order."""

    model: TaughtModel

    def __init__(self, model: TaughtModel) -> None:
        super().__init__()
        self.__dict__["model"] = model  # not registered, as it is what this is part of

    @property
    def out_features(self) -> int:
        return self.model.inputs

    def forward(self, hidden: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch outputs"]:
        return self.base_scores(hidden).index_select(-1, self.model.base_ids)

    def base_scores(self, hidden: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch outputs"]:
        """Scores of the base's tokens, in its own order."""
        base, low = self.model.base, self.model._low
        if low is not None and hidden.dtype == low.backbone.dtype:  # training in bfloat16
            base = low
        config, scores = base.config, base.head(hidden)
        if scale := getattr(config, "logit_scale", None):
            scores = scores * scale
        if scale := getattr(config, "logits_scaling", None):
            scores = scores / scale
        if cap := getattr(config, "final_logit_softcapping", None):
            scores = torch.tanh(scores / cap) * cap
        return scores


class _Layers:
    """closedbook's cache as a base's layers take it."""

    is_compileable = False

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """The keys and values of all tokens so far."""
        return self.cache.extend(layer, "k", keys), self.cache.extend(layer, "v", values)

    def get_seq_length(self, layer: int = 0) -> int:
        return int(self.cache.filled.max())
