"""The stream of batches: reproducible from the seed, complete in every epoch, true to the shares."""

from __future__ import annotations

import numpy as np
import pytest

from closedbook.config.registry import ComponentSpec
from closedbook.config.schema import ObjectiveWeight, Stage
from closedbook.data.arrays import Ragged
from closedbook.data.documents import make_documents
from closedbook.data.questions import Question, Questions
from closedbook.data.vocabulary_builder import make_vocabulary
from closedbook.errors import RecipeError
from closedbook.objectives import Corpus
from closedbook.objectives.sampler import BatchSampler


def make_corpus(n):
    """`n` documents of different lengths; the first two characters say which one it is."""
    lines = [f"{chr(0x4E00 + i // 100)}{chr(0x4E00 + i % 100)}. {'ab' * (1 + i * 7 % 11)}c" for i in range(n)]
    questions = Questions(tuple(Question(line[:2], "ab", i) for i, line in enumerate(lines[: n // 3], 1)), "", "")
    return Corpus(make_documents(lines), questions, make_vocabulary("characters", lines), 64)


CORPUS = make_corpus(37)


def stage(*shares, **more):
    shares = shares or (ObjectiveWeight(ComponentSpec("language")),)
    return Stage("s", shares, ComponentSpec("adamw"), ComponentSpec("trapezoid"), **{"batch": 8, **more})


def rows(examples):
    """Each example as something that can be compared and sorted."""
    labels = Ragged(examples.labels, examples.inputs.starts)
    return [(k, *map(tuple, (examples.inputs[i], labels[i]))) for i, k in enumerate(examples.kinds.tolist())]


def document(row, corpus=CORPUS):
    """Which document a row of the objective language shows."""
    first, second = (ord(corpus.vocabulary.characters[i]) - 0x4E00 for i in row[1][:2])
    return 100 * first + second


MIXED = stage(
    ObjectiveWeight(ComponentSpec("span"), 0.6),
    ObjectiveWeight(ComponentSpec("language"), 0.3, stop=0.5),
    ObjectiveWeight(ComponentSpec("question"), 0.1, start=0.25),
    steps=40,
)


@pytest.mark.parametrize("group", [1, 4, 7])
def test_a_batch_is_the_same_in_any_order_of_calls_and_after_making_it_anew(group):
    stage_of_both = stage(*MIXED.objectives, steps=40, group=group)
    sampler = BatchSampler(stage_of_both, CORPUS, seed=5)
    batches = [rows(sampler.batch(step)) for step in range(40)]
    anew = BatchSampler(stage_of_both, make_corpus(37), seed=5)
    for step in [*np.random.default_rng(0).permutation(40).tolist(), 3, 3]:
        assert rows(anew.batch(step)) == batches[step]


def test_another_seed_or_stage_gives_other_batches():
    first = rows(BatchSampler(MIXED, CORPUS, seed=0).batch(0))
    assert rows(BatchSampler(MIXED, CORPUS, seed=1).batch(0)) != first
    assert rows(BatchSampler(MIXED, CORPUS, seed=0, stage_number=1).batch(0)) != first


def test_an_epoch_shows_each_item_exactly_once_whatever_the_batch():
    sampler = BatchSampler(stage(steps=37), CORPUS, seed=0)  # 8 epochs of 37 items in batches of 8
    assert {len(sampler.batch(step)) for step in range(37)} == {8}
    shown = [document(row) for step in range(37) for row in rows(sampler.batch(step))]
    epochs = np.reshape(shown, (8, 37))
    assert (np.sort(epochs) == np.arange(37)).all()
    assert len({tuple(epoch) for epoch in epochs}) == 8  # each in an order of its own


def test_an_example_of_the_next_epoch_is_drawn_anew():
    sampler = BatchSampler(stage(ObjectiveWeight(ComponentSpec("span")), steps=37), CORPUS, seed=0)
    shown = [row for step in range(37) for row in rows(sampler.batch(step))]
    assert len(set(shown)) > 200


def test_file_order_goes_through_the_file_again_and_again_with_a_smaller_last_batch():
    sampler = BatchSampler(stage(epochs=3, order="file"), CORPUS, seed=0)
    assert sampler.steps == 3 * 5
    shown = [[document(row) for row in rows(sampler.batch(step))] for step in range(15)]
    assert list(map(len, shown)) == [8, 8, 8, 8, 5] * 3
    assert [i for batch in shown for i in batch] == list(range(37)) * 3


def test_the_course_s_2937_documents_in_batches_of_128_take_23_steps_an_epoch():
    corpus = make_corpus(2937)
    sampler = BatchSampler(stage(epochs=2, batch=128, order="file"), corpus, seed=0)
    assert sampler.steps == 46
    assert [len(sampler.batch(step)) for step in (0, 21, 22, 23, 45)] == [128, 128, 121, 128, 121]
    assert document(rows(sampler.batch(22))[-1], corpus) == 2936


def test_epochs_in_shuffled_order_are_counted_in_full_batches():
    assert BatchSampler(stage(epochs=2), CORPUS, seed=0).steps == 10  # 74 examples


def test_shares_start_and_stop_are_honoured():
    sampler = BatchSampler(MIXED, CORPUS, seed=0)
    kinds = [np.bincount(sampler.batch(step).kinds, minlength=3) for step in range(40)]
    shown = np.cumsum(kinds, 0)
    shares = np.zeros((40, 3))
    shares[:10] = np.array([0.6, 0.3, 0]) / 0.9
    shares[10:20] = [0.6, 0.3, 0.1]
    shares[20:] = np.array([0.6, 0, 0.1]) / 0.7
    assert np.abs(shown - 8 * np.cumsum(shares, 0)).max() <= 0.5 + 1e-9
    assert shown[9, 2] == 0
    assert shown[19, 1] == shown[39, 1]


def test_each_objective_of_a_mixture_goes_through_its_own_epochs():
    sampler = BatchSampler(
        stage(ObjectiveWeight(ComponentSpec("language")), ObjectiveWeight(ComponentSpec("question")), steps=36),
        CORPUS,
        seed=0,
    )
    shown = [row for step in range(36) for row in rows(sampler.batch(step))]
    documents = [document(row) for row in shown if row[0] == 0]
    questions = [row for row in shown if row[0] == 1]
    assert sorted(documents[:37]) == sorted(documents[37:74]) == list(range(37))
    assert len(set(questions[:12])) == 12 == len(sampler.objectives[1].prompts)
    assert set(questions[:12]) == set(questions[12:24])


@pytest.mark.parametrize("steps", [40, 42])  # the last group may be smaller
def test_a_group_changes_only_who_shares_a_step(steps):
    shares = MIXED.objectives
    plain = BatchSampler(stage(*shares, steps=steps, batch=32), CORPUS, seed=3)
    grouped = BatchSampler(stage(*shares, steps=steps, batch=32, group=8), CORPUS, seed=3)
    narrower = 0
    for first in range(0, steps, 8):
        group = range(first, min(first + 8, steps))
        before = [plain.batch(step) for step in group]
        after = [grouped.batch(step) for step in group]
        assert sorted(row for batch in before for row in rows(batch)) == sorted(
            row for batch in after for row in rows(batch)
        )
        tokens = [len(batch.inputs.values) for batch in after]
        longest = max(batch.inputs.lengths.max() for batch in after)
        assert max(tokens) - min(tokens) <= 2 * longest  # about as many tokens to each step
        narrower += sum(np.ptp(batch.inputs.lengths) for batch in before) - sum(
            np.ptp(batch.inputs.lengths) for batch in after
        )
    assert narrower > 0


def test_an_objective_with_nothing_to_show_and_steps_without_any_are_refused():
    empty = Corpus(CORPUS.documents, Questions((), "", ""), CORPUS.vocabulary, 64)
    with pytest.raises(RecipeError, match='the objective "question" has nothing to show'):
        BatchSampler(stage(ObjectiveWeight(ComponentSpec("question")), steps=3), empty, seed=0)
    with pytest.raises(RecipeError, match="some steps have no objective"):
        BatchSampler(stage(ObjectiveWeight(ComponentSpec("language"), start=0.5), steps=10), CORPUS, seed=0)
