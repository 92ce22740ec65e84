"""The gradient of a batch, slice by slice, by one thread or several, one process or several."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from closedbook.config.schema import Stage
from closedbook.data.arrays import Examples
from closedbook.model.dropout import drawing_from
from closedbook.model.network import Network
from closedbook.parallel import parallel_map, workers
from closedbook.training.bucketing import bucket, pack, shard
from closedbook.training.distributed import SINGLE_PROCESS, DistributedContext

Losses = Callable[[int, int], Iterator[Tensor]]  # of the rows that are one's own: (rank, processes) → parts of the loss


def backward(
    model: Network, examples: Examples, stage: Stage, distributed: DistributedContext = SINGLE_PROCESS
) -> float:
    """Accumulate the gradient of the mean loss over all targets of a batch, slice by slice; returns that loss.

    Of several processes, or workers (see `closedbook.parallel`), each has its rows of every slice; all processes end
    with the gradient of the whole batch.
    """
    updating = torch.tensor([share.update_embeddings for share in stage.objectives])
    sampled: list[Tensor] = []
    if model.packable and not stage.negatives and updating.all():
        losses_of = _packed_losses(model, examples, stage)
    else:
        losses_of, sampled = _slice_losses(model, examples, stage, updating, distributed)
    worker_count = workers()
    if distributed.rank:  # dropout is each process's own
        torch.manual_seed((torch.initial_seed() + distributed.rank) % 2**64)

    def work(rank: int, take: Callable[[Tensor], None]) -> list[Tensor]:
        """The losses of the rows of one process or worker, each given to `take`."""
        losses = []
        for loss in losses_of(rank, distributed.processes * worker_count):
            take(loss)
            losses.append(loss.detach())
        return losses

    losses = work(distributed.rank, Tensor.backward) if worker_count == 1 else _parallel_backward(model, work)
    loss_here = sum(torch.stack(losses).tolist()) if losses else 0.0  # read at the end: a GPU is not waited for before
    touched = {model.head.weight: torch.cat(sampled).unique().to(distributed.device)} if sampled else {}
    return distributed.all_reduce_gradients(model, loss_here, touched)


def _packed_losses(model: Network, examples: Examples, stage: Stage) -> Losses:
    targets, few_shapes = max(1, examples.targets), model.takes_packed_rows

    def losses(rank: int, processes: int) -> Iterator[Tensor]:
        for batch in pack(examples, rank, processes, stage.at_once, few_shapes):
            yield model.packed_loss(batch) / targets

    return losses


def _slice_losses(
    model: Network, examples: Examples, stage: Stage, updating: Tensor, distributed: DistributedContext
) -> tuple[Losses, list[Tensor]]:
    """The losses, and of sampled ones the outputs that have a gradient, if no slice has more."""
    targets = max(1, examples.targets)
    batch = bucket(examples, distributed.batch_cost(workers()))
    # Drawn for the whole slice, whoever has which rows of it: so the loss is the same for any number of processes.
    candidates = [model.draw(torch.from_numpy(piece.target_tokens), stage.negatives) for piece in batch]

    def losses(rank: int, processes: int) -> Iterator[Tensor]:
        for number, piece in shard(batch, rank, processes, stage.at_once):
            update_embeddings = None if updating.all() else updating[piece.kinds.long()].to(distributed.device)
            here = piece.to(distributed.device)
            with distributed.precision(model.recipe.matmul_dtype):
                loss = model.loss(
                    here.tokens, here.target_positions, here.target, update_embeddings, candidates[number]
                )
            yield loss / targets

    sampled = [torch.cat([outputs.own, outputs.drawn]) for outputs in candidates if outputs is not None]
    return losses, sampled if len(sampled) == len(candidates) else []


def _parallel_backward(model: Network, work: Callable[[int, Callable[[Tensor], None]], list[Tensor]]) -> list[Tensor]:
    """The losses of `work` of all workers; their gradients are added to the model's, in the workers' order."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def work_alone(worker: int) -> tuple[list[Tensor], list[Tensor | None]]:
        sums: list[Tensor | None] = [None] * len(parameters)

        def add(loss: Tensor) -> None:
            sums[:] = map(_sum, sums, torch.autograd.grad(loss, parameters, allow_unused=True))

        with drawing_from((torch.initial_seed() + worker) % 2**64):
            return work(worker, add), sums

    losses, gradients = zip(*parallel_map(work_alone, range(workers())), strict=True)
    for parameter, *parts in zip(parameters, *gradients, strict=True):
        parameter.grad = functools.reduce(_sum, parts, parameter.grad)
    return list(itertools.chain.from_iterable(losses))


def _sum(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    return a if b is None else b if a is None else a + b
