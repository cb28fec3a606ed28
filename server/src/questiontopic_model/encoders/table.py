"""A table of quantised rows, in memory or in a file that is read row by row.

A mapped file would be simpler, but its pages count as the process's memory once they are read: soon 50 MB.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..bundle.bundle import sha256_of

Rows = npt.NDArray[np.uint8]
_log = logging.getLogger(__name__)


class Table(Protocol):
    """Rows of equal width."""

    def __len__(self) -> int:
        """How many rows there are."""

    def rows(self, numbers: npt.NDArray[np.int64]) -> Rows:
        """The rows with these numbers, shape [numbers, width]."""


class MemoryTable:
    """A table in memory."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        """See Table."""
        return len(self._rows)

    def rows(self, numbers: npt.NDArray[np.int64]) -> Rows:
        """See Table."""
        return self._rows[numbers]


class FileTable:
    """A table in an `.npy` file. The system's page cache holds it once for all processes."""

    def __init__(self, path: Path) -> None:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        self._length, self._width = map(int, mapped.shape)
        self._start = mapped.offset
        self._file = path.open("rb", buffering=0)

    def __len__(self) -> int:
        """See Table."""
        return self._length

    def rows(self, numbers: npt.NDArray[np.int64]) -> Rows:
        """See Table; raises OSError if the file ends early."""
        file, width = self._file.fileno(), self._width
        read = b"".join([os.pread(file, width, self._start + number * width) for number in numbers.tolist()])
        if len(read) != len(numbers) * width:
            raise OSError(f"{self._file.name}: shorter than its header says")
        return np.frombuffer(read, np.uint8).reshape(-1, width)


def kept_table(cache: Path | None, name: str, make: Callable[[], Rows]) -> Table:
    """The table `name` from the folder `cache`, which keeps it for later starts; in memory if that is impossible.

    `make` makes the table if the folder does not have it. The name of the table's file ends with the file's SHA-256, so
    that a damaged file is recognised and made again.
    """
    if not cache:
        return MemoryTable(make())
    with contextlib.suppress(OSError):
        for kept in cache.glob(f"{name}-*.npy"):
            if kept.name == f"{name}-{sha256_of(kept)}.npy":
                return FileTable(kept)
    table = make()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            made = Path(scratch) / "table.npy"
            np.save(made, table)
            made.chmod(0o644)  # An image is built by one user and run by another.
            return FileTable(made.replace(cache / f"{name}-{sha256_of(made)}.npy"))
    except OSError as error:
        _log.warning("the encoder's table stays in memory, because the cache folder cannot keep it: %s", error)
        return MemoryTable(table)
