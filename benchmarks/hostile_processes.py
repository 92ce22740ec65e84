"""Kinds of signals, students' files and requests to a server, for hostile.py."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from hostile_runs import monster
from hostile_tries import Done, Setting, Try, attempt, kind, resident
from shell import environment, hashes

# Signals -------------------------------------------------------------------------------------------------------------


@kind("a training that is told to stop, at any moment, by any signal, once or twice", share=2)
def stopped(setting: Setting, rng: Random) -> Iterator[Try]:
    steps = ["--set", "stages.pretrain.steps=60"]
    whole = setting.folder / f"stopped{next(setting.made)}"
    done = attempt(Try("", setting.train(whole, *steps), megabytes=4096))
    assert done.code == 0, done.err
    expected = hashes(whole)["model.safetensors"]
    while True:
        run = setting.fresh() / "run"
        numbers = [rng.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP]) for _ in range(rng.choice([1, 1, 2]))]
        signals = [(rng.uniform(0.0, 1.2 * done.seconds) if i == 0 else 0.05, int(n)) for i, n in enumerate(numbers)]

        def complaint(done: Done, run: Path = run) -> str | None:
            if done.code < 0 and run.exists():
                return f"ended by a signal, {done.code}, with a run begun"
            if (
                done.code not in (0, 2)
                and run.exists()
                and "--resume" not in done.out
                and "same command" not in done.out
            ):
                return f"does not say how to go on: {done.out[-200:]!r} {done.err[-200:]!r}"
            if done.code != 0:
                again = attempt(
                    Try("", setting.train(run, *steps, *(["--resume"] if run.exists() else [])), megabytes=4096)
                )
                if again.code:
                    return f"cannot be gone on with: {again.err.strip()[-300:]}"
            same = hashes(run)["model.safetensors"] == expected
            return None if same else "ended in other weights than the training that was left alone"

        what = ", ".join(f"{signal.Signals(n).name} after {after:.2f} s" for after, n in signals)
        command = setting.train(run, *steps)
        ended = tuple(-n for n in numbers)  # by the signal itself, before the command is there to take it
        codes = (0, 129, 130, 143, *ended)
        yield Try(what, command, codes=codes, complaint=complaint, signals=tuple(signals), megabytes=4096)


@kind("several processes under torchrun, one or all of them told to stop or killed", share=20)
def torchrun(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        run = setting.fresh() / "run"
        number = rng.choice([signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGHUP])
        whom = rng.choice(["torchrun", "one of them", "both of them", "torchrun and both"])
        if number == signal.SIGKILL:
            whom = rng.choice(["one of them", "both of them"])

        def act(run: Path = run, number: int = number, whom: str = whom) -> Done:
            return several(setting, run, number, whom, rng.uniform(0.0, 1.0))

        yield Try(f"{signal.Signals(number).name} to {whom}", [], act=act, codes=(0,))


def several(setting: Setting, run: Path, number: int, whom: str, after: float) -> Done:
    """Train in two processes, stop them, and go on in one."""
    steps = ["--set", "stages.pretrain.steps=3000"]
    words = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", 2, "-m", "--", "closedbook"]
    with open(run.parent / "log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [str(word) for word in (*words, *setting.train(run, *steps))], stdout=log, stderr=log, env=environment(),
            start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + 180
        while time.monotonic() < until and "pretrain 1/" not in (run.parent / "log").read_text(encoding="utf-8"):
            time.sleep(0.05)
        time.sleep(after)
        workers = children(process.pid)
        targets = {"torchrun": [process.pid], "one of them": workers[:1], "both of them": workers}.get(
            whom, [process.pid, *workers]
        )
        for pid in targets:
            with contextlib.suppress(OSError):
                os.kill(pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(90)
        late = process.poll() is None
        gone = [pid for pid in workers if not Path(f"/proc/{pid}").exists()]
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.seek(0)
        printed = log.read()
    if late or len(gone) < len(workers) or len(workers) != 2:
        return Done(1, "", f"went on: {printed[-300:]}", 0, 0)
    if trace := re.search(r'File "[^"]*/src/closedbook/', printed):  # torchrun's own tracebacks are not ours
        return Done(1, "", f"a traceback of ours: {printed[trace.start() :][:500]}", 0, 0)
    again = attempt(Try("", setting.train(run, *steps, "--resume"), seconds=120, megabytes=4096))
    step = re.search(r"going on from step ([\d,]+)", again.out)
    if again.code == 0 and number != signal.SIGKILL and not step:
        return Done(1, "", f"nothing was saved: {printed[-300:]} {again.out[-300:]}", 0, 0)
    return again


def children(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


# Students' files -----------------------------------------------------------------------------------------------------

HARMFUL = {
    "puts a pipe in place of its result": "p='findings'; open(p,'w').close(); os.remove(p); os.mkfifo(p); os._exit(0)",
    "puts a device in place of its result": "os.symlink('/dev/zero', 'findings'); os._exit(0)",
    "removes its folder": "shutil.rmtree(os.getcwd()); os._exit(0)",
    "shares memory without end": "x=[]\nwhile True:\n m=mmap.mmap(-1,1<<28); m.write(b'x'*(1<<28)); x.append(m)",
    "takes memory without end": "x=[]\nwhile True: x.append(bytearray(1<<26))",
    "leaves a process behind": "if os.fork()==0:\n os.setsid()\n if os.fork()==0: time.sleep(60)\n os._exit(0)",
    "computes without end": "while True: pass",
    "sleeps": "time.sleep(200)",
    "writes a file without end": "f=open('big','wb')\nwhile True: f.write(b'x'*(1<<20)); f.flush()",
    "writes into the temporary folder": "f=open(tempfile.mktemp(),'wb')\nwhile True: f.write(b'x'*(1<<20)); f.flush()",
    "prints without end": "while True: print('x'*1000)",
    "writes into the report without end": "while True: os.write(1, b'{}'*1000)",
    "forges a finding": "os.write(1, json.dumps({'name':'x','why':None,'held':True}).encode()+b'\\n')",
    "ends early, as if all were well": "os._exit(0)",
    "raises SystemExit": "sys.exit(0)",
    "calls itself without end": "def f(): f()\nf()",
    "ends by a signal": "os.kill(os.getpid(), 11)",
    "ends its group": "os.killpg(0, 9)",
    "changes what the checker uses": "import torch; torch.allclose=lambda *a,**k: True; torch.equal=lambda *a: True",
    "closes its streams": "os.close(0); os.close(1); os.close(2)",
    "prints control characters": "print('\\x1b]0;PWNED\\x07'); raise ValueError('\\x1b[31m')",
    "is no Python": "def (:",
    "holds zeros": "\0",
}
IMPORTS = "import os, sys, mmap, time, json, shutil, tempfile\n"
CLASS = "import torch.nn as nn\nclass CausalSelfAttention(nn.Module):\n    pass\n"


@kind("students' files that hang, fill, forge, or outlive the checker", share=2)
def students(setting: Setting, rng: Random) -> Iterator[Try]:
    order = [*HARMFUL]
    rng.shuffle(order)
    while True:
        for name in order:
            folder = setting.fresh()
            file = folder / "attention.py"
            file.write_text(IMPORTS + (CLASS if rng.random() < 0.5 else "") + HARMFUL[name] + "\n" + CLASS)

            def complaint(done: Done, file: Path = file) -> str | None:
                for process in Path("/proc").glob("[0-9]*"):
                    with contextlib.suppress(OSError):
                        if str(file).encode() in (process / "cmdline").read_bytes():
                            return "left a process running"
                return "all was well" if done.code == 0 else None

            command = ["cs224n", "check", file, "--yes", "--seconds", "4", *rng.choice([[], ["--json"]])]
            kept = (setting.run, setting.documents, setting.questions, file)
            yield Try(name, command, kept=kept, codes=(1, 2), complaint=complaint, megabytes=16384, seconds=90)


# The server ----------------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """`closedbook serve` in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    megabytes: float
    run: str

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host=True)
            fields = {"Host": f"127.0.0.1:{self.port}", "Content-Type": "application/json", **headers}
            if body is not None:
                fields["Content-Length"] = str(len(body))
            for name, value in fields.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            reply = connection.getresponse()
            return reply.status, reply.read()

    def ask(self, question: str) -> int:
        return self.request("POST", "/api/ask", json.dumps({"run": self.run, "question": question}).encode())[0]


