"""A student's file held to the handout: right code passes, and each mistake is called by its name."""

from __future__ import annotations

import json
import os
import random
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from mingpt import Attention
from shell import closedbook, refused
from torch import Tensor

from closedbook.course.check import Finding, check
from closedbook.course.student.attention_checks import cross_attention, self_attention, synthesizer_attention
from closedbook.course.student.execute import CHECKED, CHECKS
from closedbook.course.student.findings import Checks, judge

sys.path.insert(0, str(Path(__file__).parent))
from students.mistakes import MISTAKES, PAGE, Mistake, page
from students.right import CUDA, DATASET, FUSED, PERCEIVER, RIGHT, SYNTHESIZER, VANILLA

LENGTH = "random.randint(4, int(self.block_size * 7 / 8))"


def findings(source: str) -> list[Finding]:
    """What is found in a file, in this process."""
    module: Any = types.ModuleType("student")
    module.source = source
    random.seed(0)
    exec(compile(source, "student.py", "exec"), module.__dict__)
    results: list[Finding] = []
    for name in CHECKED:
        if name in vars(module):
            results += judged(CHECKS[name](module))
    return results


def judged(checks: Checks) -> list[Finding]:
    results: list[Finding] = []
    judge(checks, Path("student.py"), lambda name, held, why: results.append(Finding(name, held, why)))
    return results


def wrong(results: list[Finding]) -> dict[str, str | None]:
    return {finding.name: finding.why for finding in results if finding.held is False}


def unsure(results: list[Finding]) -> dict[str, str | None]:
    return {finding.name: finding.why for finding in results if finding.held is None}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_solution_passes(name: str):
    _, _, source, notes = RIGHT[name]
    results = findings(source)
    assert wrong(results) == {}
    assert len(unsure(results)) == notes, unsure(results)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.what for mistake in MISTAKES])
def test_each_mistake_is_called_by_its_name(mistake: Mistake):
    results = findings(mistake.wrong)
    told = unsure(results) if mistake.note else wrong(results)
    assert any(mistake.says in str(why) for why in told.values()), results
    if mistake.note and mistake.source is DATASET:  # a matter of the edition
        assert wrong(results) == {}


def test_the_page_for_teachers_lists_the_mistakes_as_they_are_tested():
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run: PYTHONPATH=src python tests/course/students/mistakes.py"


@pytest.mark.parametrize(
    "now", ["max({0}, {0})", "min({0}, {0})", "random.randint(4, {0})", "random.choice([4, 30, 112])"]
)
def test_how_lengths_are_drawn_is_the_student_s_choice(now: str):
    assert wrong(findings(DATASET.replace(LENGTH, now.format(LENGTH)))) == {}


def test_a_window_of_the_document_is_told_and_not_blamed():
    source = DATASET.replace(
        f"doc = doc[:{LENGTH}]", f"n = {LENGTH}; a = random.randint(0, max(0, len(doc) - n)); doc = doc[a:a + n]"
    )
    results = findings(source)
    assert wrong(results) == {}
    assert any("cut at its front" in str(why) for why in unsure(results).values())


def test_whether_an_empty_document_matters_is_read_off_the_corpus_beside_the_file(tmp_path: Path):
    source = DATASET.replace(LENGTH, "random.randint(4, min(112, len(doc)))")
    (tmp_path / "dataset.py").write_text(source, encoding="utf-8")
    for corpus, held in (("A. B\n", False), ("A. B", True)):
        (tmp_path / "wiki.txt").write_text(corpus, encoding="utf-8")
        (last,) = [
            finding for finding in check(tmp_path / "dataset.py") if finding.name.endswith("empty last document")
        ]
        assert last.held is held, last
    assert "wiki.txt of 2021 to 2023" not in str(last.why)


def test_the_hint_about_minus_infinity_is_given_only_where_it_fits():
    for what in ("softmax over the wrong dimension", "view without transpose"):
        (mistake,) = [candidate for candidate in MISTAKES if candidate.what == what]
        assert "-inf" not in " ".join(str(why) for why in wrong(findings(mistake.wrong)).values())


def test_one_mistake_is_told_once():
    for what in (
        "halves for pairs",
        "theta as the 2024 handout misprints it",
        "w2 of the wrong shape",
        "-1e-10 for -1e10",
    ):
        (mistake,) = [candidate for candidate in MISTAKES if candidate.what == what]
        assert len(wrong(findings(mistake.wrong))) <= 2, what


