"""A mixer from a user's file: the one of docs/mixers.md trains, decodes and evaluates, and runs only when asked for."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from plain_decoding import greedy_uncached
from shell import closedbook, killed, make_tiny, refused

from closedbook.config.registry import CUSTOM_MIXERS, ComponentSpec
from closedbook.config.schema import ModelRecipe
from closedbook.errors import RecipeError
from closedbook.model.custom_mixers import use_mixer
from closedbook.model.generate import greedy
from closedbook.model.gpt import GPT
from closedbook.runs.folder import RunFolder

DOCS = Path(__file__).parents[2] / "docs" / "mixers.md"
MODEL = ModelRecipe(width=16, layers=2, heads=2, context_length=24)


def examples() -> dict[str, str]:
    """The files of docs/mixers.md."""
    files = re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    return dict(files)


def built(file: Path, source: str, name: str, **more: Any) -> GPT:
    """A network with the mixer of that name in the file."""
    file.write_text(source, encoding="utf-8")
    return GPT(replace(MODEL, mixer=ComponentSpec(use_mixer(f"{file}:{name}")), **more), 40)


def test_the_example_of_the_docs_trains_and_answers_and_is_executed_only_when_given(tmp_path):
    source = examples()["decay.py"]
    mark, file, run = tmp_path / "executed", tmp_path / "decay.py", tmp_path / "run"
    file.write_text(source + f"\nopen({str(mark)!r}, 'a').write('x')\n", encoding="utf-8")
    tiny, mixer = make_tiny(tmp_path / "tiny"), ("--mixer", f"{file}:Decay")
    done = closedbook(*tiny.train(run, *mixer, "--json"))
    assert done.code == 0, done.err
    assert re.search(r"Decay@[0-9a-f]{64}", (run / "run.json").read_text(encoding="utf-8"))
    evaluated = closedbook("evaluate", run, "--questions", tiny.dev, *mixer, "--json")
    assert evaluated.code == 0, evaluated.err
    assert evaluated.json["total"] == 12

    from closedbook.pipeline import load

    model = load(run, f"{file}:Decay").model
    prompts = [torch.arange(5, 5 + n).numpy() for n in (3, 7)]
    for prompt, answer in zip(prompts, greedy(model, prompts, 8), strict=True):
        assert answer.ids == greedy_uncached(model, prompt, 8)
    opening = {
        "ask": ("ask", run, "Where?"),
        "sample": ("sample", run, "The ", "--length", 3),
        "show memory": ("show", "memory", run),
        "report": ("report", run, "--no-claims", "--output", tmp_path / "report.html"),
        "study reversal": ("study", "reversal", run, "--questions", tiny.dev, "--folder", tmp_path / "reversal"),
    }
    for command in opening.values():
        opened = closedbook(*command, *mixer)
        assert opened.code == 0, opened.err
    mark.unlink()
    for command in opening.values():
        CUSTOM_MIXERS.clear()
        refused(closedbook(*command), "Decay", "--mixer FILE.py:Decay")
    assert not mark.exists()
    file.write_text(source, encoding="utf-8")  # not the file it was trained with
    refused(closedbook("ask", run, "Where?", *mixer), "that very file")
    assert closedbook(*tiny.train(tmp_path / "plain")).code == 0
    refused(closedbook("ask", tmp_path / "plain", "Where?", *mixer), "softmax", "leave --mixer out")


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
    for source, words in (
        ("x = (", "SyntaxError"), ("Decay = 3", "no class Decay"), (PLAIN, "dataclass Config"),
        ("import sys\n\nsys.exit(3)", "SystemExit: 3 (line 3 of mine.py)"),
        (WRONG.replace("Mine", "Decay").replace("config, recipe, layer", "width"), "Decay.__init__() takes 2"),
    ):  # fmt: skip
        file.write_text(source, encoding="utf-8")
        refused(closedbook(*tiny.train(tmp_path / "run", "--mixer", f"{file}:Decay")), words)
    refused(closedbook(*tiny.train(tmp_path / "run", "--mixer", "mine.py")), "FILE.py:CLASS")
    refused(closedbook(*tiny.train(tmp_path / "run", "--mixer", f"{tmp_path}/none.py:Decay")), "cannot be read")


# Right ones, in which each mistake is made.
WRONG = """
import torch
from dataclasses import dataclass

