"""A pretrained model that was taught names, as a Hugging Face model of its own: `model_type` "closedbook-taught".

An export's `modeling_closedbook.py` is built from this file and what it imports, and does not need our package.
"""

from __future__ import annotations

import threading
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, GenerationMixin, PreTrainedConfig, PreTrainedModel

from closedbook.model.name_adapter import Acting, Adapter, hook
from closedbook.model.pretrained_base import layers_of

LIKE_THE_BASE = ("hidden_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings")


class TaughtConfig(PreTrainedConfig):
    """`base` is the base's configuration; names have vectors before the layers in `places`.

    `names` is how many names there are, and `name_tokens` how many tokens all of them have together.
    """

    model_type = "closedbook-taught"

    def __init__(
        self,
        base: dict[str, Any] | None = None,
        places: list[int] | None = None,
        rank: int = 1,
        names: int = 0,
        name_tokens: int = 0,
        **options: Any,
    ) -> None:
        self.base, self.places, self.rank = base or {}, places or [0], rank
        self.names, self.name_tokens = names, name_tokens
        super().__init__(**options)
        if base:
            config = self.base_config()
            self.vocab_size = config.vocab_size
            for name in LIKE_THE_BASE:
                setattr(self, name, getattr(config, name))

    def base_config(self) -> Any:
        options = {name: value for name, value in self.base.items() if name != "model_type"}
        return AutoConfig.for_model(self.base["model_type"], **options)


class TaughtForCausalLM(PreTrainedModel, GenerationMixin):
    """The base, to which a stored name adds its vectors at its last token, and the adapter from there on.

    A name is found by its tokens: the longest title in a text, as whole words. Where none stands, this is the base.
    """

    config_class = TaughtConfig
    base_model_prefix = "taught"
    main_input_name = "input_ids"
    scale: Tensor
    name_tokens: Tensor
    name_starts: Tensor
    name_lengths: Tensor
    continues: Tensor

    def __init__(self, config: TaughtConfig) -> None:
        super().__init__(config)
        self.base = AutoModelForCausalLM.from_config(config.base_config())
        layers, width = layers_of(self.base), config.hidden_size
        size = len(config.places) * width
        self.table = nn.Parameter(torch.zeros(config.names, size))
        self.common = nn.Parameter(torch.zeros(size))
        self.adapter = Adapter(layers, config.rank)
        self.register_buffer("scale", torch.ones(len(config.places)))
        self.register_buffer("name_tokens", torch.zeros(config.name_tokens, dtype=torch.long))
        self.register_buffer("name_starts", torch.zeros(config.names + 1, dtype=torch.long))
        self.register_buffer("name_lengths", torch.zeros(config.names, dtype=torch.long))  # in characters
        self.register_buffer("continues", torch.zeros(config.vocab_size, dtype=torch.bool))
        self._now = threading.local()
        self._by_first: dict[int, list[tuple[int, list[int], int]]] | None = None
        hook(layers, config.places, self._now)
        self.post_init()

    def _init_weights(self, module: Any) -> None:
        """All weights are read."""

    def get_input_embeddings(self) -> Any:
        return self.base.get_input_embeddings()

    def get_output_embeddings(self) -> Any:
        return self.base.get_output_embeddings()

    def find_names(self, input_ids: Tensor) -> Tensor:
        """(batch, 2): the number of the longest name in each text, and the place of its last token; −1 for none."""
        if self._by_first is None:
            self._by_first = {}
            starts, flat = self.name_starts.tolist(), self.name_tokens.tolist()
            for number, length in enumerate(self.name_lengths.tolist()):
                tokens = flat[starts[number] : starts[number + 1]]
                if tokens:
                    self._by_first.setdefault(tokens[0], []).append((length, tokens, number))
        rows = []
        for row in input_ids.tolist():
            best, longest = [-1, -1], 0
            for start, token in enumerate(row):
                for length, tokens, number in self._by_first.get(token, ()):
                    end = start + len(tokens)
                    whole = end >= len(row) or not self.continues[row[end]]
                    if length > longest and row[start:end] == tokens and whole:
                        best, longest = [number, end - 1], length
            rows.append(best)
        return torch.tensor(rows, device=input_ids.device)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        **options: Any,
    ) -> Any:
        """What the base gives: `logits` (batch, time, vocabulary), the cache, and `loss` if there are `labels`."""
        begins = past_key_values is None or past_key_values.get_seq_length() == 0
        batch, time = input_ids.shape
        if begins:
            number, place = self.find_names(input_ids).unbind(1)
            named = number >= 0
            rows = named.nonzero()[:, 0]
            vectors = (self.common + F.embedding(number[rows], self.table)).unflatten(1, (-1, self.config.hidden_size))
            here = named[:, None] & (torch.arange(time, device=input_ids.device) >= place[:, None])
        else:  # later tokens: of the text before them the cache remembers whether it held a name
            place, vectors = input_ids.new_zeros(batch), self.common.new_zeros(0, 1, 1)
            named = past_key_values.named.expand(batch)
            rows, here = input_ids.new_zeros(0), named[:, None].expand(batch, time)
        vectors = vectors * self.scale[:, None] if begins else vectors
        acting = Acting(rows, place[rows], vectors, here[..., None], self.adapter)
        self._now.acting = acting.to(self.base.dtype) if named.any() else None
        try:
            output = self.base(
                input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
                past_key_values=past_key_values, labels=labels, use_cache=use_cache, **options,
            )  # fmt: skip
        finally:
            self._now.acting = None
        if output.get("past_key_values") is not None:
            output.past_key_values.named = named
        return output


AutoConfig.register(TaughtConfig.model_type, TaughtConfig, exist_ok=True)
AutoModelForCausalLM.register(TaughtConfig, TaughtForCausalLM, exist_ok=True)
