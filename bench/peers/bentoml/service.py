"""A bundle's model as a BentoML service, started by serve.py."""

from pathlib import Path

import bentoml
import numpy as np
import numpy.typing as npt

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model

arguments = bentoml.use_arguments()


@bentoml.service(logging={"access": {"enabled": False}})
class Topic:
    """Coarse confidences of the bundle in the folder `bundle`; the folder `cache` keeps its table."""

    def __init__(self) -> None:
        bundle = read_bundle(Path(arguments.bundle))
        self._model = load_topic_model(bundle, "auto", Path(arguments.cache), threads=1)

    # max_latency_ms stays at its default, a minute. It is the age at which a request gets 503, and no batching window.
    @bentoml.api(batchable=True, max_batch_size=64)  # type: ignore[untyped-decorator]
    def predict(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Computes the texts of one batch."""
        return self._model.predict(texts).coarse
