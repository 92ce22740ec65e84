"""What every request must pass before the server looks at it, and the headers that every response carries.

A web page elsewhere must not be able to use this server through its reader's browser: the Host must be ours (else a
name that is made to point here could read our answers), a foreign Origin is refused, and a server that others can
reach demands a token. Bodies are bounded, and the answers forbid everything that the page does not need.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

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

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
        received = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, value) for name, value in message["headers"] if name.lower() != b"server"]
                headers += [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = headers
            await send(message)

        if problem := self.problem(scope["path"], received):
            await refuse(send_with_headers, *problem)
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await read(receive)
        except TimeoutError:
            await refuse(send_with_headers, 408, f"the request did not come within {BODY_SECONDS:g} seconds")
            return
        if body is None:
            await refuse(send_with_headers, 413, f"the request is larger than {LARGEST_BODY:,} bytes")
            return
        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, send_with_headers)

    def problem(self, path: str, headers: dict[str, str]) -> tuple[int, str] | None:
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
        return name in self.names or (self.open and is_address(name))


def site(address: str, part: str = "netloc") -> str | None:
    """The host, with its port or as `hostname` without, that an address names; None for what is no address."""
    try:
        return getattr(urlsplit(address), part)
    except ValueError:  # such as an unclosed bracket
        return None


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def read(receive: Receive) -> bytes | None:
    """A request's whole body; None where it is too large."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return body


async def refuse(send: Send, status: int, why: str) -> None:
    """An answer that says no, as the API's errors do. It ends the connection: whatever else was to come is not read."""
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    headers += [(b"www-authenticate", b"Bearer")] if status == 401 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": why}).encode()})
