"""Where labelled rows go as text: a file or standard output."""

import io
from pathlib import Path

from questiontopic.label.form import Form

_STANDARD_OUTPUT = 1


class Output:
    """A file that gets whole rows only, so that a job can be stopped at any time."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    @classmethod
    def standard(cls) -> "Output":
        """Standard output."""
        return cls(io.FileIO(_STANDARD_OUTPUT, "wb", closefd=False))

    @classmethod
    def new(cls, path: Path) -> "Output":
        """An empty file, which replaces what was there."""
        return cls(io.FileIO(path, "wb"))

    @classmethod
    def cut(cls, path: Path, size: int) -> "Output":
        """The file with its first bytes only."""
        file = io.FileIO(path, "rb+")
        file.truncate(size)
        file.seek(size)
        return cls(file)

    def begin(self, form: Form) -> None:
        """Writes the header, if the file is empty."""
        if not (self._file.seekable() and self._file.tell()):
            self.write(form.header())

    def write(self, rows: bytes) -> None:
        """Writes the rows: in one go, unless the system takes only a part of them."""
        rest = memoryview(rows)
        while rest:
            rest = rest[self._file.write(rest) :]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
