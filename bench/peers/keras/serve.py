"""The bundle's `.keras` model on TensorFlow behind plain grpc.aio, no batcher.

python serve.py BUNDLE PORT
"""

from __future__ import annotations

import asyncio
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc.aio
from response import respond

from questiontopic.v1 import topic_pb2, topic_pb2_grpc
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel


class TopicService(topic_pb2_grpc.TopicServiceServicer):
    """Answers PredictTopic with the coarse confidences; the model computes in a thread beside the event loop."""

    def __init__(self, model: TopicModel) -> None:
        self._model, self._thread = model, ThreadPoolExecutor(1)

    async def PredictTopic(  # noqa: N802 - the contract's name
        self, request: topic_pb2.PredictTopicRequest, context: object
    ) -> topic_pb2.PredictTopicResponse:
        """Answers as the project's server does by default."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, respond, self._model, list(request.texts))


async def main() -> None:
    """Serves until SIGTERM."""
    bundle, port = sys.argv[1:]
    model = load_topic_model(read_bundle(Path(bundle)), "tensorflow", Path(".cache"), threads=1)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = grpc.aio.server()
    topic_pb2_grpc.add_TopicServiceServicer_to_server(TopicService(model), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await stop.wait()
    await server.stop(grace=5)


if __name__ == "__main__":
    asyncio.run(main())