class Mine(torch.nn.Module):
    @dataclass(frozen=True)
    class Config:
        pass

    def __init__(self, config, recipe, layer):
        super().__init__()
        self.layer, self.heads, self.sum = layer, recipe.heads, 0
        self.out = torch.nn.Linear(recipe.width, recipe.width)
        torch.nn.init.zeros_(self.out.weight)

    def forward(self, x, rotation=None, cache=None):
        if cache is None:
            return self.out(x.cumsum(1))
        seen = cache.extend(self.layer, "x", x[:, None])[:, 0]
        return self.out(cache.visible[:, 0].float() @ seen)
"""
SCORED = """
import torch
from closedbook.model.mixers.attention_mixer import AttentionMixer

class Mine(AttentionMixer):
    def scores(self, x, rotation, cache):
        positions, keys = self.query_positions(x, cache)
        return torch.zeros(len(positions), 1, x.shape[1], keys)
"""


@pytest.mark.parametrize(
    ("source", "was", "now", "why"),
    [
        (WRONG, "cache is None", "True", "with a cache, something else"),
        (
            WRONG,
            'seen = cache.extend(self.layer, "x", x[:, None])[:, 0]\n'
            "        return self.out(cache.visible[:, 0].float() @ seen)",
            "before, self.sum = self.sum, self.sum + x.sum(1, True)\n        return self.out(before + x.cumsum(1))",
            "with a cache, something else",  # a sum on self takes the padding in
        ),
        (WRONG, "x.cumsum(1)", "x.flip(1).cumsum(1).flip(1)", "sees the future: position 0 changes"),
        (
            WRONG,
            "x.cumsum(1))",
            "x.cumsum(1))[..., 1:]",
            "returns (2, 16, 15) where (batch, time, width) = (2, 16, 16)",
        ),
        (WRONG, "x.cumsum(1))", "x.cumsum(1)), None", "returns tuple where"),
        (WRONG, "x.cumsum(1)", "x.cumsun(1)", "AttributeError: 'Tensor' object has no attribute 'cumsun' (line 18 of"),
        (WRONG, "super().__init__()", "exit(4)", "SystemExit: 4 (line 11 of mine.py)"),
        (WRONG, "config, recipe, layer", "config", "TypeError: Mine.__init__() takes 2 positional arguments"),
        (
            SCORED,
            "len(positions), 1, x",
            "2, x",
            "returns (2, 16, 16) as scores where (batch or 1, head or 1, query, key)",
        ),
        (SCORED, "keys)", "24)", "returns (1, 1, 16, 24) as scores"),
        (
            SCORED,
            "    def scores",
            "    def forward_at(self, x, rotation, at):\n"
            "        return self(x).flatten(0, 1)[at - 1]\n\n"
            "    def scores",
            "forward_at",
        ),
    ],
)
def test_a_mixer_that_would_train_or_decode_wrongly_is_refused_and_told_why(
    source: str, was: str, now: str, why: str, tmp_path: Path
):
    assert was in source
    with pytest.raises(RecipeError) as caught:
        built(tmp_path / "mine.py", source.replace(was, now), "Mine")
    assert "\n" not in str(caught.value)
    assert why in str(caught.value)
    assert "the mixer Mine of mine.py" in str(caught.value)


@pytest.mark.parametrize(
    "more", [{}, {"stack": ComponentSpec("perceiver", {"latents": 9}), "layers": 3}, {"context_length": 8}]
)
def test_right_mixers_are_taken_and_change_no_draw(more: dict[str, Any], tmp_path: Path):
    sources = [("Mine", WRONG), ("Mine", SCORED), ("Mean", examples()["mean.py"]), ("Decay", examples()["decay.py"])]
    for name, source in sources:
        torch.manual_seed(0)
        model = built(tmp_path / "mine.py", source, name, **more)
        torch.manual_seed(0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("closedbook.model.stacks.validate_mixer", lambda recipe: None)
            other = built(tmp_path / "mine.py", source, name, **more)
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_the_example_of_the_docs_that_is_no_softmax_decodes_as_without_a_cache(tmp_path: Path):
    model = built(tmp_path / "mean.py", examples()["mean.py"], "Mean").eval()
    prompts = [torch.arange(5, 5 + n).numpy() for n in (3, 7)]
    for prompt, answer in zip(prompts, greedy(model, prompts, 8), strict=True):
        assert answer.ids == greedy_uncached(model, prompt, 8)
    x = torch.randn(2, 5, 16)
    mixer: Any = model.stack.blocks[0].mixer
    assert mixer.weights(x).shape == (2, 2, 5, 5)
    assert torch.allclose(mixer(x), mixer.out(mixer.weights(x)[:, 0] @ x))
