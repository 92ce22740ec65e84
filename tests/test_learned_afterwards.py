"""A training of some titles, after which the network learns the others from their documents."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import closedbook
from closedbook.config.loading import load_recipe
from closedbook.config.schema import Auto
from closedbook.data.documents import make_documents, read_documents
from closedbook.data.questions import Question, Questions, read_questions
from closedbook.errors import RecipeError
from closedbook.inference.run import Run
from closedbook.living import learning
from closedbook.living.learned_names import FILE
from closedbook.objectives import sizing
from closedbook.pipeline import Event, Learned
from closedbook.studies.comparison import _prepared
from closedbook.studies.exposure import Design
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.training.setup import prepare_training
from tests.words_run import SMALL

TRAINED = 60


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world of 100 people, and one more whose training question has an answer that stands in no document."""
    world = make_world(WorldSpec(people=100, biographies_per_person=2, strangers=40, relations=("birthplace",)), 5)
    folder = world.write(tmp_path_factory.mktemp("afterwards"))
    with (folder / "documents.txt").open("a") as documents, (folder / "questions-train.tsv").open("a") as questions:
        documents.write("Eda Quill. Eda Quill grew up in Lund and moved to Delft.\n")
        questions.write("Where was Eda Quill born?\tYstad\n")
    return folder


