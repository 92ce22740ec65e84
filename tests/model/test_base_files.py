"""A pretrained base may be a stranger's folder: what is refused in a line, and that no code in it runs."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_base import make_base

from closedbook.config.loading import load_recipe
from closedbook.errors import RecipeError
from closedbook.model import pretrained_base

pytest.importorskip("transformers")
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = ["Ada Ek was born in Lund.", "Bo Ray was born in Oslo."]
    return make_base(tmp_path_factory.mktemp("base") / "honest", "llama", lines, layers=2)


@pytest.fixture
def base(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "base"))


def settle(base: Path) -> Any:
    """Everything of a base is read, as a training does."""
    recipe, _ = pretrained_base.settle(load_recipe("teach", [f"pretrained.model={base}"]))
    pretrained_base.read_tokenizer(base)
    return pretrained_base.load(base, recipe.pretrained)


def refusal(base: Path) -> str:
    with pytest.raises(RecipeError) as error:
        settle(base)
    assert "\n" not in str(error.value)
    return str(error.value)


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **values}), encoding="utf-8")


class Payload:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self.marker), "w")


def test_an_honest_one_is_read(base: Path) -> None:
    assert sum(p.numel() for p in settle(base).model.parameters()) > 10_000


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"num_hidden_layers": 100_000}, "num_hidden_layers"),  # minutes of making layers
        ({"num_hidden_layers": 1000}, "bytes of them here"),
        ({"model_type": "mixtral", "num_local_experts": 10**6}, "experts"),
        ({"hidden_size": "x"}, "expected int"),
        ({"hidden_size": None}, "expected int"),
        ({"num_attention_heads": 0}, "cannot be opened"),
        ({"num_attention_heads": -4}, "num_attention_heads"),
        ({"max_position_embeddings": -1}, "max_position_embeddings"),
        ({"vocab_size": 10**12}, "bytes of them here"),
        ({"rope_parameters": [1]}, "cannot be opened"),
        ({"dtype": "evil"}, "cannot be opened"),
        ({"quantization_config": 5}, "cannot be opened"),
        ({"quantization_config": {"quant_method": "gptq"}}, "cannot be loaded"),
        ({"_attn_implementation": "stranger/kernel"}, "never executed"),
        ({"attn_implementation": "stranger/kernel:x"}, "never executed"),
        ({"vision_config": {"_attn_implementation_internal": "stranger/kernel"}}, "never executed"),
        ({"model_type": "gpt2"}, "lacks"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_in_a_line(base: Path, values: dict[str, Any], words: str) -> None:
    change(base / "config.json", **values)
    assert words in refusal(base)


@pytest.mark.parametrize("text", ["[1]", "[" * 100_000, '{"hidden_size": ' + "9" * 5000 + "}", "", "\xff"])
def test_a_configuration_that_is_no_json_object_is_damaged(base: Path, text: str) -> None:
    (base / "config.json").write_text(text, encoding="latin-1")
    assert "config.json is damaged" in refusal(base)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "generation_config.json"])
def test_other_files_of_another_kind_are_refused_in_a_line(base: Path, name: str) -> None:
    (base / name).write_text("[]", encoding="utf-8")
    assert "base" in refusal(base)


def test_json_of_very_many_values_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSEDBOOK_READ_AT_MOST", "1")
    (base / "tokenizer_config.json").write_text(f"[{'{},' * 50_000}0]", encoding="utf-8")
    assert "may hold more than 62,500 values" in refusal(base)


def test_no_pickle_is_read(base: Path, tmp_path: Path) -> None:
    (base / WEIGHTS).unlink()
    (base / "pytorch_model.bin").write_bytes(pickle.dumps(Payload(tmp_path / "ran")))
    assert "a pickle, which is not read" in refusal(base)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("part", ["part.bin", "../elsewhere.safetensors", "/dev/zero", 5])
def test_a_list_of_parts_names_weights_of_the_folder_only(base: Path, tmp_path: Path, part: object) -> None:
    (base / "part.bin").write_bytes(pickle.dumps(Payload(tmp_path / "ran")))
    shutil.copy(base / WEIGHTS, tmp_path / "elsewhere.safetensors")
    (base / WEIGHTS).rename(base / "one.safetensors")
    text = json.dumps({"metadata": {}, "weight_map": {"model.norm.weight": part}})
    (base / "model.safetensors.index.json").write_text(text, encoding="utf-8")
    assert "no *.safetensors in the folder" in refusal(base)
    assert not (tmp_path / "ran").exists()


def test_an_adapter_that_names_another_model_is_not_followed(base: Path) -> None:
    text = json.dumps({"peft_type": "LORA", "base_model_name_or_path": "stranger/other", "task_type": "CAUSAL_LM"})
    (base / "adapter_config.json").write_text(text, encoding="utf-8")
    assert "adapter of another model" in refusal(base)


@pytest.mark.parametrize("how", ["cut", "spoiled", "other shapes", "few"])
def test_weights_that_are_not_all_there_are_refused(base: Path, how: str) -> None:
    from safetensors.torch import load_file, save_file

    path = base / WEIGHTS
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[:-100])
    elif how == "spoiled":
        path.write_bytes(b"\xff" * len(content))
    else:
        tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
        if how == "other shapes":
            tensors = {name: tensor[:16].clone() for name, tensor in tensors.items()}
        else:
            del tensors["model.norm.weight"]
        save_file(tensors, path, {"format": "pt"})
    assert ("lacks 1 of its weights" if how == "few" else "cannot be loaded") in refusal(base)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
@pytest.mark.parametrize("name", ["tokenizer.json", WEIGHTS, "vocab.txt", "generation_config.json"])
@pytest.mark.parametrize("what", ["pipe", "device"])
def test_what_is_no_file_is_refused_before_it_is_opened(base: Path, name: str, what: str) -> None:
    (base / name).unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(base / name)
    else:
        (base / name).symlink_to("/dev/zero")
    assert f"it is a {what}" in refusal(base)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + b"\xff" * 100, b"GGUF\3\0\0\0" + b"\xff" * 16 + b"x" * 99])
def test_a_gguf_file_of_junk_is_refused_in_a_line(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("gguf")
    (tmp_path / "base.gguf").write_bytes(content)
    assert "base.gguf cannot be opened" in refusal(tmp_path / "base.gguf")
