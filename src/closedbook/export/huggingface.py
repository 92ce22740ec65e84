"""Our network as a Hugging Face model: importing this makes `AutoModelForCausalLM` know `model_type` "closedbook".

An export's `modeling_closedbook.py` is built from this file and what it imports, and does not need our package.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from closedbook.config.schema import ModelRecipe
from closedbook.data.vocabulary import MASK, PAD
from closedbook.model.gpt import GPT
from closedbook.validation import convert


class ClosedbookConfig(PreTrainedConfig):
    """The network's hyperparameters: `network` is a recipe's [model] table.

    Ids below `inputs` are input tokens; the last `names` of these are names, each with a vector of its own. Where
    answers are whole phrases, these have the ids from `inputs` to `vocab_size` − 1, which are outputs only.
    """

    model_type = "closedbook"

    def __init__(
        self,
        network: dict[str, Any] | None = None,
        inputs: int = 2,
        vocab_size: int = 2,
        names: int = 0,
        **options: Any,
    ) -> None:
        self.network, self.inputs, self.names = network or {}, inputs, names
        options["use_cache"] = False
        super().__init__(**options)
        self.vocab_size, self.use_cache = vocab_size, False
        recipe = convert(ModelRecipe, self.network, "network")
        self.hidden_size, self.num_hidden_layers = recipe.width, recipe.layers
        self.num_attention_heads, self.max_position_embeddings = recipe.heads, recipe.context_length - 1


class ClosedbookForCausalLM(PreTrainedModel, GenerationMixin):
    """Scores of the next token. Text is generated without a cache: the networks are small and the texts short."""

    config_class = ClosedbookConfig
    base_model_prefix = "gpt"
    main_input_name = "input_ids"

    def __init__(self, config: ClosedbookConfig) -> None:
        super().__init__(config)
        recipe = convert(ModelRecipe, config.network, "network")
        phrases = config.vocab_size - config.inputs
        self.gpt = GPT(recipe, config.inputs - config.names, phrases or config.inputs, config.names)
        for module in list(self.gpt.modules()):  # so that a file holds the whole network
            for name, buffer in list(module._buffers.items()):
                module.register_buffer(name, buffer, persistent=True)
        self.post_init()

    def _init_weights(self, module: Any) -> None:
        """GPT initialises its own weights."""

    def get_input_embeddings(self) -> Any:
        return self.gpt.embedding

    def prepare_inputs_for_generation(  # type: ignore[override]
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any
    ) -> dict[str, Any]:
        return {"input_ids": input_ids, "attention_mask": attention_mask}

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **_: Any
    ) -> CausalLMOutput:
        """`logits` (batch, time, vocab_size), and `loss` if `labels` (batch, time; −100: none) are given.

        Padding may be on either side. Attention is causal, so only padding in front has to be moved. Raises ValueError
        for more positions than the network has.
        """
        time = input_ids.shape[1]
        if time > self.config.max_position_embeddings:
            raise ValueError(f"{time} tokens are too many; this network reads {self.config.max_position_embeddings}")
        read = input_ids.where(input_ids < self.config.inputs, PAD)
        back = None
        if attention_mask is not None and not attention_mask[:, 0].all():
            padding = attention_mask.long().argmax(1, keepdim=True)
            columns = torch.arange(time, device=read.device)
            read = read.gather(1, (columns + padding) % time)
            back = (columns - padding) % time
        logits = self.gpt.logits(read)
        if back is not None:
            logits = logits.gather(1, back[..., None].expand_as(logits))
        if self.config.vocab_size > self.config.inputs:  # after a phrase comes MASK
            unsaid = logits.new_full((*logits.shape[:2], self.config.inputs), -torch.inf)
            closing = torch.full_like(logits[:, :, :1], -torch.inf).expand(*logits.shape[:2], self.config.vocab_size)
            closing = closing.index_fill(2, torch.tensor(MASK, device=logits.device), 0.0)
            is_phrase = (input_ids >= self.config.inputs)[..., None]
            logits = torch.where(is_phrase, closing, torch.cat([unsaid, logits], -1))
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return CausalLMOutput(loss=loss, logits=logits)


AutoConfig.register(ClosedbookConfig.model_type, ClosedbookConfig, exist_ok=True)
AutoModelForCausalLM.register(ClosedbookConfig, ClosedbookForCausalLM, exist_ok=True)
