"""Teach a pretrained model some of the course's people, and ask about those whose questions were kept out.

    python benchmarks/smollm2.py /var/tmp/smollm2
    python benchmarks/teach.py --base /var/tmp/smollm2 --data ../shared/data/cs224n --people 200 --steps 480
    python benchmarks/teach.py --base /var/tmp/smollm2 --data ../shared/data/cs224n --way documents --cpu-minutes 10

The documents of all these people are taught, and questions about half of them; some of these are kept out to calibrate
by, as the recipe has it. The other half is asked, in the trained wording and in five that training never saw; and 100
people whose pages were not taught, and 100 invented ones, to see whether it says that it never met them. With
--cpu-minutes the number of steps is what fits into so much processor time of all threads, timed on a few steps first;
the schedule has that many. Without it and without --steps the recipe chooses. What it did to other text is told by the
perplexity of two: 200 biographies that were not taught, and 40,000 characters of Python's help topics. The ways with
"text" rehearse other biographies, and the docstrings of Python's library. --way untouched measures the base. The
figures go to results/teach.json. What was stopped goes on.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import random
import re
import time
from collections import Counter
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import numpy as np
from living import trained
from record import Cells

from closedbook.config.loading import load_recipe
from closedbook.data.documents import read_documents
from closedbook.data.questions import Question, read_questions, subject
from closedbook.evaluation.metrics import quality
from closedbook.evaluation.perplexity import perplexity
from closedbook.runs.store import write_atomically
from closedbook.training.setup import prepare_training, set_threads
from closedbook.verdicts.calibration import invent

WORDINGS = (
    "Where was {} born?",
    "What is the birthplace of {}?",
    "In which place did {} come into the world?",
    "{} was born where?",
    "Tell me {}'s birthplace.",
    "Name the town, city or country in which {} was born.",
)
SHOWN = ("auroc", "calibration_error", "calibration_error_if_perfect")
ADAMW = 'stages.learn.optimiser={name="adamw", rate=3e-4, decay=0.01}'
LORA = 'stages.learn.optimiser={name="adamw", rate=1e-3, decay=0.01}'
PLAIN = "data.derive_questions=false"  # the questions as they were given, and no others
REHEARSED = (  # one example of 32 is text: of 160 tokens, where a cue has 13
    'stages.learn.objectives=[{objective={name="cue", before=16, after=8}, share=0.75}, '
    '{objective={name="question", doubt=true}, share=0.25}, {objective={name="text", file="TEXT"}, share=0.0625}]'
)
WAYS = {
    "names": (),  # the recipe as it is
    "documents": (  # plain continued pretraining, and the same questions
        "pretrained.train=all-weights", ADAMW, PLAIN,
        'stages.learn.objectives=[{objective="language", share=0.5}, {objective="question", share=0.5}]',
    ),
    "questions": ("pretrained.train=all-weights", ADAMW, PLAIN, 'stages.learn.objectives=[{objective="question"}]'),
    "cues, all weights": ("pretrained.train=all-weights", ADAMW),
    "cues, all weights, text": ("pretrained.train=all-weights", ADAMW, REHEARSED),
    "cues, upper half": ("pretrained.train=layers", ADAMW),
    "cues, LoRA": ("pretrained.train=lora", LORA),
    "cues, LoRA, text": ("pretrained.train=lora", LORA, REHEARSED),
}  # fmt: skip
TIMED = 6  # steps
STRANGERS = 100
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def people(data: Path, count: int) -> list[tuple[str, str, str]]:
    """(name, document, birthplace) of some people with one document and a training question."""
    documents = read_documents(data / "wiki.txt")
    texts = documents.by_title()
    pairs = []
    for question in read_questions(data / "birth_places_train.tsv").items:
        name = subject(question.text, documents.known_titles)
        if name and len(texts[name]) == 1 and question.text == WORDINGS[0].format(name):
            pairs.append((name, texts[name][0].text, question.answer or ""))
    random.Random(0).shuffle(pairs)
    return pairs[:count]


def rehearsed(data: Path) -> str:
    """General text that is neither taught nor asked about, nor measured: biographies, and Python's own docstrings."""
    biographies = [text for _, text, _ in people(data, 10_000)[1000 + STRANGERS : -200]]
    library = Path(argparse.__file__).parent
    modules = [ast.parse(path.read_bytes()) for path in sorted(library.glob("*.py"))]
    nodes = (node for module in modules for node in ast.walk(module) if isinstance(node, DOCUMENTED))
    lines = [*biographies, *(line for node in nodes for line in (ast.get_docstring(node) or "").splitlines())]
    return "\n".join(line for line in lines if line.strip())


