"""The page teaches a run a paragraph and takes it out again; on other addresses it does neither."""

from __future__ import annotations

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from serving import serving

from closedbook.web.run_registry import RunRegistry

TEXT = "Ada Quill. Ada Quill was born in\nTromsø."


@pytest.fixture
def registry(runs, tmp_path):
    shutil.copytree(runs.root / "words", tmp_path / "words")
    return RunRegistry([tmp_path / "words"])


def test_a_paragraph_is_learned_and_forgotten(registry):
    with serving(registry) as served:
        assert served.get("/api/runs").json["teachable"]
        assert served.get("/api/runs").json["runs"][0]["learns"]
        learned = served.post("/api/learn", {"run": "words", "text": TEXT}).json
        assert learned["title"] == "Ada Quill"
        assert "Ada Quill" in learned["question"]
        assert not learned["known"]
        question = {"run": "words", "question": "Where was Ada Quill born?"}
        assert served.post("/api/ask", question).json["answer"]["answer"] == "Tromsø"
        inside = served.post("/api/inside", question).json
        assert inside["answer"] == inside["said"][0]["choices"][0]["text"] == "Tromsø"
        assert served.post("/api/learn", {"run": "words", "text": TEXT}).json["known"]
        assert served.post("/api/forget", {"run": "words", "title": "Ada Quill"}).status == 200
        assert served.post("/api/ask", question).json["answer"]["verdict"] == "never met"
        assert served.post("/api/forget", {"run": "words", "title": "Ada Quill"}).status == 400


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/api/learn", {"run": "words", "text": "x" * 10_001}),
        ("/api/learn", {"run": "words", "text": ""}),
        ("/api/forget", {"run": "words", "title": "x" * 301}),
    ],
)
def test_what_is_sent_is_bounded(registry, path, data):
    with serving(registry) as served:
        assert served.post(path, data).status == 422


def test_another_process_s_learning_is_seen(registry, tmp_path):
    import closedbook

    with serving(registry) as served:
        question = {"run": "words", "question": "Where was Ada Quill born?"}
        assert served.post("/api/ask", question).json["answer"]["verdict"] == "never met"
        path = tmp_path / "new.txt"
        path.write_text(TEXT.replace("\n", " "), encoding="utf-8")
        closedbook.load(tmp_path / "words").learn(path)
        assert served.post("/api/ask", question).json["answer"]["answer"] == "Tromsø"


def test_on_another_address_nobody_teaches(registry):
    with serving(registry, host="0.0.0.0", token="s3cret") as served:
        token = {"Authorization": "Bearer s3cret"}
        assert not served.get("/api/runs", **token).json["teachable"]
        reply = served.post("/api/learn", {"run": "words", "text": TEXT}, **token)
        assert reply.status == 403
        assert "closedbook learn" in reply.json["detail"]


def test_in_the_page_it_is_remembered_and_then_never_met(registry, page):
    with serving(registry) as served:
        page.goto(f"{served.address}/#/ask?run=words")
        page.get_by_text("Teach it something").click()
        page.get_by_label("A title, a full stop").fill(TEXT)
        page.get_by_role("button", name="Learn", exact=True).click()
        expect(page.locator(".card .answer")).to_have_text("Tromsø")
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
        assert not [violation["id"] for violation in found.response["violations"]]
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_role("button", name="Forget Ada Quill").click()
        expect(page.locator(".card .verdict")).to_have_text("never met")
