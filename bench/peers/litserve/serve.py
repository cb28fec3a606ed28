"""LitServe with its batching switched on, over HTTP.

python serve.py BUNDLE PORT
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

import litserve

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model

MAX_BATCH = 64  # Requests: LitServe cannot count the texts in them.
WINDOW = 0.002  # Seconds: about the time of a small batch. With 0, the default, an idle worker never sleeps.
WORKERS = 2  # One for each core, as LitServer's documentation advises. It starts as many HTTP servers.


class TopicApi(litserve.LitAPI):  # type: ignore[misc]
    """Answers a batch of requests. LitServe depends on the names of the arguments."""

    def __init__(self, bundle: Path) -> None:
        super().__init__(max_batch_size=MAX_BATCH, batch_timeout=WINDOW)
        self._bundle = bundle

    def setup(self, device: str) -> None:
        """Loads the model, once in each worker process."""
        self._model = load_topic_model(read_bundle(self._bundle), "auto", Path(".cache"), threads=1)

    def decode_request(self, request: dict[str, list[str]]) -> list[str]:
        """Returns the texts of a request."""
        return request["texts"]

    def predict(self, x: list[list[str]]) -> list[list[list[float]]]:
        """Returns the confidences of each request; all their texts are one batch."""
        rows = iter(self._model.predict(list(chain.from_iterable(x))).coarse.tolist())
        return [[next(rows) for _ in texts] for texts in x]

    def encode_response(self, output: list[list[float]]) -> dict[str, list[list[float]]]:
        """Returns the answer to a request."""
        return {"confidences": output}


if __name__ == "__main__":
    # The documentation advises the fast queue for more than 100 requests a second.
    server = litserve.LitServer(
        TopicApi(Path(sys.argv[1])), accelerator="cpu", workers_per_device=WORKERS, fast_queue=True
    )
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
