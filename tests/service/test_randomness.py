"""Random digits: never the same twice, in no thread and in no process."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.randomness import AT_ONCE, digits


def test_no_two_threads_are_given_the_same():
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: digits(), range(4 * AT_ONCE)))
    assert len(set(drawn)) == len(drawn)
    assert all(re.fullmatch(r"[0-9a-f]{16}", each) for each in drawn)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_draws_its_own():
    digits()
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, digits().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 16).decode() != digits()
