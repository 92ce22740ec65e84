"""Learning on several machines, by Dask's scheduler.

Dask and not Ray: what is to be done is one pure function on many small pieces, for which Dask's scheduler is enough, is
pure Python, and runs wherever closedbook does. What a name learns depends on nothing but its documents, so it does not
matter which machine learns it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from closedbook.errors import RunError
from closedbook.living.learner import LearnedName

TIMEOUT = 10  # seconds to wait for a scheduler
Documents = Mapping[str, Sequence[str]]


def fit_on_cluster(
    scheduler: str, fit: Callable[[Any, Documents], list[LearnedName]], state: Any, chunks: Sequence[Documents]
) -> Iterator[LearnedName]:
    """fit(state, chunk) of every chunk, in order, by the workers of the scheduler at an address.

    `state` is sent to each worker once. Raises RunError where Dask is not installed or the scheduler does not answer.
    """
    if find_spec("distributed") is None:
        raise RunError("--scheduler needs Dask, which is not installed: pip install 'closedbook[cluster]'")
    from distributed import Client

    try:
        client = Client(scheduler, timeout=TIMEOUT)
    except (OSError, ValueError) as error:
        raise RunError(f"--scheduler {scheduler} does not answer ({error}); start it with: dask scheduler") from None
    with client:
        shared = client.scatter(state, broadcast=bool(client.scheduler_info()["workers"]))
        futures = client.map(fit, [shared] * len(chunks), chunks, pure=False)
        for future in futures:
            yield from future.result()
            future.release()
