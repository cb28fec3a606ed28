"""What the server holds while it runs: memory, descriptors, threads; and whether that grows."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil


class Sample(NamedTuple):
    """What the server holds at one time, and how many calls have ended until then."""

    seconds: float
    memory_mb: float
    descriptors: int
    threads: int
    calls: int


# What the later value may have above the earlier one. Memory: nine runs of half a minute took up to 33 MB.
_ALLOWED = {"memory_mb": 50.0, "descriptors": 8.0, "threads": 4.0}
_WARM_SHARE, _MAX_WARM_SECONDS = 0.2, 180.0  # Until then caches fill.


class Samples:
    """The samples of a run."""

    def __init__(self, process: psutil.Process) -> None:
        self.taken: list[Sample] = []
        self._process, self._began = process, time.monotonic()

    def take(self, calls: int) -> Sample:
        """One more sample. Raises psutil.Error if the process has ended."""
        with self._process.oneshot():
            memory, threads = self._process.memory_info().rss / 1e6, self._process.num_threads()
        sample = Sample(time.monotonic() - self._began, memory, self.open_now().total(), threads, calls)
        self.taken.append(sample)
        return sample

    def open_now(self) -> Counter[str]:
        """The number of open descriptors by what they are: socket, anon_inode:[eventpoll], the path of a file."""
        names = []
        for link in Path(f"/proc/{self._process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # Closed meanwhile.
                names.append(re.sub(r":\[\d+\]", "", str(link.readlink())))
        return Counter(names)

    def lowest(self) -> dict[str, tuple[float, float]]:
        """Of each measure the lowest value in the second and in the last quarter after the warm-up.

        The lowest is what the server always holds. A reload needs twice the memory for a while, under load for seconds.
        """
        end = self.taken[-1].seconds
        warm = min(_WARM_SHARE * end, _MAX_WARM_SECONDS)
        later = [sample for sample in self.taken if sample.seconds >= warm]
        quarter = max(1, len(later) // 4)
        second, last = later[quarter : 2 * quarter] or later, later[-quarter:]
        return {
            name: (min(getattr(each, name) for each in second), min(getattr(each, name) for each in last))
            for name in _ALLOWED
        }

    def growth(self) -> Iterator[str]:
        """What has grown by more than is allowed."""
        for name, (before, after) in self.lowest().items():
            if after > before + _ALLOWED[name]:
                yield f"{name} grew from {before:g} to {after:g}"
