"""Work dealt out to threads: in order, with torch's threads shared among them, and everything as before afterwards."""

from __future__ import annotations

import threading

import pytest
import torch

from closedbook.threads import dealt_out, side_by_side, workers


@pytest.fixture(autouse=True)
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items_and_all_workers_are_busy_at_once():
    together = threading.Barrier(3, timeout=20)  # broken, were they to wait for one another
    with dealt_out(3):
        assert side_by_side(lambda i: (together.wait(), i * i)[1], [3, 1, 2]) == [9, 1, 4]


def test_torch_has_its_share_of_threads_within_and_all_of_them_afterwards():
    with dealt_out(2):
        assert (workers(), torch.get_num_threads()) == (2, 2)
        assert side_by_side(lambda _: torch.get_num_threads(), "ab") == [2, 2]
    with dealt_out(9):
        assert (workers(), torch.get_num_threads()) == (9, 1)
    assert (workers(), torch.get_num_threads()) == (1, 4)


def test_an_error_in_a_worker_is_the_caller_s_and_leaves_nothing_behind():
    def work(i):
        if i == 1:
            raise ZeroDivisionError("one")
        return i

    with pytest.raises(ZeroDivisionError, match="one"), dealt_out(2):
        side_by_side(work, [0, 1, 2])
    assert (workers(), torch.get_num_threads()) == (1, 4)


def test_one_worker_or_one_item_starts_no_thread():
    here = threading.get_ident()
    assert side_by_side(lambda _: threading.get_ident(), "abc") == [here] * 3
    with dealt_out(4):
        assert side_by_side(lambda _: threading.get_ident(), "a") == [here]


def test_what_one_thread_deals_out_is_no_other_s():
    seen = []
    with dealt_out(3):
        other = threading.Thread(target=lambda: seen.append(workers()))
        other.start()
        other.join()
        assert side_by_side(lambda _: workers(), "ab") == [1, 1]
    assert seen == [1]
