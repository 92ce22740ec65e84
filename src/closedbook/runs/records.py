"""The types of what a run folder's JSON files hold, as far as anything reads it; validation.py checks them."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from closedbook.validation import Count, UnitInterval


class InputRecord(TypedDict):
    """A file that a run was given."""

    path: str
    sha256: str


class DocumentsRecord(InputRecord):
    count: Count
    index: NotRequired[str | None]


class DevRecord(TypedDict):
    path: str


class ParameterCounts(TypedDict):
    total: Count
    dense: Count
    memory: Count


class LookRecord(TypedDict):
    """A look at the questions that a stop rule goes by."""

    step: Count
    right: Count
    asked: Count


class MachineRecord(TypedDict):
    system: str
    processor: str


class ImportRecord(TypedDict):
    path: str
    changed: bool


class RunRecord(TypedDict, total=False):
    """run.json. Which keys there are depends on how far the run is and how it was made."""

    format: Count
    version: str
    id: str | None
    status: str
    files: dict[str, list[str]]
    recipe: str
    command: str
    started: str
    folder: str
    commit: str | None
    threads: Count
    processes: Count
    device: str
    mixer: str
    documents: DocumentsRecord | None
    questions: InputRecord | None
    dev: DevRecord | None
    start: InputRecord | None
    split: dict[str, list[Count]]
    parameters: ParameterCounts
    versions: dict[str, str]
    machine: MachineRecord
    imported: ImportRecord
    looks: dict[str, list[LookRecord]]
    steps_done: dict[str, Count]
    train_seconds: float
    seconds: dict[str, float]


class MetricsRecord(TypedDict, total=False):
    """A line of metrics.jsonl."""

    stage: str
    step: Count
    loss: float
    multiplier: float
    tokens: Count
    tokens_per_second: float


class HistoryRecord(TypedDict):
    """A line of history.jsonl."""

    time: str
    action: str
    title: str
    sha256: NotRequired[str]
    answers: NotRequired[Count]


class AnswerRecord(TypedDict):
    """An answer of evaluation.json; a run of an earlier version says less of it."""

    question: str
    answer: str
    probability: UnitInterval
    gold: str | None
    right: bool | None
    calibrated: NotRequired[bool]
    verdict: NotRequired[str]
    exposures: NotRequired[int | None]
    evidence: NotRequired[dict[str, Any] | None]
    known_before: NotRequired[str]


class ScoreRecord(TypedDict):
    correct: Count | None
    total: Count
    accuracy: UnitInterval | None
    interval: tuple[UnitInterval, UnitInterval] | None


class ProbabilityRecord(TypedDict):
    auroc: UnitInterval | None
    auroc_interval: tuple[float, float] | None
    calibration_error: float
    calibration_error_if_perfect: float


class GivenRecord(TypedDict):
    coverage: UnitInterval
    precision: UnitInterval | None
    asked_precision: UnitInterval


class ConfidenceRecord(TypedDict):
    """What the verdicts were worth; of answers without a known truth there is less to say."""

    blind: bool
    probability: NotRequired[ProbabilityRecord]
    given: NotRequired[GivenRecord]
    right_by_verdict: NotRequired[dict[str, ScoreRecord]]
    right_by_exposures: NotRequired[dict[str, str | ScoreRecord]]  # "label" is a text


class EvaluationRecord(ScoreRecord):
    """evaluation.json."""

    questions: str
    questions_sha256: str
    answers: NotRequired[list[AnswerRecord]]
    confidence: NotRequired[ConfidenceRecord]


class TextRecord(TypedDict):
    perplexity: float
    tokens: Count


class SideRecord(TypedDict):
    """What a base, or a run that was taught on it, said."""

    text: NotRequired[TextRecord]


class ComparedRecord(TypedDict):
    facts: Count
    right_before: Count
    right_after: Count


class ProbeRecord(TypedDict):
    """probe.json."""

    before: SideRecord
    after: SideRecord
    compared: NotRequired[dict[str, ComparedRecord]]


class MetricsKnown(TypedDict):
    """How much of metrics.jsonl was written when a state was saved, and its hash."""

    bytes: Count
    sha256: str


class StateRecord(TypedDict):
    """The record beside the tensors of training.safetensors."""

    stage: Count
    done: Count
    spent: float
    run: NotRequired[str | None]
    metrics: NotRequired[MetricsKnown]
    looks: NotRequired[list[LookRecord]]


class OriginRecord(TypedDict):
    """closedbook.json of an export: what an import needs beside the weights."""

    format: Count
    weights_sha256: str
    recipe: Any
    vocabulary: dict[str, Any]
    calibration: dict[str, Any] | None
    record: RunRecord


class BudgetRecord(TypedDict):
    minutes: float


class StudyRecord(TypedDict):
    """A study's results, which the same command goes on with."""

    study: str
    format: Count
    design: dict[str, Any]
    cells: dict[str, dict[str, Any]]
    budget: NotRequired[BudgetRecord]


class TrainedCell(TypedDict):
    """What a training that is a cell of a study came from."""

    seed: Count
    parameters: ParameterCounts
    threads: Count
    commit: str | None
    versions: dict[str, str]
    machine: MachineRecord
    command: str


class ComparisonCell(TrainedCell):
    name: str
    recipe: str
    right: list[bool]
    loss: dict[str, float]
    tokens: Count
    tokens_per_second: Count | None
    steps: dict[str, Count]
    model: dict[str, Count]


class ExposureRow(TypedDict):
    relation: str
    documents: Count
    questions_trained: bool
    wordings: float
    exposures: float
    facts: Count
    correct: Count
    candidates: Count
    bits: float
    unsayable: Count


class ExposureCell(TrainedCell):
    documents: Count
    rows: list[ExposureRow]
    train_seconds: float


AblationAnswer = TypedDict(
    "AblationAnswer",
    {
        "in": bool, "right": bool, "answer": str, "probability": float, "met": float | None,
        "met_all": float | None, "verdict": str,
    },
)  # fmt: skip


class AblationCell(TypedDict):
    model: Count
    documents: Count
    questions: Count
    seconds: float
    answers: list[AblationAnswer]
