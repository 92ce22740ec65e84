"""Requests that compute are worked on one at a time; a bounded number of others wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

QUEUE = 256


class BusyError(Exception):
    """The queue is full."""


class RequestQueue:
    """One worker thread, so that answers are those of one question at a time, and at most `queue` requests waiting."""

    def __init__(self, queue: int = QUEUE) -> None:
        self.queue, self.waiting = queue, 0
        self._pool = ThreadPoolExecutor(max_workers=1)

    async def ask(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run `work` when its turn comes. Raises BusyError at once where the queue is full.

        A request that is cancelled while it waits is never worked on.
        """
        if self.waiting >= self.queue:
            raise BusyError
        self.waiting += 1
        try:
            return await asyncio.wrap_future(self._pool.submit(work, *arguments))
        finally:
            self.waiting -= 1

    def close(self) -> None:
        """Drop the requests that wait; the one being worked on finishes first."""
        self._pool.shutdown(wait=True, cancel_futures=True)
