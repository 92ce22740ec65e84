"""What the tests of the page share: a server in this process on a free port, requests to it, and a browser."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn

from closedbook.web import server
from closedbook.web.run_registry import RunRegistry


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Served:
    """A server that is up; `app` is its guard."""

    port: int
    app: Any

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> Reply:
        return self.send("GET", path, None, headers)

    def post(self, path: str, data: Any, **headers: str) -> Reply:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        return self.send("POST", path, body, {"Content-Type": "application/json", **headers})

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        """One request, its path sent exactly as given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Host": f"127.0.0.1:{self.port}", **named})
            got = connection.getresponse()
            return Reply(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        finally:
            connection.close()


@contextlib.contextmanager
def serving(registry: RunRegistry | None = None, *, app: Any = None, **options: Any) -> Iterator[Served]:
    """Serve a shelf, or an app that there is, until the block ends."""
    app = app or server.make_app(registry or RunRegistry(), **options)
    with server.bind("127.0.0.1", 0) as listening:
        running = uvicorn.Server(server.configured(app))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not running.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield Served(listening.getsockname()[1], app)
        finally:
            running.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the server did not stop"
