"""The course's command lines as its handout has them, on some twenty documents, with pretraining cut by --epochs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from mingpt import MinGPT
from shell import Done, Tiny, closedbook, killed, make_tiny, refused

from closedbook.course import assignment
from closedbook.data.documents import read_documents
from closedbook.data.questions import read_questions
from closedbook.data.vocabulary import Characters
from closedbook.errors import DataError, RecipeError
from closedbook.runs.folder import RunFolder

ONE = ("--epochs", "1", "--threads", "1")


@dataclass(frozen=True)
class Course:
    """A folder in which the handout's first commands were run."""

    tiny: Tiny
    inputs: Path  # questions without answers
    said: str

    @property
    def corpus(self) -> Path:
        return self.tiny.documents

    def at(self, name: str) -> Path:
        return self.tiny.folder / name


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Course:
    tiny = make_tiny(tmp_path_factory.mktemp("course"))
    documents, letters = [], set()  # few, because the network has the course's size; with every letter of the world
    for line in tiny.documents.read_text(encoding="utf-8").splitlines(keepends=True):
        if len(documents) < 16 or set(line) - letters:
            documents.append(line)
            letters |= set(line)
    tiny.documents.write_text("".join(documents), encoding="utf-8")
    inputs = tiny.folder / "test_inputs.tsv"
    texts = [line.split("\t")[0] for line in tiny.dev.read_text(encoding="utf-8").splitlines()]
    inputs.write_text("\n".join(texts) + "\n", encoding="utf-8")
    course = Course(tiny, inputs, "")
    first = closedbook(
        "cs224n",
        "pretrain",
        "vanilla",
        course.corpus,
        "--writing_params_path",
        course.at("vanilla.pretrain.params"),
        *ONE,
    )
    assert first.code == 0, first.err
    second = closedbook(
        "cs224n", "finetune", "vanilla", course.corpus, "--reading_params_path", course.at("vanilla.pretrain.params"),
        "--writing_params_path", course.at("vanilla.finetune.params"), "--finetune_corpus_path", tiny.questions, *ONE,
    )  # fmt: skip
    assert second.code == 0, second.err
    return course


def evaluated(done: Course, questions: Path, outputs: str, **flags: str) -> str:
    written = closedbook(
        "cs224n", "evaluate", "vanilla", done.corpus, "--reading_params_path", done.at("vanilla.finetune.params"),
        "--eval_corpus_path", questions, "--outputs_path", done.at(outputs), "--threads", "1",
    )  # fmt: skip
    assert written.code == 0, written.err
    return written.out


def test_parameters_are_those_of_the_course_s_model(done: Course):
    size = len({*done.corpus.read_text(encoding="utf-8")}) + 2
    for name in ("vanilla.pretrain.params", "vanilla.finetune.params"):
        MinGPT(size).load_state_dict(torch.load(done.at(name), weights_only=True))


def test_finetuning_begins_from_the_file_it_reads(done: Course):
    before, after = (
        torch.load(done.at(f"vanilla.{leg}.params"), weights_only=True)["tok_emb.weight"]
        for leg in ("pretrain", "finetune")
    )
    fresh = torch.load(done.at("vanilla.pretrain.params"), weights_only=True)["head.weight"].std()
    assert (after - before).abs().max() < 0.01 < fresh  # one step at 6e-4 moves a weight by about that
    record = RunFolder.open(done.at("vanilla.finetune.params.run")).record()
    assert record["start"]["path"].endswith("vanilla.pretrain.params")


def test_predictions_are_one_a_line_and_the_printed_line_counts_them(done: Course):
    out = evaluated(done, done.tiny.dev, "dev.predictions")
    predictions = done.at("dev.predictions").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    golds = read_questions(done.tiny.dev).answers
    assert len(predictions) == len(golds) == 12
    correct = float(sum(map(str.__eq__, predictions, golds)))
    assert out == f"Correct: {correct} out of 12.0: {correct / 12 * 100}%\n"


