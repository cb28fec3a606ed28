"""A real server whose model stops at one text until the test lets it go on."""

from __future__ import annotations

import os
from pathlib import Path

from server_process import DEFAULT_BUNDLE, ServerProcess

HELD = "Where is the model held?"

# Reading a named pipe waits until somebody has opened it for writing.
_PROGRAM = f"""
import pathlib, sys
from questiontopic_model.topic_model import TopicModel
from questiontopic_server.__main__ import main
predict, pipe = TopicModel.predict, pathlib.Path(sys.argv.pop(1))
def held(self, texts):
    if {HELD!r} in texts: pipe.read_bytes()
    return predict(self, texts)
TopicModel.predict = held
main()
"""


class HeldServer(ServerProcess):
    """Computes a batch with the text `HELD` only once `release` is called. Its log is at the level debug."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self._pipe = folder / "pipe"
        os.mkfifo(self._pipe)
        start = ["-c", _PROGRAM, str(self._pipe)]
        super().__init__(DEFAULT_BUNDLE, "--log-level", "debug", *flags, start=start)

    def release(self) -> None:
        """Lets the model go on."""
        self._pipe.write_bytes(b"")
