"""`closedbook serve`."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from closedbook.cli.options import RunsMixers
from closedbook.cli.output import console, escape, print_json, use_mixers
from closedbook.environment import require_packages
from closedbook.errors import RunError


def serve(
    *paths: Path,
    runs: Path = Path("runs"),
    host: str = "127.0.0.1",
    port: int = 8000,
    mixer: RunsMixers = None,
    json: bool = False,
) -> None:
    """Open the page: ask a run and look inside, move the claims about attention, watch trainings.

    Ctrl-C stops it. On another address than this machine's own it prints an address with a token, and answers only
    those who have it. For more than a class, put a proxy before it (SECURITY.md).

    Example: closedbook serve runs/fast-…

    Args:
        paths: Run folders to show first; the page also shows those in --runs, new ones as they appear.
        runs: The folder in which runs are looked for.
        host: What to listen on; 0.0.0.0 lets other machines in, with the token.
        port: The port; 0 takes a free one.
        json: Print {"address": …} on standard output once it listens.
    """
    require_packages("the page", "fastapi", "uvicorn", extra="page")
    if not 0 <= port < 65_536:
        raise RunError(f"--port {port} must be from 0 to 65535")
    from closedbook.web import server
    from closedbook.web.run_registry import RunRegistry
    from closedbook.web.security import is_loopback

    use_mixers(mixer or ())
    registry = RunRegistry(paths, runs)
    out = console(json)
    token = None if is_loopback(host) else secrets.token_urlsafe(24)
    with server.bind(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listening.getsockname()[1]}/" + (f"#token={token}" if token else "")

        def ready() -> None:
            out.print(f"[bold]{escape(address)}[/]   (Ctrl-C stops)")
            if not registry.folders():
                out.print(escape(f"no runs yet in {runs}; `closedbook demo` makes one, and it will appear"))
            if json:
                print_json({"address": address})
                sys.stdout.flush()

        server.serve(server.make_app(registry, host=host, token=token, ready=ready), listening)
