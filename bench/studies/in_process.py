"""How much of the model's own throughput is left over gRPC, the load generator's share of the machine included.

python bench/in_process.py --questions FILE [--rounds N]

In each round a thread for each CPU of this process computes batches of 32 questions, text to confidences and no more;
then the server answers calls of 32, four at a time, on the same CPUs. The table has the rounds and their median ratio.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cases import BATCHED, CONNECTIONS, rate, send, write_requests
from contenders import OUR_SERVER, ROOT
from options import add_questions, parser_for, read_questions

from questiontopic_model.bundle import read_bundle
from questiontopic_model.topic_model import TopicModel, load_topic_model
from questiontopic_server.processors import available

_SECONDS = 5.0
_WARM = 2.0


def main() -> None:
    """Reads the command line, prints the table as Markdown."""
    parser = parser_for(__doc__)
    add_questions(parser)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    questions = read_questions(options.questions)
    (size,) = BATCHED.sizes
    batches = [questions[start : start + size] for start in range(0, len(questions) - size, size)]
    model = load_topic_model(read_bundle(options.bundle), "auto", ROOT / ".cache", threads=1)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        requests = Path(folder) / "requests"
        write_requests(requests, OUR_SERVER.wire, questions, BATCHED.sizes)
        with OUR_SERVER.started(options.bundle, options.environments, Path(folder)) as server:

            def served(seconds: float) -> float:
                return rate(send(options.loadgen, server.address, requests, BATCHED, 0.0, seconds, CONNECTIONS))

            computed(model, batches, _WARM)
            served(_WARM)
            print("| round | in process, questions/s | over gRPC | ratio |\n| --- | --- | --- | --- |")
            for number in range(1, options.rounds + 1):
                alone, over_grpc = computed(model, batches, _SECONDS), served(_SECONDS)
                ratios.append(over_grpc / alone)
                print(f"| {number} | {alone:,.0f} | {over_grpc:,.0f} | {ratios[-1]:.2f} |", flush=True)
    print(f"| median |  |  | {statistics.median(ratios):.2f} |")


def computed(model: TopicModel, batches: Sequence[list[str]], seconds: float) -> float:
    """Questions a second that threads of this process compute, one for each CPU."""
    numbers = itertools.count()  # Its next() is one step of the interpreter: no two threads get the same.
    started = time.monotonic()
    end = started + seconds

    def work(_: int) -> int:
        done = 0
        while time.monotonic() < end:
            batch = batches[next(numbers) % len(batches)]
            model.predict(batch)
            done += len(batch)
        return done

    threads = max(1, int(available()))
    with ThreadPoolExecutor(threads) as pool:
        total = sum(pool.map(work, range(threads)))
    return total / (time.monotonic() - started)


if __name__ == "__main__":
    main()
