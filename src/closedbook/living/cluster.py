"""Learning on several machines, by Dask's scheduler.

Dask and not Ray: what is to be done is one pure function on many small pieces, for which Dask's scheduler is enough, is
pure Python, and runs wherever closedbook does. What a name learns depends on nothing but its documents, so it does not
matter which machine learns it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from closedbook.environment import require_packages
from closedbook.errors import RunError, WorkerError
from closedbook.living.learner import LearnedName

TIMEOUT = 10  # seconds to wait for a scheduler, or for a worker where there is none
Documents = Mapping[str, Sequence[str]]


def fit_on_cluster(
    scheduler: str, fit: Callable[[Any, Documents], list[LearnedName]], state: Any, chunks: Sequence[Documents]
) -> Iterator[LearnedName]:
    """fit(state, chunk) of every chunk, in order, by the workers of the scheduler at an address.

    `state` is sent to each worker once. Raises RunError where Dask is not installed or the scheduler does not answer,
    and WorkerError where the workers, or the scheduler, fail or are lost.
    """
    require_packages("--scheduler", "distributed", extra="cluster")
    from distributed import Client, wait

    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # it logs a page for what is said here in a line
    try:
        client = Client(scheduler, timeout=TIMEOUT)
    except (OSError, ValueError) as error:
        raise RunError(f"--scheduler {scheduler} does not answer ({error}); start it with: dask scheduler") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=TIMEOUT)
            shared = client.scatter(state, broadcast=True)
            for future in client.map(fit, [shared] * len(chunks), chunks, pure=False):
                while future.status == "pending":
                    with contextlib.suppress(TimeoutError):
                        wait(future, timeout=TIMEOUT)
                    client.wait_for_workers(1, timeout=TIMEOUT)
                yield from future.result()
                future.release()
        except Exception as error:  # whatever a worker raised, or Dask where it lost one
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
            raise WorkerError(
                f"--scheduler {scheduler}: its workers failed ({reason}); see that there are some, each with this "
                "closedbook; the same command goes on where it stopped"
            ) from None
