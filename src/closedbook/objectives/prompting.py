"""Puts a prompt and its answer together: prompt, MASK, answer. Every objective that asks for an answer uses this."""

from __future__ import annotations

import numpy as np

from closedbook.data.arrays import NONE, Examples, Ragged, concatenate, constant, enumerate_ragged, offsets
from closedbook.data.vocabulary import MASK, Vocabulary


def ask(prompts: Ragged, answers: Ragged, vocabulary: Vocabulary, *, mask_is_target: bool = False) -> Examples:
    """Make examples `prompt ⁇ answer ⁇`; the targets are the answer and the MASK that closes it.

    With a vocabulary that answers in one token the example is `prompt ⁇`, and that token is the target at MASK. The
    pieces of a spelled answer follow, each being the target of the position before it, and last the answer's end.
    With `mask_is_target` the first MASK is a target too, as in the course.
    """
    mask = constant(MASK, len(prompts))
    if vocabulary.answers_in_one:
        owner, within = enumerate_ragged(answers.lengths)
        parts = [prompts, mask]
        if vocabulary.spelling is not None:
            read = within < answers.lengths[owner] - 1
            pieces = vocabulary.spelling.inputs[answers.values[read]].astype(np.int32)
            parts.append(Ragged(pieces, offsets(np.maximum(answers.lengths - 1, 0))))
        inputs = concatenate(parts)
        labels = np.full(len(inputs.values), NONE, np.int32)
        labels[inputs.starts[owner] + prompts.lengths[owner] + within] = answers.values
        return Examples.of(inputs, labels)
    tokens = concatenate([prompts, mask, answers, mask])
    owner, within = enumerate_ragged(tokens.lengths)
    return Examples.next_token(tokens, within >= prompts.lengths[owner] + (not mask_is_target))


def longest_prompt(context_length: int, answer_length: int) -> int:
    """How many tokens a prompt may have, MASK included; an answer gets the room it needs, up to half of it."""
    return context_length - 1 - min(answer_length, context_length // 2)
