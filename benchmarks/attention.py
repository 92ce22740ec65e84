"""The stored experiments of part 1. `python benchmarks/attention.py heads` writes results/attention-heads.json.

Each takes a minute or a few on one core; the pages in docs/attention show what they found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from closedbook.attention import CLAIMS
from closedbook.attention.bounds import NORMAL, ks_distance, ks_p_value
from closedbook.attention.claim import load
from closedbook.attention.claims.matrices import Layer, hand_built, measure, self_attention, sentence
from closedbook.attention.claims.two_heads import miss_chance
from closedbook.attention.keys import orthonormal
from closedbook.attention.recall import Pairs, affine_ceiling, pairs, train
from closedbook.typing import Float

RESULTS = Path(__file__).parent.parent / "results"
SEED = 0
SAMPLES = 10_000


def claims() -> dict[str, Any]:
    """Every claim at its defaults, in both precisions."""
    return {dtype: [load(id).check({"dtype": dtype}).as_json() for id in CLAIMS] for dtype in ("float64", "float32")}


def heads() -> dict[str, Any]:
    """One head and two on the same draws of 1c.ii's keys, as t, α, n and d vary; and head 1's misses over n and t₁."""
    claim = load("1d.ii")
    columns = {
        "one_lost": "one head: share that loses v_a or v_b, same draws",
        "two_lost": "two heads: share that loses v_a or v_b, measured",
        "predicted": "two heads: the same, predicted",
        "one_error": "one head: median relative error of c",
        "two_error": "two heads: median relative error of c",
    }
    rows = []
    for name, values in {
        "t": (2.0, 5.0, 10.0, 20.0, 100.0, 1e4),
        "alpha": (0.0, 1e-6, 1e-4, 1e-2, 1e-1),
        "n": (2, 6, 16, 64),
        "d": (8, 32, 128),
    }.items():
        for value in values:
            changed = {"t": value, "t1": value, "t2": value} if name == "t" else {name: value}
            shape = {"d": max(8, value)} if name == "n" else {}
            details = claim.check({**changed, **shape, "samples": SAMPLES, "seed": SEED}).measurement.details
            rows.append({"varied": name, "value": value, **{k: details[long] for k, long in columns.items()}})
    return {"samples": SAMPLES, "rows": rows, "misses": misses(claim), "limit": NORMAL.cdf(-math.sqrt(2))}


def misses(claim: Any, samples: int = SAMPLES) -> list[dict[str, Any]]:
    """The share of draws in which α₁ₐ < ½, for several n and t₁."""
    rows = []
    for n in (2, 6, 16, 64):
        for t1 in (1.0, 2.0, 5.0, 10.0, 20.0, 100.0, 1e4):
            p = claim.settings({"n": n, "d": max(8, n), "t1": t1, "samples": samples, "seed": SEED, "alpha": 0})
            missed = claim.construct(p).log_weights[0, :, 0] < math.log(0.5)
            rows.append({"n": n, "t1": t1, "measured": float(missed.double().mean()), "predicted": miss_chance(n, t1)})
    return rows


def laws() -> dict[str, Any]:
    """Kolmogorov–Smirnov tests of log(α_a/α_b) on 10,000 draws: right laws and wrong ones, for three t and three α."""
    variance = {
        "0": lambda alpha: 4 * alpha,
        "1": lambda alpha: 0.5 + 4 * alpha,
        "2": lambda alpha: 1 + 4 * alpha,
        "deviation": lambda alpha: 0.25 + 4 * alpha,
    }
    tested = [("1c.i", "0"), ("1c.ii", "1"), ("1c.ii-both", "2"), ("1c.ii", "deviation"), ("1c.ii", "2")]
    rows = []
    for (id, law), (seed, t), alpha in itertools.product(tested, enumerate((0.5, 20.0, 3000.0)), (1e-9, 1e-3, 0.5)):
        claim = load(id)
        p = claim.settings({"t": t, "alpha": alpha, "samples": SAMPLES, "seed": seed})
        distance = ks_distance(claim.construct(p).log_ratio(), t * math.sqrt(variance[law](alpha)))
        rows.append(
            {"draws": id, "law": law, "t": t, "alpha": alpha, "distance": distance, "p": ks_p_value(distance, SAMPLES)}
        )
    return {"samples": SAMPLES, "rows": rows}


def matrices() -> dict[str, Any]:
    """1e.ii's matrices against those of gradient descent from 64 random starts."""
    beta, starts, steps = 3.0, 32, 2000
    u = beta * orthonormal(4, 8, torch.Generator().manual_seed(SEED))
    built = hand_built(u, beta)
    p = load("1e.ii").settings({"beta": beta})
    single = Layer(u, built.K[None], built.Q[None], built.V[None])
    rows = [
        {
            "matrices": "hand-built",
            "error": max(part.figure for part in measure(built, p).parts),
            "fitted": 1.0,
            **described(single, single),
        }
    ]
    for varied in (False, True):
        layer, errors = learn(u, starts, steps, varied, SEED)
        rows.append(
            {
                "matrices": "learned, contents varied" if varied else "learned on the three inputs",
                "error": float(errors.median()),
                "fitted": float((errors < 0.01).double().mean()),
                **described(layer, single),
            }
        )
    return {"beta": beta, "starts": starts, "steps": steps, "rows": rows}


