"""A bundle's model behind MLServer: `serve.py BUNDLE PORT`, gRPC on PORT, HTTP on PORT+1, metrics on PORT+2."""

import asyncio
import sys
from pathlib import Path

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.settings import ModelParameters
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import install_uvloop_event_loop

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model


class TopicRuntime(MLModel):  # type: ignore[misc]
    """Coarse confidences of the bundle at the settings' `uri`."""

    async def load(self) -> bool:
        """Reads the bundle."""
        bundle = read_bundle(Path(self.settings.parameters.uri))
        self._model = load_topic_model(bundle, "auto", Path(".cache"), threads=1)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Computes the texts of one batch."""
        coarse = self._model.predict(StringCodec.decode_input(payload.inputs[0])).coarse
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("confidences", coarse)])


async def serve(bundle: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = Settings(
        host="127.0.0.1",
        grpc_port=port,
        http_port=port + 1,
        metrics_port=port + 2,
        parallel_workers=0,
        debug=False,
    )
    model = ModelSettings(
        name="topic",
        implementation=TopicRuntime,
        parameters=ModelParameters(uri=bundle),
        max_batch_size=64,  # It counts requests, not texts.
        # Seconds. The documentation advises to experiment: 1 ms merged almost nothing, as reading a request takes 1 ms.
        max_batch_time=0.005,
    )
    await MLServer(settings).start([model])


if __name__ == "__main__":
    install_uvloop_event_loop()  # as `mlserver start` does
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
