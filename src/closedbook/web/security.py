"""What every request must pass before the server looks at it, and the headers that every response carries.

A web page elsewhere must not be able to use this server through its reader's browser: the Host must be ours (else a
name that is made to point here could read our answers), a foreign Origin is refused, and a server that others can
reach demands a token. Bodies are bounded, and the answers forbid everything that the page does not need.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

LARGEST_BODY = 65_536  # bytes
BODY_SECONDS = 10.0  # for all of it to come
LOOPBACK = ("localhost", "127.0.0.1", "::1")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    address = ip_address(host)
    return host == "localhost" if address is None else address.is_loopback


class SecurityMiddleware:
    """ASGI middleware. `host` is what the server listens on; `token` is asked for where one is given."""

    def __init__(self, app: Any, host: str = "127.0.0.1", token: str | None = None) -> None:
        self.app, self.token = app, token
        self.open = not is_loopback(host)
        self.names = {*LOOPBACK, host.lower(), *((socket.gethostname().lower(),) if self.open else ())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        body, problem = b"", self.problem(scope["path"], Headers(scope=scope))
        if problem is None:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await read(receive)
            except TimeoutError:
                problem = 408, f"the request did not come within {BODY_SECONDS:g} seconds"
        if len(body) > LARGEST_BODY:
            problem = 413, f"the request is larger than {LARGEST_BODY:,} bytes"
        if problem is not None:
            status, why = problem
            headers = {"Connection": "close"}  # whatever else was to come is not read
            if status == 401:
                headers["WWW-Authenticate"] = "Bearer"
            await JSONResponse({"detail": why}, status, headers)(scope, receive, send_with_headers)
            return
        read_already = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return read_already.pop() if read_already else await receive()

        await self.app(scope, replay, send_with_headers)

    def problem(self, path: str, headers: Headers) -> tuple[int, str] | None:
        """The status and words to refuse a request with, or None."""
        host = headers.get("host", "")
        if not self.ours(host):
            return 403, f"this server does not go by the name {host[:100]!r}; use http://localhost with its port"
        origin = headers.get("origin")
        if origin is not None and site(origin) != host:
            return 403, "requests from other sites are refused"
        if not path.startswith("/api/"):
            return None
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "requests from other sites are refused"
        if self.token is not None:
            sent = headers.get("authorization", "").removeprefix("Bearer ")
            if not secrets.compare_digest(sent.encode(), self.token.encode()):
                return 401, "the token is missing or wrong; open the address that `closedbook serve` printed"
        return None

    def ours(self, host: str) -> bool:
        """Whether a Host header names this server: a name of its own, or, where others reach it, any IP address."""
        name = site(f"//{host}", "hostname") or ""
        return name in self.names or (self.open and ip_address(name) is not None)


def site(address: str, part: str = "netloc") -> str | None:
    """The host, with its port or as `hostname` without, that an address names; None for what is no address."""
    try:
        return getattr(urlsplit(address), part)
    except ValueError:  # such as an unclosed bracket
        return None


async def read(receive: Receive) -> bytes:
    """A request's whole body; of one that is too large, the first bytes beyond LARGEST_BODY are read and no more."""
    body, more = b"", True
    while more and len(body) <= LARGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
