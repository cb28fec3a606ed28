"""The bytes of the input, counted as they are read, and as text."""

import io
import os
from pathlib import Path
from typing import TextIO

from questiontopic.command.failure import Failure

# The largest line, and the largest field of a CSV row, to bound memory: that of the largest message of a call.
MAX_LINE = 16 * 1024 * 1024

_STANDARD_INPUT = 0


class Source(io.RawIOBase):
    """A file or standard input.

    `count` is the number of bytes that were read, and `size` that of all; None if it is not known, as that of a pipe.
    """

    def __init__(self, path: Path | None) -> None:
        """path: None reads standard input. Raises OSError if there is no such file."""
        self._file = io.FileIO(_STANDARD_INPUT if path is None else path, "rb", closefd=path is not None)
        self.size = os.fstat(self._file.fileno()).st_size if path is not None and path.is_file() else None
        self.count = 0
        self._head = b""

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer came with Python 3.12
        """Reads the next bytes."""
        if self._head:
            size = min(len(buffer), len(self._head))
            buffer[:size], self._head = self._head[:size], self._head[size:]
            return size
        size = self._file.readinto(buffer) or 0
        self.count += size
        return size

    def text(self, newline: str) -> tuple[TextIO, bool]:
        """The bytes as text, without a byte order mark, and whether there was one.

        UTF-8 is assumed unless the mark is that of UTF-16. Bytes that are not UTF-8 become surrogates, from which the
        error handler surrogateescape makes the same bytes again. newline: as for `open`.
        """
        while len(self._head) < 3 and (more := self._file.read(3 - len(self._head))):
            self._head += more
        self.count = len(self._head)
        utf_16 = self._head.startswith((b"\xff\xfe", b"\xfe\xff"))
        bom = utf_16 or self._head == b"\xef\xbb\xbf"
        if bom and not utf_16:
            self._head = b""
        encoding, errors = ("utf-16", "replace") if utf_16 else ("utf-8", "surrogateescape")
        buffered = io.BufferedReader(self, 64 * 1024)
        return io.TextIOWrapper(buffered, encoding, errors=errors, newline=newline), bom

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
        super().close()


def read_line(stream: TextIO, number: int) -> str:
    """The next line with its end; empty at the end of the stream. Raises Failure if it is too long."""
    line = stream.readline(MAX_LINE)
    if len(line) == MAX_LINE:
        raise Failure(f"line {number}: longer than {MAX_LINE} characters")
    return line


def is_utf_8(text: str) -> bool:
    """Whether the text came from valid UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
