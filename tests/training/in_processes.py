"""What each of several processes does in test_engine.py; torchrun starts it there."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from test_trainer import MIXED, SPAN, make, run  # noqa: E402

from closedbook.errors import RunError  # noqa: E402
from closedbook.model.gpt import GPT  # noqa: E402
from closedbook.model.linear import Linear  # noqa: E402
from closedbook.runs.weights import save_tensors  # noqa: E402
from closedbook.training.distributed import SINGLE_PROCESS, DistributedContext  # noqa: E402
from closedbook.training.trainer import StageTrainer  # noqa: E402

STEPS = 60
STAGES = {
    "course": ("adamw", replace(SPAN, epochs=14)),  # 42 steps, clipped, in file order
    "memory": (
        "muon",
        replace(MIXED, steps=STEPS),
    ),  # and Muon for the matrices, a sampled loss, questions that do not write
}


TYPES = (torch.float64, torch.float32)


def exactly(model: GPT) -> GPT:
    """Without products in bfloat16."""
    for module in model.modules():
        if isinstance(module, Linear):
            module.low = False
    return model


def trained(name: str, dtype: torch.dtype, distributed: DistributedContext = SINGLE_PROCESS) -> tuple[GPT, list[float]]:
    """The network after all steps of a stage, and the loss of each."""
    kind, stage = STAGES[name]
    trainer = make(kind, stage, dropout=0.0)
    exactly(trainer.model)
    model = trainer.model.double() if dtype == torch.float64 else trainer.model
    trainer = StageTrainer(stage, trainer.sampler, model, 12, distributed)  # whose optimiser has that type, too
    losses: list[float] = []
    run(trainer, lambda step: losses.append(step.loss))
    return model, losses


def together(distributed: DistributedContext, errors: list[str]) -> None:
    """What one process does not know, or fails at, the other hears of."""
    assert distributed.broadcast_from_rank0(lambda: f"said by {distributed.rank}") == "said by 0"
    for error in (RunError("the disk is full"), KeyboardInterrupt(), ValueError("a bug")):
        try:
            with distributed.sync_errors():
                if distributed.rank == 1:
                    raise error
        except BaseException as heard:
            errors.append(f"{type(heard).__name__}: {heard}")
    try:
        distributed.broadcast_from_rank0(lambda: 1 // 0)
    except (ZeroDivisionError, RunError) as heard:
        errors.append(f"{type(heard).__name__}: {heard}")


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with DistributedContext.start() as distributed:
        assert distributed.processes == distributed.neighbours == 2
        errors: list[str] = []
        together(distributed, errors)
        for name in STAGES:
            for dtype in TYPES:
                model, losses = trained(name, dtype, distributed)
                # A file for each process: their weights must be the same bits, although they are never sent.
                file = folder / f"{name}-{str(dtype).removeprefix('torch.')}-{distributed.rank}"
                save_tensors(file, model.state_dict(), {"losses": losses, "errors": errors})


def interrupted(rank: str, step: str, arguments: list[str]) -> None:
    """A training whose process `rank` gets Ctrl-C after a step."""
    import os

    import shell

    if os.environ["RANK"] == rank:
        shell.kill_at("SIGINT", "after", int(step), 1e9)
    from closedbook.cli import main

    main(arguments)


def killed(rank: str, step: str, run: str, arguments: list[str]) -> None:
    """A whole training, and another one whose process `rank` is killed after a step; every step is saved."""
    import os

    import shell

    from closedbook.cli import main
    from closedbook.training import checkpoint

    with DistributedContext.start():  # for both: torchrun brings processes together once
        assert shell.closedbook(*arguments, "--run", f"{run}-whole").code == 0
        checkpoint.SAVE_EVERY = -1.0
        if os.environ["RANK"] == rank:
            shell.kill_at("SIGKILL", "after", int(step), -1.0)
        main([*arguments, "--run", run])


if __name__ == "__main__":
    if sys.argv[1] == "interrupted":
        interrupted(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1] == "killed":
        killed(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
    else:
        main(Path(sys.argv[1]))
