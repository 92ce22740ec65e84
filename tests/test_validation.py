"""Types of what is read from JSON and TOML: checked once, where it is read, in one line that names the value."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedbook.config.loading import load_recipe
from closedbook.config.registry import ComponentSpec
from closedbook.errors import ClosedbookError, RecipeError, RunError
from closedbook.export.model_card import card
from closedbook.runs.folder import FORMAT, RunFolder
from closedbook.validation import Count, UnitInterval, convert, parse_json, shown
from closedbook.verdicts.calibration import Calibration

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@dataclass(frozen=True)
class Inner:
    size: Count
    share: UnitInterval = 0.5


class Outer(TypedDict):
    name: str
    inner: NotRequired[Inner | None]
    pairs: NotRequired[dict[str, tuple[float, float]]]
    pair: NotRequired[tuple[int, str]]
    kind: NotRequired[Literal["a", "b"]]
    either: NotRequired[str | list[int]]


def test_what_fits_comes_back_with_its_classes():
    data = {"name": "x", "inner": {"size": 3, "share": 1}, "pairs": {"p": [0, 1.5]}, "either": [1], "new": 1}
    converted = convert(Outer, data, "")
    assert converted == {**data, "inner": Inner(3, 1.0), "pairs": {"p": (0.0, 1.5)}}
    assert convert(Outer, {"name": "x", "inner": None, "either": "y"}, "") == {
        "name": "x",
        "inner": None,
        "either": "y",
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, 'it lacks the key "name"'),
        ([], "it must be a table, not []"),
        ({"name": 3}, "name = 3 must be of type str, not int"),
        ({"name": "x", "inner": {"size": -1}}, "inner.size = -1 must be at least 0"),
        ({"name": "x", "inner": {"size": True}}, "inner.size = True must be of type int, not bool"),
        ({"name": "x", "inner": {"size": 2**63}}, "is too large"),
        ({"name": "x", "inner": {"size": 1, "share": 1.5}}, "inner.share = 1.5 must lie between 0.0 and 1.0"),
        ({"name": "x", "inner": {"size": 1, "share": float("nan")}}, "must be a finite number"),
        ({"name": "x", "inner": {"sise": 1}}, 'inner has no key "sise"; did you mean "size"?'),
        ({"name": "x", "pairs": {"p": [1]}}, "pairs.p must be a list of 2, not of 1"),
        ({"name": "x", "pair": [1, 2]}, "pair.1 = 2 must be of type str"),
        ({"name": "x", "kind": "c"}, 'kind = "c" is unknown'),
        ({"name": "x", "either": ["y"]}, "either.0 = 'y' must be of type int"),
    ],
)
def test_what_does_not_fit_is_one_line_that_names_the_place(data: Any, words: str):
    with pytest.raises(RunError) as caught:
        convert(Outer, data, "", RunError)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(PLAIN)
def test_any_json_is_taken_or_refused_by_our_own_error(data: Any):
    for kind in (Outer, Inner, Mapping[str, float], tuple[int, ...], Annotated[float, (0.0, 1.0)], Any):
        with contextlib.suppress(RunError):
            convert(kind, data, "", RunError)


def test_numbers_of_thousands_of_digits_and_deep_nesting_are_one_line():
    for text, words in (("1" * 9999, "thousands of digits"), ("[" * 99_999, "nested too deeply")):
        with pytest.raises(ValueError, match=words):
            parse_json(text)
    assert shown(16**9999).endswith("digits")
    assert shown("x" * 9999).count("x") < 100


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = " + "1" * 9999, "thousands of digits"),
        ("x = " + "[" * 99_999, "nested too deeply"),
        ("seed = 0x" + "f" * 9999, "is too large"),
        ('"' + "x" * 99_999 + '" = 1', 'has no key "xxx'),
        ("model = 2020-01-01", "must be a table"),
    ],
)
def test_a_recipe_of_monstrous_values_is_refused_in_one_short_line(text: str, words: str, tmp_path: Path):
    path = tmp_path / "monster.toml"
    path.write_text(f'name = "a"\nsummary = "b"\nstages = []\n{text}', encoding="utf-8")
    with pytest.raises(RecipeError, match=words) as caught:
        load_recipe(path)
    assert len(str(caught.value)) < 600
    key, _, value = text.partition(" = ")
    with pytest.raises(RecipeError, match=words):
        load_recipe("characters", [f"{key.strip(chr(34))}={value}"])


def test_options_of_parts_hold_no_number_that_cannot_be_shown():
    with pytest.raises(RecipeError, match="too large"):
        convert(ComponentSpec, {"name": "adamw", "rate": [16**9999]}, "optimiser")


def test_a_recipe_is_a_small_file(tmp_path: Path):
    (tmp_path / "large.toml").write_bytes(b"#" * 2**21)
    with pytest.raises(RecipeError, match="too large for a recipe"):
        load_recipe(tmp_path / "large.toml")
    with pytest.raises(RecipeError, match="is a folder"):
        load_recipe(tmp_path.rename(tmp_path.with_suffix(".toml")))


# A stranger's run folder -------------------------------------------------------------------------------------------

GOOD: dict[str, dict[str, Any]] = {
    "run.json": {
        "recipe": "r", "command": "c", "threads": 1, "processes": 1, "device": "cpu", "mixer": "softmax",
        "documents": {"path": "d", "sha256": "0", "count": 1, "index": None}, "questions": {"path": "q", "sha256": "0"},
        "dev": {"path": "e"}, "split": {"train": [0, 1]}, "parameters": {"total": 1, "dense": 1, "memory": 0},
        "versions": {"torch": "2"}, "machine": {"system": "s", "processor": "p", "cores": 1}, "train_seconds": 1.0,
        "looks": {"s": [{"step": 1, "right": 1, "asked": 1}]}, "steps_done": {"s": 1}, "started": "now", "start": None,
    },
    "evaluation.json": {
        "correct": 1, "total": 2, "accuracy": 0.5, "interval": [0.1, 0.9], "questions": "q", "questions_sha256": "0",
        "answers": [{"question": "q", "answer": "a", "probability": 0.5, "gold": "a", "right": True}],
        "confidence": {
            "blind": True, "given": {"coverage": 1.0, "precision": None, "asked_precision": 0.9},
            "probability": {"auroc": 0.5, "auroc_interval": [0.1, 0.9], "calibration_error": 0.1,
                            "calibration_error_if_perfect": 0.1},
            "right_by_verdict": {"unsure": {"correct": 1, "total": 2, "accuracy": 0.5, "interval": [0.1, 0.9]}},
        },
    },
}  # fmt: skip
FORGED = (None, True, -1, 1e999, "x", "\ud800", [], [[]], {}, {"x": {}}, 2**64, ["x", 1])


def forged(data: Any) -> Any:
    """The same with one value of another type, for every value there is."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        for other in FORGED:
            changed = data.copy()
            changed[key] = other
            yield changed
        if isinstance(value, (dict, list)):
            for inner in forged(value):
                changed = data.copy()
                changed[key] = inner
                yield changed


