"""Exports hold what the run computes: read back by other tools without our package, and by our own import."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from shell import Tiny, in_a_process, make_tiny
from shell import closedbook as shell
from words_run import make_words_run

import closedbook
from closedbook.data.documents import make_documents
from closedbook.data.questions import read_questions
from closedbook.export.exporters import TOLERANCE, random_tokens
from closedbook.inference.run import Run
from closedbook.synthetic.world import WorldSpec, make_world

NETWORKS = {
    "gpt2": [],
    "synthesizer": ["model.mixer.name=synthesizer-dense"],
    "perceiver": ["model.layers=3", "model.stack={name='perceiver', latents=24}", "model.positions=rotary"],
}
ASKED = 12

# What somebody else does with the folders: transformers, offline, and none of our code on the path.
ELSEWHERE = """
import json, sys
sys.modules["closedbook"] = None
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline
given = json.load(open(sys.argv[1]))
found = {}
for name, (folder, tokens, questions) in given.items():
    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True).eval()
    with torch.no_grad():
        logits = model(torch.tensor(tokens)).logits
    answer = pipeline("text-generation", folder, trust_remote_code=True)
    said = [answer(q + "⁇", return_full_text=False)[0]["generated_text"].strip() for q in questions]
    found[name] = [type(model).__name__, logits.tolist(), said]
