"""Ready to run where there is a GPU → results/gpu.json. (It has run on CPUs only, as --tiny: nobody had a GPU here.)

    python benchmarks/gpu.py --data FOLDER                # the course's data; parts: course, fast, large
    python benchmarks/gpu.py teach --data FOLDER --base FOLDER
    python benchmarks/gpu.py large --batch 64 --compile

course  the course's vanilla recipe, all 650 + 10 epochs, trained and scored on dev.
fast    the fast recipe, trained and scored on dev.
teach   the pretrained model in --base taught all of the course's documents, and scored on dev; 256 examples a step.
large   a step of a network of 100 M parameters with products = "autocast": its useful operations a second as a share of
        what the card reaches in bfloat16 products of 8192 × 8192 matrices. Useful are the products that the step needs,
        forward and both gradients, and causal attention's; nothing else counts. --compile compares torch.compile.

--tiny does each in seconds on a CPU, on a small part of the data: what is then measured says nothing.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from record import Cells

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import ModelRecipe, ObjectiveWeight, Stage
from closedbook.data.arrays import Examples, Ragged
from closedbook.model.gpt import GPT
from closedbook.training.distributed import DistributedContext
from closedbook.training.gradient import backward

LARGE = ModelRecipe(
    width=768, layers=12, heads=12, context_length=1024, positions="rotary", norm="rms", feedforward="relu2",
    bias=False, initial="scaled", matmul_dtype="autocast", dropout=0.0,
)  # fmt: skip
TOKENS = 10_240  # of the large network's vocabulary, in and out
TINY = {
    "course-vanilla": ["model.width=16", "stages.pretrain.epochs=1", "stages.finetune.epochs=1"],
    "fast": ["model.width=16", "stages.learn.steps=16", "stages.learn.batch=16"],
    "teach": ["stages.learn.steps=16", "stages.learn.batch=16"],
}


def trained(
    name: str, data: Path, distributed: DistributedContext, tiny: bool, sets: Sequence[str] = ()
) -> dict[str, Any]:
    """A recipe from the beginning to its score on dev."""
    recipe = load_recipe(name, [*sets, *(TINY[name] if tiny else [])])
    with tempfile.TemporaryDirectory() as folder:
        run = pipeline.train(
            recipe, data / "wiki.txt", data / "birth_places_train.tsv", dev=data / "birth_dev.tsv",
            run=Path(folder) / "run", device=distributed.device.type,
        )  # fmt: skip
        scored, lines = run.folder.read_json("evaluation.json"), run.folder.metrics()
        record = run.folder.record()
    tokens = sum(line["tokens"] for line in lines)
    return {
        **{key: scored[key] for key in ("correct", "total", "accuracy", "interval")},
        "recipe": name,
        "seconds": record["seconds"],
        "tokens": tokens,
        "tokens_per_second": round(tokens / record["seconds"]["train"]),
        "bfloat16_product_tflops": round(product_rate(distributed) / 1e12, 3),
    }


def large(
    distributed: DistributedContext, batch: int, steps: int, recipe: ModelRecipe, compiled: bool
) -> dict[str, Any]:
    """Utilisation of a step, eager and, if asked for, compiled."""
    torch.manual_seed(0)
    model = GPT(recipe, TOKENS).to(distributed.device).train()
    stage = Stage(
        "large",
        (ObjectiveWeight(ComponentSpec("language")),),
        ComponentSpec("muon"),
        ComponentSpec("trapezoid"),
        batch=batch,
        steps=1,
    )
    optimiser = stage.optimiser.make("optimiser", model)
    ids = torch.randint(2, TOKENS, (batch, recipe.context_length)).numpy()
    examples = Examples.next_token(Ragged.of(list(ids)))
    positions = batch * (recipe.context_length - 1)
    weights = sum(p.numel() for name, p in model.named_parameters() if p.ndim == 2 and name != "embedding.weight")
    attention = (
        12 * recipe.layers * recipe.width * recipe.context_length / 2
    )  # scores and sums, half of them in the past
    useful = positions * (6 * weights + attention)

    def step() -> None:
        backward(model, examples, stage, distributed)
        optimiser.step(1.0)
        model.zero_grad(set_to_none=True)

    rate = product_rate(distributed)
    measured: dict[str, Any] = {}
    for how in ("eager", "compiled") if compiled else ("eager",):
        if how == "compiled":
            model.stack.compile()
        try:
            seconds = statistics.median([timed(step, distributed) for _ in range(steps + 2)][2:])
        except Exception as error:  # a compiler is more than torch promises everywhere: say so, keep the rest
            measured[how] = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
            continue
        measured[how] = {
            "step_seconds": round(seconds, 4),
            "tokens_per_second": round(positions / seconds),
            "useful_tflops": round(useful / seconds / 1e12, 4),
            "share_of_product_rate": round(useful / seconds / rate, 4),
        }
    return {
        **measured,
        "parameters": model.count_parameters()["total"],
        "batch": batch,
        "block": recipe.context_length,
        "bfloat16_product_tflops": round(rate / 1e12, 3),
    }


def product_rate(distributed: DistributedContext) -> float:
    """Operations a second of bfloat16 matrix products: the best of ten."""
    size = 512 if distributed.device.type == "cpu" else 8192
    a, b = (torch.randn(size, size, device=distributed.device, dtype=torch.bfloat16) for _ in range(2))
    a @ b
    return 2 * size**3 / min(timed(lambda: a @ b, distributed) for _ in range(10))


def timed(work: Callable[[], object], distributed: DistributedContext) -> float:
    distributed.wait()
    began = time.perf_counter()
    work()
    distributed.wait()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["course", "fast", "large"])
    parser.add_argument("--data", type=Path, help="the course's data")
    parser.add_argument("--base", help="the pretrained model's folder, for `teach`")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch", type=int, default=32, help="of `large`, in examples of 1,024 tokens")
    parser.add_argument("--steps", type=int, default=20, help="of `large`, that are timed")
    parser.add_argument("--compile", action="store_true", help="`large` with the stack compiled, too")
    parser.add_argument("--tiny", action="store_true", help="run through everything in seconds; keep nothing")
    arguments = parser.parse_args()
    with DistributedContext.start(arguments.device) as distributed:
        recipe, batch, steps = LARGE, arguments.batch, arguments.steps
        if arguments.tiny:
            recipe, batch, steps = replace(LARGE, width=32, layers=2, heads=2, context_length=32), 2, 1
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "course": lambda: trained("course-vanilla", arguments.data, distributed, arguments.tiny),
            "fast": lambda: trained("fast", arguments.data, distributed, arguments.tiny),
            "teach": lambda: trained(
                "teach",
                arguments.data,
                distributed,
                arguments.tiny,
                [f"pretrained.model={arguments.base}", "stages.learn.batch=256"],
            ),
            "large": lambda: large(distributed, batch, steps, recipe, arguments.compile),
        }
        cells = Cells("gpu.json")
        gpu = torch.cuda.get_device_name() if distributed.device.type == "cuda" else distributed.device.type
        for name in arguments.parts:
            if name not in parts:
                parser.error(f"there is no part {name}; parts: {', '.join(parts)}")
            if name != "large" and arguments.data is None:
                parser.error(f"{name} needs the course's data: --data FOLDER")
            if name == "teach" and arguments.base is None:
                parser.error("teach needs a pretrained model: --base FOLDER")
            value = {"device": gpu, **parts[name]()}
            print(name, value, flush=True)
            if not arguments.tiny:
                cells.add(name, value)


if __name__ == "__main__":
    main()
