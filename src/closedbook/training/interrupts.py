"""Ctrl-C held back until a step is done, so that what is saved is never half a step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def defer_interrupts(repeated: bool = False) -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back, so that no step is left half done; a second one is held only with `repeated`.

    Yields a function that raises KeyboardInterrupt if one is held back. Where another handler is set, or this is not
    the main thread, nothing is changed. Under torchrun, Ctrl-C comes twice: from the terminal and from torchrun.
    """
    held = False

    def hold(*_: Any) -> None:
        nonlocal held
        if held and not repeated:
            raise KeyboardInterrupt
        held = True

    def raise_interrupt() -> None:
        if held:
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield raise_interrupt
        return
    signal.signal(signal.SIGINT, hold)
    try:
        yield raise_interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
