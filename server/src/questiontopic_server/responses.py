"""Plain values to the contract's responses, for one loaded model: what never changes is made once."""

from __future__ import annotations

from collections.abc import Sequence

from questiontopic.v1 import topic_pb2

from .answers import Answer
from .errors import FieldError
from .limits import MAX_CHARACTERS, MAX_MESSAGE_BYTES, MAX_TEXTS
from .model_process import LoadedModel

_LEVELS = frozenset(topic_pb2.LabelLevel.values())
_COARSE, _FINE, _BOTH = topic_pb2.LABEL_LEVEL_COARSE, topic_pb2.LABEL_LEVEL_FINE, topic_pb2.LABEL_LEVEL_BOTH


class Responses:
    """The responses of `loaded`."""

    def __init__(self, loaded: LoadedModel) -> None:
        manifest = loaded.manifest
        self._model = topic_pb2.Model(name=manifest.name, version=manifest.version, digest=manifest.digest)
        self._coarse = manifest.coarse_labels
        self._fine = tuple(label.name for label in manifest.fine_labels)
        self.describe = topic_pb2.DescribeModelResponse(
            model=self._model,
            coarse_labels=manifest.coarse_labels,
            fine_labels=[topic_pb2.FineLabel(name=label.name, coarse=label.coarse) for label in manifest.fine_labels],
            limits=topic_pb2.Limits(
                max_texts=MAX_TEXTS,
                max_characters=MAX_CHARACTERS,
                max_message_bytes=MAX_MESSAGE_BYTES,
                max_pieces=loaded.max_pieces,
            ),
            languages=manifest.languages,
            metrics=manifest.metrics,
            runtime=loaded.runtime,
        )

    @property
    def model(self) -> str:
        """The model's name."""
        name: str = self._model.name
        return name

    def check_level(self, level: topic_pb2.LabelLevel) -> None:
        """Raises FieldError unless `predict` can give this level."""
        if level not in _LEVELS:
            known = ", ".join(topic_pb2.LabelLevel.keys()[1:])
            raise FieldError("label_level", f"must be one of {known}, is {level}")
        if level in (_FINE, _BOTH) and not self._fine:
            raise FieldError("label_level", f"must be coarse: the model {self.model!r} has no fine labels")

    def predict(self, answers: Sequence[Answer], level: topic_pb2.LabelLevel) -> topic_pb2.PredictTopicResponse:
        """One prediction per answer, with the confidences of the level."""
        response = topic_pb2.PredictTopicResponse(model=self._model)
        for answer in answers:
            prediction = response.predictions.add(truncated=answer.truncated)
            if level != _FINE:
                _fill(prediction.coarse, self._coarse, answer.coarse)
            if level in (_FINE, _BOTH):
                _fill(prediction.fine, self._fine, answer.fine)
        return response


def _fill(confidences: topic_pb2.TopicConfidences, labels: Sequence[str], values: Sequence[float]) -> None:
    confidences.top_topic = labels[values.index(max(values))]
    confidences.confidences.update(zip(labels, values, strict=True))
