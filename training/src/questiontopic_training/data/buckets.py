"""Batches of texts of like length: what is padded or pooled together should be equally long."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .examples import Ints

_POOL = 50  # Batches whose texts are sorted together: enough for like lengths, few enough to stay random.


def buckets(lengths: Ints, size: int, random: np.random.Generator) -> Iterator[Ints]:
    """The numbers of all texts in batches of `size`, in a random order; the last batch of a pool may be smaller."""
    order = random.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), size * _POOL):
        pool = order[start : start + size * _POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[at : at + size] for at in range(0, len(pool), size)]
    for number in random.permutation(len(batches)):
        yield batches[number]
