"""The model's probabilities to the contract's responses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple

from questiontopic.v1 import topic_pb2
from questiontopic_model.topic_model import Probabilities, TopicModel

from .errors import FieldError
from .validation import MAX_CHARACTERS, MAX_MESSAGE_BYTES, MAX_TEXTS

_LEVELS = frozenset(topic_pb2.LabelLevel.values())
_FINE, _BOTH = topic_pb2.LABEL_LEVEL_FINE, topic_pb2.LABEL_LEVEL_BOTH


class Answer(NamedTuple):
    """The confidences of one text, in the manifest's order of labels. `fine` is empty without fine labels.

    `none_of_these` is None if the model has no such score.
    """

    coarse: Sequence[float]
    fine: Sequence[float]
    none_of_these: float | None
    truncated: bool


def answers(found: Probabilities) -> list[Answer]:
    """One answer for each text of a batch, in order."""
    fine = repeat([]) if found.fine is None else found.fine.tolist()
    scores = repeat(None) if found.none_of_these is None else found.none_of_these.tolist()
    return list(map(Answer, found.coarse.tolist(), fine, scores, found.truncated))


class Responses:
    """The responses about one loaded model. What never changes is made once."""

    def __init__(self, model: TopicModel) -> None:
        manifest = model.manifest
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
                max_pieces=model.max_pieces,
            ),
            languages=manifest.languages,
            metrics=manifest.metrics,
            runtime=model.runtime,
            label_descriptions=manifest.label_descriptions,
            has_none_of_these=manifest.none_of_these is not None,
        )

    @property
    def model_name(self) -> str:
        """The name of the loaded bundle."""
        name: str = self._model.name
        return name

    @property
    def digest(self) -> str:
        """The digest of the loaded bundle."""
        digest: str = self._model.digest
        return digest

    def check_level(self, level: topic_pb2.LabelLevel) -> None:
        """Raises FieldError unless `predict` can give this level."""
        if level not in _LEVELS:
            known = ", ".join(topic_pb2.LabelLevel.keys()[1:])
            raise FieldError("label_level", f"must be one of {known}, is {level}")
        if level in (_FINE, _BOTH) and not self._fine:
            raise FieldError("label_level", f"must be coarse: the model {self.model_name!r} has no fine labels")

    def predict(self, found: Sequence[Answer], level: topic_pb2.LabelLevel) -> topic_pb2.PredictTopicResponse:
        """One prediction for each answer, with the confidences of the level."""
        response = topic_pb2.PredictTopicResponse(model=self._model)
        for answer in found:
            prediction = response.predictions.add(truncated=answer.truncated, none_of_these=answer.none_of_these)
            if level != _FINE:
                _fill(prediction.coarse, self._coarse, answer.coarse)
            if level in (_FINE, _BOTH):
                _fill(prediction.fine, self._fine, answer.fine)
        return response


def _fill(confidences: topic_pb2.TopicConfidences, labels: Sequence[str], values: Sequence[float]) -> None:
    confidences.top_topic = labels[values.index(max(values))]
    confidences.confidences.update(zip(labels, values, strict=True))