@contextlib.contextmanager
def serving(setting: Setting, run: Path) -> Iterator[Server]:
    """A server of a run, and of no other, that has answered a question."""
    folder = setting.folder / "served"
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    words = [sys.executable, "-m", "closedbook", "serve", run, "--runs", folder, "--port", 0, "--json"]
    with open(log, "wb") as errors:
        process = subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, stderr=errors, env=environment())
    try:
        assert process.stdout is not None
        text = b""
        while b"}" not in text:
            line = process.stdout.readline()
            assert line, log.read_text()
            text += line
        port = int(json.loads(text)["address"].rpartition(":")[2].strip("/"))
        server = Server(process, port, log, 0, run.name)
        server.ask(setting.question)
        server.megabytes = resident(process.pid)
        yield server
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


def slow_heads(server: Server, rng: Random) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(rng.randint(1, 200)):
            connection = stack.enter_context(server.connect())
            connection.sendall(b"GET /api/runs HTTP/1.1\r\nHost: x"[: rng.randint(0, 30)])
        assert server.request("GET", "/api/runs")[0] == 200  # the others are served meanwhile


def many_connections(server: Server, rng: Random) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(rng.randint(300, 700)):
            with contextlib.suppress(OSError):
                stack.enter_context(server.connect())


def head_without_end(server: Server, rng: Random) -> None:
    with server.connect() as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\n")
        for i in range(20_000):
            connection.sendall(b"X-%d: " % i + b"x" * rng.choice([10, 1000]) + rng.choice([b"\r\n", b""]))
        raise AssertionError("20,000 lines of a head were taken")


