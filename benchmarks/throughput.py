"""Speed, side by side in one run: results/throughput.json.

    python benchmarks/throughput.py --data ../shared/data/cs224n

course  the course's network on the course's batches, forward, backward and AdamW: Hugging Face's GPT2LMHeadModel
        (sdpa) on the padded 128×127 batches, ours on the same padded batches, ours packed without padding. Each has a
        process of its own, and they take turns, batch by batch; real (non-PAD) input tokens a second, the median over
        the turns. In float32, and in bfloat16: theirs by torch.autocast, ours by the recipe's `matmul_dtype`. Beside
        the ratio of the times on the clock stands that of the processor's time, which other programs disturb less.
fast    one step of the fast recipe against this machine's float32 matrix-product rate on the step's own shapes.
        Useful operations are those of the matrix products that the step needs (forward and both gradients) and
        of attention; the head's over the drawn outputs only; of the last layer all but keys and values over the
        targets only. Optimiser, memory and embeddings count as zero. `share_as_if_whole` counts what a step that
        leaves nothing out would need: 6 × the stack's matrix parameters × tokens + attention.
decode  500 questions answered in batches with the cache, against one at a time without, always 32 characters; they take
        turns, all questions and one, and the median over the turns is kept. With untrained weights every answer runs
        to its 32 characters, the most work there is; "decode, trained" is of a network whose answers end.
"""

from __future__ import annotations

import argparse
import multiprocessing
import operator
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from record import Cells

from closedbook.config.loading import load_recipe
from closedbook.data.arrays import Examples
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


def side(way: str, data: Path, products: str, threads: int, pipe: Connection) -> None:
    """One of those compared, in a process of its own: trains on the batches that it is told, and says how long it took.

    Nobody's memory is then in another's way, and each has the malloc that it has in its users' programs: ours is told
    to keep what is freed, and the others as torch comes; "gpt2_padded, memory kept" is told the same as ours.
    """
    theirs = way.startswith("gpt2")
    set_threads(threads) if way != "gpt2_padded" else torch.set_num_threads(threads)
    recipe = load_recipe("course-vanilla", [f"model.matmul_dtype={products}"])
    setup = prepare_training(recipe, data / "wiki.txt", data / "birth_places_train.tsv")
    trainer = setup.trainer(0)
    model = reference() if theirs else setup.model.train()
    adamw = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)

    def gpt2_padded(examples: Examples) -> None:
        piece = pad(examples, 127)
        with torch.autocast("cpu", torch.bfloat16, enabled=products == "bfloat16"):
            logits = model(piece.tokens).logits.flatten(0, 1)
            labels = torch.full((logits.shape[0],), -100)
            labels[piece.target_positions] = piece.target
            loss = F.cross_entropy(logits, labels)
        loss.backward()
        finish(adamw.step)

    def ours_padded(examples: Examples) -> None:
        piece = pad(examples, 127)
        (model.loss(piece.tokens, piece.target_positions, piece.target) / len(piece.target)).backward()
        finish(lambda: trainer.optimiser.step(0.1))

    def ours_packed(examples: Examples) -> None:
        with trainer.workers(examples):
            backward(model, examples, trainer.stage)
        finish(lambda: trainer.optimiser.step(0.1))

    def finish(step: Callable[[], object]) -> None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        step()
        model.zero_grad(set_to_none=True)

    work = gpt2_padded if theirs else ours_padded if way == "ours_padded" else ours_packed
    pipe.send(sum(parameter.numel() for parameter in model.parameters()))
    while (number := pipe.recv()) is not None:
        examples = trainer.sampler.batch(number)
        pipe.send((*both_clocks(partial(work, examples)), len(examples.inputs.values)))


def reference() -> torch.nn.Module:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=256, n_positions=128, n_embd=256, n_layer=4, n_head=8, activation_function="gelu",
        tie_word_embeddings=False, attn_implementation="sdpa", use_cache=False, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return GPT2LMHeadModel(config).train()


