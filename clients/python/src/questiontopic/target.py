"""Reads gRPC targets: HOST:PORT, or a scheme and its endpoint. It resolves no name."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import unquote

from questiontopic.address import check_no_url, check_port, is_loopback

_LOCAL_SCHEME = re.compile(r"(?:unix|unix-abstract):", re.IGNORECASE)
# The schemes whose endpoints are hosts and ports, with the DNS server that dns: may name. gRPC takes a target without
# a scheme for one of dns:.
_SCHEME = re.compile(r"(?:dns|ipv4|ipv6):(?://[^/]*/|/)?", re.IGNORECASE)
# gRPC takes an endpoint with several colons and without brackets for an IPv6 host.
_ENDPOINT = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<host>[^:]*))(?::(?P<port>[^:]*))?")


def check_target(target: str) -> None:
    """Raises ValueError, which names the fix, for a URL and for a port that gRPC would misread."""
    try:
        check_no_url(_SCHEME.sub("", target, count=1))
        for _, port in _endpoints(target):
            if port:
                check_port(port)
    except ValueError as error:
        raise ValueError(f"address: {error}") from None


def is_this_machine(target: str) -> bool:
    """Whether target, or one of its endpoints, is on this machine, in any spelling that the resolvers know."""
    return _LOCAL_SCHEME.match(target) is not None or any(_is_local(host) for host, _ in _endpoints(target))


def _endpoints(target: str) -> Iterator[tuple[str, str]]:
    """The hosts and ports of target. A port is empty if it is left out, and gRPC then uses 443."""
    if _LOCAL_SCHEME.match(target):
        return
    for endpoint in unquote(_SCHEME.sub("", target, count=1)).split(","):
        if match := _ENDPOINT.fullmatch(endpoint):
            yield match["ipv6"] or match["host"] or "", match["port"] or ""
        else:
            yield endpoint, ""


def _is_local(host: str) -> bool:
    if is_loopback(host) or host.lower().removesuffix(".").endswith(".localhost") or host == "::":
        return True
    try:
        ip = socket.inet_aton(host)  # It reads short forms such as 127.1, as the system's resolver does.
    except (OSError, ValueError):
        return False
    return ip[0] == 127 or ip == bytes(4)  # 0.0.0.0, like ::, connects to this machine.
