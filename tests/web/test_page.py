"""The page in a real Chromium: it answers, survives what is typed into it, moves, and is usable by everybody."""

from __future__ import annotations

import math
import re
from urllib.parse import quote

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from conftest import SCRIPT
from playwright.sync_api import expect

import closedbook
from closedbook.attention import CLAIMS
from closedbook.attention.bounds import NORMAL, leak
from closedbook.attention.claim import load
from closedbook.attention.claims.noise import Draws
from closedbook.attention.claims.two_heads import lost, miss_chance
from closedbook.attention.heads import log_weights
from closedbook.attention.recall import affine_ceiling
from closedbook.runs.folder import RunFolder
from closedbook.web.run_registry import RunRegistry

PLACES = (
    "#/ask?run=words&q=Nobody+Atall", f"#/ask?run=words&q={quote(SCRIPT)}", f"#/ask?run=characters&q={quote(SCRIPT)}",
    "#/attention/1b", "#/attention/1d.ii", "#/attention/1e.ii", "#/runs",
)  # fmt: skip


WATCH_SHIFTS = """() => {
  window.moved = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.moved += entry.value)))
    .observe({ type: "layout-shift" });
}"""


def ask(page, served, question, run="words"):
    page.goto(f"{served.address}/#/ask?run={run}")
    box = page.get_by_role("combobox", name="Name or question")
    box.fill(question)
    box.press("Enter")
    page.locator(".card .answer, .card .problem").first.wait_for()
    return page.locator(".card")


# Ask -----------------------------------------------------------------------------------------------------------


def test_a_known_person_is_answered_with_what_lies_behind_it(page, served, runs):
    card = ask(page, served, runs.known)
    inside = closedbook.load(runs.root / "words").attribute(runs.known)
    assert card.locator(".answer").inner_text() == inside.answer
    names = card.locator(".bars").first.locator(".name").all_inner_texts()
    assert names == [choice.text.strip() for choice in inside.said[0].choices]
    assert card.locator(".effects .value").count() == len(inside.effects)
    assert card.locator("canvas").count() == 2 * 2  # layers and heads
    shares = card.locator(".ribbon small").all_inner_texts()
    pressed = card.locator(".heads [aria-pressed=true]").get_attribute("data-head")
    layer, head = map(int, pressed.split(","))
    row = inside.weights[layer][head][inside.prompt - 1].tolist()
    assert [text.strip() for text in shares[: len(row)]] == [
        f"{100 * w:.0f}" if round(w, 4) >= 0.01 else "" for w in row
    ]


def test_choosing_another_head_shows_where_it_looked(page, served, runs):
    card = ask(page, served, runs.known)
    before = card.locator(".ribbon small").all_inner_texts()
    for button in card.locator(".heads button").all():
        button.click()
        assert card.locator(".effects [aria-pressed=true]").count() == 1
    assert card.locator(".ribbon small").all_inner_texts() != before


def test_an_answer_of_letters_is_told_token_by_token(page, served, runs):
    card = ask(page, served, runs.known, "characters")
    inside = closedbook.load(runs.root / "characters").attribute(runs.known)
    buttons = card.locator(".saidtokens button")
    assert buttons.count() == len(inside.said) > 1
    buttons.nth(1).click()
    assert card.locator(".bars").first.locator(".value").count() == len(inside.said[1].choices)


def test_a_guess_about_a_stranger_is_not_printed_as_an_answer(page, served, runs):
    size = "(node) => parseFloat(getComputedStyle(node).fontSize)"
    answer = ask(page, served, runs.known).locator(".answer").evaluate(size)
    card = ask(page, served, "Where was Nobody Atall born?")
    assert "never met" in card.locator(".sure").inner_text()
    assert "%" not in card.locator(".sure").inner_text()
    assert card.locator(".answer").inner_text().startswith("its guess:")
    assert card.locator(".answer").evaluate(size) < 0.7 * answer


def test_a_stranger_is_asked_about_by_the_chip(page, served):
    page.goto(f"{served.address}/#/ask?run=words")
    chip = page.locator(".chip", has_text="invented")
    question = chip.evaluate("(node) => node.firstChild.textContent")
    chip.click()
    page.locator(".card .answer").wait_for()
    assert page.locator(".card .asked").inner_text() == question


