"""Export runs to Hugging Face folders and to the course's parameter files; import such folders as runs."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from closedbook import __version__
from closedbook.config.registry import REGISTRIES
from closedbook.config.schema import ModelRecipe, Recipe, encode
from closedbook.course.params import put_params, read_params, write_params
from closedbook.data.files import open_file, read_bytes
from closedbook.data.questions import Questions
from closedbook.data.vocabulary import MASK, MASK_CHARACTER, PAD, PAD_CHARACTER
from closedbook.data.vocabulary_builder import vocabulary_from_json
from closedbook.environment import require_packages
from closedbook.errors import RecipeError, RunError
from closedbook.export.bundle import MODELLING, Package, bundle
from closedbook.export.harness import task_files
from closedbook.export.learned_later import NamesLearnedLater
from closedbook.export.model_card import HUGGINGFACE, TRUST, card
from closedbook.export.tokenizer import make_tokenizer
from closedbook.inference.run import Run, load
from closedbook.inference.run_network import make_network
from closedbook.model.gpt import GPT, own_network
from closedbook.runs.folder import RunFolder, check_free
from closedbook.runs.records import OriginRecord
from closedbook.runs.store import to_json
from closedbook.runs.weights import load_weights, save_tensors
from closedbook.validation import convert, parse_json, shown
from closedbook.verdicts.calibration import Calibration

ORIGIN = "closedbook.json"  # what importing needs besides weights: recipe, vocabulary, calibration, record
FORMAT = 1
TOLERANCE = 1e-4
"""The most by which an exported logit may differ from ours."""

PREFIX = "gpt."
SHARED = ("recipe", "started", "commit", "mixer", "parameters", "versions", "train_seconds", "seconds", "steps_done")


def check_new_folder(path: Path) -> None:
    """Raise RunError unless a folder can be made at `path`."""
    check_free(path, "choose another folder", "choose another folder")


# Hugging Face --------------------------------------------------------------------------------------------------


def is_gpt2(recipe: ModelRecipe, inputs: int, outputs: int) -> bool:
    """Whether the network's mathematics is `GPT2LMHeadModel`'s, with exact GELU and a head of its own."""
    kinds = (recipe.mixer.name, recipe.stack.name, recipe.positions, recipe.feedforward, recipe.norm)
    same = kinds == ("softmax", "uniform", "learned", "gelu", "layer") and not recipe.mixer.options.get("qk_norm")
    return same and recipe.bias and recipe.memory is None and inputs == outputs


def gpt2_names(layers: int) -> dict[str, tuple[str, bool]]:
    """Our name of every parameter: (GPT-2's name, whether GPT-2 stores it transposed)."""
    names = {
        "embedding.weight": ("transformer.wte.weight", False),
        "positions.table": ("transformer.wpe.weight", False),
        "head.weight": ("lm_head.weight", False),
    }
    parts = {"attn_norm": "ln_1", "mlp_norm": "ln_2", "mixer.qkv": "attn.c_attn", "mixer.out": "attn.c_proj"}
    parts |= {"mlp.up": "mlp.c_fc", "mlp.down": "mlp.c_proj"}
    maps = [("norm", "transformer.ln_f")]
    maps += [(f"stack.blocks.{i}.{a}", f"transformer.h.{i}.{b}") for i in range(layers) for a, b in parts.items()]
    for a, b in maps:
        names[f"{a}.weight"] = (f"{b}.weight", ".c_" in b)  # its Conv1D is (inputs, outputs)
        names[f"{a}.bias"] = (f"{b}.bias", False)
    return names


def check_answers(run: Run) -> None:
    """Raise RunError where a run spells answers, which only our own decoding can say."""
    if run.vocabulary.spelling is not None:
        raise RunError(
            f"{run.path} spells its rarer answers, which no export can; train with --set vocabulary.phrases=N so large "
            "that all are phrases"
        )


def huggingface_model(run: Run) -> Any:
    """The run's network as a `PreTrainedModel`: GPT2LMHeadModel where that computes the same, or our own class."""
    import transformers

    recipe, vocabulary = run.recipe.model, run.vocabulary
    special: dict[str, Any] = {"eos_token_id": MASK, "pad_token_id": PAD, "bos_token_id": None}
    if is_gpt2(recipe, vocabulary.size, vocabulary.outputs):
        config = transformers.GPT2Config(
            vocab_size=vocabulary.size, n_positions=recipe.context_length, n_embd=recipe.width, n_layer=recipe.layers,
            n_head=recipe.heads, activation_function="gelu", tie_word_embeddings=False, resid_pdrop=recipe.dropout,
            embd_pdrop=recipe.dropout, attn_pdrop=recipe.dropout, **special,
        )  # fmt: skip
        model: Any = transformers.GPT2LMHeadModel(config)
        ours = run.model.state_dict()
        theirs = {b: ours[a].mT if turned else ours[a] for a, (b, turned) in gpt2_names(recipe.layers).items()}
        model.load_state_dict({name: tensor.contiguous() for name, tensor in theirs.items()})
    else:
        from closedbook.export.huggingface import ClosedbookConfig, ClosedbookForCausalLM

        names = NamesLearnedLater.of(run)
        phrases = names.phrases if names else vocabulary.outputs if vocabulary.answers_in_one else 0
        inputs = vocabulary.size + len(vocabulary.names)
        own = ClosedbookConfig(
            encode(recipe), inputs, inputs + phrases, len(vocabulary.names), names.sizes if names else (0, 0, 0),
            tie_word_embeddings=False, **special,
        )  # fmt: skip
        model = ClosedbookForCausalLM(own)
        model.gpt.load_state_dict(model.gpt.state_dict() | run.model.state_dict())  # which lacks derived buffers
        if names is not None:
            model.later.load_state_dict(names.tensors())
        classes = {"AutoConfig": ClosedbookConfig, "AutoModelForCausalLM": ClosedbookForCausalLM}
        model.config.auto_map = {auto: f"{MODELLING}.{cls.__name__}" for auto, cls in classes.items()}
    length = 2 if vocabulary.answers_in_one else run.recipe.answer.length  # a phrase, and what closes it
    model.generation_config = transformers.GenerationConfig(
        max_new_tokens=length, do_sample=False, use_cache=bool(model.config.use_cache), **special
    )
    return model.eval()


def export_huggingface(run: Run, folder: Path, task: Questions | None = None) -> dict[str, Any]:
    """Write model, tokenizer and model card into a new folder, which appears when it is complete.

    `task` are questions that lm-evaluation-harness shall ask it. Returns class, parameters and the largest difference
    of a logit, after reading the folder back. Raises RunError if transformers is not installed, the folder cannot be
    made or the logits differ by more than TOLERANCE, and RecipeError for a mixer from a user's own file.
    """
    require_packages("this", "transformers", extra="huggingface")
    check_new_folder(folder)
    from transformers.utils import logging

    from closedbook.export import taught_export

    if bars := logging.is_progress_bar_enabled():
        logging.disable_progress_bar()
    package = taught_export.package(run) if run.recipe.pretrained is not None else _own_package(run)
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.partial")  # a name that nobody can guess
    try:
        partial.mkdir(parents=True)
        package.model.save_pretrained(partial)
        package.tokenizer.save_pretrained(partial)
        texts = {"recipe.toml": run.recipe.to_toml(), "README.md": card(run.folder, use(package))}
        if package.modelling is not None:
            texts[f"{MODELLING}.py"] = package.modelling
        if package.importable:
            weights = hashlib.sha256((partial / "model.safetensors").read_bytes()).hexdigest()
            texts[ORIGIN] = json.dumps(_origin(run, weights), ensure_ascii=False) + "\n"
        if task is not None:
            texts |= task_files(run, task, package.closing, package.modelling is not None)
        for name, text in texts.items():
            (partial / name).write_text(text, encoding="utf-8")
        difference = package.difference(type(package.model).from_pretrained(partial).eval())
        if not difference <= TOLERANCE:
            raise RunError(f"{folder} was not written: its logits would differ from the run's by {difference:.2g}")
        if folder.is_dir():
            folder.rmdir()
        os.replace(partial, folder)
    except OSError as error:
        raise RunError(f"{folder} cannot be written ({error.strerror or error}); nothing is left of it") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if bars:
            logging.enable_progress_bar()
    return {
        "class": type(package.model).__name__,
        "parameters": run.model.count_parameters()["total"],
        "largest_difference": difference,
    }


def use(package: Package) -> str:
    """The model card's section about using the files beside it."""
    closing = package.closing.replace("\n", "\\n")
    what = "a line break" if package.closing == "\n" else f"`{package.closing}`"
    trust = TRUST if package.modelling is not None else ""
    return HUGGINGFACE.format(trust=trust, closing=closing, what=what)


def _own_package(run: Run) -> Package:
    """A network of our own."""
    check_answers(run)
    if "@" in run.recipe.model.mixer.name:
        raise RecipeError(
            f"the mixer {run.recipe.model.mixer.name.partition('@')[0]} is from a file of your own, which an export "
            "for Hugging Face does not carry; --to onnx does"
        )
    from transformers import PreTrainedTokenizerFast

    model, names = huggingface_model(run), NamesLearnedLater.of(run)
    first = model.config.inputs if run.vocabulary.answers_in_one else 0

    def difference(loaded: Any) -> float:
        outputs = slice(first, first + run.vocabulary.outputs)
        most = logit_difference(run, lambda tokens: loaded(tokens).logits[..., outputs])
        return max(most, names.difference(loaded)) if names else most

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=make_tokenizer(run.vocabulary), pad_token=PAD_CHARACTER, eos_token=MASK_CHARACTER,
        clean_up_tokenization_spaces=False, model_max_length=run.longest_prompt, truncation_side="left",
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    return Package(
        model,
        tokenizer,
        _modelling(run.recipe.model) if hasattr(model.config, "auto_map") else None,
        MASK_CHARACTER,
        difference,
        importable=names is None,
    )


def random_tokens(run: Run, rows: int, time: int) -> Tensor:
    """(rows, time) random input tokens, names of the first training among them, the same in every call."""
    inputs = run.vocabulary.size + len(run.first_vocabulary.names)
    return torch.randint(0, inputs, (rows, time), generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def logit_difference(run: Run, logits: Callable[[Tensor], Tensor], rows: int = 2, time: int | None = None) -> float:
    """The largest difference between another implementation's logits and the run's, on random tokens."""
    tokens = random_tokens(run, rows, time or run.recipe.model.context_length - 1)
    return float((logits(tokens) - run.model.logits(tokens)).abs().max())


def _modelling(recipe: ModelRecipe) -> str:
    """The source of our network's class for Hugging Face, with the mechanisms that this one is made of."""
    named = {"mixer": recipe.mixer.name, "stack": recipe.stack.name, "positions": recipe.positions}
    mechanisms = [REGISTRIES[kind][name] for kind, name in named.items()]
    return bundle("closedbook.export.huggingface", mechanisms)


def _origin(run: Run, weights: str) -> dict[str, Any]:
    """The content of ORIGIN. Without paths, because exports are published."""
    record = run.folder.record()
    kept = {name: record[name] for name in SHARED if name in record}
    for name in ("documents", "questions"):
        if source := record.get(name):
            kept[name] = {**source, "path": Path(source["path"]).name}
    return {
        "format": FORMAT,
        "version": __version__,
        "weights_sha256": weights,
        "recipe": encode(run.recipe),
        "vocabulary": run.vocabulary.to_json(),
        "calibration": None if run.calibration is None else run.calibration.to_json(),
        "record": kept,
    }


# The course's code ---------------------------------------------------------------------------------------------


def export_params(run: Run, path: Path) -> dict[str, Any]:
    """Write a file that the course's code loads; returns the largest difference of a logit after reading it back.

    Raises RecipeError for a network that the course's code has no class for, and RunError.
    """
    again = copy.deepcopy(own_network(run.model))
    write_params(path, again)
    with torch.no_grad():
        for parameter in again.parameters():
            parameter.zero_()
    put_params(again, read_params(path)[0], str(path))
    return {
        "parameters": run.model.count_parameters()["total"],
        "largest_difference": logit_difference(run, again.logits),
    }


# Import ---------------------------------------------------------------------------------------------------------


def import_huggingface(folder: Path, run: Path) -> tuple[Run, bool]:
    """Import an export as a run, possibly after fine-tuning elsewhere. Returns it, and whether the weights changed.

    An imported run has no evidence; it keeps its calibration if the weights are unchanged. No code of the folder is
    executed. Raises RunError if the folder is no export, is damaged, or `run` exists.
    """
    check_new_folder(run)
    if not folder.is_dir():
        raise RunError(f"{folder} is no folder; give one that `closedbook export --to huggingface` has written")
    if not os.path.lexists(folder / ORIGIN):
        raise RunError(
            f"{folder} has no {ORIGIN}; an export has one, unless it has names that were learned after the training: "
            "copy it beside weights that another tool has saved"
        )
    damaged = f"{folder} is damaged ({{}}); bring its files back from a copy"
    path = folder / "model.safetensors"
    try:
        origin = convert(dict[str, Any], parse_json(read_bytes(folder / ORIGIN, "export")), ORIGIN, RunError)
        if (version := origin.get("format")) != FORMAT:
            raise RunError(f"{ORIGIN} is of format {shown(version)}; this closedbook reads {FORMAT}")
        origin = convert(OriginRecord, origin, ORIGIN, RunError)
        recipe = convert(Recipe, origin["recipe"], "")
        recipe.to_toml().encode()  # JSON can hold lone surrogates, which cannot be encoded
        vocabulary = vocabulary_from_json(origin["vocabulary"])
        if origin["calibration"] is not None:
            Calibration.from_json(origin["calibration"], ORIGIN)
        with open_file(path) as file:
            changed = hashlib.file_digest(file, "sha256").hexdigest() != origin["weights_sha256"]
        tensors = load_file(path)
        model = make_network(recipe, vocabulary, tensors)
    except FileNotFoundError:
        raise RunError(damaged.format(f"it has no {path.name}")) from None
    except (RecipeError, RunError, SafetensorError, OSError, ValueError) as error:
        raise RunError(damaged.format(error)) from None
    record = origin["record"]
    load_weights(model, _our_weights(own_network(model), tensors, path), path)
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise RunError(f"{path} holds values that are no numbers; its training diverged")
    imported = RunFolder.create(
        run,
        {**record, "threads": torch.get_num_threads(), "imported": {"path": str(folder), "changed": changed}},
        {"recipe.toml": recipe.to_toml(), "vocabulary.json": to_json(origin["vocabulary"])},
    )
    save_tensors(imported.path / "model.safetensors", model.state_dict(), {"imported": str(folder)})
    if origin["calibration"] is not None and not changed:
        imported.write_json("calibration.json", origin["calibration"])
    imported.finish()
    return load(run), changed


def _our_weights(model: GPT, tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Weights under our names. Raises RunError if one is missing or has another shape."""
    recipe, expected = model.recipe, model.state_dict()
    if is_gpt2(recipe, model.embedding.num_embeddings, model.head.out_features):
        names = gpt2_names(recipe.layers)
    else:
        names = {name: (PREFIX + name, False) for name in expected}
    weights = {}
    for name, (theirs, turned) in names.items():
        if theirs not in tensors:
            raise RunError(f"{path} has no {theirs}; was it saved from another model?")
        tensor = tensors[theirs].mT.contiguous() if turned else tensors[theirs]
        if tensor.shape != expected[name].shape:
            raise RunError(
                f"{path}: {theirs} is {list(tensors[theirs].shape)}, which does not fit the recipe "
                f"({list(expected[name].shape)}); was it saved from another model?"
            )
        weights[name] = tensor.to(expected[name].dtype)
    return weights