def huge_body(server: Server, rng: Random) -> None:
    size = rng.choice([b"Content-Length: %d" % 10**15, b"Transfer-Encoding: chunked"])
    with server.connect() as connection, contextlib.suppress(OSError):
        connection.sendall(b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n\r\n" % (server.port, size))
        for _ in range(2_000):
            connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        raise AssertionError("130 MB of a body were taken")


def junk(server: Server, rng: Random) -> None:
    beginnings = [b"", b"\x16\x03\x01\x02\x00\x01\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    beginnings += [
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"\0" * 1000,
        b"\r\n" * 1000,
        b"CONNECT x:1\r\n\r\n",
    ]
    beginnings += [
        b"POST /api/ask HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n",
    ]
    beginnings += [b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]
    with server.connect() as connection, contextlib.suppress(OSError):
        connection.sendall(rng.choice(beginnings) + rng.randbytes(rng.randint(0, 5000)))
        connection.shutdown(rng.choice([socket.SHUT_WR, socket.SHUT_RDWR]))
        connection.recv(1000)


def wrong_paths(server: Server, rng: Random) -> None:
    path = rng.choice(
        ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/static/../../server.py", "/%00",
         "/" + "a" * 60_000, "/api/curve?run=../../etc", f"/api/curve?run={server.run}&after=" + "9" * 400,
         f"/api/suggest?run={server.run}&typed=%ff",
         "/api/compare?first=&second=", "/api/people?run=%1b[31m", "/api/runs?" + "a=1&" * 5000, "/api/../app.js"]
    )  # fmt: skip
    status, body = server.request(rng.choice(["GET", "HEAD", "DELETE", "POST"]), path, Origin=rng.choice(["null", ""]))
    assert status < 500, status
    assert b"root:" not in body
    assert b"def make_app" not in body


def monsters(server: Server, rng: Random) -> None:
    text = json.dumps({"run": rng.choice([server.run, monster(rng)]), "question": monster(rng)})
    path = rng.choice(["/api/ask", "/api/inside"])
    if rng.random() < 0.4:
        names = ("n", "d", "samples", "alpha", "t", "steps", "beta", "seed", "width", "examples")
        text = json.dumps({"settings": {rng.choice(names): monster(rng) for _ in range(2)}})
        path = f"/api/claims/{rng.choice(['1a', '1b', '1c.i', '1c.ii', '1d.i', '1d.ii', '1e.i', '1e.ii', '2g.ii'])}"
    body = rng.choice(
        [text.encode(), text.encode(), b"[" * 30_000, b"\xff", b"", b"1e999", b'{"run": ' + b"9" * 20_000]
    )
    status, _ = server.request("POST", path, body)
    assert status < 500, f"{status} for {body[:200]!r}"


