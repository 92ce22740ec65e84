"""What a language model knows before it is taught: each fact in one of four classes (Gekhman et al., EMNLP 2024).

"Does Fine-Tuning LLMs on New Knowledge Encourage Hallucinations?" asks for a fact with several prompts, each with other
answered examples in front of the question, greedily and by sampling, and calls it

    highly known    greedy decoding is always right
    maybe known     greedy decoding is sometimes right
    weakly known    greedy decoding is never right, sampling is sometimes
    unknown         neither is ever right

The defaults are ten prompts of four examples, and sixteen samples of each at temperature 0.5 among the 40 most probable
tokens. In place of drawing samples, the chance of each to be right is computed: a fact is weakly known
where it is more likely than not that one of all the samples would have been right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from closedbook.data.documents import Documents
from closedbook.data.files import read_lines
from closedbook.data.questions import Question, Questions, Titles, subject
from closedbook.data.vocabulary import MASK, Vocabulary
from closedbook.errors import DataError
from closedbook.evaluation.baselines import WholeWords
from closedbook.evaluation.score import exact_match
from closedbook.model.generate import Generated, greedy, sampled_chances
from closedbook.model.network import Network
from closedbook.validation import Count, Positive, check_fields, parse_json
from closedbook.verdicts.calibration import FEWEST, PENALTY, Calibrator, Logistic
from closedbook.verdicts.verdict import decide

CLASSES = ("highly known", "maybe known", "weakly known", "unknown")


@dataclass(frozen=True)
class ProbeSettings:
    """How often and in what way each question is asked."""

    prompts: Positive = 10  # with other examples in each
    shots: Count = 4  # answered examples in front of the question; without any, one prompt is all there is
    samples: Annotated[int, (1, 10**9)] = 16  # of each prompt
    temperature: Annotated[float, (1e-6, 1e30)] = 0.5
    top_k: Count = 40
    length: Positive = 16  # tokens of an answer at the most
    seed: Count = 0  # of the choice of examples

    def __post_init__(self) -> None:
        check_fields(self, DataError)


@dataclass(frozen=True)
class Fact:
    """What asking for one fact gave."""

    question: str
    gold: str
    knowledge: str  # one of CLASSES
    answer: str  # the most frequent greedy one
    right: bool  # whether that equals the gold answer
    greedy: float  # share of the prompts for which greedy decoding is right
    sampled: float  # chance that a sample is right, over all prompts
    agreement: float  # share of the prompts that gave `answer`
    model_probability: float  # of `answer`, over the prompts that gave it, times their share
    probability: float | None = None  # calibrated chance that `answer` is right
    verdict: str | None = None
    told: bool | None = None  # whether the gold answer stands in a document with the title that is asked about

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


def ask_facts(
    model: Network,
    vocabulary: Vocabulary,
    questions: Questions,
    settings: ProbeSettings | None = None,
    examples: Questions | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Fact]:
    """Each question's fact, in order; `questions` need answers.

    The examples of the prompts are drawn from `examples`, from the questions themselves if left out: those worded alike
    before others, and never the question itself. `progress` is called with how many questions are done. Raises
    DataError for too few examples, or a prompt that is longer than what the model reads.
    """
    settings = settings or ProbeSettings()
    golds, accepted = questions.answers, questions.accepted
    if not golds:
        return []
    decoded: list[list[Generated]] = []
    chances: list[np.ndarray] = []
    turns = settings.prompts if settings.shots else 1
    # Every accepted answer is one that a sample may say.
    owner = [i for i, texts in enumerate(accepted) for _ in dict.fromkeys(texts)]
    spelled = [vocabulary.encode_answer(text) for texts in accepted for text in dict.fromkeys(texts)]
    for turn in range(turns):
        prompts = _prompts(model, vocabulary, questions, examples or questions, settings, turn)
        decoded.append(_together(prompts, lambda some: greedy(model, some, settings.length)))
        of_forms = sampled_chances(
            model, [prompts[i] for i in owner], spelled, temperature=settings.temperature, top_k=settings.top_k
        )
        chances.append(np.bincount(owner, of_forms, len(golds)))
        progress((turn + 1) * len(golds) // turns)
    sampled = np.clip(np.stack(chances, 1), 0, 1)
    per_fact = zip(questions.items, accepted, zip(*decoded, strict=True), sampled, strict=True)
    return [_fact(*of_fact, vocabulary, settings) for of_fact in per_fact]


def _fact(
    question: Question,
    accepted: Sequence[str],
    decoded: Sequence[Generated],
    sampled: np.ndarray,
    vocabulary: Vocabulary,
    settings: ProbeSettings,
) -> Fact:
    answers = [vocabulary.answer(generated.ids) for generated in decoded]
    right = [any(exact_match(answer, gold) for gold in accepted) for answer in answers]
    answer = max(dict.fromkeys(answers), key=answers.count)
    own = [float(np.exp(sum(g.logprobs))) for g, text in zip(decoded, answers, strict=True) if text == answer]
    share = float(np.mean(right))
    ever = 1 - float(np.prod((1 - sampled) ** settings.samples))  # that one of all samples is right
    return Fact(
        question=question.text,
        gold=accepted[0],
        knowledge=CLASSES[0 if share == 1 else 1 if share > 0 else 2 if ever >= 0.5 else 3],
        answer=answer,
        right=any(exact_match(answer, gold) for gold in accepted),
        greedy=share,
        sampled=float(sampled.mean()),
        agreement=len(own) / len(answers),
        model_probability=float(np.sum(own)) / len(answers),
    )


def _prompts(
    model: Network,
    vocabulary: Vocabulary,
    questions: Questions,
    examples: Questions,
    settings: ProbeSettings,
    turn: int,
) -> list[np.ndarray]:
    """Each question behind the examples of this turn, in tokens: lines of question, answer, question, answer, …"""
    order = np.random.default_rng([settings.seed, turn]).permutation(len(examples)).tolist()
    # The words that make a question's wording: those of a twentieth of the questions, and no names.
    counts = Counter(word for text in examples.texts for word in words_of(text))
    template = {word for word, count in counts.items() if count >= max(3, len(examples) / 20)}
    wording = [template.intersection(words_of(text)) for text in examples.texts]

    @cache
    def example(number: int) -> np.ndarray:
        item = examples.items[number]
        question, answer = vocabulary.encode(item.text)[0], vocabulary.encode_answer(item.answer or "")
        return np.concatenate([question, [MASK], answer, [MASK]])

    prompts = []
    for question in questions.items:
        own = template.intersection(words_of(question.text))
        alike = sorted(order, key=lambda i: wording[i] != own)  # those that ask for the same come first
        chosen = [i for i in alike if examples.items[i].text != question.text][: settings.shots]
        if len(chosen) < settings.shots:
            raise DataError(
                f"{examples.source} has too few questions to show {settings.shots} beside each; "
                f"give more with --examples, or --shots {len(chosen)}"
            )
        ids = np.concatenate([*map(example, chosen), vocabulary.encode_question(question.text)[0], [MASK]])
        if len(ids) + settings.length > model.longest:
            raise DataError(
                f"{questions.source}:{question.line}: with {settings.shots} examples and an answer of "
                f"{settings.length} it takes {len(ids) + settings.length} tokens, and the model reads {model.longest}; "
                "give fewer --shots, or a smaller --length"
            )
        prompts.append(ids.astype(np.int32))
    return prompts


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _together(prompts: Sequence[np.ndarray], decode: Callable[[list[np.ndarray]], list[Generated]]) -> list[Generated]:
    """Decode prompts, those that begin alike by themselves: how they begin is then read once."""
    groups: dict[bytes, list[int]] = {}
    for i, prompt in enumerate(prompts):
        ends = np.flatnonzero(prompt == MASK)
        groups.setdefault(prompt[: ends[-2] if len(ends) > 1 else 0].tobytes(), []).append(i)
    decoded: dict[int, Generated] = {}
    for rows in groups.values():
        decoded |= zip(rows, decode([prompts[i] for i in rows]), strict=True)
    return [decoded[i] for i in range(len(prompts))]


# What is made of them ----------------------------------------------------------------------------------------------


def by_class(classes: Sequence[str], **columns: Sequence[bool]) -> dict[str, dict[str, int]]:
    """For each class: how many of the facts are in it, and of how many of these each column is true."""
    rows = {}
    for name in CLASSES:
        some = [i for i, knowledge in enumerate(classes) if knowledge == name]
        rows[name] = {"facts": len(some), **{key: sum(values[i] for i in some) for key, values in columns.items()}}
    return rows


def count(facts: Sequence[Fact]) -> dict[str, dict[str, int]]:
    """For each class: how many facts, of how many the most frequent answer is right, and how many documents tell."""
    told = {"told": [bool(fact.told) for fact in facts]} if any(fact.told is not None for fact in facts) else {}
    return by_class([fact.knowledge for fact in facts], right=[fact.right for fact in facts], **told)


SIGNALS = {"probability": 1.0, "agreement": 0.0}  # and the weights that a calibrator begins with


def check_calibration(questions: int, precision: float) -> None:
    """Raise DataError for fewer than `FEWEST` calibration questions, or a precision that is none."""
    if not 0 < precision < 1:
        raise DataError(f"precision = {precision} must lie between 0 and 1, such as 0.9")
    if questions < FEWEST:
        raise DataError(f"{questions} calibration questions are too few; give {FEWEST} or more")


def calibrate(calibration_facts: Sequence[Fact], facts: Sequence[Fact], precision: float) -> list[Fact]:
    """`facts` with a probability and a verdict each, by what the facts of calibration questions taught.

    Raises DataError, as `check_calibration` does.
    """
    check_calibration(len(calibration_facts), precision)
    right = np.array([fact.right for fact in calibration_facts])
    chance = Logistic.fit(_signals(calibration_facts), SIGNALS, right, PENALTY)
    descending = np.sort(chance(_signals(calibration_facts)))[::-1]
    threshold = Calibrator(chance, chance, tuple(descending.tolist())).threshold(precision)
    return [
        replace(fact, probability=round(float(p), 6), verdict=decide(float(p), threshold).name)
        for fact, p in zip(facts, chance(_signals(facts)), strict=True)
    ]


def _signals(facts: Sequence[Fact]) -> dict[str, np.ndarray]:
    own = np.clip(np.array([fact.model_probability for fact in facts]), 1e-6, 1 - 1e-6)
    return {"probability": np.log(own / (1 - own)), "agreement": np.array([fact.agreement for fact in facts])}


def look_up(facts: Sequence[Fact], documents: Documents) -> list[Fact]:
    """`facts` with whether their gold answer stands in a document with the title that is asked about."""
    texts = documents.by_title()
    titles = Titles(texts)

    def told(fact: Fact) -> bool:
        title = subject(fact.question, titles)
        return title is not None and any(WholeWords(fact.gold).search(item.text) for item in texts[title])

    return [replace(fact, told=told(fact)) for fact in facts]


def compare(before: Sequence[Fact], after: Sequence[Fact]) -> dict[str, dict[str, int]]:
    """For each class that facts were in before: how many, and how many were and are right."""
    return by_class(
        [fact.knowledge for fact in before],
        right_before=[fact.right for fact in before],
        right_after=[fact.right for fact in after],
        still_known=[fact.knowledge != "unknown" for fact in after],
    )


def read_known(path: str | Path) -> dict[str, tuple[str, bool]]:
    """(class, right) of each question in what `probe --output` wrote. Raises DataError for another file."""
    lines = read_lines(path, "facts")
    facts = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = parse_json(line)
            question, name, right = (entry[key] for key in ("question", "knowledge", "right"))
            facts[str(question)] = CLASSES[CLASSES.index(name)], bool(right)
        except (ValueError, KeyError, TypeError):
            why = "is not a fact; give the file that `closedbook probe --output` wrote"
            raise DataError(f"{path}:{number} {why}") from None
    return facts


def tell_apart(answers: Sequence[dict[str, Any]], before: dict[str, tuple[str, bool]]) -> dict[str, dict[str, int]]:
    """For each class that the base knew facts in: how many were asked, and how many were and are right.

    Each answer, as evaluation.json has it, is given its class, as `known_before`. Raises DataError where none was asked
    of the base, or there are no gold answers.
    """
    common = [answer for answer in answers if answer["question"] in before and answer["right"] is not None]
    if not common:
        raise DataError("none of these questions, with an answer, was asked of the base; probe it with the same file")
    for answer in common:
        answer["known_before"] = before[answer["question"]][0]
    return by_class(
        [answer["known_before"] for answer in common],
        right_before=[before[answer["question"]][1] for answer in common],
        right_after=[bool(answer["right"]) for answer in common],
    )
