"""A table of quantised rows, in memory or in a file that is read row by row.

A mapped file would be simpler, but what is touched of it counts as the process's memory, some fifty megabytes soon.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..bundle.bundle import sha256_of

Rows = npt.NDArray[np.uint8]


class Table(Protocol):
    """Rows of equal width."""

    def __len__(self) -> int:
        """How many rows there are."""

    def rows(self, numbers: npt.NDArray[np.int64]) -> Rows:
        """These rows, [numbers, width]."""


class MemoryTable:
    """All rows in memory."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        """See Table."""
        return len(self._rows)

    def rows(self, numbers: npt.NDArray[np.int64]) -> Rows:
        """See Table."""
        return self._rows[numbers]


class FileTable:
    """The rows of an `.npy` file, which the system's page cache keeps at hand for all processes together."""

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
            raise OSError(f"{self._file.name}: ends too early")
        return np.frombuffer(read, np.uint8).reshape(-1, width)


def kept_table(cache: Path | None, name: str, make: Callable[[], Rows]) -> Table:
    """The table `name`, from a file in the folder `cache`, where it is put if it is missing; else in memory.

    The file's name ends in its SHA-256: one that is damaged is made again.
    """
    if not cache:
        return MemoryTable(make())
    with contextlib.suppress(OSError):
        for kept in cache.glob(f"{name}-*.npy"):
            if kept.name == f"{name}-{sha256_of(kept)}.npy":
                return FileTable(kept)
    table = make()
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            made = Path(scratch) / "table.npy"
            np.save(made, table)
            made.chmod(0o644)  # An image is built by one user and run by another.
            return FileTable(made.replace(cache / f"{name}-{sha256_of(made)}.npy"))
    return MemoryTable(table)
