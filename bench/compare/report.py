"""Makes the table and the plot of a comparison: python bench/report.py bench/results.json

They go into bench/README.md and, in short, the project's README.md, between comments, and into bench/results.svg.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from cases import SINGLE_64, rate
from contenders import CONTENDERS, OURS

matplotlib.use("svg")
from matplotlib import pyplot

BENCH = Path(__file__).parent
_MARK = "<!-- results -->\n", "\n<!-- /results -->"

Round = dict[str, Any]


def main() -> None:
    """Reads the figures from the command line."""
    results = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    by_name: dict[str, list[Round]] = {one.name: [] for one in CONTENDERS}
    for one in results["rounds"]:
        by_name[one["name"]].append(one)
    measured = {name: Measured(rounds) for name, rounds in by_name.items() if rounds}
    (BENCH / "results.svg").write_text(_plot(measured), "utf-8")
    _write(BENCH / "README.md", _tables(results, measured))
    _write(BENCH.parent / "README.md", _summary(results, measured))


def _write(file: Path, text: str) -> None:
    """Between the marks."""
    before, _, rest = file.read_text("utf-8").partition(_MARK[0])
    _, _, after = rest.partition(_MARK[1])
    file.write_text(f"{before}{_MARK[0]}{text}{_MARK[1]}{after}", "utf-8")


@dataclass(frozen=True)
class Measured:
    """One contender's rounds; every figure is their median."""

    rounds: Sequence[Round]

    def rate(self, case: str) -> float:
        """Questions a second."""
        return float(statistics.median(map(rate, self._of(case))))

    def efficiency(self, case: str) -> float:
        """Questions for each CPU-second of the server."""
        return float(
            statistics.median(one["questions"] / max(one["server_cpu_seconds"], 1e-9) for one in self._of(case))
        )

    def latency(self, case: str, percentile: str) -> float:
        """In ms."""
        return float(statistics.median(one["latency_ms"][percentile] for one in self._of(case)))

    def errors(self, case: str) -> int:
        """Calls that were not answered, in all rounds."""
        return sum(count for one in self._of(case) for name, count in one["outcomes"].items() if name != "OK")

    def figure(self, name: str) -> float:
        """One of the server itself."""
        return float(statistics.median(one[name] for one in self.rounds))

    def _of(self, case: str) -> list[dict[str, Any]]:
        return [one["cases"][case] for one in self.rounds]


def _tables(results: dict[str, Any], measured: Mapping[str, Measured]) -> str:
    rounds = results["rounds"]
    labels = {one.name: f"{one.version}, {one.label}" if one.version else one.label for one in CONTENDERS}
    tables = [_where(results)]
    for case in rounds[0]["cases"]:
        head = ["server", "hosted", "questions/s", "per server CPU-s", "p50, ms", "p95", "p99", "errors"]
        rows = [
            [
                name,
                labels[name],
                f"{one.rate(case):,.0f}",
                f"{one.efficiency(case):,.0f}",
                *(f"{one.latency(case, percentile):.1f}" for percentile in ("p50", "p95", "p99")),
                str(one.errors(case)),
            ]
            for name, one in measured.items()
        ]
        tables.append(f"**{case}**\n\n{_table(head, rows)}")
    figures = ("ready_seconds", "ready_cpu_seconds", "memory_mb", "installed_mb")
    rows = [[name, *(f"{one.figure(figure):,.1f}" for figure in figures)] for name, one in measured.items()]
    head = ["server", "start to first answer, s", "CPU-s of it", "memory after the loads, MB", "installed, MB"]
    tables.append(_table(head, rows))
    return "\n\n".join(tables)


def _summary(results: dict[str, Any], measured: Mapping[str, Measured]) -> str:
    """One row for each server: what decides between them."""
    head = ["server", "questions/s, 64 in flight", "per server CPU-s", "p99, ms", "one alone: p50, ms"]
    head += ["32 × 4: questions/s", "memory, MB"]
    rows = [
        [
            name,
            f"{one.rate(SINGLE_64):,.0f}",
            f"{one.efficiency(SINGLE_64):,.0f}",
            f"{one.latency(SINGLE_64, 'p99'):,.0f}",
            f"{one.latency('1 × 1', 'p50'):.1f}",
            f"{one.rate('32 × 4'):,.0f}",
            f"{one.figure('memory_mb'):,.0f}",
        ]
        for name, one in measured.items()
    ]
    return f"{_table(head, rows)}\n\n{_where(results)}"


def _where(results: dict[str, Any]) -> str:
    number, machine = 1 + max(one["round"] for one in results["rounds"]), results["machine"]
    where = f"{machine['cpu']}, {machine['cores']} shared cores, Python {machine['python']}, {machine['date']}"
    return f"{where}; medians of {number} rounds."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def _plot(measured: Mapping[str, Measured]) -> str:
    """Bars of questions a second with 64 single ones in flight, and of the time of one alone."""
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 0.4 * len(measured) + 1.2), sharey=True)
    panels = {
        "questions/s, 64 in flight": [one.rate(SINGLE_64) for one in measured.values()],
        "p50 of one at a time, ms": [one.latency("1 × 1", "p50") for one in measured.values()],
    }
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        colours = ["#1f6feb" if name == OURS else "#b0b7c3" for name in measured]
        bars = axis.barh(list(measured), values, color=colours)
        axis.bar_label(bars, [f"{value:,.0f}" if value >= 20 else f"{value:.1f}" for value in values], padding=3)
        axis.set_title(title, fontsize=11, loc="left")
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.set_xticks([])
        axis.margins(x=0.15)
    axes[0].invert_yaxis()
    figure.tight_layout()
    pyplot.rcParams["svg.hashsalt"] = "question-topic"
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


if __name__ == "__main__":
    main()
