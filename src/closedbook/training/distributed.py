"""Devices and processes: the one place that knows of either.

A training is started in several processes by torchrun, and nothing else is to be learned:

    torchrun --nproc-per-node 2 -m -- closedbook train …

Every process makes the same batch, takes its rows of every slice, and adds its gradient to everybody's; the sum is the
one-process gradient up to the order of summation, whatever the number of processes. All then take the same step, so
weights are never sent: dense gradients travel as one array, those of tables as (row, value). Gradients are added up
here and not by DistributedDataParallel, because a process may have no row of a slice, and another number of slices
than its neighbour. Whatever is written, shown or asked is the first process's business.

CUDA and MPS: written by the book, and not yet run on either (no such device was at hand).
"""

from __future__ import annotations

import contextlib
import datetime
import math
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from closedbook.environment import process_rank
from closedbook.errors import ClosedbookError, LostProcessError, RecipeError, RunError, terminate
from closedbook.interrupts import GO_ON, stopped_by_torchrun
from closedbook.model.devices import find_device
from closedbook.training.bucketing import BATCH_COST as ON_CPU

T = TypeVar("T")
PATIENCE = datetime.timedelta(hours=12)  # how long the others wait for the first one, which indexes and evaluates
BATCH_COST = {"cpu": ON_CPU, "cuda": 8192, "mps": 2048}  # of one more slice, in positions; of a GPU, estimates


