"""A task of lm-evaluation-harness (EleutherAI) that asks an export one's own questions."""

from __future__ import annotations

import json

from closedbook.data.questions import Questions
from closedbook.inference.run import Run

NAME = "closedbook"
DATA = "questions.jsonl"
TASK = """\
# lm_eval --model hf --model_args pretrained=.{trust} --tasks {name} --include_path . --batch_size 16
# in this folder. A prompt is a question and what closes it; right is what equals an accepted answer.
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: generate_until
doc_to_text: prompt
doc_to_target: answers
generation_kwargs:
  until:
    - {closing}
  do_sample: false
  max_gen_toks: {length}
filter_list:
  - name: answer
    filter:
      - function: remove_whitespace
      - function: take_first
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1
"""


def task_files(run: Run, questions: Questions, closing: str, trust: bool) -> dict[str, str]:
    """The files of a task, by name. A prompt is what the run itself asks, in a trained wording where there is one."""
    length = 2 if run.vocabulary.answers_in_one else run.recipe.answer.length
    lines = [
        json.dumps(
            {"prompt": f"{run.understood(item.text).text}{closing}", "answers": list(item.accepted)}, ensure_ascii=False
        )
        for item in questions.items
    ]
    trusted = ",trust_remote_code=True" if trust else ""
    text = TASK.format(
        name=NAME, data=DATA, closing=json.dumps(closing, ensure_ascii=False), length=length, trust=trusted
    )
    return {f"{NAME}.yaml": text, DATA: "".join(f"{line}\n" for line in lines)}
