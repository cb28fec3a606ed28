"""Types of options: what argparse calls to read a value, and to say what is wrong with it."""

from __future__ import annotations

import argparse

from questiontopic_model.bundle.manifest import NAME, VERSION

_MOST_SEED = 2**32 - 1  # numpy's.


def positive(text: str) -> int:
    """A whole number from 1 on."""
    return _whole(text, 1)


def folds(text: str) -> int:
    """A whole number from 3 on: with two folds, a label of two rows would be trained on one."""
    return _whole(text, 3)


def seed(text: str) -> int:
    """A whole number that numpy takes for a seed."""
    return _whole(text, 0, _MOST_SEED)


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


def _whole(text: str, least: int, most: int | None = None) -> int:
    number = int(text) if text.isdecimal() else least - 1
    if number < least or (most is not None and number > most):
        to = f"at least {least}" if most is None else f"from {least} to {most}"
        raise argparse.ArgumentTypeError(f"must be a whole number, {to}, is {text!r}")
    return number
