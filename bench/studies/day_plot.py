"""Draws days: what is asked, and the pods that the autoscaler gives it."""

from __future__ import annotations

import io
from collections.abc import Mapping

import matplotlib

from studies.day import GRADUAL, SUDDEN, Pod, Run

matplotlib.use("svg")
from matplotlib import pyplot

_ASKED_COLOUR, _PODS_COLOUR = "#8a93a3", "#1f6feb"
_PANELS = {GRADUAL: (0, 24 * 60, 240), SUDDEN: (9 * 60 + 55, 10 * 60 + 10, 5)}  # First and last minute, and a tick's.


def plot(runs: Mapping[str, Run], pod: Pod) -> str:
    """Returns an SVG file. Each panel has the questions a second, and how many of them the pods can answer."""
    figure, axes = pyplot.subplots(1, len(_PANELS), figsize=(11, 3.2))
    for axis, (day, (first, last, tick)) in zip(axes, _PANELS.items(), strict=True):
        run = runs[day]
        minutes = range(first, last, 5 if last - first > 60 else 1)
        asked = [run.rates[minute] for minute in minutes]
        axis.step(minutes, asked, where="post", color=_ASKED_COLOUR, label="questions a second")
        able = pod.limit * pod.questions_per_cpu
        axis.step(
            minutes,
            [run.answering[minute] * able for minute in minutes],
            where="post",
            color=_PODS_COLOUR,
            label="what the pods that get calls can answer",
        )
        axis.set_title(day, fontsize=11, loc="left")
        ticks = range(first, last + 1, tick)
        axis.set_xticks(ticks, [_hour(minute) for minute in ticks])
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="lower center", ncols=2, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    pyplot.rcParams["svg.hashsalt"] = "question-topic"  # The same figures give the same file.
    pyplot.rcParams["svg.fonttype"] = "none"  # Text stays text: a small file.
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _hour(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"
