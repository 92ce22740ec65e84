"""Fitting a run's calibrators, on questions that training did not see and on invented names."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from closedbook.data.documents import Documents
from closedbook.data.questions import Question, Questions, subject, without
from closedbook.data.wordings import Wordings
from closedbook.errors import DataError
from closedbook.inference.run import Run
from closedbook.model.sentence_encoder import installed_encoder
from closedbook.verdicts.calibration import FEWEST, Calibration, invent
from closedbook.verdicts.signals import FITTED, SETS


def calibrate(run: Run, trained: Questions, held_out: Sequence[Question], documents: Documents) -> Calibration:
    """What calibration.json is to hold of a run that was trained on these questions, without these.

    Where there are too few to fit anything, it holds the wordings of the training questions, and says what the trouble
    is.
    """
    wordings = Wordings.of(trained, documents.known_titles, documents.items, installed_encoder())
    try:
        if not held_out:
            raise DataError("data.held_out.calibrate keeps out no questions to calibrate by")
        return _fit(run.with_wordings(wordings), held_out, documents)
    except DataError as error:
        return Calibration({}, 0, 0, 0, wordings, str(error))


def _fit(run: Run, questions: Sequence[Question], documents: Documents) -> Calibration:
    """Calibrators, fitted on questions that a run was not trained on, and on twice as many invented people.

    Raises DataError where there are too few questions about people with documents.
    """
    titles = documents.known_titles
    names = [subject(question.text, titles) for question in questions]
    met = np.array([name is not None for name in names], dtype=bool)
    if met.sum() < FEWEST:
        raise DataError(f"{met.sum()} questions are too few to calibrate by; keep out {FEWEST} or more of them")
    forms = [(item.text, name) for item, name in zip(questions, names, strict=True) if name is not None]
    invented = [x for x in invent(documents.some_titles(), 2 * len(forms), run.recipe.seed) if x not in titles]
    strangers = [
        Question(without(text, name, stranger), None, 1)
        for stranger, (text, name) in zip(invented, itertools.cycle(forms), strict=False)
    ]
    if len(strangers) < FEWEST:
        raise DataError("the titles are too few to make other names of; give more documents")
    answers, measured = run.measure(questions, "all", FITTED)
    right = np.array([answer in item.accepted for answer, item in zip(answers, questions, strict=True)], dtype=bool)
    invented_ones = run.measure(strangers, "all", FITTED)[1]
    of_sets = [{which: {name: some[name] for name in signals if name in some} for which, signals in SETS.items()}
               for some in (measured, invented_ones)]  # fmt: skip
    return Calibration.fit(of_sets[0], right, met, of_sets[1], run.wordings)
