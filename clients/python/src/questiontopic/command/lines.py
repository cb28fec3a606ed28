"""Reads lines and groups them into the texts of calls. It reads no further than the next call needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from questiontopic.command.failure import Failure

# The maximum size of a line, to bound memory: that of the largest message that the server reads.
_MAX_LINE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Batch:
    """The texts of one call."""

    texts: Sequence[str]
    lines: Sequence[int] = field(default=())
    """lines[i] is the number of the input line, from 1, of texts[i]; empty if the texts were arguments."""


def batches(stream: BinaryIO, size: int) -> Iterator[Batch]:
    r"""Batches of size texts; the last one may be smaller. Each line without its \n or \r\n is one text.

    Blank lines are skipped. At the first line that cannot be a text, it yields the texts before that line and then
    raises Failure.
    """
    texts: list[str] = []
    lines: list[int] = []
    failure: Failure | None = None
    try:
        for line, text in _texts(stream):
            texts.append(text)
            lines.append(line)
            if len(texts) == size:
                yield Batch(texts, lines)
                texts, lines = [], []
    except Failure as error:
        failure = error
    if texts:
        yield Batch(texts, lines)
    if failure is not None:
        raise failure


def _texts(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    line = 0
    while content := _read_line(stream, line := line + 1):
        try:
            text = content.removesuffix(b"\n").removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            raise Failure(f"line {line}: not valid UTF-8") from None
        if text and not text.isspace():
            yield line, text


def _read_line(stream: BinaryIO, line: int) -> bytes:
    try:
        content = stream.readline(_MAX_LINE_BYTES)
    except OSError as error:
        raise Failure(f"line {line}: {error.strerror}") from error
    if len(content) == _MAX_LINE_BYTES and not content.endswith(b"\n"):
        raise Failure(f"line {line}: longer than {_MAX_LINE_BYTES} bytes")
    return content
