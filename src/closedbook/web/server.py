"""The page's server: one static page and a small API behind it, on this machine unless told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import socket
import threading
import time
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from closedbook import __version__
from closedbook.attention import CLAIMS
from closedbook.attention.claim import Claim, load
from closedbook.data.documents import make_documents
from closedbook.errors import ClaimError, ClosedbookError, RunError
from closedbook.runs.store import to_json
from closedbook.web.connection import BACKLOG, Connection, Quiet, most_connections
from closedbook.web.request_queue import QUEUE, BusyError, RequestQueue
from closedbook.web.run_registry import SUGGESTED, RunRegistry, UnknownRunError, about
from closedbook.web.security import SecurityMiddleware

STATIC = Path(__file__).parent / "static"
LONGEST = 10_000  # characters of a question
# What one request may ask of a claim, in seconds rather than minutes; `closedbook attention` allows far more.
MOST = {"samples": 100_000, "d": 512, "steps": 500, "examples": 50_000, "width": 64}
MOST_DRAWN = 60_000_000  # numbers drawn
MOST_TRAINED = 8_000_000  # steps·n²·width of the layers that 2g.ii trains: some six seconds
MOST_TESTED = 500_000  # examples·n that it tests them on
RETRY_AFTER = 2  # seconds


class Json(JSONResponse):
    """JSON whatever a run's files hold: names that are no UTF-8 are escaped, infinity and NaN are sent as words."""

    def render(self, content: Any) -> bytes:
        return to_json(_finite(content)).encode()


class Problem(BaseModel):
    """Why a request was refused, in words for people."""

    detail: str


class RunRequest(BaseModel):
    """Something for one run to do."""

    model_config = ConfigDict(extra="forbid")
    run: str = Field(max_length=300)


class AskRequest(RunRequest):
    """A question, or just a name, for one run."""

    question: str = Field(min_length=1, max_length=LONGEST)


class LearnRequest(RunRequest):
    """A document for one run to learn: a title, a full stop, and what there is to say."""

    text: str = Field(min_length=1, max_length=LONGEST)


class ForgetRequest(RunRequest):
    """A title for one run to forget."""

    title: str = Field(min_length=1, max_length=300)


class Settings(BaseModel):
    """Parameters of a claim; those left out stand at their defaults."""

    model_config = ConfigDict(extra="forbid")
    settings: dict[str, bool | int | float | str] = Field(default_factory=dict, max_length=20)


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "What was asked for cannot be done"},
    401: {"model": Problem, "description": "No token, or a wrong one"},
    403: {"model": Problem, "description": "Asked by another name, or from another site"},
    404: {"model": Problem, "description": "There is no such run or claim"},
    413: {"model": Problem, "description": "The request is too large"},
    422: {"model": Problem, "description": "The request is not of the described form"},
    503: {"model": Problem, "description": "Too many are waiting; try again after Retry-After seconds"},
}

Name = Annotated[str, Query(max_length=300)]


