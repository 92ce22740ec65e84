"""Measures how far probabilities and verdicts can be trusted: the `confidence` object of `evaluate --json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from closedbook.evaluation import metrics
from closedbook.evaluation.baselines import WholeWords
from closedbook.evaluation.binning import EXPOSURES, FREQUENCIES, binned
from closedbook.inference.answer import Answer
from closedbook.inference.run import Run
from closedbook.verdicts.evidence_store import EvidenceStore
from closedbook.verdicts.verdict import VERDICTS


def confidence_report(run: Run, answers: Sequence[Answer], precision: float, signals: str) -> dict[str, Any]:
    """Count the verdicts and, if the gold answers are known, measure the probabilities and verdicts.

    Each figure names its label. Groups that need the documents are left out if the answers were judged blind.
    """
    verdicts = Counter(answer.verdict for answer in answers)
    report: dict[str, Any] = {
        "precision": precision,
        "signals": signals,
        "blind": all(answer.evidence is None for answer in answers),
        "calibrated": all(answer.calibrated for answer in answers),
        "uncalibrated": run.uncalibrated,
        "verdicts": {name: verdicts[name] for name in VERDICTS},
    }
    if not answers or any(answer.right is None for answer in answers):
        return report
    seed = run.recipe.seed
    right = np.array([bool(answer.right) for answer in answers])
    answered = np.array([not answer.abstained for answer in answers])
    report |= {
        "probability": metrics.quality(right, np.array([answer.probability for answer in answers]), seed),
        "model_probability": metrics.quality(right, np.array([answer.model_probability for answer in answers]), seed),
        "given": {"label": "right: equals the gold answer", **metrics.given_precision(right, answered, precision)},
        "right_by_verdict": metrics.by_group(right, [answer.verdict for answer in answers]),
    }
    if not report["blind"] and run.index is not None:
        report |= _by_documents(run.index, answers, right)
    return report


def _by_documents(index: EvidenceStore, answers: Sequence[Answer], right: np.ndarray) -> dict[str, Any]:
    """Accuracy by how often the gold answer occurs in training and in the documents."""
    golds = index.golds()
    names = [answer.evidence.name if answer.evidence and answer.evidence.has_document else None for answer in answers]
    exposures, statements, elsewhere = [], [], []
    for answer, name in zip(answers, names, strict=True):
        gold = answer.gold or ""
        texts = [document.text for document in index.texts(name)] if name else []
        exposures.append(index.exposures(name, gold) if name else 0)
        statements.append(sum(WholeWords(gold).count(text) for text in set(texts)))
        elsewhere.append(any(other != gold and _holds(text, other) for text in texts for other in golds))
    once = sum(count == 1 for count in statements)
    return {
        "right_by_exposures": {
            "label": "right, by training examples that asked for the gold answer with the name in context",
            **binned(right.tolist(), exposures, EXPOSURES),
        },
        "right_by_frequency": {
            "label": "right, by training questions that have the gold answer",
            **binned(right.tolist(), [golds.get(answer.gold or "", 0) for answer in answers], FREQUENCIES),
        },
        "right_by_other_place": {
            "label": "right, by whether another training answer stands in the named documents",
            **metrics.by_group(right, ["another" if other else "no other" for other in elsewhere]),
        },
        "singletons": {
            "label": "gold answers that stand once in the named documents, beside the share of wrong answers",
            "rate": once / len(answers),
            "error_rate": float(1 - right.mean()),
        },
    }


def _holds(text: str, answer: str) -> bool:
    return answer[1:] in text and WholeWords(answer).search(text) is not None


def described(answers: Sequence[Answer]) -> dict[str, Any]:
    """Summarise the answers to a group of questions, such as those about strangers, and their confidence."""
    verdicts = Counter(answer.verdict for answer in answers)
    return {
        "names": len(answers),
        "called_met": float(np.mean([(answer.met or 0) >= 0.5 for answer in answers])),
        "median_model_probability": float(np.median([answer.model_probability for answer in answers])),
        "verdicts": dict(sorted(verdicts.items())),
        "different_answers": len({answer.answer for answer in answers}),
        "common": Counter(answer.answer for answer in answers).most_common(5),
        "examples": [[answer.question, answer.answer, answer.verdict] for answer in answers[:3]],
    }
