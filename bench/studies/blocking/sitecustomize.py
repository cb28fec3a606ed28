"""Changes the model in every Python process of a server that `studies.deadlines` starts.

A text that begins with "hold" holds the model, and texts that begin with "late" are counted in a file.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from questiontopic_model.topic_model import TopicModel

_predict = TopicModel.predict


def _counted(self: TopicModel, texts: Sequence[str]) -> Any:
    late = sum(text.startswith("late") for text in texts)
    if late:
        with Path(os.environ["QUESTIONTOPIC_COMPUTED"]).open("a") as file:
            file.write(f"{late}\n")
    if any(text.startswith("hold") for text in texts):
        time.sleep(float(os.environ["QUESTIONTOPIC_HOLD_SECONDS"]))
    return _predict(self, texts)


TopicModel.predict = _counted  # type: ignore[method-assign]
