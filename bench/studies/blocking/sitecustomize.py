"""Changes the model in every Python process of a server that `studies.deadlines` starts.

A text that begins with "hold" holds the model. A text like "late 1795881600.5" names its deadline, in seconds since
1970; a file gets the number of these texts whose computation began after their deadline.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from questiontopic_model.topic_model import TopicModel

_predict = TopicModel.predict


def _counted(self: TopicModel, texts: Sequence[str]) -> Any:
    late = sum(text.startswith("late ") and time.time() > float(text.split()[1]) for text in texts)
    if late:
        with Path(os.environ["QUESTIONTOPIC_COMPUTED"]).open("a") as file:
            file.write(f"{late}\n")
    if any(text.startswith("hold") for text in texts):
        time.sleep(float(os.environ["QUESTIONTOPIC_HOLD_SECONDS"]))
    return _predict(self, texts)


TopicModel.predict = _counted  # type: ignore[method-assign]
