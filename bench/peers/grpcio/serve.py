"""A plain synchronous gRPC server: a pool of threads and one model with a lock, no batcher.

python serve.py BUNDLE PORT
"""

from __future__ import annotations

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from response import respond

from questiontopic.v1 import topic_pb2, topic_pb2_grpc
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel

THREADS = 10  # As in gRPC's own examples.


class TopicService(topic_pb2_grpc.TopicServiceServicer):
    """Answers PredictTopic with the coarse confidences; one call at a time computes."""

    def __init__(self, model: TopicModel) -> None:
        self._model, self._lock = model, threading.Lock()

    def PredictTopic(  # noqa: N802 - the contract's name
        self, request: topic_pb2.PredictTopicRequest, context: grpc.ServicerContext
    ) -> topic_pb2.PredictTopicResponse:
        """Answers as the project's server does by default."""
        with self._lock:
            return respond(self._model, list(request.texts))


def main() -> None:
    """Serves until SIGTERM."""
    bundle, port = sys.argv[1:]
    model = load_topic_model(read_bundle(Path(bundle)), "auto", Path(".cache"), threads=1)
    server = grpc.server(ThreadPoolExecutor(THREADS))
    topic_pb2_grpc.add_TopicServiceServicer_to_server(TopicService(model), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=5))
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
