"""A plain model with minGPT's names, written from the handout, to hold our parameter files to."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    mask: Tensor

    def __init__(self, width: int, heads: int, block: int, synthesizer: bool) -> None:
        super().__init__()
        self.heads, self.synthesizer = heads, synthesizer
        if synthesizer:
            self.w1 = nn.Linear(width, width)
            self.w2 = nn.Parameter(torch.zeros(width // heads, block - 1))
            self.b2 = nn.Parameter(torch.zeros(block - 1))
        else:
            self.key = nn.Linear(width, width)
            self.query = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)
        self.register_buffer("mask", torch.tril(torch.ones(block, block)).view(1, 1, block, block))

    def forward(self, x: Tensor, x_kv: Tensor | None = None) -> Tensor:
        B, T, C = x.shape
        x_kv = x if x_kv is None else x_kv

        def split(y: Tensor) -> Tensor:
            return y.view(B, -1, self.heads, C // self.heads).transpose(1, 2)

        if self.synthesizer:
            scores = torch.relu(split(self.w1(x))) @ self.w2[:, :T] + self.b2[:T]
        else:
            scores = split(self.query(x)) @ split(self.key(x_kv)).transpose(-2, -1) / math.sqrt(C // self.heads)
        weights = scores.masked_fill(self.mask[:, :, :T, : x_kv.shape[1]] == 0, -1e10).softmax(-1)
        return self.proj((weights @ split(self.value(x_kv))).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, width: int, *rest: Any) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, *rest)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class MinGPT(nn.Module):
    def __init__(
        self, size: int, block: int = 128, width: int = 256, heads: int = 8, layers: int = 4, synthesizer: bool = False
    ) -> None:
        super().__init__()
        self.tok_emb = nn.Embedding(size, width)
        self.pos_emb = nn.Parameter(torch.zeros(1, block, width))
        self.blocks = nn.Sequential(*[Block(width, heads, block, synthesizer) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        self.head = nn.Linear(width, size, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tok_emb(ids) + self.pos_emb[:, : ids.shape[1]]
        return self.head(self.ln_f(self.blocks(x)))


class Down(Block):
    def __init__(self, width: int, heads: int, block: int, latents: int) -> None:
        super().__init__(width, heads, block, False)
        self.C = nn.Parameter(torch.zeros(1, latents, width))

    def forward(self, x: Tensor) -> Tensor:
        basis = self.C.expand(len(x), -1, -1)
        basis = basis + self.attn(self.ln1(basis), x)
        return basis + self.mlp(self.ln2(basis))


class Up(Block):
    def forward(self, latents: Tensor, x: Tensor) -> Tensor:  # type: ignore[override]
        x = x + self.attn(x, self.ln1(latents))
        return x + self.mlp(self.ln2(x))


class PerceiverGPT(MinGPT):
    """The edition of 2023: down to a few positions, blocks among these, and up again."""

    def __init__(self, size: int, block: int, width: int, heads: int, layers: int, latents: int) -> None:
        super().__init__(size, block, width, heads, 0)
        self.down_block = Down(width, heads, block, latents)
        self.blocks = nn.Sequential(*[Block(width, heads, latents, False) for _ in range(layers - 2)])
        self.up_block = Up(width, heads, block, False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tok_emb(ids) + self.pos_emb[:, : ids.shape[1]]
        return self.head(self.ln_f(self.up_block(self.blocks(self.down_block(x)), x)))