def test_ten_thousand_characters_are_answered_and_the_loss_is_said(page, served):
    card = ask(page, served, ("person " * 1429)[:10_000])
    assert card.locator(".answer").count() == 1
    assert "dropped" in card.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_script_for_a_name_is_shown_and_not_run(page, served):
    for run in ("words", "characters"):
        card = ask(page, served, SCRIPT, run)
        assert SCRIPT in card.locator(".asked").inner_text()
        assert "broken" not in page.title()
        assert page.locator("main script").count() == 0


def test_of_a_bare_name_the_other_kinds_of_question_are_offered(page, served, runs):
    name = runs.known.removeprefix("Where was ").removesuffix(" born?")
    card = ask(page, served, name)
    assert card.locator(".asked").inner_text() == runs.known
    other = f"What was the profession of {name}?"
    card.get_by_role("button", name=other).click()
    page.locator(".asked", has_text=other).wait_for()
    assert page.get_by_role("combobox", name="Name or question").input_value() == other
    assert page.get_by_text("Or ask").count() == 0


def test_a_suggestion_is_taken_with_the_keyboard_alone(page, served, runs):
    title = closedbook.data.documents.read_documents(runs.tiny.documents).titles[0]
    page.goto(f"{served.address}/#/ask?run=words")
    box = page.get_by_role("combobox", name="Name or question")
    box.press_sequentially(title[:5])
    page.locator("#options li").first.wait_for()
    box.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == "option0"
    first = page.locator("#option0").inner_text()
    box.press("Enter")
    page.locator(".card .answer").wait_for()
    assert box.input_value() == first
    assert first in page.locator(".card .asked").inner_text()
    assert (
        first in page.locator("#said").inner_text()
        or page.locator(".card .answer").inner_text() in page.locator("#said").inner_text()
    )


def test_names_that_come_late_do_not_take_the_choice_away(page, served, runs):
    title = closedbook.data.documents.read_documents(runs.tiny.documents).titles[0]
    page.goto(f"{served.address}/#/ask?run=words")
    box = page.get_by_role("combobox", name="Name or question")
    page.locator(".chip").first.wait_for()
    box.press_sequentially(title[:2])
    page.locator("#options li").first.wait_for()
    held = []
    page.route("**/api/suggest?*", lambda route: held.append(route))
    box.press_sequentially(title[2])
    box.press("ArrowDown")
    first = page.locator("#option0").inner_text()
    with page.expect_response("**/api/suggest?*"):
        held[0].continue_()
    page.wait_for_timeout(200)
    box.press("Enter")
    page.locator(".card .answer").wait_for()
    assert box.input_value() == first


def test_what_is_half_typed_when_the_chips_arrive_is_not_asked(page, served):
    held = []
    page.route("**/api/people?*", lambda route: held.append(route))  # the chips come when the name is half typed
    page.goto(f"{served.address}/#/ask?run=words")
    box = page.get_by_role("combobox", name="Name or question")
    box.press_sequentially("Sa")
    held[0].continue_()
    page.locator(".chip").first.wait_for()
    page.wait_for_timeout(300)
    assert page.locator(".card").count() == 0
    assert box.input_value() == "Sa"


def test_two_runs_answer_side_by_side_and_the_address_brings_them_back(page, served, runs):
    ask(page, served, runs.known)
    page.get_by_label("Compare with").select_option("characters")
    page.locator(".answers.two .card").nth(1).wait_for()
    said = page.locator(".card .answer").all_inner_texts()
    page.goto("about:blank")
    page.go_back()
    page.locator(".answers.two .card").nth(1).wait_for()
    assert page.locator(".card .answer").all_inner_texts() == said
    assert page.locator(".runname").all_inner_texts() == ["words", "characters"]


def test_a_second_answer_moves_nothing_that_is_above_it(page, served, runs):
    ask(page, served, runs.known)
    page.evaluate(WATCH_SHIFTS)
    top = page.locator(".card").bounding_box()["y"]
    page.locator(".chip").first.click()
    expect(page.locator(".asked")).not_to_have_text(runs.known)
    page.wait_for_timeout(100)
    assert page.locator(".card").bounding_box()["y"] == top
    assert page.evaluate("moved") < 0.1


# Attention -----------------------------------------------------------------------------------------------------


def figures(page, call):
    """What claims.js computes."""
    return page.evaluate(f"import('/claims.js').then((claims) => {call})")


