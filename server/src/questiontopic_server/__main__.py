"""`python -m questiontopic_server`: reads the settings once, serves, and turns the outcome into an exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from .app import ServeError, serve
from .model import BundleError
from .settings import Settings


def main() -> int:
    """0 after a clean drain, 1 if it cannot serve; a usage error exits with 2 earlier."""
    settings = Settings.read(sys.argv[1:], os.environ)
    logging.basicConfig(
        level=settings.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        asyncio.run(serve(settings))
    except (ServeError, BundleError) as error:
        print(f"questiontopic-server: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
