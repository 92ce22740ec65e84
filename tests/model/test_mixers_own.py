"""A mixer from a user's file: the one of docs/mixers.md trains, decodes and evaluates, and runs only when asked for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import torch
from shell import closedbook, killed, make_tiny, refused

from closedbook.runs import RunFolder

DOCS = Path(__file__).parents[2] / "docs" / "mixers.md"


def test_the_example_of_the_docs_trains_and_answers_and_is_executed_only_when_given(tmp_path):
    (source,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    mark, file, run = tmp_path / "executed", tmp_path / "decay.py", tmp_path / "run"
    file.write_text(source + f"\nopen({str(mark)!r}, 'a').write('x')\n", encoding="utf-8")
    tiny, given = make_tiny(tmp_path / "tiny"), ("--mixer", f"{file}:Decay")
    done = closedbook(*tiny.train(run, *given, "--json"))
    assert done.code == 0, done.err
    assert re.search(r"Decay@[0-9a-f]{64}", (run / "run.json").read_text(encoding="utf-8"))
    asked = closedbook("evaluate", run, "--questions", tiny.dev, *given, "--json")
    assert asked.code == 0, asked.err
    assert asked.json["total"] == 12

    from closedbook.model.decode import greedy, greedy_uncached
    from closedbook.recipe import OWN
    from closedbook.workflow import load

    model = load(run, f"{file}:Decay").model
    prompts = [torch.arange(5, 5 + n).numpy() for n in (3, 7)]
    for prompt, one in zip(prompts, greedy(model, prompts, 8), strict=True):
        assert one.ids == greedy_uncached(model, prompt, 8)
    opening = {
        "ask": ("ask", run, "Where?"),
        "sample": ("sample", run, "The ", "--length", 3),
        "show memory": ("show", "memory", run),
        "report": ("report", run, "--no-claims", "--output", tmp_path / "report.html"),
        "study reversal": ("study", "reversal", run, "--questions", tiny.dev, "--folder", tmp_path / "reversal"),
    }
    for command in opening.values():
        opened = closedbook(*command, *given)
        assert opened.code == 0, opened.err
    mark.unlink()
    for command in opening.values():
        OWN.clear()
        refused(closedbook(*command), "Decay", "--mixer FILE.py:Decay")
    assert not mark.exists()
    file.write_text(source, encoding="utf-8")  # not the file it was trained with
    refused(closedbook("ask", run, "Where?", *given), "that very file")


def test_an_interrupted_training_says_how_to_go_on_with_its_mixer_and_the_options_of_that(tmp_path):
    file, run = tmp_path / "spread.py", tmp_path / "run"
    file.write_text(SPREAD, encoding="utf-8")
    tiny = make_tiny(tmp_path / "tiny")
    options = ("--mixer", f"{file}:Spread", "--set", "model.mixer.by=2.5")
    done = killed("SIGINT", "after", 3, [*map(str, tiny.train(run, *options))])
    assert done.code == 130, done.err
    (command,) = re.findall(r"closedbook (train .*)", done.out)
    assert f"--mixer {file}:Spread" in command
    done = closedbook(*shlex.split(command))
    assert done.code == 0, done.err
    assert f"--mixer {file}:Spread" in done.out.rpartition("next:")[2]
    assert RunFolder.open(run).recipe().model.mixer.options == {"by": 2.5}


SPREAD = """
from dataclasses import dataclass
from closedbook.model.mixers.synthesizer_random import SynthesizerRandom

class Spread(SynthesizerRandom):
    @dataclass(frozen=True)
    class Config(SynthesizerRandom.Config):
        by: float = 1.0

    def __init__(self, config, recipe, layer):
        super().__init__(config, recipe, layer)
        self.R.data.mul_(config.by)
"""


PLAIN = "import torch\n\nclass Decay(torch.nn.Module):\n    class Config:\n        pass\n"


def test_what_is_no_mixer_is_refused(tmp_path):
    tiny, file = make_tiny(tmp_path / "tiny"), tmp_path / "mine.py"
    for source, words in (("x = (", "SyntaxError"), ("Decay = 3", "no class Decay"), (PLAIN, "dataclass Config")):
        file.write_text(source, encoding="utf-8")
        refused(closedbook(*tiny.train(tmp_path / "run", "--mixer", f"{file}:Decay")), words)
    refused(closedbook(*tiny.train(tmp_path / "run", "--mixer", "mine.py")), "FILE.py:CLASS")
    refused(closedbook(*tiny.train(tmp_path / "run", "--mixer", f"{tmp_path}/none.py:Decay")), "cannot be read")
