"""What a user's file may say of the public interface, for mypy: `make lint` checks it, tests/test_package.py runs it.

Every `type: ignore` stands on a line that is wrong, so that lint fails where mypy does not notice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

import closedbook
from closedbook.errors import RunError


def use(folder: Path, recipe: str, documents: Path, questions: Path, base: Path) -> list[str]:
    """Everything that `closedbook.__all__` names, once."""
    assert_type(closedbook.load_recipe(recipe, ["seed=1"]), closedbook.Recipe)
    run = closedbook.train(recipe, documents, questions, run=folder, threads=1)
    assert_type(run, closedbook.Run)
    assert_type(closedbook.load(folder), closedbook.Run)

    answer = closedbook.ask(run, "Where was Ada Ray born?", blind=True)
    assert_type(answer, closedbook.Answer)
    assert_type(run.ask("Where was Ada Ray born?"), closedbook.Answer)
    assert_type(answer.answer, str)
    assert_type(answer.probability, float)
    assert_type(answer.met, float | None)

    scores = closedbook.evaluate(folder, questions)
    assert_type(scores, dict[str, Any])

    probed = closedbook.probe(base, questions, prompts=1, shots=1)
    assert_type(probed, dict[str, Any])

    copying = closedbook.claims()["1a"]
    assert_type(copying, closedbook.Claim)
    assert_type(copying.check({"gap": 12}).holds, bool)

    try:
        closedbook.load(folder / "nothing")
    except RunError as error:
        return [answer.verdict, str(scores["accuracy"]), str(probed["before"]["knowledge"]["total"]), str(error)]
    return []


def misuse(run: closedbook.Run) -> None:
    """Never run."""
    closedbook.laod("runs/mine")  # type: ignore[attr-defined]
    closedbook.load(1)  # type: ignore[arg-type]
    closedbook.ask(run)  # type: ignore[call-arg]
    closedbook.ask(run, "Who?", precison=0.9)  # type: ignore[call-arg]
    print(run.ask("Who?").anwser)  # type: ignore[attr-defined]
