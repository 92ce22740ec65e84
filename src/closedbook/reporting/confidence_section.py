"""How sure a run is, whether it should be, and what it does with names it never met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from closedbook.data.documents import Documents
from closedbook.data.questions import Question
from closedbook.evaluation.metrics import auroc
from closedbook.evaluation.score import wilson
from closedbook.reporting import figures
from closedbook.reporting.formatting import verdict_of
from closedbook.web.registry import WORDING, invented_names, wording

STRANGERS = 200
Context = dict[str, Any]
Progress = Callable[[str], None]


def certainty(scored: Sequence[dict[str, Any]]) -> Context:
    """Probabilities against outcomes: reliability, what is gained by staying silent, and the two distributions."""
    pairs = [(float(answer["probability"]), bool(answer["right"])) for answer in scored]
    pairs.sort(key=lambda pair: -pair[0])  # and ties as they come, not the right ones first
    calibrated = any(answer.get("calibrated") for answer in scored)
    account = "probability" if calibrated else "the network's own probability"
    reliability = figures.Plot(f"Reliability of {account}", (0, 1), (0, 1), x_label=account, y_label="right",
                            x_show=figures.percent, y_show=figures.percent)  # fmt: skip
    reliability.line([(0, 0), (1, 1)], 3, "dashed")
    size = max(1, len(pairs) // 10)
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        if len(part) < size // 2:
            continue
        right, mean = sum(r for _, r in part), sum(p for p, _ in part) / len(part)
        reliability.whisker(mean, *wilson(right, len(part)), 1)
        reliability.dot(mean, right / len(part), 0, 5, f"{len(part)} answers, {right} right")
    covered = figures.Plot("Accuracy when only the surest are answered", (0, 1), (0, 1), y_label="right among them",
                        x_label="share of questions answered, surest first", x_show=figures.percent,
                        y_show=figures.percent)  # fmt: skip
    right_so_far, curve = 0, []
    for i, (_, right) in enumerate(pairs, 1):
        right_so_far += right
        curve.append((i / len(pairs), right_so_far / i))
    covered.line(curve, 0)
    covered.line([(0, right_so_far / len(pairs)), (1, right_so_far / len(pairs))], 2, "dashed")
    counts = {truth: [0] * 20 for truth in (True, False)}
    for probability, right in pairs:
        counts[right][min(19, int(probability * 20))] += 1
    most = max(max(column) for column in counts.values())
    spread = figures.Plot("Right and wrong answers by probability", (0, 1), (0, most * 1.08), x_label=account,
                       y_label="answers", x_show=figures.percent)  # fmt: skip
    for truth, tone in ((True, 0), (False, 1)):
        for i, count in enumerate(counts[truth]):
            x = i / 20 + (0.002 if truth else 0.026)
            spread.bar(x, x + 0.022, 0, count, tone, 0.95, f"{count} {'right' if truth else 'wrong'}")
    sure = [right for probability, right in pairs if probability >= 0.9]
    return {
        "calibrated": calibrated,
        "auroc": auroc(np.array([right for _, right in pairs]), np.array([chance for chance, _ in pairs])),
        "sure": len(sure),
        "sure_wrong": len(sure) - sum(sure),
        "wrong": len(pairs) - right_so_far,
        "figures": [
            {"svg": reliability.svg(), "title": "Is it as sure as it should be?",
             "text": "Answers in tenths by probability; on the dashed line chances and outcomes agree."},
            {"svg": covered.svg(), "title": "What silence buys",
             "text": "Accuracy when only the surest are answered; dashed: when all are."},
            {"svg": spread.svg(), "title": "Right (dark) and wrong (red) answers",
             "text": "How many answers got which probability."},
        ],
    }  # fmt: skip


def verdicts(scored: Sequence[dict[str, Any]]) -> Context | None:
    """How often each verdict was given, and how often the answer was right then; None where there are no verdicts."""
    named = [(name, bool(answer["right"])) for answer in scored if (name := verdict_of(answer))]
    if not named:
        return None
    rows = []
    for name in ("remembered", "unsure", "made up", "never met"):
        right = [truth for given, truth in named if given == name]
        if right:
            rows.append((name, sum(right), len(right), wilson(sum(right), len(right))))
    return {"svg": figures.shares("Right answers by verdict", rows), "rows": rows}


def strangers(first: Context, progress: Progress) -> Context | None:
    """What the run does with names that nobody in its documents has; None without the documents."""
    documents: Documents | None = first["documents"]
    if documents is None or first["run"] is None:
        return None
    progress("asking about strangers")
    names = invented_names(documents.titles, STRANGERS)
    asked = wording(first["trained"], set(documents.titles)) if first["trained"] is not None else WORDING
    answers = first["run"].answer([Question(asked.replace("{}", name, 1), None, 1) for name in names])
    if not answers:
        return None
    counted = Counter(answer.answer for answer in answers)
    chances = [answer.probability for answer in answers]
    known = [float(answer["probability"]) for answer in first["answers"]]
    drawn = figures.Plot("Probability of answers about strangers and about the questions' people", (0, 1), (0, 1),
                      x_label="probability given to the answer", y_label="share of answers below",
                      x_show=figures.percent, y_show=figures.percent)  # fmt: skip
    for tone, values in ((1, chances), (0, known)):
        ranked = sorted(values)
        if ranked:
            drawn.line([(0, 0), *((p, (i + 1) / len(ranked)) for i, p in enumerate(ranked)), (1, 1)], tone)
    return {
        "svg": drawn.svg(),
        "count": len(answers),
        "example": names[0],
        "different": len(counted),
        "top": counted.most_common(5),
        "median": sorted(chances)[len(chances) // 2],
        "known_median": sorted(known)[len(known) // 2] if known else None,
        "sure": sum(p >= 0.9 for p in chances),
        "verdicts": Counter(v for answer in answers if (v := verdict_of(answer.to_json()))).most_common(),
    }
