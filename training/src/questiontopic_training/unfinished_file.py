"""Writes a file that other processes may read: they find the whole file or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """Another path in the same folder to write to. After the block, that file gets the name `path`."""
    unfinished = path.with_name(f"unfinished-{os.getpid()}-{path.name}")
    yield unfinished
    unfinished.replace(path)