@dataclass(frozen=True)
class DistributedContext:
    """One of `processes` processes, and the device it computes on. Without arguments: alone, on the CPU."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    rank: int = 0
    processes: int = 1
    neighbours: int = 1  # processes on this machine, itself included

    @classmethod
    @contextlib.contextmanager
    def start(cls, device: str = "cpu") -> Iterator[DistributedContext]:
        """Join the others, if torchrun has started several processes; leave them at the end.

        Raises RecipeError where the device is missing.
        """
        rank, processes = process_rank()
        if processes == 1:
            yield cls(find_device(device))
            return
        if device == "mps":
            raise RecipeError("--device mps: one process only; start it without torchrun")
        local, neighbours = process_rank("LOCAL_RANK", "LOCAL_WORLD_SIZE")
        torch_device = find_device(device, local)
        joined = not dist.is_initialized()  # a caller may have joined already, and will leave
        if joined:
            if torch_device.type == "cuda":
                torch.cuda.set_device(torch_device)
            # gloo is always there, for what is not on the device: words, errors, interruptions.
            backend = "cuda:nccl,cpu:gloo" if torch_device.type == "cuda" else "gloo"
            dist.init_process_group(backend, timeout=PATIENCE)
        with _stop_on_sigterm():
            try:
                yield cls(torch_device, rank, processes, neighbours)
            finally:
                if joined:
                    dist.destroy_process_group()

    @property
    def first(self) -> bool:
        """Whether this process writes, shows and asks."""
        return self.rank == 0

    def batch_cost(self, workers: int = 1) -> int:
        """What one more slice costs a batch, in positions of all processes, or workers, together."""
        return BATCH_COST[self.device.type] * self.processes * workers

    def workers(self, positions: int) -> int:
        """In how many threads a batch of so many positions is worked on.

        A slice's launches hold Python's lock, one thread at a time; the arithmetic runs side by side. The sum,
        w · cost + positions / w, is least at the root of their quotient.
        """
        if self.device.type != "cpu" or self.processes > 1:
            return 1
        return max(1, min(torch.get_num_threads(), math.isqrt(positions // BATCH_COST["cpu"])))

    def wait(self) -> None:
        """Until the device has done what it was told; a clock is read after this."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def precision(self, products: str) -> torch.autocast:
        """The context of a loss: with "autocast", what torch deems safe is computed in bfloat16."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=products == "autocast")

    # Arithmetic -------------------------------------------------------------------------------------------------

    def all_reduce_gradients(self, model: nn.Module, loss: float, touched: Mapping[Tensor, Tensor]) -> float:
        """Make every gradient, and the loss, the sum over all processes. All get the same bits.

        `touched` has the rows, the same ones in all processes, outside of which a parameter's gradient is 0.
        """
        if self.processes == 1:
            return loss
        # A process that had no example has no gradient, not even an empty one: all must speak of the same parameters.
        parameters = list(model.parameters())
        dense_here = [p.grad is not None and not p.grad.is_sparse for p in parameters]
        table_here = [p.grad is not None and p.grad.is_sparse for p in parameters]
        counted = torch.tensor([loss, *dense_here, *table_here], dtype=torch.float64)
        _collective(dist.all_reduce, counted)
        total, *anywhere = counted.tolist()
        dense = [p for p, count in zip(parameters, anywhere[: len(parameters)], strict=True) if count]
        for table, count in zip(parameters, anywhere[len(parameters) :], strict=True):
            if count:
                table.grad = self._all_reduce_rows(table)
        if dense:
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in dense]
            rows = [touched.get(p) for p in dense]
            sent = [
                gradient if touched_rows is None else gradient[touched_rows]
                for gradient, touched_rows in zip(gradients, rows, strict=True)
            ]
            flat = torch.cat([part.flatten() for part in sent])
            _collective(dist.all_reduce, flat)
            summed = flat.split([part.numel() for part in sent])
            for parameter, gradient, touched_rows, part in zip(dense, gradients, rows, summed, strict=True):
                if touched_rows is None:
                    parameter.grad = part.view_as(parameter)
                else:
                    gradient[touched_rows] = part.view(len(touched_rows), -1)
                    parameter.grad = gradient
        return total

    def _all_reduce_rows(self, table: nn.Parameter) -> Tensor:
        """The sum of all processes' gradients of a table, exchanged as (row, value): sparse, each row once."""
        if table.grad is None:
            rows, values = torch.zeros(0, dtype=torch.long, device=table.device), table.detach()[:0]
        else:
            gradient = table.grad.coalesce()
            rows, values = gradient.indices()[0], gradient.values()
        counts = [torch.zeros(1, dtype=torch.long) for _ in range(self.processes)]
        _collective(dist.all_gather, counts, torch.tensor([len(rows)]))
        sizes = [int(count) for count in counts]
        most = max(sizes)
        padded_rows, padded = rows.new_zeros(most), values.new_zeros(most, values.shape[1])
        padded_rows[: len(rows)], padded[: len(rows)] = rows, values
        all_rows = [torch.empty_like(padded_rows) for _ in sizes]
        all_values = [torch.empty_like(padded) for _ in sizes]
        _collective(dist.all_gather, all_rows, padded_rows)
        _collective(dist.all_gather, all_values, padded)
        union = torch.cat([part[:size] for part, size in zip(all_rows, sizes, strict=True)]).unique()
        summed = values.new_zeros(len(union), values.shape[1])
        # One process after another, each row once in each: the same order of summation, and so the same bits, for all.
        for part, value, size in zip(all_rows, all_values, sizes, strict=True):
            row_numbers = torch.searchsorted(union, part[:size])
            summed[row_numbers] = summed[row_numbers] + value[:size]
        shape = table.shape
        return torch.sparse_coo_tensor(union[None], summed, shape, is_coalesced=True, check_invariants=False)

    # Agreement --------------------------------------------------------------------------------------------------

    def broadcast_from_rank0(self, work: Callable[[], T]) -> T:
        """What `work` gives in the first process, in all of them."""
        if self.processes == 1:
            return work()
        box: list[Any] = [None, None]
        if self.first:
            try:
                box[0] = work()
            except BaseException as error:
                box[1] = _picklable(error)
                _collective(dist.broadcast_object_list, box, 0, device=torch.device("cpu"))
                raise
        _collective(dist.broadcast_object_list, box, 0, device=torch.device("cpu"))
        if box[1] is not None:
            raise box[1]
        return box[0]

    def raise_in_all(self, error: BaseException | None = None) -> None:
        """Raise in every process if there is an error in any: its own where it has one, else another's.

        All call it at the same place. Ctrl-C is a KeyboardInterrupt for everybody.
        """
        if self.processes > 1:
            trouble = torch.tensor([int(error is not None)])
            _collective(dist.all_reduce, trouble, dist.ReduceOp.MAX)
            if trouble.item():
                errors: list[Any] = [None] * self.processes
                _collective(dist.all_gather_object, errors, _picklable(error))
                error = error or next(other for other in errors if other is not None)
        if error is not None:
            raise error

    @contextlib.contextmanager
    def sync_errors(self) -> Iterator[None]:
        """What fails within in one process fails in all, once all have come to the end of it."""
        try:
            yield
        except LostProcessError:
            raise  # there is nobody left to agree with
        except BaseException as error:
            self.raise_in_all(error)
        else:
            self.raise_in_all()


def _collective(call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """A call that all processes make. Raises LostProcessError where one of them has gone."""
    try:
        call(*arguments, **options)
    except RuntimeError as error:
        reason = str(error).partition(". ")[0].rpartition("] ")[2].strip()
        raise LostProcessError(f"another process of this training has ended ({reason}); {GO_ON}") from error


@contextlib.contextmanager
def _stop_on_sigterm() -> Iterator[None]:
    """SIGTERM is an error like any other; while steps are done, it is held back until they are saved."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    if not main or before not in (signal.SIG_DFL, terminate):
        yield
        return
    signal.signal(signal.SIGTERM, stopped_by_torchrun)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _picklable(error: BaseException | None) -> BaseException | None:
    """The error as another process can read it."""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return KeyboardInterrupt()
    if error is None:
        return None
    if isinstance(error, ClosedbookError):
        with contextlib.suppress(Exception):
            pickle.loads(pickle.dumps(error))
            return error
    return RunError(f"another process failed: {type(error).__name__}: {error}")


def silent() -> bool:
    """Whether this is one of several processes, and not the one that speaks."""
    return process_rank()[0] > 0


SINGLE_PROCESS = DistributedContext()
