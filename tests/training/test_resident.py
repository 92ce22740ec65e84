"""A training's memory is what its largest batches need, however many batches of other shapes came before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from shell import environment

GROWTH = 12  # MB; with a kernel compiled for every new shape of GELU, padded steps grew by 33, and without by 1

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

    packed, dtype = sys.argv[1:]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    small = ["model.width=32", "model.layers=1", "model.heads=2", f"model.matmul_dtype={dtype}"]
    model = GPT(load_recipe("course-vanilla", small).model, 100).train()
    rng = np.random.default_rng(0)
    for step in range(300):
        if packed == "packed":
            rows = 12 if step < 3 else int(rng.integers(4, 12))
            inputs = Ragged.of([rng.integers(2, 100, rng.integers(90, 128)) for _ in range(rows)])
            (batch,) = pack(Examples.of(inputs, inputs.values))
            model.packed_loss(batch).backward()
        else:
            rows, time = (32, 127) if step < 3 else (int(rng.integers(8, 32)), int(rng.integers(20, 127)))
            at = torch.arange(0, rows * time, 5)
            target = torch.randint(0, 100, at.shape)
            model.loss(torch.randint(0, 100, (rows, time)), at, target).backward()
        model.zero_grad()
        if step in (49, 299):
            print(resident(), flush=True)
"""

TAUGHT_GROWTH = 250  # MB; with kernels for all shapes a tiny base grew by 878, with few shapes by 97

TAUGHT = """if True:
    import sys
    from pathlib import Path
    import numpy as np
    import torch
    sys.path.insert(0, sys.argv[1])
    from tiny_base import make_base
    from closedbook.config.loading import load_recipe
    from closedbook.data.pretrained_vocabulary import PretrainedTokens
    from closedbook.model import pretrained_base
    from closedbook.model.pretrained import TaughtModel

    def resident():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    torch.set_num_threads(1)
    base = make_base(Path(sys.argv[2]), "llama", ["Ada Lovelace was born in London."] * 3, width=64, layers=1)
    recipe = load_recipe("teach", [f"pretrained.model={base}", "model.matmul_dtype=bfloat16"])
    recipe, _ = pretrained_base.settle(recipe)
    vocabulary = PretrainedTokens(pretrained_base.read_tokenizer(base), ["Ada Lovelace"])
    model = TaughtModel(recipe, vocabulary).train()
    rng = np.random.default_rng(0)
    for step in range(200):
        time = 32 if step < 3 else int(rng.integers(8, 16))
        rows = 32 if step < 3 else int(rng.integers(380, 460)) // time
        tokens = torch.from_numpy(rng.integers(2, 100, (rows, time)))
        tokens[torch.arange(rows), torch.from_numpy(rng.integers(1, time - 2, rows))] = model.inputs
        at = torch.arange(0, rows * time, 5)
        model.loss(tokens, at, torch.randint(2, 100, at.shape)).backward()
        model.zero_grad()
        if step in (3, 199):
            print(resident(), flush=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what is resident as Linux shows it")
@pytest.mark.parametrize(("rows", "dtype"), [("padded", "float32"), ("packed", "bfloat16")])
def test_250_steps_of_varied_shapes_keep_resident_memory_flat(rows: str, dtype: str):
    words = [sys.executable, "-c", CODE, rows, dtype]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, env=environment())
    assert not ran.returncode, ran.stderr
    early, late = map(float, ran.stdout.split())
    assert late - early < GROWTH


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what is resident as Linux shows it")
def test_teaching_a_base_of_varied_shapes_compiles_few_kernels(tmp_path: Path):
    pytest.importorskip("transformers")
    words = [sys.executable, "-c", TAUGHT, str(Path(__file__).parents[1]), str(tmp_path / "base")]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, env=environment())
    assert not ran.returncode, ran.stderr
    early, late = map(float, ran.stdout.split())
    assert late - early < TAUGHT_GROWTH
