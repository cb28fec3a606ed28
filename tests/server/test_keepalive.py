"""Pings of callers that wait: they find a server that has frozen, and the server does not take them for abuse."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from held_server import HELD, HeldServer
from server_process import ServerProcess

from questiontopic import TopicClient
from questiontopic.channel import channel_options
from questiontopic.v1.topic_pb2 import PredictTopicRequest
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub

WHO = "Who wrote Ulysses?"


def test_calls_to_a_server_that_freezes_are_answered_by_another_one() -> None:
    with ServerProcess() as frozen, ServerProcess() as alive:
        target = f"ipv4:{frozen.address},{alive.address}"
        with (
            grpc.insecure_channel(target, channel_options(target)) as channel,
            TopicClient(channel, timeout=60) as client,
            ThreadPoolExecutor(8) as threads,
        ):
            for _ in range(8):  # Until both connections are made.
                client.predict([WHO])
            frozen.process.send_signal(signal.SIGSTOP)
            try:
                found = [*threads.map(lambda _: client.predict([WHO])[0].topic, range(8))]
            finally:
                frozen.process.send_signal(signal.SIGCONT)
    assert found == 8 * ["HUM"]


def test_a_caller_that_waits_long_may_ping(tmp_path: Path) -> None:
    # Without the server's permission gRPC ends the connection at the fifth ping.
    often = [("grpc.keepalive_time_ms", 5_500), ("grpc.http2.max_pings_without_data", 0)]
    with HeldServer(tmp_path) as server, grpc.insecure_channel(server.address, often) as channel:
        answer = TopicServiceStub(channel).PredictTopic.future(PredictTopicRequest(texts=[HELD]), timeout=90)
        released = threading.Timer(33, server.release)
        released.start()
        try:
            assert answer.result().predictions
        finally:
            released.join()
