"""A bundle's model behind KServe's Python server: `serve.py BUNDLE PORT`, gRPC on PORT, HTTP on PORT+1."""

import logging
import sys
from pathlib import Path

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model


class Topic(Model):  # type: ignore[misc]
    """Coarse confidences of a bundle."""

    def __init__(self, bundle: Path) -> None:
        super().__init__("topic")
        self._bundle = bundle

    def load(self) -> bool:
        """Reads the bundle."""
        self._model = load_topic_model(read_bundle(self._bundle), "auto", Path(".cache"), threads=1)
        self.ready = True
        return True

    def predict(self, payload: InferRequest, headers: dict[str, str] | None = None) -> InferResponse:
        """Computes the texts of one request."""
        coarse = self._model.predict([text.decode() for text in payload.inputs[0].as_numpy().ravel()]).coarse
        output = InferOutput("confidences", list(coarse.shape), "FP32")
        output.set_data_from_numpy(coarse, binary_data=payload.use_binary_outputs)
        return InferResponse(response_id=payload.id, model_name=self.name, infer_outputs=[output])


def serve(bundle: Path, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    model = Topic(bundle)
    model.load()
    server = ModelServer(grpc_port=port, http_port=port + 1, enable_latency_logging=False)
    logging.getLogger("kserve").setLevel(logging.WARNING)  # No log line for each request.
    server.start([model])


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
