"""Draws two cases of a comparison: bars, one for each server.

PYTHONPATH=bench python -m compare.plot bench/results.json bench/results.svg
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Mapping
from pathlib import Path

import matplotlib

from compare.cases import SINGLE, SINGLE_64
from compare.medians import Medians
from compare.servers import OURS

matplotlib.use("svg")
from matplotlib import pyplot

_OURS_COLOUR, _OTHERS_COLOUR = "#1f6feb", "#b0b7c3"


def main() -> None:
    """Reads the names of both files from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="the file that the comparison wrote")
    parser.add_argument("output", type=Path, help="an .svg file")
    options = parser.parse_args()
    found = Medians(json.loads(options.results.read_text("utf-8"))["rounds"])
    panels = {
        "questions/s, 64 in flight": found.of_all(SINGLE_64, "questions/s"),
        "p50 of one question alone, ms": found.of_all(SINGLE, "p50, ms"),
    }
    options.output.write_text(_plot(panels), "utf-8")


def _plot(panels: Mapping[str, Mapping[str, float]]) -> str:
    """Returns an SVG file with a panel for each title, and in it a bar for each server."""
    servers = max(map(len, panels.values()))
    figure, axes = pyplot.subplots(1, len(panels), figsize=(11, 0.4 * servers + 1.2), sharey=True)
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        colours = [_OURS_COLOUR if name == OURS else _OTHERS_COLOUR for name in values]
        bars = axis.barh(list(values), list(values.values()), color=colours)
        labels = [f"{value:,.0f}" if value >= 20 else f"{value:.1f}" for value in values.values()]
        axis.bar_label(bars, labels, padding=3)
        axis.set_title(title, fontsize=11, loc="left")
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.set_xticks([])
        axis.margins(x=0.15)
    axes[0].invert_yaxis()
    figure.tight_layout()
    pyplot.rcParams["svg.hashsalt"] = "question-topic"  # The same figures give the same file.
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


if __name__ == "__main__":
    main()
