"""Stopping a stage early: when questions kept out for it alone are no longer answered better.

Every schedule is a function of the steps that the stage was planned for, and stopping does not change that: a
stopped stage is the first part of the planned one, bit for bit, and ends at whatever rate the schedule had there. It
is not the same as planning fewer steps, whose rate would have fallen by then. Where the rate falls towards the end,
much of the accuracy comes with the fall, and before it a stage that will still gain can stand still for long. So let
`after` be where the fall begins, or later; what the rule then cuts off is the part in which nothing is gained any
more, such as learning the trained questions by heart. The weights are the last ones, `patience` looks past the best.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np

from closedbook.config.schema import StopRecipe
from closedbook.data.questions import Questions
from closedbook.data.vocabulary import MASK, Vocabulary
from closedbook.errors import RecipeError
from closedbook.model import generate
from closedbook.model.network import Network
from closedbook.objectives.prompting import longest_prompt
from closedbook.training.distributed import SINGLE_PROCESS, DistributedContext


@dataclass(frozen=True)
class ValidationResult:
    """How many of the kept-out questions were right after a step of a stage."""

    step: int
    right: int
    asked: int


class ValidationSet:
    """The kept-out questions, answered by the network as it stands. The same weights give the same result."""

    def __init__(self, questions: Questions, vocabulary: Vocabulary, length: int, context_length: int) -> None:
        """`length` is the most tokens of an answer. A question too long for the context loses its start."""
        self.vocabulary, self.answers = vocabulary, questions.answers
        self.length = vocabulary.longest(length)
        room = longest_prompt(context_length, self.length)
        encoded = (vocabulary.encode_question(text)[0] for text in questions.texts)
        self.prompts = [np.append(ids[max(0, len(ids) + 1 - room) :], MASK).astype(np.int32) for ids in encoded]

    def evaluate(self, model: Network, step: int) -> ValidationResult:
        """Ask everything. The model is left in the mode it was in, and no random number is drawn."""
        training = model.training
        generated = generate.greedy(model, self.prompts, self.length, in_one=self.vocabulary.in_one)
        model.train(training)
        answers = [self.vocabulary.answer(item.ids) for item in generated]
        right = sum(answer == gold for answer, gold in zip(answers, self.answers, strict=True))
        return ValidationResult(step, right, len(self.answers))


class EarlyStopping:
    """Validates when the rule says so, and says when to stop. Its results are all its state."""

    def __init__(self, rule: StopRecipe, steps: int, validation_set: ValidationSet | None) -> None:
        if validation_set is None:
            raise RecipeError("a stage with a stop rule needs training questions kept out to stop by")
        self.rule, self.validation_set = rule, validation_set
        self.results: list[ValidationResult] = []
        self.first = Fraction(rule.after).limit_denominator(10**6) * steps  # 0.7 · 10 is 7, not a little more

    def validate(self, model: Network, step: int, distributed: DistributedContext = SINGLE_PROCESS) -> None:
        """Ask the validation questions, if it is time to after this step of the stage, counted from 1."""
        if step % self.rule.every == 0 and step >= self.first:
            result = distributed.broadcast_from_rank0(lambda: self.validation_set.evaluate(model, step))
            self.results.append(result)

    @property
    def should_stop(self) -> bool:
        """Whether none of the last `patience` results was better than the best one before them."""
        before, last = self.results[: -self.rule.patience], self.results[-self.rule.patience :]
        return bool(before) and max(result.right for result in last) <= max(result.right for result in before)

    def to_json(self) -> list[dict[str, int]]:
        return [asdict(result) for result in self.results]
