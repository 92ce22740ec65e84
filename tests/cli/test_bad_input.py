"""Whatever is given: exit code 2, a line or two that say what to do, no traceback, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from shell import RECIPE, Tiny, closedbook, hashes, refused

from closedbook.runs.folder import RunFolder
from closedbook.runs.weights import load_tensors, save_tensors

GOOD = "Ada Lovelace. Ada Lovelace was born in London.\nAlan Turing. He was born in Maida Vale.\n"
ASKED = "Where was Ada Lovelace born?\tLondon\nWhere was Alan Turing born?\tMaida Vale\n"


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, to damage."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


# Documents, questions, dev -----------------------------------------------------------------------------------------

# what: (content or None for missing, where in it, words of the message)
FILES: dict[str, tuple[bytes | None, str, list[str]]] = {
    "missing": (None, "", ["no such file"]),
    "empty": (b"", "", ["is empty"]),
    "only white space": (b" \n\t\n", "", ["is empty"]),
    "Latin-1": (b"Where was Andr\xe9 born?\tNice\n", ":1:", ["not UTF-8", "iconv"]),
    "UTF-16": ("Where was André born?\tNice\n".encode("utf-16"), ":1:", ["not UTF-8", "iconv -f utf-16"]),
    "carriage return": (ASKED.replace(" ", "\r", 1).encode(), ":1:", ["carriage return", "tr -d"]),
    "Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "", ["git lfs pull"]),
    "blank line": (ASKED.replace("\n", "\n\n", 1).encode(), ":2:", ["is blank"]),
    "blank last line": (ASKED.encode() + b"\n", ":3:", ["is blank"]),
    "NUL": (b"Where was Ada\0 born?\tLondon\n", ":1:", ["NUL"]),
}
QUESTIONS: dict[str, tuple[bytes | None, str, list[str]]] = {
    "too many tabs": (ASKED.replace("London", "London\tUK").encode(), ":1:", ["2 tabs", "QUESTION<tab>ANSWER"]),
    "no answers": (b"Where was Ada born?\nWhere was Alan born?\n", ":1:", ["has no answer"]),
    "one answer missing": (ASKED.encode() + b"Where was Alan born?\n", ":3:", ["has no answer"]),
    "empty answer": (b"Where was Ada born?\t \n", ":1:", ["no answer"]),
    "empty question": (b"\tLondon\n", ":1:", ["no question"]),
}


def command_with(tiny: Tiny, option: str, path: Path) -> list[str]:
    """A training's arguments with one file replaced."""
    arguments = tiny.train(tiny.folder / "never", "--dev", f"{tiny.dev}")
    arguments[arguments.index(option) + 1] = str(path)
    return arguments


@pytest.mark.parametrize("option", ["--documents", "--questions", "--dev"])
@pytest.mark.parametrize("what", FILES)
def test_a_file_that_cannot_be_used_is_found_before_anything_is_written(
    option: str, what: str, tiny: Tiny, tmp_path: Path
):
    content, place, words = FILES[what]
    path = tmp_path / "file.txt"
    if content is not None:
        path.write_bytes(content)
    before = hashes(tiny.folder)
    for more in ([], ["--dry-run", "--json"]):
        refused(closedbook(*command_with(tiny, option, path), *more), f"{path}{place}", *words)
    assert hashes(tiny.folder) == before
    assert not (tiny.folder / "never").exists()


@pytest.mark.parametrize("option", ["--questions", "--dev"])
@pytest.mark.parametrize("what", QUESTIONS)
def test_questions_that_cannot_be_used_are_found_before_anything_is_written(
    option: str, what: str, tiny: Tiny, tmp_path: Path
):
    content, place, words = QUESTIONS[what]
    assert content is not None
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    refused(closedbook(*command_with(tiny, option, path)), f"{path}{place}", *words)
    assert not (tiny.folder / "never").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_questions_from_a_pipe_are_refused_at_once(tiny: Tiny, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    arguments = ["train", str(tiny.recipe), "--documents", str(tiny.documents), "--run", str(tmp_path / "run")]
    refused(closedbook(*arguments, "--questions", tmp_path / "pipe"), "is a pipe")
    refused(closedbook("train", "characters", "--documents", tmp_path / "pipe"), "is a pipe")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["--documents", "--questions", "--dev"])
