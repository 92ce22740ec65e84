"""Sequences in one array do what lists of lists would."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from closedbook.data.arrays import (
    NONE,
    Examples,
    Ragged,
    concatenate,
    constant,
    enumerate_ragged,
    offsets,
    select,
)

SEQUENCES = st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=8)


def ragged(lists):
    return Ragged.of([np.array(values, np.int32) for values in lists])


def lists(values):
    return [values[i].tolist() for i in range(len(values))]


@given(SEQUENCES)
def test_sequences_come_back_as_they_were(sequences):
    rows = ragged(sequences)
    assert len(rows) == len(sequences)
    assert lists(rows) == sequences
    assert rows.lengths.tolist() == list(map(len, sequences))


def test_no_sequences_are_an_empty_array():
    empty = Ragged.of([])
    assert len(empty) == 0
    assert empty.values.dtype == np.int32


@given(SEQUENCES, st.data())
def test_rows_can_be_taken_in_any_order_and_more_than_once(sequences, data):
    rows = data.draw(st.lists(st.integers(0, len(sequences) - 1), max_size=10))
    assert lists(ragged(sequences).take(np.array(rows, np.int64))) == [sequences[i] for i in rows]


@given(SEQUENCES)
def test_every_value_knows_its_sequence_and_its_place(sequences):
    owner, within = enumerate_ragged(np.array(list(map(len, sequences))))
    expected = [(i, j) for i, sequence in enumerate(sequences) for j in range(len(sequence))]
    assert list(zip(owner.tolist(), within.tolist(), strict=True)) == expected


@given(st.lists(st.tuples(*[st.lists(st.integers(0, 9), max_size=4)] * 3), min_size=1, max_size=6))
def test_sequences_are_joined_row_by_row(rows):
    parts = [ragged(column) for column in zip(*rows, strict=True)]
    assert lists(concatenate(parts)) == [[*a, *b, *c] for a, b, c in rows]


@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_mask_chooses_values_row_by_row(rows):
    values = np.array([[value for value, _ in row] for row in rows])
    mask = np.array([[keep for _, keep in row] for row in rows])
    assert lists(select(values, mask)) == [[value for value, keep in row if keep] for row in rows]


def test_a_constant_is_one_token_in_each_row():
    assert lists(constant(7, 3)) == [[7], [7], [7]]


@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=6), min_size=1, max_size=6))
def test_next_token_shifts_by_one_and_asks_for_what_is_asked(rows):
    tokens = ragged([[token for token, _ in row] for row in rows])
    target_mask = np.array([ask for row in rows for _, ask in row])
    examples = Examples.next_token(tokens)
    partial = Examples.next_token(tokens, target_mask)
    labels = Ragged(examples.labels, examples.inputs.starts)
    partial_labels = Ragged(partial.labels, partial.inputs.starts)
    assert lists(examples.inputs) == lists(partial.inputs) == [[token for token, _ in row[:-1]] for row in rows]
    assert lists(labels) == [[token for token, _ in row[1:]] for row in rows]
    assert lists(partial_labels) == [[token if ask else NONE for token, ask in row[1:]] for row in rows]
    assert partial.targets == sum(ask for row in rows for _, ask in row[1:])


@given(SEQUENCES, SEQUENCES, st.data())
def test_examples_of_several_objectives_keep_their_labels_and_kinds(first, second, data):
    parts = [Examples.of(ragged(sequences), ragged(sequences).values + 1) for sequences in (first, second)]
    joined = Examples.join(parts)
    together = first + second
    assert lists(joined.inputs) == together
    assert joined.kinds.tolist() == [0] * len(first) + [1] * len(second)
    rows = data.draw(st.lists(st.integers(0, len(together) - 1), max_size=10))
    taken = joined.take(np.array(rows, np.int64))
    assert lists(taken.inputs) == [together[i] for i in rows]
    assert taken.labels.tolist() == [value + 1 for i in rows for value in together[i]]
    assert taken.kinds.tolist() == [int(i >= len(first)) for i in rows]


def test_offsets_begin_at_zero():
    assert offsets(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]