@pytest.mark.parametrize(("t", "n"), [(0.1, 3), (1, 2), (3, 6), (8.5, 32), (20, 6), (30, 6)])
def test_1b_in_the_page_is_1b_in_python(page, served, t, n):
    page.goto(f"{served.address}/#/runs")
    found = figures(page, f"claims.averaging({{t: {t}, n: {n}}})")
    verdict = load("1b").check({"t": t, "n": n, "d": max(8, n)})
    (part,) = verdict.measurement.parts
    assert found["closed"] == pytest.approx(part.closed_form, rel=1e-12)
    assert found["error"] == pytest.approx(part.closed_form, rel=1e-9, abs=1e-15)
    assert abs(found["error"] - part.figure) <= part.allowance
    assert found["weights"][0] == pytest.approx(verdict.measurement.details["α_a"], abs=1e-12)


def test_1a_1d_i_and_2g_ii_in_the_page_are_those_in_python(page, served):
    page.goto(f"{served.address}/#/runs")
    copied = figures(page, "claims.copying({gap: 3, n: 6})")
    (part, _) = load("1a").check({"gap": 3, "n": 6}).measurement.parts
    assert copied["error"] == pytest.approx(sum(copied["weights"][1:]), rel=1e-12)
    assert copied["error"] == pytest.approx(part.closed_form, rel=1e-12)
    two = figures(page, "claims.twoHeads({t1: 3, t2: 5, n: 6})")
    assert sum(two["errors"]) == pytest.approx(leak(3.0, 5) + leak(5.0, 5), rel=1e-12)
    assert 2 * sum(two["weights"][2:]) == pytest.approx(sum(two["errors"]) * 4 / 5, rel=1e-9)  # the fifth is a or b
    for n in (2, 8, 32):
        assert figures(page, f"claims.affineCeiling({n})") == pytest.approx(affine_ceiling(n), rel=1e-12)


@pytest.mark.parametrize(("claim", "vary", "spread"), [("1c.i", 0, 0.0), ("1c.ii-both", 2, 1.0)])
def test_the_law_of_the_scores_is_the_same_whichever_lengths_vary(page, served, claim, vary, spread):
    page.goto(f"{served.address}/#/runs")
    call = (
        f"claims.lengths({{t: 2, t1: 2, t2: 2, alpha: 0.02, n: 3, vary: {vary}}}, claims.normals(40000 * {vary + 6}))"
    )
    found = figures(page, f"(({{ ratio, deviation }}) => ({{ ratio: [...ratio], deviation }}))({call})")
    assert found["deviation"] == pytest.approx(2 * math.sqrt(spread + 0.08), rel=1e-12)
    assert torch.tensor(found["ratio"]).std() == pytest.approx(found["deviation"], rel=0.02)
    page.goto(f"{served.address}/#/attention/{claim}")
    expect(page.locator(".figures svg")).to_have_count(2)


@pytest.mark.parametrize("settings", [
    {"t": 20, "t1": 20, "t2": 20, "alpha": 1e-9, "n": 6},
    {"t": 2, "t1": 2, "t2": 3, "alpha": 0.02, "n": 3},
    {"t": 60, "t1": 200, "t2": 5, "alpha": 1e-4, "n": 12},
])  # fmt: skip
def test_1c_ii_and_1d_ii_in_the_page_are_those_in_python_on_the_same_draws(page, served, settings):
    """The same standard normals go into both: the page's draws, and keys built and attended to in torch."""
    page.goto(f"{served.address}/#/runs")
    n, draws = settings["n"], 400
    g = torch.Generator().manual_seed(3)
    normals = torch.randn(draws, 1 + 2 * n, generator=g, dtype=torch.float64)
    means = torch.eye(n, dtype=torch.float64)
    keys = means.expand(draws, n, n).clone()
    keys[:, 0] += normals[:, :1] * math.sqrt(0.5) * means[0]
    keys[:, :, :2] += math.sqrt(settings["alpha"]) * normals[:, 1:].unflatten(1, (n, 2))
    queries = torch.stack([settings["t1"] * means[0], settings["t2"] * means[1], settings["t"] * (means[0] + means[1])])
    seen = Draws(torch.stack([log_weights(keys, query) for query in queries]), means)
    weights = seen.log_weights.exp()
    one, two = weights[2], weights[:2].mean(0)
    page.evaluate("(values) => { window.given = values; }", normals.flatten().tolist())
    found = figures(page, f"(({{ ratio, ...rest }}) => ({{ ratio: [...ratio], ...rest }}))"
                    f"(claims.lengths({settings!r}, window.given))".replace("'", ""))  # fmt: skip
    assert found["ratio"] == pytest.approx(Draws(seen.log_weights[2:], means).log_ratio().tolist(), rel=1e-9, abs=1e-9)
    assert torch.allclose(torch.tensor(found["one"], dtype=torch.float64), one[:, :2], atol=1e-12)
    assert torch.allclose(torch.tensor(found["two"], dtype=torch.float64), two[:, :2], atol=1e-12)
    assert found["lostOne"] == float(lost(one).double().mean())
    assert found["lostTwo"] == float(lost(two).double().mean())
    deviation = settings["t"] * math.sqrt(0.5 + 4 * settings["alpha"])
    assert found["deviation"] == pytest.approx(deviation, rel=1e-12)
    assert found["swings"] == pytest.approx(2 * NORMAL.cdf(-math.log(9) / deviation), rel=1e-9)
    assert found["missChance"] == pytest.approx(miss_chance(n, float(settings["t1"]), settings["alpha"]), rel=1e-9)
    assert found["limit"] == pytest.approx(NORMAL.cdf(-math.sqrt(2)), rel=1e-12)


