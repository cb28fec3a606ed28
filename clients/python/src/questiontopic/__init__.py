"""Client of question-topic: text in, calibrated topic confidences out.

`TopicClient` is the synchronous client and `AsyncTopicClient` the client for asyncio. Both raise `TopicError` when a
call fails. The messages and the enum have the names of the protocol, `questiontopic.v1`.
"""

from questiontopic.aio import AsyncTopicClient
from questiontopic.channel import channel_options
from questiontopic.client import TopicClient
from questiontopic.error import FieldViolation, TopicError
from questiontopic.labelling import Labeller
from questiontopic.merging import Merging, MergingStats
from questiontopic.topics import Topics, TopicsTable
from questiontopic.v1.topic_pb2 import (
    LABEL_LEVEL_BOTH,
    LABEL_LEVEL_COARSE,
    LABEL_LEVEL_FINE,
    LABEL_LEVEL_UNSPECIFIED,
    DescribeModelRequest,
    DescribeModelResponse,
    FineLabel,
    LabelLevel,
    Limits,
    Model,
    Prediction,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicConfidences,
)
from questiontopic.version import VERSION

__version__ = VERSION

__all__ = [
    "LABEL_LEVEL_BOTH",
    "LABEL_LEVEL_COARSE",
    "LABEL_LEVEL_FINE",
    "LABEL_LEVEL_UNSPECIFIED",
    "AsyncTopicClient",
    "DescribeModelRequest",
    "DescribeModelResponse",
    "FieldViolation",
    "FineLabel",
    "LabelLevel",
    "Labeller",
    "Limits",
    "Merging",
    "MergingStats",
    "Model",
    "PredictTopicRequest",
    "PredictTopicResponse",
    "Prediction",
    "TopicClient",
    "TopicConfidences",
    "TopicError",
    "Topics",
    "TopicsTable",
    "channel_options",
]
