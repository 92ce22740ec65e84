"""What a run weighs, and how many names it has a memory of."""

from __future__ import annotations

from collections import Counter
from typing import Any

from closedbook.data.documents import Documents
from closedbook.inference.run import Run


def weigh(run: Run, documents: Documents) -> dict[str, Any]:
    """Parameters and bytes of a run's network, dense, memory and total; and the names of its memory.

    `names` is how many names have a row; `shared` how many of the `documents` share one, because others have their
    title too. Both are None for a network without a memory. `learned` are the names, and their bytes, that were learned
    after the training.
    """
    memory = run.model.memory
    total, in_memory = (
        {"parameters": sum(p.numel() for p in some), "bytes": sum(p.numel() * p.element_size() for p in some)}
        for some in (list(run.model.parameters()), list(memory.parameters()) if memory is not None else [])
    )
    dense = {key: total[key] - in_memory[key] for key in total}
    report: dict[str, Any] = {"run": str(run.path), "size": {"dense": dense, "memory": in_memory, "total": total}}
    if memory is None:
        return {**report, "names": None, "shared": None}
    titles = Counter(documents.titles)
    shared = sum(count for count in titles.values() if count > 1)
    later = run.learned.names.values()
    learned = {"names": len(later), "bytes": sum(name.vectors.nbytes for name in later)}
    return {**report, "names": run.first_vocabulary.names.stored, "shared": shared, "learned": learned}