def test_a_folder_is_no_file(option: str, tiny: Tiny, tmp_path: Path):
    refused(closedbook(*command_with(tiny, option, tmp_path)), f"{tmp_path} is a folder")
    refused(closedbook(*command_with(tiny, option, tiny.documents / "below")), "cannot be read")
    refused(closedbook(*command_with(tiny, option, tmp_path / ("x" * 300))), "cannot be read")


def test_a_recipe_that_trains_on_questions_wants_them(tiny: Tiny):
    done = closedbook("train", tiny.recipe, "--documents", tiny.documents, "--run", tiny.folder / "never")
    refused(done, "--questions")
    assert not (tiny.folder / "never").exists()


def test_a_question_with_letters_that_no_document_holds_is_refused_in_training(tiny: Tiny, tmp_path: Path):
    path = tmp_path / "questions.tsv"
    path.write_text(ASKED + "Where was Ωmega born?\tRome\n", encoding="utf-8")
    refused(closedbook(*command_with(tiny, "--questions", path)), f"{path}:3:", "'Ω'", "U+03A9")


def test_a_question_longer_than_the_block_is_refused_in_training(tiny: Tiny, tmp_path: Path):
    path = tmp_path / "questions.tsv"
    path.write_text(ASKED + f"Where was {'Hector ' * 60}born?\tRome\n", encoding="utf-8")
    refused(closedbook(*command_with(tiny, "--questions", path)), f"{path}:3:", "model.context_length")


def test_reserved_characters_in_documents_are_refused(tiny: Tiny, tmp_path: Path):
    path = tmp_path / "documents.txt"
    path.write_text(GOOD + "A ⁇ mark. Text.\n", encoding="utf-8")
    refused(closedbook(*command_with(tiny, "--documents", path)), "⁇", "MASK")


def test_an_enormous_line_is_a_document_like_any_other(tiny: Tiny, tmp_path: Path):
    path = tmp_path / "documents.txt"
    path.write_text(tiny.documents.read_text(encoding="utf-8") + "Long. " + "word " * 200_000 + "\n", encoding="utf-8")
    assert (
        closedbook(*tiny.train(tmp_path / "run")[:2], *command_with(tiny, "--documents", path)[2:], "--dry-run").code
        == 0
    )


@pytest.mark.parametrize("text", ["A. B.\n", "x", "A\n", "Ada. Ada\n" * 3])
def test_the_smallest_corpora_train_or_are_refused(text: str, tiny: Tiny, tmp_path: Path):
    documents = tmp_path / "documents.txt"
    documents.write_text(text, encoding="utf-8")
    for recipe, steps in (("characters", "stages.train.steps=2"), (f"{tiny.recipe}", "stages.pretrain.steps=2")):
        questions = tmp_path / "questions.tsv"
        questions.write_text(f"{text[0]}\t{text[0]}\n", encoding="utf-8")
        done = closedbook(
            "train", recipe, "--documents", documents, "--questions", questions, "--set", steps,
            "--set", "model.width=12", "--set", "model.heads=2", "--run", tmp_path / f"run-{steps[7]}", "--threads", 1,
        )  # fmt: skip
        assert done.code in (0, 2), done.err
        if done.code:
            refused(done)