@pytest.mark.parametrize("beta", [0.1, 0.7, 1.5, 3, 4.5])
def test_1e_ii_in_the_page_is_1e_ii_in_python(page, served, beta):
    page.goto(f"{served.address}/#/runs")
    found = figures(page, f"claims.matrices({{beta: {beta}}})")
    verdict = load("1e.ii").check({"beta": beta})
    for error, closed, part in zip(found["errors"], found["closed"], verdict.measurement.parts, strict=True):
        assert closed == pytest.approx(part.closed_form, rel=1e-12)
        assert error == pytest.approx(part.closed_form, rel=1e-9)
        assert abs(error - part.figure) <= part.allowance
    details = verdict.measurement.details
    assert found["asked"]["weights"][1][0] == pytest.approx(details["α₂₁"], abs=1e-12)
    assert found["asked"]["weights"][0][2] == pytest.approx(details["α₁₃"], abs=1e-12)


def test_the_page_s_own_draws_are_standard_normal_and_its_normal_law_is_exact(page, served):
    from closedbook.attention.bounds import ks_distance, ks_p_value

    page.goto(f"{served.address}/#/runs")
    sample = torch.tensor(figures(page, "[...claims.normals(20001, 7)]"), dtype=torch.float64)
    assert ks_p_value(ks_distance(sample, 1.0), len(sample)) > 0.01
    points = [-30, -8, -5.01, -4.99, -1, 0, 0.3, 2, 6]
    found = figures(page, f"{points}.map(claims.normalBelow)")
    exact = torch.special.log_ndtr(torch.tensor(points, dtype=torch.float64)).exp().tolist()
    assert found == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize(("claim", "slider"), [("1b", "t"), ("1d.ii", "t1"), ("1e.ii", "beta")])
def test_a_slider_moves_the_figure_at_once_and_the_address_restores_it(page, served, claim, slider):
    page.goto(f"{served.address}/#/attention/{claim}")
    control = page.locator(f"#set-{slider}")
    control.wait_for()
    page.locator(".checked", has_text="it holds").wait_for()
    page.route("**/api/claims/**", lambda route: None)  # never answered: the server has no part in what follows
    before = page.locator(".formulas").inner_text(), page.locator(".figures").first.inner_html()
    control.evaluate("(node) => { node.value = 300; node.dispatchEvent(new Event('input')); }")
    after = page.locator(".formulas").inner_text(), page.locator(".figures").first.inner_html()
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert f"{slider}=" in page.url
    address, shown = page.url, page.locator(f"output[for=set-{slider}]").inner_text()
    page.goto("about:blank")
    page.unroute("**/api/claims/**")
    page.goto(address)
    page.locator(f"#set-{slider}").wait_for()
    assert page.locator(f"output[for=set-{slider}]").inner_text() == shown
    assert page.locator(".formulas").inner_text() == after[0]


