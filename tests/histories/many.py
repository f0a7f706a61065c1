"""Play many histories, on every core."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from multiprocessing import get_context

from .history import Outcome, play
from .quick import quick_copier, scratch
from .releases import Chain

HISTORIES_PER_CHAIN = 20


def play_all(numbers: Iterable[int], processes: int = os.cpu_count() or 1) -> Iterator[Outcome]:
    """Play the histories of these numbers, which must be in ascending order."""
    chains = [
        (chain, list(group))
        for chain, group in groupby(numbers, lambda number: number // HISTORIES_PER_CHAIN)
    ]
    if processes == 1 or len(chains) == 1:
        for chain, group in chains:
            yield from play_chain(chain, group)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for outcomes in pool.map(play_chain, *zip(*chains, strict=True)):
            yield from outcomes


def play_chain(chain: int, numbers: list[int]) -> list[Outcome]:
    """Play the histories of one chain."""
    with scratch() as folder, quick_copier(folder):
        releases = Chain(folder, chain)
        return [play(releases, number) for number in numbers]
