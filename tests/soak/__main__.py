"""Serves for half an hour while callers, strangers and the operator do all they can, and says whether that did harm.

PYTHONPATH=tests/support python -m tests.soak [--minutes 30] [--seed N] [--output build]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

import psutil
from server_process import ServerProcess
from shelf import Shelf
from tqdm import tqdm

from . import report
from .access import KEPT, Access
from .answers import Answers
from .callers import Callers
from .connection import Connection
from .load import Load
from .log import Log
from .operator import DAMAGED, GOOD, Operator
from .samples import Samples
from .strangers import Strangers
from .tally import Tally

_FLAGS = ("--metrics-port", "0", "--access-log", "errors", "--workers", "2")
_SAMPLE_SECONDS, _PAUSE_SECONDS = 1.0, 5.0
_REST_SECONDS, _REST_MORE = 20.0, 2
_END_SECONDS = 60.0


def main() -> int:
    """Exit codes: 0 if nothing was at fault, otherwise 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long the load lasts")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="of all random choices")
    parser.add_argument("--output", type=Path, default=Path("build"), help="folder for soak.json, soak.svg, soak.log")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    print(f"seed {options.seed}", flush=True)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        samples, made = asyncio.run(_soak(Path(folder), options, tally))
    for growth in samples.growth():
        tally.fault("growth", growth)
    report.write(options.output, options.seed, tally, samples, made)
    print(report.text(tally, samples, made))
    return 1 if tally.faults else 0


async def _soak(folder: Path, options: argparse.Namespace, tally: Tally) -> tuple[Samples, Mapping[str, int]]:
    """Serves under load; the samples, and how often the operator made each change."""
    shelf, access = Shelf(folder), Access(folder)
    shelf.add(GOOD[0])
    shelf.add(GOOD[1], prefix="X")
    shelf.damage(DAMAGED)
    shelf.serve(GOOD[0])
    with ServerProcess(shelf.link, *access.flags, *_FLAGS) as server:
        assert server.process.stderr
        log = Log(options.output / "soak.log", tally)
        following = asyncio.create_task(log.follow(server.process.stderr))
        server.process.stderr = None  # The log has it now.
        async with Connection(server.address, access) as connection:
            callers = Callers(await Answers.take(connection.plain, shelf), tally)
        for _ in range(KEPT):
            access.renew_token()  # So that there is a revoked token from the begin.
        samples = Samples(psutil.Process(server.process.pid))
        before = samples.open_now()
        load = Load(server.address, access, callers, Strangers(server.address, access, callers, tally), options.seed)
        operator = Operator(server, shelf, access, log, tally, Random(f"{options.seed} operator"))
        seconds, over = 60 * options.minutes, asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.work(over))
            tasks.create_task(operator.work(min(_PAUSE_SECONDS, seconds / 60), load.flood, over))
            await _watch(server, operator, samples, tally, seconds)
            over.set()
        if server.process.poll() is None:
            await _rest(samples, before, tally)
            operator.check()
        server.terminate()
        if code := await asyncio.to_thread(server.process.wait, _END_SECONDS):
            tally.fault("end", f"exit code {code}")
        await following
    return samples, operator.made


async def _watch(server: ServerProcess, operator: Operator, samples: Samples, tally: Tally, seconds: float) -> None:
    """Takes samples and shows progress for so many seconds, and until every change was made, or the server ends."""
    with tqdm(total=round(seconds), unit="s") as bar:
        while server.process.poll() is None:
            sample = samples.take(tally.calls.total())
            if sample.seconds > seconds and operator.has_made_all:
                return
            bar.set_postfix_str(
                f"{sample.calls:,} calls, {sample.memory_mb:.0f} MB, {tally.faulty.total()} faults", refresh=False
            )
            bar.update(int(sample.seconds) - bar.n)
            await asyncio.sleep(min(_SAMPLE_SECONDS, seconds / 100))


async def _rest(samples: Samples, before: Counter[str], tally: Tally) -> None:
    """When all have left, the server must close what it has opened for them."""
    gc.collect()  # A connection stays open as long as the callers' side keeps one of its calls.
    end = time.monotonic() + _REST_SECONDS
    while (now := samples.open_now()).total() > before.total() + _REST_MORE:
        if time.monotonic() > end:
            tally.fault("rest", f"more descriptors are open after everyone left than before they came: {now - before}")
            return
        await asyncio.sleep(0.1)
    samples.take(tally.calls.total())


if __name__ == "__main__":
    sys.exit(main())
