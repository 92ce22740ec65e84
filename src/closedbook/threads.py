"""Whole pieces of work side by side, instead of many threads at every small operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Sequence[T], threads: int) -> list[R]:
    """work(item) of every item, in their order, in as many threads as there are, but at most `threads`.

    Threads that share one operation wait for each other at its end: thousands of times a second in a small network,
    and for long where other programs use the cores. A piece of work each, they wait once. torch's own threads are
    dealt out among them; afterwards there are `threads` of them again.
    """
    workers = min(len(items), threads)
    if workers < 2:
        return [work(item) for item in items]
    torch.set_num_threads(max(1, threads // workers))  # of each worker: they begin after this
    try:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(work, items))
    finally:
        torch.set_num_threads(threads)
