"""What a run weighs, and how crowded its memory is."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from closedbook.data.documents import Documents
from closedbook.inference.run import Run
from closedbook.model.ngram_embedding import NgramEmbedding


def weigh(run: Run, documents: Documents) -> dict[str, Any]:
    """Parameters and bytes of a run's network, dense, memory and total; and who shares rows of its memory.

    `orders` has an entry for each order of n-grams, over all `documents` and over their titles: how many different
    n-grams there are, how many rows they use, and what share of them has a row together with another one. `titles`
    counts the different titles that have a row to themselves, that have shared rows only, or none; a row is shared
    where another n-gram of the documents has it, or another title the same n-gram ("Anna Berg", "Eva Anna Berg").
    """
    memory = run.model.memory
    numbers = list(run.model.parameters())
    in_memory = list(memory.parameters()) if memory is not None else []
    total, in_memory_size = (
        {"parameters": sum(p.numel() for p in some), "bytes": sum(p.numel() * p.element_size() for p in some)}
        for some in (numbers, in_memory)
    )
    dense = {key: total[key] - in_memory_size[key] for key in total}
    report: dict[str, Any] = {"run": str(run.path), "size": {"dense": dense, "memory": in_memory_size, "total": total}}
    if memory is None:
        return {**report, "orders": [], "titles": None}
    texts = [run.vocabulary.encode(item.text)[0] for item in documents.items]
    titles = [run.vocabulary.encode(title)[0] for title in dict.fromkeys(documents.titles)]
    entries = {"documents": memory.collisions(texts), "titles": memory.collisions(titles)}
    report["orders"] = [
        {"order": entry["order"], "of": name, **entry} for name, ngrams_of in entries.items() for entry in ngrams_of
    ]
    return {**report, "titles": _owners(memory, texts, titles)}


def _owners(memory: NgramEmbedding, texts: list[np.ndarray], titles: list[np.ndarray]) -> dict[str, int]:
    """How many titles have a row of their own, rows that others have too, or none."""
    ngrams_of = [memory.ngrams(title) for title in titles]
    users = Counter(row for row, _ in {pair for text in (*texts, *titles) for pair in memory.ngrams(text)})
    bearers = Counter(row for pairs in ngrams_of for row in {row for row, _ in pairs})
    own = sum(any(users[row] == bearers[row] == 1 for row, _ in pairs) for pairs in ngrams_of)
    none = sum(not pairs for pairs in ngrams_of)
    return {
        "different": len(ngrams_of),
        "own_row": own,
        "shared_rows_only": len(ngrams_of) - own - none,
        "no_row": none,
    }