def make_app(
    registry: RunRegistry,
    *,
    host: str = "127.0.0.1",
    token: str | None = None,
    queue: int = QUEUE,
    ready: Callable[[], None] = lambda: None,
) -> SecurityMiddleware:
    """The whole application. It opens the runs of `registry` and the files of its page, and nothing else.

    The first run is loaded before any request is answered; then `ready` is called.
    """
    request_queue, claim_queue = RequestQueue(queue), RequestQueue(queue)  # a claim must not hold up an answer

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(Quiet())
        await request_queue.ask(_warm_up, registry)
        ready()
        yield
        request_queue.close()
        claim_queue.close()

    app = FastAPI(
        title="closedbook", version=__version__, lifespan=life, docs_url=None, redoc_url=None,
        openapi_url="/api/openapi.json", responses=REFUSALS, default_response_class=Json,
    )  # fmt: skip
    _explain(app)

    @app.get("/api/runs")
    async def runs() -> dict[str, Any]:
        """Every run: what it is, how far it is, and its score; and those that cannot be read, with why."""
        described = []
        folders, damaged = registry.scan()
        for name, folder in folders.items():
            try:
                described.append(about(name, folder))
            except (ClosedbookError, OSError) as error:  # one that is damaged or being made does not hide the others
                damaged[name] = str(error)
        left_out = [{"name": name, "why": why} for name, why in damaged.items()]
        return {"runs": described, "left_out": left_out, "version": __version__, "teachable": token is None}

    @app.get("/api/curve")
    async def curve(run: Name, after: Annotated[int, Query(ge=0, le=10**9)] = 0) -> dict[str, Any]:
        """The training curve of one run, from line `after` on."""
        return registry.curve(run, after)

    @app.get("/api/compare")
    async def compare(first: Name, second: Name) -> dict[str, Any]:
        """Two runs on the same questions: which of them only one gets right, and McNemar's exact test."""
        return await request_queue.ask(registry.compare, first, second)

    @app.get("/api/people")
    async def people(run: Name) -> dict[str, Any]:
        """Questions to begin with, and how many names there are."""
        suggested = await request_queue.ask(registry.people, run)
        return {"examples": suggested.examples, "names": len(suggested.names)}

    @app.get("/api/suggest")
    async def suggest(run: Name, typed: Annotated[str, Query(max_length=200)] = "") -> dict[str, Any]:
        """Names that begin with what was typed."""
        return {"names": await request_queue.ask(registry.suggest, run, typed)}

    @app.post("/api/ask")
    async def ask(request: AskRequest) -> dict[str, Any]:
        """The answer that `closedbook ask --json` gives, with what was really asked and what had to be left out.

        `others` are the other questions that can be asked about a bare name.
        """
        return await request_queue.ask(_answer, registry, request)

    @app.post("/api/inside")
    async def attribute(request: AskRequest) -> dict[str, Any]:
        """How the answer came about: its tokens and runners-up, attention, and what switching each part off does."""
        return await request_queue.ask(_attribution, registry, request)

    @app.post("/api/learn")
    async def learn(request: LearnRequest) -> dict[str, Any]:
        """Learn one document into a run, as `closedbook learn` does; on this machine's own addresses only."""
        _only_here(token)
        return await request_queue.ask(_learn, registry, request)

    @app.post("/api/forget")
    async def forget(request: ForgetRequest) -> dict[str, Any]:
        """Forget a name, as `closedbook forget` does; on this machine's own addresses only."""
        _only_here(token)
        return await request_queue.ask(_forget, registry, request)

    @app.get("/api/claims")
    async def claims() -> dict[str, Any]:
        """The claims about attention: statement, derivation, parameters with their limits."""
        return {"claims": [_described(claim) for claim in map(load, CLAIMS)]}

    @app.post("/api/claims/{claim}")
    async def check(claim: str, request: Settings) -> dict[str, Any]:
        """Build one claim's head at these settings and measure it: what `closedbook attention --json` prints."""
        if claim not in CLAIMS:
            raise HTTPException(404, f"there is no claim {claim[:20]}; the claims are {', '.join(CLAIMS)}")
        return await claim_queue.ask(_check, claim, request.settings)

    app.mount("/", StaticFiles(directory=STATIC, html=True))
    return SecurityMiddleware(app, host, token)


def _explain(app: FastAPI) -> None:
    """Errors as {"detail": words}; what was sent is never sent back."""

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][:2] if isinstance(part, str))
        return JSONResponse({"detail": f"{place}: {first['msg']}".encode("ascii", "replace").decode()}, 422)

    @app.exception_handler(ClosedbookError)
    async def mistaken(request: Request, error: ClosedbookError) -> JSONResponse:
        status = 404 if isinstance(error, UnknownRunError) else 400
        return JSONResponse({"detail": _sendable(str(error))}, status)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> JSONResponse:
        words = "too many questions are waiting; try again in a moment"
        return JSONResponse({"detail": words}, 503, {"Retry-After": str(RETRY_AFTER)})


