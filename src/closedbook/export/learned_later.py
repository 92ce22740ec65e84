"""Names that were learned after the training, as an export for Hugging Face holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from closedbook.data.word_vocabulary import Words
from closedbook.inference.run import Run
from closedbook.model.name_memory import OwnOutputs

TRIED = 8  # names whose answers are compared


@dataclass(frozen=True)
class NamesLearnedLater:
    """What the names of a run that were learned later say."""

    run: Run
    vocabulary: Words
    outputs: OwnOutputs
    first: int  # the number of the first such name

    @classmethod
    def of(cls, run: Run) -> NamesLearnedLater | None:
        """Those of a run; None where no name has outputs of its own."""
        outputs = run.model.memory.outputs if run.model.memory is not None else None
        if outputs is None or not len(outputs.vectors) or not isinstance(run.vocabulary, Words):
            return None
        return cls(run, run.vocabulary, outputs, run.model.memory.blank)

    @property
    def phrases(self) -> int:
        """How many phrases there are in all."""
        return len(self.vocabulary.sayable)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Names, their outputs, and phrases that no other name can say."""
        names = len(self.vocabulary.names) - self.first
        return names, len(self.outputs.vectors), self.phrases - self.vocabulary.outputs

    def tensors(self) -> Mapping[str, Tensor]:
        """By their names in `closedbook.export.huggingface.LaterNames`."""
        number = {phrase: i for i, phrase in enumerate(self.vocabulary.sayable)}
        return {
            "readers": self.run.model.memory.readers,
            "vectors": self.outputs.vectors.float(),
            "starts": self.outputs.starts[self.first :],
            "phrases": torch.tensor([number.get(phrase, 0) for phrase in self.vocabulary.learned]),
        }

    @torch.inference_mode()
    def difference(self, loaded: Any) -> float:
        """The largest difference of a log-probability, as the export is read back, on random questions about them."""
        words, most = self.vocabulary.size, 0.0
        tokens = torch.randint(0, words, (8, 6), generator=torch.Generator().manual_seed(0))
        phrases = self.tensors()["phrases"]
        for name in np.linspace(self.first, len(self.vocabulary.names) - 1, TRIED).astype(int).tolist():
            if self.outputs.has(name):
                tokens[:, 2] = words + name
                ours = self.outputs.logprobs(name, self.run.model.read(tokens))[:, 2:]
                start = int(self.outputs.starts[name])
                places = loaded.config.inputs + phrases[start : start + ours.shape[-1]]
                most = max(most, float((loaded(tokens).logits[:, 2:, places] - ours).abs().max()))
        return most
