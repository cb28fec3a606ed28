"""Ray Serve with its batching switched on, behind its gRPC proxy.

python serve.py BUNDLE PORT
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import chain
from pathlib import Path

os.environ |= {  # Set before the import of Ray, because its processes inherit them.
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",  # Advised by the documentation's page on performance.
    "RAY_SERVE_ENABLE_DIRECT_INGRESS": "0",  # Keeps the gRPC proxy, which the line above would leave out.
}

import ray
from ray import serve

from questiontopic.v1 import topic_pb2
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model

MAX_BATCH = 64  # Texts.
WINDOW = 0.002  # Seconds: about the time of a small batch. The documentation wants it far below the wanted latency.
REPLICAS = 2  # One for each core.
ONGOING = 1_000  # Calls that a replica accepts: the documentation's number for async methods. The default is 5.


@serve.deployment(num_replicas=REPLICAS, max_ongoing_requests=ONGOING)
class TopicService:
    """Answers PredictTopic with the coarse confidences."""

    def __init__(self, bundle: Path, cache: Path) -> None:
        self._model = load_topic_model(read_bundle(bundle), "auto", cache, threads=1)

    @serve.batch(
        max_batch_size=MAX_BATCH, batch_wait_timeout_s=WINDOW, batch_size_fn=lambda calls: sum(map(len, calls))
    )
    async def _predict(self, calls: list[list[str]]) -> list[list[tuple[list[float], bool]]]:
        """Returns each text's confidences, and whether it was cut, by call; all the texts are one batch."""
        found = await asyncio.to_thread(self._model.predict, list(chain.from_iterable(calls)))
        rows = iter(zip(found.coarse.tolist(), found.truncated, strict=True))
        return [[next(rows) for _ in texts] for texts in calls]

    async def PredictTopic(  # noqa: N802 - the contract's name
        self, request: topic_pb2.PredictTopicRequest
    ) -> topic_pb2.PredictTopicResponse:
        """Answers as the project's server does by default."""
        answers = await self._predict(list(request.texts))
        manifest = self._model.manifest
        labels = manifest.coarse_labels
        response = topic_pb2.PredictTopicResponse(
            model=topic_pb2.Model(name=manifest.name, version=manifest.version, digest=manifest.digest)
        )
        for row, truncated in answers:
            coarse = topic_pb2.TopicConfidences(
                top_topic=labels[row.index(max(row))], confidences=dict(zip(labels, row, strict=True))
            )
            response.predictions.add(coarse=coarse, truncated=truncated)
        return response


def main() -> None:
    """Serves until SIGTERM, which makes Ray end the driver and its processes."""
    bundle, port = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    ray.init(num_cpus=REPLICAS, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    serve.start(
        http_options={"host": "127.0.0.1", "port": port + 1},
        grpc_options={
            "port": port,
            "grpc_servicer_functions": ["questiontopic.v1.topic_pb2_grpc.add_TopicServiceServicer_to_server"],
        },
    )
    serve.run(TopicService.bind(bundle, Path(".cache").resolve()), blocking=True)


if __name__ == "__main__":
    main()
