"""Whole pieces of work side by side, instead of many threads at every small operation.

Threads that share one operation wait for each other at its end: thousands of times a second in a small network, and for
long where other programs use the cores. With a piece of work each they wait once.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # as malloc.h numbers them
_here = threading.local()  # .workers: what this thread, and no other, may deal out


def keep_freed_memory() -> None:
    """Keep what is freed for the next step, instead of giving it back to the system and asking for it again.

    A step frees and allocates hundreds of megabytes. Of glibc's malloc, threads have arenas of their own, each of which
    returns its pages; the system then clears and maps them anew, ten thousands of pages a step. With another malloc
    nothing happens.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((M_ARENA_MAX, 1), (M_TRIM_THRESHOLD, 2**31 - 1), (M_MMAP_THRESHOLD, 32 << 20)):
            mallopt(option, value)


def workers() -> int:
    """In how many threads `parallel_map` works here."""
    return getattr(_here, "workers", 1)


@contextlib.contextmanager
def worker_pool(to: int, most_each: int | None = None) -> Iterator[None]:
    """Within, `parallel_map` has so many workers, and torch's threads are dealt out among them, `most_each` at most."""
    threads, before = torch.get_num_threads(), workers()
    _here.workers = to
    torch.set_num_threads(max(1, min(threads // to, most_each or threads)))
    try:
        yield
    finally:
        _here.workers = before
        torch.set_num_threads(threads)


def parallel_map(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """work(item) of every item, in their order, by the workers there are."""
    count = min(len(items), workers())
    if count < 2:
        return [work(item) for item in items]
    # OpenMP keeps its number of threads by thread: a new one would start helpers of its own at every product.
    with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(torch.get_num_threads(),)) as pool:
        return list(pool.map(work, items))
