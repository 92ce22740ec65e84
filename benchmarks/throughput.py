"""Speed, side by side in one run: results/throughput.json.

    python benchmarks/throughput.py --data ../shared/data/cs224n

course  the course's network on the course's batches, forward, backward and AdamW: Hugging Face's GPT2LMHeadModel
        (sdpa) on the padded 128×127 batches, ours on the same padded batches, ours packed without padding. The three
        take turns, batch by batch; real (non-PAD) input tokens a second, the median over the turns. In float32, and
        in bfloat16: theirs by torch.autocast, ours by the recipe's `products`. Beside the ratio of the times on the
        clock stands that of the processor's time, which other programs disturb less.
fast    one step of the fast recipe against this machine's float32 matrix-product rate on the step's own shapes.
        Useful operations are those of the matrix products that the step needs (forward and both gradients) and
        of attention; the head's over the drawn outputs only; of the last layer all but keys and values over the
        targets only. Optimiser, memory and embeddings count as zero. `share_as_if_whole` counts what a step that
        leaves nothing out would need: 6 × the stack's matrix parameters × tokens + attention.
decode  500 questions answered in batches with the cache, against one at a time without; they take turns, all
        questions and one, and the median over the turns is kept.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from record import Cells

from closedbook.config.loading import load_recipe
from closedbook.model import generate
from closedbook.training.bucketing import bucket, pad
from closedbook.training.gradient import backward
from closedbook.training.setup import prepare_training, set_threads


def timed(work: Callable[[], object]) -> float:
    return both_clocks(work)[0]


def both_clocks(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds it took, and seconds of the processor."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def course(data: Path, batches: int, products: str = "float32") -> dict[str, object]:
    from transformers import GPT2Config, GPT2LMHeadModel

    recipe = load_recipe("course-vanilla", [f"model.matmul_dtype={products}"])
    setup = prepare_training(recipe, data / "wiki.txt", data / "birth_places_train.tsv")
    model, trainer = setup.model, setup.trainer(0)
    config = GPT2Config(
        vocab_size=256, n_positions=128, n_embd=256, n_layer=4, n_head=8, activation_function="gelu",
        tie_word_embeddings=False, attn_implementation="sdpa", use_cache=False, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    reference = GPT2LMHeadModel(config).train()
    optimiser = torch.optim.AdamW(reference.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    model.train()

    def theirs(piece):  # type: ignore[no-untyped-def]
        with torch.autocast("cpu", torch.bfloat16, enabled=products == "bfloat16"):
            logits = reference(piece.tokens).logits.flatten(0, 1)
            labels = torch.full((logits.shape[0],), -100)
            labels[piece.target_positions] = piece.target
            loss = F.cross_entropy(logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reference.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()

    def padded(piece):  # type: ignore[no-untyped-def]
        (model.loss(piece.tokens, piece.target_positions, piece.target) / len(piece.target)).backward()
        finish()

    def sliced(examples):  # type: ignore[no-untyped-def]
        with trainer.workers(examples):
            backward(model, examples, trainer.stage)
        finish()

    def finish() -> None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        trainer.optimiser.step(0.1)
        model.zero_grad(set_to_none=True)

    rates: dict[str, list[float]] = {"gpt2_padded": [], "ours_padded": [], "ours_sliced": []}
    processor: list[float] = []
    for step in range(batches + 1):
        examples = trainer.sampler.batch(step)
        tokens = len(examples.inputs.values)
        piece = pad(examples, 127)
        times = {
            "gpt2_padded": both_clocks(lambda p=piece: theirs(p)),
            "ours_padded": both_clocks(lambda p=piece: padded(p)),
            "ours_sliced": both_clocks(lambda e=examples: sliced(e)),
        }
        if step:  # the first is the warm-up
            processor.append(times["gpt2_padded"][1] / times["ours_sliced"][1])
            for name, (seconds, _) in times.items():
                rates[name].append(tokens / seconds)
    median = {name: round(statistics.median(values)) for name, values in rates.items()}
    ratios = [ours / theirs for ours, theirs in zip(rates["ours_sliced"], rates["gpt2_padded"], strict=True)]
    return {
        "batches": batches,
        "real_tokens_per_second": median,
        "ours_sliced_over_gpt2_padded": round(statistics.median(ratios), 2),
        "the_same_in_processor_time": round(statistics.median(processor), 2),
        "parameters": {"ours": model.count_parameters()["total"], "gpt2": reference.num_parameters()},
    }


def fast(data: Path, steps: int) -> dict[str, object]:
    setup = prepare_training(load_recipe("fast"), data / "wiki.txt", data / "birth_places_train.tsv")
    model, trainer, recipe = setup.model, setup.trainer(0), setup.recipe.model
    d, layers = recipe.width, recipe.layers
    stage = trainer.stage
    shares, wholes, rates, products = [], [], [], []
    matrices = sum(p.numel() for p in model.stack.parameters() if p.ndim == 2)
    first = int(0.5 * trainer.sampler.steps)
    model.train()
    for step in range(first, first + steps + 5):
        examples = trainer.sampler.batch(step)
        torch.manual_seed(step)
        seconds = timed(lambda e=examples: trainer.update(e, 0.5))
        flops, whole_flops, shapes = 0.0, 0.0, []
        for piece in map(pad, bucket(examples)):
            positions, targets = piece.tokens.numel(), len(piece.target_positions)
            outputs = min(model.head.out_features, stage.negatives or model.head.out_features)
            for layer in range(layers):
                rows = targets if layer == layers - 1 else positions
                shapes += [(positions, d, 2 * d), (rows, d, d), (rows, d, d), (rows, d, 4 * d), (rows, 4 * d, d)]
                flops += 3 * 2 * 2 * piece.tokens.shape[1] * rows * d / 2  # causal scores and sums
                whole_flops += 3 * 2 * 2 * piece.tokens.shape[1] * positions * d / 2
            shapes.append((targets, d, outputs))
        flops += sum(6 * m * k * n for m, k, n in shapes)
        whole_flops += 6 * matrices * len(examples.inputs.values)
        if step >= first + 5:
            shares.append((flops, seconds))
            wholes.append(whole_flops / seconds)
            rates.append(len(examples.inputs.values) / seconds)
            products.append(product_rate(shapes))
    rate = statistics.median(products)
    used = statistics.median(flops / seconds for flops, seconds in shares)
    return {
        "steps": steps,
        "tokens_per_second": round(statistics.median(rates)),
        "step_ms": round(1000 * statistics.median(seconds for _, seconds in shares), 1),
        "useful_gflops": round(used / 1e9, 1),
        "float32_product_gflops_on_its_shapes": round(rate / 1e9, 1),
        "share": round(used / rate, 3),
        "share_as_if_whole": round(statistics.median(wholes) / rate, 3),
        "products": recipe.matmul_dtype,
    }


def product_rate(shapes: list[tuple[int, int, int]]) -> float:
    """Float32 operations a second of forward and gradient products on these shapes, one after another."""
    operands = [(torch.randn(m, k), torch.randn(k, n), torch.randn(m, n)) for m, k, n in shapes]

    def work() -> None:
        for x, w, g in operands:
            x @ w
            g @ w.T
            x.T @ g

    work()
    return sum(6 * m * k * n for m, k, n in shapes) / min(timed(work) for _ in range(3))


def decoding(data: Path, turns: int) -> dict[str, object]:
    setup = prepare_training(load_recipe("course-vanilla"), data / "wiki.txt", data / "birth_places_train.tsv")
    prompts = [np.append(setup.corpus.prompts[i], 1) for i in range(500)]
    model = setup.model.eval()
    generate.greedy(model, prompts[:50], 32)
    together, alone = [], []
    for prompt in prompts[:: len(prompts) // turns][:turns]:
        together.append(timed(lambda: generate.greedy(model, prompts, 32)))
        alone.append(timed(lambda p=prompt: generate.sample(model, p, 32, temperature=0)) * len(prompts))
    ratios = [slow / quick for slow, quick in zip(alone, together, strict=True)]
    return {
        "questions": len(prompts),
        "turns": turns,
        "seconds": round(statistics.median(together), 2),
        "one_at_a_time_seconds": round(statistics.median(alone), 1),
        "one_at_a_time_measured_on": turns,
        "times_faster": round(statistics.median(ratios), 1),
        "note": "untrained weights: every answer runs to its 32 characters, the most work there is",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--only", choices=["course", "course, bfloat16", "fast", "decode"])
    parser.add_argument("--machine", help="added to the cells' names: figures of several processors side by side")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    cells = Cells("throughput.json")
    parts = {
        "course": lambda: course(arguments.data, arguments.batches),
        "course, bfloat16": lambda: course(arguments.data, arguments.batches, "bfloat16"),
        "fast": lambda: fast(arguments.data, 10 * arguments.batches),
        "decode": lambda: decoding(arguments.data, arguments.batches),
    }
    for name, measure in parts.items():
        if arguments.only in (None, name):
            cell = f"{name}, {arguments.machine}" if arguments.machine else name
            cells.add(cell, measure())
            print(cell, cells[cell], flush=True)


if __name__ == "__main__":
    main()
