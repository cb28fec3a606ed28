"""Who is compared: our server, the systems that people choose instead of it, and two references."""

from __future__ import annotations

from dataclasses import dataclass

from protocols import Json, OpenInference, OpenInferenceJson, Topic, Wire

OURS = "question-topic"


@dataclass(frozen=True)
class Contender:
    """A server in `peers/{folder}`, asked on its first port plus `offset`; `label` says how it is hosted.

    A reference is no system that one would choose; it does not count as a peer.
    """

    name: str
    folder: str
    label: str
    wire: Wire
    offset: int = 0
    reference: bool = False


CONTENDERS = (
    Contender(OURS, "", "gRPC", Topic()),
    Contender("PyTriton", "pytriton", "gRPC, batched", OpenInference()),
    Contender("PyTriton HTTP", "pytriton", "HTTP, batched", OpenInferenceJson(), 1),
    Contender("MLServer", "mlserver", "gRPC, batched", OpenInference()),
    Contender("KServe", "kserve", "gRPC", OpenInference()),
    Contender("BentoML", "bentoml", "HTTP, batched", Json(bare=True)),
    Contender("LitServe", "litserve", "HTTP, batched", Json()),
    Contender("Ray Serve", "ray", "gRPC, batched", Topic()),
    Contender("FastAPI", "fastapi", "HTTP, 2 workers", Json()),
    Contender("Flask", "flask", "HTTP, gunicorn, 2 workers", Json()),
    Contender("Flask, original", "flask-original", "HTTP, loads the model on every request", Json()),
    Contender("grpcio", "grpcio", "gRPC, threads, no batcher", Topic(), reference=True),
    Contender("Keras, grpc.aio", "keras", "gRPC, TensorFlow, no batcher", Topic(), reference=True),
)
