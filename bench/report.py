"""Makes the table and the plot of a comparison: python bench/report.py bench/results.json

They go into bench/README.md, between its comments, and bench/results.svg.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from contenders import CONTENDERS, OURS

matplotlib.use("svg")
from matplotlib import pyplot

BENCH = Path(__file__).parent
_MARK = "<!-- results -->\n", "\n<!-- /results -->"

Round = dict[str, Any]


def main() -> None:
    """Reads the figures from the command line."""
    results = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    rounds = results["rounds"]
    names = [one.name for one in CONTENDERS if any(round_["name"] == one.name for round_ in rounds)]
    (BENCH / "results.svg").write_text(_plot(names, rounds), "utf-8")
    readme = (BENCH / "README.md").read_text("utf-8")
    before, _, rest = readme.partition(_MARK[0])
    _, _, after = rest.partition(_MARK[1])
    text = f"{before}{_MARK[0]}{_tables(results, names)}{_MARK[1]}{after}"
    (BENCH / "README.md").write_text(text, "utf-8")


def median(rounds: Sequence[Round], name: str, figure: Callable[[Round], float]) -> float:
    """The median over the rounds of a contender."""
    return statistics.median(figure(one) for one in rounds if one["name"] == name)


def _tables(results: dict[str, Any], names: Sequence[str]) -> str:
    rounds, machine = results["rounds"], results["machine"]
    labels = {one.name: one.label for one in CONTENDERS}
    tables = [
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, {machine['date']}; medians of "
        f"{1 + max(one['round'] for one in rounds)} rounds."
    ]
    for case in rounds[0]["cases"]:
        lines = [
            f"**{case}**\n",
            "| server | hosted | questions/s | per server CPU-s | p50, ms | p95 | p99 | errors |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for name in names:
            cells = [
                f"{median(rounds, name, lambda one: rate(one, case)):,.0f}",
                f"{median(rounds, name, lambda one: efficiency(one, case)):,.0f}",
                *(
                    f"{median(rounds, name, lambda one, p=p: one['cases'][case]['latency_ms'][p]):.1f}"
                    for p in _PERCENTILES
                ),
                f"{sum(_errors(one, case) for one in rounds if one['name'] == name)}",
            ]
            lines.append(f"| {name} | {labels[name]} | {' | '.join(cells)} |")
        tables.append("\n".join(lines))
    lines = [
        "| server | start to first answer, s | CPU-s of it | memory after the loads, MB |",
        "| --- | --- | --- | --- |",
    ]
    for name in names:
        cells = [
            f"{median(rounds, name, lambda one, key=key: one[key]):.1f}"
            for key in ("ready_seconds", "ready_cpu_seconds", "memory_mb")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n\n".join([*tables, "\n".join(lines)])


_PERCENTILES = ("p50", "p95", "p99")


def rate(one: Round, case: str) -> float:
    """Questions a second."""
    found = one["cases"][case]
    return float(found["questions"] / found["seconds"])


def efficiency(one: Round, case: str) -> float:
    """Questions for each CPU-second of the server."""
    found = one["cases"][case]
    return float(found["questions"] / max(found["server_cpu_seconds"], 1e-9))


def _errors(one: Round, case: str) -> int:
    return sum(count for outcome, count in one["cases"][case]["outcomes"].items() if outcome != "OK")


def _plot(names: Sequence[str], rounds: Sequence[Round]) -> str:
    """Bars of questions a second with 64 single ones in flight, and of the time of one alone."""
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 0.4 * len(names) + 1.2), sharey=True)
    panels = (
        ("questions/s, 64 in flight", lambda one: rate(one, "1 × 64")),
        ("p50 of one at a time, ms", lambda one: one["cases"]["1 × 1"]["latency_ms"]["p50"]),
    )
    for axis, (title, value) in zip(axes, panels, strict=True):
        values = [median(rounds, name, value) for name in names]
        bars = axis.barh(names, values, color=["#1f6feb" if name == OURS else "#b0b7c3" for name in names])
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
