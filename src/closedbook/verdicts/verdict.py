"""The verdict on an answer: remembered, unsure, made up, or about somebody the model never met."""

from __future__ import annotations

from dataclasses import dataclass

from closedbook.verdicts.evidence_store import Evidence

VERDICTS = ("remembered", "unsure", "made up", "never met")
PRECISION = 0.9
"""How many of the answers that are given should be right, where nothing else is asked for."""


@dataclass(frozen=True)
class Verdict:
    """One of VERDICTS, and why, in a sentence for people."""

    name: str
    why: str

    @property
    def abstained(self) -> bool:
        """Whether a careful system would rather say that it does not know."""
        return self.name != "remembered"


NOTHING_LIKE_IT = "nothing like this was asked in training"


def decide(
    probability: float,
    threshold: float,
    met: float | None = None,
    evidence: Evidence | None = None,
    asked: bool = True,
) -> Verdict:
    """The verdict as it is defined: with evidence the documents have the first word, without it the model alone.

    Args:
        probability: calibrated chance that the answer is right.
        threshold: the least probability at which an answer is given (`Calibrator.threshold`).
        met: calibrated chance that the person's document was trained on; None where there is no calibrator.
        evidence: what the documents say; None to judge blind. Evidence whose text cannot be read is no evidence.
        asked: whether training asked anything like the question; what it did not ask for is never remembered.
    """
    sure = probability >= threshold
    if evidence is not None and not evidence.has_document:
        if evidence.meant:
            return Verdict(
                "unsure", f"no document is about {evidence.name}; did you mean {' or '.join(evidence.meant)}?"
            )
        who = f"is about {evidence.name}" if evidence.name else "bears the name asked about"
        return Verdict("never met", f"no document it was trained on {who}")
    if evidence is not None and evidence.stands_in is not None:
        if not evidence.stands_in:
            return Verdict("made up", f"the documents about {evidence.name} do not say it")
        if not asked:
            return Verdict("unsure", f"{NOTHING_LIKE_IT}, though it stands in a document about {evidence.name}")
        if sure:
            return Verdict("remembered", f"it stands in a document about {evidence.name}, and the model is sure enough")
        return Verdict("unsure", f"it stands in a document about {evidence.name}, but the model is not sure enough")
    if met is not None and met < 0.5:
        return Verdict("never met", "the model does not know the name")
    if not asked:
        return Verdict("unsure" if probability >= 0.5 else "made up", NOTHING_LIKE_IT)
    if sure:
        return Verdict("remembered", "the model knows the name and is sure enough of the answer")
    if probability < 0.5:
        return Verdict("made up", "the answer is more likely wrong than right")
    return Verdict("unsure", "the model is not sure enough of the answer")
