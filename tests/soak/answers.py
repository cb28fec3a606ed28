"""What the server must answer: the predictions that it made before the load began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from google.protobuf import json_format
from questions import unlabelled_questions
from shelf import Shelf

from questiontopic import AsyncTopicClient, Prediction, PredictTopicResponse, TopicConfidences
from questiontopic.v1.topic_pb2 import LABEL_LEVEL_BOTH, LABEL_LEVEL_FINE

from ..vectors.generate import TEXTS, TOLERANCE

_QUESTIONS, _FULL_CALL = 2_000, 500
_LONG = "tell me more about this " * 83  # More pieces than the model reads.

Confidences = Mapping[str, float]


class Answers:
    """The texts to ask for, and the prediction of each by each bundle."""

    def __init__(self, predictions: Mapping[str, Prediction], shelf: Shelf) -> None:
        self.texts, self._labels = list(predictions), shelf.labels
        self._bundles = {
            digest: {text: _with(prefix, each) for text, each in predictions.items()}
            for digest, prefix in shelf.prefixes.items()
        }

    @classmethod
    async def take(cls, client: AsyncTopicClient, shelf: Shelf) -> Self:
        """Asks a server that serves the bundle whose labels have no prefix."""
        texts = [*TEXTS, _LONG, *unlabelled_questions(_QUESTIONS)]
        predictions: dict[str, Prediction] = {}
        for start in range(0, len(texts), _FULL_CALL):
            part = texts[start : start + _FULL_CALL]
            answer = await client.predict_topic(part, label_level=LABEL_LEVEL_BOTH, timeout=60)
            predictions.update(zip(part, answer.predictions, strict=True))
        return cls(predictions, shelf)

    def knows(self, digest: str, coarse_labels: Iterable[str]) -> bool:
        """Whether the bundle of that digest has these labels."""
        return self._labels.get(digest) == set(coarse_labels)

    def wrong(self, texts: Sequence[str], level: int, answer: PredictTopicResponse) -> str:
        """What is wrong with an answer; nothing if it is right."""
        bundle = self._bundles.get(answer.model.digest)
        if bundle is None:
            return f"the digest {answer.model.digest!r} is neither bundle's"
        if len(answer.predictions) != len(texts):
            return f"{len(answer.predictions)} predictions for {len(texts)} texts"
        for text, found in zip(texts, answer.predictions, strict=True):
            coarse, fine, truncated = bundle[text]
            right = found.truncated == truncated
            right &= _fits(found.coarse, {} if level == LABEL_LEVEL_FINE else coarse)
            right &= _fits(found.fine, fine if level in (LABEL_LEVEL_FINE, LABEL_LEVEL_BOTH) else {})
            if not right:
                return f"a wrong answer for {text[:80]!r} by {answer.model.version}: {json_format.MessageToDict(found)}"
        return ""


def _with(prefix: str, prediction: Prediction) -> tuple[Confidences, Confidences, bool]:
    """A prediction of the bundle whose labels have this prefix."""
    coarse, fine = (
        {prefix + label: value for label, value in level.confidences.items()}
        for level in (prediction.coarse, prediction.fine)
    )
    return coarse, fine, prediction.truncated


def _fits(found: TopicConfidences, wanted: Confidences) -> bool:
    confidences = dict(found.confidences)
    return (
        confidences.keys() == wanted.keys()
        and all(abs(value - wanted[label]) <= TOLERANCE for label, value in confidences.items())
        and (not wanted or confidences.get(found.top_topic) == max(confidences.values()))
    )