def _sendable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _answer(registry: RunRegistry, request: AskRequest) -> dict[str, Any]:
    run = registry.load(request.run)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", UserWarning)
        answer = run.ask(request.question)
    name = run.bare_name(request.question)
    return {
        "question": answer.question, "answer": answer.to_json(),
        "notes": [_sendable(str(note.message)) for note in noted],
        "others": [] if name is None else run.questions_about(name)[1 : 1 + SUGGESTED],
    }  # fmt: skip


def _only_here(token: str | None) -> None:
    if token is not None:
        raise HTTPException(403, "on this address the page only answers; teach the run with: closedbook learn")


def _learn(registry: RunRegistry, request: LearnRequest) -> dict[str, Any]:
    run = registry.load(request.run)
    documents = make_documents([" ".join(request.text.split())], source="the text")
    began = time.perf_counter()
    plan = run.learn(documents)
    title = documents.titles[0]
    return {
        "title": title, "question": run.questions_about(title)[0], "seconds": time.perf_counter() - began,
        "answers": len(run.learned.names[title].phrases) if title in run.learned.names else 0,
        "known": title in plan.unchanged, "changed": title in plan.changed,
    }  # fmt: skip


def _forget(registry: RunRegistry, request: ForgetRequest) -> dict[str, Any]:
    run = registry.load(request.run)
    run.forget([request.title])
    return {"title": request.title, "question": run.questions_about(request.title)[0]}


def _attribution(registry: RunRegistry, request: AskRequest) -> dict[str, Any]:
    return registry.load(request.run).attribute(request.question).to_json()


def _described(claim: Claim) -> dict[str, Any]:
    parameters = [
        asdict(p) | ({"low": None, "high": None} if p.choices else {}) | {"whole": isinstance(p.default, int)}
        for p in claim.parameters
    ]
    names = ("id", "title", "statement", "derivation", "premise", "float32")
    return {name: getattr(claim, name) for name in names} | {"parameters": parameters}


def _check(id: str, settings: dict[str, bool | int | float | str]) -> dict[str, Any]:
    claim = load(id)
    p = claim.settings(settings)
    over = [f"{name} at most {most:,}" for name, most in MOST.items() if getattr(p, name, 0) > most]
    if hasattr(p, "samples") and p.samples * p.n * p.d > MOST_DRAWN:
        over.append(f"samples·n·d at most {MOST_DRAWN:,}")
    if hasattr(p, "steps") and p.steps * p.n**2 * p.width > MOST_TRAINED:
        over.append(f"steps·n²·width at most {MOST_TRAINED:,}")
    if hasattr(p, "examples") and p.examples * p.n > MOST_TESTED:
        over.append(f"examples·n at most {MOST_TESTED:,}")
    if over:
        raise ClaimError(f"the page takes {', '.join(over)}; for more, in a terminal: closedbook attention {id}")
    return claim.check(vars(p)).as_json()


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN: they are sent as words, not hidden."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises RunError where the address is taken or not this machine's."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        raise RunError(
            f"cannot listen on {host}, port {port} ({error}); try another, or --port 0 for a free one"
        ) from None


def configured(app: SecurityMiddleware, **more: Any) -> uvicorn.Config:
    """uvicorn's settings: its errors alone are logged, a line for every bad request would fill a disk."""
    return uvicorn.Config(
        app, http=Connection, ws="none", loop="asyncio", log_level="error", server_header=False, date_header=False,
        lifespan="on", backlog=BACKLOG, **more,
    )  # fmt: skip


def serve(app: SecurityMiddleware, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C or SIGTERM; then let what is being answered end, and return."""
    Connection.most = most_connections()
    settings = configured(app, timeout_graceful_shutdown=5)
    if threading.current_thread() is threading.main_thread():
        # uvicorn, having stopped, sends it again: a clean stop is no crash
        signal.signal(signal.SIGTERM, lambda *_: None)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run(sockets=[listening])


def _warm_up(registry: RunRegistry) -> None:
    """Open the first run that answers questions, and ask it one, so that the reader's first answer comes at once."""
    for name, folder in registry.folders().items():
        with contextlib.suppress(ClosedbookError):
            if about(name, folder)["asks"]:
                _answer(registry, AskRequest(run=name, question="nobody"))
                return
