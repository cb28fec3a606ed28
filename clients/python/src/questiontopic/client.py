"""The synchronous client: a thin layer over the generated stub. It owns its channel."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Event
from types import TracebackType
from typing import Any, Self

import grpc

from questiontopic.bearer import Bearer, Token
from questiontopic.bulk.batch import Batch, Level
from questiontopic.bulk.progress import progress_bar
from questiontopic.bulk.stream import Stream, single
from questiontopic.bulk.threads import answer, in_order
from questiontopic.channel import channel_options, tls_credentials
from questiontopic.merging import Merging, MergingStats
from questiontopic.merging.question import is_small
from questiontopic.merging.threads import ThreadMerger
from questiontopic.request import (
    DEFAULT_TIMEOUT,
    MAX_TEXTS,
    describe_model_request,
    predict_topic_request,
    seconds,
    values,
)
from questiontopic.target import check_target
from questiontopic.topics import Topics, TopicsTable
from questiontopic.traces import call_span
from questiontopic.translation import ClientState, topic_errors
from questiontopic.v1.topic_pb2 import (
    LABEL_LEVEL_UNSPECIFIED,
    DescribeModelResponse,
    LabelLevel,
    PredictTopicResponse,
)
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub


class TopicClient:
    """Calls a TopicService. Threads may share one client. Close it with `with` or `close()`.

    Create it with `plaintext` or `tls`. A call that fails with UNAVAILABLE is then retried, up to four attempts within
    the deadline, and the calls are spread over all addresses of the host's name. The first call opens the connection.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        merging: Merging | None = None,
        token: Token | None = None,
    ) -> None:
        """Uses a channel that you made, and owns it from then on: `close()` closes it.

        Make the channel with `channel_options`; otherwise its calls are not retried. timeout: the deadline of each call
        in seconds, which includes all retries; by default 10. merging: bounds within which calls of few texts share
        calls; by default they do not. token: says to the server who calls: a str, or a function that gives the newest
        one before each call. Raises ValueError for a token that is not printable ASCII without blanks.
        """
        self._channel = channel
        self._stub = TopicServiceStub(channel)
        self._timeout = timeout
        self._state = ClientState()
        self._level = Level()
        self._bearer = Bearer(token)
        self._merger = None if merging is None else ThreadMerger(self._stub, merging, self._state, self._bearer)

    @classmethod
    def plaintext(
        cls,
        address: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        merging: Merging | None = None,
        token: Token | None = None,
    ) -> Self:
        """A client without encryption: for a server on this machine, or in a service mesh that encrypts.

        address: HOST:PORT, or any other gRPC target; raises ValueError for a URL and for a port over 65535.
        timeout, merging, token: as for the constructor. Whoever can read the connection can read the token.
        """
        check_target(address)
        channel = grpc.insecure_channel(address, channel_options(address))
        client = cls(channel, timeout=timeout, merging=merging, token=token)
        client._state.plaintext = True
        return client

    @classmethod
    def tls(
        cls,
        address: str,
        *,
        ca: bytes | None = None,
        certificate: bytes | None = None,
        key: bytes | None = None,
        server_name: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        merging: Merging | None = None,
        token: Token | None = None,
    ) -> Self:
        """A client that uses TLS. It verifies the server's certificate.

        address: as for `plaintext`. ca: the certificates to trust, PEM; by default the system's roots.
        certificate and key: the client's own certificate chain and private key, PEM, for mutual TLS; raises ValueError
        if only one of the two is given. server_name: the name that the server's certificate must have; by default the
        host of the address. timeout, merging, token: as for the constructor.
        """
        check_target(address)
        credentials = tls_credentials(ca, certificate, key)
        channel = grpc.secure_channel(address, credentials, channel_options(address, server_name))
        return cls(channel, timeout=timeout, merging=merging, token=token)

    def predict_topic(
        self,
        texts: Iterable[str],
        *,
        label_level: LabelLevel = LABEL_LEVEL_UNSPECIFIED,
        model: str = "",
        timeout: float | None = None,
    ) -> PredictTopicResponse:
        """One prediction for each text, in order. Raises TopicError if the call fails.

        texts: 1 to 512 texts. Each has 1 to 2,000 characters, and not only white space. Raises TypeError for a single
        str and for a text that is not a str, and ValueError for a text that is not valid Unicode. label_level: coarse
        topics (the default), fine topics or both. model: the name of the bundle that must answer; by default any.
        timeout: the deadline of this call in seconds; by default the client's.
        """
        request = predict_topic_request(texts, label_level, model)
        if self._merger is not None and is_small(request):
            return self._merger.predict(request, seconds(timeout, self._timeout))
        options = self._call_options(timeout)
        with call_span("PredictTopic", options) as traced, topic_errors(self._state):
            response: PredictTopicResponse = self._stub.PredictTopic(request, **traced)
        return response

    def predict(
        self,
        texts: Iterable[str],
        *,
        label_level: LabelLevel | None = None,
        model: str = "",
        timeout: float | None = None,
    ) -> TopicsTable:
        """The topics of texts as plain Python values, in order. Its errors are those of `predict_topic`.

        texts: a list, a column of a table, or what else has texts. More than 512 of them take several calls, as with
        `predict_many`; none take no call. label_level: by default both, or coarse if the model has no fine labels.
        model, timeout: as for `predict_topic`.
        """
        texts = list(values(texts))
        if len(texts) > MAX_TEXTS or not texts:
            return TopicsTable(self.predict_many(texts, label_level=label_level, model=model, timeout=timeout))
        batch = single(texts, self._level.unless(label_level))
        answer(self._caller(model, timeout), batch, Event())
        return TopicsTable(batch.topics())

    def predict_many(
        self,
        texts: Iterable[str],
        *,
        label_level: LabelLevel | None = None,
        model: str = "",
        timeout: float | None = None,
        texts_per_call: int = 64,
        in_flight: int = 4,
        on_error: str = "stop",
        progress: bool = False,
    ) -> Iterator[Topics]:
        """The topics of any number of texts, in order, by several calls at once.

        texts is read in the thread that reads the answers, at most in_flight calls ahead of them. While the server has
        too much to do (RESOURCE_EXHAUSTED), a call waits as long as the server says and is sent again, up to 20 times.

        label_level, model: as for `predict`. timeout: the deadline of each call in seconds, without these waits.
        texts_per_call: 1 to 512. in_flight: the number of calls at the same time, 1 to 1024. on_error: "stop" raises
        TopicError, which names the text as `texts[i]`, at the first text that cannot be answered, after the topics of
        the texts before it; "skip" yields such a text with its `error`. A failed call raises TopicError in both cases.
        progress: show a progress bar on standard error. Raises TypeError or ValueError for a wrong argument.
        """
        texts = values(texts)
        stream = Stream(self._level.unless(label_level), texts_per_call, in_flight, on_error)

        call = self._caller(model, timeout)

        def topics() -> Iterator[Topics]:
            with progress_bar(progress, texts) as advance:
                for batch in in_order(stream.batches(texts), partial(answer, call), in_flight):
                    for row in stream.topics(batch):
                        yield row
                        advance()

        return topics()

    def _caller(self, model: str, timeout: float | None) -> Callable[[Batch], PredictTopicResponse]:
        return lambda batch: self.predict_topic(batch.texts, label_level=batch.level, model=model, timeout=timeout)

    def describe_model(self, *, model: str = "", timeout: float | None = None) -> DescribeModelResponse:
        """The loaded model with its labels, limits and quality. Raises TopicError if the call fails.

        model and timeout: as for `predict_topic`.
        """
        request = describe_model_request(model)
        options = self._call_options(timeout)
        with call_span("DescribeModel", options) as traced, topic_errors(self._state):
            response: DescribeModelResponse = self._stub.DescribeModel(request, **traced)
        return response

    def _call_options(self, timeout: float | None) -> dict[str, Any]:
        return {"timeout": seconds(timeout, self._timeout), "metadata": self._bearer.metadata()}

    @property
    def merging_stats(self) -> MergingStats:
        """What the merging has done so far, and what it does now. All zero for a client without merging."""
        return MergingStats() if self._merger is None else self._merger.stats

    def close(self) -> None:
        """Closes the channel. Running and later calls raise TopicError (CANCELLED). A second close does nothing."""
        self._state.closed = True
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