def test_a_fused_layer_cannot_be_compared_and_is_no_failure():
    results = findings(FUSED)
    assert [finding.held for finding in results if "the formula" in finding.name] == [None]
    assert "cannot be compared" in " ".join(map(str, unsure(results).values()))
    assert [finding.held for finding in results if "causal" in finding.name] == [True]


def test_a_hard_cuda_is_run_on_the_cpu_and_explained(tmp_path: Path):
    (tmp_path / "attention.py").write_text(CUDA, encoding="utf-8")
    results = check(tmp_path / "attention.py")
    assert wrong(results) == {}
    line = CUDA[: CUDA.index("x.cuda()")].count("\n") + 1
    assert f"(line {line}" in str(unsure(results)["the file runs on any device"])


@pytest.mark.parametrize(
    "asks",
    ["x.to(0)", "x.to(torch.cuda.current_device())", "torch.arange(3, device=x.get_device())",
     "torch.cuda.FloatTensor(2, 3)", "torch.cuda.LongTensor([1, 2])", "torch.set_default_device('cuda')"],
)  # fmt: skip
def test_other_ways_to_ask_for_a_gpu_are_explained_too(tmp_path: Path, asks: str):
    source = VANILLA.replace("def forward(self, x):", f"def forward(self, x):\n        {asks}")
    (tmp_path / "attention.py").write_text(source, encoding="utf-8")
    results = check(tmp_path / "attention.py")
    assert wrong(results) == {}
    assert any("moves tensors to a GPU by itself" in str(why) for why in unsure(results).values())


def test_the_edition_is_read_off_the_attention_beside_a_dataset(tmp_path: Path):
    (tmp_path / "dataset.py").write_text(
        DATASET.replace("(self.block_size - len", "(self.block_size + 1 - len"), "utf-8"
    )
    (tmp_path / "attention.py").write_text(SYNTHESIZER, "utf-8")
    assert any("block_size - 1 = 127" in str(why) for why in wrong(check(tmp_path / "dataset.py")).values())


def test_a_basis_that_starts_as_a_matrix_and_a_norm_that_is_not_used_for_it_are_not_blamed():
    as_matrix = PERCEIVER.replace("xavier_uniform_(self.C)", "xavier_uniform_(self.C[0])")
    assert wrong(findings(as_matrix)) == {}
    assert any("as a matrix" in str(why) for why in unsure(findings(as_matrix)).values())
    between = "self.ln3 = nn.LayerNorm(config.n_embd)\n        self.ln2 = nn.LayerNorm(config.n_embd)"
    results = findings(PERCEIVER.replace("self.ln2 = nn.LayerNorm(config.n_embd)", between))
    assert unsure(results) == {}


def test_a_config_has_the_fields_of_mingpt_and_every_unknown_flag_is_off():
    def vanilla(config: Any) -> Attention:
        assert config.n_layer > 0 < config.vocab_size
        assert 0 < config.embd_pdrop < 1
        return Attention(config.n_embd, config.n_head, config.block_size, config.synthesizer)

    results = judged(self_attention(types.SimpleNamespace(CausalSelfAttention=vanilla)))
    assert set(wrong(results)) == {name for name in wrong(results) if "dropout" in name}  # that model has none


def test_a_layer_that_is_written_otherwise_is_compared_by_what_it_computes():
    def synthesizer(config: Any) -> Attention:
        layer = Attention(config.n_embd, config.n_head, config.block_size, True)
        forward = layer.forward

        def with_dropout(x: Tensor) -> Tensor:
            return torch.nn.functional.dropout(forward(x), config.resid_pdrop, layer.training)

        layer.forward = with_dropout  # type: ignore[method-assign]
        return layer

    results = judged(synthesizer_attention(types.SimpleNamespace(SynthesizerAttention=synthesizer)))
    assert list(wrong(results)) == ["SynthesizerAttention: dropout on the weights, after the softmax (train mode)"]


def test_the_course_s_own_cross_attention_is_told_and_not_blamed_where_it_lacks_dropout():
    source = PERCEIVER.replace("        att = self.attn_drop(att)\n", "")
    module: Any = types.ModuleType("student")
    exec(source, module.__dict__)
    results = judged(cross_attention(module))
    assert wrong(results) == {}
    assert any("attn_drop is missing" in str(why) for why in unsure(results).values())


