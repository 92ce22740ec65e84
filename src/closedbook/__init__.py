"""closedbook: small Transformers that answer questions from memory.

import closedbook
run = closedbook.train("fast", "wiki.txt", "birth_places_train.tsv")
run.ask("Where was Khatchig Mouradian born?").answer
run = closedbook.load("runs/fast-…")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["load", "load_recipe", "train"]

if TYPE_CHECKING:
    from closedbook.config.loading import load_recipe
    from closedbook.pipeline import load, train


def __getattr__(name: str) -> Any:
    # Imported on first use: `import closedbook` must not wait for torch.
    if name in ("load", "train"):
        import closedbook.pipeline as pipeline

        return getattr(pipeline, name)
    if name == "load_recipe":
        from closedbook.config.loading import load_recipe

        return load_recipe
    raise AttributeError(f"module 'closedbook' has no attribute {name!r}")
