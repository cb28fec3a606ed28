from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LabelLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_LEVEL_UNSPECIFIED: _ClassVar[LabelLevel]
    LABEL_LEVEL_COARSE: _ClassVar[LabelLevel]
    LABEL_LEVEL_FINE: _ClassVar[LabelLevel]
    LABEL_LEVEL_BOTH: _ClassVar[LabelLevel]
LABEL_LEVEL_UNSPECIFIED: LabelLevel
LABEL_LEVEL_COARSE: LabelLevel
LABEL_LEVEL_FINE: LabelLevel
LABEL_LEVEL_BOTH: LabelLevel

class PredictTopicRequest(_message.Message):
    __slots__ = ("texts", "label_level", "model")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    LABEL_LEVEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    label_level: LabelLevel
    model: str
    def __init__(self, texts: _Optional[_Iterable[str]] = ..., label_level: _Optional[_Union[LabelLevel, str]] = ..., model: _Optional[str] = ...) -> None: ...

class PredictTopicResponse(_message.Message):
    __slots__ = ("predictions", "model")
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    predictions: _containers.RepeatedCompositeFieldContainer[Prediction]
    model: Model
    def __init__(self, predictions: _Optional[_Iterable[_Union[Prediction, _Mapping]]] = ..., model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("coarse", "fine", "truncated", "none_of_these")
    COARSE_FIELD_NUMBER: _ClassVar[int]
    FINE_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    NONE_OF_THESE_FIELD_NUMBER: _ClassVar[int]
    coarse: TopicConfidences
    fine: TopicConfidences
    truncated: bool
    none_of_these: float
    def __init__(self, coarse: _Optional[_Union[TopicConfidences, _Mapping]] = ..., fine: _Optional[_Union[TopicConfidences, _Mapping]] = ..., truncated: bool = ..., none_of_these: _Optional[float] = ...) -> None: ...

class TopicConfidences(_message.Message):
    __slots__ = ("top_topic", "confidences")
    class ConfidencesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    TOP_TOPIC_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCES_FIELD_NUMBER: _ClassVar[int]
    top_topic: str
    confidences: _containers.ScalarMap[str, float]
    def __init__(self, top_topic: _Optional[str] = ..., confidences: _Optional[_Mapping[str, float]] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "version", "digest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    digest: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class DescribeModelRequest(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: str
    def __init__(self, model: _Optional[str] = ...) -> None: ...

class DescribeModelResponse(_message.Message):
    __slots__ = ("model", "coarse_labels", "fine_labels", "limits", "languages", "metrics", "runtime", "label_descriptions", "has_none_of_these")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class LabelDescriptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    COARSE_LABELS_FIELD_NUMBER: _ClassVar[int]
    FINE_LABELS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    LABEL_DESCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    HAS_NONE_OF_THESE_FIELD_NUMBER: _ClassVar[int]
    model: Model
    coarse_labels: _containers.RepeatedScalarFieldContainer[str]
    fine_labels: _containers.RepeatedCompositeFieldContainer[FineLabel]
    limits: Limits
    languages: _containers.RepeatedScalarFieldContainer[str]
    metrics: _containers.ScalarMap[str, float]
    runtime: str
    label_descriptions: _containers.ScalarMap[str, str]
    has_none_of_these: bool
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ..., coarse_labels: _Optional[_Iterable[str]] = ..., fine_labels: _Optional[_Iterable[_Union[FineLabel, _Mapping]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., languages: _Optional[_Iterable[str]] = ..., metrics: _Optional[_Mapping[str, float]] = ..., runtime: _Optional[str] = ..., label_descriptions: _Optional[_Mapping[str, str]] = ..., has_none_of_these: bool = ...) -> None: ...

class FineLabel(_message.Message):
    __slots__ = ("name", "coarse")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COARSE_FIELD_NUMBER: _ClassVar[int]
    name: str
    coarse: str
    def __init__(self, name: _Optional[str] = ..., coarse: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_texts", "max_characters", "max_message_bytes", "max_pieces")
    MAX_TEXTS_FIELD_NUMBER: _ClassVar[int]
    MAX_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_PIECES_FIELD_NUMBER: _ClassVar[int]
    max_texts: int
    max_characters: int
    max_message_bytes: int
    max_pieces: int
    def __init__(self, max_texts: _Optional[int] = ..., max_characters: _Optional[int] = ..., max_message_bytes: _Optional[int] = ..., max_pieces: _Optional[int] = ...) -> None: ...
