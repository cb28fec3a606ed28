"""The operator, who changes everything that can be changed while the server runs."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import cycle
from random import Random

from server_process import ServerProcess
from shelf import REFUSED, USED, Shelf
from token_server import metric

from .access import Access
from .log import Log
from .tally import Tally

GOOD, DAMAGED = ("1.0.0", "2.0.0"), "damaged"
_SEEN_SECONDS = 60.0

Change = Callable[[], Awaitable[None] | None]


class Operator:
    """Makes every change once a round, in a random order. `made` counts the changes."""

    def __init__(
        self, server: ServerProcess, shelf: Shelf, access: Access, log: Log, tally: Tally, random: Random
    ) -> None:
        self.made: Counter[str] = Counter()
        self._server, self._shelf, self._log, self._tally = server, shelf, log, tally
        self._random = random
        self._versions = cycle(reversed(GOOD))
        self._changes: dict[str, Change] = {
            "reload": self._reload,
            "reload of a damaged bundle": self._reload_damaged,
            "new certificate": access.files.renew,
            "new client authority": access.renew_authority,
            "new token": access.renew_token,
        }

    @property
    def has_made_all(self) -> bool:
        """Whether every change has been made at least once."""
        return len(self.made) > len(self._changes)  # The flood is one more.

    async def work(self, pause: float, flood: Callable[[Random], Awaitable[None]], over: asyncio.Event) -> None:
        """Makes a change after each pause of so many seconds, until it is over. A flood counts as a change."""
        while True:
            changes: list[tuple[str, Change]] = [*self._changes.items(), ("flood", partial(flood, self._random))]
            self._random.shuffle(changes)
            for name, change in changes:
                with suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), pause)
                if over.is_set():
                    return
                if (done := change()) is not None:
                    await done
                self.made[name] += 1

    def check(self) -> None:
        """The server's metrics must count what was made."""
        for name, result in (("reload", "used"), ("reload of a damaged bundle", "refused")):
            counted = metric(self._server, f'questiontopic_reload_total{{result="{result}"}}')
            if counted != self.made[name]:
                self._tally.fault("metrics", f"{counted:g} reloads {result}, but there were {self.made[name]}")

    async def _reload(self) -> None:
        await self._serve(next(self._versions), USED)

    async def _reload_damaged(self) -> None:
        await self._serve(DAMAGED, REFUSED)

    async def _serve(self, name: str, sign: re.Pattern[str]) -> None:
        shown = self._log.expect(sign)
        self._shelf.serve(name)
        self._server.process.send_signal(signal.SIGHUP)
        try:
            await asyncio.wait_for(shown, _SEEN_SECONDS)
        except TimeoutError:
            self._tally.fault("reload", f"the log says nothing {_SEEN_SECONDS:.0f} s after SIGHUP for {name}")
