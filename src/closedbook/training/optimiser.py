"""Optimisers behind one small interface: step at a fraction of the rate, and give up or take back the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from closedbook.errors import RecipeError


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
        rate: float = 6e-3
        beta1: float = 0.9
        beta2: float = 0.95
        epsilon: float = 1e-8
        decay: float = 0.1

        def __post_init__(self) -> None:
            if self.rate <= 0 or self.epsilon <= 0:
                raise RecipeError(f"optimiser adamw: rate and epsilon must be above 0, got {self}")
            if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1 and self.decay >= 0):
                raise RecipeError(f"optimiser adamw: beta1 and beta2 must be in [0, 1), decay not negative, got {self}")

    def __init__(self, config: Config, model: nn.Module) -> None:
        if getattr(model, "memory", None) is not None:
            raise RecipeError("optimiser adamw: cannot train model.memory, whose gradients are sparse; choose muon")
        self.names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
        decayed = [p for p, name in self.names.items() if "bias" not in name]
        rest = [p for p, name in self.names.items() if "bias" in name]
        self.rate = config.rate
        self.inner = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": config.decay}, {"params": rest, "weight_decay": 0.0}],
            lr=config.rate,
            betas=(config.beta1, config.beta2),
            eps=config.epsilon,
            fused=True,
        )

    def step(self, multiplier: float) -> None:
        for group in self.inner.param_groups:
            group["lr"] = self.rate * multiplier
        self.inner.step()

    def tensors(self) -> dict[str, Tensor]:
        return {
            f"{self.names[parameter]}/{key}": value
            for parameter, state in self.inner.state.items()
            for key, value in state.items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        parameters = {name: parameter for parameter, name in self.names.items()}
        for name, value in tensors.items():
            parameter, _, key = name.rpartition("/")
            owner = parameters[parameter]
            self.inner.state[owner][key] = value.to(owner.device)
