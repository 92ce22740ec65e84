"""A run's logits as an ONNX graph: `tokens` (batch, time) int64 to `logits` (batch, time, outputs) float32."""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from closedbook.data.vocabulary import MASK, PAD
from closedbook.environment import require_packages
from closedbook.errors import RecipeError, RunError
from closedbook.export.exporters import TOLERANCE, logit_difference, random_tokens
from closedbook.export.learned_later import NamesLearnedLater
from closedbook.inference.run import Run
from closedbook.model.gpt import GPT, own_network
from closedbook.runs.store import write_output

MOST_ROWS = 4096


class _Logits(nn.Module):
    def __init__(self, model: GPT) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model.logits(tokens)


def export_onnx(run: Run, path: Path) -> dict[str, Any]:
    """Write the graph, for any batch and any time below the context length, and compare its logits with the run's.

    Returns bytes, and the largest difference of a logit under onnxruntime over batches of several shapes. Raises
    RunError if onnx, onnxscript or onnxruntime is not installed, or the logits differ by more than TOLERANCE, and
    RecipeError for a network that has no such graph.
    """
    require_packages("this", "onnx", "onnxscript", "onnxruntime", extra="onnx")
    recipe = run.recipe.model
    if recipe.stack.name == "perceiver":
        raise RecipeError(
            "the stack perceiver has no ONNX graph: it cuts its latents to the length of the text, and a graph has one "
            "form for all lengths; --to huggingface and --to params do"
        )
    if NamesLearnedLater.of(run) is not None:
        raise RecipeError(
            "names that were learned after the training have answers of their own, for which a graph has no form; "
            "--to huggingface has, or train with --set data.trained_titles=0"
        )
    import onnxruntime

    longest = recipe.context_length - 1
    batch, time = torch.export.Dim("batch", min=1, max=MOST_ROWS), torch.export.Dim("time", min=1, max=longest)
    model = _Logits(copy.deepcopy(own_network(run.model))).eval()
    try:
        with _quietly(), torch.no_grad():
            program = torch.onnx.export(
                model, (random_tokens(run, 3, min(5, longest)),), dynamo=True, verbose=False,
                input_names=["tokens"], output_names=["logits"], dynamic_shapes={"tokens": {0: batch, 1: time}},
            )  # fmt: skip
    except Exception as error:  # a user's own mixer may do what a graph cannot
        reason = " ".join(str(error).split("##")[-1].removeprefix(" Exception summary").split())[:200]
        raise RecipeError(f"the mixer {recipe.mixer.name} cannot be made an ONNX graph: {reason}") from None
    assert program is not None
    graph = program.model_proto
    notes = {"closedbook_vocabulary": run.vocabulary.kind, "closedbook_pad": str(PAD), "closedbook_mask": str(MASK)}
    for key, value in notes.items():
        graph.metadata_props.add(key=key, value=value)
    content = graph.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def graph_logits(tokens: Tensor) -> Tensor:
        try:
            return torch.from_numpy(session.run(None, {"tokens": tokens.numpy()})[0])
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise RecipeError(f"the graph of {recipe.mixer.name} does not run for every length: {reason}") from None

    difference = 0.0
    for rows, length in ((1, 1), (2, longest), (4, (longest + 1) // 2)):
        difference = max(difference, logit_difference(run, graph_logits, rows, length))
    if not difference <= TOLERANCE:
        raise RunError(f"{path} was not written: its logits would differ from the run's by {difference:.2g}")
    write_output(path, content)
    return {"bytes": len(content), "largest_difference": difference}


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Silence the exporter's messages about unrelated packages."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
