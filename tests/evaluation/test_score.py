"""Exact match and the Wilson interval."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedbook.data.questions import Question, Questions
from closedbook.evaluation.score import (
    Score,
    exact_match,
    normalised,
    normalised_match,
    score,
    tally,
    token_f1,
    wilson,
)

COUNTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def questions(*answers):
    items = tuple(Question(f"Where was P{i} born?", answer, i) for i, answer in enumerate(answers, 1))
    return Questions(items, "", "questions.tsv")


def test_exact_match_is_about_every_character():
    assert exact_match("London", "London")
    assert not exact_match(" London", "London")
    assert not exact_match("london", "London")
    assert not exact_match("London, England", "London")
    assert not exact_match("", "London")


def test_wilson_agrees_with_scipy():
    binomtest = pytest.importorskip("scipy.stats").binomtest
    for correct, total in [(25, 500), (0, 10), (10, 10), (1, 3), (429, 500), (4999, 5000)]:
        expected = binomtest(correct, total).proportion_ci(0.95, method="wilson")
        assert wilson(correct, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_gives_the_published_example():
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3: 81 of 263, and 15 of 148.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


@given(COUNTS)
def test_the_ends_of_the_interval_lie_exactly_z_standard_errors_from_the_share(counts):
    correct, total = counts
    for end in wilson(correct, total):
        if 0 < end < 1:
            errors = abs(correct / total - end) / math.sqrt(end * (1 - end) / total)
            assert errors == pytest.approx(1.959963984540054, rel=1e-6)


@given(COUNTS)
def test_the_interval_holds_the_accuracy_and_stays_between_0_and_1(counts):
    correct, total = counts
    low, high = wilson(correct, total)
    assert 0 <= low <= correct / total <= high <= 1
    assert low < high


@given(COUNTS)
def test_the_interval_of_the_wrong_answers_mirrors_that_of_the_right_ones(counts):
    correct, total = counts
    low, high = wilson(correct, total)
    assert wilson(total - correct, total) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_wilson_refuses_what_is_no_share():
    for correct, total in [(1, 0), (0, 0), (-1, 3), (4, 3)]:
        with pytest.raises(ValueError, match="no share"):
            wilson(correct, total)


def test_score_counts_the_right_answers_in_order():
    scored = score(["Paris", "Rome", "Oslo"], questions("Paris", "Oslo", "Oslo"))
    assert (scored.correct, scored.total, scored.accuracy) == (2, 3, pytest.approx(2 / 3))


def test_questions_without_answers_have_a_total_and_no_accuracy():
    scored = score(["Paris", "Rome"], questions(None, None))
    expected = {"correct": None, "total": 2, "accuracy": None, "interval": None}
    assert json.loads(json.dumps(scored.to_json())) == expected


def test_no_questions_at_all_have_no_accuracy():
    assert tally([]) == Score(0, 0)
    assert tally([]).accuracy is None
    assert tally([]).interval is None


def test_a_prediction_too_few_is_refused():
    with pytest.raises(ValueError, match="1 predictions for 2 questions"):
        score(["Paris"], questions("Paris", "Oslo"))


def test_normalised_match_and_f1_are_those_of_squads_script():
    # By hand from the definition: lower case, no punctuation, no articles.
    assert normalised("  The  Old-Town, of A.B. ") == "oldtown of ab"
    assert normalised_match("the Weir!", ["Ilmen", "Weir"])
    assert not normalised_match("Weirs", ["Ilmen", "Weir"])
    assert token_f1("the grey city of Lyon", ["Lyon city"]) == pytest.approx(2 * 2 / (4 + 2))
    assert token_f1("Lyon Lyon", ["Lyon", "Rome"]) == pytest.approx(2 / 3)
    assert token_f1("Rome", ["Lyon"]) == token_f1("", ["Lyon"]) == 0
    assert token_f1("The", ["a"]) == 1


def test_a_score_counts_any_accepted_answer_and_compares_texts_too():
    items = (Question("Who?", "Ada Lund", 1, ("A. Lund",)), Question("Who?", "Bo", 2), Question("Who?", "Cy", 3))
    scored = score(["A. Lund", "bo", "Bo Cy"], Questions(items, "", "q"))
    assert (scored.correct, scored.total) == (1, 3)
    assert scored.normalised_match == pytest.approx(2 / 3)
    assert scored.f1 == pytest.approx((1 + 1 + 2 / 3) / 3)
    assert scored.to_json()["f1"] == scored.f1
    assert "f1" not in tally([True]).to_json()
