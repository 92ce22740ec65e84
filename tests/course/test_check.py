"""A student's file held to the handout: right code passes, and each mistake is called by its name."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mingpt import Attention
from shell import closedbook
from torch import Tensor, nn

from closedbook.course import student
from closedbook.course.check import check

DATASET = """
import random, torch
class CharCorruptionDataset:
    def __init__(self, data, block_size):
        self.MASK_CHAR, self.PAD_CHAR = "\\u2047", "\\u25A1"
        chars = [self.PAD_CHAR, self.MASK_CHAR, *sorted(set(data))]
        self.stoi, self.itos = {c: i for i, c in enumerate(chars)}, dict(enumerate(chars))
        print("data has %d characters" % len(data))
        self.block_size, self.data = block_size, data.split("\\n")
    def __getitem__(self, idx):
        doc = self.data[idx][: random.randint(4, int(self.block_size * 7 / 8))]
        n = random.randint(len(doc) // 8, 3 * len(doc) // 8)
        s = random.randint(0, len(doc) - n)
        text = doc[:s] + self.MASK_CHAR + doc[s + n:] + self.MASK_CHAR + doc[s:s + n]
        text += self.PAD_CHAR * (self.block_size - len(text))
        ids = torch.tensor([self.stoi[c] for c in text], dtype=torch.long)
        return ids[:-1], ids[1:]
"""


def module(source: str) -> Any:
    space: dict[str, Any] = {}
    exec(source, space)
    return SimpleNamespace(**space)


def wrong(checks: student.Checks) -> dict[str, str]:
    """What does not hold, and why; as `student.main` goes through it."""
    found = {}
    for name, held in checks:
        torch.manual_seed(0)
        random.seed(0)
        try:
            held()
        except Exception as error:
            found[name] = student.said(error, Path("x.py")) if type(error) is not student.HandoutError else str(error)
    return found


def test_a_right_dataset_passes():
    assert wrong(student.corruption(module(DATASET))) == {}


@pytest.mark.parametrize(
    "drawn",
    [
        "max(random.randint(4, 112), random.randint(4, 112))",
        "min(random.randint(4, 112), random.randint(4, 112))",
        "random.randint(4, random.randint(4, 112))",
        "random.choice([4, 30, 112])",
    ],
)
def test_how_lengths_are_drawn_is_the_student_s_choice(drawn: str):
    assert (
        wrong(student.corruption(module(DATASET.replace("random.randint(4, int(self.block_size * 7 / 8))", drawn))))
        == {}
    )


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("7 / 8", "9 / 10", "from 4 to int"),
        ("randint(4, int(self.block_size * 7 / 8))", "randint(0, int(self.block_size * 7 / 8))", "from 4 to int"),
        ("random.randint(4, int(self.block_size * 7 / 8))", "int(self.block_size * 7 / 8)", "must be random"),
        ("randint(4, int(", "randint(50, int(", "in 500 draws none was below 50 or above 112"),
        ("int(self.block_size * 7 / 8)", "60", "in 500 draws none was below 4 or above 60"),
        ("random.randint(len(doc) // 8, 3 * len(doc) // 8)", "len(doc) // 4", "always exactly a quarter"),
        ("3 * len(doc) // 8", "len(doc) // 4", "a quarter of the truncated document on average"),
        ("random.randint(0, len(doc) - n)", "1", "random place"),
        ("doc[s + n:] + self.MASK_CHAR + doc[s:s + n]", "doc[s:s + n] + self.MASK_CHAR + doc[s + n:]", "in another"),
        (" + self.MASK_CHAR + doc[s:s + n]", " + doc[s:s + n]", "MASK_CHAR twice"),
        ("return ids[:-1], ids[1:]", "return ids[1:], ids[:-1]", "x[1:] == y[:-1]"),
        ("dtype=torch.long", "dtype=torch.float", "torch.long"),
        ("text += self.PAD_CHAR * (self.block_size - len(text))", "pass", "of one length"),
        ("return ids[:-1], ids[1:]", "return ids", "pair (x, y)"),
        ("return ids[:-1], ids[1:]", "return text[:-1], text[1:]", "must be a tensor"),
        ("self.stoi[c]", "self.stoj[c]", "AttributeError"),
        ("u25A1", "u25A0", "itos[0] must be PAD_CHAR, '□' (U+25A1), not '■'"),
        ("self.PAD_CHAR, self.MASK_CHAR,", "self.MASK_CHAR, self.PAD_CHAR,", "itos[0] must be PAD_CHAR"),
    ],
)
def test_each_mistake_in_a_dataset_is_explained(was: str, now: str, why: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(student, "DRAWS", 500)  # enough to see it, and quicker
    assert was in DATASET
    found = wrong(student.corruption(module(DATASET.replace(was, now))))
    assert found
    assert why in " ".join(found.values()), found


def test_a_config_has_the_fields_of_mingpt_and_every_unknown_flag_is_off():
    def vanilla(config: Any) -> Attention:
        assert config.n_layer > 0 < config.vocab_size
        assert 0 < config.embd_pdrop < 1
        return Attention(config.n_embd, config.n_head, config.block_size, config.synthesizer)

    assert wrong(student.self_attention(SimpleNamespace(CausalSelfAttention=vanilla))) == {}


def attention(synthesizer: bool) -> Any:
    return lambda config: Attention(config.n_embd, config.n_head, config.block_size, synthesizer)


class Peeking(Attention):
    """Sees the future."""

    def __init__(self, config: Any) -> None:
        super().__init__(config.n_embd, config.n_head, config.block_size, True)
        self.mask.fill_(1)


class Unscaled(Attention):
    """A Synthesizer without its second bias in the scores."""

    def __init__(self, config: Any) -> None:
        super().__init__(config.n_embd, config.n_head, config.block_size, True)

    def forward(self, x: Tensor) -> Tensor:
        kept, self.b2 = self.b2, nn.Parameter(torch.zeros_like(self.b2))
        try:
            return super().forward(x)
        finally:
            self.b2 = kept


def test_right_attention_passes():
    assert wrong(student.synthesizer(SimpleNamespace(SynthesizerAttention=attention(True)))) == {}
    assert wrong(student.self_attention(SimpleNamespace(CausalSelfAttention=attention(False)))) == {}


def test_each_mistake_in_attention_is_explained():
    found = wrong(student.synthesizer(SimpleNamespace(SynthesizerAttention=Peeking)))
    assert [name for name in found if name.endswith("causal")]
    assert "position 0 changes when position 1" in " ".join(found.values())
    found = wrong(student.synthesizer(SimpleNamespace(SynthesizerAttention=attention(False))))
    assert "w1.weight" in " ".join(found.values()) or "w2" in " ".join(found.values())
    found = wrong(student.synthesizer(SimpleNamespace(SynthesizerAttention=Unscaled)))
    assert {name.split(": ")[1] for name in found} == {"the formula, shorter inputs too", "every parameter learns"}
    assert "b2" in found["SynthesizerAttention: every parameter learns"]


def test_rotary_functions_are_held_to_their_formula():
    def precompute_rotary_emb(dim: int, most: int) -> Tensor:
        angle = torch.tensor([[t / 10_000 ** (2 * i / dim) for i in range(dim // 2)] for t in range(most)])
        return torch.stack([angle.cos(), angle.sin()], -1)

    def apply_rotary_emb(x: Tensor, cache: Tensor) -> Tensor:
        cos, sin = cache[: x.shape[-2]].unbind(-1)
        a, b = x[..., ::2], x[..., 1::2]
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)

    def halves(x: Tensor, cache: Tensor) -> Tensor:
        cos, sin = cache[: x.shape[-2]].unbind(-1)
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)

    right = SimpleNamespace(precompute_rotary_emb=precompute_rotary_emb, apply_rotary_emb=apply_rotary_emb)
    assert wrong(student.rotary(right)) == {}
    right.apply_rotary_emb = lambda x, cache: apply_rotary_emb(x, cache) if x.ndim == 3 else x + 1
    assert wrong(student.rotary(right)) == {}
    right.apply_rotary_emb = halves
    assert "adjacent pair" in " ".join(wrong(student.rotary(right)).values())


def test_a_file_is_run_in_its_own_process_and_each_finding_printed(tmp_path: Path):
    (tmp_path / "dataset.py").write_text(DATASET.replace("7 / 8", "9 / 10"), encoding="utf-8")
    done = closedbook("cs224n", "check", tmp_path / "dataset.py", "--yes")
    assert done.code == 1
    assert "with all your rights" in done.err
    assert "✗ CharCorruptionDataset: truncated to 4" in done.out
    assert "✓ CharCorruptionDataset: y is x" in done.out
    assert "data has" not in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.py"]


def test_a_file_that_never_ends_is_stopped(tmp_path: Path):
    (tmp_path / "attention.py").write_text("while True: pass\n", encoding="utf-8")
    (finding,) = check(tmp_path / "attention.py", seconds=1)
    assert finding.name == "the file comes to an end"
    assert "used up 1 s of processor time" in str(finding.why)


def test_a_file_that_ends_the_process_is_not_taken_for_right(tmp_path: Path):
    source = DATASET.replace("doc = self", "import os; os._exit(0)\n        doc = self")
    (tmp_path / "dataset.py").write_text(source, encoding="utf-8")
    last = check(tmp_path / "dataset.py")[-1]
    assert last.name == "the file comes to an end"
    assert "code 0 before all was checked" in str(last.why)


def test_a_file_that_cannot_be_imported_is_said_once_and_without_its_control_characters(tmp_path: Path):
    (tmp_path / "dataset.py").write_text("raise ValueError('\\x1b[31mred')\n", encoding="utf-8")
    (finding,) = check(tmp_path / "dataset.py")
    assert finding.why == "it raised ValueError: \\x1b[31mred (line 1 of dataset.py)"


def test_nothing_is_run_without_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115
    (tmp_path / "dataset.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    done = closedbook("cs224n", "check", tmp_path / "dataset.py")
    assert (done.code, (tmp_path / "ran").exists()) == (2, False)
    assert "--yes" in done.err
    refused_file = closedbook("cs224n", "check", tmp_path / "none.py", "--yes")
    assert refused_file.code == 2
    assert "is no Python file" in refused_file.err
