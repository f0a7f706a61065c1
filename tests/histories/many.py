"""Play many histories, on every core."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import groupby
from multiprocessing import get_context

from .history import Outcome, play
from .quick import quick_copier, scratch
from .releases import Chain

HISTORIES_PER_CHAIN = 20


def play_all(
    numbers: Iterable[int], processes: int = os.cpu_count() or 1, left_out: str = "$^"
) -> Iterator[Outcome]:
    """Play the histories of these numbers, which must be in ascending order.

    Paths of the template that begin with the pattern `left_out` are left out.
    """
    chains = [
        (chain, list(group))
        for chain, group in groupby(numbers, lambda number: number // HISTORIES_PER_CHAIN)
    ]
    if processes == 1 or len(chains) == 1:
        for chain, group in chains:
            yield from play_chain(chain, group, left_out)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for outcomes in pool.map(
            partial(play_chain, left_out=left_out), *zip(*chains, strict=True)
        ):
            yield from outcomes


def play_chain(chain: int, numbers: list[int], left_out: str = "$^") -> list[Outcome]:
    """Play the histories of one chain."""
    with scratch() as folder, quick_copier(folder):
        releases = Chain(folder, chain, left_out=left_out)
        return [play(releases, number) for number in numbers]
