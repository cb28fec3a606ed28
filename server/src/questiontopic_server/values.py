"""Reads the values of settings. Each function raises ValueError, which says what the text must be."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}, is {text!r}")
        return int(text)

    return parse


def port(text: str) -> int:
    """A TCP port, or 0."""
    if text.startswith("tcp://"):
        raise ValueError(
            f"{text!r} is a Kubernetes service link: set enableServiceLinks: false on the pod, or give --port"
        )
    return whole(0, 65_535)(text)


def host(text: str) -> str:
    """A host as it stands before a colon and a port: an IPv6 address is in brackets and in its shortest form."""
    if not text:
        raise ValueError("must not be empty")
    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        pass
    else:
        return f"[{address}]" if address.version == 6 else str(address)
    try:
        text.encode("idna")  # As the resolver does.
    except UnicodeError:
        raise ValueError(f"must be an address or a host name, is {text!r}") from None
    return text


def seconds(text: str) -> float:
    """A positive number of seconds, at most a day."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value <= 86_400:
        raise ValueError(f"must be a number of seconds above 0 and at most 86400, is {text!r}")
    return value


def access_log(text: str) -> str | float:
    """off, errors, all, or a share from 0 to 1."""
    if text in ("off", "errors", "all"):
        return text
    try:
        return share(text)
    except ValueError:
        raise ValueError(f"must be off, errors, all, or a share of the calls from 0 to 1, is {text!r}") from None


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise ValueError(f"must be a share from 0 to 1, is {text!r}")
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """A reader of one of these words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, is {text!r}")
        return text

    return parse


def yes(text: str) -> bool:
    """Whether the text is yes, and not no."""
    return one_of("yes", "no")(text) == "yes"


def path(text: str) -> Path:
    """A path that is not empty."""
    if not text:
        raise ValueError("must not be empty")
    return Path(text)


def home_path(text: str) -> Path:
    """A path that may begin with `~` or `~user`."""
    try:
        return path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"has no such home folder: {text!r}") from None
