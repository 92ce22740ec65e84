"""A run's confidence: whether it is as sure as it should be, and what it does with names it never met."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from closedbook.attention.claim_figures import Slide
from closedbook.data.documents import Documents
from closedbook.data.questions import Question, commonest_wording
from closedbook.evaluation.confidence_report import described
from closedbook.evaluation.metrics import auroc
from closedbook.evaluation.score import wilson
from closedbook.formatting import percent
from closedbook.reporting import Context, Progress, figures
from closedbook.verdicts.calibration import invent

STRANGERS = 200


def certainty(scored: Sequence[dict[str, Any]]) -> Context:
    """Probabilities against outcomes: reliability, what is gained by staying silent, and the two distributions."""
    calibrated = any(answer.get("calibrated") for answer in scored)
    account = "probability" if calibrated else "the network's own probability"
    chance = np.array([float(answer["probability"]) for answer in scored])
    right = np.array([bool(answer["right"]) for answer in scored])
    order = np.argsort(-chance, kind="stable")  # ties as they come, not the right ones first
    pairs = list(zip(chance[order].tolist(), right[order].tolist(), strict=True))
    tenths = [part for part in np.array_split(order, min(10, max(1, len(order) // 5))) if len(part)]
    reliability = [(float(chance[part].mean()), int(right[part].sum()), len(part)) for part in tenths]
    share_right = np.cumsum(right[order]) / np.arange(1, len(order) + 1)

    def draw_reliability(slide: Slide) -> None:
        (ax,) = slide.panels()
        slide.curve(ax, [0, 1], [0, 1], 3, linewidth=1.5, linestyle=(0, (5, 3)))
        for mean, correct, total in reliability:
            ax.plot([mean, mean], wilson(correct, total), color=slide.theme.tones[1], linewidth=2)
            slide.dots(ax, [mean], [correct / total], 0)
        figures.unit(ax, account, "right")

    def draw_coverage(slide: Slide) -> None:
        (ax,) = slide.panels()
        answered = np.arange(1, len(order) + 1) / len(order)
        slide.curve(ax, answered, share_right, 0, linestyle="-")
        slide.curve(ax, [0, 1], [share_right[-1]] * 2, 2, linewidth=1.5, linestyle=(0, (5, 3)))
        figures.unit(ax, "share of questions answered, surest first", "right among them")

    def draw_histograms(slide: Slide) -> None:
        for ax, truth, tone in zip(slide.panels(2, stacked=True), (True, False), (0, 1), strict=True):
            counts, _ = np.histogram(chance[right == truth], bins=20, range=(0, 1))
            ax.bar(np.arange(20) / 20 + 0.025, counts, 0.044, color=slide.theme.tones[tone])
            ax.set(xlim=(-0.01, 1.01), ylabel="right" if truth else "wrong", xlabel="" if truth else account)
            ax.set_ylim(0, max(1, 1.05 * counts.max()))
            ax.yaxis.get_major_locator().set_params(integer=True, nbins=3)
            figures.with_commas(ax.yaxis)
            figures.as_percent(ax.xaxis)

    sure = [truth for probability, truth in pairs if probability >= 0.9]
    return {
        "calibrated": calibrated,
        "auroc": auroc(right, chance),
        "sure": len(sure),
        "sure_wrong": len(sure) - sum(sure),
        "wrong": int((~right).sum()),
        "figures": [
            {"title": "Is it as sure as it should be?",
             "text": "Answers in tenths by probability; on the dashed line chances and outcomes agree.",
             "svg": figures.chart(f"Reliability of {account}", "; ".join(
                 f"about {percent(mean)}: {correct:,} of {total:,} right" for mean, correct, total in reliability
             ), draw_reliability)},
            {"title": "Answering only when sure.",
             "text": "Accuracy when only the surest are answered; dashed: when all are.",
             "svg": figures.chart("Accuracy when only the surest are answered", "; ".join(
                 f"{tenth} in 10 answered: {percent(share_right[max(0, len(order) * tenth // 10 - 1)])} right"
                 for tenth in range(1, 11)
             ), draw_coverage)},
            {"title": "Right answers above, wrong ones below.",
             "text": "How many answers got which probability, each with a scale of its own.",
             "svg": figures.chart("Right and wrong answers by probability",
                               f"{int(right.sum())} right, {int((~right).sum())} wrong", draw_histograms)},
        ],
    }  # fmt: skip


def verdicts(scored: Sequence[dict[str, Any]]) -> Context | None:
    """How often each verdict was given, and how often the answer was right then; None where there are no verdicts."""
    named = [(name, bool(answer["right"])) for answer in scored if (name := answer.get("verdict"))]
    if not named:
        return None
    rows = []
    for name in ("remembered", "unsure", "made up", "never met"):
        right = [truth for verdict, truth in named if verdict == name]
        if right:
            rows.append((name, sum(right), len(right), wilson(sum(right), len(right))))
    return {"svg": figures.shares("Right answers by verdict", rows), "rows": rows}


def strangers(first: Context, progress: Progress) -> Context | None:
    """What the run does with names that nobody in its documents has; None without the documents."""
    documents: Documents | None = first["documents"]
    if documents is None or first["run"] is None:
        return None
    progress("asking about strangers")
    names = invent(documents.titles, STRANGERS, seed=0)
    wording = commonest_wording(first["trained"], set(documents.titles))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that strangers' names hold unknown words is the point
        answers = first["run"].answer([Question(wording.replace("{}", name, 1), None, 1) for name in names])
    if not answers:
        return None
    chances = [answer.probability for answer in answers]
    evaluated = [float(answer["probability"]) for answer in first["answers"]]

    def draw(slide: Slide) -> None:
        (ax,) = slide.panels()
        for tone, values in ((1, chances), (0, evaluated)):
            if values:
                slide.curve(ax, [0, *sorted(values), 1], [*np.linspace(0, 1, len(values) + 1), 1], tone, linestyle="-")
        figures.unit(ax, "probability given to the answer", "share of answers below")

    medians = f"median {percent(median(chances))} for strangers"
    if evaluated:
        medians += f", {percent(median(evaluated))} for the names in the questions"
    return {
        "svg": figures.chart(
            "Probability of answers about strangers and about the names in the questions", medians, draw
        ),
        **described(answers),
        "example": names[0],
        "median": median(chances),
        "known_median": median(evaluated) if evaluated else None,
        "sure": sum(p >= 0.9 for p in chances),
    }
