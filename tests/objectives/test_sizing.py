"""What a recipe leaves to the data."""

from __future__ import annotations

import pytest

from closedbook.config.loading import load_recipe
from closedbook.config.schema import Auto
from closedbook.errors import RecipeError
from closedbook.objectives import sizing
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.training.plan import plan_training
from closedbook.training.setup import prepare_training


def prepared(folder, people: int, *more: str):
    world = make_world(WorldSpec(people=people, strangers=2, relations=("birthplace",)), 1).write(folder)
    recipe = load_recipe("fast", ["model.width=16", "model.heads=2", *more])
    return prepare_training(recipe, world / "documents.txt", world / "questions-train.tsv")


def test_more_to_learn_takes_more_examples_and_all_of_it_is_pinned(tmp_path):
    alone = "data.derive_questions=false"
    small, large = prepared(tmp_path / "a", 100, alone), prepared(tmp_path / "b", 1200, alone)
    examples = [setup.recipe.stages[0].steps * setup.recipe.stages[0].batch for setup in (small, large)]
    cues = [setup.samplers[0].objectives[0].items for setup in (small, large)]
    assert examples[1] / examples[0] == pytest.approx(cues[1] / cues[0], rel=0.01)
    text = large.recipe.to_toml()
    assert "auto" not in text
    (tmp_path / "pinned.toml").write_text(text, encoding="utf-8")
    assert load_recipe(tmp_path / "pinned.toml") == large.recipe
    assert any("steps" in words for words in large.chosen)
    assert plan_training(small).chosen == small.chosen


def test_a_fact_needs_fewer_visits_where_its_title_is_asked_the_questions_themselves(tmp_path):
    with_questions, alone = (
        prepared(tmp_path / name, 300, "stages.learn.batch=8", f"data.derive_questions={name}").steps
        for name in ("true", "false")
    )
    assert with_questions == pytest.approx(sizing.ASKED * alone, abs=1)


def test_a_recipe_says_how_often_a_fact_is_asked_for_and_how_few_steps_are_too_few(tmp_path):
    steps = [prepared(tmp_path / str(visits), 300, "stages.learn.batch=8", f"stages.learn.visits={visits}").steps
             for visits in (20, 40)]  # fmt: skip
    assert steps[1] == pytest.approx(2 * steps[0], abs=1)
    few = "stages.learn.fewest_steps"
    assert prepared(tmp_path / "few", 20, f"{few}=3", "stages.learn.batch=64").steps < 600
    assert prepared(tmp_path / "none", 20).steps == 600


def test_answers_may_be_longer_than_those_that_were_trained_but_no_longer_than_the_network_reads(tmp_path):
    setup = prepared(tmp_path, 30, "answer.length=auto")
    longest = max(setup.corpus.spans.output.longest, setup.corpus.answers.longest)
    assert longest < setup.recipe.answer.length <= setup.recipe.model.context_length // 2
    assert any("answer.length" in words for words in setup.chosen)


def test_a_large_corpus_visits_each_fact_less_often_but_never_fewer_examples_in_all():
    counts = [sizing.enough(10.0**power) for power in range(4, 10)]
    assert counts[:3] == [1e4, 1e5, 1e6]
    assert counts == sorted(counts)
    assert sizing.enough(1e9) == pytest.approx(1e9 * 15 / 36)


def test_what_is_given_is_kept(tmp_path):
    setup = prepared(tmp_path, 60, "stages.learn.steps=7", "stages.learn.batch=5",
                   "data.held_out={calibrate=0.2}")  # fmt: skip
    assert (setup.recipe.stages[0].steps, setup.recipe.stages[0].batch) == (7, 5)
    assert [line for line in setup.chosen if "answered from their documents" not in line] == []


def test_a_recipe_that_leaves_numbers_open_says_so_and_only_where_that_can_be():
    recipe = load_recipe("fast")
    assert isinstance(recipe.stages[0].steps, Auto)
    assert 'steps = "auto"' in recipe.to_toml()
    with pytest.raises(RecipeError, match=r"model\.layers"):
        load_recipe("fast", ["model.layers=auto"])


def test_few_questions_give_a_larger_share_to_calibrate_by():
    def share(questions: int) -> float:
        return sizing.held_out(load_recipe("fast"), questions)[0].data.held_out["calibrate"]

    assert share(60) == 0.3 > share(200) > share(5000) == 0.1