# Recipes and options -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [("fats", ['"fast"']), ("course-vanila", ['"course-vanilla"']), ("none.toml", ["no such recipe file", "fast"]),
     ("", ["no recipe"])],
)  # fmt: skip
def test_an_unknown_recipe_is_refused_with_the_nearest(name: str, words: list[str], tiny: Tiny):
    arguments = tiny.train(tiny.folder / "never")
    arguments[1] = name
    refused(closedbook(*arguments), *words)
    refused(closedbook("show", "recipe", name), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", ["not a readable TOML file"]),
        ("\ufeff" + RECIPE, ["not a readable TOML file"]),
        ("\0\1\2", ["not a readable TOML file"]),
        ("", ['lacks the key "name"']),
        (RECIPE.replace("width", "widht"), ["widht", '"width"']),
        (RECIPE.replace("width = 16", 'width = "16"'), ["model.width", "int"]),
        (RECIPE.replace("width = 16", "width = 15"), ["model.heads", "nearest"]),
        (RECIPE.replace("steps = 6", "steps = 0"), ["steps or epochs"]),
        (RECIPE.replace('"adamw"', '"adamv"'), ['"adamw"']),
        (RECIPE.replace("rate = 3e-3", "rate = 3e-3, beta = 0.9"), ["beta", "did you mean"]),
        (RECIPE.replace("rate = 1e-3", "rate = -1"), ["rate"]),
        (RECIPE.replace("rate = 1e-3", "rate = 1e-3, beta1 = 2"), ["beta1"]),
        (RECIPE.replace("context_length = 96", "context_length = 4"), ["context_length"]),
        (RECIPE.replace('name = "span"', 'name = "spam"'), ['"span"']),
        (RECIPE.replace("[answer]", "[answers]"), ['"answer"']),
        (RECIPE.replace('"finetune"', '"pretrain"'), ["two stages"]),
    ],
)
def test_a_recipe_file_with_a_mistake_is_refused(text: str, words: list[str], tiny: Tiny, tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    arguments = tiny.train(tiny.folder / "never")
    arguments[1] = str(path)
    refused(closedbook(*arguments), *words)
    assert not (tiny.folder / "never").exists()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.widht=16", ['"width"']),
        ("modle.width=16", ['"model"']),
        ("model.width", ["key=value"]),
        ("=3", ["key=value"]),
        ("model.width=wide", ["model.width", "int"]),
        ("model.width=1.5", ["model.width", "int"]),
        ("model.width=-16", ["must lie between 1 and"]),
        ("model=3", ["table"]),
        ("stages=3", ["list"]),
        ("stages.pretain.steps=3", ['"pretrain"']),
        ("stages.pretrain.optimiser.rat=1", ['"rate"']),
        ("stages.finetune.optimiser.rate=fast", ["rate", "float"]),
        ("stages.finetune.schedule.name=corse", ['"course"']),
        ("model.context_length=9223372036854775808", ["too large"]),
        ("model.dropout=1.0", ["dropout"]),
        ("model.dropout=nan", ["model.dropout"]),
        ("model.mixer=sofmax", ['"softmax"']),
        ("model.positions=left", ["learned"]),
        ("data.held_out.choose=2.0", ["less than 1"]),
        ("data.held_out.chose=0.1", ["choose"]),
        ("vocabulary.kind=letters", ["characters"]),
        ("vocabulary.kind=words", ["objective span", "phrases"]),
        ("vocabulary.kind=bpe", ["258"]),
        ("seed=-1", ["at least 0"]),
        ("seed=99999999999999999999", ["seed"]),
    ],
)
def test_an_override_with_a_mistake_is_refused(override: str, words: list[str], tiny: Tiny):
    refused(closedbook(*tiny.train(tiny.folder / "never", "--set", override)), *words)
    assert not (tiny.folder / "never").exists()


@pytest.mark.parametrize("threads", ["0", "-2", "1000000"])
def test_a_thread_count_that_cannot_be_is_refused(threads: str, tiny: Tiny):
    before = torch.get_num_threads()
    arguments = tiny.train(tiny.folder / "never")
    arguments[arguments.index("--threads") + 1] = threads
    refused(closedbook(*arguments), "--threads", threads)
    refused(closedbook(*arguments, "--dry-run"), "--threads", threads)
    assert torch.get_num_threads() == before
    assert not (tiny.folder / "never").exists()


