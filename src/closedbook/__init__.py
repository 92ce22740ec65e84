"""closedbook: small Transformers that answer questions from memory.

run = closedbook.train("fast", "wiki.txt", "birth_places_train.tsv")
run.ask("Where was Khatchig Mouradian born?").answer
closedbook.evaluate(run, "birth_dev.tsv")["accuracy"]

What `__all__` names is the public interface: it has type hints, and changes with a line in CHANGELOG.md. Errors that a
user can cause are in `closedbook.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Answer", "Claim", "Recipe", "Run", "ask", "claims", "evaluate", "load", "load_recipe", "probe", "train"]

if TYPE_CHECKING:
    from closedbook.attention.claim import Claim, claims
    from closedbook.config.loading import load_recipe
    from closedbook.config.schema import Recipe
    from closedbook.evaluation.evaluation_run import evaluate
    from closedbook.evaluation.probing import probe
    from closedbook.inference.answer import Answer
    from closedbook.inference.run import Run, ask, load
    from closedbook.pipeline import train
else:
    # Imported on first use: `import closedbook` must not wait for torch. Hidden from type checkers, which would take
    # every misspelled name for one that is there.
    HOMES = {
        "Answer": "inference.answer",
        "Claim": "attention.claim",
        "Recipe": "config.schema",
        "claims": "attention.claim",
        "evaluate": "evaluation.evaluation_run",
        "load_recipe": "config.loading",
        "probe": "evaluation.probing",
        "train": "pipeline",
        **dict.fromkeys(("Run", "ask", "load"), "inference.run"),
    }

    def __getattr__(name):
        if name not in HOMES:
            raise AttributeError(f"module 'closedbook' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"closedbook.{HOMES[name]}"), name)

    def __dir__():
        return sorted({*globals(), *__all__})
