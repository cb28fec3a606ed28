"""Bytes to a valid request, or a FieldError that names the field and the fix.

The limits are those of the contract (topic.proto, message Limits): change both or neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from .errors import FieldError

MAX_TEXTS = 512
MAX_CHARACTERS = 2_000  # Unicode code points in a text.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

_MAX_TEXT_BYTES = 4 * MAX_CHARACTERS  # UTF-8 has at most four bytes for a character.
_MAX_RECORDS = MAX_TEXTS + 64  # A full request, and room for fields of later versions of the contract.
_SMALL_MESSAGE = 2 * MAX_TEXTS  # Bytes. A message of this size cannot hold more texts than allowed.

M = TypeVar("M", bound=Message)


def decode(message: type[M], data: bytes) -> M:
    """Parses `data`. Raises FieldError for a malformed message, and for more or larger texts than allowed.

    A large message is first checked record by record: protobuf would need hundreds of megabytes for a request of
    millions of texts, and it does not say which string is not UTF-8.
    """
    if len(data) > _SMALL_MESSAGE:
        for _ in _strings(message, data):
            pass  # The check is the iteration.
    try:
        return message.FromString(data)
    except DecodeError:
        for field, content in _strings(message, data):
            if not _is_utf8(content):
                raise FieldError(field, "must be valid UTF-8") from None
        raise _malformed(message) from None


def check_texts(texts: Sequence[str]) -> None:
    """Raises FieldError for the first text that breaks a limit of the contract, and for no texts at all."""
    if not texts:
        raise FieldError("texts", "must hold at least one text")
    for index, text in enumerate(texts):
        if len(text) > MAX_CHARACTERS:
            found = f"must have at most {MAX_CHARACTERS} characters, has {len(text)}: shorten it"
            raise FieldError(f"texts[{index}]", found)
        if not text or text.isspace():
            raise FieldError(f"texts[{index}]", "must have a character that is not white space")


def _strings(message: type[Message], data: bytes) -> Iterator[tuple[str, bytes]]:
    """The string fields as (path such as `texts[3]`, content). Raises FieldError past a limit."""
    fields = {field.number: field for field in message.DESCRIPTOR.fields if field.type == field.TYPE_STRING}
    seen: Counter[int] = Counter()
    try:
        for number, start, end in _records(data):
            field = fields.get(number)
            if field is None:
                continue
            if field.is_repeated:
                _check_size(seen[number], end - start)
            yield (f"{field.name}[{seen[number]}]" if field.is_repeated else field.name), data[start:end]
            seen[number] += 1
    except (IndexError, OverflowError):
        raise _malformed(message) from None


def _check_size(index: int, size: int) -> None:
    if index >= MAX_TEXTS:
        raise FieldError("texts", f"must hold at most {MAX_TEXTS} texts: split the call")
    if size > _MAX_TEXT_BYTES:
        found = f"must have at most {MAX_CHARACTERS} characters, has {size} bytes: shorten it"
        raise FieldError(f"texts[{index}]", found)


def _records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The length-delimited records outside groups, as (field number, start, end).

    Raises IndexError or OverflowError for a malformed record. See protobuf.dev/programming-guides/encoding.
    """
    position, count, depth = 0, 0, 0
    while position < len(data):
        if (count := count + 1) > _MAX_RECORDS:
            raise FieldError("", f"the request must have at most {_MAX_RECORDS} fields")
        tag, position = _varint(data, position)
        match tag & 7:
            case 0:
                _, position = _varint(data, position)
            case 1:
                position += 8
            case 2:
                length, position = _varint(data, position)
                if position + length > len(data):
                    raise IndexError
                if not depth:
                    yield tag >> 3, position, position + length
                position += length
            case 3:
                depth += 1
            case 4:
                depth -= 1
            case 5:
                position += 4
            case _:
                raise IndexError


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at a position, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise OverflowError


def _malformed(message: type[Message]) -> FieldError:
    return FieldError("", f"the request is no {message.DESCRIPTOR.full_name} message")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
