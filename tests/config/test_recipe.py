"""Recipes: reading, writing, overriding, and refusing what describes no run."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import tomllib

import pytest

from closedbook.config.loading import load_recipe, recipe_names
from closedbook.config.registry import REGISTRIES, ComponentSpec, registered
from closedbook.config.schema import MemoryRecipe, ModelRecipe, ObjectiveWeight, Recipe, Stage, encode
from closedbook.errors import RecipeError
from closedbook.validation import convert

COURSE = "course-vanilla"


@pytest.mark.parametrize("name", recipe_names())
def test_a_built_in_recipe_reads_back_from_its_own_toml(name, tmp_path):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.summary
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.to_toml(), encoding="utf-8")
    assert load_recipe(path) == recipe
    assert convert(Recipe, encode(recipe), "") == recipe


def test_a_recipe_cannot_be_changed():
    recipe = load_recipe(COURSE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.seed = 3


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in REGISTRIES for name in REGISTRIES[kind]])
def test_every_registered_path_imports(kind, name):
    cls = registered(kind, name)
    assert isinstance(cls, type)
    assert REGISTRIES[kind][name] == f"{cls.__module__}:{cls.__qualname__}"
    if kind != "positions":
        assert dataclasses.is_dataclass(cls.Config)
        cls.Config()  # every option has a default


@pytest.mark.parametrize("name", recipe_names())
def test_every_part_that_a_built_in_recipe_names_takes_its_options(name):
    recipe = load_recipe(name)
    parts = [("mixer", recipe.model.mixer), ("stack", recipe.model.stack)]
    for stage in recipe.stages:
        parts += [("optimiser", stage.optimiser), ("schedule", stage.schedule)]
        parts += [("objective", share.objective) for share in stage.objectives]
    for kind, part in parts:
        convert(registered(kind, part.name).Config, part.options, part.name)


def test_recipes_load_without_torch():
    code = "import sys; import closedbook.config.loading as s; s.load_recipe('fast'); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_course_s_recipe_is_the_course_s():
    recipe = load_recipe(COURSE)
    pretrain, finetune = recipe.stages
    assert (pretrain.epochs, pretrain.batch, pretrain.optimiser.options["rate"]) == (650, 128, 6e-3)
    assert (finetune.epochs, finetune.batch, finetune.optimiser.options["rate"]) == (10, 256, 6e-4)
    assert {stage.order for stage in recipe.stages} == {"file"}
    assert {stage.clip for stage in recipe.stages} == {1.0}
    assert recipe.data.ascii_questions
    synthesizer = load_recipe("course-synthesizer")
    assert synthesizer.stages == recipe.stages
    assert synthesizer.model == dataclasses.replace(recipe.model, mixer=ComponentSpec("synthesizer-dense"))


@pytest.mark.parametrize("name", ["vanilla", "synthesizer", "perceiver", "rope"])
def test_the_course_s_variants_differ_in_the_model_and_its_editions_in_the_schedule(name):
    vanilla, recipe = load_recipe(COURSE), load_recipe(f"course-{name}")
    changes = {
        "vanilla": {},
        "synthesizer": {"mixer": ComponentSpec("synthesizer-dense")},
        "perceiver": {"stack": ComponentSpec("perceiver", {"latents": 64})},  # as the course's scripts call it
        "rope": {"positions": "rotary"},
    }[name]
    assert recipe.model == dataclasses.replace(vanilla.model, **changes)
    assert recipe.stages == vanilla.stages
    alone = load_recipe(f"course-{name}-unpretrained")
    assert alone.model == recipe.model
    assert alone.stages == (dataclasses.replace(recipe.stages[1], epochs=75),)
    late = load_recipe(f"course-{name}-2024")
    assert late.model == recipe.model
    for stage, then in zip(recipe.stages, late.stages, strict=True):
        assert then == dataclasses.replace(stage, schedule=ComponentSpec("course", {"passes": 650}))


@pytest.mark.parametrize("name", ["vanilla", "synthesizer"])
def test_the_source_s_rate_only_ever_rises_after_its_first_step(name):
    course, source = load_recipe(f"course-{name}"), load_recipe(f"source-{name}")
    assert source.model == course.model
    pretrain, finetune = source.stages
    assert finetune == dataclasses.replace(course.stages[1], epochs=75)
    warmup = pretrain.schedule.options["warmup"]
    assert pretrain == dataclasses.replace(
        course.stages[0], schedule=ComponentSpec("course", {"passes": 200, "warmup": warmup})
    )
    assert 0.6 < 650 * 2937 * 127 / warmup < 0.7  # wiki.txt: it ends at about 65 % of the full rate


def shown(recipe):
    return recipe.stages[0].objectives[0]


# Overrides ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "read", "expected"),
    [
        ("seed=7", lambda r: r.seed, 7),
        ("model.width=128", lambda r: r.model.width, 128),
        ("model.dropout=0", lambda r: r.model.dropout, 0.0),
        ("model.positions=rotary", lambda r: r.model.positions, "rotary"),
        ('model.positions="rotary"', lambda r: r.model.positions, "rotary"),
        ("model.mixer=synthesizer-dense", lambda r: r.model.mixer, ComponentSpec("synthesizer-dense")),
        ("model.mixer.qk_norm=true", lambda r: r.model.mixer, ComponentSpec("softmax", {"qk_norm": True})),
        ("model.memory.names=false", lambda r: r.model.memory, MemoryRecipe(names=False)),
        ("stages.finetune.batch=64", lambda r: [s.batch for s in r.stages], [128, 64]),
        ("stages.pretrain.optimiser.rate=1e-3", lambda r: r.stages[0].optimiser.options["rate"], 1e-3),
        ("stages.pretrain.objectives.span.update_embeddings=false", lambda r: shown(r).update_embeddings, False),
        (
            "stages.pretrain.objectives.span.objective.low=0.2",
            lambda r: shown(r).objective,
            ComponentSpec("span", {"low": 0.2}),
        ),
        ("data.held_out.choose=0.25", lambda r: r.data.held_out, {"choose": 0.25}),
        (" model.width = 64 ", lambda r: r.model.width, 64),
    ],
)  # fmt: skip
def test_an_override_changes_what_it_names_and_nothing_else(override, read, expected):
    recipe = load_recipe(COURSE, [override])
    assert read(recipe) == expected
    assert type(read(recipe)) is type(expected)
    top = override.strip().split(".")[0].split("=")[0]
    plain = load_recipe(COURSE)
    for field in dataclasses.fields(Recipe):
        if field.name != top:
            assert getattr(recipe, field.name) == getattr(plain, field.name)


def test_overrides_apply_in_order_and_survive_the_file(tmp_path):
    overrides = [
        "stages.pretrain.epochs=0",
        "stages.pretrain.steps=7",
        "stages.pretrain.order=shuffled",
        "seed=1",
        "seed=2",
    ]
    recipe = load_recipe(COURSE, overrides)
    assert (recipe.seed, recipe.stages[0].steps) == (2, 7)
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.to_toml(), encoding="utf-8")
    assert load_recipe(path) == recipe


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.widht=3", 'model has no key "widht"; did you mean "width"?'),
        ("modle.width=3", 'the recipe has no key "modle"; did you mean "model"?'),
        ("stages.pretrian.batch=3", 'nothing is called "pretrian"; did you mean "pretrain"?'),
        ("stages.pretrain.bach=3", 'stages.pretrain has no key "bach"; did you mean "batch"?'),
        ("stages.pretrain.objectives.spam.share=1", 'nothing is called "spam"; did you mean "span"?'),
        ("model.positions=rotray", 'model.positions = "rotray" is unknown; did you mean "rotary"?'),
        ("vocabulary.kind=word", '"word" is unknown; did you mean "words"?'),
        ("model.width=wide", "model.width = 'wide' must be of type int, not str"),
        ("model.width=1.5", "must be of type int, not float"),
        ("seed=true", "seed = True must be of type int, not bool"),
        ("model.bias=1", "model.bias = 1 must be of type bool, not int"),
        (
            "stages.pretrain.objectives.span.update_embeddings=1",
            "stages.pretrain.objectives.span.update_embeddings = 1 must be of type bool",
        ),
        ("model.width.more=3", "width is a value, not a table"),
        ("model.width.more.still=3", "width is a value, not a table"),
        ("stages.pretrain=3", "give the item's name too"),
        ("model.memory.rows=64", "model.memory.rows is gone: every title has a row of its own now; write"),
        ("model.memory.orders=[2, 3]", "model.memory.orders is gone"),
        ("model.memory.names_only=true", "model.memory.names_only is gone"),
        ("model.memory.names=3", "model.memory.names = 3 must be of type bool"),
        ("model.memory.names=true", 'model.memory needs vocabulary.kind = "words"'),
        ("model=3", "model must be a table"),
        ("data.held_out=3", "data.held_out must be a table"),
        ("model.dropout=nan", "model.dropout = nan must be a finite number"),
        ("stages.pretrain.clip=inf", "stages.pretrain.clip = inf must be a finite number"),
        ("data.held_out.choose=nan", "data.held_out.choose = nan must be a finite number"),
        ("data.held_out.choose=much", "data.held_out.choose = 'much' must be of type float"),
        ("data.held_out.choose=1", "sum to less than 1"),
        ("data.held_out.choose=-0.1", "shares from 0"),
        ("data.held_out.chose=0.1", "unknown part 'chose'"),
        ("model.heads=7", "model.width = 256 is not divisible by model.heads = 7; nearest that works: model.heads = 8"),
        ("model.layers=0", "model.layers = 0 must lie between 1 and 1,024"),
        ("model.context_length=7", "model.context_length = 7 must lie between 8 and 1,048,576"),
        ("model.dropout=1", "must be at least 0 and below 1"),
        ("seed=-1", "seed = -1 must be at least 0"),
        ("answer.length=0", "answer.length = 0 must be at least 1"),
        ("stages.pretrain.clip=-1", "stages.pretrain.clip = -1.0 must be at least 0.0"),
        ("stages.pretrain.negatives=-1", "must be at least 0"),
        ("stages.pretrain.steps=5", "give either steps or epochs"),
        ("stages.pretrain.name=finetune", "two stages of one name"),
        ("stages.pretrain.objectives=[]", "has no objectives"),
        ("stages.pretrain.objectives.span.share=0", "share = 0.0 must be above 0"),
        ("stages.pretrain.objectives.span.stop=0", "start = 0.0 must be below stop = 0.0"),
        ("stages=[]", "has no stages"),
        ("model.width", "write key=value"),
        ("=3", "write key=value"),
        ("model\n\n.width", "--set model .width: write key=value"),
    ],
)  # fmt: skip
def test_a_wrong_override_is_refused_in_one_line_that_says_why(override, message):
    with pytest.raises(RecipeError) as caught:
        load_recipe(COURSE, [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_are_checked_where_the_part_is_made():
    with pytest.raises(RecipeError, match=re.escape('the optimiser "adamw" has no key "rat"; did you mean "rate"?')):
        ComponentSpec("adamw", {"rat": 1e-3}).make("optimiser", None)
    with pytest.raises(RecipeError, match=re.escape("rate = nan must be a finite number")):
        ComponentSpec("adamw", {"rate": float("nan")}).make("optimiser", None)
    with pytest.raises(RecipeError, match=re.escape("beta1 = 1.0 must be at least 0 and below 1")):
        ComponentSpec("adamw", {"beta1": 1.0}).make("optimiser", None)
    with pytest.raises(RecipeError, match=re.escape('no mixer is called "sotfmax"; did you mean "softmax"?')):
        ComponentSpec("sotfmax").make("mixer", None)


# Files ----------------------------------------------------------------------------------------------------------


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(
        RecipeError, match=re.escape('no recipe is called "course-vanila"; did you mean "course-vanilla"?')
    ):
        load_recipe("course-vanila")


def test_a_file_that_is_no_recipe_is_refused_by_its_path(tmp_path):
    with pytest.raises(RecipeError, match="no such recipe file"):
        load_recipe(tmp_path / "none.toml")
    path = tmp_path / "recipe.toml"
    for content in (b"name = ", b"\xff\xfe", b'name = "a"\nname = "b"'):
        path.write_bytes(content)
        with pytest.raises(RecipeError, match="is not a readable TOML file"):
            load_recipe(path)
    path.write_bytes(b'name = "a"')
    with pytest.raises(RecipeError, match='the recipe lacks the key "summary"'):
        load_recipe(path)


@pytest.mark.parametrize(
    ("base", "stages", "message"),
    [
        ("stages = 5", '[[stages]]\nname = "a"', "the recipe lacks the key"),
        ('stages = ["a"]', '[[stages]]\nname = "a"', "the recipe lacks the key"),
        ('base = "fast"', "[[stages]]\nname = [1]", "stages.0 lacks the key"),
    ],
)
def test_stages_of_another_form_are_refused_in_a_recipe_and_in_its_base(base, stages, message, tmp_path):
    (tmp_path / "base.toml").write_text(base)
    (tmp_path / "recipe.toml").write_text(f'base = "base.toml"\n{stages}\n')
    with pytest.raises(RecipeError, match=message):
        load_recipe(tmp_path / "recipe.toml")


def test_an_error_in_a_stage_of_a_file_names_the_stage(tmp_path):
    data = tomllib.loads(load_recipe(COURSE).to_toml())
    data["stages"][1]["schedule"] = 3
    with pytest.raises(RecipeError, match=re.escape("stages.finetune.schedule must be a table, not 3")):
        convert(Recipe, data, "")


def test_several_objectives_need_steps_and_the_shuffled_order():
    shares = (ObjectiveWeight(ComponentSpec("span")), ObjectiveWeight(ComponentSpec("question")))
    stage = {
        "name": "s",
        "objectives": shares,
        "optimiser": ComponentSpec("adamw"),
        "schedule": ComponentSpec("course"),
    }
    Stage(**stage, steps=3)
    for wrong in ({"epochs": 3}, {"steps": 3, "order": "file"}):
        with pytest.raises(RecipeError, match="several objectives need steps"):
            Stage(**stage, **wrong)


def test_a_recipe_knows_whether_it_needs_questions():
    assert load_recipe(COURSE).needs_questions
    assert not load_recipe("characters").needs_questions
    assert ModelRecipe().memory is None


def test_a_part_of_a_recipe_s_name_suggests_that_recipe_in_one_line():
    with pytest.raises(RecipeError) as caught:
        load_recipe("vanilla")
    assert str(caught.value) == 'no recipe is called "vanilla"; did you mean "course-vanilla"?'


@pytest.mark.parametrize("key", ["name", "stages.pretrain.name", "stages.pretrain.order", "model.norm"])
def test_a_value_of_thousands_of_letters_is_shown_in_a_few(key: str):
    with pytest.raises(RecipeError) as caught:
        load_recipe("course-vanilla", [f'{key}="{"x" * 5000}"'])
    assert len(str(caught.value)) < 400