json.dump(found, open(sys.argv[2], "w"))
"""


@dataclass(frozen=True)
class Exported:
    """Runs by name, the folder that each was exported to, and questions for them."""

    runs: dict[str, Run]
    folders: dict[str, Path]
    questions: dict[str, list[str]]
    tiny: Tiny


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    root = tmp_path_factory.mktemp("exports")
    tiny = make_tiny(root / "inputs")
    runs = {
        name: closedbook.train(
            closedbook.load_recipe(tiny.recipe, sets), tiny.documents, tiny.questions, run=root / name, threads=1
        )
        for name, sets in NETWORKS.items()
    }
    questions = dict.fromkeys(runs, [item.text for item in read_questions(tiny.dev).items][:ASKED])
    words, _, files = make_words_run(root / "words")
    runs["words"] = words
    questions["words"] = [item.text for item in read_questions(files / "questions-test.tsv").items][:ASKED]
    folders = {}
    for name, run in runs.items():
        folders[name] = root / f"{name}-hf"
        done = shell("export", run.folder.path, "--to", "huggingface", "--output", folders[name], "--json")
        assert done.code == 0, done.err
        assert done.json["largest_difference"] <= TOLERANCE
    return Exported(runs, folders, questions, tiny)


def test_other_tools_compute_and_answer_the_same(exported, tmp_path, monkeypatch):
    tokens = {name: random_tokens(run, 3, 20) for name, run in exported.runs.items()}
    prompts = {
        name: (str(exported.folders[name]), tokens[name].tolist(), exported.questions[name]) for name in exported.runs
    }
    (tmp_path / "given.json").write_text(json.dumps(prompts), encoding="utf-8")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    done = in_a_process("-c", ELSEWHERE, tmp_path / "given.json", tmp_path / "found.json")
    assert done.code == 0, done.err[-2000:]
    results = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    for name, run in exported.runs.items():
        kind, logits, decoded = results[name]
        assert kind == ("GPT2LMHeadModel" if name == "gpt2" else "ClosedbookForCausalLM")
        ours = run.model.logits(tokens[name]).detach()
        theirs = torch.tensor(logits)[..., -ours.shape[-1] :]
        assert ours.std() > 10 * TOLERANCE
        torch.testing.assert_close(theirs, ours, atol=TOLERANCE, rtol=0)
        assert decoded == [run.ask(question).answer for question in exported.questions[name]], name


def test_names_learned_after_the_training_are_answered_by_other_tools_as_well(exported, tmp_path, monkeypatch):
    run = closedbook.load(shutil.copytree(exported.runs["words"].path, tmp_path / "run"))
    world = make_world(WorldSpec(people=20, biographies_per_person=2, relations=("birthplace",)), 8)
    run.learn(make_documents([*world.documents, "Eda Quill. Eda Quill was born in Zzyrgistan."]))
    run.learn(make_documents(["Fay Ek. nothing much is told here."]))
    assert not run.learned.names["Fay Ek"].phrases
    names = [*(person.name for person in world.people), "Eda Quill", "Fay Ek"]
    questions = [f"Where was {name} born?" for name in names] + exported.questions["words"][:4]
    done = shell("export", run.path, "--to", "huggingface", "--output", tmp_path / "hf", "--json")
    assert done.code == 0, done.err
    assert done.json["largest_difference"] <= TOLERANCE
    given = {"later": (str(tmp_path / "hf"), random_tokens(run, 3, 20).tolist(), questions)}
    (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    done = in_a_process("-c", ELSEWHERE, tmp_path / "given.json", tmp_path / "found.json")
    assert done.code == 0, done.err[-2000:]
    kind, _, said = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["later"]
    assert kind == "ClosedbookForCausalLM"
    assert said == [run.ask(question).answer for question in questions]
    assert said[len(world.people)] == "Zzyrgistan"
    done = shell("import", tmp_path / "hf", "--run", tmp_path / "again")
    assert (done.code, "Traceback" in done.err) == (2, False)
    done = shell("export", run.path, "--to", "onnx", "--output", tmp_path / "x.onnx")
    assert done.code == 2
    assert "learned after the training" in done.err


def test_what_comes_back_is_the_run(exported, tmp_path):
    for name, run in exported.runs.items():
        done = shell("import", exported.folders[name], "--run", tmp_path / name, "--json")
        assert done.code == 0, done.err
        assert done.json["weights_changed"] is False
        again = closedbook.load(tmp_path / name)
        assert again.recipe == run.recipe
        for key, tensor in run.model.state_dict().items():
            assert torch.equal(again.model.state_dict()[key], tensor), key
        report = tmp_path / f"{name}.html"  # of a run that records neither split nor machine
        assert shell("report", tmp_path / name, "--no-claims", "--output", report).code == 0
        question = exported.questions[name][0]
        assert again.ask(question, blind=True).probability == run.ask(question, blind=True).probability


def test_weights_that_another_tool_changed_come_without_the_calibration(exported, tmp_path):
    folder = _copy(exported.folders["words"], tmp_path / "tuned")
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in tensors if name.endswith("head.weight"))
    save_file({**tensors, name: tensors[name] + 1e-3}, folder / "model.safetensors", {"format": "pt"})
    done = shell("import", folder, "--run", tmp_path / "run", "--json")
    assert done.code == 0, done.err
    assert done.json["weights_changed"] is True
    assert (exported.runs["words"].folder.path / "calibration.json").is_file()
    assert not (tmp_path / "run" / "calibration.json").exists()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("closedbook.json", b"{", "damaged"),
        ("closedbook.json", b"[]", "damaged"),
        ("closedbook.json", b"\xff\xfe", ""),
        ("closedbook.json", b'{"format": 7}', "format 7"),
        ("closedbook.json", None, "has no closedbook.json"),
        ("model.safetensors", None, "has no model.safetensors"),
        ("model.safetensors", b"half", "damaged"),
    ],
)
def test_a_damaged_export_makes_no_run(exported, tmp_path, file, content, message):
    folder = _copy(exported.folders["gpt2"], tmp_path / "folder")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    done = shell("import", folder, "--run", tmp_path / "run")
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) <= 2
    assert not (tmp_path / "run").exists()


def test_the_graph_gives_the_same_logits_at_any_size(exported, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install 'closedbook[onnx]'")
    for name in ("synthesizer", "words"):
        path, run = tmp_path / f"{name}.onnx", exported.runs[name]
        done = shell("export", run.folder.path, "--to", "onnx", "--output", path)
        assert done.code == 0, done.err
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for rows, time in ((1, 3), (5, 17)):
            tokens = random_tokens(run, rows, time)
            (theirs,) = session.run(None, {"tokens": tokens.numpy()})
            ours = run.model.logits(tokens).detach()
            torch.testing.assert_close(torch.from_numpy(theirs), ours, atol=TOLERANCE, rtol=0)


def test_what_cannot_be_exported_is_said_and_nothing_is_written(exported, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    (there / "mine.txt").write_text("mine", encoding="utf-8")
    run = exported.runs["gpt2"].folder.path
    for arguments, message in (
        (("export", run, "--to", "huggingface", "--output", there), "exists already"),
        (("export", tmp_path / "nobody", "--to", "onnx", "--output", tmp_path / "x.onnx"), "no such run"),
        (("export", exported.runs["words"].folder.path, "--to", "params", "--output", tmp_path / "x"), ""),
        (("export", exported.runs["perceiver"].folder.path, "--to", "onnx", "--output", tmp_path / "x"), "perceiver"),
    ):
        done = shell(*arguments)
        assert done.code == 2
        assert message in done.err
        assert "Traceback" not in done.err
    assert [path.name for path in there.iterdir()] == ["mine.txt"]
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "x.onnx").exists()


def test_the_card_tells_what_was_measured_and_what_was_not(exported, tmp_path):
    run = exported.runs["words"]
    card = shell("card", run.folder.path).out
    assert "not measured" in card
    assert f"{run.model.count_parameters()['total']:,}" in card
    tiny = exported.tiny
    dev = tmp_path / "run"
    assert shell(*tiny.train(dev, "--dev", str(tiny.dev))).code == 0
    evaluation = json.loads((dev / "evaluation.json").read_text(encoding="utf-8"))
    card = shell("card", dev).out
    assert f"{evaluation['correct']:,} of {evaluation['total']:,}" in card
    assert f"closedbook train recipe.toml --documents {tiny.documents.name} --questions" in card
    assert f"{tiny.questions.name} --threads 1\n" in card


def _copy(folder: Path, to: Path) -> Path:
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to
