"""`python -m questiontopic_server`: reads the settings once, binds the address, and becomes the front."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Exits with 1 if it cannot serve; a usage error exits with 2 earlier, and the front has its own exit codes."""
    # Before the imports that take long: a container's first process gets no signal that it has no handler for.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    from .front import FrontError, run
    from .listening import ListenError, check_tls, listen
    from .settings import Settings

    settings = Settings.read(sys.argv[1:], os.environ)
    try:
        check_tls(settings)
        run(settings, *listen(settings))
    except (ListenError, FrontError) as error:
        print(f"questiontopic-server: error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