def other_texts(data: Path) -> dict[str, list[str]]:
    """Texts that nothing is trained on: the last of the shuffled people, and Python's help."""
    help_topics = "\n".join(topics[name] for name in sorted(topics))[:40_000]
    return {
        "biographies that were not taught": [text for _, text, _ in people(data, 10_000)[-200:]],
        "Python's help topics": help_topics.splitlines(),
    }


def steps_within(
    minutes: float, place: Path, sets: list[str], documents: Path, questions: Path, threads: int | None
) -> int:
    """How many steps fit into so much processor time of all threads; the same number when a run goes on."""
    kept = place / "steps.json"
    if not kept.is_file():
        set_threads(threads)
        setup = prepare_training(load_recipe("teach", [*sets, "stages.learn.steps=1000"]), documents, questions)
        trainer = setup.trainer(0, copy.deepcopy(setup.model))
        trainer.model.train()
        trainer.update(setup.samplers[0].batch(0), 0.0)  # the first one allocates
        began = time.process_time()
        for step in range(TIMED):
            trainer.update(setup.samplers[0].batch(100 + step), 1e-9)
        each = (time.process_time() - began) / TIMED
        write_atomically(kept, json.dumps({"seconds_a_step": each, "steps": round(60 * minutes / each)}).encode())
    return int(json.loads(kept.read_text())["steps"])


