"""Every command line of the course's handout (2021), run as written on the course's data: results/handout.json.

    python benchmarks/handout.py --data ../shared/data/cs224n --threads 1

`closedbook cs224n` stands where `python src/run.py`, `src/dataset.py` and `src/london_baseline.py` stood. Finetuning
and evaluating run in full; pretraining is cut by one extra flag, --epochs. One line is one cell; what it wrote is
checked against the course's formats, and a line that is done is not run again while its file is there. Without
pretraining finetuning takes 75 epochs, some 15 to 45 minutes a variant on one thread; everything else some minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from record import Cells

from closedbook.course.assignment import course_recipe, load_model
from closedbook.course.params import write_params

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from mingpt import MinGPT  # written from the handout, with the course's names

DATA = ("wiki.txt", "birth_places_train.tsv", "birth_dev.tsv", "birth_test_inputs.tsv")
TRAIN = "--finetune_corpus_path birth_places_train.tsv"
SCORED = re.compile(r"Correct: (\d+\.\d) out of (\d+\.\d): (\d+\.\d+(?:e-\d+)?)%")
UNSCORED = "No gold birth places provided; returning (0,0)\nPredictions written to {}; no targets provided"


def lines() -> list[str]:
    """What stands after `closedbook cs224n`, in the handout's order."""
    commands = ["dataset namedata", "dataset charcorruption", "london"]
    for variant in ("vanilla", "synthesizer"):
        begin = f"{variant} wiki.txt"
        commands.append(f"finetune {begin} --writing_params_path {variant}.model.params {TRAIN}")
        commands += evaluations(begin, f"{variant}.model.params", f"{variant}.nopretrain")
        commands += [
            f"pretrain {begin} --writing_params_path {variant}.pretrain.params",
            f"finetune {begin} --reading_params_path {variant}.pretrain.params "
            f"--writing_params_path {variant}.finetune.params {TRAIN}",
        ]
        commands += evaluations(begin, f"{variant}.finetune.params", f"{variant}.pretrain")
    return commands


def evaluations(begin: str, params: str, name: str) -> list[str]:
    return [
        f"evaluate {begin} --reading_params_path {params} --eval_corpus_path {questions} --outputs_path {name}.{part}"
        for questions, part in (("birth_dev.tsv", "dev.predictions"), ("birth_test_inputs.tsv", "test.predictions"))
    ]


def run(line: str, work: Path, epochs: int, threads: int | None) -> dict[str, Any]:
    extra = ["--epochs", str(epochs)] if line.startswith("pretrain") else []
    own = ["--threads", str(threads)] if threads and not line.startswith(("dataset", "london")) else []
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "closedbook", "cs224n", *line.split(), *extra, *own],
        cwd=work, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"closedbook cs224n {line} ended with {done.returncode}; the same command goes on")
    return {
        "line": shlex.join(["closedbook", "cs224n", *line.split(), *extra]),
        "wall_seconds": round(seconds, 1),
        **check(line, work, done.stdout.rstrip("\n")),
    }


def check(line: str, work: Path, printed: str) -> dict[str, Any]:
    """What the line printed and wrote, held to the course's formats. Raises AssertionError where it differs."""
    function, *rest = line.split()
    options = dict(pairwise(rest))
    if function == "dataset":
        shown = printed.split("\n")
        assert re.fullmatch(r"data has \d+ characters, \d+ unique\.", shown[0])
        assert [each[:3] for each in shown[1:]] == ["x: ", "y: "] * 4
        assert {len(each) for each in shown[1:]} == {3 + 127}
        return {"printed": shown[0], "examples": 4}
    if function == "london":
        assert printed == "Correct: 25.0 out of 500.0: 5.0%"
        return {"printed": printed}
    if function == "evaluate":
        return predictions(work / options["--outputs_path"], work / options["--eval_corpus_path"], printed)
    return parameters(work, options["--writing_params_path"], rest[0])


def predictions(path: Path, questions_file: Path, printed: str) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    answers, questions = text[:-1].split("\n"), questions_file.read_text(encoding="utf-8").splitlines()
    assert len(answers) == len(questions)
    if "\t" not in questions[0]:
        assert printed == UNSCORED.format(path.name)
        return {"printed": printed, "predictions": len(answers)}
    right = float(sum(answer == line.split("\t")[1] for answer, line in zip(answers, questions, strict=True)))
    match = SCORED.fullmatch(printed)
    assert match
    assert tuple(map(float, match.groups())) == (right, float(len(answers)), right / len(answers) * 100)
    return {"printed": printed, "predictions": len(answers), "accuracy_here": right / len(answers)}


def parameters(work: Path, name: str, variant: str) -> dict[str, Any]:
    """minGPT's own names and shapes, and the same tensors after being read into our network and written again."""
    tensors = torch.load(work / name, weights_only=True)
    mingpt = MinGPT(tensors["tok_emb.weight"].shape[0], synthesizer=variant == "synthesizer")
    assert {*tensors} == {*mingpt.state_dict()}
    mingpt.load_state_dict(tensors)
    assert all(f"blocks.{i}.attn.mask" in tensors for i in range(4))
    model, _ = load_model(course_recipe("finetune", variant), work / "wiki.txt", work / name)
    with tempfile.TemporaryDirectory() as folder:
        write_params(Path(folder) / "again.params", model)
        again = torch.load(Path(folder) / "again.params", weights_only=True)
    assert [*again] == [*tensors]
    assert all(torch.equal(again[key], tensors[key]) for key in tensors)
    return {"tensors": len(tensors), "parameters": sum(p.numel() for p in mingpt.parameters()), "round_trip": True}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs/handout"), help="where the commands are run")
    parser.add_argument("--epochs", type=int, default=1, help="of pretraining, the one flag that is added")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    for name in DATA:
        if not (arguments.work / name).exists():
            os.symlink((arguments.data / name).absolute(), arguments.work / name)
    cells = Cells("handout.json")
    for line in lines():
        written = re.search(r"--(?:writing_params|outputs)_path (\S+)", line)
        if line not in cells or (written and not (arguments.work / written[1]).exists()):
            print(f"closedbook cs224n {line}", flush=True)
            cells.add(line, run(line, arguments.work, arguments.epochs, arguments.threads))
            print(f"    {cells[line]['wall_seconds']} s", flush=True)


if __name__ == "__main__":
    main()
