"""Topics for batches of a table, in the workers of an engine such as Spark, Ray, Daft or Beam."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from threading import Lock
from typing import Any

from questiontopic.bulk.stream import checked_row
from questiontopic.client import TopicClient
from questiontopic.request import values
from questiontopic.topics import Topics, topics_from

Confidences = (
    tuple[Mapping[str, float], Mapping[str, float], bool]
    | tuple[Mapping[str, float], Mapping[str, float], bool, float | None]
)
"""The answer for one text: the confidence of each coarse label, of each fine label if there are any, truncated, and, if
the model has it, the score that the text belongs to none of the labels."""
Predict = Callable[[Sequence[str]], Sequence[Confidences]]
"""A model in this process: an answer for each text, in order. It gets no text that a server would refuse."""

_COLUMNS = ("topic", "confidence", "fine_topic", "fine_confidence", "error")
_PART = 256  # Texts that a model in this process gets at once, to bound memory.


class Labeller:
    """Called with a batch of texts, it gives their topics as columns: one function for every engine.

    An engine pickles it and sends it to its workers. It opens its source on the first call in each process.
    """

    def __init__(
        self, source: Callable[[], TopicClient | Predict], *, none_of_these: bool = False, **options: Any
    ) -> None:
        """source: opens a client or loads a model, and can be pickled. For example `partial(TopicClient.plaintext,
        address)`, or `partial(load_predict, folder)` with the function of `questiontopic_model.predict`.

        none_of_these: add a column of that name, as in `Topics`.

        options: for a client, options of `TopicClient.predict_many`, whose on_error is always "skip".
        """
        self._source, self._options, self._scored = source, options, none_of_these
        self._opened: tuple[int, TopicClient | Predict] | None = None
        self._lock = Lock()

    def __call__(self, texts: Iterable[str]) -> dict[str, list[Any]]:
        """The columns topic, confidence, fine_topic, fine_confidence and error, each with a value for each text.

        With `none_of_these` there is one more column, whose value is None for a text without a score.

        texts: a list, or a column of NumPy, Arrow, pandas or Polars. A text that cannot be answered, such as a missing
        value, has an error. Raises TopicError for a failed call; the engine can then try the batch again.
        """
        columns: dict[str, list[Any]] = {name: [] for name in (*_COLUMNS, *(["none_of_these"] if self._scored else []))}
        for topics in self._topics(values(texts)):
            for name, column in columns.items():
                column.append(getattr(topics, name))
        return columns

    def _topics(self, texts: Iterable[str]) -> Iterator[Topics]:
        source = self._open()
        if isinstance(source, TopicClient):
            yield from source.predict_many(texts, on_error="skip", **self._options)
            return
        remaining = iter(texts)
        while part := list(islice(remaining, _PART)):
            rows = [checked_row(number, text) for number, text in enumerate(part)]
            sent = [row.text for row in rows if not row.reason]
            answers = iter(source(sent) if sent else ())
            for row in rows:
                yield Topics(row.text, error=row.reason) if row.reason else topics_from(row.text, *next(answers))

    def _open(self) -> TopicClient | Predict:
        with self._lock:  # Some engines call from several threads, and a model need not be loaded twice.
            # A connection that another process opened before it forked this one cannot be used here.
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = os.getpid(), self._source()
            return self._opened[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), none_of_these=self._scored, **self._options), (self._source,)
