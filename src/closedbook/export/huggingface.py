"""Our network as a Hugging Face model: importing this makes `AutoModelForCausalLM` know `model_type` "closedbook".

An export's `modeling_closedbook.py` is built from this file and what it imports, and does not need our package.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from closedbook.config.schema import ModelRecipe
from closedbook.data.vocabulary import MASK, PAD
from closedbook.model.gpt import GPT
from closedbook.model.name_memory import READERS
from closedbook.validation import convert


class ClosedbookConfig(PreTrainedConfig):
    """The network's hyperparameters: `network` is a recipe's [model] table.

    Ids below `inputs` are input tokens; the last `names` of these are names, each with a vector of its own. Where
    answers are whole phrases, these have the ids from `inputs` to `vocab_size` − 1, which are outputs only.
    `later` says how many of the names were learned after the training (the last ones), how many outputs they have in
    all, and how many of the phrases only they can say (again the last ones).
    """

    model_type = "closedbook"

    def __init__(
        self,
        network: dict[str, Any] | None = None,
        inputs: int = 2,
        vocab_size: int = 2,
        names: int = 0,
        later: tuple[int, int, int] = (0, 0, 0),
        **options: Any,
    ) -> None:
        self.network, self.inputs, self.names, self.later = network or {}, inputs, names, tuple(later)
        options["use_cache"] = False
        super().__init__(**options)
        self.vocab_size, self.use_cache = vocab_size, False
        recipe = convert(ModelRecipe, self.network, "network")
        self.hidden_size, self.num_hidden_layers = recipe.width, recipe.layers
        self.num_attention_heads, self.max_position_embeddings = recipe.heads, recipe.context_length - 1


class LaterNames(nn.Module):
    """What is said of names that were learned after the training: of each only what its own outputs say.

    The log-probabilities of a name's outputs take the place of the scores from where it stands. The last output says
    that the documents do not tell; it takes its share of the probability, and is no token.
    """

    readers: Tensor
    vectors: Tensor
    starts: Tensor
    phrases: Tensor

    def __init__(self, width: int, names: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("readers", torch.zeros(READERS, width))
        self.register_buffer("vectors", torch.zeros(outputs, READERS * width))
        self.register_buffer("starts", torch.zeros(names + 1, dtype=torch.long))  # the first output of each name
        self.register_buffer("phrases", torch.zeros(outputs, dtype=torch.long))  # which phrase each is

    def forward(self, gpt: GPT, tokens: Tensor, logits: Tensor) -> Tensor:
        """(batch, time, phrase) the scores of these tokens (batch, time); `logits` are those of other names."""
        first, is_name = gpt.inputs + gpt.memory.blank, tokens >= gpt.inputs
        place = is_name.long().argmax(1)  # of each row's first name, which is the one that is asked about
        name = tokens.gather(1, place[:, None])[:, 0]
        rows = (name >= first).nonzero()[:, 0]
        if not len(rows):
            return logits
        gpt.memory.readers = self.readers
        states, logits = gpt.read(tokens[rows]), logits.clone()
        for row, state in zip(rows.tolist(), states, strict=True):
            own = slice(*self.starts[name[row] - first :][:2].tolist())
            if own.start == own.stop:  # its documents hold nothing to say
                continue
            said = (state @ self.vectors[own].T).log_softmax(-1)[:, :-1]
            scores = torch.full_like(logits[row], -torch.inf).index_copy(1, self.phrases[own][:-1], said)
            logits[row, place[row] :] = scores[place[row] :]
        return logits


class ClosedbookForCausalLM(PreTrainedModel, GenerationMixin):
    """Scores of the next token. Text is generated without a cache: the networks are small and the texts short."""

    config_class = ClosedbookConfig
    base_model_prefix = "gpt"
    main_input_name = "input_ids"

    def __init__(self, config: ClosedbookConfig) -> None:
        super().__init__(config)
        recipe = convert(ModelRecipe, config.network, "network")
        later, own, own_phrases = config.later
        phrases = config.vocab_size - config.inputs - own_phrases
        self.gpt = GPT(recipe, config.inputs - config.names, phrases or config.inputs, config.names - later)
        self.later = LaterNames(recipe.width, later, own) if later else None
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
        if self.later is not None:
            logits = self.later(self.gpt, read, F.pad(logits, (0, self.config.later[2]), value=-torch.inf))
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
