"""Compares our server with other servers and with other versions of itself, all asked the same questions.

PYTHONPATH=bench python -m compare --questions FILE --output build/comparison.json \\
    --only question-topic,pytriton --beside before=CHECKOUT --reference before --cases 1x64,32x4,1x1

Rounds alternate. In each round every server is started anew, its answers are checked, and it gets the load of every
case for some seconds while no other server runs. Every second round goes backwards. The figures of all rounds are
written to the output, and the tables of their medians are printed; `python -m compare.report` prints them again. The
command fails if a server's answers are wrong or our server has an error, but not if a server is slow.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from compare.cases import CASES, chosen_cases
from compare.cpus import describe_machine, half_of_cpus
from compare.load import CONNECTIONS
from compare.measurement import expected_answers, measure
from compare.options import (
    add_apart,
    add_questions,
    add_servers,
    chosen_servers,
    names_among,
    parser_for,
    read_questions,
)
from compare.report import tables
from compare.server_process import ServerError
from compare.servers import ROOT, SERVERS
from questiontopic_model.bundle import read_bundle


def main() -> None:
    """Runs the rounds, writes the figures and prints the tables."""
    options = _options()
    servers, cases = chosen_servers(options), chosen_cases(options.cases)
    questions = read_questions(options.questions)
    expected = expected_answers(options.bundle, questions, ROOT / ".cache")
    rounds: list[dict[str, Any]] = []
    failed: list[str] = []
    for number in range(options.rounds):
        for server in tqdm(servers if number % 2 == 0 else servers[::-1], desc=f"round {number + 1}", file=sys.stderr):
            try:
                server_cpus = half_of_cpus() if options.apart else None
                found = measure(server, cases, questions, expected, options, server_cpus)
            except (ServerError, RuntimeError) as error:
                failed.append(f"{server.name}: {error}")
                print(failed[-1], file=sys.stderr)
                continue
            rounds.append({"round": number, "name": server.name, **found})
            if server.checkout == ROOT:
                outcomes = {name: figures["outcomes"] for name, figures in found["cases"].items()}
                failed += [f"{name}: {ended}" for name, ended in outcomes.items() if set(ended) - {"OK"}]
    results = {
        "machine": describe_machine(),
        "bundle": read_bundle(options.bundle).manifest.digest,
        "apart": options.apart,
        "servers": {server.name: server.label for server in servers},
        "rounds": rounds,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(tables(results, options.reference))
    if failed:
        sys.exit("\n".join(failed))


def _options() -> argparse.Namespace:
    parser = parser_for(__doc__)
    add_questions(parser)
    add_servers(parser, [server.name for server in SERVERS])
    add_apart(parser, default=False)
    names = [case.name for case in CASES]
    parser.add_argument("--output", type=Path, required=True, help="file for the figures of all rounds")
    parser.add_argument("--reference", metavar="NAME", help="also print the ratios to this server")
    parser.add_argument(
        "--cases", type=names_among(names), default=names, metavar="CASE,…", help=f"of {', '.join(names)}"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each case")
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="of the load generator, over gRPC")
    options = parser.parse_args()
    if options.reference and options.reference not in [server.name for server in chosen_servers(options)]:
        parser.error(f"--reference {options.reference}: no such server is compared")
    return options


if __name__ == "__main__":
    main()
