"""A training's memory is what its largest batches need, however many batches of other shapes came before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GROWTH = 30  # MB; with a kernel compiled for every new shape of GELU, the course's kind of step grew by about 90

CODE = """if True:
    import sys
    import numpy as np
    import torch
    from closedbook.model.gpt import GPT
    from closedbook.config.loading import load_recipe
    from closedbook.data.arrays import Examples, Ragged
    from closedbook.training.bucketing import pack

    def resident():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    name, packed, *sets = sys.argv[1:]
    packed = packed == "True"
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recipe = load_recipe(name, ["model.width=64", "model.layers=1", "model.heads=2", *sets])
    negatives = recipe.stages[0].negatives
    names = 1000 if recipe.model.memory else 0
    model = GPT(recipe.model, 2000 - names, 2000, names).train()
    rng = np.random.default_rng(0)
    for step in range(400):
        rows, time = (32, 127) if step < 3 else (int(rng.integers(8, 32)), int(rng.integers(20, 127)))
        at = torch.arange(0, rows * time, 5)
        target = torch.randint(0, 2000, at.shape)
        tokens = torch.randint(0, 2000, (rows, time))
        if packed:
            rows = 12 if step < 3 else int(rng.integers(4, 12))
            inputs = Ragged.of([rng.integers(2, 2000, rng.integers(90, 128)) for _ in range(rows)])
            (batch,) = pack(Examples.of(inputs, inputs.values))
            model.packed_loss(batch).backward()
        else:
            model.loss(tokens, at, target, candidates=model.draw(target, negatives)).backward()
        model.zero_grad()
        if step in (99, 399):
            print(resident(), flush=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what is resident as Linux shows it")
@pytest.mark.parametrize(
    ("recipe", "packed", "sets"),
    [
        ("course-vanilla", False, ["model.matmul_dtype=float32"]),
        ("course-vanilla", True, ["model.matmul_dtype=bfloat16"]),
        ("fast", False, ["model.matmul_dtype=bfloat16"]),
    ],
)
def test_300_steps_of_varied_shapes_keep_resident_memory_flat(recipe, packed, sets):
    command = [sys.executable, "-c", CODE, recipe, str(packed), *sets]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not ran.returncode, ran.stderr
    early, late = map(float, ran.stdout.split())
    assert late - early < GROWTH
