"""Counts how many expired calls each server still computes: their deadline passed while the model was busy.

python bench/deadlines.py [--only NAME...]

Some calls hold the model for two seconds. Meanwhile 64 others come with a deadline of half a second. When the model is
free again all have expired; what it computes of them is for nobody. A peer asked over HTTP sees its caller hang up.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contenders import CONTENDERS, ROOT, Contender
from hosted import Hosted, HostedError, ask
from options import add_only, parser_for

CALLS = 64
_HOLDING = 8  # Enough that every process of a server has one.
_HOLD_SECONDS = 2.0
_DEADLINE_SECONDS = 0.5
_SETTLE_SECONDS = 5.0


def main() -> None:
    """Reads the command line, prints the table as Markdown."""
    parser = parser_for(__doc__)
    add_only(parser)
    options = parser.parse_args()
    print(f"| server | computed, of {CALLS} expired calls |\n| --- | --- |")
    for contender in CONTENDERS:
        if not options.only or contender.name in options.only:
            try:
                found = str(_computed(contender, options.bundle, options.environments))
            except HostedError as error:
                found = f"failed: {error}"
            print(f"| {contender.name} ({contender.label}) | {found} |", flush=True)


def _computed(contender: Contender, bundle: Path, environments: Path) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        count = Path(scratch) / "computed"
        count.touch()
        variables = {"QUESTIONTOPIC_COMPUTED": str(count), "QUESTIONTOPIC_HOLD_SECONDS": str(_HOLD_SECONDS)}
        hooks = ROOT / "bench" / "blocking"
        with contender.started(bundle, environments, Path(scratch), hooks, variables) as server:
            _call(contender, server)
            time.sleep(_SETTLE_SECONDS)
            return sum(map(int, count.read_text().split()))


def _call(contender: Contender, server: Hosted) -> None:
    """Returns when the held calls are answered and the others have expired."""

    def one(text: str, seconds: float) -> bool:
        try:
            ask(server.address, contender.wire.encode([text]), seconds)
        except HostedError:
            return False
        return True

    with ThreadPoolExecutor(CALLS + _HOLDING) as callers:
        holding = []
        for number in range(_HOLDING):  # One after another, so that they do not all meet the same process.
            holding.append(callers.submit(one, f"hold {number}", 120.0))
            time.sleep(0.1)
        late = [callers.submit(one, f"late {number}", _DEADLINE_SECONDS) for number in range(CALLS)]
        answered = sum(call.result() for call in late)
        if answered or not all(call.result() for call in holding):
            raise HostedError(f"{answered} calls were answered in time, or one that held the model failed")


if __name__ == "__main__":
    main()
