"""Work dealt out to threads: in order, with torch's threads shared among them, and everything as before afterwards."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from closedbook.parallel import parallel_map, worker_pool, workers


@pytest.fixture(autouse=True)
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items_and_all_workers_are_busy_at_once():
    together = threading.Barrier(3, timeout=20)  # broken, were they to wait for one another
    with worker_pool(3):
        assert parallel_map(lambda i: (together.wait(), i * i)[1], [3, 1, 2]) == [9, 1, 4]


def test_torch_has_its_share_of_threads_within_and_all_of_them_afterwards():
    with worker_pool(2):
        assert (workers(), torch.get_num_threads()) == (2, 2)
        assert parallel_map(lambda _: torch.get_num_threads(), "ab") == [2, 2]
    with worker_pool(9):
        assert (workers(), torch.get_num_threads()) == (9, 1)
    assert (workers(), torch.get_num_threads()) == (1, 4)


def test_an_error_in_a_worker_is_the_caller_s_and_leaves_nothing_behind():
    def work(i):
        if i == 1:
            raise ZeroDivisionError("one")
        return i

    with pytest.raises(ZeroDivisionError, match="one"), worker_pool(2):
        parallel_map(work, [0, 1, 2])
    assert (workers(), torch.get_num_threads()) == (1, 4)


def test_one_worker_or_one_item_starts_no_thread():
    here = threading.get_ident()
    assert parallel_map(lambda _: threading.get_ident(), "abc") == [here] * 3
    with worker_pool(4):
        assert parallel_map(lambda _: threading.get_ident(), "a") == [here]


def test_what_one_thread_deals_out_is_no_other_s():
    seen = []
    with worker_pool(3):
        other = threading.Thread(target=lambda: seen.append(workers()))
        other.start()
        other.join()
        assert parallel_map(lambda _: workers(), "ab") == [1, 1]
    assert seen == [1]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts a process's threads as Linux shows them")
def test_a_worker_with_one_thread_starts_no_helpers_for_its_products():
    code = """if True:
        import os, threading, torch
        from closedbook.parallel import parallel_map, worker_pool
        together = threading.Barrier(2, timeout=20)
        def helpers(a):
            together.wait()
            before = len(os.listdir("/proc/self/task"))
            together.wait()
            a @ a
            together.wait()
            return len(os.listdir("/proc/self/task")) - before
        torch.set_num_threads(2)
        with worker_pool(2):
            print(sum(parallel_map(helpers, [torch.ones(512, 512), torch.ones(512, 512)])))
    """
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["0"]
