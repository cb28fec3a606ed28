"""What a load needs, and how production's autoscaler follows a day: the tables and the figure of docs/scaling.md.

PYTHONPATH=bench python -m studies.scaling [--price PRICE] [--write FOLDER]

Prints the tables. --price adds what they cost if a CPU-hour costs PRICE. --write puts the tables, without a price, into
FOLDER/scaling.md, and the figure into FOLDER/scaling.svg. The capacity is read from docs/performance.md, and the
autoscaler's settings from deploy/kubernetes: this study measures nothing.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping
from pathlib import Path

from compare.markdown import table
from studies.autoscaler import Settings, read_settings
from studies.day import DAYS, GRADUAL, SUDDEN, Pod, Run, simulate
from studies.day_plot import plot

# Not from `compare`, which compiles protocols at its import: a test imports this module.
ROOT = Path(__file__).resolve().parents[2]
_PRODUCTION = ROOT / "deploy" / "kubernetes" / "overlays" / "production"
_BASE = ROOT / "deploy" / "kubernetes" / "base"
_RATES = (10, 1_000, 100_000)
SINGLE, MERGED, BATCHES = "single questions", "single questions, merged", "calls of 32"


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--price", type=float, help="of a CPU-hour, in any currency")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="the folder with scaling.md")
    options = parser.parse_args()
    settings, capacity = read_settings(_PRODUCTION / "autoscaler.yaml"), read_capacity()
    runs = {(day, SINGLE): simulate(settings, read_pod(capacity[SINGLE]), rate) for day, rate in DAYS.items()}
    runs |= {(day, MERGED): simulate(settings, read_pod(capacity[MERGED]), DAYS[day]) for day in (GRADUAL, SUDDEN)}
    tables = {
        "needs": needs_table(settings, capacity, options.price),
        "days": days_table(settings, runs, options.price),
    }
    if options.write is None:
        print("\n\n".join(tables.values()))
        return
    _write(options.write / "scaling.md", tables)
    shown = {day: runs[day, SINGLE] for day in DAYS}
    (options.write / "scaling.svg").write_text(plot(shown, read_pod(capacity[SINGLE])), "utf-8")


def _write(document: Path, tables: Mapping[str, str]) -> None:
    """Puts each table between the two comments of its name."""
    text = document.read_text("utf-8")
    for name, content in tables.items():
        place = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text, count = re.subn(place, rf"\g<1>{content}\n\g<2>", text, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"{document}: must have the comments <!-- {name} --> and <!-- /{name} --> once")
    document.write_text(text, "utf-8")


def read_capacity() -> dict[str, int]:
    """The questions that a server answers with a second of CPU time, from the comparison in docs/performance.md."""
    document = (ROOT / "docs" / "performance.md").read_text("utf-8")
    block = document.partition("<!-- results -->")[2].partition("<!-- /results -->")[0]
    rows = {}
    for line in block.splitlines():
        if line.startswith("| question-topic"):
            name, *values = (cell.strip() for cell in line.strip("|").split("|"))
            rows[name] = [int(value.split()[0].replace(",", "")) for value in (values[1], values[4])]
    single, batches = rows["question-topic"]
    return {SINGLE: single, MERGED: rows["question-topic-merged"][0], BATCHES: batches}


def read_pod(questions_per_cpu: int) -> Pod:
    """A server's pod as deploy/kubernetes has it."""
    text = (_BASE / "server.yaml").read_text("utf-8")
    (request,) = re.findall(r'requests: \{cpu: "(\d+)"', text)
    (limit,) = re.findall(r'limits: \{cpu: "(\d+)"', text)
    (age,) = re.findall(r"QUESTIONTOPIC_MAX_CONNECTION_AGE=(\d+)", (_BASE / "kustomization.yaml").read_text("utf-8"))
    return Pod(questions_per_cpu, int(request), int(limit), unknown_seconds=int(age))


def needs_table(settings: Settings, capacity: Mapping[str, int], price: float | None) -> str:
    """What a steady load needs. The autoscaler keeps each pod at its target."""
    head = ["questions a second", "asked as", "CPUs that work", "pods", "CPU-hours a day"]
    rows = []
    for rate in _RATES:
        for kind, per_cpu in capacity.items():
            pod = read_pod(per_cpu)
            cpus = rate / per_cpu
            pods = max(settings.min_pods, math.ceil(round(cpus / (settings.target * pod.request), 6)))
            over = " ¹" if pods > settings.max_pods else ""
            hours = pods * pod.request * 24
            working = f"{cpus:,.2f}" if cpus < 10 else f"{cpus:,.0f}"
            cells = [f"{rate:,}", kind, working, f"{pods:,}{over}", f"{hours:,}"]
            rows.append([*cells, *_cost(hours, price)])
    return table(head + _cost_head(price), rows)


def days_table(settings: Settings, runs: Mapping[tuple[str, str], Run], price: float | None) -> str:
    """What the autoscaler makes of each day, and what the day would need without it."""
    head = ["the day", "asked as", "pods", "CPU-hours", "with the most pods all day", "not answered at once"]
    rows = []
    for (day, kind), run in runs.items():
        hours, fixed = run.pod_hours * run.pod.request, max(run.pods) * 24 * run.pod.request
        missed = f"{run.missed_seconds:,} s, {100 * run.missed / run.asked:.1f} % of the questions"
        missed = missed if run.missed_seconds else "0"
        pods = " to ".join(f"{each}" for each in sorted({min(run.pods), max(run.pods)}))
        cells = [day, kind, pods, f"{hours:,.0f}", f"{fixed:,}", missed]
        rows.append([*cells, *_cost(hours, price)])
    return table(head + _cost_head(price), rows)


def _cost_head(price: float | None) -> list[str]:
    return [] if price is None else [f"cost of a day, at {price:g} for a CPU-hour"]


def _cost(hours: float, price: float | None) -> list[str]:
    return [] if price is None else [f"{hours * price:,.2f}"]


if __name__ == "__main__":
    main()