def test_a_network_too_large_for_the_machine_is_refused(tiny: Tiny, monkeypatch: pytest.MonkeyPatch):
    from closedbook.training import setup

    def make(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: 9 bytes")

    monkeypatch.setattr(setup, "new_network", make)
    refused(closedbook(*tiny.train(tiny.folder / "never")), "memory", "model.width")


@pytest.mark.parametrize("run", ["below", "name too long"])
def test_a_folder_that_cannot_be_made_is_refused_before_training(run: str, tiny: Tiny):
    path = tiny.documents / "run" if run == "below" else tiny.folder / ("x" * 300)
    before = hashes(tiny.folder)
    refused(closedbook(*tiny.train(path)), "cannot be", "--run")
    refused(closedbook(*tiny.train(tiny.documents)), "exists already")
    assert hashes(tiny.folder) == before


# Run folders -------------------------------------------------------------------------------------------------------


def commands(run: Path, tiny: Tiny) -> list[list[object]]:
    return [["ask", run, "Where?"], ["evaluate", run, "--questions", tiny.dev, "--save"], ["sample", run, "The"]]


def test_a_run_that_is_none_is_refused(tiny: Tiny, tmp_path: Path):
    for path, word in ((tmp_path / "none", "no such run"), (tmp_path, "not a run folder"), (tiny.dev, "not a run")):
        for command in commands(path, tiny):
            refused(closedbook(*command), str(path), word, "closedbook list runs")


def set_format(number: object) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        (run / "run.json").write_text(json.dumps({**record, "format": number}), encoding="utf-8")

    return damage


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda run: (run / name).write_bytes(content) and None


def cut(name: str, keep: float) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        content = (run / name).read_bytes()
        (run / name).write_bytes(content[: int(len(content) * keep)])

    return damage


def flip(name: str, at: float) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        content = bytearray((run / name).read_bytes())
        content[int(len(content) * at)] ^= 1
        (run / name).write_bytes(content)

    return damage


def other_weights(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        tensors, record = load_tensors(run / "model.safetensors")
        change(tensors)
        save_tensors(run / "model.safetensors", tensors, record)

    return damage


def narrower(tensors: dict[str, torch.Tensor]) -> None:
    tensors["embedding.weight"] = tensors["embedding.weight"][:, 1:]


def not_numbers(tensors: dict[str, torch.Tensor]) -> None:
    tensors["embedding.weight"][0, 0] = float("nan")


DAMAGE: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "run.json cut short": (cut("run.json", 0.5), ["run.json is damaged"]),
    "run.json not an object": (write("run.json", b"[1]"), ["run.json is damaged"]),
    "run.json not text": (write("run.json", b"\xff\xfe\0"), ["run.json is damaged"]),
    "run.json nested without end": (write("run.json", b"[" * 200_000), ["run.json is damaged"]),
    "a later format": (set_format(99), ["format 99", "reads format 4"]),
    "another format": (set_format("x"), ['format "x"', "reads format 4"]),
    "no format": (set_format(None), ["format null", "reads format 4"]),
    "recipe.toml missing": (lambda run: (run / "recipe.toml").unlink(), ["no recipe.toml"]),
    "recipe.toml cut short": (cut("recipe.toml", 0.3), ["recipe.toml is damaged"]),
    "recipe.toml with an unknown key": (write("recipe.toml", b"widht = 3"), ["recipe.toml is damaged", "widht"]),
    "vocabulary.json missing": (lambda run: (run / "vocabulary.json").unlink(), ["no vocabulary.json"]),
    "vocabulary.json cut short": (cut("vocabulary.json", 0.5), ["vocabulary.json is damaged"]),
    "vocabulary.json of another kind": (write("vocabulary.json", b'{"kind": "x"}'), ["vocabulary.json"]),
    "vocabulary.json without its list": (write("vocabulary.json", b'{"kind": "characters"}'), ["vocabulary.json"]),
    "vocabulary.json too short": (
        write("vocabulary.json", b'{"kind": "characters", "characters": ["a"]}'),
        ["does not fit"],
    ),
    "weights missing": (lambda run: (run / "model.safetensors").unlink(), ["model.safetensors"]),
    "weights empty": (write("model.safetensors", b""), ["model.safetensors is damaged"]),
    "weights cut in the header": (cut("model.safetensors", 0.01), ["model.safetensors is damaged"]),
    "weights cut short": (cut("model.safetensors", 0.99), ["model.safetensors is damaged"]),
    "weights with one bit changed": (flip("model.safetensors", 0.7), ["model.safetensors is damaged"]),
    "weights with a last bit changed": (flip("model.safetensors", 0.99999), ["model.safetensors is damaged"]),
    "weights replaced by text": (write("model.safetensors", b"weights" * 9), ["model.safetensors is damaged"]),
    "weights of another network": (other_weights(narrower), ["does not fit"]),
    "weights without a part": (
        other_weights(lambda tensors: tensors.__delitem__("embedding.weight")),
        ["does not fit"],
    ),
    "weights that are no numbers": (other_weights(not_numbers), ["diverged"]),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_run_is_refused_and_names_the_file(what: str, run: Path):
    before = hashes(run)
    DAMAGE[what][0](run)
    after = hashes(run)
    (name,) = (name for name in before if after.get(name) != before[name])
    refused(closedbook("ask", run, "Where?"), str(run), name if "format" not in what else "format")
    assert hashes(run) == after


def test_an_unfinished_run_says_how_to_finish_it(run: Path):
    (run / "model.safetensors").unlink()
    RunFolder.open(run).update(status="training")
    refused(closedbook("ask", run, "Where?"), "not finished", f"closedbook train {run}/recipe.toml", "--resume")


def test_a_damaged_training_state_is_refused_and_left_as_it_is(tiny: Tiny, tmp_path: Path):
    from closedbook import pipeline

    run = tmp_path / "run"

    def interrupt(event: pipeline.Event) -> None:
        if isinstance(event, pipeline.Step):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.train(tiny.recipe, tiny.documents, tiny.questions, run=run, threads=1, callbacks=[interrupt])
    good = (run / "training.safetensors").read_bytes()
    for damage in (cut("training.safetensors", 0.9), flip("training.safetensors", 0.8)):
        (run / "training.safetensors").write_bytes(good)
        damage(run)
        before = hashes(run)
        refused(closedbook(*tiny.train(run, "--resume", "--json")), "training.safetensors is damaged")
        assert hashes(run) == before
    (run / "training.safetensors").write_bytes(good)
    RunFolder.open(run).update(threads="many")
    refused(closedbook(*tiny.train(run, "--resume", "--json")), "run.json is damaged")


# Questions asked ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", " ", "\n\t "])
def test_an_empty_question_is_refused(question: str, finished: Path):
    refused(closedbook("ask", finished, question), "empty")
    refused(closedbook("sample", finished, question), "empty")


def test_bytes_that_are_no_text_are_refused(finished: Path, tiny: Tiny):
    refused(closedbook("ask", finished, os.fsdecode(b"Where was Andr\xe9 born?")), "UTF-8")
    refused(closedbook("sample", finished, os.fsdecode(b"Andr\xe9")), "UTF-8")
    name = tiny.folder / os.fsdecode(b"andr\xe9.txt")
    refused(closedbook(*command_with(tiny, "--documents", name)), "no such file")
    try:
        shutil.copy(tiny.documents, name)
    except OSError:
        pytest.skip("this file system has no such names")
    arguments = command_with(tiny, "--documents", name)
    arguments[arguments.index("--run") + 1] += "-but-now"
    assert closedbook(*arguments).code == 0  # a file name need not be UTF-8
    name.unlink()


@pytest.mark.parametrize(
    ("question", "unknown"),
    [("Where was " + "Hector " * 1500 + "born?", 0), ("Где родился Гектор?", 14 + 2), ("\x00\x1b[31m\x07?", None),
     ("⁇□⁇ where?", 3), ("nisg ✈ 𝔘𝔫𝔦?", 4)],
    ids=["10,000 characters", "another script", "control characters", "reserved characters", "beyond the plane"],
)  # fmt: skip
def test_strange_questions_get_an_answer_a_count_and_a_warning(question: str, unknown: int | None, finished: Path):
    done = closedbook("ask", finished, question, "--json")
    assert done.code == 0, done.err
    answer = done.json
    assert answer["question"] == question
    assert "closedbook: warning:" in done.err
    assert len(done.err) < 1000
    assert "\x1b" not in done.err
    if unknown:
        assert answer["unknown_characters"] == unknown
    if len(question) > 1000:
        assert answer["dropped_tokens"] > 10_000 - 96


def test_a_file_of_strange_questions_gets_one_warning_of_a_kind(finished: Path, tmp_path: Path):
    path = tmp_path / "questions.txt"
    path.write_text("Где родился Гектор?\n" * 30 + "Where " * 40 + "?\n", encoding="utf-8")
    done = closedbook("evaluate", finished, "--questions", path, "--json")
    assert done.code == 0
    warned = [line for line in done.err.splitlines() if "warning" in line]
    assert len(warned) == 2
    assert "30 of 31 questions" in warned[0]
    assert "1 of 31 questions" in warned[1]


@pytest.mark.parametrize(
    ("option", "value"),
    [("--length", "0"), ("--length", "-5"), ("--temperature", "-0.1"), ("--temperature", "nan"),
     ("--temperature", "inf"), ("--top-k", "-1"), ("--seed", "-1"), ("--seed", str(2**70))],
)  # fmt: skip
def test_sampling_that_cannot_be_is_refused(option: str, value: str, finished: Path):
    refused(closedbook("sample", finished, "The", f"{option}={value}"), option[2:].replace("-", "_"), value)


# Outputs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--answers", "--predictions"])
def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    option: str, finished: Path, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from closedbook import pipeline

    def work(*_: object) -> None:
        raise AssertionError("it began to work")

    monkeypatch.setattr(pipeline, "evaluate", work)
    before = hashes(tiny.folder)
    for path, word in (
        (tmp_path / "none" / "a.jsonl", "make it first"),
        (tmp_path, "is a folder"),
        (tiny.documents / "a.jsonl", "cannot be written"),
        (tiny.dev, "is named twice"),
    ):
        refused(closedbook("evaluate", finished, "--questions", tiny.dev, option, path), str(path), word)
    assert hashes(tiny.folder) == before
    assert not list(tmp_path.iterdir())
    both = ["--answers", tmp_path / "same", "--predictions", tmp_path / "." / "x" / ".." / "same"]
    (tmp_path / "x").mkdir()
    refused(closedbook("evaluate", finished, "--questions", tiny.dev, *both), "same", "is named twice")
    (tmp_path / "same").touch()
    refused(closedbook("evaluate", finished, "--questions", tiny.dev, *both), "same", "is named twice")


def test_where_only_one_thing_can_be_said_the_answers_are_json_still(tmp_path: Path):
    (tmp_path / "one.txt").write_text("Ada Lovelace. Ada Lovelace was born in London .\n", encoding="utf-8")
    (tmp_path / "asked.tsv").write_text("Where was Ada Lovelace born?\tLondon\n", encoding="utf-8")
    small = ["--set", "stages.learn.steps=2", "--set", "data.held_out={}"]
    arguments = ["--documents", tmp_path / "one.txt", "--questions", tmp_path / "asked.tsv", "--threads", "1"]
    done = closedbook("train", "demo", *arguments, *small, "--run", tmp_path / "run")
    assert done.code == 0, done.err
    answered = closedbook("ask", tmp_path / "run", "Where was Ada Lovelace born?", "--json").json
    assert answered["answer"] == "London"


def test_what_gives_an_objective_nothing_to_show_is_named(tmp_path: Path):
    path = tmp_path / "small.txt"
    path.write_text("ada lovelace. she was a mathematician.\nalan turing. he was one too.\n", encoding="utf-8")
    (tmp_path / "asked.tsv").write_text("Where was ada lovelace born?\tLondon\n", encoding="utf-8")
    arguments = ["--documents", path, "--questions", tmp_path / "asked.tsv", "--set", "data.held_out={}"]
    refused(closedbook("train", "demo", *arguments, "--dry-run"), '"cue"', f"in {path}", "Title. Text")
    refused(closedbook("train", "demo", *arguments, "--set", "data.documents=text", "--dry-run"), "has no titles")


def test_a_run_folder_that_cannot_be_written_keeps_what_it_has(run: Path, tiny: Tiny):
    (run / "evaluation.json").mkdir()
    before = hashes(run)
    refused(closedbook("evaluate", run, "--questions", tiny.dev, "--save", "--json"), "evaluation.json", "cannot be")
    assert hashes(run) == before


@pytest.mark.parametrize("content", FILES)
def test_evaluate_refuses_the_same_files(content: str, finished: Path, tmp_path: Path):
    data, place, words = FILES[content]
    path = tmp_path / "questions.tsv"
    if data is not None:
        path.write_bytes(data)
    refused(closedbook("evaluate", finished, "--questions", path, "--json"), f"{path}{place}", *words)


def test_show_objective_refuses_what_it_cannot_show(tiny: Tiny):
    show = ["show", "objective"]
    refused(closedbook(*show, "spam", "--documents", tiny.documents), '"span"')
    refused(closedbook(*show, "question", "--documents", tiny.documents), "--questions")
    refused(closedbook(*show, "span", "--documents", tiny.documents, "--number", "0"), "--number")
    refused(closedbook(*show, "span", "--documents", tiny.documents, "--seed=-1"), "--seed")
    refused(closedbook(*show, "span", "--documents", tiny.folder / "none"), "no such file")
