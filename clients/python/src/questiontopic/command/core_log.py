"""Keeps the log of gRPC's C core off standard error, where only the command writes."""

import os
import sys
from collections.abc import Mapping


def separate_core_log(environment: Mapping[str, str]) -> None:
    """Makes sys.stderr, in UTF-8, the only way to standard error, unless GRPC_VERBOSITY asks for the core's log.

    The core writes to file descriptor 2, for example about each failed TLS handshake. It reads GRPC_VERBOSITY while
    grpc is imported, so setting that variable here would be too late.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    if "GRPC_VERBOSITY" not in environment:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
