"""Optimisers behind one small interface: step at a fraction of the rate, and give up or take back the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from closedbook.errors import RecipeError
from closedbook.validation import Above0, Below1, NotNegative


class Optimiser(Protocol):
    def step(self, multiplier: float) -> None:
        """Update the weights from their gradients, at this fraction of the configured rates."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """The state by name, for a checkpoint."""
        ...

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of `tensors`."""
        ...


class AdamW:
    """AdamW (Loshchilov and Hutter 2019); every parameter whose name lacks "bias" decays, as in the course."""

    @dataclass(frozen=True)
    class Config:
        rate: Above0 = 6e-3
        beta1: Below1 = 0.9
        beta2: Below1 = 0.95
        epsilon: Above0 = 1e-8
        decay: NotNegative = 0.1

    def __init__(self, config: Config, model: nn.Module) -> None:
        if any(getattr(module, "sparse", False) for module in model.modules()):
            raise RecipeError("optimiser adamw: cannot train model.memory, whose gradients are sparse; choose muon")
        named = dict(model.named_parameters())
        decayed = {name: parameter for name, parameter in named.items() if "bias" not in name}
        rest = {name: parameter for name, parameter in named.items() if name not in decayed}
        self.rate = config.rate
        betas = config.beta1, config.beta2
        moments = ((decayed, config.decay), (rest, 0.0))
        self.groups = [Moments(some, betas, decay, config.epsilon) for some, decay in moments]

    def step(self, multiplier: float) -> None:
        for group in self.groups:
            group.step(self.rate * multiplier)

    def tensors(self) -> dict[str, Tensor]:
        return {name: value for group in self.groups for name, value in group.tensors().items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for group in self.groups:
            group.load(tensors)


class Moments:
    """AdamW of some parameters: `torch.optim.AdamW(fused=True)` bit for bit, by the same function.

    That class loads torch's compiler, which took a third of the time from a command to its first step.
    """

    def __init__(
        self, parameters: Mapping[str, nn.Parameter], betas: tuple[float, float], decay: float, epsilon: float = 1e-8
    ) -> None:
        self.parameters, self.betas, self.decay, self.epsilon = parameters, betas, decay, epsilon
        self.state: dict[str, dict[str, Tensor]] = {}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update the parameters that have a gradient."""
        there = {name: p for name, p in self.parameters.items() if p.grad is not None}
        for name, p in there.items():
            if name not in self.state:
                count = torch.zeros((), dtype=torch.float32, device=p.device)
                self.state[name] = {"step": count, "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
        keys = ("step", "exp_avg", "exp_avg_sq")
        steps, firsts, seconds = ([self.state[name][key] for name in there] for key in keys)
        gradients = [p.grad for p in there.values() if p.grad is not None]
        adamw(
            list(there.values()), gradients, firsts, seconds, [], steps, fused=True, amsgrad=False, maximize=False,
            lr=rate, beta1=self.betas[0], beta2=self.betas[1], weight_decay=self.decay, eps=self.epsilon,
        )  # fmt: skip

    def tensors(self) -> dict[str, Tensor]:
        return {f"{name}/{key}": value for name, state in self.state.items() for key, value in state.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take back the state of these parameters; other names are left alone."""
        for full, value in tensors.items():
            name, _, key = full.rpartition("/")
            if name in self.parameters:
                self.state.setdefault(name, {})[key] = value.to(self.parameters[name].device)
