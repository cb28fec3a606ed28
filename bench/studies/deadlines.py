"""Counts how many expired calls each server still computes: calls whose deadline passed while the model was busy.

PYTHONPATH=bench python -m studies.deadlines [--only NAME,…]

Some calls hold the model for two seconds. Meanwhile 64 other calls come with a deadline of half a second. All of them
have expired when the model is free again, so whatever the model still begins to compute of them is wasted. When the
caller of an HTTP server gives up, it closes the connection.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compare.markdown import table
from compare.options import add_servers, chosen_servers, parser_for
from compare.server_process import ServerError, ServerProcess, ask
from compare.servers import ROOT, SERVERS, Server

CALLS = 64
_HOLDING_CALLS = 8  # Enough that each process of a server gets one.
_HOLD_SECONDS = 2.0
_DEADLINE_SECONDS = 0.5
_SETTLE_SECONDS = 5.0


def main() -> None:
    """Reads the command line and prints the table."""
    parser = parser_for(__doc__)
    add_servers(parser, [server.name for server in SERVERS])
    options = parser.parse_args()
    rows = []
    for server in chosen_servers(options):
        try:
            found = str(_computed(server, options.bundle, options.environments))
        except ServerError as error:
            found = f"failed: {error}"
        rows.append([server.name, server.label, found])
    print(table(["server", "hosted", f"computed, of {CALLS} expired calls"], rows))


def _computed(server: Server, bundle: Path, environments: Path) -> int:
    """Returns the number of expired calls that the model computed; raises ServerError."""
    with tempfile.TemporaryDirectory() as folder:
        count = Path(folder) / "computed"
        count.touch()
        variables = {
            "QUESTIONTOPIC_COMPUTED": str(count),
            "QUESTIONTOPIC_HOLD_SECONDS": str(_HOLD_SECONDS),
            "PYTHONPATH": str(ROOT / "bench" / "studies" / "blocking"),
        }
        with server.started(bundle, environments, Path(folder), variables) as process:
            _call(server, process)
            time.sleep(_SETTLE_SECONDS)
            return sum(map(int, count.read_text().split()))


def _call(server: Server, process: ServerProcess) -> None:
    """Returns when the calls that hold the model are answered and the others have expired; raises ServerError."""

    def succeeds(text: str, seconds: float) -> bool:
        try:
            ask(process.url, server.wire.encode([text]), seconds)
        except ServerError:
            return False
        return True

    with ThreadPoolExecutor(CALLS + _HOLDING_CALLS) as callers:
        holding = []
        for number in range(_HOLDING_CALLS):  # One after another, so that each process of the server gets one.
            holding.append(callers.submit(succeeds, f"hold {number}", 120.0))
            time.sleep(0.1)
        deadline = time.time() + _DEADLINE_SECONDS
        late = [callers.submit(succeeds, f"late {deadline} {number}", _DEADLINE_SECONDS) for number in range(CALLS)]
        answered = sum(call.result() for call in late)
        if answered:
            raise ServerError(f"{answered} calls were answered before their deadline")
        if not all(call.result() for call in holding):
            raise ServerError("a call that held the model failed")


if __name__ == "__main__":
    main()
