"""A bundle's model behind PyTriton: `serve.py BUNDLE PORT`, gRPC on PORT, HTTP on PORT+1, metrics on PORT+2."""

import signal
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model


def serve(bundle: Path, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    model = load_topic_model(read_bundle(bundle), "auto", Path(".cache"), threads=1)

    @batch  # type: ignore[untyped-decorator]
    def infer(texts: npt.NDArray[np.bytes_]) -> list[npt.NDArray[np.float32]]:
        return [model.predict([text.decode() for text in texts[:, 0]]).coarse]

    config = TritonConfig(
        grpc_address="127.0.0.1",
        grpc_port=port,
        http_address="127.0.0.1",
        http_port=port + 1,
        metrics_port=port + 2,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="topic",
            infer_func=infer,
            inputs=[Tensor(name="texts", dtype=np.bytes_, shape=(1,))],
            outputs=[Tensor(name="confidences", dtype=np.float32, shape=(len(model.manifest.coarse_labels),))],
            # No delay, as Triton's tuning guide begins: the texts that wait while a batch is computed are the next one.
            config=ModelConfig(max_batch_size=64, batcher=DynamicBatcher()),
        )
        triton.serve()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # PyTriton stops its processes only on SIGINT.
    serve(Path(sys.argv[1]), int(sys.argv[2]))
