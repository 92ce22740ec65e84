"""One answer, with its probability, verdict and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from closedbook.verdicts.evidence_store import Evidence


@dataclass(frozen=True)
class Answer:
    """One answer. `answer` is always the best guess; `gold` and `right` are None where no answer is known.

    `model_probability` is the product of the network's probabilities of the answer's tokens and its end;
    `probability` the calibrated chance that the answer is right, or the same where the run has no calibrator.
    """

    question: str
    answer: str
    gold: str | None
    right: bool | None
    probability: float
    unknown_characters: int  # of the question, dropped because the vocabulary lacks them
    dropped_tokens: int  # from the question's beginning, because it was longer than the block
    model_probability: float
    met: float | None  # calibrated chance that the person's document was trained on; None without a calibrator
    verdict: str  # remembered, unsure, made up, never met
    why: str  # the verdict's reason, in a sentence
    abstained: bool  # whether a careful system would say that it does not know: all verdicts but "remembered"
    evidence: Evidence | None  # what the documents say; None where it was judged blind
    exposures: int | None  # training examples that asked for this answer with the name in context
    calibrated: bool
    signals: Mapping[str, float] = field(default_factory=dict, compare=False)
    others: tuple[str, ...] = ()  # accepted beside `gold`
    normalised_match: bool | None = None  # as `right`, where case, punctuation and articles do not count
    f1: float | None = None  # of its words against an accepted answer's
    uncalibrated: str | None = None  # why there is no calibrator
    asked: float | None = None  # the chance that training asked for the same; None where its wordings are not kept
    read_as: str | None = None  # the trained wording it was asked in, {} for the name; None where it was asked as it is

    def to_json(self) -> dict[str, Any]:
        evidence = None if self.evidence is None else self.evidence.to_json()
        return {**vars(self), "evidence": evidence, "signals": dict(self.signals), "others": list(self.others)}