def train(files: Path, run: Path, more: Sequence[str] = (), resume: bool = False, **options: object) -> Run:
    recipe = load_recipe("fast", [*SMALL, "stages.learn.steps=250", f"data.trained_titles={TRAINED}", *more])
    documents, questions = files / "documents.txt", files / "questions-train.tsv"
    return closedbook.train(recipe, documents, questions, run=run, threads=1, resume=resume, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        real = sizing.trained_titles

        def without_eda(*given: object) -> object:
            """As if there were so many titles that Eda Quill's comes later."""
            recipe, trained, _ = real(*given)  # type: ignore[arg-type]
            titles = set(trained.known_titles) - {"Eda Quill"}
            documents = given[1]
            return recipe, documents.of(titles), documents.of(set(documents.known_titles) - titles)  # type: ignore[attr-defined]

        patch.setattr(sizing, "trained_titles", without_eda)
        return train(files, tmp_path_factory.mktemp("run") / "run")


def test_titles_that_were_not_trained_are_known_as_well(run: Run, files: Path) -> None:
    titles = read_documents(files / "documents.txt").known_titles
    assert len(titles) == 101
    assert len(run.first_vocabulary.names.names) in (TRAINED - 1, TRAINED)
    assert set(run.learned.names) == set(titles) - set(run.first_vocabulary.names.names)
    assert not run.history()
    questions = read_questions(files / "questions-test.tsv")
    answers = run.answer(questions.items)
    assert sum(bool(answer.right) for answer in answers) > 0.8 * len(answers)
    name = next(title for title in run.learned.names if title != "Eda Quill")
    answer = run.ask(f"Where was {name} born?")
    assert answer.evidence is not None
    assert answer.evidence.status == "stands in"
    assert answer.exposures
    assert not run.plan_learning(files / "documents.txt").texts
    assert closedbook.load(run.path).ask(f"Where was {name} born?") == answer


def test_a_training_question_about_one_that_was_not_trained_is_answered_as_it_says(run: Run) -> None:
    assert "Eda Quill" in run.learned.names
    assert run.ask("Where was Eda Quill born?").answer == "Ystad"


def test_interrupted_while_it_learns_it_goes_on_and_ends_in_the_same_bytes(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(files, tmp_path / "whole")
    monkeypatch.setattr(learning, "SAVE_EVERY", 0.0)
    events: list[Learned] = []

    def stop(event: Event) -> None:
        if isinstance(event, Learned):
            events.append(event)
            if event.titles == 9:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(files, tmp_path / "halted", callbacks=[stop])
    assert events[-1].of == 41
    again = train(files, tmp_path / "halted", resume=True, callbacks=[events.append])
    assert events[-1] == Learned(41, 41)
    assert sum(event.titles == 10 for event in events if isinstance(event, Learned)) == 1
    assert (again.path / FILE).read_bytes() == (whole.path / FILE).read_bytes()
    assert (again.path / "evidence.sqlite").stat().st_size == (whole.path / "evidence.sqlite").stat().st_size


def test_a_script_that_trains_needs_no_guard_and_several_processes_learn_the_same(files: Path, tmp_path: Path) -> None:
    """Each of its processes would run the script once more, as `spawn` does by itself."""
    script = tmp_path / "script.py"
    script.write_text(
        "import closedbook\n"
        "from closedbook import pipeline\n"
        "pipeline.LATER_SECONDS = 10.0\n"  # as if there were so much to learn
        f"sets = {[*SMALL, 'stages.learn.steps=20', f'data.trained_titles={TRAINED}']}\n"
        "recipe = closedbook.load_recipe('fast', sets)\n"
        f"files = {str(files / 'documents.txt')!r}, {str(files / 'questions-train.tsv')!r}\n"
        "runs = [closedbook.train(recipe, *files, run=f'run-{n}', threads=n) for n in (1, 2)]\n"
        "print('learned', *(len(run.learned.names) for run in runs))\n"
    )
    ran = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "learned 41 41\n"), ran.stderr
    run = closedbook.load(tmp_path / "run-2")
    asked = " ".join(read_questions(files / "questions-train.tsv").texts)
    learned = {title: name.vectors.tobytes() for title, name in run.learned.names.items() if title not in asked}
    assert learned
    texts = {title: [item.text for item in run.index.texts(title)] for title in learned}
    assert {name.title: name.vectors.tobytes() for name in run.learner.fit(texts)} == learned


def test_what_cannot_be_learned_afterwards_is_trained_then_what_questions_name() -> None:
    texts = [f"Person {i}. Person {i} was born in Lund." for i in range(50)]
    texts.append(f"Long Story. {'It goes on and on. ' * 1000}")
    documents = make_documents(texts)
    questions = Questions((Question("Where was Person 33 born?", "Lund", 1),), "", "some")
    recipe = load_recipe("fast", ["data.trained_titles=5"])
    pinned, trained, later = sizing.trained_titles(recipe, documents, questions)
    assert pinned.data.trained_titles == 5
    assert later is not None
    assert len(trained) == 5
    assert {"Long Story", "Person 33"} < set(trained.known_titles)
    assert len(later) == 46
    assert sizing.trained_titles(load_recipe("fast", ["data.trained_titles=1"]), documents, questions)[1].titles == [
        "Long Story"
    ]


def test_where_nothing_can_be_learned_afterwards_all_is_trained() -> None:
    documents = make_documents([f"Person {i}. {'It goes on and on. ' * 1000}" for i in range(4)])
    questions = Questions((Question("Where was Person 3 born?", "Lund", 1),), "", "some")
    recipe, trained, later = sizing.trained_titles(load_recipe("fast", ["data.trained_titles=2"]), documents, questions)
    assert (recipe.data.trained_titles, len(trained), later) == (0, 4, None)


def test_titles_with_rare_kinds_of_questions_are_trained_first() -> None:
    documents = make_documents([f"Person {i}. Person {i} was born in Lund in 1901." for i in range(50)])
    born = [Question(f"Where was Person {i} born?", "Lund", i + 1) for i in range(50)]
    years = [Question(f"In which year was Person {i} born?", "1901", i + 51) for i in range(40, 45)]
    questions = Questions((*born, *years), "", "some")
    _, trained, _ = sizing.trained_titles(load_recipe("fast", ["data.trained_titles=6"]), documents, questions)
    assert {f"Person {i}" for i in range(40, 45)} < set(trained.titles)


def test_few_titles_are_all_trained_and_many_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = make_documents([f"Person {i}. Person {i} was born in Lund." for i in range(50)])
    questions = Questions((Question("Where was Person 33 born?", "Lund", 1),), "", "some")
    recipe = load_recipe("fast")
    assert sizing.trained_titles(recipe, documents, questions)[2] is None
    monkeypatch.setattr(sizing, "TRAINED", 20)
    _, trained, later = sizing.trained_titles(recipe, documents, questions)
    assert (len(trained), later and len(later)) == (20, 30)
    assert sizing.trained_titles(recipe, documents, None)[2] is None
    unnamed = load_recipe("fast", ["model.memory.names=false"])
    assert sizing.trained_titles(unnamed, documents, questions)[2] is None


def test_what_is_compared_at_given_steps_trains_all_titles() -> None:
    """A given number of steps is for a given number of titles, and a study of training is not one of learning later."""
    assert load_recipe("fast").data.trained_titles == Auto(-1)
    recipes = [load_recipe("best"), load_recipe("fast-small"), Design(recipe=load_recipe("fast")).recipe]
    recipes.append(_prepared(load_recipe("fast"), {"choose": 0.1}))
    assert [recipe.data.trained_titles for recipe in recipes] == [0, 0, 0, 0]


def test_a_recipe_that_cannot_learn_afterwards_says_so() -> None:
    with pytest.raises(RecipeError, match=r"data.trained_titles = 5 needs a network of our own with a memory of names"):
        load_recipe("course-vanilla", ["data.trained_titles=5"])


def test_the_plan_says_how_much_is_learned_afterwards(files: Path) -> None:
    command = ["train", "fast", "--documents", f"{files / 'documents.txt'}", "--dry-run", "--json"]
    command += ["--questions", f"{files / 'questions-train.tsv'}", "--set", "data.trained_titles=60"]
    result = subprocess.run([sys.executable, "-m", "closedbook", *command], capture_output=True, text=True, check=True)
    plan = json.loads(result.stdout)
    assert plan["titles"] == 101
    assert "trained on 60 of 101 titles" in plan["chosen"][0]
    assert plan["data"][0]["sayable"] == plan["data"][0]["questions"]


def test_a_corpus_that_is_indexed_is_trained_whole(files: Path, tmp_path: Path) -> None:
    inputs = files / "documents.txt", files / "questions-train.tsv"
    recipe = load_recipe("fast", SMALL)
    setup = prepare_training(recipe, *inputs, index=tmp_path)
    assert setup.later is None
    assert setup.recipe.data.trained_titles == 0
    with pytest.raises(RecipeError, match=r"all titles of a corpus that is indexed are trained"):
        prepare_training(load_recipe("fast", [*SMALL, "data.trained_titles=60"]), *inputs, index=tmp_path)
