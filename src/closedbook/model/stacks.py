"""Stacks: how blocks are put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from closedbook.config.schema import ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.custom_mixers import validate_mixer
from closedbook.model.gpt import Block
from closedbook.model.kv_cache import Cache
from closedbook.model.mixers.cross_attention import Cross
from closedbook.model.packing import Packing
from closedbook.model.shapes import Hidden, Packed, Targets
from closedbook.typing import Float
from closedbook.validation import Positive


def _blocks(recipe: ModelRecipe, layers: Iterable[int]) -> list[Block]:
    """The blocks of some layers, with the recipe's mixer."""
    return [Block(recipe, recipe.mixer.make("mixer", recipe, layer)) for layer in layers]


class Sequential(nn.Module):
    """The same kind of block, one after another."""

    @dataclass(frozen=True)
    class Config:
        pass

    def __init__(self, config: Config, recipe: ModelRecipe) -> None:
        super().__init__()
        validate_mixer(recipe)
        self.blocks = nn.ModuleList(_blocks(recipe, range(recipe.layers)))

    def forward(
        self, x: Hidden, rotation: Tensor | None, cache: Cache | None, target_positions: Targets | None = None
    ) -> Float[Tensor, ...]:
        """(batch, time, width) to the same; or to (target, width) at flat `target_positions`, after the last mixer."""
        *before, last = self.blocks
        for block in before:
            x = block(x, rotation, cache)
        return last(x, rotation, cache, target_positions)

    def forward_packed(
        self, x: Packed, rotation: Tensor | None, packing: Packing, target_positions: Targets | None
    ) -> Float[Tensor, ...]:
        """The same of rows laid end to end: (token, width) to the same, or to (target, width)."""
        for block in self.blocks:
            assert isinstance(block, Block)
            x = block.forward_packed(x, rotation, packing, target_positions if block is self.blocks[-1] else None)
        return x


class Perceiver(nn.Module):
    """The course's Perceiver (2023): down to `latents` positions, blocks among these, and up again.

    The first layer attends from a learned basis C (1, m, d) to the tokens, the last from the tokens to what the blocks
    made of the latents; masks are tril[:queries, :keys]. So latent i knows the tokens up to i, and position t the
    latents up to t: it is causal, and **no token after the first m is seen from any position but its own**. C starts
    Xavier-uniform.

    Cost, beside a uniform stack: the layers between work on m positions instead of T. Since a latent never changes
    once its token is there, decoding with a cache works as for other stacks.
    """

    @dataclass(frozen=True)
    class Config:
        latents: Positive = 32  # m

    def __init__(self, config: Config, recipe: ModelRecipe) -> None:
        super().__init__()
        if recipe.layers < 2:
            raise RecipeError(
                f"stack perceiver: model.layers = {recipe.layers} is too few; one leads down and one up, at least 2"
            )
        validate_mixer(recipe)
        self.latents = config.latents
        self.C = nn.Parameter(nn.init.xavier_uniform_(torch.empty(1, config.latents, recipe.width)))
        middle = _blocks(recipe, range(1, recipe.layers - 1))
        down, up = Down(recipe, Cross(recipe, 0)), Up(recipe, Cross(recipe, recipe.layers - 1))
        self.blocks = nn.ModuleList([down, *middle, up])

    def forward(
        self, x: Hidden, rotation: Tensor | None, cache: Cache | None, target_positions: Targets | None = None
    ) -> Float[Tensor, ...]:
        """(batch, time, width) to the same; or to (target, width) at flat `target_positions`, after the last mixer."""
        down, *middle, up = self.blocks
        # A latent past the last token is seen by no token, and a token past the last latent by no latent: cut both.
        if cache is None:
            count, early = min(self.latents, x.shape[1]), None
            basis = self.C[:, :count].expand(len(x), -1, -1)
        else:
            count = int((cache.positions < self.latents).any(0).sum())
            early = cache.first(count)
            # Where a row is past its last latent and another is not, something is computed that nobody sees.
            basis = self.C[0, early.positions.clamp_max(self.latents - 1)]
        rotation_here = rotation if rotation is None else rotation[:, :count]
        latents = basis
        if count:
            latents = down(basis, x[:, :count], rotation_here, early)
            for block in middle:
                latents = block(latents, rotation_here, early)
        return up(x, latents, rotation, cache, self.latents, target_positions)


class Down(Block):
    """From the basis, normalised, to the tokens as they are."""

    def forward(  # type: ignore[override]
        self,
        basis: Float[Tensor, "batch latent width"],
        tokens: Float[Tensor, "batch latent width"],
        rotation: Tensor | None,
        cache: Cache | None,
    ) -> Float[Tensor, "batch latent width"]:
        return self.add(basis, self.mixer(self.attn_norm(basis), rotation, cache, source=tokens))


class Up(Block):
    """From the tokens as they are to the latents, normalised."""

    def forward(  # type: ignore[override]
        self,
        x: Hidden,
        latents: Float[Tensor, "batch latent width"],
        rotation: Tensor | None,
        cache: Cache | None,
        most: int,
        target_positions: Targets | None = None,
    ) -> Float[Tensor, ...]:
        return self.add(x, self.mixer(x, rotation, cache, source=self.attn_norm(latents), most=most), target_positions)
