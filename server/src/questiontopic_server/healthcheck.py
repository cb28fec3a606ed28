"""`python -m questiontopic_server.healthcheck`: asks the server of the same settings for its health, for containers.

Exit code 0 if it answers SERVING, 1 if not. Where TLS is on it has no client certificate to show, so it only checks
that the port accepts connections; an orchestrator's own probe can do better.
"""

from __future__ import annotations

import os
import socket
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from .settings import Settings

_SECONDS = 3.0
_ANY = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def main() -> int:
    """Asks once."""
    settings = Settings.read(sys.argv[1:], os.environ)
    host = _ANY.get(settings.host, settings.host)
    try:
        if settings.tls_certificate:
            socket.create_connection((host.strip("[]"), settings.port), _SECONDS).close()
            return 0
        with grpc.insecure_channel(f"{host}:{settings.port}") as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=_SECONDS)
    except (OSError, grpc.RpcError) as error:
        reason = error.details() if isinstance(error, grpc.RpcError) else error
        print(f"questiontopic-server: not healthy: {reason}", file=sys.stderr)
        return 1
    name = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    print(name)
    return 0 if name == "SERVING" else 1


if __name__ == "__main__":
    sys.exit(main())