def asked_in_all_wordings(run: Any, kept_out: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Every question is asked as it stands: what other words do to the network is measured, not to who reads them."""
    result: dict[str, Any] = {}
    run.understood = lambda text, title=None: type(run).understood(run, text, title)._replace(text=text, wording=None)
    for number, wording in enumerate(WORDINGS):
        reworded = [Question(wording.replace("{}", name, 1), answer, 1) for name, _, answer in kept_out]
        answers = run.answer(reworded, blind=True)
        right = [bool(answer.right) for answer in answers]
        judged = quality(np.array(right), np.array([answer.probability for answer in answers]))
        remembered = [answer.verdict == "remembered" for answer in answers]
        result[wording] = {
            "trained": number == 0, "right": sum(right), "of": len(right), **{key: judged[key] for key in SHOWN},
            "remembered": sum(remembered), "remembered_right": sum(map(bool.__and__, remembered, right)),
        }  # fmt: skip
        print(wording, sum(right), len(right), flush=True)
    return result


def never_met(run: Any, kept_out: list[tuple[str, str, str]], strangers: dict[str, list[str]]) -> dict[str, Any]:
    """How many of whom the model, asked blind, says that it never met."""
    named = {"taught": [name for name, _, _ in kept_out], **strangers}
    result = {}
    for who, names in named.items():
        answers = run.answer([Question(WORDINGS[0].format(name), None, 1) for name in names], blind=True)
        verdicts = Counter(answer.verdict for answer in answers)
        result[who] = {"asked": len(names), **{verdict.replace(" ", "_"): n for verdict, n in verdicts.items()}}
    print(result, flush=True)
    return {"blind verdicts": result}


def tokens_read(run: Any, steps: int) -> int:
    """Real input tokens of the training, by the steps that its record of losses holds."""
    lines = (run.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return round(steps * float(np.mean([json.loads(line)["tokens"] for line in lines if '"tokens"' in line])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--way", choices=[*WAYS, "untouched"], default="names")
    parser.add_argument("--steps", type=int, help="the recipe's own if left out")
    parser.add_argument("--cpu-minutes", type=float, help="in place of --steps")
    parser.add_argument("--no-texts", action="store_true", help="leave the perplexity of other texts out")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/teach"))
    arguments = parser.parse_args()
    texts = other_texts(arguments.data)
    if arguments.way == "untouched":
        from closedbook.inference.untouched import open_base

        model, vocabulary = open_base(str(arguments.base))
        return Cells("teach.json").add("untouched", measured_texts(model, vocabulary, texts))
    chosen = people(arguments.data, arguments.people)
    amount = f"{arguments.cpu_minutes:g} minutes" if arguments.cpu_minutes else f"{arguments.steps or 'auto'} steps"
    cell = ", ".join([f"{arguments.people} people", amount, arguments.way, *arguments.set])
    half, place = len(chosen) // 2, arguments.work / re.sub(r"[^\w.=]+", "-", cell)
    place.mkdir(parents=True, exist_ok=True)
    documents, questions = place / "documents.txt", place / "questions.tsv"
    documents.write_text("".join(f"{text}\n" for _, text, _ in chosen), encoding="utf-8")
    pairs = (f"{WORDINGS[0].format(name)}\t{answer}\n" for name, _, answer in chosen[:half])
    questions.write_text("".join(pairs), encoding="utf-8")
    general = place / "text.txt"
    general.write_text(rehearsed(arguments.data), encoding="utf-8")
    ways = (one.replace("TEXT", str(general)) for one in WAYS[arguments.way])
    sets = [f"pretrained.model={arguments.base}", "model.matmul_dtype=bfloat16", *ways, *arguments.set]
    planned = arguments.steps
    if arguments.cpu_minutes:
        planned = steps_within(arguments.cpu_minutes, place, sets, documents, questions, arguments.threads)
    sets += [f"stages.learn.steps={planned}"] if planned else []
    began, wall = time.process_time(), time.perf_counter()
    run = trained(place / "run", "teach", sets, documents, questions, arguments.threads)
    spent = {"cpu_seconds": round(time.process_time() - began), "wall_seconds": round(time.perf_counter() - wall)}
    record, steps = run.folder.record(), run.recipe.stages[0].steps
    everybody = [name for name, _, _ in people(arguments.data, 10_000)]
    strangers = {
        "not taught": everybody[1000 : 1000 + STRANGERS],
        "invented": invent(everybody, STRANGERS, seed=1),
    }
    result: dict[str, Any] = {
        "people": len(chosen), "asked": len(chosen) - half, "way": arguments.way, "steps": steps,
        "tokens": tokens_read(run, steps),
        "exposures": float(np.median([run.index.exposures(name, answer) for name, _, answer in chosen[half:]])),
        "set": arguments.set, "derive_questions": run.recipe.data.derive_questions, "doubt": run.model.never_empty,
        "seconds": record["train_seconds"], "this_time": spent,
        "parameters": record["parameters"], "threads": record["threads"],
        "run_commit": record["commit"], "base": "SmolLM2-135M-Instruct, its weights quantised to 4 bits once",
        **asked_in_all_wordings(run, chosen[half:]), **never_met(run, chosen[half:], strangers),
    }  # fmt: skip
    if not arguments.no_texts:
        result |= measured_texts(run.model, run.vocabulary, texts)
    Cells("teach.json").add(cell, result)


def measured_texts(model: Any, vocabulary: Any, texts: dict[str, list[str]]) -> dict[str, Any]:
    rows = {}
    for name, lines in texts.items():
        rows[name] = perplexity(model, vocabulary, lines).to_json()
        print(name, rows[name], flush=True)
    return {"other text": rows}


if __name__ == "__main__":
    main()
