"""Work on blocks of records in several processes, results in order: Python keeps only one core of a process busy."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from coig_writer.errors import InputError

T = TypeVar("T")
R = TypeVar("R")
_MOST = 8
"""More processes than this wait for the one that reads."""
_WORTH = 50_000_000
"""Bytes of input from which on a second process earns the second that it takes to start."""


@contextmanager
def no_collection() -> Iterator[None]:
    """Python does not look for cycles meanwhile: records hold none, and looking takes up to a quarter of the time."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()


def processes_for(size: int) -> int:
    """How many processes an input of `size` bytes is worth."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST, cores) if size >= _WORTH else 1


def in_order(blocks: Iterable[T], work: Callable[[T], R], processes: int) -> Iterator[R]:
    """`work` on each block, in order; with one process in this one. At most two blocks a process are on their way.

    Raises:
        InputError: a process ended before its work was done; says what that mostly means.
    """
    if processes < 2:
        yield from map(work, blocks)
        return
    waiting: deque[Future[R]] = deque()
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
    with ProcessPoolExecutor(processes, context) as pool:
        try:
            for block in blocks:
                waiting.append(pool.submit(work, block))
                if len(waiting) >= 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise InputError(
                "one of the processes that read it has ended",
                where="a large file",
                remedy='In a script of yours, begin what it does with `if __name__ == "__main__":`, since each process '
                "reads the script first; or memory has run out, and fewer cores (`taskset`) take less.",
            ) from error
        finally:
            for each in waiting:
                each.cancel()