def teaching(server: Server, rng: Random) -> None:
    """Monsters, markup and junk to learn and to forget; then an honest name is learned, known, and forgotten."""
    texts = [
        monster(rng),
        "x" * 9_999,
        "A. " * 3_000,
        "\x1b[31mEvil. <script>alert(1)</script> born in Oslo.",
        ". ",
        "\n",
    ]
    texts += [
        "\u2028. \x85",
        "□⁇. □",
        "Ada",
        "0. 0. 0.",
        "Long Ek. " + "Rome Oslo " * 900,
        "A B. " + "Ab Cd-Ef. " * 800,
    ]
    body = {"run": rng.choice([server.run, server.run, monster(rng)]), "text": rng.choice(texts)}
    path = "/api/learn"
    if rng.random() < 0.4:
        path, body = "/api/forget", {"run": server.run, "title": rng.choice([monster(rng), "x" * 300, "\0", "%", ""])}
    if rng.random() < 0.2:
        body |= {rng.choice(["workers", "documents", "scheduler", ""]): monster(rng)}
    status, content = server.request("POST", path, json.dumps(body).encode())
    assert status < 500, f"{status} for {str(body)[:200]}"
    assert b"Traceback" not in content
    name = f"Name{rng.randrange(10**6)} Ek"

    def call(what: str, **fields: str) -> dict[str, Any]:
        status, content = server.request("POST", f"/api/{what}", json.dumps({"run": server.run, **fields}).encode())
        assert status == 200, f"{what}: {status} {content[:200]!r}"
        return dict(json.loads(content))

    call("learn", text=f"{name}. {name} was born in Rome.")
    assert call("learn", text=f"{name}. {name} was born in Rome.")["known"]
    call("forget", title=name)


def teaching_at_once(server: Server, rng: Random) -> None:
    def request_again(i: int) -> int:
        text = f"Crowd{i} Ek. Crowd{i} Ek was born in Rome."
        path, body = "/api/learn", {"text": text}
        if rng.random() < 0.5:
            path, body = "/api/ask", {"question": f"Where was Crowd{i} Ek born?"}
        return server.request("POST", path, json.dumps({"run": server.run, **body}).encode())[0]

    with ThreadPoolExecutor(20) as pool:
        statuses = set(pool.map(request_again, range(40)))
    assert statuses <= {200, 503}, statuses


def other_sites(server: Server, rng: Random) -> None:
    name = rng.choice(["evil.example", "", "127.0.0.1.evil.example", "[", "localhost@evil.example", "2130706433"])
    assert server.request("GET", "/api/runs", Host=name)[0] in (400, 403)
    assert server.request("GET", "/api/runs", Origin=f"http://{name}")[0] == 403
    body = json.dumps({"run": server.run, "text": "Evil Ek. He was born in Rome."}).encode()
    assert server.request("POST", "/api/learn", body, Origin=f"http://{name}")[0] == 403


def leaving(server: Server, rng: Random) -> None:
    body = json.dumps({"run": server.run, "question": "Where was Ada born?"}).encode()
    head = b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n" % server.port
    for _ in range(rng.randint(1, 100)):
        with server.connect() as connection:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def crowd(server: Server, rng: Random) -> None:
    with ThreadPoolExecutor(50) as pool:
        statuses = set(pool.map(lambda i: server.ask(f"Where was Ada {i} born?"), range(rng.randint(50, 150))))
    assert statuses <= {200, 503}, statuses


ATTACKS: tuple[Callable[[Server, Random], None], ...] = (
    slow_heads, many_connections, head_without_end, huge_body, junk, wrong_paths, monsters, other_sites, leaving, crowd,
    junk, wrong_paths, monsters, monsters, teaching, teaching, teaching_at_once,
)  # fmt: skip


@kind("a running server: slow and endless requests, many at once, other sites, monsters as settings")
def server_attacks(setting: Setting, rng: Random) -> Iterator[Try]:
    run = Path(
        shutil.copytree(setting.words, setting.fresh().rename(setting.folder / f"taught{rng.random()}") / "words")
    )
    with serving(setting, run) as server:
        while True:
            attack = rng.choice(ATTACKS)

            def act(attack: Callable[[Server, Random], None] = attack) -> Done:
                began = time.monotonic()
                try:
                    attack(server, rng)
                    healthy(server, setting)
                except (AssertionError, OSError, http.client.HTTPException) as error:
                    return Done(1, "", f"{type(error).__name__}: {error}", time.monotonic() - began, 0)
                grown = resident(server.process.pid) - server.megabytes
                return Done(0, "", "", time.monotonic() - began, max(0, grown))

            yield Try(attack.__name__, [], act=act, codes=(0,))


def healthy(server: Server, setting: Setting) -> None:
    """A server answers, has not grown, and has not filled its log."""
    for _ in range(30):  # connections that were left open end after ten seconds
        with contextlib.suppress(OSError, http.client.HTTPException):
            if server.ask(setting.question) == 200:
                break
        time.sleep(0.5)
    else:
        raise AssertionError("it answers no longer")
    assert server.process.poll() is None
    log = server.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in log, log[-500:]
    assert len(log) < 100_000, f"{len(log)} characters of log"
    grown = resident(server.process.pid) - server.megabytes
    assert grown < 300, f"it grew by {grown:.0f} MB"
