"""Some questions of a report looked into: where each head looked, and what each part was worth."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from closedbook.reporting import figures
from closedbook.verdicts.calibration import invent
from closedbook.web.registry import WORDING, wording

Context = dict[str, Any]
Progress = Callable[[str], None]


def chosen(first: Context, progress: Progress) -> list[Context]:
    """Some questions looked into: the surest and least sure of the right and of the wrong answers, and a stranger."""
    answers = first["answers"]
    picked: list[tuple[str, str]] = []
    for right, kind in ((True, "right"), (False, "wrong")):
        some = sorted((a for a in answers if a.get("right") is right), key=lambda answer: -answer["probability"])
        if some:
            picked.append((f"the surest of the {kind} answers", some[0]["question"]))
        if len(some) > 1:
            picked.append((f"the least sure of the {kind} answers", some[-1]["question"]))
    documents, trained = first["documents"], first["trained"]
    if documents is not None:
        asked = wording(trained, set(documents.titles)) if trained is not None else WORDING
        picked += [
            ("somebody who is not there", asked.replace("{}", name, 1)) for name in invent(documents.titles, 1, seed=0)
        ]
    gold = {answer["question"]: answer.get("gold") for answer in answers}
    made = []
    for why, question in picked:
        progress("looking inside")
        inside = first["run"].attribute(question)
        at, shown = inside.prompt - 1, [token.strip() or "␣" for token in inside.tokens[: inside.prompt]]
        shown[-1] = "▸"
        rows: list[Any] = []
        for effect in inside.effects:
            instead = effect.answer if effect.answer and effect.answer != inside.answer else ""
            if isinstance(effect.off, str):
                rows.append((effect.off, None, effect.drop, instead))
                continue
            layer, head = effect.off
            weights = inside.weights[layer][head]
            row = weights[min(at, len(weights) - 1)].tolist()[: len(shown)]
            rows.append((f"layer {layer + 1} · head {head + 1}", row, effect.drop, instead))
        made.append(
            {
                "why": why, "question": question, "answer": inside.answer, "gold": gold.get(question),
                "probability": math.prod(said.probability for said in inside.said),
                "runners_up": [(choice.text, choice.probability) for choice in inside.said[0].choices],
                "svg": figures.looks(f"Where each head looked, and what it was worth: {question}", shown, rows),
            }
        )  # fmt: skip
    return made
