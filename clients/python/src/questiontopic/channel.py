"""How a channel reaches the server: retries, load balancing, message sizes, TLS.

Both clients take all of it from here; nothing here opens a connection.
"""

import json

import grpc

from questiontopic.address import is_loopback
from questiontopic.roots import system_roots
from questiontopic.v1 import topic_pb2
from questiontopic.version import VERSION

# The contract's Limits.max_message_bytes; gRPC's own default for answers is 4 MiB.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

# gRPC silently ignores a policy for a service that it does not know, so the name is never typed.
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


def channel_options(address: str, server_name: str | None = None) -> list[tuple[str, str | int]]:
    """The gRPC channel options that the clients use; pass them to a channel of your own to keep its calls like theirs.

    address is the channel's target. server_name, if given, is the name that the server's certificate must carry
    instead of the address's host.
    """
    options: list[tuple[str, str | int]] = [
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        # gRPC retries only requests that it has kept, by default those up to 256 KiB.
        ("grpc.per_rpc_retry_buffer_size", MAX_MESSAGE_BYTES),
        ("grpc.primary_user_agent", f"questiontopic-python/{VERSION}"),
    ]
    if is_loopback(address):
        # A proxy of the environment has another loopback than ours.
        options.append(("grpc.enable_http_proxy", 0))
    if server_name is not None:
        options.append(("grpc.ssl_target_name_override", server_name))
    return options


def tls_credentials(ca: bytes | None, certificate: bytes | None, key: bytes | None) -> grpc.ChannelCredentials:
    """TLS that trusts the PEM certificates in ca (None: the system's roots), and shows certificate if there is one.

    certificate, a PEM chain, and key, its PEM private key, come together: ValueError if only one is given.
    """
    if (certificate is None) != (key is None):
        raise ValueError("certificate and key come together: give both for mutual TLS, or neither")
    return grpc.ssl_channel_credentials(
        root_certificates=system_roots() if ca is None else ca, private_key=key, certificate_chain=certificate
    )
