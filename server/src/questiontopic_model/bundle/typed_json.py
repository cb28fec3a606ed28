"""Reads the output of json.loads as a dataclass, whose type annotations are the only statement of the schema."""

from __future__ import annotations

import re
import reprlib
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SCALARS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("text that UTF-8 can hold", lambda value: isinstance(value, str) and not _SURROGATE.search(value)),
    int: ("a whole number", lambda value: type(value) is int),
    float: ("a finite number", lambda value: type(value) in (int, float) and abs(value) <= sys.float_info.max),
}


def read(kind: Any, value: Any, path: str = "") -> Any:
    """`value` as a `kind`: str, int, float, Any, dict[str, ...], tuple[..., ...] or a dataclass of such fields.

    `kind` may also be one of these `| None`: None is the default of a field that may be missing, and no value in JSON.

    Numbers are returned unchanged: a whole number for a float stays an int, so that it is written again as it was.
    A field with a default may be missing. A field that the dataclass does not have is an error. Raises ValueError with
    a message of one line that starts with the path of the faulty value below `path`, such as `golden[3].text`.
    """
    if kind is Any:
        return value
    if get_origin(kind) is UnionType:
        kind, _ = get_args(kind)
    if kind in _SCALARS:
        expected, is_valid = _SCALARS[kind]
        return _require(is_valid(value), value, path, expected)
    if get_origin(kind) is tuple:
        _require(isinstance(value, list), value, path, "a list")
        return tuple(read(get_args(kind)[0], item, f"{path}[{index}]") for index, item in enumerate(value))
    _require(isinstance(value, dict), value, path, "an object")
    if is_dataclass(kind):
        return _read_dataclass(kind, value, path)
    keys, values = get_args(kind)
    return {read(keys, key, path): read(values, item, f"{path}[{reprlib.repr(key)}]") for key, item in value.items()}


def _read_dataclass(kind: Any, value: dict[str, Any], path: str) -> Any:
    types, prefix = get_type_hints(kind), f"{path}." if path else ""
    if unknown := value.keys() - types.keys():
        raise ValueError(f"{prefix}{reprlib.repr(min(unknown))} is not a known field")
    for field in fields(kind):
        if field.name not in value and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{prefix}{field.name} is missing")
    return kind(**{key: read(types[key], item, f"{prefix}{key}") for key, item in value.items()})


def _require(is_valid: bool, value: Any, path: str, expected: str) -> Any:
    if not is_valid:
        raise ValueError(f"{path} must be {expected}, is {reprlib.repr(value)}".lstrip())
    return value
