"""A report is one file that holds everything, fetches nothing, and says what was measured."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import BREAKER, SCRIPT
from markupsafe import Markup
from shell import closedbook as command
from shell import refused

import closedbook
from closedbook.config.loading import load_recipe
from closedbook.evaluation.binning import EXPOSURES, FREQUENCIES, binned
from closedbook.evaluation.metrics import mcnemar
from closedbook.formatting import points
from closedbook.reporting import figures, html_report, source_report
from closedbook.reporting.filters import number, typeset
from closedbook.runs.folder import RunFolder
from closedbook.verdicts.calibration import invent

ANSWERED = r"class=\"(holds|fails)\"|<b>[\d.]+\s%</b>|closedbook (train|report)|invented names|are wrong|is right on"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def drawn(claims):
    """The claims of the session, so that no report checks and draws them again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html_report, "claim_figures", lambda progress: claims)
        yield


@pytest.fixture(scope="module")
def written(runs, drawn, tmp_path_factory):
    """A report of both tiny runs, with the claims."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    done = command("report", runs.root / "words", runs.root / "characters", "--output", path, "--json")
    assert (done.code, done.json) == (0, {"report": str(path)}), done.err
    return path


@pytest.fixture(scope="module")
def plain(runs):
    """A report of one run, without the claims."""
    return html_report.run_report([runs.root / "words"], claims=False)


@pytest.fixture
def undrawn(monkeypatch):
    """Charts by their titles alone, for reports of which only the words are looked at."""
    monkeypatch.setattr(figures, "inline_svg", lambda title, *_: f"<svg><title>{title}</title></svg>")


def words_of(html: str) -> str:
    """What a reader sees, roughly: the text without markup."""
    text = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script)>.*?</\1>", " ", html, flags=re.DOTALL)))
    return text.replace("\N{NO-BREAK SPACE}", " ")


# The file ------------------------------------------------------------------------------------------------------


def assert_whole(html: str) -> None:
    """One file, which names no other and lets no script run but its own."""
    assert len(html.encode()) < 5_000_000
    outside = html.replace("http://www.w3.org/", "")
    assert not re.search(r"(src|href|srcset)=[\"'](?!#|data:)", outside)
    assert not re.search(r"url\((?!#)|@import", outside)
    assert len(re.findall("<script", html)) == 1
    assert "default-src 'none'" in html
    assert "'unsafe-eval'" not in html


def test_a_report_is_whole_and_holds_every_part(written, runs, claims):
    html = written.read_text(encoding="utf-8")
    assert_whole(html)
    for part in ("run", "training", "right", "sure", "made", "inside", "questions", "claims"):
        assert f'<section id="{part}">' in html
    evaluation = json.loads((runs.root / "words" / "evaluation.json").read_text())
    rows = re.findall(r'<tr data-right="(\d)"', html)
    assert len(rows) == evaluation["total"] == 13
    assert rows.count("1") == evaluation["correct"]
    assert f"{100 * evaluation['accuracy']:.1f}\N{NO-BREAK SPACE}%" in html  # no line parts the two
    text = words_of(html)
    for answer in evaluation["answers"]:
        assert answer["question"] in text
    assert len(claims) == 10
    for item in claims:
        assert f'id="claim-{item["claim"].id}"' in html
    assert len(re.findall(r"<svg |<picture>", html)) >= 10


def test_what_was_run_can_be_typed_again(written, runs):
    text = words_of(written.read_text(encoding="utf-8"))
    record = json.loads((runs.root / "words" / "run.json").read_text())
    command = text[text.index("closedbook train") :].splitlines()[0]
    assert command.startswith(
        f"closedbook train {runs.root / 'words' / 'recipe.toml'} --documents {runs.tiny.documents}"
    )
    assert "--run" not in command  # the same folder would be refused
    assert record["documents"]["sha256"][:16] in text
    assert record["versions"]["torch"] in text
    assert 'kind = "words"' in text  # the whole recipe


def test_a_script_for_a_name_stays_a_text(written, page):
    html = written.read_text(encoding="utf-8")
    assert SCRIPT not in html
    assert BREAKER not in html
    assert SCRIPT in words_of(html)
    page.goto(written.as_uri())
    assert page.title() == "words: the report"
    assert page.locator("td", has_text=SCRIPT).first.is_visible()


def test_the_table_sorts_and_is_searched_from_disk(written, page, runs):
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(written.as_uri())
    rows = page.locator("table[data-sortable] tbody tr")
    chances = lambda: [float(cell.get_attribute("data-value")) for cell in rows.locator("td:nth-child(6)").all()]  # noqa: E731
    before = chances()
    page.get_by_role("button", name="probability").click()
    assert chances() == sorted(before) != before
    page.get_by_role("button", name="probability").click()
    assert chances() == sorted(before, reverse=True)
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("probability")
    name = runs.tiny.dev.read_text(encoding="utf-8").split("\t")[0].split()[2]
    page.get_by_label("Find").fill(name.upper())
    shown = [row.inner_text() for row in rows.all() if row.is_visible()]
    assert shown
    assert all(name in text for text in shown)
    assert page.locator("#count").inner_text() == f"{len(shown)} of 13"
    assert [url for url in fetched if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 360)])
def test_nothing_serious_stands_in_anybody_s_way(written, browser, scheme, width):
    assert_usable(written, browser, scheme, width)


def assert_usable(file: Path, browser: Any, scheme: str, width: int) -> None:
    """axe finds nothing serious in a file, and it is no wider than the screen."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(file.as_uri())
    found = Axe().run(page)
    bad = [(v["id"], v["nodes"][0]["html"][:160]) for v in found.response["violations"]
           if v["impact"] in ("serious", "critical")]  # fmt: skip
    assert bad == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_a_run_of_the_course_s_data_has_all_its_people_in_the_report(cs224n, claims, monkeypatch, tmp_path):
    monkeypatch.setattr(html_report, "claim_figures", lambda progress: claims)
    monkeypatch.setattr("closedbook.training.plan.TIMED", 64)
    recipe = load_recipe("fast", ["stages.learn.steps=2", "stages.learn.group=2"])
    closedbook.train(
        recipe, cs224n / "wiki.txt", cs224n / "birth_places_train.tsv", dev=cs224n / "birth_dev.tsv",
        run=tmp_path / "run", threads=1,
    )  # fmt: skip
    html = html_report.run_report([tmp_path / "run"])
    assert_whole(html)
    text = words_of(html)
    lines = (cs224n / "birth_dev.tsv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 500
    for line in lines:
        assert line.split("\t")[0] in text
    assert len(re.findall(r"<svg |<picture>", html)) >= 10
    assert "published: a vote of 33 public models" in text
    assert "ceiling" in text
    assert "93.4 %" in text  # the reader that learns, on the same questions: found again


# What is in it -------------------------------------------------------------------------------------------------


def test_a_run_without_answers_or_documents_leaves_their_places_out(runs, tmp_path, drawn, undrawn):
    import shutil

    bare = tmp_path / "bare"
    shutil.copytree(runs.root / "words", bare)
    (bare / "evaluation.json").unlink()
    record = RunFolder.open(bare).record()
    record["documents"]["path"] = record["questions"]["path"] = str(tmp_path / "gone")
    RunFolder(bare).write_json("run.json", record)
    html = html_report.run_report([bare], claims=False)
    assert_whole(html)
    assert "Not evaluated yet" in html
    for part in ("right", "sure", "questions", "claims"):
        assert f'<section id="{part}">' not in html
    with_questions = html_report.run_report([bare], questions=runs.tiny.dev, claims=False)
    assert with_questions.count('<tr data-right="') == 13
    assert "These questions were not trained on" in with_questions
    assert "These are training questions" in html_report.run_report([bare], questions=runs.tiny.questions, claims=False)


def test_verdicts_evidence_and_exposures_are_shown_where_there_are_any(runs, tmp_path):
    import shutil

    judged = tmp_path / "judged"
    shutil.copytree(runs.root / "words", judged)
    evaluation = json.loads((judged / "evaluation.json").read_text())
    for i, answer in enumerate(evaluation["answers"]):
        quote = {"title": "x", "line": 1, "sentence": f"sentence {i} {SCRIPT}", "start": None, "stop": None}
        answer |= {"verdict": "remembered" if i % 2 else "made up", "why": "", "exposures": 7 * i, "calibrated": True,
                   "evidence": {"documents": [quote], "exposures": 7 * i}}  # fmt: skip
    RunFolder.open(judged).write_json("evaluation.json", evaluation)
    html = html_report.run_report([judged], claims=False)
    assert SCRIPT not in html
    text = words_of(html)
    assert "sentence 12" in text
    assert "By exposures" in text
    assert "By verdict" in text
    assert re.search(r"probability is calibrated", text)


def test_two_runs_are_compared_on_the_same_questions(runs, drawn, undrawn):
    html = html_report.run_report([runs.root / "words", runs.root / "characters"], claims=False)
    saved = [json.loads((runs.root / name / "evaluation.json").read_text()) for name in ("words", "characters")]
    only = sum(a["right"] and not b["right"] for a, b in zip(*(one["answers"] for one in saved), strict=True))
    text = " ".join(words_of(html).split())
    assert f"{only} are answered rightly by words alone" in text
    assert "McNemar's exact test" in text
    differ = sum(a["right"] != b["right"] for a, b in zip(*(one["answers"] for one in saved), strict=True))
    assert html.count(" data-differ") == differ > 0
    for one, other in zip(*(one["answers"] for one in saved), strict=True):
        if one["right"] != other["right"]:  # in the list of what one alone gets right, and in the table
            assert text.count(one["question"]) >= 2


def test_results_come_first_and_the_table_last(written):
    html = written.read_text(encoding="utf-8")
    parts = re.findall(r'<section id="(\w+)">', html)
    assert parts == ["right", "sure", "made", "inside", "training", "run", "claims", "questions"]


def test_a_long_table_is_read_page_by_page(runs, tmp_path, page):
    import shutil

    many = tmp_path / "many"
    shutil.copytree(runs.root / "words", many)
    evaluation = json.loads((many / "evaluation.json").read_text())
    evaluation["answers"] = [{**answer, "question": f"{answer['question']} {i}"} for i in range(9)
                             for answer in evaluation["answers"]]  # fmt: skip
    RunFolder.open(many).write_json("evaluation.json", evaluation)
    path = tmp_path / "many.html"
    path.write_text(html_report.run_report([many], claims=False), encoding="utf-8")
    page.goto(path.as_uri())
    shown = page.locator("table[data-sortable] tbody tr:visible")
    assert shown.count() == 50
    page.get_by_role("button", name="Later").click()
    page.get_by_role("button", name="Later").click()
    assert shown.count() == 117 - 100
    assert page.locator("#page").inner_text() == "101 to 117"
    assert page.get_by_role("button", name="Later").is_disabled()
    page.get_by_label("Find").fill(evaluation["answers"][0]["question"])  # also part of a longer row's text
    assert 1 <= shown.count() < 50
    assert page.locator("#page").is_hidden()


def test_the_cause_is_said_to_be_the_course_s_on_other_data(plain):
    text = words_of(plain)
    assert "measured on the course's data, not on this run's" in text
    assert "closedbook study ablation" in text


def test_the_source_page_has_every_row_and_our_answer_beside_it(runs, drawn, browser, tmp_path):
    path = tmp_path / "source.html"
    done = command("report", "--source", runs.root / "words", "--output", path)
    assert done.code == 0, done.err
    html = path.read_text(encoding="utf-8")
    assert_whole(html)
    ids = ["1a", "1b", "1c.i", "1c.ii", "1d.i", "1d.ii", "1e.i", "1e.ii", "2d", "2f", "2g.i", "2g.ii", "3a", "3b", "3c"]
    assert re.findall(r'id="row-([^"]+)"', html) == ids == [row.id for row in source_report.rows()]
    text = words_of(html)
    for share in ("1.4 %", "23.0 %", "14.4 %", "40.4 %", "44.8 %", "85.8 %"):
        assert share in text
    for row in source_report.rows():  # a statement without an answer says how to get one
        article = html.split(f'id="row-{row.id}"')[1].split("</article>")[0]
        assert re.search(ANSWERED, article), row.id
    assert_usable(path, browser, "dark", 360)


def test_what_pages_taken_out_showed_is_told_once_it_is_stored(runs, plain, monkeypatch, tmp_path):
    from closedbook.reporting import accuracy_section

    stored = accuracy_section.read_measured()
    assert ("The document is worth" in words_of(plain)) == (stored["taken_out"] is not None)
    taken = {"models": 8, "people": 321, "accuracy_in": 0.71, "accuracy_out": 0.062, "effect": 0.65,
             "interval": [0.6, 0.7], "file": "verdict.json"}  # fmt: skip
    (tmp_path / "measured.json").write_text(json.dumps({**stored, "taken_out": taken}))
    monkeypatch.setattr(accuracy_section, "MEASURED", tmp_path / "measured.json")
    text = words_of(html_report.run_report([runs.root / "words"], claims=False))
    assert "The document is worth" in text
    assert "71.0 % and those without it on 6.2 % of the same 321 people" in text


def test_packed_figures_are_those_of_the_results():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "measured.py", "--check"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_mistakes_are_one_message(runs, tmp_path):
    refused(command("report"), "--source")
    refused(command("report", tmp_path / "nobody"), "no such run")
    refused(command("report", runs.root / "words", "--output", tmp_path / "no" / "x.html"), "there is no folder")


# The arithmetic ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), [(0, 0), (3, 9), (30, 18), (0, 12)])
def test_mcnemar_is_the_exact_binomial_test(one, other):
    from scipy.stats import binomtest

    expected = binomtest(one, one + other, 0.5).pvalue if one + other else 1.0
    assert mcnemar(one, other) == pytest.approx(expected)


def test_strangers_are_in_no_document(runs):
    from closedbook.data.documents import read_documents

    documents = read_documents(runs.tiny.documents)
    names = invent(documents.titles, 40, 0)
    assert len(set(names)) == len(names) == 40
    assert not set(names) & set(documents.titles)
    assert names == invent(documents.titles, 40, 0)
    assert invent([], 1, 0) == []


def test_powers_and_subscripts_are_typeset_whatever_stands_in_them():
    assert typeset("e^(t_h(1−2z√α))") == "e<sup>t<sub>h</sub>(1−2z√α)</sup>"
    assert typeset("e^Δ + 10^-8.4.") == "e<sup>Δ</sup> + 10<sup>−8.4</sup>."
    assert typeset("F_σ(p)(p), held_out") == "F<sub>σ(p)</sub>(p), held_out"
    assert typeset("t ≪ 1.6e+04, 1e-09, 1.2e+00") == "t ≪ 1.6·10<sup>4</sup>, 10<sup>−9</sup>, 1.2"


def test_the_smoothed_curve_ends_among_the_last_points_and_not_at_the_last():
    line = [(float(i), 1.0 + 0.5 * (-1) ** i) for i in range(800)]
    assert abs(figures.smooth(line)[-1][1] - 1.0) < 0.2


def test_smoothing_keeps_a_line_and_thinning_keeps_the_mean():
    line = [(float(i), 2.0 * i) for i in range(500)]
    assert np.allclose(figures.smooth(line), line)
    thin = figures.thin(line, 50)
    assert len(thin) == 50
    assert sum(y for _, y in thin) / 50 == pytest.approx(sum(y for _, y in line) / 500)


def test_charts_escape_what_is_written_in_them_and_say_what_they_show():
    rows = [("<i>", 0.5, None, 0), ("$x$", 0.25, (0.2, 0.3), 1)]
    made = [
        figures.ladder("<b>", rows),
        figures.looks("<b>", ["<i>", "▸"], [("<u>", [0.2, 0.8], 0.1, "<s>")]),
        figures.shares("<b>", [("<i>", 1, 4, (0.1, 0.7))], x_label="&"),
        figures.lines("<b>", [([(0, 2.0), (9, 1.0)], 0, "")], x="<i>", y="&"),
    ]
    for svg in made:
        assert isinstance(svg, Markup)
        assert not re.search(r"<[bius]>", svg)
        assert not re.search(r"#[0-9a-f]{6}\b|DejaVu", svg)  # the page's colours and letters
        ElementTree.fromstring(f"<x xmlns:xlink='http://www.w3.org/1999/xlink'>{svg}</x>")
        assert "<title>&lt;b&gt;</title><desc>" in svg
    assert ">$x$</text>" in made[0]  # text, not mathematics
    assert "$x$: 25.0 %; &lt;i&gt;: 50.0 %" in made[0]
    assert made[0] == figures.ladder("<b>", rows)
    ids = re.findall(r' id="([^"]+)"', "".join(made))
    assert len(ids) == len(set(ids))


def test_groups_are_the_same_in_a_report_and_in_evaluate_s_json():
    accuracy_section, counts = [True, False, True, True], [0, 7, 299, 300]
    assert list(binned(accuracy_section, counts, EXPOSURES)) == ["0", "1–9", "100–299", "300+"]
    assert [one["correct"] for one in binned(accuracy_section, [0, 4, 19, 20], FREQUENCIES).values()] == [1, 0, 1, 1]


def test_numbers_and_formulas_are_set():
    assert str(number(5.05e-9)) == "5.05·10<sup>−9</sup>"
    assert number(0.01234) == "0.0123"
    assert number(math.pi) == "3.14"
    assert (points(0.123), points(-0.123)) == ("+12.3", "−12.3")
    assert str(typeset("α_a < e^(β²)")) == "α<sub>a</sub> &lt; e<sup>β²</sup>"
