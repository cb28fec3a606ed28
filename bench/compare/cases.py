"""The cases of the comparison: how many questions each call has, and how many calls are in flight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compare.load import LoadGenerator, LoadResult

SINGLE, SINGLE_64, BATCHES = "1x1", "1x64", "32x4"


@dataclass(frozen=True)
class Case:
    """Calls whose size is drawn from `sizes`, each as often as the others.

    A closed load keeps `in_flight` calls open. An open load starts calls at `share` of the rate that the case
    `share_of` reached.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    in_flight: int = 0
    share: float = 0.0
    share_of: str = ""

    def run(self, generator: LoadGenerator, seconds: float, results: Mapping[str, LoadResult]) -> LoadResult:
        """Sends the load; `results` has the case `share_of`."""
        if self.share_of:
            return generator.open(self.share * results[self.share_of].questions_per_second, seconds)
        return generator.closed(self.in_flight, seconds)


CASES = (
    Case(SINGLE, "single questions, one alone", (1,), 1),
    Case("1x16", "single questions, 16 in flight", (1,), 16),
    Case(SINGLE_64, "single questions, 64 in flight", (1,), 64),
    Case("1x128", "single questions, 128 in flight", (1,), 128),
    Case(BATCHES, "calls of 32 questions, 4 in flight", (32,), 4),
    Case("mixed", "32 calls in flight, one in sixteen of 32 questions, the others single", (1,) * 15 + (32,), 32),
    Case("open-50", "single questions at random times, 50 % of the rate of 1x64", (1,), share=0.5, share_of=SINGLE_64),
    Case("open-80", "single questions at random times, 80 % of the rate of 1x64", (1,), share=0.8, share_of=SINGLE_64),
)


def chosen_cases(names: Sequence[str]) -> list[Case]:
    """The cases of these names, and the cases that give them their rates; in the order of CASES."""
    needed = {case.share_of for case in CASES if case.name in names}
    return [case for case in CASES if case.name in names or case.name in needed]
