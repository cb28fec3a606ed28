"""The figures of a comparison: medians over its rounds, and ratios between servers."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]
Figure = Callable[[Figures], float]

FIGURES_OF_CASE: dict[str, tuple[Figure, str]] = {
    "questions/s": (lambda case: case["questions"] / case["seconds"], ",.0f"),
    "per server CPU-s": (lambda case: case["questions"] / max(case["server_cpu_seconds"], 1e-9), ",.0f"),
    "p50, ms": (lambda case: case["latency_ms"]["p50"], ",.1f"),
    "p95, ms": (lambda case: case["latency_ms"]["p95"], ",.1f"),
    "p99, ms": (lambda case: case["latency_ms"]["p99"], ",.1f"),
    "client CPU, µs a question": (lambda case: case["cpu_seconds"] / max(case["questions"], 1) * 1e6, ",.0f"),
    "memory, MB": (lambda case: case["memory_mb"], ",.0f"),
}
FIGURES_OF_SERVER: dict[str, tuple[Figure, str]] = {
    "start, s": (lambda round: round["ready_seconds"], ",.2f"),
    "CPU-s of the start": (lambda round: round["ready_cpu_seconds"], ",.2f"),
    "installed, MB": (lambda round: round["installed_mb"], ",.0f"),
}


@dataclass(frozen=True)
class Medians:
    """The rounds of a comparison; every figure is the median over the rounds of a server."""

    rounds: Sequence[Figures]

    def names(self, case: str) -> list[str]:
        """The servers that have figures for a case, in the order of their first round."""
        return list(dict.fromkeys(one["name"] for one in self.rounds if case in one["cases"]))

    def rounds_of(self, name: str) -> dict[int, Figures]:
        """The rounds of one server."""
        return {one["round"]: one for one in self.rounds if one["name"] == name}

    def of_case(self, case: str, name: str, figure: str) -> float:
        """A figure of one case."""
        return statistics.median(self._values(case, name, figure).values())

    def cells_of_server(self, name: str) -> list[str]:
        """The columns of a server in the table of the servers; a command's installed size is unknown."""
        rounds = self.rounds_of(name).values()
        figures = [([value(one) for one in rounds], form) for value, form in FIGURES_OF_SERVER.values()]
        return ["" if None in values else f"{statistics.median(values):{form}}" for values, form in figures]

    def of_all(self, case: str, figure: str) -> dict[str, float]:
        """A figure of one case, for every server."""
        return {name: self.of_case(case, name, figure) for name in self.names(case)}

    def ratio(self, case: str, name: str, reference: str, figure: str) -> float | None:
        """The median of the ratios to the reference in the same round."""
        own, others = self._values(case, name, figure), self._values(case, reference, figure)
        ratios = [own[number] / others[number] for number in own if others.get(number)]
        return statistics.median(ratios) if ratios else None

    def cell(self, case: str, name: str, figure: str, reference: str | None) -> str:
        """A figure of one case, and in brackets its ratio to the reference."""
        ratio = self.ratio(case, name, reference, figure) if reference and name != reference else None
        value = self.of_case(case, name, figure)
        return f"{value:{FIGURES_OF_CASE[figure][1]}}" + (f" ({ratio:.2f})" if ratio else "")

    def errors(self, case: str, name: str) -> str:
        """The number of calls without an answer, in all rounds."""
        outcomes = [one["cases"][case]["outcomes"] for one in self.rounds_of(name).values()]
        return str(sum(count for ended in outcomes for outcome, count in ended.items() if outcome != "OK"))

    def _values(self, case: str, name: str, figure: str) -> dict[int, float]:
        return {number: FIGURES_OF_CASE[figure][0](one["cases"][case]) for number, one in self.rounds_of(name).items()}
