"""Bounds the folder that keeps trained models, vectors and teachers with their answers between runs."""

from __future__ import annotations

import time
from itertools import groupby
from pathlib import Path

MAX_BYTES = 500_000_000
_IN_USE = 2 * 60 * 60  # Seconds: a file that is younger may belong to a command that still runs.
_PATTERNS = ("run-*.keras", "embeddings-*", "teacher-*.keras", "teachers-*.npy", "unfinished-*")


def remove_oldest(folder: Path, max_bytes: int = MAX_BYTES) -> int:
    """Removes the files that were written longest ago until the others have at most `max_bytes`; returns their number.

    Files that belong together are removed together. Files of the last two hours stay, and so do other files of
    the folder, like an encoder's table.
    """
    found = sorted({path for pattern in _PATTERNS for path in folder.glob(pattern) if path.is_file()})
    groups = [[*paths] for _, paths in groupby(found, key=lambda path: path.stem)]
    stats = [(max(path.stat().st_mtime for path in group), group) for group in groups]
    total, removed = 0, 0
    for written, group in sorted(stats, key=lambda one: one[0], reverse=True):
        total += sum(path.stat().st_size for path in group)
        if total > max_bytes and written < time.time() - _IN_USE:
            for path in group:
                path.unlink(missing_ok=True)
                removed += 1
    return removed