def described(layer: Layer, built: Layer) -> dict[str, float]:
    """Medians over starts: error on other contents, the two weights, and V's distance from the hand-built V."""
    weights = self_attention(sentence(layer.u), layer.K, layer.Q, layer.V)[1]
    seen = layer.u[1:] / layer.u[0].norm()  # u_b, u_c, u_d: what V makes of u_a is nobody's business
    off = ((layer.V - built.V) @ seen.T).flatten(1).norm(dim=1) / (built.V @ seen.T).norm()
    return {
        "error_on_other_contents": float(transfer(layer).median()),
        "weight_21": float(weights[:, 1, 0].median()),
        "weight_13": float(weights[:, 0, 2].median()),
        "V_off": float(off.median()),
    }


def contents(u: Float[Tensor, "4 d"], s1: Tensor, s3: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs x₁ = u_d + s₁u_b, x₂ = u_a, x₃ = u_c + s₃u_b, and what c₁ and c₂ should be: s₃u_b − u_c and s₁u_b."""
    a, b, c, d = u
    s1, s3 = s1[..., None], s3[..., None]
    x = torch.stack([d + s1 * b, a.expand_as(s1 * b), c + s3 * b], dim=-2)
    return x, torch.stack([s3 * b - c, s1 * b], dim=-2)


def learn(u: Float[Tensor, "4 d"], starts: int, steps: int, varied: bool, seed: int = 0) -> tuple[Layer, Tensor]:
    """Gradient descent (Adam) on K, Q and V from `starts` random starts at once: (layers, relative error of each).

    The loss is the squared distance of c₁ and c₂ from what they should be, over β². With `varied`, the contents s₁
    and s₃ are drawn anew for every step; without, both are 1 as in the claim. Errors are root mean squares over β.
    """
    g = torch.Generator().manual_seed(seed)
    d, beta = u.shape[1], u[0].norm()
    K, Q, V = (torch.randn(starts, d, d, generator=g, dtype=u.dtype) / d**0.5 for _ in range(3))
    matrices = [M.requires_grad_() for M in (K, Q, V)]
    optimiser = torch.optim.Adam(matrices, lr=0.02)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, steps)
    draws = 16 if varied else 1
    for _ in range(steps):
        s = 1 + varied * torch.randn(2, draws, 1, generator=g, dtype=u.dtype)
        loss = squared_errors(u, matrices, s).mean(0)
        optimiser.zero_grad()
        loss.sum().backward()
        optimiser.step()
        schedule.step()
    K, Q, V = (M.detach() for M in matrices)
    return Layer(u, K, Q, V), (loss.detach() / beta**2).sqrt()


def squared_errors(u: Float[Tensor, "4 d"], matrices: list[Tensor], s: Float[Tensor, "2 draws 1"]) -> Tensor:
    """½(‖c₁ − wanted‖² + ‖c₂ − wanted‖²) for each draw of the contents and each start: shape (draws, starts)."""
    x, wanted = contents(u, s[0], s[1])
    c, _ = self_attention(x, *matrices)
    return (c[..., :2, :] - wanted).square().sum(-1).mean(-1)


def transfer(layer: Layer, draws: int = 256, seed: int = 1) -> Tensor:
    """The relative error of each layer on other contents: root mean square over normal s₁ and s₃, over β."""
    g = torch.Generator().manual_seed(seed)
    s = 1 + torch.randn(2, draws, 1, generator=g, dtype=layer.u.dtype)
    errors = squared_errors(layer.u, [layer.K, layer.Q, layer.V], s)
    return (errors.mean(0) / layer.u[0].square().sum()).sqrt()


def recall() -> dict[str, Any]:
    """Softmax attention and the Synthesizer on recall, for several numbers of pairs and three seeds."""
    rows = []
    for n in (2, 4, 8, 16):
        for kind in ("softmax attention", "Synthesizer"):
            runs = [train(kind, n, 32, 1000, SEED + s, examples=20_000) for s in range(3)]
            rows.append(
                {
                    "n": n,
                    "layer": kind,
                    "right": [run.accuracy for run in runs],
                    "steps": [run.steps for run in runs],
                    "chance": 1 / n,
                    "ceiling": affine_ceiling(n),
                }
            )
            print(rows[-1], file=sys.stderr)
    return {"width": 32, "batch": 128, "rows": rows}


WIDTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
ENOUGH = 0.99


def bag_of_pairs(batch: Pairs, n: int, key_count: int) -> tuple[Float[Tensor, "batch pairs"], Float[Tensor, "batch k"]]:
    """What position-blind averaging leaves of bound pairs: the count of each (key, value), one row of key_count·n; and
    the query, one-hot."""
    counts = torch.zeros(len(batch.query), key_count * n)
    counts.scatter_(1, batch.keys * n + batch.values, 1.0)
    return counts, torch.nn.functional.one_hot(batch.query, key_count).float()


def mlp_share(n: int, width: int, steps: int = 1500, starts: int = 3) -> float:
    """The best share of right answers among `starts` MLPs of one hidden layer, on the bag of n pairs of n keys."""
    g = torch.Generator().manual_seed(SEED)
    into = torch.randn(starts, n * n, width, generator=g) / n**0.5
    query_in = torch.randn(starts, n, width, generator=g)
    bias, out_bias = torch.zeros(starts, 1, width), torch.zeros(starts, 1, n)
    out = torch.randn(starts, width, n, generator=g) / width**0.5
    parameters = [tensor.requires_grad_() for tensor in (into, query_in, bias, out, out_bias)]
    optimiser = torch.optim.Adam(parameters, lr=2e-2)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, steps)
    recent = torch.zeros(starts)
    for _ in range(steps):
        batch = pairs(256, n, n, g)
        bag, query = bag_of_pairs(batch, n, n)
        logits = torch.relu(bag @ into + query @ query_in + bias) @ out + out_bias
        right = (logits.argmax(2) == batch.answer).float().mean(1)
        recent += 0.02 * (right - recent)
        if float(recent.max()) > 0.998:
            break
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.answer.repeat(starts), reduction="sum")
        optimiser.zero_grad()
        (loss / 256).backward()
        optimiser.step()
        schedule.step()
    return float(recent.max())


def width() -> dict[str, Any]:
    """The smallest width that answers 99 % rightly: an MLP over the bag of pairs, and softmax attention.

    To save time the MLP's search starts at n/4, and attention's above log₂ n.
    """
    rows = []
    for n in (2, 4, 8, 12, 16):
        mlp, tried = None, {}
        for w in (w for w in WIDTHS if w >= n / 4):
            tried[w] = mlp_share(n, w)
            if tried[w] >= ENOUGH:
                mlp = w
                break
        looking = next(
            (
                w
                for w in WIDTHS
                if w > math.log2(n)
                and max(train("softmax attention", n, w, 800, s, 4000).accuracy for s in range(2)) >= ENOUGH
            ),
            None,
        )
        rows.append({"n": n, "mlp": mlp, "mlp_by_hand": n, "softmax": looking, "mlp_tried": tried})
        print(rows[-1], file=sys.stderr)
    logarithms = [(math.log(row["n"]), math.log(row["mlp"])) for row in rows if row["mlp"]]
    mean = [sum(x) / len(logarithms) for x in zip(*logarithms, strict=True)]
    slope = sum((a - mean[0]) * (b - mean[1]) for a, b in logarithms) / sum((a - mean[0]) ** 2 for a, _ in logarithms)
    return {"enough": ENOUGH, "widths": WIDTHS, "mlp_exponent": slope, "rows": rows}


def origin(seconds: float) -> dict[str, Any]:
    """Where a result comes from."""
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    return {
        "command": "python benchmarks/attention.py " + " ".join(sys.argv[1:]),
        "seed": SEED,
        "commit": subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "seconds": round(seconds, 1),
    }


STUDIES = {study.__name__: study for study in (claims, heads, laws, matrices, recall, width)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", help=f"some of {', '.join(STUDIES)}; all where none is named")
    for name in parser.parse_args().studies or STUDIES:
        start = time.perf_counter()
        result = STUDIES[name]()
        record = {"study": name, "origin": origin(time.perf_counter() - start), **result}
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(record, ensure_ascii=False, indent=1)
        (RESULTS / f"attention-{name}.json").write_text(text + "\n", encoding="utf-8")