SIDES = ("gpt2_padded", "gpt2_padded, memory kept", "ours_padded", "ours_packed")
WARM_UP = 3  # turns
ANSWERS_END = 160  # steps of questions


def course(data: Path, batches: int, products: str = "float32") -> dict[str, object]:
    context = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    for way in SIDES:
        pipes[way], theirs = context.Pipe()
        processes.append(context.Process(target=side, args=(way, data, products, torch.get_num_threads(), theirs)))
        processes[-1].start()
    parameters = {way: pipe.recv() for way, pipe in pipes.items()}
    rates, processor = defaultdict(list), defaultdict(list)
    for number in range(WARM_UP + batches):
        for way, pipe in pipes.items():
            pipe.send(number)
            seconds, used, tokens = pipe.recv()
            if number >= WARM_UP:
                rates[way].append(tokens / seconds)
                processor[way].append(tokens / used)
    for pipe, process in zip(pipes.values(), processes, strict=True):
        pipe.send(None)
        process.join()

    def faster(than: str, by: dict[str, list[float]]) -> float:
        return round(statistics.median(map(operator.truediv, by["ours_packed"], by[than])), 2)

    return {
        "batches": batches,
        "real_tokens_per_second": {way: round(statistics.median(values)) for way, values in rates.items()},
        "ours_packed_over": {way: faster(way, rates) for way in SIDES[:-1]},
        "the_same_in_processor_time": {way: faster(way, processor) for way in SIDES[:-1]},
        "parameters": parameters,
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


def decoding(data: Path, turns: int, steps: int = 0) -> dict[str, object]:
    """500 answers of a network that was trained on questions for so many steps, so that its answers end."""
    recipe = load_recipe("course-vanilla-unpretrained", ["model.matmul_dtype=bfloat16"])
    setup = prepare_training(recipe, data / "wiki.txt", data / "birth_places_train.tsv")
    prompts = [np.append(setup.corpus.prompts[i], 1) for i in range(500)]
    trainer = setup.trainer(0)
    for step in range(steps):
        trainer.update(trainer.sampler.batch(step), 1.0)
    model = trainer.model.eval()
    generate.greedy(model, prompts[:50], 32)
    together, alone = [], []
    for prompt in prompts[:: len(prompts) // turns][:turns]:
        together.append(timed(lambda: generate.greedy(model, prompts, 32)))
        alone.append(timed(lambda p=prompt: generate.sample(model, p, 32, temperature=0)) * len(prompts))
    ratios = [slow / quick for slow, quick in zip(alone, together, strict=True)]
    return {
        "questions": len(prompts),
        "trained_steps": steps,
        "characters_an_answer": round(statistics.mean(len(one.ids) for one in generate.greedy(model, prompts, 32)), 1),
        "turns": turns,
        "seconds": round(statistics.median(together), 2),
        "one_at_a_time_seconds": round(statistics.median(alone), 1),
        "one_at_a_time_measured_on": turns,
        "times_faster": round(statistics.median(ratios), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--only", choices=["course", "course, bfloat16", "fast", "decode", "decode, trained"])
    parser.add_argument("--machine", help="added to the cells' names: figures of several processors side by side")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    cells = Cells("throughput.json")
    parts = {
        "course": lambda: course(arguments.data, arguments.batches),
        "course, bfloat16": lambda: course(arguments.data, arguments.batches, "bfloat16"),
        "fast": lambda: fast(arguments.data, 10 * arguments.batches),
        "decode": lambda: decoding(arguments.data, arguments.batches),
        "decode, trained": lambda: decoding(arguments.data, arguments.batches, steps=ANSWERS_END),
    }
    for name, measure in parts.items():
        if arguments.only in (None, name):
            cell = f"{name}, {arguments.machine}" if arguments.machine else name
            cells.add(cell, measure())
            print(cell, cells[cell], flush=True)


if __name__ == "__main__":
    main()
