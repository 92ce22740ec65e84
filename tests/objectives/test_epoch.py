"""Orders and random numbers of an epoch, written out or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedbook.data.arrays import Repeated
from closedbook.objectives import epoch as module
from closedbook.objectives.epoch import Epoch, feistel


def test_numbers_that_are_drawn_one_by_one_are_those_that_are_drawn_at_once(monkeypatch):
    rng = np.random.default_rng([1, 2, 3])
    numbers, order = rng.random((50, 7)), rng.permutation(50)
    for kept in (10_000, 0):
        monkeypatch.setattr(module, "KEPT", kept)
        epoch = Epoch([1, 2, 3], 50, 7, False)
        items = epoch.items_at(10, 40)
        assert (items == order[10:40]).all()
        assert (epoch.numbers(items) == numbers[items]).all()


def test_the_order_of_very_many_items_is_a_permutation_that_is_not_written_out(monkeypatch):
    monkeypatch.setattr(module, "SHUFFLED", 10)
    first, second = Epoch([0, 1], 1000, 1, False), Epoch([0, 2], 1000, 1, False)
    order = np.concatenate([first.items_at(0, 7), first.items_at(7, 1000)])
    assert sorted(order.tolist()) == list(range(1000))
    assert (order != second.items_at(0, 1000)).mean() > 0.9
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.15
    assert (Epoch([0, 1], 1000, 1, True).items_at(3, 9) == np.arange(3, 9)).all()


@pytest.mark.parametrize("count", [1, 2, 3, 255, 256, 257, 5000])
def test_a_feistel_network_permutes_any_number_of_items(count):
    keys = np.arange(6, dtype=np.uint64)
    assert sorted(feistel(np.arange(count), count, keys).tolist()) == list(range(count))


@given(st.lists(st.integers(0, 5), max_size=300), st.integers(1, 20))
def test_repeated_entries_are_those_of_numpy(times, step):
    times = np.array(times, np.int64)
    expected = np.repeat(np.arange(len(times)), times)
    repeated = Repeated(len(times), lambda i: times[i], step)
    assert len(repeated) == len(expected)
    assert (repeated[np.arange(len(expected))] == expected).all()
