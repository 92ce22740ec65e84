"""A student's dataset.py or attention.py, run and held to the handout. Executes the file: only in a process of its own.

    python -m closedbook.course.student FILE RESULT SECONDS MEGABYTES

Findings go to RESULT as JSON, one a line, as they are made. `closedbook.course.check` starts this and reads them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from closedbook.model.custom_mixers import said

PAD, MASK = "\u25a1", "\u2047"
DRAWS = 1500  # examples looked at; the bounds below lie more than five standard errors away
CONFIG: dict[str, Any] = {
    "vocab_size": 30,
    "n_layer": 2,
    "n_embd": 24,
    "n_head": 3,
    "block_size": 16,
    "embd_pdrop": 0.1,
    "attn_pdrop": 0.1,
    "resid_pdrop": 0.1,
    "bottleneck_dim": 6,
}

Report = Callable[[str, str | None], None]  # what is asked for, and why it is not so: None where it is


class HandoutError(Exception):
    """What a student's code does against the handout."""


def main(file: Path, result: Path, seconds: int, megabytes: int) -> None:
    """Limit this process, import the file and check every class and function of the course that it has."""
    limit(seconds, megabytes)
    with open(result, "w", encoding="utf-8") as lines:

        def report(name: str, why: str | None) -> None:
            lines.write(json.dumps({"name": name, "why": why}) + "\n")
            lines.flush()

        try:
            module = load(file)
        except BaseException as error:
            report("the file can be imported", said(error, file))
            checks = []
        else:
            report("the file can be imported", None)
            checks = [check for name, check in CHECKS.items() if hasattr(module, name)]
            if not checks:
                report("the file has something to check", f"none of {', '.join(CHECKS)} is defined in it")
        for check in checks:
            for name, held in check(module):
                torch.manual_seed(0)
                try:
                    held()
                    report(name, None)
                except HandoutError as error:
                    report(name, str(error))
                except BaseException as error:
                    report(name, said(error, file))
        lines.write(json.dumps({"end": True}) + "\n")


