"""`python -m questiontopic_server`: reads the settings once, serves, and turns the outcome into an exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import NoReturn

from .app import ServeError, serve
from .model import BundleError
from .settings import Settings


def main() -> NoReturn:
    """Exits with 0 after a clean drain, 1 if it cannot serve; a usage error exits with 2 earlier."""
    settings = Settings.read(sys.argv[1:], os.environ)
    logging.basicConfig(
        level=settings.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    asyncio.run(_serve_and_exit(settings))
    raise AssertionError("the process has ended")


async def _serve_and_exit(settings: Settings) -> NoReturn:
    code = 0
    try:
        await serve(settings)
    except (ServeError, BundleError) as error:
        print(f"questiontopic-server: error: {error}", file=sys.stderr)
        code = 1
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)  # At once, as `serve` demands.


if __name__ == "__main__":
    main()
