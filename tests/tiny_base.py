"""Tiny pretrained models with random weights, made by transformers: a folder like any on the hub, and no network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

KINDS = ("llama", "gpt2", "qwen2", "gemma2")


def make_tokenizer(lines: Iterable[str], size: int = 400):  # type: ignore[no-untyped-def]
    """Byte pairs of some lines, as GPT-2 and Llama 3 have them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<|begin|>", "<|end|>"], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    tokenizer.train_from_iterator(lines, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|begin|>", eos_token="<|end|>")


def make_base(folder: Path, kind: str, lines: Iterable[str], width: int = 32, layers: int = 4) -> Path:
    """A folder with a random model of one kind; its embedding has a few rows more than the tokenizer has tokens."""
    import transformers

    tokenizer = make_tokenizer(lines)
    common = {"vocab_size": len(tokenizer) + 6, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    sizes = {
        **{"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": layers},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128},
    }
    configs = {
        "llama": lambda: transformers.LlamaConfig(**common, **sizes, tie_word_embeddings=True),
        "gpt2": lambda: transformers.GPT2Config(**common, n_embd=width, n_layer=layers, n_head=4, n_positions=128),
        "qwen2": lambda: transformers.Qwen2Config(**common, **sizes),
        "gemma2": lambda: transformers.Gemma2Config(**common, **sizes, head_dim=8, sliding_window=64),
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.AutoModelForCausalLM.from_config(configs[kind]())
        for parameter in model.parameters():  # as made, they say nearly the same whatever they read
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