def limit(seconds: int, megabytes: int) -> None:
    """CPU time, memory, and the size of files; nothing where the system knows no such limits."""
    torch.set_num_threads(1)
    try:
        import resource
    except ImportError:
        return
    for kind, most in (
        (resource.RLIMIT_CPU, seconds + math.ceil(time.process_time())),  # torch has taken some already
        (resource.RLIMIT_DATA, megabytes << 20),
        (resource.RLIMIT_FSIZE, 16 << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):  # macOS refuses some
            resource.setrlimit(kind, (most, most))


def load(file: Path) -> ModuleType:
    """The file as a module, with its folder on the path, as when it is run from there."""
    sys.path.insert(0, str(file.parent))
    sys.argv = [str(file)]
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def need(held: bool, why: str) -> None:
    if not held:
        raise HandoutError(why)


Checks = Iterator[tuple[str, Callable[[], None]]]

# dataset.py -----------------------------------------------------------------------------------------------------

BLOCK = 128
LIMIT = int(BLOCK * 7 / 8)
LONG = "".join(chr(0x4E00 + i) for i in range(300))  # every character once, so that it tells its own place
SHORT = "abcdefghijklmnopqrst"


def corruption(module: Any) -> Checks:
    """CharCorruptionDataset.__getitem__: truncate, cut a span out, ask for it behind."""
    state: dict[str, Any] = {}

    def characters() -> None:
        dataset = module.CharCorruptionDataset("\n".join([LONG, SHORT]), BLOCK)
        for i, (name, right) in enumerate([("PAD_CHAR", PAD), ("MASK_CHAR", MASK)]):
            need(
                dataset.itos[i] == right,
                f"itos[{i}] must be {name}, {right!r} (U+{ord(right):04X}), not {dataset.itos[i]!r}; leave the "
                "handout's __init__ as it is",
            )
        state["dataset"] = dataset

    def draw() -> None:
        dataset = state["dataset"]
        pairs = [dataset[0] for _ in range(DRAWS)]
        need(
            isinstance(pairs[0], tuple) and len(pairs[0]) == 2,
            f"__getitem__ must return the pair (x, y), not {type(pairs[0]).__name__}",
        )
        state["pairs"] = pairs

    def tensors() -> None:
        x, y = state["pairs"][0]
        for name, part in (("x", x), ("y", y)):
            need(isinstance(part, Tensor), f"{name} must be a tensor, not {type(part).__name__}: torch.tensor([…])")
            need(part.dtype == torch.long, f"{name} must be of type torch.long, not {part.dtype}: dtype=torch.long")
            need(part.ndim == 1, f"{name} must have one dimension, not the shape {list(part.shape)}")
        state["tensors"] = True
        lengths = {len(part) for pair in state["pairs"] for part in pair}
        need(len(lengths) == 1, f"all x and y must be of one length; these were seen: {sorted(lengths)[:5]}")
        need(
            lengths <= {BLOCK - 1, BLOCK},  # an edition for professionals pads to block_size + 1
            f"x and y must have block_size - 1 = {BLOCK - 1} entries (the padded text less one), not {min(lengths)}",
        )

    def shifted() -> None:
        for x, y in state["pairs"]:
            need(
                bool((x[1:] == y[:-1]).all()),
                "x must be the masked text but its last character, y the same text but its first: x[1:] == y[:-1]",
            )

    def text(pair: tuple[Tensor, Tensor]) -> str:
        x, y = pair
        return "".join(state["dataset"].itos[int(i)] for i in [*x, y[-1]])

    def parts(pair: tuple[Tensor, Tensor]) -> tuple[str, str, str]:
        """Prefix, suffix, masked content."""
        whole = text(pair)
        bare = whole.rstrip(PAD)
        need(PAD not in bare, f"PAD characters belong at the end only: {bare[:60]}…")
        need(
            bare.count(MASK) == 2,
            f"the text must hold MASK_CHAR twice (prefix MASK suffix MASK masked), not {bare.count(MASK)} times",
        )
        prefix, suffix, masked = bare.split(MASK)
        return prefix, suffix, masked

    def arranged() -> None:
        found = [parts(pair) for pair in state["pairs"]]
        for prefix, suffix, masked in found:
            whole = prefix + masked + suffix
            need(
                LONG.startswith(whole),
                "prefix + masked_content + suffix must be the beginning of the document again; is something lost, "
                "doubled or in another order? The form is: prefix MASK suffix MASK masked_content pads",
            )
        state["parts"] = found

    def truncated() -> None:
        lengths = [sum(map(len, three)) for three in state["parts"]]
        need(
            min(lengths) >= 4 and max(lengths) <= LIMIT,
            f"the truncated length must be from 4 to int(block_size * 7/8) = {LIMIT}; "
            f"seen: {min(lengths)} to {max(lengths)}",
        )
        need(len(set(lengths)) > 1, f"the truncated length must be random; it was always {lengths[0]}")
        quarter = (LIMIT - 4) // 4  # how lengths are drawn is the student's choice, so only what cannot be chance fails
        need(
            min(lengths) <= 4 + quarter and max(lengths) >= LIMIT - quarter,
            f"every length from 4 to {LIMIT} must have a chance; in {DRAWS} draws none was below {min(lengths)} or "
            f"above {max(lengths)}",
        )

    def masked() -> None:
        spread = {len(masked) for *rest, masked in state["parts"] if sum(map(len, rest)) + len(masked) >= 60}
        need(len(spread) > 1, "the masked content's length must be random, not a fixed part of the text")
        mean = sum(len(masked) for *_, masked in state["parts"]) / sum(len("".join(three)) for three in state["parts"])
        need(
            abs(mean - 0.25) < 0.03,
            f"the masked content must be a quarter of the truncated document on average; it is {100 * mean:.1f} %",
        )
        fixed = all(len(masked) in (math.floor(t / 4), math.ceil(t / 4)) for t, masked in _with_lengths(state["parts"]))
        need(not fixed, "the masked content is always exactly a quarter; it must be sometimes more and sometimes less")
        starts = {len(prefix) for prefix, *_ in state["parts"]}
        need(len(starts) > 5, "the masked content must stand at a random place of the text")

    def short() -> None:
        for _ in range(200):
            three = parts(state["dataset"][1])
            whole = three[0] + three[2] + three[1]
            need(
                SHORT.startswith(whole) and len(whole) >= 4,
                f"a document of {len(SHORT)} characters must give a beginning of itself, 4 or longer; got {whole!r}",
            )

    name = "CharCorruptionDataset"
    yield f"{name}: PAD_CHAR is 0 and MASK_CHAR 1", characters
    if "dataset" not in state:
        return
    yield f"{name}: makes a pair (x, y)", draw
    if "pairs" not in state:
        return  # what comes next is about what these checks found
    yield f"{name}: x and y are long tensors of block_size - 1", tensors
    if "tensors" not in state:
        return
    yield f"{name}: y is x, one character on", shifted
    yield f"{name}: prefix MASK suffix MASK masked_content pads", arranged
    if "parts" not in state:
        return
    yield f"{name}: truncated to 4 … int(block_size * 7/8) characters, at random", truncated
    yield f"{name}: the masked content is random and a quarter on average", masked
    yield f"{name}: documents shorter than that", short


def _with_lengths(parts: list[tuple[str, str, str]]) -> list[tuple[int, str]]:
    return [(sum(map(len, three)), three[2]) for three in parts]


# attention.py ---------------------------------------------------------------------------------------------------


class Config(SimpleNamespace):
    """What minGPT's classes are made from. A flag that we do not know, such as additive, is off."""

    def __getattr__(self, name: str) -> bool:
        if name.startswith("__"):
            raise AttributeError(name)
        return False


def config(**more: Any) -> Any:
    return Config(**CONFIG, **more)


def heads(x: Tensor) -> Tensor:
    """(batch, time, width) to (batch, head, time, width / heads)."""
    return x.unflatten(-1, (CONFIG["n_head"], -1)).transpose(1, 2)


def attend(scores: Tensor, v: Tensor) -> Tensor:
    """Causal softmax of scores (batch, head, query, key) over values, heads side by side."""
    visible = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    return (scores.masked_fill(~visible, float("-inf")).softmax(-1) @ v).transpose(1, 2).flatten(2)


def turned(x: Tensor) -> Tensor:
    """Rotary positions: adjacent pairs of (…, time, d) turned by t · 10000^(−2(i−1)/d), as complex numbers."""
    d = x.shape[-1]
    theta = 10_000.0 ** (-torch.arange(0, d, 2) / d)
    angle = torch.arange(x.shape[-2])[:, None] * theta
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle)).flatten(-2)


