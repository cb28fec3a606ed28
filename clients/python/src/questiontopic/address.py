"""Checks addresses of the form HOST:PORT. It does not resolve names."""

import ipaddress
import re

_HOST_AND_PORT = re.compile(r"(?:\[[^\[\]]+\]|[^:\[\]/]+):([0-9]{1,5})")


def is_host_and_port(address: str) -> bool:
    """Whether address is HOST:PORT with a port up to 65535. An IPv6 host must be in brackets."""
    match = _HOST_AND_PORT.fullmatch(address)
    return match is not None and int(match[1]) <= 65535


def is_loopback(address: str) -> bool:
    """Whether address, HOST or HOST:PORT, is this machine: localhost, 127.0.0.0/8 or [::1]."""
    host = address.rpartition(":")[0] or address
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
