"""Types of options: functions that argparse calls to read a value, with an error that says what is expected."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from questiontopic_model.bundle.manifest import NAME, VERSION


def whole_number(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """The type of a whole number from `minimum` to `maximum`, both included."""
    bounds = f"at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"

    def read(text: str) -> int:
        if text.isdecimal() and minimum <= int(text) and (maximum is None or int(text) <= maximum):
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number, {bounds}, is {text!r}")

    return read


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, is {text!r}")
    return number


def bundle_name(text: str) -> str:
    """The name of a bundle."""
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"must match {NAME.pattern}, is {text!r}")
    return text


def bundle_version(text: str) -> str:
    """The version of a bundle."""
    if not VERSION.fullmatch(text):
        raise argparse.ArgumentTypeError(f"must be MAJOR.MINOR.PATCH, is {text!r}")
    return text
