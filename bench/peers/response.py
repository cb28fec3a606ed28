"""Makes the response of our contract for the peers that serve it, with coarse confidences only."""

from __future__ import annotations

from questiontopic.v1 import topic_pb2
from questiontopic_model.topic_model import TopicModel


def respond(model: TopicModel, texts: list[str]) -> topic_pb2.PredictTopicResponse:
    """Returns the response that the project's server gives by default."""
    manifest, found = model.manifest, model.predict(texts)
    response = topic_pb2.PredictTopicResponse()
    response.model.name, response.model.version, response.model.digest = (
        manifest.name,
        manifest.version,
        manifest.digest,
    )
    for row, truncated in zip(found.coarse.tolist(), found.truncated, strict=True):
        coarse = response.predictions.add(truncated=truncated).coarse
        coarse.top_topic = manifest.coarse_labels[row.index(max(row))]
        coarse.confidences.update(zip(manifest.coarse_labels, row, strict=True))
    return response
