"""`python -m questiontopic_server.healthcheck`: asks the server of the same settings for its health, for containers.

Exit code 0 only if it answers SERVING, in every transport; 1 if not, with one line that says why. With TLS it trusts
the server's own certificate, by whatever name that one has. With mutual TLS it also shows that certificate as its own,
for want of another: append it to the file of --tls-client-ca if that authority did not sign it, or let an
orchestrator's own probe with a client certificate take this check's place.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from .settings import Settings

_SECONDS = 2.0  # Each for the certificate's name and for the answer; the container's check may take 5.
_OPTIONS = [("grpc.enable_http_proxy", 0)]  # The server is here, whatever proxy the environment names.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def main() -> int:
    """Asks once."""
    settings = Settings.read(sys.argv[1:], os.environ)
    host = _LOOPBACK.get(settings.host, settings.host)
    try:
        with _channel(settings, host) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=_SECONDS)
    except (OSError, grpc.RpcError) as error:
        reason = error.details() if isinstance(error, grpc.RpcError) else error
        if settings.tls_client_ca:
            reason = f"{reason} (does --tls-client-ca accept the server's own certificate, which the check shows?)"
        print(f"questiontopic-server: not healthy: {reason}", file=sys.stderr)
        return 1
    name = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    print(name)
    return 0 if name == "SERVING" else 1


def _channel(settings: Settings, host: str) -> grpc.Channel:
    address = f"{host}:{settings.port}"
    certificate, key = settings.tls_certificate, settings.tls_key
    if not (certificate and key):
        return grpc.insecure_channel(address, _OPTIONS)
    trusted = certificate.read_bytes()
    shown = (key.read_bytes(), trusted) if settings.tls_client_ca else (None, None)
    name = _certified_name(certificate, key, (host.strip("[]"), settings.port))
    credentials = grpc.ssl_channel_credentials(trusted, *shown)
    return grpc.secure_channel(address, credentials, [*_OPTIONS, ("grpc.ssl_target_name_override", name)])


def _certified_name(certificate: Path, key: Path, address: tuple[str, int]) -> str:
    """A name that the server's certificate is for; OSError unless what listens shows the certificate of the file.

    gRPC wants to know the name to verify it. Python's `ssl` tells it, but only of a connection's certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    context.load_cert_chain(certificate, key, password=lambda: "")
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(address, _SECONDS) as plain, context.wrap_socket(plain) as connection:
        found: Any = connection.getpeercert()
    names = dict(found.get("subjectAltName", ()))
    if "DNS" in names:
        return str(names["DNS"])
    if "IP Address" in names:
        return str(ipaddress.ip_address(names["IP Address"].strip()))
    return str(dict(each[0] for each in found["subject"]).get("commonName", ""))


if __name__ == "__main__":
    sys.exit(main())