def test_the_other_claims_are_checked_by_the_server(page, served):
    page.goto(f"{served.address}/#/attention/1a?gap=0.5")
    page.locator(".checked", has_text="it fails").wait_for()
    verdict = load("1a").check({"gap": 0.5})
    text = page.locator(".checked").inner_text()
    for part in verdict.measurement.parts:
        assert f"{part.figure:.3g}" in text
    page.get_by_role("link", name=re.compile("^1e.i ")).click()
    page.locator(".checked", has_text="it holds").wait_for()
    assert page.url.endswith("#/attention/1e.i")


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_shows_no_raw_mathematics_and_cuts_no_formula_and_its_check_has_a_legend(page, served, claim):
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto(f"{served.address}/#/attention/{claim}")
    page.locator(".checked", has_text="it holds").wait_for(timeout=60_000)
    page.locator("details").evaluate_all("(nodes) => nodes.forEach((node) => { node.open = true; })")
    assert not re.search(r"\^|`|\w_\w|\de[-+]\d", page.locator(".claim").inner_text())
    for box in page.locator(".formulas:visible, .display").all():
        assert box.evaluate("(node) => node.scrollWidth <= node.clientWidth"), box.inner_text()
    assert page.locator(".formulas").is_visible() == (page.locator(".formulas math").count() > 0)
    assert page.locator(".legend i").count() == 3


# Runs, and everybody -------------------------------------------------------------------------------------------


def test_two_runs_beside_each_other_show_what_only_one_gets_right(page, served):
    page.goto(f"{served.address}/#/runs?show=words,characters")
    page.get_by_role("heading", name="words beside characters").wait_for()
    page.get_by_text("Which words alone gets right").click()
    assert page.locator(".part tbody tr").count() > 0


def test_a_running_training_moves(page, runs, tmp_path):
    from serving import serving

    source = runs.root / "words"
    run = tmp_path / "running"
    run.mkdir()
    for name in ("recipe.toml", "vocabulary.json"):
        (run / name).write_bytes((source / name).read_bytes())
    RunFolder(run).write_json("run.json", RunFolder(source).record() | {"status": "training", "files": {}})
    lines = (source / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(lines[:20]))
    with serving(RunRegistry((), tmp_path)) as up:
        page.goto(f"{up.address}/#/runs")
        page.locator(".live").wait_for()
        before = page.locator(".readout").inner_text()
        with open(run / "metrics.jsonl", "a") as file:
            file.writelines(lines[20:60])
        expect(page.locator(".readout")).not_to_have_text(before)
        assert f"step {len(lines[:60])}" in page.locator(".readout").inner_text()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_nothing_serious_stands_in_anybody_s_way(browser, served, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    for place in PLACES:
        page.goto("about:blank")
        page.goto(served.address + "/" + place)
        page.locator(".card .answer, .checked .facts, .curves svg").first.wait_for()
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
        bad = [(v["id"], v["nodes"][0]["html"][:160]) for v in found.response["violations"]
               if v["impact"] in ("serious", "critical")]  # fmt: skip
        assert bad == [], place
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{place} is wider than the screen"
    context.close()


def test_the_link_to_the_content_stays_where_the_reader_is(page, served):
    page.goto(f"{served.address}/#/runs")
    page.locator(".curves svg").wait_for()
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert page.locator("h1").inner_text() == "Runs"
    assert page.locator("header nav a[aria-current=page]").inner_text() == "Runs"
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_server_that_comes_back_is_seen(browser, served):
    page = browser.new_page()
    page.goto(f"{served.address}/#/runs")
    page.locator(".curves svg").wait_for()
    page.route("**/api/runs", lambda route: route.abort())
    page.locator(".problem").wait_for()
    page.unroute("**/api/runs")
    page.locator(".curves svg").wait_for()
    page.close()


def test_the_token_in_the_address_opens_a_guarded_server_and_is_hidden(browser, runs):
    from serving import serving

    context = browser.new_context()
    page = context.new_page()
    with serving(RunRegistry([runs.root / "words"]), host="0.0.0.0", token="s3cret") as up:
        page.goto(f"{up.address}/")
        page.locator(".problem").wait_for()
        assert "token" in page.locator(".problem").inner_text()
        page.goto("about:blank")
        page.goto(f"{up.address}/#token=s3cret")
        page.locator(".chip").first.wait_for()
        assert "s3cret" not in page.url
    context.close()
