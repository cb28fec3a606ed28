"""The figures of a report as SVG text, drawn by matplotlib. Letters are outlines, so they look the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Ints
from ..evaluation.metrics import BINS, reliability
from .curve import Curve
from .subject import Level

INK, BLUE, ORANGE, GREY = "#1b1f24", "#1f5fa8", "#c2571a", "#8a929c"
_COLOURS = {"coarse": BLUE, "fine": ORANGE}
_SCORE_BINS = 20
_STYLE: Any = {
    "font.family": "DejaVu Sans",  # Part of matplotlib.
    "font.size": 10.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "questiontopic",  # Equal figures are equal files.
}


def confusion_figure(matrix: Ints, labels: Sequence[str]) -> str:
    """A confusion matrix: questions by right label (rows) and answer (columns), coloured by their share of the row."""
    size = 1.9 + 0.62 * len(labels)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(size + 0.5, size), layout="constrained")
        axes = figure.add_subplot()
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in product(range(len(labels)), repeat=2):
            if number := int(matrix[row, column]):
                colour = "white" if shares[row, column] > 0.55 else INK
                weight = "bold" if row == column else "normal"
                axes.text(column, row, str(number), ha="center", va="center", color=colour, fontweight=weight)
        upright = max(map(len, labels)) > 6
        axes.set_xticks(range(len(labels)), labels, rotation=90 if upright else 0)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xticks(np.arange(len(labels) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(labels) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=2)
        axes.tick_params(which="both", length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("Answer")
        axes.set_ylabel("Right label")
        return _svg(figure)


def reliability_figure(level: Level) -> str:
    """A reliability diagram: how often answers of each confidence are right, and below, how many answers there are."""
    found = reliability(level.probabilities, level.truth)
    middles = [(one.low + one.high) / 2 for one in found]
    width = 0.9 / BINS
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.9, 5.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="perfectly calibrated")
        upper.bar(middles, [one.accuracy for one in found], width, color=_COLOURS[level.name], label="were right")
        upper.scatter(
            [one.confidence for one in found], [one.accuracy for one in found], s=16, color=INK, zorder=3, clip_on=False
        )
        upper.set(ylim=(0, 1.04), ylabel="Share that was right", title=f"{level.name.capitalize()} labels")
        upper.legend(loc="upper left")
        bars = lower.bar(middles, [one.answers for one in found], width, color=GREY)
        lower.bar_label(bars, fontsize=8.5, padding=2)
        max_answers = max(one.answers for one in found)
        lower.set(xlim=(0, 1), ylim=(0, max_answers * 1.28), xlabel="Confidence of the answer", ylabel="Answers")
        return _svg(figure)


def curve_figure(curve: Curve) -> str:
    """A learning curve: accuracy of each level by the number of training rows, with 95 % intervals."""
    rows = [point.rows for point in curve.points]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.6, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for name in curve.points[0].accuracy:
            shares = [point.accuracy[name] for point in curve.points]
            values = np.array([100 * one.value for one in shares])
            ends = 100 * np.array([one.interval for one in shares]).T
            spread = np.abs(ends - values)
            axes.errorbar(rows, values, spread, color=_COLOURS[name], marker="o", capsize=3, label=f"{name} labels")
            # Numbers stand above the upper, coarse curve and below the lower, fine curve.
            place, side = ((-6, 5), "right") if name == "coarse" else ((7, -13), "left")
            for x, y in zip(rows, values, strict=True):
                axes.annotate(f"{y:.1f}", (x, y), place, textcoords="offset points", ha=side, fontsize=9)
        axes.set(xlabel="Training questions", ylabel="Right answers, %", xlim=(0, max(rows) * 1.09))
        axes.grid(axis="y", color="#e4e7eb")
        axes.set_axisbelow(True)
        axes.legend(loc="lower right")
        return _svg(figure)


def none_of_these_figure(questions: Floats, others: Floats) -> str:
    """How often each range of the score "none of these" occurs: for test questions, and for texts that ask nothing."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.6, 3.2), layout="constrained")
        axes = figure.add_subplot()
        named = {"test questions": (questions, BLUE), "texts that ask for nothing": (others, ORANGE)}
        for name, (scores, colour) in named.items():
            shares = np.full(len(scores), 100 / max(len(scores), 1))
            axes.hist(scores, bins=_SCORE_BINS, range=(0, 1), weights=shares, color=colour, alpha=0.65, label=name)
        axes.set(xlim=(0, 1), xlabel='Score "none of these"', ylabel="Share of the texts, %")
        axes.axvline(0.5, color=GREY, linestyle="--", linewidth=1.2)
        axes.legend(loc="upper center")
        return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    return buffer.getvalue().decode()
