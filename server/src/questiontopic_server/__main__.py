"""`python -m questiontopic_server`: reads the settings once, serves, and turns the outcome into an exit code."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from .settings import Settings


def main() -> NoReturn:
    """Exit codes: 0 after a signal and a clean drain, 1 if it cannot serve or calls were cut off, 2 for usage."""
    # `serve` takes over the signals. They are caught before the slow imports below, because the kernel sends the first
    # process of a container no signal that it does not handle.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os._exit(0))
    import uvloop

    from .settings import Settings, misspelt
    from .telemetry.logs import open_standard_streams, say, start_logging

    open_standard_streams()
    if sys.argv[1:2] == ["check"]:
        from .check import check

        sys.exit(check(sys.argv[2:]))
    settings = Settings.read(sys.argv[1:], os.environ)
    for name, meant in misspelt(os.environ):
        say(f"warning: {name} is no setting and is ignored; did you mean {meant}?")
    start_logging(settings.log_level, settings.log_format)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy multiplies only small matrices here.
    if settings.log_level == "debug":
        os.environ.setdefault("GRPC_VERBOSITY", "info")  # gRPC tells of failed handshakes, and heeds GRPC_TRACE.
    if settings.tokens and (trace := os.environ.get("GRPC_TRACE")):
        os.environ["GRPC_TRACE"] = f"{trace},-chttp2_hpack_parser"  # It would write the callers' tokens into the log.
    uvloop.run(_serve_and_exit(settings))
    raise AssertionError("the process has ended")


async def _serve_and_exit(settings: Settings) -> NoReturn:
    import logging

    from questiontopic_model.bundle import BundleError

    from .app import DrainError, serve
    from .listener import ListenError
    from .security.tls import TLSError
    from .security.tokens import TokensError
    from .telemetry.logs import say

    code = 0
    try:
        await serve(settings)
    except (BundleError, DrainError, ListenError, TLSError, TokensError) as error:
        say(f"error: {error}")
        code = 1
    logging.shutdown()
    os._exit(code)  # At once, as `serve` demands.


if __name__ == "__main__":
    main()
