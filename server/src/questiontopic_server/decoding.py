"""Bytes to a request message. Limits are checked on the wire, before protobuf builds a large message to be refused.

One pass over the records of the message names the field that breaks a limit, or the string that is not UTF-8 where
protobuf would only say that the message cannot be parsed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from .errors import FieldError
from .limits import MAX_TEXTS, check_text_bytes

M = TypeVar("M", bound=Message)

_HARMLESS = 2 * MAX_TEXTS  # Bytes: too few for more texts than allowed, and for a text that is too large.

_MAX_RECORDS = MAX_TEXTS + 64  # All texts that a request may hold, its other fields, and some of a newer contract.


def decode(message: type[M], data: bytes) -> M:
    """Parses `data`; raises FieldError, which names the malformed or too large field if that is what is wrong."""
    strings: list[tuple[str, int, int]] = []
    try:
        if len(data) > _HARMLESS:
            strings = list(_strings(message, data))
        return message.FromString(data)
    except DecodeError:
        strings = strings or list(_strings(message, data))
        for field, start, end in strings:
            if not _is_utf8(data[start:end]):
                raise FieldError(field, "must be valid UTF-8") from None
        raise _malformed(message) from None


def _strings(message: type[Message], data: bytes) -> Iterator[tuple[str, int, int]]:
    """The message's string fields as (path such as `texts[3]`, start, end); raises FieldError past a limit."""
    fields = {field.number: field for field in message.DESCRIPTOR.fields if field.type == field.TYPE_STRING}
    seen: Counter[int] = Counter()
    try:
        for number, start, end in _records(data):
            if not (field := fields.get(number)):
                continue
            if field.is_repeated:
                check_text_bytes(seen[number], end - start)
            yield (f"{field.name}[{seen[number]}]" if field.is_repeated else field.name), start, end
            seen[number] += 1
    except (IndexError, OverflowError):
        raise _malformed(message) from None


def _records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The length-delimited records as (field number, start, end); IndexError or OverflowError if one is malformed."""
    position, count = 0, 0
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
                yield tag >> 3, position, position + length
                position += length
            case 5:
                position += 4
            case _:  # Groups, which proto3 does not have.
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
