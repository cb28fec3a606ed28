"""`python -m questiontopic_server`: reads the settings once, serves, and turns the outcome into an exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from .settings import Settings


def main() -> NoReturn:
    """Exits with 0 after SIGTERM or SIGINT, 1 if it cannot serve or drain; a usage error exits with 2 earlier."""
    # Until `serve` takes over, and before the imports that take long: a container's first process gets no signal that
    # it has no handler for.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    from .log_format import LOG_FORMAT
    from .settings import Settings

    settings = Settings.read(sys.argv[1:], os.environ)
    logging.basicConfig(level=settings.log_level.upper(), stream=sys.stderr, format=LOG_FORMAT)
    asyncio.run(_serve_and_exit(settings))
    raise AssertionError("the process has ended")


async def _serve_and_exit(settings: Settings) -> NoReturn:
    from .app import DrainError, serve
    from .listening import ListenError
    from .model import BundleError

    code = 0
    try:
        await serve(settings)
    except (ListenError, BundleError, DrainError) as error:
        print(f"questiontopic-server: error: {error}", file=sys.stderr)
        code = 1
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)  # At once, as `serve` demands.


if __name__ == "__main__":
    main()
