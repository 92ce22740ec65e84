"""Ctrl-C, SIGTERM and SIGHUP held back until a step is done, so that what is saved is never half a step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from closedbook.errors import LostProcessError, Terminated, terminate

GO_ON = "what was saved is kept: the same command with --resume goes on"


def stopped_by_torchrun(*_: Any) -> None:
    """A handler of SIGTERM, which torchrun sends to those that are left when one has ended. Raises LostProcessError."""
    raise LostProcessError(f"torchrun has stopped this training, as it does when one of its processes ends; {GO_ON}")


SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last
DEFERRED_HANDLERS = (signal.default_int_handler, signal.SIG_DFL, terminate, stopped_by_torchrun)


@contextlib.contextmanager
def defer_interrupts(repeated: bool = False) -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C, SIGTERM and SIGHUP back, so that no step is left half done.

    A second Ctrl-C is held only with `repeated`: under torchrun it comes twice, from the terminal and from torchrun.
    Yields a function that raises KeyboardInterrupt if a signal is held back; Terminated for another one than Ctrl-C's.
    A signal that is ignored, or has somebody else's handler, stays so, and outside the main thread nothing is changed.
    """
    held: list[int] = []

    def hold(number: int, *_: Any) -> None:
        if number == signal.SIGINT in held and not repeated:
            raise KeyboardInterrupt
        held.append(number)

    def raise_interrupt() -> None:
        if held:
            raise KeyboardInterrupt if held[0] == signal.SIGINT else Terminated(held[0])

    before = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
        handlers = {number: signal.getsignal(number) for number in numbers}
        before = {number: handler for number, handler in handlers.items() if handler in DEFERRED_HANDLERS}
    try:
        for number in before:
            signal.signal(number, hold)
        yield raise_interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
