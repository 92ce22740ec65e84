"""What the demo tells of its answers."""

from __future__ import annotations

from pathlib import Path

from shell import closedbook, refused

from closedbook.cli.demo import by_relation, by_wording
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
