"""What one server gives on one, two and four CPUs, as far as the machine has them.

PYTHONPATH=bench python -m studies.cpus --questions FILE [--rounds N] [--only NAME,…] [--beside NAME=…]

The server is bound to its CPUs by affinity. The load generator has the other CPUs; where none remains it shares the
server's, which takes a part of their time. Medians over the rounds; in each round every server is started anew for each
number of CPUs.
"""

from __future__ import annotations

from typing import Any

from compare.cases import BATCHES, SINGLE, SINGLE_64, chosen_cases
from compare.cpus import available_cpus, describe_machine, machine_line
from compare.load import CONNECTIONS
from compare.markdown import table
from compare.measurement import expected_answers, measure
from compare.medians import Medians
from compare.options import add_questions, add_servers, chosen_servers, parser_for, read_questions
from compare.servers import ROOT

_COUNTS = (1, 2, 4)


def main() -> None:
    """Reads the command line and prints the table."""
    parser = parser_for(__doc__)
    add_questions(parser)
    add_servers(parser)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each case")
    parser.set_defaults(connections=CONNECTIONS)
    options = parser.parse_args()
    questions = read_questions(options.questions)
    expected = expected_answers(options.bundle, questions, ROOT / ".cache")
    cases = chosen_cases([SINGLE, SINGLE_64, BATCHES])
    counts = [count for count in _COUNTS if count <= available_cpus()]
    rounds: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for number in range(options.rounds):
        for server in chosen_servers(options):
            for count in counts if number % 2 == 0 else counts[::-1]:
                found = measure(server, cases, questions, expected, options, count)
                rounds.setdefault((server.name, count), []).append({"round": number, "name": server.name, **found})
    rows = [_row(name, count, Medians(rounds[name, count])) for name, count in rounds]
    head = ["server", "CPUs", "load generator", "1x64: questions/s", "per server CPU-s", "p99, ms"]
    head += ["32x4: questions/s", "per server CPU-s", "1x1: p50, ms", "memory, MB"]
    print(f"{machine_line(describe_machine())}; medians of {options.rounds} rounds.\n\n{table(head, rows)}")


def _row(name: str, count: int, found: Medians) -> list[str]:
    remaining = available_cpus() - count
    return [
        name,
        str(count),
        f"on {remaining} other" if remaining else "on the same",
        f"{found.of_case(SINGLE_64, name, 'questions/s'):,.0f}",
        f"{found.of_case(SINGLE_64, name, 'per server CPU-s'):,.0f}",
        f"{found.of_case(SINGLE_64, name, 'p99, ms'):.0f}",
        f"{found.of_case(BATCHES, name, 'questions/s'):,.0f}",
        f"{found.of_case(BATCHES, name, 'per server CPU-s'):,.0f}",
        f"{found.of_case(SINGLE, name, 'p50, ms'):.1f}",
        f"{found.of_case(BATCHES, name, 'memory, MB'):,.0f}",
    ]


if __name__ == "__main__":
    main()
