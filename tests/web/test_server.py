"""The page's server answers as `ask` does, lets nobody else in, serves nothing else, and stops."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest
import schemathesis
from conftest import SCRIPT
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from serving import serving
from shell import closedbook as command
from shell import environment, make_tiny, refused

import closedbook
from closedbook.attention.claim import load
from closedbook.config.loading import load_recipe
from closedbook.config.registry import CUSTOM_MIXERS
from closedbook.data.questions import fold
from closedbook.runs.folder import RunFolder
from closedbook.web import connection, security, server
from closedbook.web.run_registry import RunRegistry
from closedbook.web.security import HEADERS, SecurityMiddleware

STATIC = Path(server.__file__).parent / "static"


# The API -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", ["characters", "words"])
def test_the_answer_is_the_one_that_ask_gives(served, runs, run):
    reply = served.post("/api/ask", {"run": run, "question": runs.known})
    assert reply.status == 200
    expected = closedbook.load(runs.root / run).ask(runs.known).to_json()
    assert reply.json["answer"] == json.loads(json.dumps(expected))


def test_a_bare_name_is_asked_about_as_ask_does_and_the_other_kinds_of_question_are_offered(served, runs):
    example = served.get("/api/people?run=words").json["examples"][0]
    asked = served.post("/api/ask", {"run": "words", "question": f" {example['name']} "}).json
    assert asked["question"] == example["question"] == f"Where was {example['name']} born?"
    assert asked["others"] == [f"What was the profession of {example['name']}?"]
    in_full = served.post("/api/ask", {"run": "words", "question": asked["question"]}).json
    assert asked["answer"] == in_full["answer"]
    assert in_full["others"] == []
    assert command("ask", runs.root / "words", example["name"], "--json").json == asked["answer"]


def test_questions_to_try_are_about_somebody_read_about_and_never_asked(served, runs):
    examples = served.get("/api/people?run=words").json["examples"]
    trained_on = RunFolder.open(runs.root / "words").record()["split"]["train"]
    lines = runs.tiny.questions.read_text(encoding="utf-8").splitlines()
    never_asked = [example for example in examples if example["why"] == "read about, never asked"]
    assert never_asked
    for example in never_asked:
        assert example["name"] in example["question"]
        assert not any(example["name"] in lines[i] for i in trained_on)


def test_nobody_is_suggested_twice(served):
    # A person has several training questions: about the birthplace, the year, the name in other wordings.
    names = [person["name"] for person in served.get("/api/people?run=words").json["examples"]]
    assert len(names) == len(set(names)) > 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NAME", "NAME"), ("NAME?", "NAME"), ("“NAME”", "NAME"), ("birthplace of NAME", None), ("Where was NAME", None),
        ("Ann Lee", "Ann Lee"), ("Where is Ann Lee from", None), ("In which town did Ann live", None), ("Ann?", None),
        ("", None), (" ", None),
    ],
)  # fmt: skip
def test_what_says_more_than_a_name_is_asked_as_it_is(runs, text, name):
    known = runs.known.removeprefix("Where was ").removesuffix(" born?")
    run = closedbook.load(runs.root / "words")
    assert run.bare_name(text.replace("NAME", known)) == (name and name.replace("NAME", known))
    assert (run.as_question(text) == text) == (run.bare_name(text) is None)


def test_inside_is_what_the_library_says(served, runs):
    reply = served.post("/api/inside", {"run": "words", "question": runs.known})
    assert reply.json == closedbook.load(runs.root / "words").attribute(runs.known).to_json()


def test_what_was_dropped_is_said(served):
    reply = served.post("/api/ask", {"run": "words", "question": "zzqqx " * 1600 + "?"})
    assert reply.status == 200
    assert any("dropped" in note for note in reply.json["notes"])


def test_names_are_suggested_by_the_beginnings_of_their_words(served, runs):
    titles = closedbook.data.documents.read_documents(runs.tiny.documents).titles
    first, last = titles[0].split()[0], titles[0].split()[-1]
    for typed in (first[:3].lower(), last.upper()):
        names = served.get(f"/api/suggest?run=words&typed={typed}").json["names"]
        assert names
        assert all(any(word.startswith(fold(typed)) for word in fold(name).split()) for name in names)
    assert served.get("/api/suggest?run=words&typed=").json == {"names": []}
    assert fold("Élodie  ÅSE", accents=False) == "elodie ase"


def test_two_runs_are_compared_on_the_questions_that_only_one_gets_right(served, runs):
    reply = served.get("/api/compare?first=words&second=characters").json
    answers = [
        json.loads((runs.root / run / "evaluation.json").read_text(encoding="utf-8"))["answers"]
        for run in ("words", "characters")
    ]
    only_words = [a["question"] for a, b in zip(*answers, strict=True) if a["right"] and not b["right"]]
    assert only_words  # the run of characters babbles
    assert [row["question"] for row in reply["only_first"]] == only_words
    assert 0 < reply["p"] <= 1
    assert served.get("/api/compare?first=words&second=nobody").status == 404


def test_runs_tell_what_they_are_and_how_they_learned(served, runs):
    told = {run["name"]: run for run in served.get("/api/runs").json["runs"]}
    assert list(told) == ["words", "characters"]
    assert told["words"]["status"] == "finished"
    assert told["words"]["score"]["total"] == 13
    curve = served.get("/api/curve?run=words").json
    written = (runs.root / "words" / "metrics.jsonl").read_text().splitlines()
    assert curve["lines"] == [json.loads(line) for line in written]
    assert served.get(f"/api/curve?run=words&after={curve['next']}").json["lines"] == []


def test_a_claim_is_checked_as_the_command_checks_it(served):
    reply = served.post("/api/claims/1b", {"settings": {"t": 3, "n": 5}}).json
    expected = load("1b").check({"t": 3, "n": 5}).as_json()
    for verdict in (reply, expected):
        del verdict["seconds"]
    assert reply == expected


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/api/ask", {"run": "nobody", "question": "x"}, 404, "there is no run"),
        ("/api/ask", {"run": "../words", "question": "x"}, 404, "there is no run"),
        ("/api/ask", {"run": "words", "question": "  "}, 400, "empty"),
        ("/api/ask", {"run": "words", "question": ""}, 422, "question"),
        ("/api/ask", {"run": "words", "question": "x" * 10_001}, 422, "10000"),
        ("/api/ask", {"run": "words"}, 422, "question"),
        ("/api/ask", {"run": "words", "question": "x", "more": 1}, 422, "more"),
        ("/api/ask", [1], 422, "body"),
        ("/api/ask", b"{", 422, "JSON"),
        ("/api/ask", b'{"run": "words", "question": "\\ud800 who?"}', 422, "string"),
        ("/api/ask", {"run": "words", "question": "x", "pad": "x" * 70_000}, 413, "larger"),
        ("/api/claims/9z", {"settings": {}}, 404, "the claims are"),
        ("/api/claims/1b", {"settings": {"t": -1}}, 400, "t = -1"),
        ("/api/claims/1b", b'{"settings": {"t": NaN}}', 400, "t = nan"),
        ("/api/claims/1b", {"settings": {"d": 4000}}, 400, "closedbook attention 1b"),
        ("/api/claims/1c.i", {"settings": {"samples": 90000, "n": 64, "d": 64}}, 400, "60,000,000"),
        ("/api/claims/1b", {"settings": {"t": 10**310}}, 400, "outside its limits"),
        ("/api/claims/1b", {"settings": {"t": "x" * 9000}}, 400, "is not a number"),
        ("/api/claims/2g.ii", {"settings": {"n": 64, "d": 64, "width": 64}}, 400, "steps·n²·width"),
        ("/api/claims/2g.ii", {"settings": {"n": 64, "d": 64, "steps": 1}}, 400, "examples·n"),
    ],
)
def test_mistakes_are_told_in_words(served, path, body, status, words):
    reply = served.post(path, body)
    assert reply.status == status, reply.body
    assert words in reply.json["detail"]
    assert "Traceback" not in reply.json["detail"]


def test_a_damaged_or_forged_run_hides_no_other_and_is_told(runs, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text('{"format": 1}')
    for name, forged in (("text", {"started": 3}), ("deep", {"split": {"train": "x"}}), ("sum", {"parameters": [1]})):
        folder = RunFolder.create(tmp_path / name, {}, {"recipe.toml": load_recipe("fast").to_toml()})
        folder.write_json("run.json", {**folder.record(), **forged})
    with serving(RunRegistry([runs.root / "words"], tmp_path)) as up:
        reply = up.get("/api/runs").json
        assert [run["name"] for run in reply["runs"]] == ["words"]
        left = {run["name"]: run["why"] for run in reply["left_out"]}
        assert set(left) == {"bad", "text", "deep", "sum"}
        assert "started = 3 must be of type str" in left["text"]
        assert up.post("/api/ask", {"run": "bad", "question": "x?"}).status in (400, 404)


def test_names_that_are_no_utf_8_are_sent_escaped(tmp_path):
    RunFolder.create(tmp_path / "run", {"recipe": "\ud800"}, {"recipe.toml": load_recipe("fast").to_toml()})
    with serving(RunRegistry([], tmp_path)) as up:
        assert [run["recipe"] for run in up.get("/api/runs").json["runs"]] == ["\ud800"]


# Who keeps it waiting ------------------------------------------------------------------------------------------


def closed(waiting: socket.socket) -> bool:
    """Whether the other side ends the connection, within 20 seconds."""
    waiting.settimeout(20)
    with contextlib.suppress(ConnectionResetError):
        while waiting.recv(1000):
            pass
    return True


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET"])
def test_a_head_that_does_not_come_ends_its_connection(sent, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    with serving(RunRegistry()) as up, socket.create_connection(("127.0.0.1", up.port)) as slow:
        slow.sendall(sent)
        assert closed(slow)
        assert up.get("/").status == 200


def test_a_body_that_does_not_come_is_refused(monkeypatch):
    monkeypatch.setattr(security, "BODY_SECONDS", 0.3)
    head = b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
    with serving(RunRegistry()) as up, socket.create_connection(("127.0.0.1", up.port)) as slow:
        slow.sendall(head)
        slow.settimeout(20)
        assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_what_comes_after_a_refusal_is_not_read():
    head = b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n"
    with serving(RunRegistry()) as up, socket.create_connection(("127.0.0.1", up.port)) as endless:
        endless.settimeout(20)
        endless.sendall(head)
        with pytest.raises(OSError, match=r"reset|pipe|aborted"):
            endless.sendall(bytes(1 << 27))


def test_connections_beyond_the_limit_are_closed_and_the_others_answered(monkeypatch):
    monkeypatch.setattr(connection.Connection, "most", 5)
    with serving(RunRegistry()) as up, contextlib.ExitStack() as held:
        first = held.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", up.port, timeout=20)))
        first.request("GET", "/")
        assert first.getresponse().read()
        others = [held.enter_context(socket.create_connection(("127.0.0.1", up.port))) for _ in range(12)]
        assert all(closed(other) for other in others[4:])
        first.request("GET", "/page.js")
        assert first.getresponse().status == 200


def test_a_refused_accept_is_told_once_and_without_a_traceback(capsys):
    loop, quiet = asyncio.new_event_loop(), connection.Quiet()
    refused = {"message": "socket.accept()", "exception": OSError(24, "Too many open files"), "socket": None}
    for _ in range(1000):
        quiet(loop, refused)
    loop.close()
    assert capsys.readouterr().err.splitlines() == [
        "closedbook: warning: the system refuses further connections (Too many open files)"
    ]


def test_an_address_that_is_told_can_be_connected_to():
    with server.bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname(), timeout=5):
        pass


# Who may ask, and what is served -------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "", "[::1", "a b"])
def test_a_name_that_is_not_ours_is_refused(served, host):
    """Else a foreign page could have its own name point here and read what we answer."""
    for path in ("/", "/api/runs"):
        reply = served.get(path, Host=host.replace("{port}", str(served.port)))
        assert reply.status in (400, 403)


def test_our_names_are_let_in(served):
    for host in ("localhost", f"localhost:{served.port}", "127.0.0.1", f"[::1]:{served.port}"):
        assert served.get("/api/runs", Host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://["}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_other_sites_are_refused(served, runs, headers):
    question = {"run": "words", "question": runs.known}
    assert served.post("/api/ask", question, **headers).status == 403
    own = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
    assert served.post("/api/ask", question, **own).status == 200


def test_a_form_of_another_site_cannot_post(served, runs):
    body = json.dumps({"run": "words", "question": runs.known}).encode()
    assert served.send("POST", "/api/ask", body, {"Content-Type": "text/plain"}).status == 422


def test_a_server_that_others_reach_demands_its_token(runs):
    with serving(RunRegistry([runs.root / "words"]), host="0.0.0.0", token="s3cret") as up:
        assert up.get("/").status == 200  # the page holds nothing
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": "s"}):
            reply = up.get("/api/runs", **headers)
            assert reply.status == 401
            assert "words" not in reply.body.decode()
        assert up.get("/api/runs", Authorization="Bearer s3cret").status == 200
        assert up.get("/api/runs", Authorization="Bearer s3cret", Host="192.0.2.7:8000").status == 200
        assert up.get("/api/runs", Authorization="Bearer s3cret", Host="evil.example").status == 403


def test_loopback_is_told_from_the_rest():
    assert not any(SecurityMiddleware(None, host).open for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"))
    assert all(SecurityMiddleware(None, host).open for host in ("0.0.0.0", "::", "192.0.2.7", "box.example"))


def test_every_answer_forbids_what_the_page_does_not_need(served):
    for path in ("/", "/page.js", "/api/runs", "/nothing", "/api/people?run=nobody"):
        headers = served.get(path).headers
        for name, value in HEADERS.items():
            assert headers[name.lower()] == value
        assert "server" not in headers
    refusal = served.get("/", Host="evil.example").headers
    assert refusal["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    ["/../server.py", "/static/../server.py", "/%2e%2e/server.py", "/..%2fserver.py", "//etc/passwd", "/server.py",
     "/etc/passwd", "/static/", "/docs", "/redoc", "/page.js/../../server.py", "/index.html%00", "/run.json"],
)  # fmt: skip
def test_nothing_outside_its_folder_is_served(served, path):
    assert served.get(path).status == 404


def test_every_file_is_served_as_it_is_and_the_page_is_small_and_whole(served):
    files = {path.name: path.read_bytes() for path in STATIC.iterdir()}
    assert sum(map(len, files.values())) < 300_000
    for name, content in files.items():
        assert served.get("/" if name == "index.html" else f"/{name}").body == content
        text = content.decode().replace("http://www.w3.org/", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", text), f"{name} names another place"
        assert "innerHTML" not in text
        assert not re.search(r"\sstyle=|<style|\son\w+=\"", text), f"{name} has what the policy forbids"


# Under load ----------------------------------------------------------------------------------------------------


def resident() -> int:
    """Bytes of memory this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")
