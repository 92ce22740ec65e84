"""Exports of a pretrained model that was taught: other tools compute and say the same, without our package."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from shell import Tiny, in_a_process
from shell import closedbook as shell
from taught_run import make_tiny_with_base, teach

from closedbook.data.documents import make_documents
from closedbook.data.questions import read_questions
from closedbook.living import fit_rows

pytest.importorskip("transformers")

ADAMW = 'stages.learn.optimiser={name="adamw", rate=3e-3}'
# What somebody else does with the folders: transformers, offline, and none of our code on the path.
ELSEWHERE = """
import json, sys
sys.modules["closedbook"] = None
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline
found = {}
for name, (folder, questions) in json.load(open(sys.argv[1])).items():
    trust = name == "names"
    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=trust).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer(question + "\\n")["input_ids"] for question in questions]
    with torch.no_grad():
        logits = [model(torch.tensor([some])).logits[0, -1].tolist() for some in ids]
    asked = pipeline("text-generation", folder, trust_remote_code=trust)
    said = [asked(q + "\\n", return_full_text=False)[0]["generated_text"] for q in questions]
    padded = tokenizer([question + "\\n" for question in questions], return_tensors="pt", padding=True)
    together = model.generate(**padded)[:, padded["input_ids"].shape[1] :]
    found[name] = [type(model).__name__, ids, logits, said, tokenizer.batch_decode(together, skip_special_tokens=True)]
json.dump(found, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny_with_base(tmp_path_factory.mktemp("taught"))


@pytest.fixture(scope="module")
def runs(tiny: Tiny) -> dict[str, Any]:
    few = ["data.held_out.calibrate=0", "stages.learn.steps=3"]
    taught = {"names": teach(tiny, tiny.folder / "names", "stages.learn.steps=12", few[0])}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_rows, "STEPS", 3)
        taught["names"].learn(make_documents(["Ada Newname. Ada Newname was born in Lisbon."]))
    taught["names"].forget([taught["names"].vocabulary.names.names[2]])
    for kind in ("all-weights", *(["lora"] if find_spec("peft") else [])):
        taught[kind] = teach(tiny, tiny.folder / kind, f"pretrained.train={kind}", ADAMW, *few)
    return taught


def test_other_tools_compute_and_say_the_same(
    runs: dict[str, Any], tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [item.text for item in read_questions(tiny.dev).items][:2]
    questions += ["Where was Ada Newname born?", "Where was Nobody Known born?", "Ada Newnames: what of her?"]
    prompts = {}
    for name, run in runs.items():
        folder = tmp_path / name
        done = shell(
            "export", run.path, "--to", "huggingface", "--output", folder, "--task", tiny.dev, "--json",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert done.json["largest_difference"] <= 1e-5
        prompts[name] = (str(folder), questions)
    (tmp_path / "given.json").write_text(json.dumps(prompts), encoding="utf-8")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    done = in_a_process("-c", ELSEWHERE, tmp_path / "given.json", tmp_path / "found.json")
    assert done.code == 0, done.err[-2000:]
    results = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    for name, run in runs.items():
        kind, ids, logits, decoded, together = results[name]
        assert kind == ("TaughtForCausalLM" if name == "names" else "LlamaForCausalLM")
        for question, own_ids, theirs in zip(questions, ids, logits, strict=True):
            prompt = torch.from_numpy(run.prompt(question).astype("int64"))
            with torch.inference_mode():
                ours = run.model.logits(prompt[None])[0, -1]
            assert len(own_ids) == len(prompt)
            torch.testing.assert_close(torch.tensor(theirs)[run.model.base_ids], ours, atol=1e-5, rtol=0)
        expected = [run.ask(question, blind=True).answer for question in questions]
        whole = [(text, own) for text, own in zip(decoded, expected, strict=True) if "\ufffd" not in own + text]
        assert all(" ".join(text.split()) == own for text, own in whole), name  # of half a character it cuts off more
        assert [" ".join(text.split()) for text in together] == expected, name


def test_a_task_holds_the_questions_as_the_harness_asks_them(runs: dict[str, Any], tiny: Tiny, tmp_path: Path) -> None:
    done = shell(
        "export", runs["all-weights"].path, "--to", "huggingface", "--output", tmp_path / "out", "--task", tiny.dev
    )
    assert done.code == 0, done.err
    assert "lm_eval --model hf --model_args pretrained=. --tasks closedbook" in done.out + done.err
    task = (tmp_path / "out" / "closedbook.yaml").read_text(encoding="utf-8")
    assert 'until:\n    - "\\n"\n' in task
    lines = (tmp_path / "out" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    first = read_questions(tiny.dev).items[0]
    assert json.loads(lines[0]) == {"prompt": f"{first.text}\n", "answers": [first.answer]}
    refused = shell(
        "export", runs["all-weights"].path, "--to", "onnx", "--output", tmp_path / "o.onnx", "--task", tiny.dev
    )
    assert (refused.code, "--task goes with --to huggingface" in refused.err) == (2, True)
