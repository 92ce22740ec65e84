"""The signals of `--signals all`: drawn from a seed, the same for a question whoever is asked beside it, and blind."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from shell import Tiny, make_tiny
from tensors import same_tensors
from words_run import SMALL, make_words_run

import closedbook
from closedbook.config.loading import load_recipe
from closedbook.data.questions import Question, read_questions
from closedbook.errors import RecipeError, RunError
from closedbook.inference.run import Run
from closedbook.model.hooks import mc_dropout
from closedbook.synthetic.world import World
from closedbook.verdicts import signals as signals_module
from closedbook.verdicts.signals import DRAWS, MC_DROPOUT

KEPT = [3 * 120 // 6, 4 * 120 // 6, 5 * 120 // 6]  # of words_run's 120 steps, three over the second half


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, World, Path]:
    return make_words_run(tmp_path_factory.mktemp("words"), ["stages.learn.keep=3"])


@pytest.fixture(scope="module")
def characters(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Tiny]:
    """A run that says its answers letter by letter, and of which nothing was kept along the way."""
    tiny = make_tiny(tmp_path_factory.mktemp("tiny"))
    return closedbook.train(tiny.recipe, tiny.documents, tiny.questions, run=tiny.folder / "run", threads=1), tiny


def read_some(path: Path, count: int = 12) -> list[Question]:
    return list(read_questions(path).items[:count])


def test_signals_are_the_same_every_time_and_do_not_depend_on_who_is_asked_beside(
    words: tuple[Run, World, Path], characters: tuple[Run, Tiny]
):
    for run, path in ((words[0], words[2] / "questions-test.tsv"), (characters[0], characters[1].dev)):
        questions = read_some(path, 2)
        once, again = run.measure(questions, "all")[1], run.measure(questions, "all")[1]
        assert list(once) == list(signals_module.FULL)
        alone = [run.measure([question], "all")[1] for question in questions]
        for name, values in once.items():
            assert np.array_equal(values, again[name]), name
            assert np.isfinite(values).all(), name
            assert values == pytest.approx([float(values_of[name][0]) for values_of in alone], abs=2e-3), name


def test_another_seed_draws_otherwise(characters: tuple[Run, Tiny]):
    run, tiny = characters
    questions = read_some(tiny.dev)
    forward = run._pass(questions, [run.prompt(question.text) for question in questions], "all")
    other = signals_module.ForwardResult(
        run.model, run.vocabulary, forward.questions, forward.prompts, forward.generated, forward.length, (), 1
    )
    assert [answer.ids for view in forward.sampled for answer in view] != [
        g.ids for view in other.sampled for g in view
    ]
    assert [answer.logprobs for answer in forward.mc_dropout[0]] != [answer.logprobs for answer in other.mc_dropout[0]]
    assert len(forward.sampled) == DRAWS
    assert len(forward.mc_dropout) == MC_DROPOUT


def test_sampled_answers_are_counted_by_their_texts(characters: tuple[Run, Tiny]):
    run, tiny = characters
    questions = read_some(tiny.dev)
    forward = run._pass(questions, [run.prompt(question.text) for question in questions], "all")
    share, spread = signals_module.sampled_agreement(forward), signals_module.sampled_entropy(forward)
    for i, answer in enumerate(forward.generated):
        texts = [tuple(view[i].ids) for view in forward.sampled]
        assert share[i] == sum(text == tuple(answer.ids) for text in texts) / DRAWS
        assert spread[i] == pytest.approx(
            -sum(texts.count(t) / DRAWS * math.log(texts.count(t) / DRAWS) for t in set(texts)), abs=1e-9
        )
    assert 0 <= spread.min() <= spread.max() <= math.log(DRAWS) + 1e-9


def test_where_an_answer_is_one_token_sampling_is_the_distribution_itself(words: tuple[Run, World, Path]):
    run, _, files = words
    questions = read_some(files / "questions-test.tsv")
    forward = run._pass(questions, [run.prompt(question.text) for question in questions], "all")
    exact = signals_module.sampled_agreement(forward)
    assert exact == pytest.approx([math.exp(sample.logprobs[0]) for sample in forward.generated])
    assert "sampled" not in vars(forward)  # nothing was drawn
    draws = 400
    forward = run._pass(questions[:1] * draws, [forward.prompts[0]] * draws, "all")
    drawn = np.random.default_rng(0).random((draws, 1))
    samples = signals_module.generate.greedy(run.model, forward.prompts, 1, in_one=True, drawn=drawn)
    share = np.mean([sample.ids == forward.generated[0].ids for sample in samples])
    assert share == pytest.approx(exact[0], abs=4 * math.sqrt(exact[0] * (1 - exact[0]) / draws) + 1e-3)


def test_a_thinned_network_is_another_one_and_the_whole_comes_back(words: tuple[Run, World, Path]):
    run, _, files = words
    prompt = torch.from_numpy(run.prompt(read_some(files / "questions-test.tsv")[0].text).astype(np.int64))[None]
    with torch.inference_mode():
        whole = run.model.logits(prompt)
        with mc_dropout(run.model, 0.0, 0):
            assert torch.equal(run.model.logits(prompt), whole)
        with mc_dropout(run.model, 0.2, 0):
            some = run.model.logits(prompt)
            assert torch.equal(run.model.logits(prompt), some)
        with mc_dropout(run.model, 0.2, 1):
            assert not torch.equal(run.model.logits(prompt), some)
        assert not torch.equal(some, whole)
        assert torch.equal(run.model.logits(prompt), whole)


def test_checkpoints_are_kept_evenly_over_the_second_half_and_are_the_weights_of_their_step(
    words: tuple[Run, World, Path], tmp_path: Path
):
    run, _, files = words
    names = [f"checkpoint-0-{step}.safetensors" for step in KEPT]
    assert sorted(path.name for path in run.path.glob("checkpoint-*")) == sorted(names)
    assert set(names) <= set(run.folder.record()["files"])
    assert len(run.checkpoints) == len(KEPT)
    seen = {}

    def stop(event: object) -> None:
        if isinstance(event, closedbook.pipeline.Step):
            seen[event.step] = True
            if event.step == KEPT[0]:
                raise KeyboardInterrupt

    recipe = load_recipe("fast", [*SMALL, "stages.learn.keep=3"])
    arguments = (recipe, files / "documents.txt", files / "questions-train.tsv")
    with pytest.raises(KeyboardInterrupt):
        closedbook.train(*arguments, run=tmp_path / "run", threads=1, callbacks=[stop])
    assert max(seen) == KEPT[0]
    again = closedbook.train(*arguments, run=tmp_path / "run", resume=True)
    assert same_tensors(again.checkpoints[0].state_dict(), run.checkpoints[0].state_dict())
    for first, second in zip(again.checkpoints, run.checkpoints, strict=True):
        assert same_tensors(first.state_dict(), second.state_dict())
    assert not same_tensors(run.checkpoints[-1].state_dict(), run.model.state_dict())
    assert again.calibration == run.calibration


def test_checkpoints_count_with_the_finished_weights_and_are_these_alone_where_none_is_kept(
    words: tuple[Run, World, Path], characters: tuple[Run, Tiny]
):
    run, _, files = words
    questions = read_some(files / "questions-test.tsv", 30)
    measured = run.measure(questions, "all")[1]
    assert set(np.round(measured["checkpoint_agreement"] * 4, 6)) <= {1.0, 2.0, 3.0, 4.0}
    assert not np.allclose(measured["checkpoint_log_odds"], measured["log_odds"])
    run, tiny = characters
    measured = run.measure(read_some(tiny.dev), "all")[1]
    assert measured["checkpoint_log_odds"] == pytest.approx(measured["log_odds"])
    assert set(measured["checkpoint_agreement"]) == {1.0}


def test_a_checkpoint_that_is_gone_is_said_and_a_damaged_one_refused(words: tuple[Run, World, Path], tmp_path: Path):
    run, _, files = words
    question = read_some(files / "questions-test.tsv")[0].text
    shutil.copytree(run.path, tmp_path / "run")
    (tmp_path / "run" / f"checkpoint-0-{KEPT[0]}.safetensors").unlink()
    with pytest.warns(UserWarning, match=f"no checkpoint-0-{KEPT[0]}"):
        assert closedbook.load(tmp_path / "run").ask(question, signals="all").verdict
    with (tmp_path / "run" / f"checkpoint-0-{KEPT[1]}.safetensors").open("r+b") as file:
        file.seek(-9, 2)
        file.write(b"x")
    loaded = closedbook.load(tmp_path / "run")
    assert loaded.ask(question).verdict  # one pass needs none of them
    with pytest.warns(UserWarning, match="no checkpoint"), pytest.raises(RunError, match=f"checkpoint-0-{KEPT[1]}"):
        loaded.ask(question, signals="all")


def test_all_signals_are_as_blind_as_one_pass(words: tuple[Run, World, Path], tmp_path: Path):
    """Weights, checkpoints, vocabulary and fewer than a thousand numbers: nothing else is needed, or read."""
    run, _, files = words
    kept = tmp_path / "run"
    shutil.copytree(run.path, kept)
    for name in ("evidence.sqlite", "metrics.jsonl"):
        (kept / name).unlink()
    questions = read_some(files / "questions-test.tsv")
    assert run.calibration is not None
    with pytest.warns(UserWarning, match=r"evidence\.sqlite"):
        without = closedbook.load(kept).answer(questions, signals="all")
    assert without == run.answer(questions, blind=True, signals="all")


def test_a_negative_number_of_checkpoints_is_refused():
    with pytest.raises(RecipeError, match="keep"):
        load_recipe("fast", ["stages.learn.keep=-1"])
