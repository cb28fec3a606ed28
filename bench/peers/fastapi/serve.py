"""A FastAPI endpoint on uvicorn: a worker process for each core, each with its own model; no batching.

python serve.py BUNDLE PORT
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model

WORKERS = 2  # One for each core: FastAPI's documentation uses workers for that, and names no other number.


class Questions(BaseModel):
    """The texts of a request."""

    texts: list[str]


class Answer(BaseModel):
    """The six coarse confidences of each text."""

    confidences: list[list[float]]


def make_app() -> FastAPI:
    """Makes the application of one worker, which gets the same command line as the first process."""
    model = load_topic_model(read_bundle(Path(sys.argv[1])), "auto", Path(".cache"), threads=1)
    one_at_a_time = threading.Lock()  # FastAPI runs a plain function in one of forty threads.
    app = FastAPI()

    @app.post("/predict")
    def predict(questions: Questions) -> Answer:
        with one_at_a_time:
            found = model.predict(questions.texts)
        return Answer(confidences=found.coarse.tolist())

    return app


if __name__ == "__main__":
    uvicorn.run(
        "serve:make_app", factory=True, host="127.0.0.1", port=int(sys.argv[2]), workers=WORKERS, log_level="warning"
    )