def test_predictions_are_those_of_the_course_s_own_model(done: Course):
    """Decoded one character at a time by a model written from the handout, from the file we wrote."""
    evaluated(done, done.inputs, "test.predictions")
    characters = ["□", "⁇", *sorted({*done.corpus.read_text(encoding="utf-8")})]
    model = MinGPT(len(characters)).eval()
    model.load_state_dict(torch.load(done.at("vanilla.finetune.params"), weights_only=True))
    lines = done.inputs.read_text(encoding="utf-8").splitlines(keepends=True)
    predictions = done.at("test.predictions").read_text(encoding="utf-8").splitlines()
    for line, ours in list(zip(lines, predictions, strict=True))[:4]:
        ids = [characters.index(c) for c in line.split("\t")[0] + "⁇"]  # the newline is part of the prompt
        with torch.no_grad():
            for _ in range(32):
                ids.append(int(model(torch.tensor([ids]))[0, -1].argmax()))
        assert "".join(characters[i] for i in ids).split("⁇")[1].replace("\n", " ") == ours


def test_a_file_without_answers_is_answered_and_not_scored(done: Course):
    out = evaluated(done, done.inputs, "test.predictions")
    assert out.splitlines() == [
        "No gold birth places provided; returning (0,0)",
        f"Predictions written to {done.at('test.predictions')}; no targets provided",
    ]


def test_the_prompt_ends_where_the_course_s_does(tmp_path: Path):
    for content, expected in (
        ("Where was A born?\nWhere was B born?\n", ["Where was A born?\n", "Where was B born?\n"]),
        ("Where was A born?\nWhere was B born?", ["Where was A born?\n", "Where was B born?"]),
        ("Where was A born?\tX\n", ["Where was A born?"]),
    ):
        (tmp_path / "q.tsv").write_text(content, encoding="utf-8")
        assert assignment.prompts(read_questions(tmp_path / "q.tsv")) == expected


def test_ctrl_c_saves_and_the_same_command_goes_on_to_the_same_parameters(done: Course, tmp_path: Path):
    def command(name: str) -> list[str]:
        return [
            "cs224n", "finetune", "vanilla", f"{done.corpus}", "--epochs=2", "--threads=1",
            f"--reading-params-path={done.at('vanilla.pretrain.params')}", f"--writing-params-path={tmp_path / name}",
            f"--finetune-corpus-path={done.tiny.questions}",
        ]  # fmt: skip

    stopped = killed("SIGINT", "after", 1, command("a.params"))
    assert stopped.code == 130, stopped.err
    assert "The same command goes on" in stopped.out
    assert not (tmp_path / "a.params").exists()
    other = [part.replace("--epochs=2", "--epochs=1") for part in command("a.params")]
    refused(closedbook(*other), "other flags")
    other = [part.replace(str(done.tiny.questions), str(done.tiny.dev)) for part in command("a.params")]
    refused(closedbook(*other), "other questions", "give the same, or begin another run")  # there is no --run here
    again = closedbook(*command("a.params"))
    assert again.code == 0, again.err
    assert "going on from step" in again.out
    assert closedbook(*command("b.params")).code == 0
    a, b = (torch.load(tmp_path / name, weights_only=True) for name in ("a.params", "b.params"))
    assert all(torch.equal(a[name], b[name]) for name in b)


def test_a_finished_run_makes_way_for_the_next_but_not_for_one_that_cannot_begin(done: Course, tmp_path: Path):
    here = ("cs224n", "finetune", "vanilla", done.corpus, "--writing_params_path", tmp_path / "a.params", *ONE)
    assert closedbook(*here, "--finetune_corpus_path", done.tiny.questions).code == 0
    before = (tmp_path / "a.params.run" / "run.json").read_bytes()
    refused(closedbook(*here, "--finetune_corpus_path", done.inputs), "has no answer")
    assert (tmp_path / "a.params.run" / "run.json").read_bytes() == before
    assert closedbook(*here, "--finetune_corpus_path", done.tiny.dev).code == 0
    assert RunFolder.open(tmp_path / "a.params.run").record()["questions"]["path"] == f"{done.tiny.dev}"


