"""What the demo tells of its answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from shell import closedbook, refused

from closedbook import pipeline
from closedbook.cli.demo import by_relation, by_wording, demo
from closedbook.data.questions import read_questions
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.synthetic.world_words import HELD_OUT, QUESTIONS


def test_answers_in_unseen_wordings_are_told_apart_by_relation_and_wording(tmp_path: Path):
    """One wording of one relation is always answered right, nothing else is: it must be found."""
    world = make_world(WorldSpec.tiny(), 0)
    questions = read_questions(world.write(tmp_path) / "unseen-wordings.tsv")
    answers = [{"right": "place of birth" in question.text} for question in questions.items]
    people = sum(not person.trained for person in world.people)
    relations = by_relation(answers, people, world.spec.relations)
    assert {name: scored["total"] for name, scored in relations.items()} == dict.fromkeys(world.spec.relations, people)
    wordings = by_wording(answers, world)
    assert set(wordings) == {
        form.format(name="NAME") for relation in world.spec.relations for form in QUESTIONS[relation][-HELD_OUT:]
    }
    assert sum(scored["total"] for scored in wordings.values()) == len(questions)
    right = {wording: scored["correct"] for wording, scored in wordings.items() if scored["correct"]}
    assert right == {"What is NAME's place of birth?": relations["birthplace"]["correct"]}
    assert relations["birthplace"]["correct"] == people // HELD_OUT


def test_what_lies_where_the_demo_s_world_would_go_is_left_alone(tmp_path: Path):
    world, run = tmp_path / "mine-world", tmp_path / "mine"
    world.mkdir()
    (world / "documents.txt").write_text("my own notes", encoding="utf-8")
    refused(closedbook("demo", "--run", run), f"{world}, where the world is to be written, holds something else")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine-world", "documents.txt"]
    assert (world / "documents.txt").read_text(encoding="utf-8") == "my own notes"
    run.mkdir()
    (run / "notes").touch()
    done = closedbook("demo", "--run", run)
    refused(done, "exists already")
    assert "--resume" not in done.err  # which the demo does not have


def test_words_and_tables_fit_80_columns_also_piped_and_the_last_command_takes_pages_out(
    tmp_path: Path, monkeypatch, capsys
):
    """The training is left out: every answer is a long one, and right."""
    world = make_world(WorldSpec.tiny(), 0)
    answer = {"right": True, "question": "Where was Somebody With A Very Long Name born?", "verdict": "never met",
              "answer": "Southampton-upon-Avon", "gold": "Southampton-upon-Avon", "model_probability": 0.5}  # fmt: skip

    def evaluation(number: int) -> dict:
        return {
            "correct": number,
            "total": number,
            "accuracy": 1.0,
            "interval": [0.9, 1.0],
            "answers": [answer] * number,
        }

    people = sum(not person.trained for person in world.people) * len(world.spec.relations)
    run = SimpleNamespace(
        folder=SimpleNamespace(read_json=lambda name: evaluation(people)),
        answer=lambda questions: [SimpleNamespace(to_json=lambda: answer) for _ in questions],
    )
    monkeypatch.setattr(WorldSpec, "demo", WorldSpec.tiny)
    monkeypatch.setattr(pipeline, "train", lambda *_, **__: run)
    monkeypatch.setattr(pipeline, "evaluate", lambda _, questions: evaluation(len(questions)))
    demo(run=tmp_path / "run")
    lines = capsys.readouterr().out.splitlines()
    commands = [line for line in lines if line.startswith("  closedbook ")]  # unbroken, to be copied
    assert [line for line in lines if len(line) > 80 and line not in commands] == []
    assert commands[-1].startswith("  closedbook study ablation --documents ")
