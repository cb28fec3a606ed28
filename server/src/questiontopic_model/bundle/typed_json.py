"""What json.loads returned, read as the types that a dataclass's annotations state: the only statement of a schema."""

from __future__ import annotations

import re
import reprlib
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SCALARS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("text that UTF-8 can hold", lambda value: isinstance(value, str) and not _SURROGATE.search(value)),
    int: ("a whole number", lambda value: type(value) is int),
    float: ("a finite number", lambda value: type(value) in (int, float) and abs(value) <= sys.float_info.max),
}


def read(kind: Any, value: Any, name: str = "") -> Any:
    """`value` as a `kind`: str, int, float, Any, dict[str, ...], tuple[..., ...] or a dataclass of such fields.

    Numbers are returned as they are, so that a whole one for a float is written as it was. Fields with a default may be
    missing, others than the dataclass's may not be there. Raises ValueError, whose message is one line and starts with
    the place below `name`, such as `golden[3].text`.
    """
    if kind is Any:
        return value
    if kind in _SCALARS:
        what, holds = _SCALARS[kind]
        return _demand(holds(value), value, name, what)
    if get_origin(kind) is tuple:
        _demand(isinstance(value, list), value, name, "a list")
        return tuple(read(get_args(kind)[0], item, f"{name}[{index}]") for index, item in enumerate(value))
    _demand(isinstance(value, dict), value, name, "an object")
    if is_dataclass(kind):
        return _record(kind, value, name)
    keys, values = get_args(kind)
    return {read(keys, key, name): read(values, item, f"{name}[{reprlib.repr(key)}]") for key, item in value.items()}


def _record(kind: Any, value: dict[str, Any], name: str) -> Any:
    kinds, place = get_type_hints(kind), f"{name}." if name else ""
    if unknown := value.keys() - kinds.keys():
        raise ValueError(f"{place}{reprlib.repr(min(unknown))} is no field that is known here")
    for field in fields(kind):
        if field.name not in value and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{place}{field.name} is missing")
    return kind(**{key: read(kinds[key], item, f"{place}{key}") for key, item in value.items()})


def _demand(holds: bool, value: Any, name: str, what: str) -> Any:
    if not holds:
        raise ValueError(f"{name} must be {what}, is {reprlib.repr(value)}".lstrip())
    return value
