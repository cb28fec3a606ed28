"""Checks addresses of the form HOST:PORT. It does not resolve names."""

import ipaddress
import re

_HOST_AND_PORT = re.compile(r"(?:\[[^\[\]]+\]|[^:\[\]/]+):([^:\[\]/]+)")


def check_host_and_port(address: str) -> None:
    """Raises ValueError, which names the fix, if address is not HOST:PORT. An IPv6 host must be in brackets."""
    check_no_url(address)
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None:
        raise ValueError(f'must be HOST:PORT, not "{address}"')
    check_port(match[1])


def check_no_url(address: str) -> None:
    """Raises ValueError, which names the fix, for an address that starts with http:// or https://."""
    if match := re.match(r"https?://", address, re.IGNORECASE):
        raise ValueError(f'must be HOST:PORT without {match[0].lower()}, not "{address}"')


def check_port(port: str) -> None:
    """Raises ValueError if port is not a decimal number from 1 to 65535."""
    if not re.fullmatch(r"0*[0-9]{1,5}", port) or not 1 <= int(port[-5:]) <= 65535:
        raise ValueError(f"the port must be from 1 to 65535, not {port}")


def is_loopback(address: str) -> bool:
    """Whether address, HOST or HOST:PORT, is this machine: localhost, 127.0.0.0/8 or [::1]."""
    host = address.rpartition(":")[0] if _HOST_AND_PORT.fullmatch(address) else address
    host = host.removeprefix("[").removesuffix("]")
    if host.lower().removesuffix(".") == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback
