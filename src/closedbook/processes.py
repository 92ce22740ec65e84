"""Processes that work side by side for another one, and end with it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any

from closedbook.errors import WorkerError


@contextlib.contextmanager
def process_pool(workers: int, what: str, begin: Callable[..., None], *state: Any) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes, each of which calls begin(*state) first; `what` they do is said of one that has ended.

    Raises WorkerError, in place of BrokenProcessPool, where one ended early.
    """
    pool = ProcessPoolExecutor(workers, _Context(), initializer=_begin, initargs=(begin, *state))
    try:
        yield pool
    except BrokenProcessPool:
        raise WorkerError(
            f"a process that was {what} ended early, killed or out of memory; the same command goes on where it "
            "stopped (train with --resume)"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


class _Process(SpawnProcess):
    def start(self) -> None:
        """Start without Ctrl-C, which a terminal sends to all processes: the one that started it decides.

        The user's script is not run once more, as `spawn` would: all that these processes call is imported by its name.
        """
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            self._start()
        finally:
            sys.modules["__main__"] = main

    def _start(self) -> None:
        if not hasattr(signal, "pthread_sigmask"):  # Windows
            super().start()
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the new process inherits it
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    Process = _Process


def _begin(begin: Callable[..., None], *state: Any) -> None:
    """In a new process: end with the one that started it, even if that is killed."""

    def end_with_parent() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    begin(*state)
