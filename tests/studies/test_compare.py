"""Mechanisms side by side: equal steps, paired seeds, cells that are kept."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shell import Tiny, closedbook, make_tiny, refused

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.evaluation.score import wilson
from closedbook.runs.folder import RunFolder
from closedbook.runs.store import file_lock
from closedbook.studies import comparison
from closedbook.studies.comparison import Comparison, resolve
from closedbook.studies.comparison_summary import difference
from closedbook.training.events import Message, Step
from closedbook.training.setup import prepare_training


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("compare"))


def arguments(tiny: Tiny, folder: str, *names: str, seeds: int = 1, budget: str = "0.005") -> list[str]:
    return [
        "compare", *names, *tiny.inputs, "--base", f"{tiny.recipe}", "--budget", budget, "--seeds", f"{seeds}",
        "--folder", f"{tiny.folder / folder}", "--json",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def record(tiny: Tiny) -> Any:
    done = closedbook(*arguments(tiny, "kept", "softmax", "synthesizer-dense", "rotary"))
    assert done.code == 0, done.err
    return done.json


def test_every_cell_trains_equally_long_on_the_same_questions(tiny: Tiny, record: Any):
    cells = record["cells"].values()
    assert [cell["name"] for cell in cells] == ["softmax", "synthesizer-dense", "rotary"]
    assert len({json.dumps(cell["steps"]) for cell in cells}) == 1
    assert record["budget"]["steps"] == {"base": next(iter(cells))["steps"]}
    splits = [RunFolder.open(tiny.folder / "kept" / "runs" / f"{cell['name']}-0").record()["split"] for cell in cells]
    assert splits[0] == splits[1] == splits[2]
    assert not set(splits[0]["choose"]) & set(splits[0]["train"])
    assert all(len(cell["right"]) == len(splits[0]["choose"]) > 0 for cell in cells)


def test_the_table_says_what_the_cells_hold(tiny: Tiny, record: Any):
    folder = tiny.folder / "kept"
    page = (folder / "comparison.md").read_text(encoding="utf-8")
    for row in record["summary"]["rows"]:
        cell = record["cells"][f"{row['name']} 0"]
        right, total = sum(cell["right"]), len(cell["right"])
        assert row["accuracy"] == right / total
        assert row["interval"] == list(wilson(right, total))
        assert f"| {row['name']} | {100 * right / total:.1f} % |" in page
        assert f"{cell['parameters']['dense']:,}" in page
    assert (folder / "comparison.svg").read_bytes().count(b"<svg") == 1
    assert (
        b"synthesizer-dense" in (folder / "comparison.svg").read_bytes()
        or b"<use" in (folder / "comparison.svg").read_bytes()
    )


def test_finished_cells_are_kept_and_names_and_seeds_may_be_added(
    tiny: Tiny, record: Any, monkeypatch: pytest.MonkeyPatch
):
    trained, train = [], pipeline.train

    def counted(recipe: Any, *arguments: Any, **options: Any) -> Any:
        trained.append((recipe.name, recipe.seed, [stage.steps for stage in recipe.stages]))
        return train(recipe, *arguments, **options)

    monkeypatch.setattr(pipeline, "train", counted)
    monkeypatch.setattr(comparison.Comparison, "_steps", lambda *_: pytest.fail("the budget is settled once"))
    done = closedbook(*arguments(tiny, "kept", "softmax", "none", seeds=2))
    assert done.code == 0, done.err
    steps = list(record["budget"]["steps"]["base"].values())
    assert trained == [("none", 0, steps), ("softmax", 1, steps), ("none", 1, steps)]
    assert {key: done.json["cells"][key] for key in record["cells"]} == record["cells"]
    rows = {row["name"]: row for row in done.json["summary"]["rows"]}
    assert rows["none"]["difference"]["by_seed"] == [
        rows["none"]["by_seed"][seed] - rows["softmax"]["by_seed"][seed] for seed in "01"
    ]
    assert len(rows["rotary"]["difference"]["by_seed"]) == 1  # only the seed that both have


def test_processes_share_the_cells_of_one_folder(tiny: Tiny):
    """The second begins while the first is at a cell; what it does then is what another process would."""
    names, recipe = ["softmax", "none", "rotary"], load_recipe(tiny.recipe)

    def opened() -> Comparison:
        return Comparison(names, recipe, tiny.documents, tiny.questions, 0.005, tiny.folder / "shared")

    first, second = opened(), opened()
    begun: list[tuple[str, str]] = []

    def begin(name: str, seed: int) -> None:
        begun.append(("first", name))
        if name == "softmax":
            second.run([0], begin=lambda name, seed: begun.append(("second", name)))
            assert second.left([0]) == [("softmax", 0)]

    first.run([0], begin=begin)
    assert begun == [("first", "softmax"), ("second", "none"), ("second", "rotary")]
    assert not first.left([0])
    assert list(first.record["cells"]) == ["none 0", "rotary 0", "softmax 0"]
    assert first.record["budget"] == second.record["budget"]
    assert not list((tiny.folder / "shared").rglob("*.lock"))


def test_recipes_of_one_file_name_are_two_and_a_changed_one_is_trained_anew(tiny: Tiny):
    text = tiny.recipe.read_text(encoding="utf-8")
    files = [tiny.folder / folder / "mine.toml" for folder in ("a", "b")]
    for file, width in zip(files, (16, 32), strict=True):
        file.parent.mkdir()
        file.write_text(text.replace("width = 16", f"width = {width}"), encoding="utf-8")

    def widths() -> dict[str, int]:
        done = closedbook(*arguments(tiny, "files", "softmax", *map(str, files)))
        assert done.code == 0, done.err
        return {cell["name"]: cell["model"]["width"] for cell in done.json["cells"].values()}

    assert widths() == {"softmax": 16, str(files[0]): 16, str(files[1]): 32}
    files[1].write_text(text.replace("width = 16", "width = 48"), encoding="utf-8")
    assert widths() == {"softmax": 16, str(files[0]): 16, str(files[1]): 48}


def test_a_cell_that_diverges_is_left_out_and_named_and_the_others_go_on(tiny: Tiny):
    wild = tiny.folder / "wild.toml"
    wild.write_text(tiny.recipe.read_text(encoding="utf-8").replace("3e-3", "1e30"), encoding="utf-8")
    done = closedbook(*arguments(tiny, "wild", str(wild), "softmax", "none"))
    assert done.code == 2, done.err
    assert list(done.json["cells"]) == ["softmax 0", "none 0"]
    assert f"1 of 3 cells diverged and are in no table: {wild} (seed 0). Of the first: the loss is" in done.err
    assert "left to another process" not in done.err
    assert "Traceback" not in done.err


def test_what_others_are_at_is_said(tiny: Tiny):
    (tiny.folder / "busy").mkdir()
    opened = Comparison(["softmax"], load_recipe(tiny.recipe), tiny.documents, tiny.questions, 1, tiny.folder / "busy")
    with file_lock(opened.lock(("softmax", 0))):
        done = closedbook(*arguments(tiny, "busy", "softmax"))
    assert done.code == 0
    assert "1 of 1 cells are left to another process" in done.err
    assert done.json["cells"] == {}


def test_a_dry_run_says_what_would_be_trained_and_warns_of_wide_intervals(tiny: Tiny):
    done = closedbook(*arguments(tiny, "planned", "softmax", "none", seeds=2), "--dry-run")
    assert done.code == 0, done.err
    assert [(cell["name"], cell["seed"], cell["done"]) for cell in done.json["cells"]] == [
        ("softmax", 0, False), ("none", 0, False), ("softmax", 1, False), ("none", 1, False)
    ]  # fmt: skip
    assert done.json["minutes"] == pytest.approx(4 * 0.005)
    low, high = wilson(done.json["questions"] // 2, done.json["questions"])
    assert done.json["widest_interval"] == high - low > 0.2
    assert "questions are kept out to score by: a 95 % interval will be up to" in done.err
    assert not (tiny.folder / "planned").exists()


def test_no_name_is_cut_off_in_a_narrow_terminal():
    from rich.console import Console

    from closedbook.cli.output import table

    rows = table("", "right>")
    rows.add_row("synthesizer-factorized-random-with-a-long-name" * 2, "12.3 %")
    out = Console(width=40, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    out.print(rows)
    text = out.export_text()
    assert "…" not in text
    assert "long-name" in text.replace("\n", "").replace(" ", "")


def test_speed_is_of_steps_in_a_row_and_of_the_processor_alone(monkeypatch: pytest.MonkeyPatch):
    clock, now = comparison._Clock(), 0.0
    monkeypatch.setattr(comparison.time, "process_time", lambda: now)
    step = Step("learn", 1, 9, 1.0, 1.0, tokens=100, seconds=50.0)
    for event, used in ((step, 9.0), (step, 2.0), (Message("a look"), 1.0), (step, 7.0), (step, 3.0)):
        now += used
        clock(event)
    assert clock.rate() == 200 / (2.0 + 3.0)  # not what came before the first, nor what follows something else
    assert comparison._Clock().rate() is None


def test_another_comparison_is_not_written_over(tiny: Tiny, record: Any):
    refused(closedbook(*arguments(tiny, "kept", "softmax", budget="1")), "budget", "--folder")
    refused(closedbook(*arguments(tiny, "kept", "softmax"), "--set", "model.width=32"), "another base", "--folder")
    refused(closedbook(*arguments(tiny, "new", "softmaxx")), "softmaxx", "synthesizer-dense")
    for budget in ("nan", "inf", "0"):
        refused(closedbook(*arguments(tiny, "new", "softmax", budget=budget)), "--budget above 0 minutes")
    assert not (tiny.folder / "new").exists()


def test_names_change_one_thing_and_positions_are_learned_unless_they_are_the_subject():
    fast = load_recipe("fast")
    assert resolve("softmax", fast).model.mixer == fast.model.mixer
    assert resolve("softmax", fast).model.positions == "learned"
    assert resolve("rotary", fast).model == fast.model
    assert resolve("synthesizer-dense", fast).model.mixer.name == "synthesizer-dense"
    assert resolve("course-vanilla", fast) == load_recipe("course-vanilla")
    perceiver = load_recipe("course-perceiver")
    assert resolve("perceiver", perceiver).model == perceiver.model  # its 64 latents are kept
    assert resolve("perceiver", fast).model.stack.options == {}


def test_matched_parameters_change_the_width_alone_and_come_nearest_softmax_s(tiny: Tiny):
    done = closedbook(
        *arguments(tiny, "matched", "softmax", "synthesizer-factorized-random", "perceiver"),
        "--match", "parameters", "--set", "model.layers=2",
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = {row["name"]: row for row in done.json["summary"]["rows"]}
    parameters, base = rows["softmax"]["parameters"]["dense"], load_recipe(tiny.recipe, ["model.layers=2"])
    assert rows["softmax"]["model"] == {"layers": 2, "width": 16}
    page = (tiny.folder / "matched" / "comparison.md").read_text(encoding="utf-8")
    for name, row in rows.items():
        assert row["model"]["layers"] == 2
        assert f"| 2 × {row['model']['width']} | {row['parameters']['dense']:,}" in page
        for step in (-2, 2):  # one head's worth narrower or wider is no nearer
            model = replace(resolve(name, base).model, width=row["model"]["width"] + step)
            recipe = replace(resolve(name, base), model=model)
            other = prepare_training(recipe, tiny.documents, tiny.questions).model.count_parameters()["dense"]
            assert abs(other - parameters) >= abs(row["parameters"]["dense"] - parameters)
    assert rows["synthesizer-factorized-random"]["model"]["width"] not in (2, 16)
    refused(closedbook(*arguments(tiny, "matched", "softmax"), "--set", "model.layers=2"), "another match", "--folder")
    never = arguments(tiny, "never", "synthesizer-random")  # its table alone holds more than the whole network
    refused(
        closedbook(*never, "--match", "parameters", "--set", "model.layers=2"), "synthesizer-random", "--match width"
    )


def test_a_mixer_of_one_s_own_is_compared_under_its_hash(tiny: Tiny):
    file = tiny.folder / "mine.py"
    source = (
        "from closedbook.model.mixers.synthesizer_random import SynthesizerRandom\nclass Mine(SynthesizerRandom): pass"
    )
    file.write_text(source, encoding="utf-8")
    done = closedbook(*arguments(tiny, "own", "softmax", f"{file}:Mine"))
    assert done.code == 0, done.err
    name = f"Mine@{hashlib.sha256(source.encode()).hexdigest()}"
    assert [cell["name"] for cell in done.json["cells"].values()] == ["softmax", name]
    page = (tiny.folder / "own" / "comparison.md").read_text(encoding="utf-8")
    assert f"| {name[: len('Mine@') + 8]} |" in page
    file.write_text(source + "\n# changed", encoding="utf-8")  # another mixer, and so another cell
    again = closedbook(*arguments(tiny, "own", "softmax", f"{file}:Mine"))
    assert again.code == 0, again.err
    assert len(again.json["cells"]) == 3
    refused(closedbook(*arguments(tiny, "own", "softmax", "Mine")), "FILE.py:CLASS")


def test_a_budget_gives_finetuning_its_steps_first_and_at_most_half(tiny: Tiny, monkeypatch: pytest.MonkeyPatch):
    recipe = load_recipe(tiny.recipe)  # 6 steps of pretraining, 5 of finetuning
    grid = Comparison(["softmax"], recipe, tiny.documents, tiny.questions, 1, tiny.folder / "budget")
    monkeypatch.setattr(comparison, "estimate", lambda setup: (0, float(setup.steps)))  # a second a step
    assert grid._steps(recipe, 1) == {"pretrain": 55, "finetune": 5}
    assert grid._steps(recipe, 4 / 60) == {"pretrain": 2, "finetune": 2}


def test_the_paired_difference_and_its_interval():
    rng = np.random.default_rng(0)
    theirs = (rng.random((3, 400)) < 0.4).astype(float)
    ours = np.maximum(theirs, rng.random((3, 400)) < 0.2).astype(float)
    interval = difference(ours, theirs)
    assert interval["mean"] == pytest.approx((ours - theirs).mean())
    low, high = interval["interval"]
    assert 0.05 < low < interval["mean"] < high < 0.2
    same = difference(theirs, theirs)
    assert (same["mean"], same["interval"]) == (0.0, [0.0, 0.0])
