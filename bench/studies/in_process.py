"""How much of the model's own speed remains when questions come over gRPC from a load generator on the same CPUs.

PYTHONPATH=bench python -m studies.in_process --questions FILE [--rounds N]

In each round, one thread for each CPU computes batches of 32 questions in this process, from text to confidences. Then
the server answers calls of 32 questions, four in flight, on the same CPUs.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compare.cpus import available_cpus
from compare.load import LoadGenerator, write_requests
from compare.markdown import table
from compare.options import add_questions, parser_for, read_questions
from compare.servers import OUR_SERVER, ROOT
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel

_BATCH = 32
_IN_FLIGHT = 4
_WARM_SECONDS = 2.0


def main() -> None:
    """Reads the command line and prints the table."""
    parser = parser_for(__doc__)
    add_questions(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    options = parser.parse_args()
    questions = read_questions(options.questions)
    batches = [questions[start : start + _BATCH] for start in range(0, len(questions) - _BATCH, _BATCH)]
    model = load_topic_model(read_bundle(options.bundle), "auto", ROOT / ".cache", threads=1)
    rows, ratios = [], []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with OUR_SERVER.started(options.bundle, options.environments, scratch) as server:
            generator = LoadGenerator(options.loadgen, server.url, scratch / "requests")
            write_requests(generator.requests, OUR_SERVER.wire, questions, (_BATCH,))
            _computed(model, batches, _WARM_SECONDS)
            generator.closed(_IN_FLIGHT, _WARM_SECONDS)
            for number in range(1, options.rounds + 1):
                alone = _computed(model, batches, options.seconds)
                served = generator.closed(_IN_FLIGHT, options.seconds).questions_per_second
                ratios.append(served / alone)
                rows.append([str(number), f"{alone:,.0f}", f"{served:,.0f}", f"{ratios[-1]:.2f}"])
    rows.append(["median", "", "", f"{statistics.median(ratios):.2f}"])
    print(table(["round", "in process, questions/s", "over gRPC", "ratio"], rows))


def _computed(model: TopicModel, batches: Sequence[list[str]], seconds: float) -> float:
    """Returns the questions per second that threads of this process compute, one thread for each CPU."""
    numbers = itertools.count()  # One next() is one step of the interpreter, so no two threads get the same number.
    started = time.monotonic()
    end = started + seconds

    def work(_: int) -> int:
        done = 0
        while time.monotonic() < end:
            batch = batches[next(numbers) % len(batches)]
            model.predict(batch)
            done += len(batch)
        return done

    with ThreadPoolExecutor(available_cpus()) as pool:
        total = sum(pool.map(work, range(available_cpus())))
    return total / (time.monotonic() - started)


if __name__ == "__main__":
    main()
