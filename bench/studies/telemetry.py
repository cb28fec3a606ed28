"""What metrics, access log and a shadow cost the answers.

PYTHONPATH=bench python -m studies.telemetry --questions FILE [--shadow BUNDLE] [--rounds N]

In each round every variant is started anew, and asked single questions: 64 in flight, and one alone. The table has
medians over the rounds, and in brackets the median ratio to the server without any of it in the same round. The shadow
computes every batch that it is offered; without --shadow it is the bundle that serves.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from compare.cpus import describe_machine, machine_line
from compare.load import LoadGenerator, write_requests
from compare.markdown import table
from compare.options import add_questions, parser_for, read_questions
from compare.servers import OUR_SERVER

_WARM_SECONDS = 2.0
_NOTHING = "nothing"
_METRICS = {"QUESTIONTOPIC_METRICS_PORT": "0"}
_VARIANTS = {
    _NOTHING: {},
    "metrics": _METRICS,
    "metrics, access log of errors": {**_METRICS, "QUESTIONTOPIC_ACCESS_LOG": "errors"},
    "metrics, access log of a hundredth": {**_METRICS, "QUESTIONTOPIC_ACCESS_LOG": "0.01"},
    "metrics, access log of all calls": {**_METRICS, "QUESTIONTOPIC_ACCESS_LOG": "all"},
    "metrics, shadow": {**_METRICS, "QUESTIONTOPIC_SHADOW_SHARE": "1"},
}
_Figures = tuple[
    float, float, float, float
]  # Questions/s and per server CPU-s with 64 in flight; p50 and p99 alone, ms.


def main() -> None:
    """Reads the command line and prints the table."""
    parser = parser_for(__doc__)
    add_questions(parser)
    parser.add_argument("--shadow", type=Path, help="folder of the shadow's bundle")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    options = parser.parse_args()
    shadow = str((options.shadow or options.bundle).resolve())
    questions = read_questions(options.questions)
    found: dict[str, list[_Figures]] = {name: [] for name in _VARIANTS}
    for number in range(options.rounds):
        for name in list(_VARIANTS)[:: 1 if number % 2 == 0 else -1]:
            variables = {"QUESTIONTOPIC_SHADOW": shadow} if "shadow" in name else {}
            found[name].append(_measure(questions, {**_VARIANTS[name], **variables}, options))
    head = ["switched on", "64 in flight: questions/s", "per server CPU-s", "one alone: p50, ms", "p99, ms"]
    rows = [[name, *(_cell(figures, found[_NOTHING], place) for place in range(4))] for name, figures in found.items()]
    print(f"{machine_line(describe_machine())}; medians of {options.rounds} rounds.\n\n{table(head, rows)}")


def _measure(questions: Sequence[str], variables: Mapping[str, str], options: argparse.Namespace) -> _Figures:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with OUR_SERVER.started(options.bundle, options.environments, scratch, variables) as server:
            generator = LoadGenerator(options.loadgen, server.url, scratch / "requests")
            write_requests(generator.requests, OUR_SERVER.wire, questions, (1,))
            generator.closed(64, _WARM_SECONDS)
            before = server.cpu_seconds()
            many = generator.closed(64, options.seconds)
            used = server.cpu_seconds() - before
            alone = generator.closed(1, options.seconds).latency_ms
    return many.questions_per_second, many.questions / used, alone["p50"], alone["p99"]


def _cell(figures: Sequence[_Figures], reference: Sequence[_Figures], place: int) -> str:
    ratio = statistics.median(one[place] / other[place] for one, other in zip(figures, reference, strict=True))
    median = statistics.median(each[place] for each in figures)
    return f"{median:,.1f} ({ratio:.2f})" if place > 1 else f"{median:,.0f} ({ratio:.2f})"


if __name__ == "__main__":
    main()