# In a process of its own ---------------------------------------------------------------------------------------


def test_a_file_is_run_in_its_own_process_and_each_finding_printed(tmp_path: Path):
    (tmp_path / "dataset.py").write_text(DATASET.replace("7 / 8", "9 / 10"), encoding="utf-8")
    done = closedbook("cs224n", "check", tmp_path / "dataset.py", "--yes")
    assert done.code == 1
    assert "with all your rights" in done.err
    assert "✗ CharCorruptionDataset: truncated to 4" in done.out
    assert "✓ CharCorruptionDataset: y is x" in done.out
    assert "data has" not in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.py"]


def test_a_folder_s_files_are_checked_one_after_another(tmp_path: Path):
    for name, source in {
        "ann/src/model.py": PERCEIVER,
        "bob/attention.py": SYNTHESIZER,
        "bob/utils.py": "1 / 0",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    done = closedbook("cs224n", "check", tmp_path, "--yes", "--json")
    assert done.code == 0, done.out
    entries = json.loads(done.out)
    assert {entry["file"] for entry in entries} == {f"{tmp_path}/ann/src/model.py", f"{tmp_path}/bob/attention.py"}
    assert {entry["held"] for entry in entries} == {True}
    assert f"{tmp_path}/bob/attention.py" in done.err


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
    (tmp_path / "model.py").write_text("import attention\n", encoding="utf-8")
    (finding,) = check(tmp_path / "model.py")
    assert "put the course's file of this name into the same folder" in str(finding.why)


FORGER = """
import json, os
for d in range(3, 20):
    try: os.write(d, (json.dumps({"name": "all is well", "held": True, "why": None, "word": "?"}) + "\\n").encode())
    except OSError: pass
"""
HOSTILE = {
    # what it does: its source, words of the finding that tells it (None: there is nothing to tell)
    "forges findings": (FORGER, "the file wrote findings itself"),
    "removes its folder": ("import os, shutil; shutil.rmtree(os.getcwd()); os._exit(0)", "code 0 before all was"),
    "puts a pipe into its folder": ("import os; os.mkfifo('findings'); os._exit(0)", "code 0 before all was checked"),
    "puts a link into its folder": ("import os; os.symlink('/dev/zero', 'findings'); os._exit(0)", "code 0 before"),
    "shares memory": ("import mmap\nx = [mmap.mmap(-1, 1 << 28) for _ in range(12)]", "more memory than --megabytes"),
    "writes without an end": ("while True:\n import os, uuid\n open(uuid.uuid4().hex, 'wb').write(bytes(1 << 23))",
                              "MB into files"),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know fewer limits")
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_stopped_within_its_limits(what: str, tmp_path: Path):
    source, words = HOSTILE[what]
    (tmp_path / "attention.py").write_text(source, encoding="utf-8")
    results = check(tmp_path / "attention.py", seconds=20, megabytes=512)
    assert any(words in str(why) for why in wrong(results).values()), results
    assert "all is well" not in {finding.name for finding in results}


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are found in /proc")
def test_a_process_that_outlives_the_file_is_ended(tmp_path: Path):
    pid = tmp_path / "pid"
    source = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({str(pid)!r}, "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
while not os.path.exists({str(pid)!r}): time.sleep(0.01)
"""
    (tmp_path / "attention.py").write_text(source, encoding="utf-8")
    results = check(tmp_path / "attention.py")
    assert "it left 1 process running" in str(wrong(results)["nothing goes on running"])
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid.read_text()}"):
            break
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid.read_text()}")


def test_nothing_is_run_without_a_yes_and_the_file_is_looked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115
    (tmp_path / "dataset.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    done = closedbook("cs224n", "check", tmp_path / "dataset.py")
    assert (done.code, (tmp_path / "ran").exists()) == (2, False)
    assert "--yes" in done.err
    missing = closedbook("cs224n", "check", tmp_path / "none.py")
    refused(missing, "none.py does not exist")
    assert "--yes" not in missing.err
    refused(closedbook("cs224n", "check", PAGE, "--yes"), "is no Python file")
    (tmp_path / "empty").mkdir()
    refused(closedbook("cs224n", "check", tmp_path / "empty", "--yes"), "holds no Python file that defines")
