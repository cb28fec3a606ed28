"""Files that are read again when they change."""

from __future__ import annotations

from pathlib import Path


class WatchedFiles:
    """Tells whether files have changed, by their times, inodes and sizes. Nothing runs between two questions."""

    def __init__(self, *files: Path) -> None:
        self._files = files
        self._seen = self._stamps()

    def changed(self) -> bool:
        """Whether a file has changed since the last question. Ask before you read, so that no change is missed."""
        seen, self._seen = self._seen, self._stamps()
        return seen != self._seen

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(file) for file in self._files]


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
