"""Teaching a pretrained model, from the recipe to the answer, in the same rooms as any other run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from shell import Tiny, closedbook
from taught_run import SETS, make_tiny_with_base, teach
from tensors import same_tensors

import closedbook as package
from closedbook.data.questions import Question
from closedbook.data.wordings import Reading, Wordings
from closedbook.errors import RecipeError, RunError
from closedbook.export.model_card import card
from closedbook.pipeline import Event, Step
from closedbook.runs.weights import load_tensors
from closedbook.training.plan import plan_training
from closedbook.training.setup import prepare_training

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny_with_base(tmp_path_factory.mktemp("teach"))


@pytest.fixture(scope="module")
def losses() -> list[float]:
    return []


@pytest.fixture(scope="module")
def run(tiny: Tiny, losses: list[float]) -> Any:
    def on_event(event: Event) -> None:
        if isinstance(event, Step):
            losses.append(event.loss)

    return teach(tiny, tiny.folder / "run", callbacks=[on_event])


def test_it_learns(run: Any, losses: list[float]):
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])


def test_the_folder_holds_what_was_trained_and_the_base_by_its_hash(run: Any, tiny: Tiny):
    tensors, _ = load_tensors(run.path / "model.safetensors")
    assert {name.partition(".")[0] for name in tensors} == {"memory", "adapter", "scale"}
    recipe = package.load_recipe(run.path / "recipe.toml")
    assert recipe.pretrained.model == str(tiny.folder / "base")
    assert len(recipe.pretrained.sha256) == 64
    assert recipe.pretrained.layers == (0,)


def test_an_answer_as_long_as_the_longest_that_was_trained_can_be_said(tiny: Tiny, tmp_path: Path):
    long = " ".join(["sand"] * 8)
    questions = tmp_path / "questions.tsv"
    questions.write_text(
        f"{tiny.questions.read_text(encoding='utf-8')}What is Nobody's soil?\t{long}\n", encoding="utf-8"
    )
    sets = [f"pretrained.model={tiny.folder / 'base'}", "data.held_out={}"]
    setup = prepare_training(package.load_recipe("teach", sets), tiny.documents, questions)
    assert setup.recipe.answer.length > len(setup.corpus.vocabulary.encode(long)[0])


def test_the_plan_times_the_dtype_that_is_trained_in(tiny: Tiny):
    recipe = package.load_recipe(
        "teach", [f"pretrained.model={tiny.folder / 'base'}", *SETS, "model.matmul_dtype=bfloat16"]
    )
    setup = prepare_training(recipe, tiny.documents, tiny.questions)
    dtypes = []
    low = setup.model.train()._low
    low.layers[0].register_forward_hook(lambda module, inputs, output: dtypes.append(output.dtype))
    setup.model.eval()
    plan_training(setup)
    assert set(dtypes) == {torch.bfloat16}


def test_a_loaded_run_answers_as_the_trained_one(run: Any, tiny: Tiny):
    question = tiny.questions.read_text(encoding="utf-8").split("\t")[0]
    assert package.load(run.path).ask(question) == run.ask(question)
    assert run.ask(question).evidence is not None


def test_an_interrupted_training_goes_on_to_the_same_bits(run: Any, tiny: Tiny, tmp_path: Path):
    def interrupt(event: Event) -> None:
        if isinstance(event, Step) and event.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teach(tiny, tmp_path / "run", callbacks=[interrupt])
    resumed = teach(tiny, tmp_path / "run", resume=True)
    assert same_tensors(resumed.model.state_dict(), run.model.state_dict())


WAYS = {
    "all-weights": (["pretrained.train=all-weights"], 0),
    "layers": (["pretrained.train=layers"], 2),
    "layer 1": (["pretrained.train=layers", "pretrained.layers=[1]"], 1),
    "lora": (["pretrained.train=lora"], 0),
    "lora of layer 3": (["pretrained.train=lora", "pretrained.layers=[3]"], 3),
}


@pytest.mark.parametrize("way", WAYS)
def test_other_weights_of_the_base_can_be_trained(tiny: Tiny, tmp_path: Path, way: str):
    sets, first = WAYS[way]
    if "lora" in way:
        pytest.importorskip("peft")
    run = teach(tiny, tmp_path / "run", *sets, "stages.learn.steps=2")
    tensors, _ = load_tensors(run.path / "model.safetensors")
    assert all(name.startswith("weights.") for name in tensors)
    assert all(("lora" in name) == ("lora" in way) for name in tensors)
    layers = {int(name.split("layers.")[1][0]) for name in tensors if "layers." in name}
    assert layers == ({first} if way in ("layer 1", "lora of layer 3") else set(range(first, 4)))
    assert ("weights.model.embed_tokens.weight" in tensors) == (way == "all-weights")
    question = tiny.questions.read_text(encoding="utf-8").split("\t")[0]
    loaded = package.load(run.path)
    assert same_tensors(loaded.model.state_dict(), run.model.state_dict())
    assert loaded.ask(question) == run.ask(question)
    assert loaded.attribute(question).effects


def test_what_cannot_be_trained_is_refused_in_words(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(RecipeError, match="closedbook probe"):
        teach(tiny, tmp_path / "run", "pretrained.train=nothing")
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(RunError, match=r"needs peft, which is not installed: pip install 'closedbook\[pretrained\]'"):
        teach(tiny, tmp_path / "run", "pretrained.train=lora")
    with pytest.raises(RecipeError, match="name its file"):
        teach(tiny, tmp_path / "run", 'stages.learn.objectives=[{objective="text"}]')
    assert not (tmp_path / "run").exists()


def test_an_interrupted_lora_goes_on_to_the_same_bits(tiny: Tiny, tmp_path: Path):
    pytest.importorskip("peft")

    def interrupt(event: Event) -> None:
        if isinstance(event, Step) and event.step == 2:
            raise KeyboardInterrupt

    sets = ["pretrained.train=lora", "stages.learn.steps=4"]
    with pytest.raises(KeyboardInterrupt):
        teach(tiny, tmp_path / "run", *sets, callbacks=[interrupt])
    resumed = teach(tiny, tmp_path / "run", *sets, resume=True)
    whole = teach(tiny, tmp_path / "whole", *sets)
    assert same_tensors(resumed.model.state_dict(), whole.model.state_dict())


def test_documents_questions_and_general_text_can_be_plainly_read(tiny: Tiny, tmp_path: Path):
    text = tmp_path / "general.txt"
    text.write_text("It rained for two days. Nobody had seen the river so high.\n" * 40, encoding="utf-8")
    objectives = f'[{{objective="language"}}, {{objective="question"}}, {{objective={{name="text", file="{text}"}}}}]'
    sets = ["pretrained.train=all-weights", f"stages.learn.objectives={objectives}", "stages.learn.steps=3"]
    kinds: list[float] = []
    run = teach(tiny, tmp_path / "run", *sets, callbacks=[lambda e: kinds.append(1) if isinstance(e, Step) else None])
    assert len(kinds) == 3
    kept = run.recipe.stages[0].objectives[2].objective.options
    assert kept["file"] == str(text)
    assert len(kept["sha256"]) == 64


def test_a_general_text_that_changed_is_not_gone_on_with(tiny: Tiny, tmp_path: Path):
    def interrupt(event: Event) -> None:
        if isinstance(event, Step):
            raise KeyboardInterrupt

    text = tmp_path / "general.txt"
    text.write_text("It rained for two days.\n" * 40, encoding="utf-8")
    objectives = f'[{{objective="cue"}}, {{objective={{name="text", file="{text}"}}}}]'
    with pytest.raises(KeyboardInterrupt):
        teach(tiny, tmp_path / "run", f"stages.learn.objectives={objectives}", callbacks=[interrupt])
    text.write_text("It did not rain.\n" * 40, encoding="utf-8")
    with pytest.raises(RunError):
        teach(tiny, tmp_path / "run", f"stages.learn.objectives={objectives}", resume=True)


def test_the_shell_evaluates_it_as_any_run(run: Any, tiny: Tiny):
    done = closedbook("evaluate", run.path, "--questions", tiny.dev, "--json")
    assert done.code == 0, done.err
    assert done.json["total"] == 12


@pytest.mark.parametrize("understood", [True, False])
def test_a_question_is_put_in_trained_words_only_if_it_is_surely_meant(
    run: Any, monkeypatch: pytest.MonkeyPatch, understood: bool
):
    reading = Reading("Where was Ada born?", "Where was {} born?", 0.9, understood)
    monkeypatch.setattr(Wordings, "read", lambda *arguments: reading)
    monkeypatch.setattr(type(run), "wordings", Wordings(()))
    question = "Ada's birthplace, please?"
    assert run.understood(question) == (reading if understood else (question, None, 0.9, False, ""))


def test_its_verdicts_are_calibrated_and_know_whom_it_met(run: Any, tiny: Tiny):
    assert run.calibration is not None
    assert run.calibration.questions >= 10
    assert run.uncalibrated is None
    questions = [line.split("\t")[0] for line in tiny.questions.read_text(encoding="utf-8").splitlines()]
    about = run.answer([Question(text, None, 1) for text in questions], blind=True)
    strange = run.answer([Question(f"Where was Q{i} Xylander born?", None, 1) for i in range(9)], blind=True)
    assert min(answer.met for answer in about) > 0.5 > max(answer.met for answer in strange)
    assert {answer.verdict for answer in strange} == {"never met"}
    answers = run.answer([Question(text, None, 1) for text in questions])
    assert all(answer.evidence.documents for answer in answers)


def test_exposures_count_the_examples_that_asked_for_an_answer(run: Any, tiny: Tiny):
    text, gold = tiny.questions.read_text(encoding="utf-8").splitlines()[0].split("\t")
    assert run.index.evidence(text, gold).exposures > 0
    assert run.index.evidence(text, "nowhere").exposures == 0


def test_what_is_said_of_it_speaks_of_the_base(run: Any, tiny: Tiny):
    words = card(run.folder)
    assert "the pretrained model base (4 layers of 4 heads, width 32;" in words
    assert "random weights" not in words
    done = closedbook("train", "teach", "--base", tiny.folder / "base", *tiny.inputs, "--dry-run")
    assert done.code == 0, done.err
    assert "stand in no document" not in done.err + done.out


def test_an_answer_can_be_attributed(run: Any, tiny: Tiny):
    attribution = run.attribute(tiny.questions.read_text(encoding="utf-8").split("\t")[0])
    assert len(attribution.weights) == 4
    assert {effect.off for effect in attribution.effects} >= {"memory", (3, 3)}


def test_a_base_that_is_gone_is_named(run: Any, tiny: Tiny, tmp_path: Path):
    base = tiny.folder / "base"
    shutil.move(base, tmp_path / "elsewhere")
    try:
        with pytest.raises(RunError, match="base"):
            package.load(run.path)
    finally:
        shutil.move(tmp_path / "elsewhere", base)


def test_base_and_recipe_go_together(tiny: Tiny):
    done = closedbook("train", "fast", "--base", tiny.folder / "base", *tiny.inputs)
    assert done.code == 2
    assert "teach" in done.err


def test_probe_tells_what_a_run_knew_before_and_that_other_text_is_what_it_was(run: Any, tiny: Tiny, tmp_path: Path):
    text = tmp_path / "text.txt"
    text.write_text("It rained for two days.\nThe bridge was shut.\n" * 5, encoding="utf-8")
    done = closedbook(
        "probe", run.path, "--questions", tiny.questions, "--text", text, "--prompts", "2", "--shots", "1",
        "--length", "4", "--save", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["after"]["text"] == done.json["before"]["text"]
    assert sum(row["facts"] for row in done.json["compared"].values()) == 24
    assert run.folder.read_json("probe.json") == done.json
    assert package.load(run.path).path == run.path  # and the folder is still whole


def test_known_and_new_facts_are_scored_apart_and_the_report_shows_both(run: Any, tiny: Tiny, tmp_path: Path):
    facts = tmp_path / "known.jsonl"
    quick = ["--prompts", "2", "--shots", "1", "--length", "3", "--output", facts]
    assert closedbook("probe", tiny.folder / "base", "--questions", tiny.questions, *quick).code == 0
    lines = facts.read_text(encoding="utf-8").replace('"unknown", "answer"', '"highly known", "answer"', 3)
    facts.write_text(lines, encoding="utf-8")
    done = closedbook("evaluate", run.path, "--questions", tiny.questions, "--known", facts, "--save", "--json")
    assert done.code == 0, done.err
    assert [row["facts"] for row in done.json["known_before"].values()] == [3, 0, 0, 21]
    assert sum(row["right_after"] for row in done.json["known_before"].values()) == done.json["correct"]
    text = tmp_path / "text.txt"
    text.write_text("It rained for two days.\n" * 9, encoding="utf-8")
    assert closedbook("probe", run.path, "--text", text, "--questions", tiny.dev, *quick[:6], "--save").code == 0
    done = closedbook("report", run.path, "--no-claims", "--output", tmp_path / "report.html")
    assert done.code == 0, done.err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "the same to the last digit" in page
    assert "By what the base knew before it was taught" in page
    facts.write_text('{"question": "?"}\n', encoding="utf-8")
    done = closedbook("evaluate", run.path, "--questions", tiny.questions, "--known", facts)
    assert done.code == 2
    assert "known.jsonl:1 is not a fact" in done.err