def make_folder(path: Path) -> RunFolder:
    folder = RunFolder.create(path, {}, {"recipe.toml": load_recipe("fast").to_toml()})
    return folder


@pytest.mark.parametrize("name", GOOD)
def test_forged_types_in_a_run_are_our_error_wherever_they_are_used(name: str, tmp_path: Path):
    folder = make_folder(tmp_path / "run")
    files = folder.record()["files"]
    refused = 0
    for changed in (GOOD[name], *forged(GOOD[name])):
        record = {**GOOD["run.json"], "format": FORMAT, "status": "training", "files": files}
        evaluation = changed if name == "evaluation.json" else GOOD["evaluation.json"]
        folder.write_json("run.json", {**record, **(changed if name == "run.json" else {})})
        (folder.path / "evaluation.json").write_text(json.dumps(evaluation))
        try:
            folder.finish()
            card(folder)
        except ClosedbookError:
            refused += 1
    assert refused > 50
    folder.write_json("run.json", {**GOOD["run.json"], "format": FORMAT, "status": "training", "files": files})
    (folder.path / "evaluation.json").write_text(json.dumps(GOOD["evaluation.json"]))
    folder.finish()
    assert "50.0 %" in card(folder)


def test_forged_metrics_are_refused_and_a_line_cut_short_is_left_out(tmp_path: Path):
    folder = make_folder(tmp_path / "run")
    path = folder.path / "metrics.jsonl"
    path.write_text('{"stage": "a", "step": 1, "loss": 2}\n{"stage": "a", "st')
    assert folder.metrics() == [{"stage": "a", "step": 1, "loss": 2.0}]
    for line in ('{"stage": 1}', '{"step": "x"}', '{"loss": NaN}', '{"tokens_per_second": {}}'):
        path.write_text(line)
        with pytest.raises(RunError, match="line 1"):
            folder.metrics()


LOGISTIC = {"signals": ["log_odds"], "mean": [0.0], "scale": [1.0], "weights": [1.0], "intercept": 0.0}
CALIBRATION = {
    "format": 2, "questions": 9, "right": 3, "invented": 9,
    "calibrators": {"pass": {"right": LOGISTIC, "met": LOGISTIC, "chances": [0.9, 0.1]}},
}  # fmt: skip


def test_a_forged_calibration_is_our_error_or_one_that_can_be_used():
    calibration = Calibration.from_json(CALIBRATION)
    assert json.loads(json.dumps(calibration.to_json())) == {**CALIBRATION, "wordings": None, "trouble": None}
    refused = 0
    for changed in forged(CALIBRATION):
        try:
            Calibration.from_json(changed).calibrators.get("pass")
        except RunError:
            refused += 1
    assert refused > 100
    for wrong in ({"scale": [0.0]}, {"signals": ["luck"]}, {"weights": []}, {"signals": ["agreement"]}):
        calibrators = {"pass": {"right": {**LOGISTIC, **wrong}, "met": LOGISTIC, "chances": []}}
        with pytest.raises(RunError, match="is damaged"):
            Calibration.from_json({**CALIBRATION, "calibrators": calibrators})