def test_two_hundred_at_once_get_their_own_answers_and_memory_stays(served, runs):
    lines = runs.tiny.questions.read_text(encoding="utf-8").splitlines()
    questions = [line.split("\t")[0] for line in lines]
    alone = closedbook.load(runs.root / "words")
    expected = {text: json.loads(json.dumps(alone.ask(text).to_json())) for text in questions}
    asked = [questions[i % len(questions)] for i in range(200)]

    def all_at_once() -> None:
        with ThreadPoolExecutor(200) as pool:
            replies = list(pool.map(lambda text: served.post("/api/ask", {"run": "words", "question": text}), asked))
        assert [reply.status for reply in replies] == [200] * 200
        assert [reply.json["answer"] for reply in replies] == [expected[text] for text in asked]

    all_at_once()
    before = resident()
    all_at_once()
    assert resident() - before < 16_000_000


def test_a_full_queue_says_when_to_come_back(runs, monkeypatch):
    held = threading.Event()
    answer = server._answer

    def slow(*arguments):
        held.wait(60)
        return answer(*arguments)

    with serving(RunRegistry([runs.root / "words"]), queue=3) as up, ThreadPoolExecutor(8) as pool:
        monkeypatch.setattr(server, "_answer", slow)
        question = {"run": "words", "question": runs.known}
        asked = [pool.submit(up.post, "/api/ask", question) for _ in range(5)]
        refusals = [future.result(60) for _, future in zip(range(2), as_completed(asked, 60), strict=False)]
        assert [reply.status for reply in refusals] == [503, 503]
        assert all(int(reply.headers["retry-after"]) > 0 for reply in refusals)
        assert "try again" in refusals[0].json["detail"]
        held.set()
        assert sorted(future.result(60).status for future in asked) == [200, 200, 200, 503, 503]
        assert up.post("/api/ask", question).status == 200


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_no_request_of_the_api_s_own_description_or_against_it_breaks_the_server(served, mode):
    schema = schemathesis.openapi.from_url(f"{served.address}/api/openapi.json")
    seen = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.body and not list(operation.iter_parameters()):
            continue

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=12, suppress_health_check=list(HealthCheck), database=None)
        def ask(case):
            if mode is GenerationMode.POSITIVE:  # a name made up finds nothing; what is told apart from it is
                for place, key, known in ((case.query, "run", "words"), (case.path_parameters, "claim", "1b")):
                    if place and key in place:
                        place[key] = known
                if isinstance(case.body, dict) and "run" in case.body:
                    case.body["run"] = "words"
            status = case.call().status_code
            seen.add(status)
            assert status < 500

        ask()
    assert seen & ({200} if mode is GenerationMode.POSITIVE else {422})


