"""What a run found, as a table, as JSON and as a plot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import matplotlib

from .samples import Samples
from .tally import Tally

matplotlib.use("svg")
from matplotlib import pyplot


def text(tally: Tally, samples: Samples, made: Mapping[str, int]) -> str:
    """The table for people."""
    rows = [(f"{kind}: {status}", f"{calls:,}") for (kind, status), calls in sorted(tally.calls.items())]
    rows += [(name, f"{times:,}") for name, times in sorted(made.items())]
    rows += [
        (f"{name}, lowest of second and last quarter", f"{before:,.0f} → {after:,.0f}")
        for name, (before, after) in samples.lowest().items()
    ]
    width = max(len(name) for name, _ in rows)
    faults = [*tally.faults, f"{tally.faulty.total()} faults" if tally.faulty else "no fault"]
    return "\n".join([*(f"{name:{width}}  {value:>15}" for name, value in rows), *faults])


def write(folder: Path, seed: int, tally: Tally, samples: Samples, made: Mapping[str, int]) -> None:
    """Writes soak.json and soak.svg."""
    found = {
        "seed": seed,
        "calls": [{"kind": kind, "status": status, "calls": calls} for (kind, status), calls in tally.calls.items()],
        "changes": dict(made),
        "faults": tally.faults,
        "lowest": samples.lowest(),
        "samples": [sample._asdict() for sample in samples.taken],
    }
    (folder / "soak.json").write_text(json.dumps(found, indent=1), "utf-8")
    minutes = [sample.seconds / 60 for sample in samples.taken]
    rates = [
        (after.calls - before.calls) / (after.seconds - before.seconds) for before, after in pairwise(samples.taken)
    ]
    panels = {
        "resident memory, MB": [sample.memory_mb for sample in samples.taken],
        "descriptors": [sample.descriptors for sample in samples.taken],
        "calls a second": [0.0, *rates],
    }
    figure, axes = pyplot.subplots(len(panels), 1, figsize=(10, 7), sharex=True)
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        axis.plot(minutes, values)
        axis.set_title(title, fontsize=11, loc="left")
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("minutes")
    figure.tight_layout()
    figure.savefig(folder / "soak.svg", metadata={"Date": None})
