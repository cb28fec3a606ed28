"""Keeps gRPC's C core from writing to the command's standard error, which holds one line at most."""

import os
import sys
from collections.abc import Mapping


def separate_core_log(environment: Mapping[str, str]) -> None:
    """Lets sys.stderr, in UTF-8, be all that reaches standard error, unless GRPC_VERBOSITY asks for the core's log.

    The core logs, for example, every failed TLS handshake, to file descriptor 2 and not through sys.stderr. It reads
    GRPC_VERBOSITY while grpc is imported, so it is too late to set that here.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    if "GRPC_VERBOSITY" not in environment:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