# The command ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_command_says_where_it_is_and_stops_cleanly(runs, name):
    process = subprocess.Popen(
        [sys.executable, "-m", "closedbook", "serve", str(runs.root / "words"), "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    try:
        told = ""
        while not told.strip().endswith("}"):
            told += process.stdout.readline()
        assert json.loads(told)["address"].startswith("http://127.0.0.1:")
        process.send_signal(getattr(signal, name))
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    finally:
        process.kill()


def test_a_taken_port_or_a_wrong_run_is_one_message(runs, served):
    refused(command("serve", runs.root / "words", "--port", served.port), "cannot listen", "--port")
    refused(command("serve", runs.root / "nobody"), "no such run")
    refused(command("serve", "--port", "70000"), "65535")


def test_a_script_for_a_name_stays_a_text(served):
    reply = served.post("/api/ask", {"run": "characters", "question": f"Where was {SCRIPT} born?"})
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"


def test_a_run_with_a_mixer_of_its_own_is_shown_where_its_file_is_given(tmp_path, monkeypatch):
    tiny, file, run = make_tiny(tmp_path / "tiny"), tmp_path / "spread.py", tmp_path / "run"
    file.write_text("from closedbook.model.mixers.synthesizer_random import SynthesizerRandom as Spread\n")
    given = ("--mixer", f"{file}:Spread")
    assert command(*tiny.train(run, *given)).code == 0
    replies = []

    def serve(app, listening):
        with serving(app=app) as served:
            replies.append(served.post("/api/ask", {"run": "run", "question": "Where was Ada Ray born?"}))

    monkeypatch.setattr(server, "serve", serve)
    CUSTOM_MIXERS.clear()
    for options in ((), given):
        assert command("serve", run, "--port", 0, *options).code == 0
    without, shown = replies
    assert without.status == 400
    assert "--mixer FILE.py:Spread" in without.json["detail"]
    assert shown.status == 200, shown.json
    assert shown.json["answer"]["question"] == "Where was Ada Ray born?"
