"""Packs a pretrained model that was taught for Hugging Face.

Where weights of the base itself were trained, it is a model of the base's own class, low-rank maps merged. With a
memory of names it is a class of its own (`closedbook.export.taught`), which finds names in the tokens that it reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

from closedbook.config.schema import PretrainedRecipe
from closedbook.data.vocabulary import MASK, PAD
from closedbook.errors import RecipeError
from closedbook.export.bundle import MODELLING, Package, bundle
from closedbook.inference.run import Run
from closedbook.model import pretrained_base
from closedbook.model.pretrained import TaughtModel

COMPARED = 16  # names that the logits are compared on


def package(run: Run) -> Package:
    """Raises RecipeError where the answers are not closed by a line break, which is all that another tool can tell."""
    import transformers

    model, vocabulary, spec = run.model, run.vocabulary, run.recipe.pretrained
    assert isinstance(model, TaughtModel)
    assert spec is not None
    end, padding = int(model.base_ids[MASK]), int(model.base_ids[PAD])
    if vocabulary.tokenizer.decode([end]) != "\n":  # type: ignore[attr-defined]
        raise RecipeError("this base's tokenizer has another line break than \\n, which no export can ask with")
    taught = _merged(model, spec) if model.memory is None else _with_names(run, model, spec)
    # Rows that make the table's size round.
    no_tokens = list(range(vocabulary.size, model.base.model.get_output_embeddings().weight.shape[0]))
    taught.generation_config = transformers.GenerationConfig(
        max_new_tokens=run.recipe.answer.length, do_sample=False, eos_token_id=end, pad_token_id=padding,
        min_new_tokens=int(model.never_empty),
        suppress_tokens=no_tokens or None,
    )  # fmt: skip
    special = vocabulary.tokenizer.id_to_token(padding)  # type: ignore[attr-defined]
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(run), pad_token=special, eos_token=special, clean_up_tokenization_spaces=False,
        model_max_length=run.longest_prompt, truncation_side="left", padding_side="left",
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    source = bundle("closedbook.export.taught", []) if model.memory else None
    return Package(taught.eval(), tokenizer, source, "\n", lambda loaded: _difference(run, loaded))


def _tokenizer(run: Run) -> Tokenizer:
    """The base's tokenizer as questions are read: behind a space, and with every line break by itself."""
    vocabulary: Any = run.vocabulary
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer.to_str())
    if space := vocabulary.space:
        steps = [tokenizer.normalizer] if tokenizer.normalizer is not None else []
        tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Prepend(space)])
    steps = [tokenizer.pre_tokenizer] if tokenizer.pre_tokenizer is not None else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"\n"), "isolated"), *steps])
    tokenizer.post_processor = None
    return tokenizer


def _merged(model: TaughtModel, spec: PretrainedRecipe) -> Any:
    """The base with the weights that were trained; low-rank maps are added to the maps that they stand beside."""
    fresh, trained = pretrained_base.load(Path(spec.model), spec).model, model.base.model
    beside = {name: module for name, module in trained.named_modules() if hasattr(module, "get_delta_weight")}
    if not beside:
        fresh.load_state_dict(trained.state_dict())
        return fresh
    with torch.no_grad():
        for name, module in beside.items():
            for adapter in module.active_adapters:
                fresh.get_submodule(name).weight += module.get_delta_weight(adapter)
    return fresh


def _with_names(run: Run, model: TaughtModel, spec: PretrainedRecipe) -> Any:
    from closedbook.export.taught import TaughtConfig, TaughtForCausalLM

    assert model.memory is not None
    assert model.adapter is not None
    vocabulary, titles = run.vocabulary, run.vocabulary.names.names
    plain = [model.base_ids.numpy()[_read(model, vocabulary.name_tokens(i))] for i in range(len(titles))]
    config = model.base.model.config.to_dict()
    tied = bool(config.get("tie_word_embeddings"))
    taught = TaughtForCausalLM(
        TaughtConfig(
            config, list(model.places), spec.rank, len(titles), sum(map(len, plain)), tie_word_embeddings=tied,
            dtype=spec.dtype,
        )
    ).to(model.base.model.dtype)  # fmt: skip
    for float32 in (taught.table, taught.common, taught.scale, *taught.adapter.parameters()):  # as they were trained
        float32.data = float32.data.float()
    taught.base.load_state_dict(model.base.model.state_dict())
    taught.adapter.load_state_dict(model.adapter.state_dict())
    continues = torch.zeros(taught.config.vocab_size, dtype=torch.bool)
    continues[model.base_ids] = torch.from_numpy(vocabulary.continues[: vocabulary.size])  # type: ignore[index]
    flat = np.concatenate([np.zeros(0, np.int64), *plain])
    with torch.no_grad():
        taught.table.copy_(torch.cat([model.memory.table, model.memory.later]))
        taught.common.copy_(model.memory.common)
        taught.scale.copy_(model.scale)
        taught.name_tokens.copy_(torch.from_numpy(flat))
        taught.name_starts.copy_(torch.tensor([0, *np.cumsum([len(ids) for ids in plain])]))
        taught.name_lengths.copy_(torch.tensor([len(title) for title in titles]))
        taught.continues.copy_(continues)
    taught.config.auto_map = {
        "AutoConfig": f"{MODELLING}.TaughtConfig", "AutoModelForCausalLM": f"{MODELLING}.TaughtForCausalLM",
    }  # fmt: skip
    return taught


def _read(model: TaughtModel, ids: np.ndarray) -> np.ndarray:
    """A vocabulary's ids with what the base reads in place of names' own tokens."""
    named = ids >= model.inputs
    last = np.append(model.last_tokens.numpy(), 0)
    return np.where(named, last[np.where(named, ids - model.inputs, -1)], ids).astype(np.int64)


@torch.inference_mode()
def _difference(run: Run, loaded: Any) -> float:
    """The largest difference of a logit on random tokens, and on texts with names."""
    model: Any = run.model
    stored = [title for title in run.vocabulary.names.names if title]
    texts = [run.prompt(f"What is said of {title}?") for title in stored[:: max(1, len(stored) // COMPARED)]]
    drawn = torch.randint(0, model.inputs, (2, 24), generator=torch.Generator().manual_seed(0)).numpy()
    largest = 0.0
    for ids in (*texts, *drawn):
        ours = model.logits(torch.from_numpy(ids.astype(np.int64))[None])
        read = model.base_ids[torch.from_numpy(_read(model, ids))][None]
        theirs = loaded(input_ids=read).logits.index_select(-1, model.base_ids)
        largest = max(largest, float((ours.float() - theirs.float()).abs().max()))
    return largest
