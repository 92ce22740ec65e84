"""Several processes train as one does; devices that are missing are named."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from in_processes import STAGES, TYPES, exactly, main, trained
from shell import Tiny, closedbook, environment, in_a_process, make_tiny
from tensors import same_tensors
from test_bucketing import gradients, make_examples
from test_trainer import KINDS, make, run
from tiny_base import make_base

from closedbook import pipeline
from closedbook.cli import main as command
from closedbook.errors import LostProcessError, RecipeError
from closedbook.runs.weights import load_tensors
from closedbook.training.bucketing import bucket, shard
from closedbook.training.distributed import BATCH_COST, SINGLE_PROCESS, DistributedContext, find_device
from closedbook.training.gradient import backward

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
NAMES = ("wiki.txt", "birth_places_train.tsv", "birth_dev.tsv")
TORCHRUN = ["-m", "torch.distributed.run", "--nproc-per-node", "2"]


def torchrun(*command: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Two processes. Behind "--", torchrun takes no word for an option of its own: not --run for --run-path."""
    port = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]  # any that is free
    words = [sys.executable, *TORCHRUN, *port, *map(str, command)]
    return subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=timeout, check=False)


def in_two(act: Callable[[], object]) -> list[str]:
    """Two copies of this process, which need not load torch again, do the same; what each printed."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with contextlib.ExitStack() as files:
        outputs = [files.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in range(2)]
        children = []
        for rank in range(2):
            children.append(os.fork())
            if children[-1]:
                continue
            code = 1
            try:
                place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
                place |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port}
                os.environ.update({name: str(value) for name, value in place.items()})
                with contextlib.redirect_stdout(outputs[rank]), contextlib.redirect_stderr(outputs[rank]):
                    act()
                code = 0
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
            except BaseException:
                traceback.print_exc(file=outputs[rank])
            finally:
                outputs[rank].flush()
                os._exit(code)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        texts = [file.seek(0) or file.read() for file in outputs]
    assert codes == [0, 0], texts
    return texts


# Two processes against one -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    in_two(lambda: main(folder))
    return folder


@pytest.mark.parametrize("name", STAGES)
def test_two_processes_end_in_the_weights_of_one(name: str, by_two: Path):
    model, losses = trained(name, torch.float64)
    assert len(losses) >= 40
    assert losses[-1] < 0.8 * losses[0]
    tensors, record = load_tensors(by_two / f"{name}-float64-0")
    for key, value in model.state_dict().items():
        assert (value - tensors[key]).abs().max() < 1e-5, key
    assert record["losses"] == pytest.approx(losses, rel=1e-7)


@pytest.mark.parametrize("name", STAGES)
def test_in_float32_two_processes_have_the_loss_curve_of_one(name: str, by_two: Path):
    _, losses = trained(name, torch.float32)
    record = load_tensors(by_two / f"{name}-float32-0")[1]
    assert record["losses"] == pytest.approx(losses, rel=TOLERANCE)


TOLERANCE = 1e-4  # of each step's loss: rounding in another order grows step by step


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", STAGES)
def test_all_processes_hold_the_same_bits(name: str, dtype: torch.dtype, by_two: Path):
    file = f"{name}-{str(dtype).removeprefix('torch.')}"
    first, second = (load_tensors(by_two / f"{file}-{rank}")[0] for rank in (0, 1))
    assert same_tensors(first, second)


def test_what_stops_one_process_stops_the_other_by_name(by_two: Path):
    first, second = (load_tensors(by_two / f"course-float64-{rank}")[1]["errors"] for rank in (0, 1))
    assert second[:3] == ["RunError: the disk is full", "KeyboardInterrupt: ", "ValueError: a bug"]
    assert first[:2] == second[:2]
    assert first[2] == "RunError: another process failed: ValueError: a bug"
    assert first[3].startswith("ZeroDivisionError")
    assert second[3].startswith("RunError: another process failed: ZeroDivisionError")


# The command -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    inputs = make_tiny(tmp_path_factory.mktemp("tiny"))
    inputs.recipe.write_text(inputs.recipe.read_text().replace("dropout = 0.1", "dropout = 0.0"))
    return inputs


@pytest.fixture(scope="module")
def alone(tiny: Tiny) -> Path:
    run = tiny.folder / "alone"
    assert closedbook(*tiny.train(run)).code == 0
    return run


def curve(run: Path) -> list[tuple[str, int, int, float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(line["stage"], line["step"], line["tokens"], line["loss"]) for line in lines]


def test_ctrl_c_in_any_process_saves_and_another_number_of_processes_goes_on(tiny: Tiny, alone: Path, tmp_path: Path):
    run = tmp_path / "run"
    done = torchrun("--", HERE / "in_processes.py", "interrupted", 1, 4, *tiny.train(run))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr.partition("ChildFailedError")[0].rpartition("torch/distributed/run.py")[2]
    assert done.stdout.count("what was done is saved") == 1
    assert load_tensors(run / "training.safetensors")[1]["done"] == 5  # held until the next step is whole
    assert json.loads((run / "run.json").read_text())["processes"] == 2
    resumed = closedbook(*tiny.train(run, "--resume"))
    assert resumed.code == 0, resumed.err
    assert "now in 1 process in place of 2" in resumed.out
    for (*place, loss), (*same, other) in zip(curve(run), curve(alone), strict=True):
        assert place == same
        assert loss == pytest.approx(other, abs=1e-4)


def test_two_processes_go_on_where_one_stopped_and_leave_a_whole_run(tiny: Tiny, alone: Path, tmp_path: Path):
    run = tmp_path / "run"

    def interrupt(event: pipeline.Event) -> None:
        if isinstance(event, pipeline.Step) and event.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.train(tiny.recipe, tiny.documents, tiny.questions, run=run, threads=1, callbacks=[interrupt])
    printed = "".join(in_two(lambda: command(tiny.train(run, "--resume", "--dev", f"{tiny.dev}"))))
    assert printed.count("the run is in") == 1
    assert "2 processes with 1 thread each" in printed
    assert curve(run) == [(*place, pytest.approx(loss, abs=1e-4)) for *place, loss in curve(alone)]
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["processes"]) == ("finished", 2)
    assert {"evaluation.json", "evidence.sqlite", "model.safetensors"} <= {path.name for path in run.iterdir()}
    assert closedbook("evaluate", run, "--questions", tiny.dev).code == 0


def test_a_killed_process_ends_the_other_with_a_message_and_the_run_goes_on_bit_for_bit(tiny: Tiny, tmp_path: Path):
    run, whole = tmp_path / "run", tmp_path / "run-whole"
    done = torchrun("--", HERE / "in_processes.py", "killed", 0, 4, run, "train", tiny.recipe, *tiny.inputs, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "SIGKILL" in done.stderr
    messages = [line for line in done.stderr.splitlines() if line.startswith("closedbook: ")]
    assert len(messages) == 1, done.stderr  # by the one that is left, although it is not the first
    assert "--resume" in messages[0]
    assert "Traceback" not in done.stderr.partition("ChildFailedError")[0].rpartition("torch/distributed/run.py")[2]
    assert load_tensors(run / "training.safetensors")[1]["done"] == 4
    in_two(lambda: command(tiny.train(run, "--resume")))
    assert curve(run) == curve(whole)
    assert same_tensors(*(load_tensors(folder / "model.safetensors")[0] for folder in (run, whole)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_a_training_that_torchrun_stops_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch):
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "0")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(LostProcessError, match=r"torchrun has stopped .* --resume"), DistributedContext.start():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


# Dealing out -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 2, 3, 40])
@pytest.mark.parametrize("at_once", [0, 1, 50, 10_000])
def test_every_row_goes_to_one_process_and_no_slice_is_larger_than_allowed(processes: int, at_once: int):
    lengths = [1, 2, 3, 3, 5, 8, 8, 13, 21, 34, 55, 63] * 2
    batch = bucket(make_examples(lengths))
    shares = [list(shard(batch, rank, processes, at_once)) for rank in range(processes)]
    targets = sorted(t for share in shares for _, piece in share for t in piece.target.tolist())
    assert targets == sorted(np.concatenate([piece.target_tokens for piece in batch]).tolist())
    rows = [sum(len(piece.tokens) for _, piece in share) for share in shares]
    assert sum(rows) == sum(map(len, batch))
    assert max(rows) - min(rows) <= 1
    for share in shares:
        for _, piece in share:
            assert not at_once or piece.tokens.numel() <= max(at_once, piece.tokens.shape[1])
            assert (piece.tokens[:, -1] != 0).any()  # trimmed again


@pytest.mark.parametrize("kind", ["adamw", "muon"])
@pytest.mark.parametrize(("processes", "at_once"), [(2, 0), (3, 40), (1, 40), (9, 0)])
def test_the_processes_gradients_add_up_to_that_of_one(kind: str, processes: int, at_once: int):
    trainer = make(kind, dropout=0.0)
    model = exactly(trainer.model.double())
    batch, stage = trainer.sampler.batch(1), trainer.stage

    def part(distributed: DistributedContext, at_once: int) -> tuple[float, dict[str, torch.Tensor]]:
        torch.manual_seed(5)
        model.zero_grad(set_to_none=True)
        loss = backward(model, batch, replace(stage, at_once=at_once), distributed)
        return loss, {} if model.head.weight.grad is None else gradients(model)

    loss, whole = part(SINGLE_PROCESS, 0)
    cost = SINGLE_PROCESS.batch_cost() // processes  # the same cuts, whoever has which rows
    parts = []
    for rank in range(processes):
        distributed = DistributedContext(rank=rank, processes=processes)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(BATCH_COST, "cpu", cost)
            patch.setattr(DistributedContext, "all_reduce_gradients", lambda self, model, loss, touched: loss)
            parts.append(part(distributed, at_once))
    assert sum(loss_of_part for loss_of_part, _ in parts) == pytest.approx(loss, rel=1e-9)
    for name, gradient in whole.items():
        total = sum(some[name] for _, some in parts if some)
        assert (total - gradient).abs().max() < 1e-10, name
    assert kind != "muon" or stage.negatives


# Devices -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_missing_device_is_said_in_one_line_before_anything_is_read(tiny: Tiny, alone: Path, tmp_path: Path):
    for done in (
        closedbook("train", tiny.recipe, "--documents", "none.txt", "--run", tmp_path / "run", "--device", "cuda"),
        closedbook("evaluate", alone, "--questions", tiny.dev, "--device", "cuda"),
    ):
        assert done.code == 2
        assert done.err.startswith("closedbook: --device cuda: torch")
        assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "run").exists()
    with pytest.raises(RecipeError, match=r"known: cpu, cuda, mps"):
        find_device("gpu")


def test_of_several_processes_the_first_one_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, speaks in (("0", True), ("1", False)):
        monkeypatch.setenv("RANK", rank)
        done = closedbook("train", "fats", "--documents", "x")
        assert (done.code, bool(done.err)) == (2, speaks)


@pytest.mark.parametrize("kind", KINDS)
def test_autocast_trains_in_bfloat16_and_keeps_float32_weights(kind: str):
    recipe = KINDS[kind][1]
    plain, low = make(kind), make(kind)
    low.model.recipe = replace(recipe, matmul_dtype="autocast")
    exactly(low.model)
    seen = set()
    low.model.stack.register_forward_hook(lambda *_: seen.add(torch.is_autocast_enabled("cpu")))
    losses: list[list[float]] = [[], []]
    for trainer, into in zip((plain, low), losses, strict=True):
        run(trainer, lambda step, into=into: into.append(step.loss))
    assert seen == {True}
    assert all(parameter.dtype == torch.float32 for parameter in low.model.parameters())
    assert losses[1][0] == pytest.approx(losses[0][0], rel=0.02)
    assert np.isfinite(losses[1]).all()
    assert losses[0] != losses[1]


def test_the_benchmark_for_gpus_runs_through_in_miniature(tiny: Tiny, tmp_path: Path):
    for file, name in zip((tiny.documents, tiny.questions, tiny.dev), NAMES, strict=True):
        shutil.copy(file, tmp_path / name)
    script = HERE.parents[1] / "benchmarks" / "gpu.py"
    done = in_a_process(script, "large", "fast", "--tiny", "--device", "cpu", "--data", tmp_path)
    assert done.code == 0, done.err
    large, fast = done.out.splitlines()
    assert float(re.search(r"'share_of_product_rate': ([\d.e-]+)", large)[1]) > 0
    assert "'total': 12" in fast


def test_the_benchmark_for_gpus_teaches_a_base_in_miniature(tiny: Tiny, tmp_path: Path):
    pytest.importorskip("transformers")
    for file, name in zip((tiny.documents, tiny.questions, tiny.dev), NAMES, strict=True):
        shutil.copy(file, tmp_path / name)
    base = make_base(tmp_path / "base", "llama", tiny.documents.read_text(encoding="utf-8").splitlines())
    script = HERE.parents[1] / "benchmarks" / "gpu.py"
    done = in_a_process(script, "teach", "--tiny", "--device", "cpu", "--data", tmp_path, "--base", base)
    assert done.code == 0, done.err
    assert "'total': 12" in done.out