def lively(layer: Any) -> Any:
    """The layer without dropout, with weights large enough to tell formulas apart."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(std=0.5)
    return layer.eval()


def close(given: Any, expected: Tensor, formula: str) -> None:
    need(isinstance(given, Tensor), f"it must return a tensor, not {type(given).__name__}")
    need(
        given.shape == expected.shape,
        f"the result must be of shape {list(expected.shape)}, not {list(given.shape)}",
    )
    worst = (given - expected).abs().max().item()
    need(worst < 1e-4, f"the result differs from {formula} by up to {worst:.2g}")


def causal(call: Callable[[Tensor], Tensor], length: int) -> None:
    """No position may change when a later one does."""
    x = torch.randn(2, length, CONFIG["n_embd"])
    before = call(x)
    for t in range(1, length):
        changed = x.clone()
        changed[:, t:] += 1
        moved = (call(changed) - before)[:, :t].abs().amax((0, 2)) > 1e-5
        need(
            not moved.any(),
            f"position {int(moved.nonzero()[0]) if moved.any() else 0} changes when position {t} and later ones do; "
            "set the scores of later positions to -inf (or -1e10) before the softmax",
        )


def synthesizer(module: Any) -> Checks:
    """SynthesizerAttention: softmax(ReLU(X A_i + b1) B + b2)(X V_i)."""
    width, block, head = CONFIG["n_embd"], CONFIG["block_size"], CONFIG["n_embd"] // CONFIG["n_head"]

    def parameters() -> None:
        layer = module.SynthesizerAttention(config())
        have = {name: list(parameter.shape) for name, parameter in layer.named_parameters()}
        square = {f"{part}.{kind}": [width] * (1 + (kind == "weight")) for part in ("w1", "value", "proj")
                  for kind in ("weight", "bias")}  # fmt: skip
        want = {"w2": [head, block - 1], "b2": [block - 1], **square}
        for name, shape in want.items():
            need(name in have, f"the parameter {name} of shape {shape} is missing; there are: {', '.join(have)}")
            need(have[name] == shape, f"the parameter {name} must be of shape {shape}, not {have[name]}")
        extra = sorted(set(have) - set(want))
        need(not extra, f"there are parameters that a Synthesizer has not: {', '.join(extra)}")

    def formula() -> None:
        layer = lively(module.SynthesizerAttention(config()))
        for length in (block - 1, 5):
            x = torch.randn(2, length, width)
            hidden = heads(torch.relu(layer.w1(x)))
            scores = hidden @ layer.w2[:, :length] + layer.b2[:length]
            expected = layer.proj(attend(scores, heads(layer.value(x))))
            close(layer(x), expected, f"softmax(ReLU(X A_i + b1) B + b2)(X V_i) at length {length}")

    def gradients() -> None:
        layer = lively(module.SynthesizerAttention(config()))
        layer(torch.randn(2, 7, width)).square().sum().backward()
        idle = [name for name, p in layer.named_parameters() if p.grad is None or not p.grad.any()]
        need(not idle, f"no gradient reaches {', '.join(idle)}: is it used, and without .data, .item() or no_grad?")

    name = "SynthesizerAttention"
    yield f"{name}: parameters w1, w2, b2, value, proj and their shapes", parameters
    yield f"{name}: causal", lambda: causal(lively(module.SynthesizerAttention(config())), block - 1)
    yield f"{name}: the formula, shorter inputs too", formula
    yield f"{name}: every parameter learns", gradients


def self_attention(module: Any) -> Checks:
    """CausalSelfAttention: softmax(QKᵀ/√d_h) V, with rotary positions where the file has them."""
    rope = hasattr(module, "apply_rotary_emb")

    def formula(rotary: bool) -> Callable[[], None]:
        def held() -> None:
            layer = lively(module.CausalSelfAttention(config(rope=rotary)))
            for length in (CONFIG["block_size"] - 1, 5):
                x = torch.randn(2, length, CONFIG["n_embd"])
                q, k, v = (heads(part(x)) for part in (layer.query, layer.key, layer.value))
                if rotary:
                    q, k = turned(q), turned(k)
                expected = layer.proj(attend(q @ k.mT / math.sqrt(q.shape[-1]), v))
                turn = " with queries and keys turned" if rotary else ""
                close(layer(x), expected, f"softmax(QK^T/sqrt(d_h)) V{turn} at length {length}")

        return held

    name = "CausalSelfAttention"
    yield f"{name}: causal", lambda: causal(lively(module.CausalSelfAttention(config())), CONFIG["block_size"] - 1)
    yield f"{name}: the formula", formula(False)
    if rope:
        yield f"{name}: the formula with rope", formula(True)


def cross_attention(module: Any) -> Checks:
    """CausalCrossAttention(x_kv, x_q): queries from one sequence, keys and values from another."""

    def formula(queries: int, keys: int, batch: int) -> Callable[[], None]:
        def held() -> None:
            layer = lively(module.CausalCrossAttention(config()))
            names = list(inspect.signature(layer.forward).parameters)[:2]
            need(names == ["x_kv", "x_q"], f"forward must take (x_kv, x_q), in this order, not ({', '.join(names)})")
            x_kv, x_q = torch.randn(2, keys, CONFIG["n_embd"]), torch.randn(batch, queries, CONFIG["n_embd"])
            q, k, v = heads(layer.query(x_q)), heads(layer.key(x_kv)), heads(layer.value(x_kv))
            expected = layer.proj(attend(q @ k.mT / math.sqrt(q.shape[-1]), v))
            close(layer(x_kv, x_q), expected, "softmax(QK^T/sqrt(d_h)) V under the mask tril[:T_q, :T_k]")

        return held

    name = "CausalCrossAttention"
    yield f"{name}: down, fewer queries than keys, one basis for the whole batch", formula(6, 15, 1)
    yield f"{name}: up, more queries than keys", formula(15, 6, 2)


def rotary(module: Any) -> Checks:
    """precompute_rotary_emb and apply_rotary_emb."""
    dim, most = 8, 16

    def cache() -> None:
        made = module.precompute_rotary_emb(dim, most)
        angle = torch.arange(most)[:, None] * 10_000.0 ** (-torch.arange(0, dim, 2) / dim)
        close(made, torch.stack([angle.cos(), angle.sin()], -1), "(cos, sin) of t · 10000^(-2(i-1)/dim), t from 0")

    def apply() -> None:
        made = module.precompute_rotary_emb(dim, most)
        for length in (most, 5):
            x = torch.randn(2, 3, length, dim)
            formula = f"x with each adjacent pair (1st with 2nd, 3rd with 4th) turned by its position, length {length}"
            try:
                close(module.apply_rotary_emb(x, made), turned(x), formula)
            except Exception as error:  # the handout leaves open whether batch and head are one dimension
                flat = x.flatten(0, 1)
                try:
                    close(module.apply_rotary_emb(flat, made), turned(flat), formula)
                except Exception:
                    raise error from None

    yield "precompute_rotary_emb: (max_positions, dim/2, 2), cos and sin", cache
    yield "apply_rotary_emb: adjacent pairs turned, shorter inputs too", apply


CHECKS: dict[str, Callable[[Any], Checks]] = {
    "CharCorruptionDataset": corruption,
    "SynthesizerAttention": synthesizer,
    "CausalSelfAttention": self_attention,
    "CausalCrossAttention": cross_attention,
    "precompute_rotary_emb": rotary,
}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
