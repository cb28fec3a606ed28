"""A real server whose model fails at one text, as a fault of ours would let it."""

from __future__ import annotations

from server_process import DEFAULT_BUNDLE, ServerProcess

FAULT = "Where is the fault?"

_PROGRAM = f"""
from questiontopic_model.topic_model import TopicModel
from questiontopic_server.__main__ import main
predict = TopicModel.predict
def faulty(self, texts):
    if {FAULT!r} in texts: raise RuntimeError("a fault of the model")
    return predict(self, texts)
TopicModel.predict = faulty
main()
"""


class FaultyServer(ServerProcess):
    """Answers a call with the text `FAULT` with INTERNAL, and all others as it should."""

    def __init__(self, *flags: str) -> None:
        super().__init__(DEFAULT_BUNDLE, *flags, start=["-c", _PROGRAM])
