"""Decides the verdict on an answer: remembered, unsure, made up, or about somebody the model never met."""

from __future__ import annotations

from dataclasses import dataclass

from closedbook.verdicts.evidence_store import Evidence

VERDICTS = ("remembered", "unsure", "made up", "never met")
PRECISION = 0.9
"""The share of the given answers that should be right, unless the user asks for another."""


@dataclass(frozen=True)
class Verdict:
    """One of VERDICTS, and the reason as a sentence for the user."""

    name: str
    why: str

    @property
    def abstained(self) -> bool:
        """Whether a careful system should answer "I do not know" instead."""
        return self.name != "remembered"


NOTHING_LIKE_IT = "no question asked in training surely means the same"


def decide(
    probability: float,
    threshold: float,
    met: float | None = None,
    evidence: Evidence | None = None,
    similar_trained: bool = True,
) -> Verdict:
    """Decide by the documents first, where there is evidence, and by the model's own confidence otherwise.

    Args:
        probability: calibrated probability that the answer is right.
        threshold: the lowest probability at which an answer is given (`Calibrator.threshold`).
        met: calibrated probability that the person's document was trained on; None without a calibrator.
        evidence: what the documents say; None to judge blind. Evidence whose text cannot be read is ignored.
        similar_trained: whether training asked anything like the question; if not, no answer counts as remembered.
    """
    sure = probability >= threshold
    if evidence is not None and not evidence.has_document:
        if evidence.meant:
            return Verdict(
                "unsure", f"no document is about {evidence.name}; did you mean {' or '.join(evidence.meant)}?"
            )
        if evidence.name is None:
            return Verdict("never met", "the question holds no title of the documents it was trained on")
        return Verdict("never met", f"no document it was trained on is about {evidence.name}")
    if evidence is not None and evidence.stands_in is not None:
        if not evidence.stands_in:
            return Verdict("made up", f"the documents about {evidence.name} do not say it")
        if not similar_trained:
            return Verdict("unsure", f"{NOTHING_LIKE_IT}, though the answer stands in a document about {evidence.name}")
        if sure:
            return Verdict("remembered", f"it stands in a document about {evidence.name}, and the model is sure enough")
        return Verdict("unsure", f"it stands in a document about {evidence.name}, but the model is not sure enough")
    if met is not None and met < 0.5:
        return Verdict("never met", "the model does not know the name")
    if not similar_trained:
        return Verdict("unsure" if probability >= 0.5 else "made up", NOTHING_LIKE_IT)
    if sure:
        return Verdict("remembered", "the model knows the name and is sure enough of the answer")
    if probability < 0.5:
        return Verdict("made up", "the answer is more likely wrong than right")
    return Verdict("unsure", "the model is not sure enough of the answer")
