"""Limits on connections: how many are open at once, and how long each may keep the server waiting.

uvicorn accepts any number of connections and waits forever for a request that arrives byte by byte, until the
operating system runs out of file descriptors. Both are bounded here. For more than a class of users, put a proxy in
front.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 256  # at once; one more is closed as it comes
BACKLOG = 64  # connections that the system keeps until they are taken
HEAD_SECONDS = 10.0  # for the head of a request, from the connection or from the last answer on
READING_SECONDS = 30.0  # for a reader to take what was written


def most_connections() -> int:
    """CONNECTIONS, or fewer where this process may open few files."""
    try:
        import resource
    except ImportError:  # Windows
        return CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(8, min(CONNECTIONS, soft // 4))


class Connection(H11Protocol):
    """uvicorn's, with a limit on how many there are and on how long each may take."""

    most = CONNECTIONS
    _head_timeout: asyncio.TimerHandle | None = None
    _write_timeout: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
        else:
            self._head_timeout = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:  # SecurityMiddleware times the body
            self._forget()
        elif self._head_timeout is None:
            self._head_timeout = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timeout = self.loop.call_later(READING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timeout is not None:
            self._write_timeout.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._forget()

    def _forget(self) -> None:
        if self._head_timeout is not None:
            self._head_timeout.cancel()
            self._head_timeout = None


class Quiet:
    """Handles errors of the event loop: connections that the system refuses are reported once a minute.

    asyncio would write a traceback for each, thousands in a second.
    """

    def __init__(self) -> None:
        self.last_warning = -60.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), OSError) or "socket" not in context:
            loop.default_exception_handler(context)
        elif time.monotonic() - self.last_warning >= 60:
            self.last_warning = time.monotonic()
            why = context["exception"].strerror
            print(f"closedbook: warning: the system refuses further connections ({why})", file=sys.stderr)
