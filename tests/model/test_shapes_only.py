"""A network of shapes alone is as large as the real one, and draws no numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

from closedbook.config.loading import load_recipe, recipe_names
from closedbook.model.devices import shapes_only
from closedbook.model.gpt import GPT


class Recorder(TorchFunctionMode):
    def __init__(self) -> None:
        self.called: list[str] = []

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        self.called.append(f"{getattr(function, '__module__', '')}.{function.__name__}")
        return function(*arguments, **(named or {}))


def test_nothing_is_computed_there_which_would_load_a_compiler_for_two_seconds_of_every_command():
    recipe = replace(load_recipe("fast").model, layers=1)
    with Recorder() as recorder, shapes_only():
        GPT(recipe, 50)
    called = {name.rpartition(".")[2] for name in recorder.called}
    assert not called & {"arange", "randn", "rand", "neg", "mul", "div", "pow", "polar", "__rpow__", "__mul__"}, called


@pytest.mark.parametrize("name", [name for name in recipe_names() if name.startswith(("course", "fast"))])
def test_shapes_are_those_of_the_network_and_nothing_is_drawn(name: str):
    recipe = replace(load_recipe(name).model, width=32, heads=2, layers=3, memory=None)
    with Recorder() as outside, shapes_only():
        laid_out = GPT(recipe, 50)
    assert not [name for name in outside.called if "init" in name or name.endswith(("normal_", "uniform_"))]
    assert all(tensor.is_meta for tensor in laid_out.parameters())
    real = GPT(recipe, 50)
    assert {name: tensor.shape for name, tensor in laid_out.state_dict().items()} == {
        name: tensor.shape for name, tensor in real.state_dict().items()
    }
    assert not any(tensor.is_meta for tensor in real.state_dict().values())
    assert torch.isfinite(real(torch.ones(1, 5, dtype=torch.long))).all()
