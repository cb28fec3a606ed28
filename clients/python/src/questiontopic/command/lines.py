"""Reads lines with bounded memory. It reads no further than the next line."""

from collections.abc import Iterator
from typing import BinaryIO

from questiontopic.bulk.batch import Row
from questiontopic.command.failure import Failure

# The maximum size of a line, to bound memory: that of the largest message that the server reads.
_MAX_LINE_BYTES = 16 * 1024 * 1024

# How much is shown of a line that is too long. UTF-8 has at most four bytes for a character.
_SHOWN_CHARACTERS = 60

_UTF_16 = ": it looks like UTF-16; convert it first, for example with: iconv -f UTF-16 -t UTF-8"


def read_lines(stream: BinaryIO) -> Iterator[Row]:
    r"""Each line of stream without its \n or \r\n. A line that cannot be sent has a reason.

    A byte order mark at the beginning is left out. Raises Failure if stream cannot be read.
    """
    number, is_utf_16 = 1, False
    while content := _read(stream, _MAX_LINE_BYTES, number):
        is_whole = content.endswith(b"\n") or len(content) < _MAX_LINE_BYTES
        if number == 1:
            is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
            content = content.removeprefix(b"\xef\xbb\xbf")
            if not content:
                return
        yield _whole(number, content, is_utf_16) if is_whole else _beginning(number, content)
        number += 1
        while not is_whole:  # Only now, because a run may end with this line.
            rest = _read(stream, 64 * 1024, number)
            is_whole = not rest or rest.endswith(b"\n")


def _read(stream: BinaryIO, size: int, line: int) -> bytes:
    try:
        return stream.readline(size)
    except OSError as error:
        raise Failure(f"line {line}: {error.strerror}") from error


def _whole(number: int, content: bytes, is_utf_16: bool) -> Row:
    content = content.removesuffix(b"\n").removesuffix(b"\r")
    has_nul = b"\0" in content
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode(errors="replace")
    else:
        if not has_nul:
            return Row(number, text, blank=not text or text.isspace())
    return Row(number, text, reason="not valid UTF-8" + (_UTF_16 if has_nul or is_utf_16 else ""))


def _beginning(number: int, content: bytes) -> Row:
    text = content[: 4 * _SHOWN_CHARACTERS].decode(errors="replace")
    return Row(number, text[:_SHOWN_CHARACTERS] + "…", reason=f"longer than {_MAX_LINE_BYTES} bytes")
