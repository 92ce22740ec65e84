"""Hand-written gradients and bfloat16 products against the plain formulas."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from closedbook.model.linear import Linear, fastest
from closedbook.model.ops import EPSILON, gelu, rms_norm, squared_relu


def test_rms_norm_is_its_formula():
    x = torch.randn(3, 5, 8, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(rms_norm(x), F.rms_norm(x, (8,), eps=EPSILON), atol=1e-12)
    assert torch.autograd.gradcheck(rms_norm, x)
    assert rms_norm(torch.zeros(2, 8)).isfinite().all()


def test_squared_relu_is_its_formula():
    x = torch.randn(4, 9, dtype=torch.float64, requires_grad=True)
    assert torch.equal(squared_relu(x), F.relu(x).square())
    assert torch.autograd.gradcheck(squared_relu, x)


@pytest.mark.parametrize("shape", [(4, 9), (2, 5, 8), (1, 1), (3, 1, 8)])
def test_gelu_is_its_formula(shape):
    x = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(gelu(x), F.gelu(x), atol=1e-15)
    assert torch.autograd.gradcheck(gelu, x)


def test_slices_of_ever_new_lengths_have_few_kernels_compiled():
    code = """if True:
        import torch
        from closedbook.model.gpt import MLP
        from closedbook.config.schema import ModelRecipe
        torch.set_num_threads(1)
        mlp = MLP(ModelRecipe(width=16, layers=1, heads=2, context_length=64, matmul_dtype="bfloat16")).train()
        for length in range(2, 600, 2):
            mlp(torch.ones(2, length, 16, requires_grad=True)).sum().backward()
    """
    environment = {**os.environ, "ONEDNN_VERBOSE": "profile_create"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    compiled = [line for line in ran.stdout.splitlines() if "create:cache_miss" in line]
    assert len(compiled) <= 6 * 18  # six products, of 16 sizes up to 1,024 rows and 2 beyond


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(40,), (3, 40), (1, 1)])
def test_products_in_bfloat16_are_close_to_those_in_float32(bias, shape):
    torch.manual_seed(0)
    plain = Linear(64, 32, bias=bias)
    low = Linear(64, 32, bias=bias, matmul_dtype="bfloat16")
    low.load_state_dict(plain.state_dict())
    x = torch.randn(*shape, 64)
    weight = torch.randn(*shape, 32)
    results = []
    for linear in (plain, low):
        x = x.detach().requires_grad_()
        y = linear(x)
        (y * weight).sum().backward()
        results.append([y, x.grad, *(p.grad for p in linear.parameters())])
    for exact, rough in zip(*results, strict=True):
        assert rough.dtype == torch.float32
        # Each factor is rounded to 8 bits: a relative error of at most 2^-8 each, and less in a sum.
        assert (exact - rough).norm() <= 2**-7 * exact.norm()
    assert not torch.equal(results[0][0], results[1][0])


@pytest.mark.parametrize("products", ["float32", "bfloat16"])
def test_some_rows_of_a_map_are_rows_of_all_of_it(products):
    torch.manual_seed(0)
    linear = Linear(16, 20, bias=False, matmul_dtype=products)
    x, rows = torch.randn(7, 16), torch.tensor([3, 19, 0])
    assert torch.allclose(linear.rows(x, rows), linear(x)[:, rows], atol=1e-5)


@pytest.mark.parametrize(("rates", "chosen"), [((30.0, 2.0), "float32"), ((30.0, 75.0), "bfloat16")])
def test_the_fastest_products_are_those_that_were_faster(monkeypatch, rates, chosen):
    monkeypatch.setattr("closedbook.model.linear.rate", dict(zip(("float32", "bfloat16"), rates, strict=True)).get)
    assert fastest(torch.device("cpu")) == chosen
