"""A few answers of a report explained: where each head looked, and what each part of the network was worth."""

from __future__ import annotations

import math
from typing import Any

from closedbook.data.questions import commonest_wording
from closedbook.reporting import Context, Progress, figures
from closedbook.verdicts.calibration import invent


def attributions(first: Context, progress: Progress) -> list[Context]:
    """Attributions of the surest and the least sure of the right and of the wrong answers, and of a stranger's."""
    answers = first["answers"]
    picked: list[tuple[str, str]] = []
    for right, kind in ((True, "right"), (False, "wrong")):
        surest_first = sorted((a for a in answers if a.get("right") is right), key=lambda a: -a["probability"])
        if surest_first:
            picked.append((f"the surest of the {kind} answers", surest_first[0]["question"]))
        if len(surest_first) > 1:
            picked.append((f"the least sure of the {kind} answers", surest_first[-1]["question"]))
    documents = first["documents"]
    if documents is not None:
        wording = commonest_wording(first["trained"], set(documents.titles))
        for name in invent(documents.titles, 1, seed=0):
            picked.append(("a name that no document has", wording.replace("{}", name, 1)))
    gold = {answer["question"]: answer.get("gold") for answer in answers}
    explained = []
    for why, question in picked:
        progress("looking inside")
        inside = first["run"].attribute(question)
        position, tokens = inside.prompt - 1, [token.strip() or "␣" for token in inside.tokens[: inside.prompt]]
        tokens[-1] = "▸"
        rows: list[Any] = []
        for effect in inside.effects:
            instead = effect.answer if effect.answer and effect.answer != inside.answer else ""
            if isinstance(effect.off, str):
                rows.append((effect.off, None, effect.drop, instead))
                continue
            layer, head = effect.off
            weights = inside.weights[layer][head]
            row = weights[min(position, len(weights) - 1)].tolist()[: len(tokens)]
            rows.append((f"layer {layer + 1} · head {head + 1}", row, effect.drop, instead))
        explained.append(
            {
                "why": why, "question": question, "answer": inside.answer, "gold": gold.get(question),
                "probability": math.prod(token.probability for token in inside.said),
                "runners_up": [(choice.text, choice.probability) for choice in inside.said[0].choices],
                "svg": figures.looks(f"Where each head looked, and what it was worth: {question}", tokens, rows),
            }
        )  # fmt: skip
    return explained
