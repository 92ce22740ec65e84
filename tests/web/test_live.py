"""While training: a curve, a few kept-out questions, TensorBoard's files; and none of it changes what is learned."""

from __future__ import annotations

import io

import pytest
import torch
from conftest import WORDS
from rich.console import Console
from shell import closedbook as command
from shell import refused

import closedbook
from closedbook.cli.training_display import TrainingDisplay, curve
from closedbook.config.loading import load_recipe
from closedbook.evaluation import periodic_validator
from closedbook.evaluation.periodic_validator import ValidationEvent
from closedbook.training.events import Learned, Plan, Step

SHORT = [*WORDS, "stages.learn.steps=12", "data.held_out.choose=0.2"]


def trained(runs, path, callbacks):
    return closedbook.train(
        load_recipe("fast", SHORT), runs.tiny.documents, runs.tiny.questions, run=path, threads=1, callbacks=callbacks
    )


@pytest.fixture
def eager(monkeypatch):
    """Ask after every step."""
    monkeypatch.setattr(periodic_validator, "EVERY", 0.0)
    monkeypatch.setattr(periodic_validator, "SHARE", 1e9)


def test_being_watched_changes_no_weight(runs, tmp_path, eager):
    heard = []
    watched = trained(runs, tmp_path / "watched", [heard.append])
    alone = trained(runs, tmp_path / "alone", [])
    asked = [event for event in heard if isinstance(event, ValidationEvent)]
    assert len(asked) == 12
    for name, tensor in watched.model.state_dict().items():
        assert torch.equal(tensor, alone.model.state_dict()[name]), name


def test_only_kept_out_questions_are_asked_always_the_same_and_last_as_the_run_answers(runs, tmp_path, eager):
    heard = []
    run = trained(runs, tmp_path / "run", [heard.append])
    asked = [event for event in heard if isinstance(event, ValidationEvent)]
    given = closedbook.data.questions.read_questions(runs.tiny.questions)
    held_out = {given.items[i].text for i in run.folder.record()["split"]["choose"]}
    texts = {tuple(answer.question for answer in event.answers) for event in asked}
    assert len(texts) == 1
    assert set(*texts) <= held_out
    for answer in asked[-1].answers:
        assert answer.answer == run.ask(answer.question).answer


def test_piped_output_is_plain_lines(runs, tmp_path, eager):
    out = io.StringIO()
    trained(runs, tmp_path / "run", [TrainingDisplay(Console(file=out, width=200))])
    lines = out.getvalue().splitlines()
    assert any(line.startswith("kept-out questions: ") for line in lines)
    assert any(line.startswith("learn 12/12 loss ") for line in lines)
    assert "\x1b" not in out.getvalue()
    assert not any("\u2800" <= letter <= "\u28ff" for letter in out.getvalue())


def test_a_terminal_shows_a_curve_and_the_questions(runs, tmp_path, eager):
    out = io.StringIO()
    display = TrainingDisplay(Console(file=out, width=120, force_terminal=True, force_interactive=True))
    run = trained(runs, tmp_path / "run", [display])
    display.close()
    shown = out.getvalue()
    assert any("\u2801" <= letter <= "\u28ff" for letter in shown)
    given = closedbook.data.questions.read_questions(runs.tiny.questions)
    assert given.items[run.folder.record()["split"]["choose"][0]].text in shown


def test_the_curve_starts_where_the_loss_was_and_ends_where_it_is():
    lines = curve([8.0, 6.0, 4.0, 3.0, 2.5, 2.25], width=3, height=2)
    assert lines[0].endswith(" 8.00")
    assert lines[1].endswith(" 2.25")
    first, last = lines[0][0], lines[1][2]
    assert ord(first) & 0x01  # the top left dot
    assert ord(last) & 0x80  # the bottom right dot
    assert curve([1.0, 1.0])[0].endswith("1.00")


def test_tensorboard_s_files_hold_every_step(runs, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    done = command(*runs.tiny.train(tmp_path / "run", "--tensorboard", tmp_path / "board"))
    assert done.code == 0, done.err
    board = EventAccumulator(str(tmp_path / "board"))
    board.Reload()
    metrics = closedbook.load(tmp_path / "run").folder.metrics()
    for stage, before in (("pretrain", 0), ("finetune", 6)):
        seen = {event.step: event.value for event in board.Scalars(f"loss/{stage}")}
        logged = {before + line["step"]: line["loss"] for line in metrics if line["stage"] == stage}
        assert seen == pytest.approx(logged, abs=1e-5)
    assert len(board.Scalars("rate multiplier")) == 11


def test_a_folder_that_cannot_be_written_is_one_message(runs, tmp_path):
    (tmp_path / "file").write_text("")
    refused(command(*runs.tiny.train(tmp_path / "run", "--tensorboard", tmp_path / "file")), "--tensorboard")
    assert not (tmp_path / "run").exists()


def test_the_display_hears_a_step_without_questions():
    out = io.StringIO()
    TrainingDisplay(Console(file=out, width=200))(Step("learn", 1, 1, 2.0, 1.0, 10, 0.1))
    assert "learn 1/1 loss 2.000" in out.getvalue()


def test_a_plan_counts_in_english_and_says_which_questions_it_counts():
    out = io.StringIO()
    TrainingDisplay(Console(file=out, width=200))(Plan("fast", "", 1000, 0, 1, 1, 15, 0, 10, 100, 1.0, 1))
    assert "1,000 parameters, 1 document under 1 title, 15 questions to train on" in out.getvalue()


def test_what_is_learned_after_the_training_has_a_bar_or_a_line_of_its_own() -> None:
    out = io.StringIO()
    display = TrainingDisplay(Console(file=out, width=200))
    display(Learned(3, 40))
    display(Learned(40, 40))
    assert out.getvalue().splitlines() == ["learned 3 of 40 other titles", "learned 40 of 40 other titles"]
    out = io.StringIO()
    with TrainingDisplay(Console(file=out, width=120, force_terminal=True, force_interactive=True)) as display:
        display(Learned(3, 40))
        display(Learned(40, 40))
        assert display.live is None
    assert "learning the other titles" in out.getvalue()
    assert "40/40" in out.getvalue()