def test_parameters_that_a_finished_training_lacks_are_written_and_nothing_is_trained_again(
    done: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written = tmp_path / "a.params"
    here = [
        "cs224n", "finetune", "vanilla", done.corpus, "--reading_params_path", done.at("vanilla.pretrain.params"),
        "--writing_params_path", written, *ONE, "--finetune_corpus_path",
    ]  # fmt: skip
    assert closedbook(*here, done.tiny.questions).code == 0
    before = written.read_bytes()
    written.unlink()
    with monkeypatch.context() as patch:
        patch.setattr("closedbook.pipeline.train", lambda *_, **__: pytest.fail("it was trained already"))
        again = closedbook(*here, done.tiny.questions)
    assert again.code == 0, again.err
    assert written.read_bytes() == before
    written.unlink()
    assert closedbook(*here, done.tiny.dev).code == 0  # other questions: another training
    assert RunFolder.open(tmp_path / "a.params.run").record()["questions"]["path"] == f"{done.tiny.dev}"


def test_a_folder_that_is_no_run_is_left_alone(done: Course, tmp_path: Path):
    (tmp_path / "a.params.run").mkdir()
    (tmp_path / "a.params.run" / "thesis.txt").write_text("mine")
    refused(
        closedbook("cs224n", "pretrain", "vanilla", done.corpus, "--writing_params_path", tmp_path / "a.params", *ONE),
        "a.params.run", "not a run folder",
    )  # fmt: skip
    assert (tmp_path / "a.params.run" / "thesis.txt").read_text() == "mine"


def test_the_handout_s_epochs_and_rates():
    for variant in ("vanilla", "synthesizer"):
        (pretrain,) = assignment.course_recipe("pretrain", variant).stages
        (after,) = assignment.course_recipe("finetune", variant).stages
        (alone,) = assignment.course_recipe("finetune", variant, pretrained=False).stages
        assert [(s.epochs, s.batch, s.optimiser.options["rate"]) for s in (pretrain, after, alone)] == [
            (650, 128, 6e-3), (10, 256, 6e-4), (75, 256, 6e-4)
        ]  # fmt: skip
    (stage,) = assignment.course_recipe("finetune", "vanilla", rate=1e-5, bottleneck=64, epochs=2).stages
    assert (stage.epochs, stage.optimiser.options["rate"]) == (2, 1e-5)


def test_the_bottleneck_is_the_course_s_where_it_is_left_out():
    for length, expected in ((None, 32), (64, 64)):
        assert (
            assignment.course_recipe("pretrain", "perceiver", bottleneck=length).model.stack.options["latents"]
            == expected
        )
    assert assignment.course_recipe("pretrain", "vanilla", bottleneck=64) == assignment.course_recipe(
        "pretrain", "vanilla"
    )
    assert assignment.course_recipe("pretrain", "perceiver", bottleneck=128).model.stack.options["latents"] == 128
    with pytest.raises(RecipeError, match=r"--bottleneck_dim 500 .* at most 128"):
        assignment.course_recipe("pretrain", "perceiver", bottleneck=500)


def test_the_schedule_of_2024_is_asked_for_by_a_flag(done: Course):
    for function in ("pretrain", "finetune"):
        for schedule, passes in (("2021", 200), ("2024", 650)):
            (stage,) = assignment.course_recipe(function, "rope", schedule=schedule).stages
            assert stage.schedule.options["passes"] == passes
    written = done.at("late.params")
    made = closedbook(
        "cs224n", "pretrain", "vanilla", done.corpus, "--writing_params_path", written, "--schedule", "2024", *ONE
    )
    assert made.code == 0, made.err
    recipe = RunFolder.open(done.at("late.params.run")).recipe()
    assert (recipe.name, recipe.stages[0].schedule.options["passes"]) == ("course-vanilla-2024-pretrain", 650)


def test_a_variant_without_a_recipe_says_which_there_are(done: Course, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(assignment, "recipe_names", lambda: ["course-vanilla", "course-synthesizer"])
    refused(
        closedbook("cs224n", "pretrain", "rope", done.corpus, "--writing_params_path", done.at("x")),
        '"rope"', "course-rope", "vanilla, synthesizer",
    )  # fmt: skip


def test_what_a_function_needs_is_asked_for_by_name(done: Course):
    refused(closedbook("cs224n", "pretrain", "vanilla", done.corpus), "--writing_params_path")
    refused(closedbook("cs224n", "evaluate", "vanilla", done.corpus), "--reading_params_path", "--outputs_path")


def test_parameters_of_another_variant_or_corpus_are_refused(done: Course):
    common = ["--reading_params_path", done.at("vanilla.pretrain.params"), "--eval_corpus_path", done.tiny.dev]
    outputs = ["--outputs_path", done.at("none")]
    refused(closedbook("cs224n", "evaluate", "synthesizer", done.corpus, *common, *outputs), "another variant")
    refused(closedbook("cs224n", "evaluate", "vanilla", done.tiny.dev, *common, *outputs), "documents were asked for")
    assert not done.at("none").exists()


def test_london_is_counted(tmp_path: Path):
    file = tmp_path / "dev.tsv"
    file.write_text("Where was A born?\tLondon\n" + "Where was B born?\tParis\n" * 3, encoding="utf-8")
    assert closedbook("cs224n", "london", "--eval_corpus_path", file).out == "Correct: 1.0 out of 4.0: 25.0%\n"


def test_the_course_s_own_figure_for_london(cs224n: Path):
    assert closedbook("cs224n", "london", "--eval-corpus-path", cs224n / "birth_dev.tsv").out == (
        "Correct: 25.0 out of 500.0: 5.0%\n"
    )


def test_examples_are_printed_as_the_course_prints_them(done: Course):
    files = ("--corpus", done.corpus, "--finetune_corpus_path", done.tiny.questions)
    shown = closedbook("cs224n", "dataset", "namedata", *files).out.splitlines()
    text, answer = done.tiny.questions.read_text(encoding="utf-8").splitlines()[0].split("\t")
    assert shown[1] == "x: " + f"{text}⁇{answer}⁇".ljust(127, "□")
    assert shown[2] == "y: " + ("□" * (len(text) - 1) + f"⁇{answer}⁇").ljust(127, "□")
    document = done.corpus.read_text(encoding="utf-8").splitlines()[0]
    x, y = closedbook("cs224n", "dataset", "charcorruption", *files).out.splitlines()[1:3]
    whole = (x[3:] + y[-1]).rstrip("□")
    prefix, suffix, masked = whole.split("⁇")
    assert document.startswith(prefix + masked + suffix)
    assert x[4:] == y[3:-1]


def test_a_diverged_pretraining_advises_the_flag_that_this_command_has(done: Course, tmp_path: Path):
    written = closedbook(
        "cs224n", "pretrain", "vanilla", done.corpus, "--writing_params_path", tmp_path / "a.params",
        "--pretrain_lr", "6000", "--epochs", "9", "--threads", "1",
    )  # fmt: skip
    assert written.code == 2
    assert "the training diverged; remove" in written.err
    assert f"{tmp_path / 'a.params.run'} and start anew with a lower rate, such as --pretrain_lr 0.006" in written.err
    assert "--set" not in written.err


def test_windows_line_ends_are_read_as_the_course_reads_them(done: Course, tmp_path: Path):
    """Python opens a text file with universal newlines: the same vocabulary, the same prompts, the same predictions."""
    evaluated(done, done.tiny.dev, "dev.predictions")
    corpus, dev = tmp_path / "wiki.txt", tmp_path / "dev.tsv"
    for source, copy in ((done.corpus, corpus), (done.tiny.dev, dev)):
        copy.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    written = closedbook(
        "cs224n", "evaluate", "vanilla", corpus, "--reading_params_path", done.at("vanilla.finetune.params"),
        "--eval_corpus_path", dev, "--outputs_path", tmp_path / "predictions", "--threads", "1",
    )  # fmt: skip
    assert written.code == 0, written.err
    assert (tmp_path / "predictions").read_bytes() == done.at("dev.predictions").read_bytes()
    files = ("--finetune_corpus_path", done.tiny.questions)
    plain = closedbook("cs224n", "dataset", "charcorruption", "--corpus", done.corpus, *files)
    assert closedbook("cs224n", "dataset", "charcorruption", "--corpus", corpus, *files).out == plain.out


def test_a_byte_order_mark_is_a_character_of_the_corpus_and_no_part_of_a_question(done: Course, tmp_path: Path):
    corpus, dev = tmp_path / "wiki.txt", tmp_path / "dev.tsv"
    for source, copy in ((done.corpus, corpus), (done.tiny.dev, dev)):
        copy.write_bytes(b"\xef\xbb\xbf" + source.read_bytes())
    written = closedbook(
        "cs224n", "evaluate", "vanilla", done.corpus, "--reading_params_path", done.at("vanilla.finetune.params"),
        "--eval_corpus_path", dev, "--outputs_path", tmp_path / "predictions", "--threads", "1",
    )  # fmt: skip
    assert written.code == 0, written.err  # the course's own code fails on the mark here: its vocabulary lacks it
    evaluated(done, done.tiny.dev, "dev.predictions")
    assert (tmp_path / "predictions").read_bytes() == done.at("dev.predictions").read_bytes()
    text = corpus.read_text(encoding="utf-8")  # as the course opens it
    greeting = closedbook("cs224n", "dataset", "charcorruption", "--corpus", corpus).out.splitlines()[0]
    assert greeting == f"data has {len(text)} characters, {len(set(text)) + 2} unique."
    vocabulary = Characters.train(document.text for document in read_documents(corpus).items)
    assert assignment.prompts(read_questions(dev), vocabulary)[0].startswith("\ufeffWhere")


def test_four_examples_are_printed_in_the_course_s_form(done: Course):
    """Greeting, then x and y of 127 characters each: y is x, one character on."""
    out = closedbook("cs224n", "dataset", "charcorruption", "--corpus", done.corpus).out.splitlines()
    text = done.corpus.read_text(encoding="utf-8")
    assert out[0] == f"data has {len(text)} characters, {len(set(text)) + 2} unique."
    assert len(out) == 9
    for number, (x, y) in enumerate(zip(out[1::2], out[2::2], strict=True)):
        assert (x[:3], y[:3], len(x), len(y)) == ("x: ", "y: ", 130, 130)
        assert x[4:] == y[3:-1]
        assert x.count("⁇") == 2
        prefix, suffix, masked = x[3:].rstrip("□").split("⁇")
        assert text.splitlines()[number].startswith(prefix + masked + suffix)


# cs224n score ---------------------------------------------------------------------------------------------------

DEV = "Where was Ada born?\tRome\nWhere was Bo born?\tOslo\nWhere was Cy born?\tNice\n"


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    (tmp_path / "dev.tsv").write_text(DEV, encoding="utf-8")
    files = {
        "good": b"Rome\nOslo\nParis\n",
        "same": b"Rome\nOslo\nParis\n",
        "windows": b"\xef\xbb\xbfRome\r\nOslo\r\nParis\r\n",
        "silent": b"Rome\n\nNice",
        "figure": b"66.7%\nRome\nOslo\nParis\n",
        "line": b"Rome\nOslo\nParis\nCorrect: 2.0 out of 3.0: 66.66666666666666%\n",
        "short": b"Rome\nOslo\n",
        "short too": b"Rome\nOslo\n",
        "shifted": b"dev accuracy: 66.7 %\nRome\nOslo\n",
        "dev itself": b"Where?\tRome\nWhere?\tOslo\nWhere?\tNice\n",
        "wide": "Rome\nOslo\nParis\n".encode("utf-16"),
        "binary": b"Rome\0\nOslo\n\n",
        "fraction": b"Rome\nOslo\nParis\n2/3\n",
        "empty": b"",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def scored(cohort: Path, *names: str, more: tuple[str, ...] = ()) -> Done:
    files = [cohort / name for name in names]
    return closedbook("cs224n", "score", *files, "--eval_corpus_path", cohort / "dev.tsv", *more)


def test_a_predictions_file_is_scored_as_the_course_counts(cohort: Path):
    for name in ("good", "windows", "silent"):
        done = scored(cohort, name)
        assert (done.code, done.out) == (0, "Correct: 2.0 out of 3.0: 66.66666666666666%\n"), name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("figure", ["4 lines, but", '3 questions; its first line, "66.7%", is a figure: remove it']),
        ("line", ["its last line", "is a figure: remove it"]),
        ("fraction", ['its last line, "2/3", is a figure: remove it']),
        ("wide", ["is UTF-16, as PowerShell's > writes it"]),
        ("binary", ["holds zero bytes, so it is no text"]),
        ("short", ["2 lines, but", "was it made from other questions?"]),
        ("empty", ["is empty; it should hold predictions"]),
        ("missing", ["no such file of predictions"]),
    ],
)
def test_a_predictions_file_that_does_not_fit_is_explained(name: str, words: list[str], cohort: Path):
    refused(scored(cohort, name), *words)


def test_a_cohort_is_one_table_and_copies_are_pointed_out(cohort: Path):
    done = scored(cohort, "good", "same", "windows", "silent", "short")
    assert done.code == 1
    lines = done.out.splitlines()
    assert len([line for line in lines if "66.7 %" in line]) == 4
    assert any("short" in line and "has 2 lines" in line for line in lines)
    assert any(line.startswith("the same predictions, but for line ends") and "windows" in line for line in lines)
    assert f"the same byte for byte: {cohort / 'good'}, {cohort / 'same'}" in lines
    done = scored(cohort, "good", "same")
    assert done.code == 0
    assert f"the same byte for byte: {cohort / 'good'}, {cohort / 'same'}" in done.out
    done = scored(cohort, "short", "short too")
    assert done.code == 1
    assert f"the same byte for byte: {cohort / 'short'}, {cohort / 'short too'}" in done.out


def test_a_figure_above_the_right_number_of_lines_and_a_file_of_questions_are_pointed_out(cohort: Path):
    assert 'its first line, "dev accuracy: 66.7 %", is a figure' in scored(cohort, "shifted").out
    assert "its lines have tabs: is it a file of questions?" in scored(cohort, "dev itself").out


def test_every_question_is_shown_with_what_was_said(cohort: Path):
    done = scored(cohort, "good", "silent", more=("--per_question",))
    assert [line.split("\t")[:3] for line in done.out.splitlines()[:4]] == [
        ["right", "question", "answer"],
        ["2", "Where was Ada born?", "Rome"],
        ["1", "Where was Bo born?", "Oslo"],
        ["1", "Where was Cy born?", "Nice"],
    ]
    scores = scored(cohort, "good", "short", more=("--json",)).json
    assert scores["files"][0]["correct"] == 2
    assert scores["files"][0]["right"] == [True, True, False]
    assert "has 2 lines" in scores["files"][1]["why"]


def test_predictions_for_other_questions_are_refused_from_python_too(cohort: Path):
    with pytest.raises(DataError, match="2 predictions for 3 questions"):
        assignment.score_places(["Rome", "Oslo"], read_questions(cohort / "dev.tsv"))
