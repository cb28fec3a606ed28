"""Merging under random schedules."""

from __future__ import annotations

import random
import re
import time

import grpc
import pytest

from questiontopic import LABEL_LEVEL_COARSE, LABEL_LEVEL_FINE, Merging, TopicError

from .conftest import Serve
from .crowd import Tasks, Threads, crowd, refuse_bad, topics
from .service import TopicService


@pytest.mark.parametrize("seed", range(4))
def test_random_schedules(kind: type[Threads | Tasks], serve: Serve, seed: int) -> None:
    """Every answer belongs to its question, and every caller ends as it must."""
    rng = random.Random(seed)
    merging = Merging(in_flight=rng.randint(1, 3), texts=rng.randint(1, 40))
    with crowd(kind, serve(TopicService(refuse_bad)), merging) as callers:
        asked = []
        for number in range(300):
            texts = [f"{number}/{i}" for i in range(rng.randint(1, 4))]
            if rng.random() < 0.1:
                texts[rng.randrange(len(texts))] = f"bad {number}"
            impatient = rng.random() < 0.2
            timeout = rng.uniform(0.0, 0.02) if impatient else 60.0
            level = rng.choice([LABEL_LEVEL_COARSE, LABEL_LEVEL_FINE])
            asked.append((texts, impatient, callers.ask(*texts, label_level=level, timeout=timeout)))
            if rng.random() < 0.1:
                time.sleep(0.002)  # Not to synchronise: some questions shall find the line idle.
        for texts, impatient, answered in asked:
            error = answered.exception(60)
            if impatient and isinstance(error, TopicError) and error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
                continue
            bad = next((i for i, text in enumerate(texts) if text.startswith("bad")), None)
            if bad is None:
                assert topics(answered) == texts
            else:
                assert re.fullmatch(rf"INVALID_ARGUMENT: texts\[{bad}\]: must not be bad", str(error))
        assert callers.stats.waiting == 0
