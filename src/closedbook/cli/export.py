"""`closedbook export`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

from closedbook.cli.options import Json, RunsMixer
from closedbook.cli.output import console, escape, print_json
from closedbook.cli.output_files import check_output
from closedbook.data.questions import read_questions
from closedbook.environment import require_packages
from closedbook.errors import DataError


def export(
    run: Path,
    /,
    *,
    to: Literal["huggingface", "onnx", "params"],
    output: Path,
    task: Path | None = None,
    mixer: RunsMixer = None,
    json: Json = False,
) -> None:
    """Write a run for other tools: Hugging Face transformers, ONNX, or the course's .params.

    For example:

        closedbook export runs/mine --to huggingface --output mine-hf

        closedbook export runs/mine --to onnx --output mine.onnx

        closedbook export runs/mine --to huggingface --output mine-hf --task my-questions.tsv

    The export is read back and its logits are compared with the run's.

    Args:
        run: A finished run.
        to: huggingface: a folder with model, tokenizer and card; onnx: one file that gives logits; params: one file for
            the course's code.
        output: The new folder, or the file.
        task: Questions with answers that lm-evaluation-harness shall ask the export: a task file is written into the
            folder.
    """
    from closedbook.export.exporters import check_new_folder

    out = console(json)
    if task is not None and to != "huggingface":
        raise DataError(f"--task goes with --to huggingface, which lm-evaluation-harness reads; got --to {to}")
    if to == "huggingface":
        require_packages("this", "transformers", extra="huggingface")
        check_new_folder(output)
    else:
        if to == "onnx":
            require_packages("this", "onnx", "onnxscript", "onnxruntime", extra="onnx")
        check_output(output, (mixer or "").rpartition(":")[0] or None, runs=[run], binary=True)
    from closedbook import pipeline

    questions = read_questions(task, need_answers=True) if task is not None else None
    loaded = pipeline.load(run, mixer)
    if to == "huggingface":
        from closedbook.export.exporters import export_huggingface

        result = export_huggingface(loaded, output, questions)
        description = f"a {result['class']}, with its tokenizer and card"
    elif to == "onnx":
        from closedbook.export.onnx import export_onnx

        result = export_onnx(loaded, output)
        description = f"{result['bytes'] / 1e6:.1f} MB; from tokens (batch, time) to their logits"
    else:
        from closedbook.export.exporters import export_params

        result = export_params(loaded, output)
        description = "for model.load_state_dict(torch.load(…)) of the course's code"
    out.print(
        f"[bold]{escape(str(output))}[/]   ({description})\n"
        f"read back, its logits differ from the run's by {result['largest_difference']:.2g} at the most"
    )
    if task is not None:
        command = (output / "closedbook.yaml").read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        out.print(
            f"next: have lm-evaluation-harness ask it\n  cd {escape(shlex.quote(str(output)))} && {escape(command)}"
        )
    if json:
        print_json({"run": str(run), "to": to, "output": str(output), **result})
