"""Reads the lines of a text file one by one, with their numbers."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from .questions import DataError

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_lines(path: Path, encoding: str = "UTF-8") -> Iterator[tuple[int, str]]:
    """The decoded lines with their numbers and ends; a line feed, a carriage return or both end a line.

    Raises DataError during the iteration.
    """
    try:
        with path.open("rb") as file:
            if _is_utf16(file.peek(2)[:2]):
                fix = f"save the file as {encoding}; Excel names it CSV UTF-8"
                raise DataError(f"{path}:1: looks like UTF-16, not {encoding}; {fix}")
            codec = "utf-8-sig" if encoding == "UTF-8" else encoding  # It leaves out the mark at the file's beginning.
            # Bytes that cannot be decoded become surrogates, so that the line with them is known.
            for number, line in enumerate(io.TextIOWrapper(file, codec, "surrogateescape", newline=""), start=1):
                try:
                    line.encode()
                except UnicodeEncodeError:
                    raise DataError(f"{path}:{number}: not {encoding}; save the file as {encoding}") from None
                yield number, line
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None


def _is_utf16(start: bytes) -> bool:
    """Whether a text begins like UTF-16: with its mark, or with a letter a to z, which has a zero byte there."""
    return start in _UTF16_MARKS or 0 in start
