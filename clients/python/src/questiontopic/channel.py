"""The gRPC options of both clients: retries, load balancing, message sizes and TLS. Nothing here opens a connection."""

import json

import grpc

from questiontopic.roots import system_roots
from questiontopic.target import is_this_machine
from questiontopic.v1 import topic_pb2
from questiontopic.version import VERSION

# The contract's Limits.max_message_bytes. gRPC's default limit for answers is 4 MiB, which large answers exceed.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

# The name comes from the descriptor, because gRPC silently ignores a policy for a misspelt service.
_SERVICE = topic_pb2.DESCRIPTOR.services_by_name["TopicService"].full_name

_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": _SERVICE}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}

# Finds a server that has frozen or whose network is gone: without a sign of life for 15 seconds while calls wait, the
# connection is given up, and its calls are sent to another server if they have time left. Without pings the kernel
# would notice after a quarter of an hour.
_KEEPALIVE = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),  # The same limit; newer releases of gRPC obey this name alone.
    ("grpc.http2.max_pings_without_data", 0),  # By default gRPC stops after two pings.
)

# The longest pause before gRPC connects again to a server that could not be reached; the first one is 1 second. gRPC's
# own maximum is 2 minutes: so long calls would fail although the server is back.
_RECONNECT = ("grpc.max_reconnect_backoff_ms", 3_000)


def channel_options(address: str, server_name: str | None = None) -> list[tuple[str, str | int]]:
    """The gRPC channel options of the clients. A channel of your own needs them to get the same retries and limits.

    address is the channel's target. server_name is the name that the server's certificate must have; by default it is
    the host of the address.
    """
    options: list[tuple[str, str | int]] = [
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        # gRPC can retry only a request that fits its retry buffer, which by default holds 256 KiB.
        ("grpc.per_rpc_retry_buffer_size", MAX_MESSAGE_BYTES),
        ("grpc.primary_user_agent", f"questiontopic-python/{VERSION}"),
        *_KEEPALIVE,
        _RECONNECT,
    ]
    if is_this_machine(address):
        # A proxy from the environment would look for this address on its own machine.
        options.append(("grpc.enable_http_proxy", 0))
    if server_name is not None:
        options.append(("grpc.ssl_target_name_override", server_name))
    return options


def tls_credentials(ca: bytes | None, certificate: bytes | None, key: bytes | None) -> grpc.ChannelCredentials:
    """TLS credentials that trust the PEM certificates in ca; None trusts the system's roots.

    certificate is the client's PEM chain and key its PEM private key, for mutual TLS. Raises ValueError if only one of
    the two is given.
    """
    if (certificate is None) != (key is None):
        raise ValueError("certificate and key: give both, for mutual TLS, or neither")
    return grpc.ssl_channel_credentials(
        root_certificates=system_roots() if ca is None else ca, private_key=key, certificate_chain=certificate
    )
