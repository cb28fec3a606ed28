"""Bytes to a request message, with an error that names the field when a string is not UTF-8."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from .errors import FieldError

M = TypeVar("M", bound=Message)


def decode(message: type[M], data: bytes) -> M:
    """Parses `data`; raises FieldError, which names the first malformed text field if that is what is wrong."""
    try:
        return message.FromString(data)
    except DecodeError:
        raise _explain(message, data) from None


def _explain(message: type[Message], data: bytes) -> FieldError:
    """Parses again with every string as bytes, which protobuf does not check, and looks for the bad one."""
    try:
        fields = _twin(message).FromString(data).ListFields()
    except DecodeError:
        return FieldError("", f"the request is no {message.DESCRIPTOR.full_name} message")
    for field, value in fields:
        values = value if field.is_repeated else [value]
        for index, item in enumerate(values):
            if isinstance(item, bytes) and not _is_utf8(item):
                name = f"{field.name}[{index}]" if field.is_repeated else field.name
                return FieldError(name, "must be valid UTF-8")
    return FieldError("", f"the request is no {message.DESCRIPTOR.full_name} message")


def _twin(message: type[Message]) -> type[Message]:
    """The same message type with bytes in place of strings."""
    file = descriptor_pb2.FileDescriptorProto()
    message.DESCRIPTOR.file.CopyToProto(file)
    for twin in file.message_type:
        for field in twin.field:
            if field.type == field.TYPE_STRING and twin.name == message.DESCRIPTOR.name:
                field.type = field.TYPE_BYTES
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(message.DESCRIPTOR.full_name))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
